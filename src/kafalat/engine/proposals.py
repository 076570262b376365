"""What a simulation tries: other cut-offs, amounts, categories, filters and phases, read from `code=value` texts and checked.

A proposal holds only what differs from the programme in force on the day of the run: an empty one is today.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from kafalat.core.money import PAISA_PER_RUPEE
from kafalat.core.problems import Problem, problem
from kafalat.core.quarters import Quarter, parse_quarter, quarter_of
from kafalat.core.text import Bilingual
from kafalat.policy.findings import nearest
from kafalat.policy.geography import nearest as nearest_area
from kafalat.policy.geography import phases_in_force
from kafalat.policy.model import Category, Programme, in_force

Kind = Literal["cutoff", "amount", "category", "filter", "phase"]
KINDS: dict[Kind, Bilingual] = {
    "cutoff": Bilingual(en="category", ur="زمرہ"),
    "amount": Bilingual(en="component", ur="جزو"),
    "category": Bilingual(en="category", ur="زمرہ"),
    "filter": Bilingual(en="hard filter", ur="سخت چھان بین"),
    "phase": Bilingual(en="phase", ur="مرحلہ"),
}
ON, OFF = "on", "off"
HORIZON_QUARTERS_MAX = 40
_CUTOFF = re.compile(r"\A\d{1,3}(\.\d{1,2})?\Z", re.ASCII)
_RUPEES = re.compile(r"\A[1-9]\d{0,7}\Z", re.ASCII)
_RUPEES_MAX = 10_000_000
_SCORE_MAX = 100
_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩٫", "01234567890123456789.", "٬,")
_EXPECTED: dict[Kind, Bilingual] = {
    "cutoff": Bilingual(
        en="a score from 0 to 100, with at most two decimals",
        ur="0 سے 100 تک کا اسکور، زیادہ سے زیادہ دو اعشاریہ",
    ),
    "amount": Bilingual(
        en="whole rupees a quarter, from 1 to 10,000,000", ur="سہ ماہی کے پورے روپے، 1 سے 10,000,000 تک"
    ),
    "category": Bilingual(en="on or off", ur="on یا off"),
    "filter": Bilingual(en="on or off", ur="on یا off"),
    "phase": Bilingual(
        en="off, a quarter not before that of the run (as in 2026Q4), or P-codes of districts (as in PK617,PK633)",
        ur="off، دورِ انتخاب کی سہ ماہی یا بعد کی کوئی سہ ماہی (جیسے 2026Q4)، یا اضلاع کے P-code (جیسے PK617,PK633)",
    ),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One change as people write it: which kind, the code it is about, and the value."""

    kind: Kind
    code: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind} {self.code}={self.value}"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Changes against the programme in force. A phase that starts at None is not paid at all.

    `phase_places` replaces the districts of a phase; `settings` are the same changes as texts, in a fixed order.
    """

    cutoffs: Mapping[str, Decimal] = field(default_factory=dict)
    amounts_paisa: Mapping[str, int] = field(default_factory=dict)
    categories_off: frozenset[str] = frozenset()
    filters_off: frozenset[str] = frozenset()
    phase_starts: Mapping[str, Quarter | None] = field(default_factory=dict)
    phase_places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settings: tuple[Setting, ...] = ()

    def cutoff(self, category: Category, day: date) -> Decimal | None:
        """Return the cut-off of a category under the proposal, or None where it selects nobody."""
        dated = in_force(category.cutoff, day)
        if category.code in self.categories_off:
            return None
        return self.cutoffs.get(category.code, None if dated is None else dated.value)

    def amount_paisa(self, programme: Programme, day: date) -> int | None:
        """Return what a family is paid for the quarter of `day`, or None where some component has no amount then."""
        total = 0
        for component in programme.components:
            amount = self.amounts_paisa.get(component.code, programme.amount_paisa(component.code, day))
            if amount is None:
                return None
            total += amount
        return total

    def phase_by_place(self, programme: Programme, day: date) -> dict[str, str]:
        """Return the code of each place's phase; places of none are left out. What the proposal names comes first."""
        named = {
            pcode: phase.code
            for phase in phases_in_force(programme, day)
            for pcode in phase.places
            if phase.code not in self.phase_places
        }
        named.update({pcode: code for code, places in self.phase_places.items() for pcode in places})
        return nearest_area(programme.places, named)


TODAY = Proposal()


def setting(kind: Kind, text: str) -> Setting:
    """Return the setting written as `code=value`. Raises the problem `simulation.setting_invalid`."""
    code, equals, value = text.partition("=")
    if not (code.strip() and equals and value.strip()):
        raise problem("simulation.setting_invalid", option=f"--{kind}", text=text)
    return Setting(kind, code.strip(), value.strip())


def propose(settings: Iterable[Setting], programme: Programme, day: date) -> Proposal:
    """Return the proposal these settings make; what is as in the programme is left out.

    A later setting of the same code wins, but a phase may have districts and a quarter. Raises the problems
    `simulation.name_unknown`, `simulation.value_invalid`, `simulation.place_unknown` and `simulation.district_twice`.
    """
    reader = _Reader(programme, day)
    for each in settings:
        reader.read(each)
    return reader.proposal()


