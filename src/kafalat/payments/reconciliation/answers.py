"""Takes in what banks answer: a file whole or not at all, every line of it judged, and what is true booked once.

The file is refused where it cannot be trusted as a whole: malformed, cut off, wrong totals, repeated, altered, a
statement before it missing, or about a file we never sent. A line that disagrees with what we know is not booked but
held with its verdict (`payments/reconciliation/verdicts.py`) for a person (`payments/reconciliation/decisions.py`); the others are booked, whatever
order messages come in. The number of statements does not grow with the file.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from kafalat.audit import services as audit
from kafalat.core.digests import file_sha256
from kafalat.core.money import decimal_text
from kafalat.core.problems import problem
from kafalat.core.progress import Progress, silent
from kafalat.payments.access import access_reconciling
from kafalat.payments.cycles.calendar import local_day
from kafalat.payments.models import Answer, BankFile
from kafalat.payments.models.answer import OUTCOMES
from kafalat.payments.reconciliation.bookings import book
from kafalat.payments.reconciliation.staging import Receiver, Staged, stage
from kafalat.payments.reconciliation.verdicts import NEVER_LATE_DAYS, hold, judge
from kafalat.registry import bulk

_LOCK = 0x4B41_0003  # one answer at a time: the second copy of a message waits, then finds the first


@dataclass(frozen=True, slots=True)
class Received:
    """What taking in an answer came to: how many payments took each state, and how many lines each verdict."""

    answer: Answer
    outcomes: dict[str, int]
    verdicts: dict[str, int]


def receive_answer(
    *,
    content: bytes | Path,
    name: str,
    user: User,
    at: datetime,
    receiver: Receiver | None = None,
    progress: Progress = silent,
) -> Received:
    """Take in one answer, as bytes or as the path of a file of any size, and book what agrees with what we know.

    Raises `access.refused` and the problems of `take_in`; nothing is changed then.
    """
    access_reconciling(user)
    return take_in(
        content=content,
        name=name,
        actor=user.get_username(),
        receiver=receiver or Receiver(),
        at=at,
        progress=progress,
    )


def take_in(
    *,
    content: bytes | Path,
    name: str,
    actor: str,
    receiver: Receiver,
    at: datetime,
    progress: Progress = silent,
) -> Received:
    """Take in an answer that a person with the right to it brought, or that came signed from the bank itself.

    Raises the problems of the readers (`bank.unreadable`, `bank.totals_differ` ...), and `bank.repeated`,
    `bank.altered`, `bank.unknown_file`, `bank.sender_unknown`, `bank.sequence_gap`; nothing is changed then.
    """
    sha256 = hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else file_sha256(content)
    with transaction.atomic():
        bulk.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        seen = Answer.objects.filter(sha256=sha256).first()
        if seen is not None:
            raise problem("bank.repeated", name=name, message=seen.message_id)
        staged = stage(content, name=name, receiver=receiver)
        progress(0.5)
        original = _original(staged, name)
        bank = original.bank if original is not None else _bank(staged, name)
        answer = _record(
            staged, original, bank, Answer(name=name, sha256=sha256, received_at=at, received_by=actor)
        )
        verdicts = judge(
            staged,
            bank=bank,
            original_id=None if original is None else original.pk,
            late_days=_late_days(receiver, at),
            at=at,
        )
        progress(0.7)
        moved = book(answer_id=answer.pk, verdicts=verdicts, at=at)
        progress(0.9)
        if verdicts.keys() - set(OUTCOMES):
            hold(answer.pk)
        progress(0.95)
        audit.record(
            at=at,
            actor=actor,
            action="answer_received",
            object_kind="answer",
            object_id=answer.pk,
            detail={
                "sha256": sha256,
                "message": answer.message_id,
                "bank": bank,
                "outcomes": moved,
                "verdicts": verdicts,
            },
        )
    return Received(answer, moved, verdicts)


def _late_days(receiver: Receiver, at: datetime) -> int:
    reconciliation = receiver.programme.reconciliation if receiver.programme is not None else None
    rules = reconciliation.on(local_day(at)) if reconciliation is not None else None
    return NEVER_LATE_DAYS if rules is None else rules.late_after_days


def _original(staged: Staged, name: str) -> BankFile | None:
    """Return the bank file an answer names, which must be the one we sent, count and sum."""
    head = staged.head
    if head.original_message_id is None:
        return None
    file = BankFile.objects.filter(message_id=head.original_message_id).first()
    if file is None:
        raise problem("bank.unknown_file", name=name, message=head.original_message_id)
    if head.original_count not in {None, file.transactions}:
        raise problem(
            "bank.totals_differ",
            file=name,
            place=f"{head.original_message_id}: OrgnlNbOfTxs",
            stated=str(head.original_count),
            found=str(file.transactions),
        )
    if head.original_sum_paisa is not None and head.original_sum_paisa != file.control_sum_paisa:
        raise problem(
            "bank.totals_differ",
            file=name,
            place=f"{head.original_message_id}: OrgnlCtrlSum",
            stated=decimal_text(head.original_sum_paisa),
            found=decimal_text(file.control_sum_paisa),
        )
    return file


def _bank(staged: Staged, name: str) -> str:
    """Return the bank an answer comes from: the one that most of its lines are at, of those that answer in this form."""
    candidates = [bank for bank in staged.banks if bank]
    if len(candidates) == 1:
        return candidates[0]
    found = bulk.rows(
        """
        SELECT p.bank FROM line JOIN payments_payment AS p ON p.identity = line.reference
        GROUP BY p.bank ORDER BY count(*) DESC, p.bank LIMIT 1
        """
    )
    if found and (not candidates or found[0][0] in candidates):
        return str(found[0][0])
    raise problem("bank.sender_unknown", name=name, banks=", ".join(candidates) or "?")


def _record(staged: Staged, original: BankFile | None, bank: str, answer: Answer) -> Answer:
    """Keep the message, once; of a statement that numbers itself, the next number. Raises `bank.altered`, `bank.sequence_gap`."""
    head = staged.head
    own = Answer.objects.filter(bank=bank, kind=head.kind)
    if own.filter(message_id=head.message_id).exists():
        raise problem("bank.altered", name=answer.name, message=head.message_id)
    account = (head.account_iban or "")[-4:]
    if head.sequence is not None:
        last = own.filter(account_last4=account).aggregate(last=Max("sequence"))["last"]
        if last is not None and head.sequence != last + 1:
            raise problem("bank.sequence_gap", name=answer.name, expected=last + 1, found=head.sequence)
    answer.bank, answer.kind, answer.message_id = bank, head.kind, head.message_id
    answer.original, answer.account_last4, answer.sequence = original, account, head.sequence
    answer.lines = staged.lines
    answer.save(force_insert=True)
    return answer
