"""What people decide about lines that could not be booked: book one as a payment, or set it aside with a reason.

A line is booked as the bank said it, in the same way as a line that named its payment, once the people are enough: one, or
two for amounts from the programme's limit. The database refuses a second decision of the same step or person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from kafalat.audit import services as audit
from kafalat.core.problems import problem
from kafalat.payments.access import access_reconciling
from kafalat.payments.cycles.calendar import local_day
from kafalat.payments.models import LineDecision, Payment, ReportLine
from kafalat.payments.models.reconciliation import BOOKABLE
from kafalat.payments.reconciliation.bookings import book
from kafalat.payments.reconciliation.candidates import candidates
from kafalat.policy.model import Programme
from kafalat.policy.reconciliation import Matching
from kafalat.registry import bulk

VERDICTS: dict[str, tuple[str, str]] = {
    "unreferenced": ("it names no payment", "یہ کسی ادائیگی کا نام نہیں لیتی"),
    "unknown": ("it names a payment we do not know", "یہ ایسی ادائیگی کا نام لیتی ہے جو ہماری نہیں"),
    "wrong_bank": ("the payment was sent to another bank", "ادائیگی کسی اور بینک کو بھیجی گئی تھی"),
    "wrong_file": ("the payment stands in another file", "ادائیگی کسی اور فائل میں ہے"),
    "amount_mismatch": ("its amount is not the one that was sent", "اس کی رقم بھیجی گئی رقم سے مختلف ہے"),
    "wrong_account": ("its account is not the payee's", "اس کا کھاتہ وصول کنندہ کا نہیں"),
    "unsent": ("the payment was never sent", "ادائیگی کبھی بھیجی نہیں گئی"),
    "duplicate": ("its file says it twice", "اس کی فائل میں دو بار ہے"),
    "contradiction": ("the bank has said the opposite", "بینک اس کے برعکس کہہ چکا ہے"),
    "late": ("it came too late", "یہ بہت دیر سے آئی"),
    "unasked": ("nobody asked the bank to recall it", "بینک سے اسے منسوخ کرنے کو کسی نے نہیں کہا"),
    "early": ("its day is before the payment was sent", "اس کی تاریخ ادائیگی بھیجنے سے پہلے کی ہے"),
    "pending": ("the bank has not decided yet", "بینک نے ابھی فیصلہ نہیں کیا"),
    "other": ("it is no payment of ours", "یہ ہماری ادائیگی نہیں"),
    "repeated": ("the bank said it before", "بینک یہ پہلے کہہ چکا ہے"),
}


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision came to: whether the line is booked now, or waits for a second person."""

    booked: bool
    waits: bool


def rules_of(programme: Programme, at: datetime) -> Matching:
    """Return the programme's terms of matching. Raises `reconciliation.no_rules`."""
    rules = programme.reconciliation.on(local_day(at)) if programme.reconciliation is not None else None
    if rules is None:
        raise problem("reconciliation.no_rules")
    return rules.matching


def book_line(
    *,
    line_id: int,
    payment_identity: str,
    confidence_ppm: int | None,
    programme: Programme,
    user: User,
    at: datetime,
) -> Decided:
    """Say that a line speaks of this payment, as the first or the second person; book it once the people are enough.

    Raises `reconciliation.line_closed`, `reconciliation.line_not_bookable`, `reconciliation.payment_does_not_fit` and
    `reconciliation.second_person`.
    """
    access_reconciling(user)
    matching = rules_of(programme, at)
    with transaction.atomic():
        line, earlier = _locked(line_id)
        if line.verdict not in BOOKABLE:
            english, urdu = VERDICTS[line.verdict]
            raise problem(
                "reconciliation.line_not_bookable", line=line.pk, verdict_en=english, verdict_ur=urdu
            )
        if earlier is not None and (
            earlier.action != "book" or earlier.step == 2 or _is_booked(line, earlier)
        ):
            raise problem("reconciliation.line_closed", line=line.pk)
        if earlier is not None and earlier.person_id == user.pk:
            raise problem("reconciliation.second_person", line=line.pk)
        payment = _payment(line, payment_identity, earlier)
        large = payment.amount_paisa >= matching.second_person_from_paisa
        LineDecision.objects.create(
            line=line,
            step=1 if earlier is None else 2,
            action="book",
            payment=payment,
            confidence_ppm=confidence_ppm,
            person=user,
            at=at,
        )
        booked = earlier is not None or not large
        if booked:
            _book(line, payment, at)
        _record(line, "line_booked" if booked else "line_proposed", payment, user, at)
    return Decided(booked=booked, waits=not booked)


def set_aside(*, line_id: int, reason: str, user: User, at: datetime) -> None:
    """Close a line without booking it. Raises `reconciliation.reason_missing` and `reconciliation.line_closed`."""
    access_reconciling(user)
    if not reason.strip():
        raise problem("reconciliation.reason_missing")
    with transaction.atomic():
        line, earlier = _locked(line_id)
        if earlier is not None and (
            earlier.action != "book" or earlier.step == 2 or _is_booked(line, earlier)
        ):
            raise problem("reconciliation.line_closed", line=line.pk)
        if earlier is not None and earlier.person_id == user.pk:
            raise problem("reconciliation.second_person", line=line.pk)
        LineDecision.objects.create(
            line=line,
            step=1 if earlier is None else 2,
            action="set_aside",
            reason=reason.strip(),
            person=user,
            at=at,
        )
        _record(line, "line_set_aside", None, user, at)


