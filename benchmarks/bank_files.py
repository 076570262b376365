"""How fast a payment file is written, and in how much memory: rows made up on the way, or the database's own.

`write_rows` needs no database; `render_file` renders a bank file that is there. Both return the same figures, so that a
table can hold them side by side: the difference is what reading rows and opening their IBANs takes.
"""

from __future__ import annotations

import hashlib
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from kafalat.adapters.iso20022 import pain001
from kafalat.adapters.iso20022.pain001 import BlockHead, FileHead, Payment
from kafalat.core.bank_formats import PaymentForm
from kafalat.core.identifiers import synthetic_iban

if TYPE_CHECKING:
    from kafalat.payments.models import BankFile
    from kafalat.payments.sending.rendering import Renderer

_BATCH = 5_000
_AMOUNT_PAISA = 1_450_000
_NAMES = [
    f"{first} {last}"
    for first in ("Zainab", "Fatima", "Ayesha", "Nasreen")
    for last in ("Bibi", "Mai", "Begum")
]
_PAKISTAN = timezone(timedelta(hours=5))


@dataclass(frozen=True, slots=True)
class Figures:
    """What writing one file took. `peak_mb` is of the whole process, `grown_mb` what writing added to it."""

    transactions: int
    bytes: int
    seconds: float
    peak_mb: float
    grown_mb: float

    @property
    def transactions_per_s(self) -> float:
        """The speed the issue asks 100,000 of."""
        return self.transactions / self.seconds


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _measured(transactions: int, write: Callable[[], int]) -> Figures:
    before, started = _peak_mb(), time.perf_counter()
    size = write()
    seconds = time.perf_counter() - started
    return Figures(transactions, size, seconds, _peak_mb(), _peak_mb() - before)


def write_rows(count: int, form: PaymentForm = pain001.DEFAULT_FORM) -> Figures:
    """Write a file of `count` made-up payments to nowhere, its digest computed on the way."""
    ibans = [synthetic_iban("HABB", number) for number in range(_BATCH)]

    def batches() -> Iterator[list[Payment]]:
        for first in range(0, count, _BATCH):
            yield [
                (f"K{number:020d}", _AMOUNT_PAISA, _NAMES[number % len(_NAMES)], ibans[number % _BATCH], "HABBPKKA",
                 "Benazir Kafaalat 2026Q1 - SYNTHETIC")
                for number in range(first, min(count, first + _BATCH))
            ]  # fmt: skip

    head = FileHead(
        "KFLT-2026Q1-1-HABBPKKA", datetime(2026, 1, 5, 9, 30, tzinfo=_PAKISTAN), "Payments", ibans[0], "SBPPPKKA",
        "HABBPKKA", count, count * _AMOUNT_PAISA,
    )  # fmt: skip
    block = BlockHead("KFLT-2026Q1-1-HABBPKKA-1", date(2026, 1, 6), count, count * _AMOUNT_PAISA)

    def write() -> int:
        digest, size = hashlib.sha256(), 0
        for chunk in pain001.chunks(head, [(block, batches())], form):
            digest.update(chunk)
            size += len(chunk)
        return size

    return _measured(count, write)


def render_file(file: BankFile, renderer: Renderer) -> Figures:
    """Render a bank file from the database to nowhere, as dispatching does. Call within a transaction."""
    from kafalat.payments.sending.rendering import render_to  # noqa: PLC0415 - write_rows alone needs no database

    sink = _Sink()
    return _measured(file.transactions, lambda: (render_to(file, renderer, sink), sink.size)[1])


class _Sink:
    """Counts what is written to it."""

    size = 0

    def write(self, chunk: bytes) -> int:
        """Count `chunk`."""
        self.size += len(chunk)
        return len(chunk)


if __name__ == "__main__":
    for version in ("03", "09", "11"):
        found = write_rows(1_000_000, PaymentForm.model_validate({"version": version}))
        print(
            f"pain.001.001.{version}: {found.transactions_per_s:,.0f} transactions/s, {found.bytes / 1e6:,.0f} MB written, "
            f"process {found.peak_mb:,.0f} MB (+{found.grown_mb:,.0f})"
        )
