"""The story of one payment: all that happened to it, every call about it, the cash taken out of it, and its ledger rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from kafalat.core.identifiers import MASK
from kafalat.payments.access import RECALLERS
from kafalat.payments.models import (
    Claim,
    Delivery,
    Payment,
    Recall,
    RecallAgreement,
    Resolution,
    TakeBackApproval,
    TakeBackItem,
    Transfer,
    Withdrawal,
)
from kafalat.registry.access import roles_of
from kafalat.registry.models import Place

_SERIAL_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a payment: a code the page has words for, when, and what is known of it."""

    code: str
    at: datetime
    detail: Mapping[str, object]


def happenings(payment: Payment) -> list[Happening]:
    """Return everything that happened to a payment, in order: list, seats, file, calls, answers, recall, cash, decisions."""
    found = [
        *_prepared(payment),
        *(
            Happening("call", one.asked_at, {"attempt": one.attempt, "outcome": one.outcome})
            for one in calls_about(payment)
        ),
        *_answered(payment),
        *_recalled(payment),
        *_cash(payment),
        *_idle(payment),
    ]
    resolution = Resolution.objects.filter(payment=payment).first()
    if resolution is not None:
        found.append(Happening(resolution.action, resolution.decided_at, {"by": resolution.decided_by}))
    # Stable: what happened at one moment stays in the order of the chain.
    return sorted(found, key=lambda one: one.at)


def _prepared(payment: Payment) -> list[Happening]:
    payment_list = payment.payment_list
    found = [
        Happening(
            "prepared",
            payment_list.prepared_at,
            {"by": payment_list.maker.get_username(), "list": payment_list.number},
        )
    ]
    found += [
        Happening(seat.act, seat.at, {"by": seat.approver.get_username(), "reason": seat.reason})
        for seat in payment_list.approvals.select_related("approver").order_by("at")
    ]
    for file in payment_list.files.select_related("outbox").filter(bank=payment.bank, part=payment.part):
        found.append(Happening("filed", file.created_at, {"code": file.message_id, "digest": file.sha256}))
        if file.outbox.sent_at:
            found.append(Happening("sent", file.outbox.sent_at, {"code": file.message_id}))
    return found


def _answered(payment: Payment) -> list[Happening]:
    booked = [
        Happening(
            line.outcome,
            line.answer.received_at,
            {
                "code": line.answer.message_id,
                "line": line.line_no,
                "bank_reason": line.reason_code,
                "day": line.booked_on,
            },
        )
        for line in payment.answer_lines.select_related("answer").order_by("answer__received_at", "id")
    ]
    held = [
        Happening(
            "open_line",
            line.answer.received_at,
            {"code": line.answer.message_id, "line": line.line_no, "verdict": line.verdict},
        )
        for line in payment.report_lines.select_related("answer").order_by("id")
    ]
    return booked + held


def recall_of(payment: Payment) -> Recall | None:
    """Return the recall that asks this payment back, or None."""
    return Recall.objects.filter(items__payment=payment).select_related("asked_by").first()


def _recalled(payment: Payment) -> list[Happening]:
    recall = recall_of(payment)
    if recall is None:
        return []
    asked = {"by": recall.asked_by.get_username(), "code": recall.message_id, "reason": recall.reason}
    found = [Happening("recall_asked", recall.asked_at, asked)]
    agreement = RecallAgreement.objects.filter(recall=recall).select_related("agreed_by").first()
    if agreement is not None:
        found.append(
            Happening("recall_agreed", agreement.agreed_at, {"by": agreement.agreed_by.get_username()})
        )
        if agreement.sent_at:
            found.append(Happening("recall_sent", agreement.sent_at, {"code": recall.message_id}))
    return found


