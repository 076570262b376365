"""Where a person stands with the programme, for the public page: one answer to a CNIC and a form number together.

Whether the CNIC is unknown, the form number is, or the two do not belong together is never told apart: both are
always looked up, and each case gives the same answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from kafalat.core.sealing import Sealer
from kafalat.enrolment.models import Account, Beneficiary
from kafalat.payments.models import Payment
from kafalat.registry.models import Household, Person
from kafalat.registry.selectors import CNIC_PURPOSE
from kafalat.targeting.models import Decision, FamilyPayee

Code = Literal[
    "no_match", "surveyed", "incomplete", "ineligible", "no_payee", "eligible", "waiting", "suspended", "exited",
    "enrolled", "on_its_way", "paid", "came_back",
]  # fmt: skip

_OF_PAYMENT: dict[str, Code] = {
    Payment.Status.SENT: "on_its_way",
    Payment.Status.ACCEPTED: "on_its_way",
    Payment.Status.PAID: "paid",
    Payment.Status.REJECTED: "came_back",
    Payment.Status.RETURNED: "came_back",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """The answer: a code the programme has words for, and what those words need.

    `missing` are fact names, `reasons` codes of the decision or of why nobody in the family can be paid, `bank` is a
    bank's code, `amount_paisa` and `tranche` belong to the newest payment.
    """

    code: Code
    missing: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    decided_at: datetime | None = None
    tranche: str = ""
    amount_paisa: int = 0
    bank: str = ""


NO_MATCH = Standing("no_match")


def standing_of(*, cnic: str, form_number: str, sealer: Sealer, programme_code: str) -> Standing:
    """Return where the person with this CNIC stands, if she lives in the household with this form number.

    `cnic` and `form_number` are canonical (13 digits each).
    """
    sealed = sealer.seal(cnic, CNIC_PURPOSE)
    person = Person.objects.filter(cnic_sealed=sealed).only("family_id", "household_id").first()
    household = Household.objects.filter(form_number=form_number).only("id").first()
    if person is None or household is None or person.household_id != household.pk:
        return NO_MATCH
    beneficiary = _beneficiary(person, programme_code)
    if beneficiary is not None:
        return _of_beneficiary(beneficiary)
    return _of_decision(person, programme_code)


def _beneficiary(person: Person, programme_code: str) -> Beneficiary | None:
    """Return her own family's enrolment, else the first of her household."""
    found = list(
        Beneficiary.objects.filter(
            programme_code=programme_code, family__household_id=person.household_id
        ).order_by("id")
    )
    own = next((entry for entry in found if entry.family_id == person.family_id), None)
    return own or next(iter(found), None)


def _of_beneficiary(beneficiary: Beneficiary) -> Standing:
    if beneficiary.status == Beneficiary.Status.EXITED:
        return Standing("exited")
    if beneficiary.status == Beneficiary.Status.SUSPENDED:
        return Standing("suspended")
    account = Account.objects.filter(beneficiary=beneficiary, closed_on__isnull=True).first()
    bank = account.bank if account else ""
    # What nobody has approved yet is no promise to a family: only payments that were sent are told.
    attempts = Payment.objects.filter(entitlement__beneficiary=beneficiary, status__in=_OF_PAYMENT)
    newest = (
        attempts.select_related("entitlement__cycle")
        .order_by("-entitlement__cycle__tranche", "-attempt")
        .first()
    )
    if newest is None:
        return Standing("enrolled", bank=bank)
    return Standing(
        _OF_PAYMENT[newest.status],
        tranche=newest.entitlement.cycle.tranche,
        amount_paisa=newest.amount_paisa,
        bank=newest.bank,
    )


def _of_decision(person: Person, programme_code: str) -> Standing:
    decisions = Decision.objects.filter(household_id=person.household_id, run__programme_code=programme_code)
    decision = decisions.select_related("run").order_by("-run_id").first()
    if decision is None:
        return Standing("surveyed")
    if decision.outcome == "incomplete":
        return Standing("incomplete", missing=tuple(decision.missing_facts))
    if decision.outcome == "ineligible":
        return Standing("ineligible", reasons=tuple(decision.reasons), decided_at=decision.run.started_at)
    if decision.standing == "waiting":
        return Standing("waiting")
    unpaid = FamilyPayee.objects.filter(
        run_id=decision.run_id, family_id=person.family_id, person__isnull=True
    ).first()
    return Standing("eligible") if unpaid is None else Standing("no_payee", reasons=(unpaid.reason,))
