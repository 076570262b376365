"""Who lives in a synthetic household: head, spouse, children, in-laws, parents, siblings, with ages that fit.

Every person is a row of parallel arrays; spouse, father and mother are row numbers until `finish` turns them into
line numbers within the household.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kafalat.survey.draws import Floats, Integers, cumulative, draw, normal_cdf, spread, table_of

RELATIONSHIPS = (
    "head", "spouse", "child", "child_in_law", "grandchild", "parent", "sibling", "sibling_in_law", "nephew_niece",
)  # fmt: skip
SEXES = ("female", "male", "transgender")
MARITAL = ("never_married", "married", "widowed", "divorced")
FEMALE, MALE, TRANSGENDER = range(3)
NEVER, MARRIED, WIDOWED, DIVORCED = range(4)
MOTHER_GAP_MIN, MOTHER_GAP_MAX = 13, 49
FATHER_GAP_MIN = 14
AGE_MAX = 99
NOBODY = -1
_LONE_HEAD = (MARRIED, NEVER, WIDOWED, DIVORCED)
# Share of adults that census 2023 (table 6) and the programme's own counts put at about three in ten thousand.
TRANSGENDER_SHARE = 0.0003


@dataclass(frozen=True)
class People:
    """All people of a chunk, sorted by household; numbers index RELATIONSHIPS, SEXES and MARITAL; 0 stands for no line."""

    home: Integers
    line: Integers
    relationship: Integers
    sex: Integers
    age: Integers
    marital: Integers
    spouse_line: Integers
    father_line: Integers
    mother_line: Integers


@dataclass
class Roster:
    """Households being filled, block by block."""

    rows: int = 0
    parts: dict[str, list[Integers]] = field(default_factory=dict)

    def add(self, home: Integers, relationship: str, **columns: Integers | int) -> Integers:
        """Append people and return their row numbers."""
        values: dict[str, Integers | int] = {
            "home": home, "relationship": RELATIONSHIPS.index(relationship), "marital": NEVER,
            "spouse": NOBODY, "father": NOBODY, "mother": NOBODY, **columns,
        }  # fmt: skip
        for name, value in values.items():
            self.parts.setdefault(name, []).append(np.broadcast_to(value, home.shape).astype(np.int64))
        first, self.rows = self.rows, self.rows + len(home)
        return np.arange(first, self.rows)

    def joined(self) -> dict[str, Integers]:
        """Return each column as one array."""
        return {name: np.concatenate(parts) for name, parts in self.parts.items()}


class FamilyDraws:
    """The family figures as tables, and the draws from them."""

    def __init__(self, figures: Mapping[str, Any], strata: tuple[str, ...], rng: np.random.Generator) -> None:
        self.rng = rng
        self.cores = np.array([[int(part) for part in core.split(",")] for core in figures["cores"]])
        self.core = table_of(figures["core"], strata)
        flags = [
            f"{female},{spouse},{parents},{sons}"
            for female in (0, 1)
            for spouse in (0, 1)
            for parents in (0, 1)
            for sons in (0, 1)
        ]
        self.head_age = table_of(figures["head_age"], flags)
        self.lone_head = table_of(
            figures["lone_head"], [f"{female},{group}" for female in (0, 1) for group in range(4)]
        )
        self.age_gap = cumulative(figures["age_gap"])
        self.children = table_of(
            figures["children"], [f"{stratum},{group}" for stratum in strata for group in range(11)]
        )
        self.grandchildren = table_of(figures["grandchildren"], [str(group) for group in range(7)])
        self.child_age = table_of(figures["child_age"], [str(group) for group in range(11)])
        self.child_male = np.array([figures["child_male"][str(group)][1] for group in range(8)])
        self.daughter_back = cumulative(figures["daughter_back"])
        self.son_gap = cumulative(figures["son_gap"])
        self.parent_gap = table_of(figures["parent_gap"], ["female", "male"])
        self.lone_mother = float(figures["lone_parent_mother"])
        self.siblings = table_of(figures["siblings"], ["1", "2"])
        self.sibling_gap = cumulative(figures["sibling_gap"])

    def uniform(self, count: int) -> Floats:
        """Return fresh uniforms."""
        return self.rng.random(count)

    def gap(self, count: int) -> Integers:
        """Return years by which husbands are older than wives."""
        return draw(self.age_gap, 0, self.uniform(count)) - 5


@dataclass(frozen=True)
class Parents:
    """A couple, or one of it, per position: row numbers and ages; NOBODY and the age it would have for who is missing."""

    father: Integers
    mother: Integers
    father_age: Integers
    mother_age: Integers

    def at(self, positions: Integers) -> Parents:
        """Return the parents of those positions."""
        return Parents(
            *(part[positions] for part in (self.father, self.mother, self.father_age, self.mother_age))
        )

    def fit(self, ages: Integers) -> Integers:
        """Return the ages, moved to where both parents can have had the child."""
        high = np.minimum(self.mother_age - MOTHER_GAP_MIN, self.father_age - FATHER_GAP_MIN)
        return np.clip(
            ages, np.minimum(np.maximum(self.mother_age - MOTHER_GAP_MAX, 0), high), np.maximum(high, 0)
        )


def make_people(draws: FamilyDraws, stratum: Integers, crowded: Floats) -> People:
    """Return the people of each household.

    `stratum` is the number of each household's stratum, `crowded` a normal score: high where children are many.
    """
    rng, homes = draws.rng, np.arange(len(stratum))
    core = draws.cores[draw(draws.core, stratum, draws.uniform(len(homes)))]
    female, spouse, parents, sons, siblings = core.T
    roster = Roster()
    heads, couple = _heads(draws, roster, homes, core)
    eager = 0.9 * crowded + np.sqrt(1 - 0.81) * rng.standard_normal(len(homes))
    lone_bachelor = (spouse == 0) & (roster.parts["marital"][0] == NEVER)
    table_row = stratum * 11 + _mother_group(couple.mother_age)
    count = np.where(lone_bachelor, 0, draw(draws.children, table_row, normal_cdf(eager)))
    owner, number = spread(count)
    _children(draws, roster, "child", owner, (number, count[owner]), couple.at(owner))
    for son in range(1, 4):
        _married_sons(draws, roster, np.flatnonzero(sons >= son), couple, crowded)
    elders = _parents(draws, roster, homes, (parents, couple, female))
    _siblings(draws, roster, siblings, elders, (couple, female, crowded))
    columns = roster.joined()
    for side in ("father", "mother"):
        columns[side][heads] = getattr(elders, side)
    _transgender(rng, columns)
    return finish(columns)


def _heads(draws: FamilyDraws, roster: Roster, homes: Integers, core: Integers) -> tuple[Integers, Parents]:
    """Add heads and spouses. The age of a spouse who is not there is what it would be."""
    female, spouse, parents, sons, _ = core.T
    kind = female * 8 + spouse * 4 + (parents > 0) * 2 + (sons > 0)
    age = (draw(draws.head_age, kind, draws.uniform(len(homes))) + 3) * 5 + draws.rng.integers(
        0, 5, len(homes)
    )
    age = np.clip(age, np.where(sons > 0, 42, 18), np.where(parents > 0, 72, 95))
    alone = draw(draws.lone_head, female * 4 + np.minimum(age // 20, 3), draws.uniform(len(homes)))
    marital = np.where(spouse == 1, MARRIED, np.array(_LONE_HEAD)[alone])
    # A head who has married sons at home was married.
    marital = np.where((sons > 0) & (marital == NEVER), WIDOWED, marital)
    heads = roster.add(homes, "head", sex=np.where(female == 1, FEMALE, MALE), age=age, marital=marital)
    gap = draws.gap(len(homes))
    partner = np.clip(np.where(female == 1, age + gap, age - gap), np.where(sons > 0, 36, 16), 95)
    married = np.flatnonzero(spouse == 1)
    added = roster.add(
        married,
        "spouse",
        sex=np.where(female[married] == 1, MALE, FEMALE),
        age=partner[married],
        marital=MARRIED,
        spouse=heads[married],
    )
    roster.parts["spouse"][0][married] = added
    partners = np.full(len(homes), NOBODY)
    partners[married] = added
    couple = Parents(
        father=np.where(female == 1, partners, heads),
        mother=np.where(female == 1, heads, partners),
        father_age=np.where(female == 1, partner, age),
        mother_age=np.where(female == 1, age, partner),
    )
    return heads, couple


def _mother_group(ages: Integers) -> Integers:
    return np.clip(ages // 5 - 3, 0, 10)


def _children(
    draws: FamilyDraws,
    roster: Roster,
    relationship: str,
    home: Integers,
    place: tuple[Integers, Integers],
    parents: Parents,
) -> Integers:
    """Add never-married children of `parents`; `place` is each child's number among its siblings and how many they are."""
    number, count = place
    # One uniform per share of the range keeps brothers and sisters apart in age.
    uniforms = (number + draws.uniform(len(home))) / np.maximum(count, 1)
    age = parents.fit(draw(draws.child_age, _mother_group(parents.mother_age), uniforms))
    sex = np.where(draws.uniform(len(home)) < draws.child_male[np.minimum(age // 5, 7)], MALE, FEMALE)
    back = draw(draws.daughter_back, 0, draws.uniform(len(home)))
    marital = np.where((age >= 20) & (sex == FEMALE), np.array([NEVER, WIDOWED, DIVORCED])[back], NEVER)
    return roster.add(
        home, relationship, sex=sex, age=age, marital=marital, father=parents.father, mother=parents.mother
    )


def _couple(
    draws: FamilyDraws,
    roster: Roster,
    home: Integers,
    relationship: tuple[str, str],
    age: Integers,
    elders: Parents,
) -> Parents:
    """Add a married man and his wife, and return them as parents."""
    husband = roster.add(
        home, relationship[0], sex=MALE, age=age, marital=MARRIED, father=elders.father, mother=elders.mother
    )
    wife_age = np.clip(age - draws.gap(len(home)), 16, AGE_MAX)
    wife = roster.add(home, relationship[1], sex=FEMALE, age=wife_age, marital=MARRIED, spouse=husband)
    roster.parts["spouse"][-2][:] = wife
    return Parents(husband, wife, age, wife_age)


def _offspring(
    draws: FamilyDraws, roster: Roster, relationship: str, home: Integers, couple: Parents, crowded: Floats
) -> None:
    """Add the children of couples other than the head's."""
    eager = 0.6 * crowded[home] + 0.8 * draws.rng.standard_normal(len(home))
    count = draw(draws.grandchildren, np.minimum(_mother_group(couple.mother_age), 6), normal_cdf(eager))
    owner, number = spread(count)
    _children(draws, roster, relationship, home[owner], (number, count[owner]), couple.at(owner))


def _married_sons(
    draws: FamilyDraws, roster: Roster, home: Integers, couple: Parents, crowded: Floats
) -> None:
    elders = couple.at(home)
    head_age = np.maximum(elders.father_age, elders.mother_age)
    wanted = head_age - (draw(draws.son_gap, 0, draws.uniform(len(home))) + 16)
    age = np.maximum(elders.fit(np.maximum(wanted, 18)), 18)
    own = _couple(draws, roster, home, ("child", "child_in_law"), age, elders)
    _offspring(draws, roster, "grandchild", home, own, crowded)


def _parents(
    draws: FamilyDraws,
    roster: Roster,
    homes: Integers,
    about: tuple[Integers, Parents, Integers],
) -> Parents:
    """Add the head's parents. The ages of who is missing are what they would be."""
    count, couple, female = about
    head_age = np.where(female == 1, couple.mother_age, couple.father_age)
    mother_age = np.minimum(head_age + 14 + draw(draws.parent_gap, 0, draws.uniform(len(homes))), AGE_MAX - 2)
    father_age = np.minimum(head_age + 14 + draw(draws.parent_gap, 1, draws.uniform(len(homes))), AGE_MAX)
    father_age = np.maximum(father_age, np.minimum(mother_age - 3, AGE_MAX))
    lone_mother = (count == 1) & (draws.uniform(len(homes)) < draws.lone_mother)
    has_mother, has_father = (count == 2) | lone_mother, (count == 2) | ((count == 1) & ~lone_mother)
    marital = np.where(count == 2, MARRIED, WIDOWED)
    rows = {}
    for side, has, sex, age in (
        ("mother", has_mother, FEMALE, mother_age),
        ("father", has_father, MALE, father_age),
    ):
        who = np.flatnonzero(has)
        rows[side] = np.full(len(homes), NOBODY)
        rows[side][who] = roster.add(who, "parent", sex=sex, age=age[who], marital=marital[who])
    both = count == 2
    roster.parts["spouse"][-2][both[has_mother]] = rows["father"][both]
    roster.parts["spouse"][-1][both[has_father]] = rows["mother"][both]
    return Parents(rows["father"], rows["mother"], father_age, mother_age)


def _siblings(
    draws: FamilyDraws,
    roster: Roster,
    kind: Integers,
    elders: Parents,
    about: tuple[Parents, Integers, Floats],
) -> None:
    """Add brothers and sisters of the head; of kind 2, the first is a married brother with his family."""
    couple, female, crowded = about
    head_age = np.where(female == 1, couple.mother_age, couple.father_age)
    some = np.flatnonzero(kind > 0)
    count = draw(draws.siblings, kind[some] - 1, draws.uniform(len(some))) + 1
    owner, number = spread(count)
    home = some[owner]
    parents = elders.at(home)
    age = parents.fit(
        np.maximum(head_age[home] - (draw(draws.sibling_gap, 0, draws.uniform(len(home))) - 15), 1)
    )
    brother = (kind[home] == 2) & (number == 0) & (age >= 18)
    own = _couple(
        draws,
        roster,
        home[brother],
        ("sibling", "sibling_in_law"),
        age[brother],
        parents.at(np.flatnonzero(brother)),
    )
    _offspring(draws, roster, "nephew_niece", home[brother], own, crowded)
    single = parents.at(np.flatnonzero(~brother))
    sex = np.where(draws.uniform(int((~brother).sum())) < 0.5, MALE, FEMALE)
    roster.add(
        home[~brother], "sibling", sex=sex, age=age[~brother], father=single.father, mother=single.mother
    )


def _transgender(rng: np.random.Generator, columns: dict[str, Integers]) -> None:
    """Make some never-married adult children and siblings transgender, to the share of all adults."""
    adult = columns["age"] >= 18
    grown = np.isin(columns["relationship"], [RELATIONSHIPS.index("child"), RELATIONSHIPS.index("sibling")])
    able = adult & grown & (columns["marital"] == NEVER)
    share = TRANSGENDER_SHARE * adult.sum() / max(int(able.sum()), 1)
    columns["sex"][able & (rng.random(len(able)) < share)] = TRANSGENDER


def finish(columns: dict[str, Integers]) -> People:
    """Return the people sorted by household, row numbers turned into line numbers from 1."""
    order = np.argsort(columns["home"], kind="stable")
    home = columns["home"][order]
    first = np.searchsorted(home, home, side="left")
    line = np.arange(len(home)) - first + 1
    line_of_row = np.empty(len(home), dtype=np.int64)
    line_of_row[order] = line
    lines = {
        side: np.where(columns[side][order] == NOBODY, 0, line_of_row[columns[side][order]])
        for side in ("spouse", "father", "mother")
    }
    return People(
        home, line, columns["relationship"][order], columns["sex"][order], columns["age"][order],
        columns["marital"][order], lines["spouse"], lines["father"], lines["mother"],
    )  # fmt: skip
