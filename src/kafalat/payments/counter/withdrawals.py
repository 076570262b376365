"""Pays out under a one-time authorisation: the full amount or nothing, with a receipt; and takes back what did not come out."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from kafalat.audit import services as audit
from kafalat.core.problems import Problem, problem
from kafalat.payments.counter.access import access_counter
from kafalat.payments.counter.verifying import digest_of, local_day, rules_on
from kafalat.payments.models import Authorisation, Reversal, Withdrawal
from kafalat.policy.model import Programme

_CODES = 1_000_000
# What the database says when a rule is broken, and the sentence for it.
_SENTENCES = {
    "withdrawal_in_time": "counter.token_expired",
    "withdrawal_as_authorised": "counter.token_unknown",
    "withdrawal_within_payment": "counter.nothing_left",
}


def withdraw(*, token: str, device_id: int, amount_paisa: int, user: User, at: datetime) -> Withdrawal:
    """Pay out what an authorisation is for, whole, and return the withdrawal, whose receipt she gets.

    Used once: the database knows a second use by its key, however many come together. Raises `counter.token_unknown`
    (also for another device or amount), `counter.token_used`, `counter.token_expired` and `counter.nothing_left`.
    """
    access_counter(user)
    found = Authorisation.objects.select_related("verification").filter(token_sha256=digest_of(token)).first()
    if found is None:
        raise problem("counter.token_unknown")
    if found.verification.operator_id != user.pk:
        raise problem("counter.not_yours")
    with transaction.atomic():
        paid_out = _pay_out(found, device_id, amount_paisa, user, at)
        audit.record(
            at=at,
            actor=user.get_username(),
            action="cash_withdrawn",
            object_kind="withdrawal",
            object_id=paid_out.pk,
            detail={
                "payment": found.payment_id,
                "device": device_id,
                "amount_paisa": amount_paisa,
                "authorisation": found.pk,
            },
        )
    return paid_out


def _pay_out(found: Authorisation, device_id: int, amount_paisa: int, user: User, at: datetime) -> Withdrawal:
    try:
        with transaction.atomic():
            return Withdrawal.objects.create(
                payment_id=found.payment_id,
                device_id=device_id,
                authorisation=found,
                operator=user.get_username(),
                reference=f"K{found.pk:09d}",
                amount_paisa=amount_paisa,
                at=at,
                check_code=f"{secrets.randbelow(_CODES):06d}",
            )
    except IntegrityError as error:
        raise _sentence(error) from error


def _sentence(error: IntegrityError) -> Problem:
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
    return problem(_SENTENCES.get(name, "counter.token_used"))


def reverse(*, withdrawal_id: int, reason: str, programme: Programme, user: User, at: datetime) -> Reversal:
    """Say that the cash of a withdrawal did not come out: within minutes, once, by the operator whose withdrawal it was.

    The money stays hers and can be taken out again. Raises `counter.unknown`, `counter.not_yours`,
    `counter.reason_missing` (not one of Reversal.Reason) and `counter.reversal_late`.
    """
    access_counter(user)
    found = Withdrawal.objects.select_related("authorisation").filter(pk=withdrawal_id).first()
    if found is None or found.authorisation is None:
        raise problem("counter.unknown", what_en=f"receipt {withdrawal_id}", what_ur=f"رسید {withdrawal_id}")
    if found.operator != user.get_username():
        raise problem("counter.not_yours")
    if reason not in Reversal.Reason.values:
        raise problem("counter.reason_missing")
    minutes = rules_on(programme, local_day(found.at)).reversal_minutes
    if not found.at <= at <= found.at + timedelta(minutes=minutes):
        raise problem("counter.reversal_late", minutes=minutes)
    try:
        with transaction.atomic():
            reversed_ = Reversal.objects.create(withdrawal=found, reason=reason, by=user, at=at)
            audit.record(
                at=at,
                actor=user.get_username(),
                action="withdrawal_reversed",
                object_kind="withdrawal",
                object_id=found.pk,
                detail={"reason": reason, "amount_paisa": found.amount_paisa},
            )
    except IntegrityError as error:
        raise problem("counter.reversal_late", minutes=minutes) from error
    return reversed_