def book_sure_lines(*, programme: Programme, user: User, at: datetime) -> int:
    """Book every line whose best candidate is as sure as the programme asks for booking many at once; return how many.

    Amounts that need two people are proposed by this one and wait for the other.
    """
    access_reconciling(user)
    matching = rules_of(programme, at)
    booked = 0
    with transaction.atomic():
        for line_id, offers in sorted(candidates(matching=matching).items()):
            best = offers[0]
            if best.confidence_ppm >= matching.book_from_ppm:
                decided = book_line(
                    line_id=line_id,
                    payment_identity=best.identity,
                    confidence_ppm=best.confidence_ppm,
                    programme=programme,
                    user=user,
                    at=at,
                )
                booked += decided.booked
    return booked


def _locked(line_id: int) -> tuple[ReportLine, LineDecision | None]:
    """Return a line, locked through its answer's row, and the last decision about it."""
    line = ReportLine.objects.select_related("answer", "payment").filter(pk=line_id).first()
    if line is None:
        raise problem("console.not_found", what_en=f"line {line_id}", what_ur=f"سطر {line_id}")
    bulk.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LINES, line_id % 2_147_483_647])
    return line, LineDecision.objects.filter(line=line).order_by("-step").first()


_LINES = (
    0x4B41  # history is never updated, so a line's row cannot be locked by the application: its number is
)


def _is_booked(line: ReportLine, decision: LineDecision) -> bool:
    """Say whether the payment of a first decision was booked by it: its answer says so."""
    return bool(
        bulk.rows(
            "SELECT 1 FROM payments_answerline WHERE answer_id = %s AND payment_id = %s AND line_no = %s",
            [line.answer_id, decision.payment_id, line.line_no],
        )
    )


# What a payment must be for a line to be true of it; the first that fails is the reason.
_MISFITS: Sequence[tuple[str, str, str]] = (
    ("bank", "it was sent to another bank", "یہ کسی اور بینک کو بھیجی گئی تھی"),
    ("amount", "it has another amount", "اس کی رقم مختلف ہے"),
    ("state", "what the line says is not true of its state", "سطر کی بات اس کی حالت پر پوری نہیں اترتی"),
)
_STATES = {
    "accepted": {"sent"},
    "rejected": {"sent", "accepted"},
    "paid": {"sent", "accepted"},
    "returned": {"sent", "accepted", "paid"},
}


def _payment(line: ReportLine, identity: str, earlier: LineDecision | None) -> Payment:
    """Return the payment, locked. Raises `reconciliation.payment_does_not_fit`."""
    payment = (
        Payment.objects.select_for_update(no_key=True, of=("self",)).filter(identity=identity.strip()).first()
    )
    if payment is None:
        raise _misfit(line, identity, ("is not one of ours", "ہماری نہیں"))
    fits = {
        "bank": payment.bank == line.answer.bank,
        "amount": line.amount_paisa in {None, payment.amount_paisa},
        "state": payment.status in _STATES.get(line.outcome, set()),
    }
    for what, english, urdu in _MISFITS:
        if not fits[what]:
            raise _misfit(line, identity, (english, urdu))
    if line.payment_id not in {None, payment.pk} or (
        earlier is not None and earlier.payment_id != payment.pk
    ):
        raise _misfit(
            line, identity, ("the line names another payment", "سطر کسی اور ادائیگی کا نام لیتی ہے")
        )
    return payment


def _misfit(line: ReportLine, identity: str, reason: tuple[str, str]) -> Exception:
    return problem(
        "reconciliation.payment_does_not_fit",
        line=line.pk,
        payment=identity[:40],
        reason_en=reason[0],
        reason_ur=reason[1],
    )


def _book(line: ReportLine, payment: Payment, at: datetime) -> None:
    """Book one line through the same door as a whole file."""
    bulk.execute(
        """
        CREATE TEMPORARY TABLE judged ON COMMIT DROP AS
        SELECT r.line_no, r.outcome, r.reason_code, r.booked_on, p.id AS payment_id,
            p.amount_paisa AS due_paisa, f.id AS file_id, r.outcome AS verdict
        FROM payments_reportline AS r, payments_payment AS p
        JOIN payments_bankfile AS f ON f.payment_list_id = p.payment_list_id AND f.bank = p.bank AND f.part = p.part
        WHERE r.id = %s AND p.id = %s
        """,
        [line.pk, payment.pk],
    )
    book(answer_id=line.answer_id, verdicts={line.outcome: 1}, at=at)
    bulk.execute("DROP TABLE judged")


def _record(line: ReportLine, action: str, payment: Payment | None, user: User, at: datetime) -> None:
    audit.record(
        at=at,
        actor=user.get_username(),
        action=action,
        object_kind="report_line",
        object_id=line.pk,
        detail={
            "answer": line.answer_id,
            "line": line.line_no,
            "payment": payment.identity if payment else None,
        },
    )
