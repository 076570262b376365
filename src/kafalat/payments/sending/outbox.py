"""Sends what waits in the outbox, each file once, however often the sender is run or killed.

A file is rendered again from the payments and must have the digest it was dispatched with. Sent as a file, it appears
under its name whole or not at all, so writing it twice is writing it once; sent to an interface, each payment goes by
itself (`payments/sending/calls.py`). A try is counted before it is made: what makes a sender fail or die five times without
getting further goes into quarantine, and the others do not wait for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from django.contrib.auth.models import User
from django.db import OperationalError, transaction
from django.db.models import Q, QuerySet

from kafalat.audit import services as audit
from kafalat.core.problems import Problem, problem
from kafalat.core.progress import Progress, silent
from kafalat.payments.access import access_sending
from kafalat.payments.models import ATTEMPTS_MAX, BankFile, Outbox
from kafalat.payments.sending.calls import call_provider
from kafalat.payments.sending.marks import mark_sent
from kafalat.payments.sending.putting import put_whole
from kafalat.payments.sending.rendering import render_to
from kafalat.payments.sending.transports import Sender
from kafalat.registry import bulk

ACTOR = "outbox"
_LOCK = 0x4B41_0005  # with a bank file's number: one worker at a time sends it, and a dead one lets go of it
_PAUSE = timedelta(minutes=1)
# What no repeating mends: it needs a person at once.
_FINAL = frozenset({"payments.file_changed"})


@dataclass(frozen=True, slots=True)
class Departure:
    """A bank file that left whole: where it lies now, or which provider answered for all its payments."""

    bank_file_id: int
    place: str

    def __str__(self) -> str:
        return self.place


def send_outbox(*, sender: Sender, at: datetime, progress: Progress = silent) -> list[Departure]:
    """Send every bank file that is due and return those that left whole; safe to repeat, by several workers at once.

    Only files of cycles opened under the sender's programme: another would render them to other bytes. A file that cannot
    leave keeps its problem (`Outbox.problem_code`), is tried again after a growing pause, and does not hold up the others.
    """
    departures: list[Departure] = []
    due = list(_due(sender, at).values_list("pk", flat=True))
    for number, key in enumerate(due, start=1):
        with _claimed(key, at) as row:
            place = _try(row, sender, at) if row is not None else None
        if place is not None:
            departures.append(Departure(key, place))
        progress(number / len(due))
    progress(1.0)
    return departures


def _unfinished() -> QuerySet[Outbox]:
    return Outbox.objects.filter(
        Q(transport="file", sent_at__isnull=True) | Q(transport="api", answered_at__isnull=True),
        quarantined_at__isnull=True,
    )


def _due(sender: Sender, at: datetime) -> QuerySet[Outbox]:
    return (
        _unfinished()
        .filter(
            Q(next_try_at__isnull=True) | Q(next_try_at__lte=at),
            bank_file__payment_list__cycle__programme_sha256=sender.programme.sha256,
        )
        .order_by("bank_file_id")
    )


@contextmanager
def _claimed(key: int, at: datetime) -> Iterator[Outbox | None]:
    """Count a try of a file and yield its row, or None where another worker has it or nothing remains to be sent.

    The try is committed before it is made, and alone: nothing may leave from within somebody else's transaction. The
    claim ends with this worker's connection, so that a dead one holds up nobody.
    """
    lock = (_LOCK << 32) + key
    with transaction.atomic(durable=True):
        row = (
            _unfinished()
            .select_for_update(skip_locked=True, of=("self",))
            .select_related("bank_file__payment_list__cycle")
            .filter(pk=key)
            .first()
        )
        claimed = row is not None and bool(bulk.rows("SELECT pg_try_advisory_lock(%s)", [lock])[0][0])
        if row is not None and claimed and row.attempts < ATTEMPTS_MAX:
            row.attempts += 1
            row.save(update_fields=["attempts"])
        elif row is not None and claimed:
            _quarantine(
                row, problem("sending.died", file=row.bank_file.message_id, attempts=row.attempts), at
            )
    try:
        yield row if claimed and row is not None and row.quarantined_at is None else None
    finally:
        if claimed:
            with suppress(OperationalError):  # a connection that is gone has let go already
                bulk.rows("SELECT pg_advisory_unlock(%s)", [lock])


def _try(row: Outbox, sender: Sender, at: datetime) -> str | None:
    """Send one file; return where it went, None where it did not leave whole. What stopped it is kept with it."""
    try:
        if row.transport == "api":
            _render(row.bank_file, sender, None)
            return call_provider(row, sender, at)
        path = _write(row.bank_file, sender)
    except Problem as refusal:
        _keep(row, refusal, at)
        return None
    except OSError as error:
        place = error.filename or sender.outgoing
        _keep(row, problem("sending.not_written", path=place, reason=error.strerror or error), at)
        return None
    with transaction.atomic(durable=True):
        mark_sent(bank_file_id=row.pk, at=at)
    return str(path)


def _render(file: BankFile, sender: Sender, out: IO[bytes] | None) -> None:
    """Render a file once more, to `out` or to nowhere. Raises `payments.file_changed` unless it is what was dispatched."""
    try:
        with transaction.atomic():
            sha256 = render_to(file, sender, out)
    except ValueError:  # its payments no longer come to its totals
        sha256 = ""
    if sha256 != file.sha256:
        raise problem("payments.file_changed", file=file.message_id)


def _write(file: BankFile, sender: Sender) -> Path:
    """Write a file whole or not at all: what was begun is removed. Raises OSError and `payments.file_changed`."""
    return put_whole(outgoing_path(file, sender.outgoing), lambda out: _render(file, sender, out))


def _keep(row: Outbox, refusal: Problem, at: datetime) -> None:
    """Keep what stopped a file: try again later, or put it into quarantine after the last try."""
    with transaction.atomic(durable=True):
        row.refresh_from_db(fields=["attempts"])
        if row.attempts >= ATTEMPTS_MAX or refusal.code in _FINAL:
            _quarantine(row, refusal, at)
            return
        row.problem_code = refusal.code
        row.problem_details = {name: str(value) for name, value in refusal.details.items()}
        row.next_try_at = at + _PAUSE * 2 ** (row.attempts - 1)
        row.save(update_fields=["problem_code", "problem_details", "next_try_at"])


def _quarantine(row: Outbox, refusal: Problem, at: datetime) -> None:
    row.problem_code, row.quarantined_at = refusal.code, at
    row.problem_details = {name: str(value) for name, value in refusal.details.items()}
    row.save(update_fields=["problem_code", "problem_details", "quarantined_at"])
    audit.record(
        at=at,
        actor=ACTOR,
        action="file_quarantined",
        object_kind="bank_file",
        object_id=row.pk,
        detail={"problem": refusal.code, "attempts": row.attempts},
    )


def lift_quarantine(*, bank_file_id: int, reason: str, user: User, at: datetime) -> Outbox:
    """Let a file in quarantine be tried again: a person has seen to what stopped it, and says what was done.

    Raises `access.refused`, `sending.reason_missing` and `sending.not_quarantined`.
    """
    access_sending(user)
    if not reason.strip():
        raise problem("sending.reason_missing")
    with transaction.atomic():
        row = Outbox.objects.select_for_update(of=("self",)).filter(pk=bank_file_id).first()
        if row is None or row.quarantined_at is None:
            raise problem("sending.not_quarantined", file=bank_file_id)
        stopped = row.problem_code
        row.quarantined_at, row.next_try_at, row.attempts = None, None, 0
        row.save(update_fields=["quarantined_at", "next_try_at", "attempts"])
        audit.record(
            at=at,
            actor=user.get_username(),
            action="file_quarantine_lifted",
            object_kind="bank_file",
            object_id=row.pk,
            detail={"reason": reason.strip(), "problem": stopped},
        )
    return row


def stuck() -> list[Outbox]:
    """Return the files that did not leave at the last try, those in quarantine first."""
    return list(
        Outbox.objects.exclude(problem_code="")
        .filter(Q(transport="file", sent_at__isnull=True) | Q(transport="api", answered_at__isnull=True))
        .select_related("bank_file")
        .order_by("quarantined_at", "bank_file_id")
    )


def outgoing_path(file: BankFile, outgoing: Path) -> Path:
    """Return where a bank file lies once it was sent as a file."""
    return outgoing / file.bank / f"{file.message_id}.xml"