class _Reader:
    """Reads settings one by one."""

    def __init__(self, programme: Programme, day: date) -> None:
        self._programme, self._day = programme, day
        self._categories = {category.code: category for category in programme.eligibility.categories}
        self._components = [component.code for component in programme.components]
        self._phases = {phase.code: phase for phase in phases_in_force(programme, day)}
        self._cutoffs: dict[str, Decimal] = {}
        self._amounts: dict[str, int] = {}
        self._filters = [
            entry.code for entry in programme.filters if entry.kind == "hard" and entry.covers(day)
        ]
        self._off: dict[str, set[str]] = {"category": set(), "filter": set()}
        self._starts: dict[str, Quarter | None] = {}
        self._places: dict[str, tuple[str, ...]] = {}

    def read(self, each: Setting) -> None:
        """Take in one setting."""
        if each.kind == "cutoff":
            self._known(each, self._categories)
            self._cutoffs[each.code] = _cutoff(each)
        elif each.kind == "amount":
            self._known(each, self._components)
            self._amounts[each.code] = _paisa(each)
        elif each.kind in self._off:
            self._known(each, self._categories if each.kind == "category" else self._filters)
            if each.value not in {ON, OFF}:
                raise _invalid(each)
            off = self._off[each.kind]
            off.add(each.code) if each.value == OFF else off.discard(each.code)
        else:
            self._known(each, self._phases)
            self._phase(each)

    def _known(self, each: Setting, names: Iterable[str]) -> None:
        if each.code in names:
            return
        hint = nearest(each.code, names)
        kind = KINDS[each.kind]
        raise problem(
            "simulation.name_unknown",
            name=each.code,
            kind_en=kind.en,
            kind_ur=kind.ur,
            known=", ".join(names) or "-",
            nearest_en=f" Nearest valid name: '{hint}'." if hint else "",
            nearest_ur=f" قریب ترین درست نام: «{hint}»۔" if hint else "",
        )

    def _phase(self, each: Setting) -> None:
        if each.value in {ON, OFF}:
            self._starts[each.code] = None if each.value == OFF else quarter_of(self._day)
            return
        try:
            quarter = parse_quarter(each.value)
        except ValueError:
            self._places[each.code] = self._districts(each)
            return
        first = quarter_of(self._day)
        if not 0 <= _distance(first, quarter) < HORIZON_QUARTERS_MAX:
            raise _invalid(each)
        self._starts[each.code] = quarter

    def _districts(self, each: Setting) -> tuple[str, ...]:
        known = {place.pcode for place in self._programme.places}
        codes = tuple(dict.fromkeys(code.strip() for code in each.value.split(",") if code.strip()))
        if not codes or not all(code.isascii() and code.isalnum() and code.isupper() for code in codes):
            raise _invalid(each)
        for code in codes:
            if code not in known:
                raise problem("simulation.place_unknown", phase=each.code, pcode=code)
        return codes

    def proposal(self) -> Proposal:
        """Return what was read, without what is as in the programme."""
        seen: dict[str, str] = {}
        for phase, codes in self._places.items():
            for code in codes:
                if seen.setdefault(code, phase) != phase:
                    raise problem("simulation.district_twice", pcode=code, first=seen[code], second=phase)
        day, first = self._day, quarter_of(self._day)
        cutoffs = {
            code: value
            for code, value in sorted(self._cutoffs.items())
            if value != self._programme.cutoff(code, day) and code not in self._off["category"]
        }
        amounts = {
            code: paisa
            for code, paisa in sorted(self._amounts.items())
            if paisa != self._programme.amount_paisa(code, day)
        }
        starts = {code: quarter for code, quarter in sorted(self._starts.items()) if quarter != first}
        places = {
            code: tuple(sorted(codes))
            for code, codes in sorted(self._places.items())
            if set(codes) != set(self._phases[code].places)
        }
        return Proposal(
            cutoffs=cutoffs,
            amounts_paisa=amounts,
            categories_off=frozenset(self._off["category"]),
            filters_off=frozenset(self._off["filter"]),
            phase_starts=starts,
            phase_places=places,
            settings=tuple(
                [Setting("cutoff", code, f"{value}") for code, value in cutoffs.items()]
                + [Setting("amount", code, f"{paisa // PAISA_PER_RUPEE}") for code, paisa in amounts.items()]
                + [Setting("category", code, OFF) for code in sorted(self._off["category"])]
                + [Setting("filter", code, OFF) for code in sorted(self._off["filter"])]
                + [Setting("phase", code, OFF if at is None else str(at)) for code, at in starts.items()]
                + [Setting("phase", code, ",".join(codes)) for code, codes in places.items()]
            ),
        )


def _cutoff(each: Setting) -> Decimal:
    text = each.value.translate(_DIGITS)
    if not _CUTOFF.match(text) or Decimal(text) > _SCORE_MAX:
        raise _invalid(each)
    return Decimal(text)


def _paisa(each: Setting) -> int:
    text = each.value.translate(_DIGITS)
    if not _RUPEES.match(text) or int(text) > _RUPEES_MAX:
        raise _invalid(each)
    return int(text) * PAISA_PER_RUPEE


def _invalid(each: Setting) -> Problem:
    expected = _EXPECTED[each.kind]
    return problem(
        "simulation.value_invalid",
        name=f"{each.kind} {each.code}",
        value=each.value,
        expected_en=expected.en,
        expected_ur=expected.ur,
    )


def _distance(first: Quarter, second: Quarter) -> int:
    """Return how many quarters after `first` the second comes."""
    return 4 * (second.year - first.year) + second.number - first.number
