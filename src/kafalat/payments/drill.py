"""From a sum to the rows behind it, down to one payment; its story is told in `payments/story.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Min, QuerySet, Sum

from kafalat.core.problems import problem
from kafalat.payments.models import Cycle, HeldBack, Payment, PaymentList

# What a list of payments can be narrowed to, by the name it has in an address.
_FIELDS = {
    "cycle": "payment_list__cycle_id",
    "list": "payment_list_id",
    "file": "payment_list__files__id",
    "phase": "payment_list__phase",
    "bank": "bank",
    "part": "part",
    "channel": "channel",
    "status": "status",
    "quarter": "entitlement__quarter",
    "reason": "answer_lines__reason_code",
}
NARROWINGS = tuple(_FIELDS)
_NUMBERS = frozenset({"cycle", "list", "file", "part"})


def narrowed(asked: Mapping[str, str]) -> dict[str, str]:
    """Return what of `asked` narrows a list of payments; what cannot be read narrows nothing."""
    return {
        name: asked[name]
        for name in NARROWINGS
        if asked.get(name) and (name not in _NUMBERS or (asked[name].isdecimal() and len(asked[name]) < 18))
    }


def payments_of(narrowing: Mapping[str, str]) -> QuerySet[Payment]:
    """Return the payments a narrowing leaves, in the order they were made."""
    found = Payment.objects.select_related("payment_list__cycle", "entitlement__beneficiary__family")
    found = found.filter(**{_FIELDS[name]: value for name, value in narrowing.items()})
    if "file" in narrowing:
        found = found.filter(bank=F("payment_list__files__bank"), part=F("payment_list__files__part"))
    return found.distinct().order_by("id") if "reason" in narrowing else found.order_by("id")


@dataclass(frozen=True, slots=True)
class Total:
    """How many rows there are and their sum in paisa."""

    count: int
    amount_paisa: int


def total_of(payments: QuerySet[Payment]) -> Total:
    """Return the number and sum of payments."""
    figures = (
        Payment.objects.filter(pk__in=payments.values("pk"))
        .order_by()
        .aggregate(n=Count("id"), paisa=Sum("amount_paisa"))
    )
    return Total(figures["n"], int(figures["paisa"] or 0))


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a list: the payments of one bank, bank file and channel, and their sum in paisa."""

    bank: str
    part: int
    channel: str
    count: int
    amount_paisa: int


def shares_of(payment_list: PaymentList) -> list[Share]:
    """Return the control sums of a list by bank, part and channel."""
    rows = (
        payment_list.items.values_list("bank", "part", "channel")
        .annotate(n=Count("id"), paisa=Sum("amount_paisa"))
        .order_by("bank", "part", "channel")
    )
    return [Share(*row) for row in rows]


def payment_by_identity(identity: str) -> Payment:
    """Return one payment. Raises the problem `console.not_found`."""
    found = (
        Payment.objects.select_related(
            "payment_list__cycle", "payment_list__maker", "entitlement__beneficiary__family", "account"
        )
        .filter(identity=identity)
        .first()
    )
    if found is None:
        raise problem("console.not_found", what_en=f"payment {identity}", what_ur=f"ادائیگی {identity}")
    return found


@dataclass(frozen=True, slots=True)
class Held:
    """Families held back in one phase for one reason: how many, and since when the oldest waits."""

    phase: str
    reason: str
    count: int
    oldest_at: datetime


def held_by_reason(cycle: Cycle, phase: str = "") -> list[Held]:
    """Return who is held back now, by phase and reason, most first."""
    rows = (
        held_rows(cycle, phase=phase)
        .values_list("phase", "reason")
        .annotate(n=Count("id"), oldest=Min("found_at"))
        .order_by("-n", "phase", "reason")
    )
    return [Held(*row) for row in rows]


def held_rows(cycle: Cycle, *, phase: str = "", reason: str = "") -> QuerySet[HeldBack]:
    """Return the families held back now, longest first, in one phase or all and for one reason or any."""
    found = HeldBack.objects.filter(cycle=cycle, cleared_at__isnull=True)
    if phase:
        found = found.filter(phase=phase)
    if reason:
        found = found.filter(reason=reason)
    return found.select_related("beneficiary__family__household", "beneficiary__payee").order_by(
        "found_at", "id"
    )
