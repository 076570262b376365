"""Checks, approves, authorises, releases and rejects payment lists. What must hold is also held by the database; here it gets its sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from kafalat.audit import services as audit
from kafalat.audit.selectors import Checkpoint, checkpoint, verify
from kafalat.core.problems import Problem, problem
from kafalat.core.progress import Progress, silent
from kafalat.payments.access import Act, access_list_act, next_act
from kafalat.payments.cycles.gate import held_in_list
from kafalat.payments.cycles.lists import stored_digest
from kafalat.payments.ledger.postings import post_rejection
from kafalat.payments.models import Approval, BankFile, PaymentList
from kafalat.payments.sending.dispatch import dispatch
from kafalat.payments.sending.transports import Sender
from kafalat.registry import bulk

REJECTION = 0


def check_list(*, payment_list_id: int, user: User, at: datetime, progress: Progress = silent) -> PaymentList:
    """Look a prepared list through for what must not be in it; pass it on for approval.

    Raises `payments.list_not_waiting` for a list in another state, `payments.list_changed` when its payments are not
    those it was prepared with, `payments.list_exception` when a payee stands in it twice for a quarter, an account is
    closed, or a family would be held back now.
    """
    with transaction.atomic():
        payment_list = _locked(payment_list_id)
        access_list_act(user, payment_list, "check")
        if payment_list.status != PaymentList.Status.PREPARED:
            raise problem("payments.list_not_waiting", number=payment_list.number, status=payment_list.status)
        _refuse_changed(payment_list)
        progress(0.4)
        _refuse_exceptions(payment_list, at)
        progress(0.9)
        payment_list.status = PaymentList.Status.CHECKED
        payment_list.checked_by = user
        try:
            with transaction.atomic():
                payment_list.save(update_fields=["status", "checked_by"])
        except IntegrityError as error:
            raise _sentence(error, payment_list) from error
        _record("list_checked", payment_list, user, at)
    return payment_list


def _locked(payment_list_id: int) -> PaymentList:
    """Return the list, its row locked until the transaction ends: one decision at a time."""
    try:
        return PaymentList.objects.select_for_update(no_key=True).get(pk=payment_list_id)
    except PaymentList.DoesNotExist:
        raise problem("payments.list_unknown", number=payment_list_id) from None


def _refuse_changed(payment_list: PaymentList) -> None:
    if stored_digest(payment_list.pk) != payment_list.sha256:
        raise problem("payments.list_changed", number=payment_list.number)


def _refuse_exceptions(payment_list: PaymentList, at: datetime) -> None:
    """Refuse a list with a payee paid a quarter twice, an account closed since, or a family held back since."""
    found = bulk.rows(
        """
        SELECT p.identity FROM payments_payment AS p
        JOIN payments_entitlement AS e ON e.id = p.entitlement_id
        JOIN enrolment_beneficiary AS b ON b.id = e.beneficiary_id
        JOIN enrolment_account AS a ON a.id = p.account_id
        WHERE p.payment_list_id = %s AND (a.closed_on IS NOT NULL OR a.beneficiary_id <> b.id OR b.status <> 'active')
        UNION ALL
        SELECT min(p.identity) FROM payments_payment AS p
        JOIN payments_entitlement AS e ON e.id = p.entitlement_id
        JOIN enrolment_beneficiary AS b ON b.id = e.beneficiary_id
        WHERE p.payment_list_id = %s GROUP BY b.payee_id, e.quarter, e.component HAVING count(*) > 1
        LIMIT 1
        """,
        [payment_list.pk, payment_list.pk],
    )
    held = held_in_list(payment_list, at)
    if found or held:
        raise problem(
            "payments.list_exception", number=payment_list.number, payment=found[0][0] if found else held
        )


def approve_list(
    *, payment_list_id: int, user: User, seen_sha256: str, at: datetime, seen_log: Checkpoint | None = None
) -> Approval:
    """Take the next seat of those who approve a checked list, of exactly the digest the approver saw.

    `seen_log` is the audit log's checkpoint before her eyes (without, the log as it stands); it is recorded with her seat.

    Raises `access.own_list` (the maker cannot approve), `payments.approved_already` (nobody takes two seats),
    `payments.seat_not_due` while the list waits for another step, `payments.list_not_waiting` and `payments.list_changed`.
    """
    with transaction.atomic():
        return _take_seat("approve", payment_list_id, user, seen_sha256, at, seen_log)


def authorise_list(
    *, payment_list_id: int, user: User, seen_sha256: str, at: datetime, seen_log: Checkpoint | None = None
) -> Approval:
    """Take the next seat of those who authorise an approved list. Raises the problems of `approve_list`."""
    with transaction.atomic():
        return _take_seat("authorise", payment_list_id, user, seen_sha256, at, seen_log)


@dataclass(frozen=True, slots=True)
class Released:
    """One release: the seat taken, and the bank files written where it was the last."""

    approval: Approval
    files: tuple[BankFile, ...]


def release_list(
    *,
    payment_list_id: int,
    user: User,
    seen_sha256: str,
    sender: Sender,
    at: datetime,
    seen_log: Checkpoint | None = None,
    progress: Progress = silent,
) -> Released:
    """Take the next seat of those who release an authorised list; with the last one the list is dispatched.

    Raises the problems of `approve_list`, and where it is the last seat `payments.phase_not_open` before the phase's
    day, `payments.phase_out_of_order` while an earlier phase waits, and those of `dispatch`.
    """
    with transaction.atomic():
        approval = _take_seat("release", payment_list_id, user, seen_sha256, at, seen_log)
        if approval.seat < approval.seats:
            return Released(approval, ())
        progress(0.1)
        files = dispatch(approval.payment_list, user=user, sender=sender, at=at, progress=progress)
        return Released(approval, tuple(files))


def _take_seat(
    act: Act, payment_list_id: int, user: User, seen_sha256: str, at: datetime, seen_log: Checkpoint | None
) -> Approval:
    payment_list = _waiting(payment_list_id, user, seen_sha256, act)
    taken = Approval.objects.filter(payment_list=payment_list)
    if taken.filter(approver=user).exists():
        raise problem("payments.approved_already", number=payment_list.number)
    seat = taken.count() + 1
    due = next_act(payment_list, seat - 1)
    if due != act:
        raise _not_due(payment_list, due)
    approval = _say(payment_list, user, act, seat, seen_sha256, "", at)
    mark = seen_log or checkpoint()
    if seen_log is not None:
        verify(size=seen_log.size, root_hex=seen_log.root_hex)
    _record(_WORDS[act], payment_list, user, at, seat=seat, log_size=mark.size, log_root=mark.root_hex)
    return approval


_WORDS: dict[Act, str] = {
    "approve": "list_approved",
    "authorise": "list_authorised",
    "release": "list_released",
}
_DUE: dict[Act, tuple[str, str]] = {
    "check": ("to be checked", "جانچ"),
    "approve": ("to be approved", "منظوری"),
    "authorise": ("to be authorised", "اجازت"),
    "release": ("to be released", "اجرا"),
}


def _not_due(payment_list: PaymentList, due: Act | None) -> Problem:
    if due is None:
        return problem("payments.list_not_waiting", number=payment_list.number, status="released")
    english, urdu = _DUE[due]
    return problem("payments.seat_not_due", number=payment_list.number, due_en=english, due_ur=urdu)


def reject_list(
    *, payment_list_id: int, user: User, seen_sha256: str, reason: str, at: datetime
) -> PaymentList:
    """Say no to a checked list, with a reason: its payments are cancelled and may be prepared anew.

    Raises the problems of `approve_list`, and `payments.reason_missing`.
    """
    if not reason.strip():
        raise problem("payments.reason_missing")
    with transaction.atomic():
        payment_list = _waiting(payment_list_id, user, seen_sha256, "reject")
        _say(payment_list, user, "reject", REJECTION, seen_sha256, reason.strip(), at)
        bulk.execute(
            "UPDATE payments_payment SET status = 'cancelled' WHERE payment_list_id = %s AND status = 'prepared'",
            [payment_list.pk],
        )
        post_rejection(payment_list_id=payment_list.pk, at=at)
        payment_list.status = PaymentList.Status.REJECTED
        payment_list.save(update_fields=["status"])
        _record("list_rejected", payment_list, user, at, reason=reason.strip())
    return payment_list


def _waiting(payment_list_id: int, user: User, seen_sha256: str, act: Act) -> PaymentList:
    """Return the locked list if `user` may decide on it now."""
    payment_list = _locked(payment_list_id)
    access_list_act(user, payment_list, act)
    if payment_list.status != PaymentList.Status.CHECKED:
        raise problem("payments.list_not_waiting", number=payment_list.number, status=payment_list.status)
    if payment_list.sha256 != seen_sha256:
        raise problem("payments.list_changed", number=payment_list.number)
    return payment_list


def _say(
    payment_list: PaymentList, user: User, act: Act, seat: int, seen_sha256: str, reason: str, at: datetime
) -> Approval:
    """Write one decision; what the database refuses becomes a sentence."""
    try:
        with transaction.atomic():
            return Approval.objects.create(
                payment_list=payment_list,
                seat=seat,
                act=act,
                approver=user,
                maker_id=payment_list.maker_id,
                list_sha256=seen_sha256,
                seats_approve=payment_list.seats_approve,
                seats_authorise=payment_list.seats_authorise,
                seats=payment_list.seats,
                reason=reason,
                at=at,
            )
    except IntegrityError as error:
        raise _sentence(error, payment_list) from error


def _sentence(error: IntegrityError, payment_list: PaymentList) -> Problem:
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
    if name in {"approval_login_once", "approval_person_once"}:
        return problem("payments.approved_already", number=payment_list.number)
    if name in {"approval_not_by_maker", "payment_list_not_checked_by_maker"}:
        return problem("access.own_list", cycle=payment_list.cycle.tranche, number=payment_list.number)
    return problem("payments.list_not_waiting", number=payment_list.number, status=payment_list.status)


def _record(action: str, payment_list: PaymentList, user: User, at: datetime, **more: object) -> None:
    audit.record(
        at=at,
        actor=user.get_username(),
        action=action,
        object_kind="payment_list",
        object_id=payment_list.pk,
        detail={"sha256": payment_list.sha256, "payments": payment_list.payments, **more},
    )
