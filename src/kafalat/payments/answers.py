"""Takes in what banks answer, whole or not at all, and books it set-based.

The same file twice is refused as repeated; the same message id with other bytes as altered. A message is booked once,
whatever order messages come in: each outcome of a payment moves it forward only, and each ledger transfer happens once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from kafalat.adapters.iso20022 import camt054, pain002
from kafalat.audit import services as audit
from kafalat.core.problems import problem
from kafalat.payments.access import access_reconciling
from kafalat.payments.models import Answer, BankFile
from kafalat.registry import bulk

_LOCK = 0x4B41_0003  # one answer at a time: the second copy of a message waits, then finds the first


@dataclass(frozen=True, slots=True)
class Line:
    """One outcome a bank states: accepted, rejected, paid or returned."""

    identity: str
    outcome: str
    reason_code: str
    amount_paisa: int | None


@dataclass(frozen=True, slots=True)
class Message:
    """An answer once read: which message it is, which file it answers (pain.002 only), and its lines."""

    kind: str
    message_id: str
    original_message_id: str | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Received:
    """What taking in an answer came to: how many payments took each outcome."""

    answer: Answer
    outcomes: dict[str, int]


def receive_answer(*, content: bytes, name: str, user: User, at: datetime) -> Received:
    """Take in one answer file (pain.002 or camt.054) and book it.

    Raises the problems of the adapters (`bank.unreadable`, `bank.totals_differ` ...), and `bank.repeated`,
    `bank.altered`, `bank.unknown_file`, `bank.line_refused`; nothing is changed then.
    """
    access_reconciling(user)
    sha256 = hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        bulk.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        seen = Answer.objects.filter(sha256=sha256).first()
        if seen is not None:
            raise problem("bank.repeated", name=name, message=seen.message_id)
        message = _read(content, name)
        bank = _bank(message, name)
        if Answer.objects.filter(bank=bank, kind=message.kind, message_id=message.message_id).exists():
            raise problem("bank.altered", name=name, message=message.message_id)
        answer = Answer.objects.create(
            bank=bank,
            kind=message.kind,
            name=name,
            message_id=message.message_id,
            sha256=sha256,
            received_at=at,
            received_by=user.get_username(),
            lines=len(message.lines),
        )
        _stage(message)
        _refuse_lines(message, bank, name)
        outcomes = _book(answer, at)
        audit.record(
            at=at,
            actor=user.get_username(),
            action="answer_received",
            object_kind="answer",
            object_id=answer.pk,
            detail={"sha256": sha256, "message": message.message_id, "bank": bank, "outcomes": outcomes},
        )
    return Received(answer=answer, outcomes=outcomes)


def _read(content: bytes, name: str) -> Message:
    """Return the message, by the namespace it names."""
    if b"camt.054" in content[:2000]:
        return _read_notification(content, name)
    return _read_report(content, name)


# Group statuses that speak for every instruction of a file (ISO 20022 external code set): accepted, or rejected.
_WHOLE_FILE = {"ACCP", "ACSP", "ACSC", "ACTC", "ACCC", "ACWC", "RJCT"}


def _read_report(content: bytes, name: str) -> Message:
    """Read a pain.002. Instructions without a line of their own share the fate of their block or of the whole file."""
    report = pain002.read(content, name)
    file = BankFile.objects.filter(message_id=report.original_message_id).first()
    if file is None:
        raise problem("bank.unknown_file", name=name, message=report.original_message_id)
    pain002.check_against_sent(report, name=name, count=file.transactions, sum_paisa=file.control_sum_paisa)
    lines = [
        Line(line.end_to_end_id, line.status, line.reason_code or "", line.amount_paisa)
        for line in report.lines
        if line.status != "pending"
    ]
    if not report.lines and report.group_status not in _WHOLE_FILE:
        raise problem("bank.no_lines", name=name, message=report.message_id)
    if not report.lines:
        outcome = "rejected" if report.group_status == "RJCT" else "accepted"
        identities = bulk.rows(
            "SELECT identity FROM payments_payment WHERE payment_list_id = %s AND bank = %s ORDER BY identity",
            [file.payment_list_id, file.bank],
        )
        lines = [Line(identity, outcome, report.group_reason or "", None) for (identity,) in identities]
    return Message("pain.002", report.message_id, report.original_message_id, tuple(lines))


def _read_notification(content: bytes, name: str) -> Message:
    notification = camt054.read(content, name)
    lines = tuple(
        Line(entry.end_to_end_id, entry.kind, entry.reason_code or "", entry.amount_paisa)
        for entry in notification.entries
        if entry.kind != "other"
    )
    return Message("camt.054", notification.message_id, None, lines)


def _bank(message: Message, name: str) -> str:
    """Return the bank an answer comes from: the one its file was sent to, or the one its first payment is at."""
    if message.original_message_id is not None:
        return BankFile.objects.get(message_id=message.original_message_id).bank
    for line in message.lines[:1]:
        found = bulk.rows("SELECT bank FROM payments_payment WHERE identity = %s", [line.identity])
        if found:
            return str(found[0][0])
        raise _refused(name, line.identity, "unknown")
    raise problem("bank.unknown_file", name=name, message=message.message_id)


def _stage(message: Message) -> None:
    """Put the lines beside the payments they speak of, in a table that lives as long as the transaction."""
    bulk.execute(
        "CREATE TEMPORARY TABLE line (identity text, outcome text, reason_code text, amount_paisa bigint) ON COMMIT DROP"
    )
    bulk.execute(
        "INSERT INTO line SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[])",
        [
            [line.identity for line in message.lines],
            [line.outcome for line in message.lines],
            [line.reason_code for line in message.lines],
            [line.amount_paisa for line in message.lines],
        ],
    )
    bulk.execute("CREATE INDEX ON line (identity)")
    bulk.execute("ANALYZE line")


_REASONS = {
    "unknown": ("is not one of ours", "ہماری نہیں ہے"),
    "bank": ("was not sent to this bank", "اس بینک کو نہیں بھیجی گئی"),
    "amount": ("has another amount than was sent", "کی رقم بھیجی گئی رقم سے مختلف ہے"),
    "unsent": ("was never sent", "کبھی بھیجی نہیں گئی"),
    "contradiction": ("was paid and rejected, which cannot both be", "بیک وقت ادا اور رد نہیں ہو سکتی"),
    "twice": ("stands in it twice", "اس میں دو بار درج ہے"),
}


def _refused(name: str, identity: str, reason: str) -> Exception:
    english, urdu = _REASONS[reason]
    return problem("bank.line_refused", name=name, payment=identity, reason_en=english, reason_ur=urdu)


def _refuse_lines(message: Message, bank: str, name: str) -> None:
    """Refuse the whole message when one of its lines cannot be true. Raises the problem `bank.line_refused`."""
    found = bulk.rows(
        """
        SELECT line.identity, CASE
            WHEN p.id IS NULL THEN 'unknown'
            WHEN p.bank <> %s OR (%s::text IS NOT NULL AND f.message_id IS DISTINCT FROM %s) THEN 'bank'
            WHEN line.amount_paisa IS NOT NULL AND line.amount_paisa <> p.amount_paisa THEN 'amount'
            WHEN p.status IN ('prepared', 'cancelled') THEN 'unsent'
            WHEN (line.outcome = 'rejected' AND p.status IN ('paid', 'returned'))
                OR (line.outcome IN ('paid', 'returned') AND p.status = 'rejected') THEN 'contradiction'
            WHEN count(*) OVER (PARTITION BY line.identity, line.outcome) > 1 THEN 'twice'
            WHEN bool_or(line.outcome = 'rejected') OVER (PARTITION BY line.identity)
                AND bool_or(line.outcome <> 'rejected') OVER (PARTITION BY line.identity) THEN 'contradiction'
            END AS reason
        FROM line LEFT JOIN payments_payment AS p ON p.identity = line.identity
        LEFT JOIN payments_bankfile AS f ON f.payment_list_id = p.payment_list_id AND f.bank = p.bank
        """,
        [bank, message.original_message_id, message.original_message_id],
    )
    for identity, reason in found:
        if reason is not None:
            raise _refused(name, identity, reason)


# What each outcome does: the states it moves a payment out of, the state it moves it to, and the ledger row it posts.
# An outcome that comes late (accepted after paid, paid after returned) is kept as a line and changes nothing more.
_EFFECTS = (
    ("accepted", ("sent",), "accepted", None, None),
    ("rejected", ("sent", "accepted"), "rejected", "'back:' || p.bank", "'in_flight:' || p.bank"),
    ("paid", ("sent", "accepted"), "paid", "'paid:' || p.bank", "'in_flight:' || p.bank"),
    (
        "returned",
        ("sent", "accepted", "paid"),
        "returned",
        "'back:' || p.bank",
        "CASE p.was WHEN 'paid' THEN 'paid:' ELSE 'in_flight:' END || p.bank",
    ),
)


def _book(answer: Answer, at: datetime) -> dict[str, int]:
    """Record the lines and move payments and money; return how many payments took each outcome."""
    bulk.execute(
        """
        INSERT INTO payments_answerline (answer_id, payment_id, outcome, reason_code, amount_paisa)
        SELECT %s, p.id, line.outcome, line.reason_code, p.amount_paisa
        FROM line JOIN payments_payment AS p ON p.identity = line.identity
        ON CONFLICT (payment_id, outcome) DO NOTHING
        """,
        [answer.pk],
    )
    outcomes: dict[str, int] = {}
    for outcome, sources, target, debit, credit in _EFFECTS:
        moved = _move(outcome, sources, target, debit, credit, at)
        if moved:
            outcomes[outcome] = moved
    return outcomes


def _move(
    outcome: str, sources: tuple[str, ...], target: str, debit: str | None, credit: str | None, at: datetime
) -> int:
    """Move the payments one outcome speaks of to their new state, and their money with them, in one statement."""
    moved = """
        WITH moved AS (
            UPDATE payments_payment AS p SET status = %s
            FROM payments_payment AS before JOIN line ON line.identity = before.identity
            WHERE before.id = p.id AND line.outcome = %s AND before.status = ANY (%s)
            RETURNING p.id, p.bank, p.entitlement_id, p.amount_paisa, before.status AS was
        )
    """
    parameters: list[Any] = [target, outcome, list(sources)]
    if debit is None:
        ((count,),) = bulk.rows(f"{moved} SELECT count(*) FROM moved", parameters)
        return int(count)
    return bulk.execute(
        f"""
        {moved}
        INSERT INTO payments_transfer (cycle_id, payment_id, kind, debit, credit, amount_paisa, at)
        SELECT e.cycle_id, p.id, %s, {debit}, {credit}, p.amount_paisa, %s
        FROM moved AS p JOIN payments_entitlement AS e ON e.id = p.entitlement_id ORDER BY p.id
        """,
        [*parameters, outcome, at],
    )
