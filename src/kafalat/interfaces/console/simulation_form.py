"""The form of a simulation: its fields from the programme, and the settings a request asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.http import QueryDict
from django.utils.translation import gettext as _

from kafalat.core.money import PAISA_PER_RUPEE
from kafalat.core.quarters import quarter_of
from kafalat.core.text import Bilingual
from kafalat.engine.preparing import hard_filters
from kafalat.engine.proposals import OFF, ON, TODAY, Setting
from kafalat.policy.geography import phases_in_force
from kafalat.policy.model import Phase, Programme, in_force

QUARTERS_OFFERED = 8


@dataclass(frozen=True, slots=True)
class CategoryField:
    """A category: its cut-off in force and as typed, and whether it has effect."""

    code: str
    label: Bilingual
    today: str
    value: str
    on: bool


@dataclass(frozen=True, slots=True)
class AmountField:
    """A component: rupees a quarter in force and as typed."""

    code: str
    label: Bilingual
    today: str
    value: str


@dataclass(frozen=True, slots=True)
class FilterField:
    """A hard filter, and whether it holds families back."""

    code: str
    label: Bilingual
    on: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a list: what is sent, its words, whether it is chosen."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class ProvinceChoices:
    """The districts of one province."""

    label: Bilingual
    districts: tuple[tuple[str, Bilingual, bool], ...]


@dataclass(frozen=True, slots=True)
class PhaseField:
    """A phase: from when it is paid, and its districts where it names districts."""

    code: str
    label: Bilingual
    starts: tuple[Choice, ...]
    provinces: tuple[ProvinceChoices, ...]
    districts: int


@dataclass(frozen=True, slots=True)
class Form:
    """All fields of the page."""

    categories: tuple[CategoryField, ...]
    amounts: tuple[AmountField, ...]
    filters: tuple[FilterField, ...]
    phases: tuple[PhaseField, ...]
    scorecards: tuple[Choice, ...]
    changed: bool


def settings_of(query: QueryDict, programme: Programme, day: date) -> list[Setting]:
    """Return the settings a request asks for; empty fields are as in the programme."""
    found: list[Setting] = []
    for category in programme.eligibility.categories:
        if in_force(category.cutoff, day) is not None:
            if value := query.get(f"cutoff-{category.code}", "").strip():
                found.append(Setting("cutoff", category.code, value))
            if effect := query.get(f"category-{category.code}", ""):
                found.append(Setting("category", category.code, effect))
    found += [
        Setting("amount", component.code, value)
        for component in programme.components
        if (value := query.get(f"amount-{component.code}", "").replace(",", "").strip())
    ]
    found += [
        Setting("filter", code, effect)
        for code in hard_filters(programme, day)
        if (effect := query.get(f"filter-{code}", ""))
    ]
    for phase in phases_in_force(programme, day):
        if value := query.get(f"phase-{phase.code}", ""):
            found.append(Setting("phase", phase.code, value))
        if districts := query.getlist(f"districts-{phase.code}"):
            found.append(Setting("phase", phase.code, ",".join(districts)))
    return found


def form_of(query: QueryDict, programme: Programme, day: date, scorecards: list[str]) -> Form:
    """Return the fields as they stand after `query`."""
    categories = tuple(
        CategoryField(
            code=category.code,
            label=category.label,
            today=f"{dated.value}",
            value=query.get(f"cutoff-{category.code}", "") or f"{dated.value}",
            on=query.get(f"category-{category.code}", ON) != OFF,
        )
        for category in programme.eligibility.categories
        if (dated := in_force(category.cutoff, day)) is not None
    )
    first_day = quarter_of(day).first_day()
    amounts = []
    for component in programme.components:
        amount = programme.amount_paisa(component.code, first_day)
        today = "" if amount is None else f"{amount // PAISA_PER_RUPEE}"
        value = query.get(f"amount-{component.code}", "") or today
        amounts.append(AmountField(component.code, component.label, today, value))
    chosen = query.get("scorecard", "")
    own = programme.scorecard.code
    return Form(
        categories=categories,
        amounts=tuple(amounts),
        filters=tuple(
            FilterField(entry.code, entry.label, query.get(f"filter-{entry.code}", ON) != OFF)
            for entry in programme.filters
            if entry.code in hard_filters(programme, day)
        ),
        phases=tuple(_phase(query, programme, phase, day) for phase in phases_in_force(programme, day)),
        scorecards=(
            Choice("", _("%(code)s (of the run)") % {"code": own}, chosen in {"", own}),
            *(Choice(code, code, code == chosen) for code in scorecards),
        ),
        changed=any(key != "run" for key in query),
    )


def _phase(query: QueryDict, programme: Programme, phase: Phase, day: date) -> PhaseField:
    asked = query.get(f"phase-{phase.code}", ON)
    quarter = quarter_of(day)
    starts = [
        Choice(ON, _("from the start (%(quarter)s)") % {"quarter": quarter}, asked in {ON, str(quarter)})
    ]
    for _number in range(QUARTERS_OFFERED - 1):
        quarter = quarter.following()
        starts.append(
            Choice(str(quarter), _("from %(quarter)s") % {"quarter": quarter}, asked == str(quarter))
        )
    starts.append(Choice(OFF, _("not paid"), asked == OFF))
    levels = {place.pcode: place.level for place in programme.places}
    if any(levels.get(pcode) != "district" for pcode in phase.places):
        return PhaseField(phase.code, phase.label, tuple(starts), (), 0)
    named = set(query.getlist(f"districts-{phase.code}"))
    if not named:
        named = {p for p, code in TODAY.phase_by_place(programme, day).items() if code == phase.code}
    provinces = tuple(
        ProvinceChoices(
            province.name,
            tuple(
                (place.pcode, place.name, place.pcode in named)
                for place in programme.places
                if place.level == "district" and place.parent == province.pcode
            ),
        )
        for province in programme.places
        if province.level == "province"
    )
    count = sum(1 for group in provinces for _code, _name, on in group.districts if on)
    return PhaseField(phase.code, phase.label, tuple(starts), provinces, count)
