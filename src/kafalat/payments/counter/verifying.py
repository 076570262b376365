"""Verifies a payee at the counter, step by step, up to the one-time authorisation to pay her out.

The ladder (`payments.ladder`) says what may come next; every step is a row that is never changed. The verifier is asked
outside any transaction; what it said is written under the lock of the payment, if the ladder still stands where it stood.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.timezone import get_current_timezone

from kafalat.adapters.identity import Finger, IdentityVerifier, Verdict
from kafalat.audit import services as audit
from kafalat.core.problems import problem
from kafalat.core.sealing import Sealer
from kafalat.payments.counter.access import access_counter
from kafalat.payments.counter.ladder import Asked, Standing, Tried, standing
from kafalat.payments.models import (
    Authorisation,
    Device,
    Fallback,
    Payment,
    Verification,
    VerificationTry,
    Withdrawal,
)
from kafalat.policy.model import Programme
from kafalat.policy.verification import VerificationRules
from kafalat.registry.selectors import CNIC_PURPOSE


@dataclass(frozen=True, slots=True)
class Stepped:
    """What a try led to: the answer, where the ladder stands now, and after a match the authorisation's token.

    The token is told here once and kept nowhere.
    """

    verdict: Verdict
    standing: Standing
    token: str = ""
    authorisation: Authorisation | None = None


def local_day(at: datetime) -> date:
    """Return the day of the programme's country on which `at` falls."""
    return at.astimezone(get_current_timezone()).date()


def rules_on(programme: Programme, day: date) -> VerificationRules:
    """Return the ladder in force on `day`. Raises the problem `counter.no_rules`."""
    known = () if programme.verification is None else programme.verification.rules
    found = next((rules for rules in known if rules.covers(day)), None)
    if found is None:
        raise problem("counter.no_rules")
    return found


def start_verification(
    *, payment_id: int, device_id: int, programme: Programme, user: User, at: datetime
) -> Verification:
    """Begin to verify the payee of a payment at a device.

    Raises `counter.unknown`, `counter.not_paid`, `counter.payee_held`, `counter.nothing_left`, `counter.device_blocked`
    and `counter.waits_for_token` (somebody holds an authorisation for this payment).
    """
    access_counter(user)
    rules = rules_on(programme, local_day(at))
    with transaction.atomic():
        payment = _payable(payment_id, at)
        device = Device.objects.filter(pk=device_id).first()
        if device is None:
            raise problem("counter.unknown", what_en=f"device {device_id}", what_ur=f"ڈیوائس {device_id}")
        if device.status != Device.Status.ACTIVE:
            raise problem("counter.device_blocked", serial=device.serial)
        found = Verification.objects.create(
            payment=payment,
            device=device,
            operator=user,
            programme_sha256=programme.sha256,
            started_at=at,
            until=at + timedelta(minutes=rules.session_minutes),
        )
        _record("verification_started", found, user, at, payment=payment.identity, device=device.serial)
    return found


def _payable(payment_id: int, at: datetime) -> Payment:
    """Return the payment, its row locked, if its money can be taken out now."""
    found = (
        Payment.objects.select_for_update(no_key=True, of=("self",))
        .select_related("entitlement__beneficiary__payee")
        .filter(pk=payment_id)
        .first()
    )
    if found is None:
        raise problem("counter.unknown", what_en=f"payment {payment_id}", what_ur=f"ادائیگی {payment_id}")
    if Withdrawal.objects.filter(payment=found, reversal__isnull=True).exists():
        raise problem("counter.nothing_left")
    if found.status != Payment.Status.PAID:
        raise problem("counter.not_paid")
    if found.entitlement.beneficiary.status != "active":
        raise problem("counter.payee_held")
    open_ones = Authorisation.objects.filter(
        payment=found, issued_at__lte=at, expires_at__gte=at, withdrawal__isnull=True
    )
    if open_ones.exists():
        raise problem("counter.waits_for_token")
    return found


def standing_of(verification: Verification, rules: VerificationRules) -> Standing:
    """Return where a verification stands."""
    tries = verification.tries.order_by("number").values_list("means", "finger", "result")
    fallbacks = verification.fallbacks.order_by("id").values_list("means", "answer__granted")
    return standing(rules, [Tried(*each) for each in tries], [Asked(*each) for each in fallbacks])