def _idle(payment: Payment) -> list[Happening]:
    """Return the warnings that it lies uncollected, the order that took it back, and the claim to it."""
    found = [
        Happening("warned", notice.queued_at, {"months": notice.months})
        for notice in payment.notices.order_by("months")
    ]
    item = TakeBackItem.objects.filter(payment=payment).select_related("take_back__made_by").first()
    if item is not None:
        order = item.take_back
        ordered = {"by": order.made_by.get_username(), "code": order.message_id}
        found.append(Happening("take_back_ordered", order.made_at, ordered))
        approval = TakeBackApproval.objects.filter(take_back=order).select_related("person").first()
        if approval is not None:
            found.append(Happening("take_back_approved", approval.at, {"by": approval.person.get_username()}))
    claim = Claim.objects.filter(payment=payment).select_related("taken_by", "granted_by").first()
    if claim is not None:
        said = {"by": claim.taken_by.get_username(), "reason": claim.reason}
        found.append(Happening("claimed", claim.taken_at, said))
        if claim.granted_at is not None and claim.granted_by is not None:
            found.append(
                Happening("claim_granted", claim.granted_at, {"by": claim.granted_by.get_username()})
            )
    return found


def _cash(payment: Payment) -> list[Happening]:
    found = []
    for one in cash_taken(payment):
        where = {"device": one.device, "place": one.place, "amount_paisa": one.amount_paisa}
        found.append(Happening("cash_out", one.at, where))
        if one.back_at is not None:
            found.append(Happening("cash_back", one.back_at, {"reversal": one.back_reason}))
    return found


@dataclass(frozen=True, slots=True)
class Cash:
    """Cash taken out of a payment: how much, when, at which device (its last characters) and where; given back, if it was."""

    amount_paisa: int
    at: datetime
    device: str
    place: Place
    reference: str
    back_at: datetime | None
    back_reason: str


def cash_taken(payment: Payment) -> list[Cash]:
    """Return the withdrawals from a payment, in order; of a device's serial only the end is told."""
    rows = Withdrawal.objects.filter(payment=payment).select_related("device__place", "reversal")
    found = []
    for row in rows.order_by("at", "id"):
        back = getattr(row, "reversal", None)
        found.append(
            Cash(
                amount_paisa=row.amount_paisa,
                at=row.at,
                device=f"{MASK * 4} {row.device.serial[-_SERIAL_SHOWN:]}",
                place=row.device.place,
                reference=row.reference,
                back_at=back.at if back else None,
                back_reason=back.reason if back else "",
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Call:
    """One call to a wallet provider about a payment; `answered_at` is None while nobody knows how it ended."""

    attempt: int
    asked_at: datetime
    answered_at: datetime | None
    outcome: str
    http_status: int
    reason: str


def calls_about(payment: Payment) -> list[Call]:
    """Return the calls about a payment, first attempt first."""
    steps = Delivery.objects.filter(payment=payment)
    results = {step.attempt: step for step in steps if step.stage == "result"}
    found = []
    for asked in sorted((step for step in steps if step.stage == "intent"), key=lambda step: step.attempt):
        result = results.get(asked.attempt)
        found.append(
            Call(
                attempt=asked.attempt,
                asked_at=asked.at,
                answered_at=result.at if result else None,
                outcome=result.outcome if result else "open",
                http_status=result.http_status if result else 0,
                reason=result.reason if result else "",
            )
        )
    return found


def may_be_recalled(payment: Payment, user: User) -> bool:
    """Say whether a page offers this person to ask the payment back: it is on its way, and nobody asked before."""
    on_its_way = payment.status in {Payment.Status.SENT, Payment.Status.ACCEPTED}
    return on_its_way and recall_of(payment) is None and bool(roles_of(user) & RECALLERS)


def transfers_about(payment: Payment) -> list[Transfer]:
    """Return the ledger rows that moved this payment's money: its own, its file's and its list's, in order."""
    own = Transfer.objects.filter(payment=payment)
    file = Transfer.objects.filter(
        bank_file__payment_list_id=payment.payment_list_id,
        bank_file__bank=payment.bank,
        bank_file__part=payment.part,
    )
    whole = Transfer.objects.filter(payment_list_id=payment.payment_list_id)
    return sorted([*whole, *file, *own], key=lambda row: (row.at, row.pk))
