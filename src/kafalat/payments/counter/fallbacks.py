"""A second person's answer to a fallback, within what one operator may have of them."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.timezone import get_current_timezone

from kafalat.audit import services as audit
from kafalat.core.problems import problem
from kafalat.payments.counter.access import access_supervising
from kafalat.payments.counter.verifying import local_day, rules_on
from kafalat.payments.models import Fallback, FallbackAnswer, Verification
from kafalat.policy.model import Programme
from kafalat.policy.verification import FallbackLimits
from kafalat.registry import bulk

_LOCK = 0x4B41_0007


def answer_fallback(
    *, fallback_id: int, granted: bool, reason: str, programme: Programme, user: User, at: datetime
) -> FallbackAnswer:
    """Grant or refuse a fallback. A refusal takes a reason; a grant takes one of the operator's of the day.

    Raises `counter.unknown`, `counter.own_fallback`, `counter.session_over`, `counter.step_refused` (answered already),
    `counter.reason_missing` and `counter.too_many_fallbacks`.
    """
    access_supervising(user)
    if not granted and not reason.strip():
        raise problem("counter.reason_missing")
    asked = Fallback.objects.select_related("verification", "operator").filter(pk=fallback_id).first()
    if asked is None:
        raise problem("counter.unknown", what_en=f"request {fallback_id}", what_ur=f"درخواست {fallback_id}")
    if asked.operator_id == user.pk:
        raise problem("counter.own_fallback")
    if at > asked.verification.until:
        raise problem("counter.session_over")
    limits = rules_on(programme, local_day(asked.verification.started_at)).fallbacks
    with transaction.atomic():
        # Counting and granting is one act for each operator: two supervisors at once cannot pass the limit together.
        bulk.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, asked.operator_id])
        slot = _slot(asked, limits, at) if granted else None
        answer = _answer(asked, granted, slot, limits, reason.strip(), user, at)
        audit.record(
            at=at,
            actor=user.get_username(),
            action="fallback_granted" if granted else "fallback_refused",
            object_kind="verification",
            object_id=asked.verification_id,
            detail={"means": asked.means, "operator": asked.operator.get_username(), "reason": answer.reason},
        )
    return answer


def _slot(asked: Fallback, limits: FallbackLimits, at: datetime) -> int:
    """Return the operator's next free place of the day, or refuse."""
    day = local_day(at)
    granted = FallbackAnswer.objects.filter(operator_id=asked.operator_id, granted=True)
    today = granted.filter(day=day).count()
    verified = Verification.objects.filter(
        operator_id=asked.operator_id,
        started_at__gte=datetime.combine(day, time(), get_current_timezone()),
        started_at__lte=at,
    ).count()
    if today >= limits.per_day:
        raise _too_many(asked, f"{limits.per_day} a day", f"روزانہ {limits.per_day}")
    if verified >= limits.share_from and (today + 1) * 100 > limits.share_pct * verified:
        raise _too_many(
            asked,
            f"{limits.share_pct} of 100 verifications",
            f"ہر 100 میں سے {limits.share_pct} تصدیقیں",
        )
    if granted.filter(at__gt=at - timedelta(seconds=limits.seconds_between)).exists():
        seconds = limits.seconds_between
        raise _too_many(asked, f"one in {seconds} seconds", f"{seconds} سیکنڈ میں ایک")
    return today + 1


def _too_many(asked: Fallback, reason_en: str, reason_ur: str) -> Exception:
    return problem(
        "counter.too_many_fallbacks",
        operator=asked.operator.get_username(),
        reason_en=reason_en,
        reason_ur=reason_ur,
    )


def _answer(
    asked: Fallback,
    granted: bool,
    slot: int | None,
    limits: FallbackLimits,
    reason: str,
    user: User,
    at: datetime,
) -> FallbackAnswer:
    try:
        with transaction.atomic():
            return FallbackAnswer.objects.create(
                fallback=asked,
                operator_id=asked.operator_id,
                supervisor=user,
                granted=granted,
                day=local_day(at),
                slot=slot,
                slots=limits.per_day,
                reason=reason,
                at=at,
            )
    except IntegrityError as error:
        raise problem("counter.step_refused") from error