def try_next(
    *,
    verification_id: int,
    finger: Finger | None,
    sample_ref: str,
    verifier: IdentityVerifier,
    sealer: Sealer,
    programme: Programme,
    user: User,
    at: datetime,
) -> Stepped:
    """Make the next try: with `finger` where the ladder stands at fingerprints, without one (None) at its other means.

    After a match the authorisation is issued in the same transaction. Raises `counter.step_refused` when the ladder does
    not stand there (any more), `counter.not_yours`, `counter.session_over`, and the problems of `start_verification`.
    """
    access_counter(user)
    found = _own(verification_id, user, at)
    rules = rules_on(programme, local_day(found.started_at))
    before = standing_of(found, rules)
    _refuse_step(before, finger)
    verdict = _ask(found, before, finger, sample_ref, verifier, sealer)
    with transaction.atomic():
        payment = _payable(found.payment_id, at)
        if standing_of(found, rules) != before:
            raise problem("counter.step_refused")
        number = found.tries.count() + 1
        VerificationTry.objects.create(
            verification=found,
            number=number,
            means=before.means or "",
            finger=finger or "",
            result=verdict.result,
            code=verdict.code,
            sample_ref=sample_ref,
            at=at,
        )
        now = standing_of(found, rules)
        if now.state != "verified":
            return Stepped(verdict, now)
        token = secrets.token_urlsafe(32)
        authorisation = _authorise(found, payment, token, rules, at)
        _record("withdrawal_authorised", found, user, at, means=before.means, tries=number)
    return Stepped(verdict, now, token, authorisation)


def _refuse_step(at_step: Standing, finger: Finger | None) -> None:
    by_finger = at_step.means == "fingerprint"
    if at_step.state != "try" or by_finger != (finger is not None) or finger in at_step.used_up:
        raise problem("counter.step_refused")


def _ask(
    found: Verification,
    at_step: Standing,
    finger: Finger | None,
    sample_ref: str,
    verifier: IdentityVerifier,
    sealer: Sealer,
) -> Verdict:
    sealed = found.payment.entitlement.beneficiary.payee.cnic_sealed
    if sealed is None:
        raise problem("counter.no_cnic")
    cnic = sealer.unseal(bytes(sealed), CNIC_PURPOSE)
    if finger is not None:
        return verifier.fingerprint(cnic=cnic, finger=finger, sample_ref=sample_ref)
    if at_step.means == "face":
        return verifier.face(cnic=cnic, sample_ref=sample_ref)
    return verifier.verisys(cnic=cnic, sample_ref=sample_ref)


def _authorise(
    found: Verification, payment: Payment, token: str, rules: VerificationRules, at: datetime
) -> Authorisation:
    try:
        with transaction.atomic():
            return Authorisation.objects.create(
                verification=found,
                payment=payment,
                device_id=found.device_id,
                amount_paisa=payment.amount_paisa,
                token_sha256=digest_of(token),
                issued_at=at,
                expires_at=at + timedelta(minutes=rules.authorisation_minutes),
            )
    except IntegrityError as error:
        # What was looked at a moment ago has moved: the device was blocked, or the payee suspended.
        raise problem("counter.token_expired") from error


def digest_of(token: str) -> str:
    """Return what is kept of a token. It is drawn with 256 bits, so a plain digest cannot be searched."""
    return hashlib.sha256(token.encode()).hexdigest()


def _own(verification_id: int, user: User, at: datetime) -> Verification:
    """Return an operator's own verification while it lasts."""
    found = (
        Verification.objects.select_related("payment__entitlement__beneficiary__payee", "device")
        .filter(pk=verification_id)
        .first()
    )
    if found is None:
        raise problem(
            "counter.unknown", what_en=f"verification {verification_id}", what_ur=f"تصدیق {verification_id}"
        )
    if found.operator_id != user.pk:
        raise problem("counter.not_yours")
    if at > found.until:
        raise problem("counter.session_over")
    return found


def ask_fallback(
    *, verification_id: int, reason: str, programme: Programme, user: User, at: datetime
) -> Fallback:
    """Ask a second person to allow the next means of the ladder, with the reason.

    Raises `counter.step_refused` where the ladder does not stand before a fallback, `counter.reason_missing`, and the
    problems of `try_next`.
    """
    access_counter(user)
    if not reason.strip():
        raise problem("counter.reason_missing")
    found = _own(verification_id, user, at)
    rules = rules_on(programme, local_day(found.started_at))
    with transaction.atomic():
        _payable(found.payment_id, at)
        now = standing_of(found, rules)
        if now.state != "ask" or now.means is None:
            raise problem("counter.step_refused")
        asked = Fallback.objects.create(
            verification=found, means=now.means, operator=user, reason=reason.strip(), at=at
        )
        _record("fallback_asked", found, user, at, means=now.means, reason=asked.reason)
    return asked


def _record(action: str, verification: Verification, user: User, at: datetime, **more: object) -> None:
    audit.record(
        at=at,
        actor=user.get_username(),
        action=action,
        object_kind="verification",
        object_id=verification.pk,
        detail=more,
    )
