"""A bank that opens accounts, as demos and tests need one: it answers a file of requests, then reports who came.

What becomes of a request follows from its reference and the seed alone, so that every run gives the same. Numbers are
made up: valid check digits, and SIMs of a range that no synthetic population draws from.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kafalat.core.identifiers import synthetic_iban, synthetic_mobile

ANSWER_COLUMNS = ("reference", "outcome", "iban", "title", "mobile", "reason")
NOTICE_COLUMNS = ("iban", "event", "on", "method", "reference", "reason")
_MOBILES = 10**8
_HONORIFIC, _LETTERS_DOUBLED = "MST ", (("EE", "I"), ("OO", "U"))


@dataclass(frozen=True, slots=True)
class AccountShares:
    """In how many of a hundred requests what happens; the rest go well."""

    refused_pct: int = 1
    other_title_pct: int = 2
    no_sim_pct: int = 1
    absent_pct: int = 3
    verisys_pct: int = 7


def answer_requests(
    content: bytes, *, iban_code: str, seed: int, shares: AccountShares | None = None
) -> bytes:
    """Return the bank's answer (CSV) to a file of requests: an IBAN, a title and a SIM, or a refusal with its reason."""
    found = shares or AccountShares()
    rows = [ANSWER_COLUMNS]
    for request in _requests(content):
        reference = request["reference"]
        draw, number = _draw(reference, seed), int(reference[1:])
        if draw < found.refused_pct:
            rows.append(
                (reference, "refused", "", "", "", "name on a sanctions list; send proof of identity")
            )
            continue
        title = request["name"].upper()
        for long, short in _LETTERS_DOUBLED:
            title = title.replace(long, short)
        other = draw < found.refused_pct + found.other_title_pct
        sim = _draw(f"sim {reference}", seed) >= found.no_sim_pct
        rows.append(
            (
                reference,
                "opened",
                synthetic_iban(iban_code, 2 * 10**15 + number),
                "GHULAM RASOOL" if other else _HONORIFIC + title,
                synthetic_mobile((_MOBILES // 2 + number) % _MOBILES) if sim else request["mobile"],
                "",
            )
        )
    return _csv(rows)


def report_visits(answer: bytes, *, day: str, seed: int, shares: AccountShares | None = None) -> bytes:
    """Return the bank's notices (CSV) of who came on `day` to activate an account that `answer` opened."""
    found = shares or AccountShares()
    rows = [NOTICE_COLUMNS]
    for line in _requests(answer):
        reference = line["reference"]
        if line["outcome"] != "opened" or line["title"] == "GHULAM RASOOL":
            continue
        draw = _draw(f"visit {reference}", seed)
        if draw < found.absent_pct:
            continue
        method = "verisys" if draw < found.absent_pct + found.verisys_pct else "biometric"
        rows.append((line["iban"], "activated", day, method, f"{method[:1].upper()}V{reference[1:]}", ""))
    return _csv(rows)


def _requests(content: bytes) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(io.StringIO(content.decode("utf-8")))


def _csv(rows: Sequence[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _draw(text: str, seed: int) -> int:
    """Return a number from 0 to 99 that follows from the text and the seed."""
    return int.from_bytes(hashlib.sha256(f"{seed}|{text}".encode()).digest()[:4], "big") % 100
