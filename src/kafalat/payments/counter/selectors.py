"""What the counter reads: who stands before it, what waits for a supervisor, what a receipt says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from kafalat.core.identifiers import parse_cnic, parse_form_number
from kafalat.core.problems import problem
from kafalat.core.sealing import Sealer
from kafalat.payments.models import Device, DeviceAct, Fallback, Payment, Verification, Withdrawal
from kafalat.registry.selectors import CNIC_PURPOSE

_PAYEE = (
    "entitlement__cycle",
    "entitlement__beneficiary__payee",
    "entitlement__beneficiary__family__household",
    "account",
)


def payments_for(number: str, *, sealer: Sealer) -> Sequence[Payment]:
    """Return the credited payments of the payee with this CNIC, or of the household with this form number; newest first.

    A number that is neither finds nothing. Each has `taken` (False while its money has not been taken out).
    """
    payee = _who(number, sealer)
    if payee is None:
        return []
    found = Payment.objects.filter(payee, status=Payment.Status.PAID).select_related(*_PAYEE)
    return list(
        found.prefetch_related("withdrawals__reversal").order_by("-entitlement__cycle__tranche", "-id")[:20]
    )


def _who(number: str, sealer: Sealer) -> Q | None:
    try:
        cnic = parse_cnic(number)
    except ValueError:
        pass
    else:
        return Q(entitlement__beneficiary__payee__cnic_sealed=sealer.seal(cnic, CNIC_PURPOSE))
    try:
        return Q(entitlement__beneficiary__family__household__form_number=parse_form_number(number))
    except ValueError:
        return None


def taken_paisa(payment: Payment) -> int:
    """Return what was taken out of a payment and not reversed."""
    return sum(each.amount_paisa for each in payment.withdrawals.all() if not hasattr(each, "reversal"))


def active_devices() -> QuerySet[Device]:
    """Return the devices that may be used, by serial."""
    return Device.objects.filter(status=Device.Status.ACTIVE).select_related("place").order_by("serial")


def verification_by_id(verification_id: int) -> Verification:
    """Return a verification with its payment and payee. Raises the problem `counter.unknown`."""
    related = [f"payment__{path}" for path in _PAYEE]
    found = (
        Verification.objects.select_related("device__place", "operator", *related)
        .prefetch_related("tries", "fallbacks__answer__supervisor")
        .filter(pk=verification_id)
        .first()
    )
    if found is None:
        raise problem(
            "counter.unknown", what_en=f"verification {verification_id}", what_ur=f"تصدیق {verification_id}"
        )
    return found


def fallbacks_waiting(at: datetime) -> QuerySet[Fallback]:
    """Return the fallbacks nobody has answered while their verification lasts, oldest first."""
    found = Fallback.objects.filter(answer__isnull=True, verification__until__gte=at)
    related = (
        "operator",
        "verification__device__place",
        "verification__payment__entitlement__beneficiary__payee",
    )
    return found.select_related(*related).prefetch_related("verification__tries").order_by("at", "id")


def withdrawal_by_id(withdrawal_id: int) -> Withdrawal:
    """Return a withdrawal made at a counter of ours. Raises the problem `counter.unknown`."""
    related = [f"payment__{path}" for path in _PAYEE]
    found = (
        Withdrawal.objects.select_related("device__place", "reversal", "authorisation", *related)
        .filter(pk=withdrawal_id, authorisation__isnull=False)
        .first()
    )
    if found is None:
        raise problem("counter.unknown", what_en=f"receipt {withdrawal_id}", what_ur=f"رسید {withdrawal_id}")
    return found


def receipt_of(*, reference: str, check_code: str) -> Withdrawal | None:
    """Return the withdrawal a woman asks about with her receipt's number and code, or None where the two do not belong together."""
    if not check_code:
        return None
    found = Withdrawal.objects.select_related("device__place", "payment", "reversal")
    return found.filter(reference=reference.strip().upper(), check_code=check_code.strip()).first()


def unblock_requests(device_id: int) -> QuerySet[DeviceAct]:
    """Return the requests to open a device again that were made since it was last blocked and not answered."""
    last = DeviceAct.objects.filter(device_id=device_id, act=DeviceAct.Act.BLOCK).order_by("-id").first()
    found = DeviceAct.objects.filter(device_id=device_id, act=DeviceAct.Act.ASK, answer__isnull=True)
    return found.filter(pk__gt=last.pk if last else 0).select_related("by").order_by("id")
