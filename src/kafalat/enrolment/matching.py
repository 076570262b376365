"""Whether a card belongs to the surveyed family: hard findings forbid a change, soft ones are shown to whoever decides.

There is no family register to ask here, so the survey stands in for it: who was not surveyed in the family is nobody of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from kafalat.enrolment.models import Beneficiary
from kafalat.enrolment.payable import ADULT_YEARS
from kafalat.enrolment.titles import similarity
from kafalat.policy.accounts import ChangeRules
from kafalat.registry.models import Person


@dataclass(frozen=True, slots=True)
class Match:
    """What speaks against a change: codes that forbid it, and codes to look at."""

    hard: tuple[str, ...]
    soft: tuple[str, ...]


def match_card(
    *, person: Person, cnic: str, sealed: bytes, name: str, birth_year: int, rules: ChangeRules
) -> Match:
    """Match a card, as printed, to the surveyed person whose number it is said to be."""
    hard, soft = [], []
    if Person.objects.filter(cnic_sealed=sealed).exclude(pk=person.pk).exists():
        hard.append("cnic_of_another")
    if similarity(name, person.name_en) < rules.name_similarity_min:
        hard.append("other_name")
    born = person.household.interviewed_on.year - person.age_years
    if abs(born - birth_year) > rules.birth_years_apart_max:
        hard.append("other_birth_year")
    # The last digit is even for women; cards of transgender people and mistakes make this a hint and no more.
    if person.sex in {"female", "male"} and (int(cnic[-1]) % 2 == 0) != (person.sex == "female"):
        soft.append("other_parity")
    return Match(tuple(hard), tuple(soft))


def match_payee(*, person: Person, sealed: bytes, programme_code: str) -> Match:
    """Match the card a new payee shows to the number the survey has of her, a member of the family."""
    hard, soft = [], []
    if person.cnic_sealed is None or bytes(person.cnic_sealed) != sealed:
        hard.append("cnic_not_of_family")
    if person.age_years < ADULT_YEARS:
        hard.append("not_adult")
    if Beneficiary.objects.filter(programme_code=programme_code, payee=person).exists():
        hard.append("paid_already")
    if person.sex == "male":
        soft.append("payee_is_man")
    return Match(tuple(hard), tuple(soft))
