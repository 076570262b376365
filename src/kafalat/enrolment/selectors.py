"""Reads of enrolment: how many families, where, and who of one household is enrolled and paid into what."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from kafalat.enrolment.models import Account, Beneficiary


def enrolled_by_status() -> dict[str, int]:
    """Return enrolled families by status; a status nobody has is absent."""
    return dict(Beneficiary.objects.values_list("status").annotate(Count("id")).order_by())


def enrolled_by_place() -> dict[str, int]:
    """Return enrolled families, exited ones left out, in each place, by the finest place the survey knows."""
    rows = Beneficiary.objects.exclude(status=Beneficiary.Status.EXITED).values_list(
        "family__household__place_id"
    )
    return dict(rows.annotate(Count("id")).order_by())


@dataclass(frozen=True, slots=True)
class EnrolmentView:
    """An enrolled family of a household with its account in use (None where it was closed)."""

    beneficiary: Beneficiary
    account: Account | None


def enrolments_of(household_id: int) -> list[EnrolmentView]:
    """Return the enrolled families of one household, in the order of enrolment."""
    beneficiaries = Beneficiary.objects.filter(family__household_id=household_id).select_related(
        "payee", "family", "run"
    )
    accounts = Account.objects.filter(beneficiary__family__household_id=household_id, closed_on__isnull=True)
    in_use = {account.beneficiary_id: account for account in accounts}
    return [
        EnrolmentView(found, in_use.get(found.pk)) for found in beneficiaries.order_by("enrolled_on", "id")
    ]
