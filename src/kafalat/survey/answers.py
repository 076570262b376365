"""What synthetic households and people answer: homes, assets, schooling and work that hang together.

Each household has a vector of correlated normals (its standing in every respect, welfare among them); a person's
standing is partly the household's. Uniforms made from them pick the answers from the shares of the stratum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from kafalat.survey.draws import Booleans, Floats, Integers, draw, normal_cdf, table_of
from kafalat.survey.roster import MALE, SEXES, People

SIZES_UP_TO = (2, 4, 6, 8, 11)  # classes of household size in the figures of rooms
ATTEND_FROM, WORK_FROM = 4, 10  # years of age from which the questions are asked
# Figures of one thing that is asked as two questions, the second about those who say yes to the first.
_KINDS = {
    "computers": {"computer": ("desktop", "laptop"), "laptop": ("laptop",)},
    "bovines": {"cattle_buffalo": ("cows", "buffaloes"), "buffaloes": ("buffaloes",)},
}
# Parts of a person's own standing that follow from her schooling.
_OCCUPATION_BY_CLASS, _INTERNET_BY_CLASS = 0.5, 0.4


@dataclass(frozen=True)
class Column:
    """Answers as Arrow values; `asked` says of whom the question is asked (None: of all)."""

    values: pa.Array[Any]
    asked: Booleans | None = None


class AnswerDraws:
    """The figures of answers as tables."""

    def __init__(self, figures: Mapping[str, Any], rng: np.random.Generator) -> None:
        self.rng = rng
        self.strata = tuple(figures["strata"])
        self.names = tuple(figures["copula"]["names"])
        correlation = np.array(figures["copula"]["correlation"])
        self.factor = np.linalg.cholesky(correlation)
        self.by_welfare = correlation[:, self.names.index("welfare")]
        self.answers = figures["answers"]
        self.people = figures["people"]
        self.sharing = figures["sharing"]
        self.disability = figures["disability"]

    def standing(self, shift: Floats) -> dict[str, Floats]:
        """Return each household's standing in every respect; `shift` moves its welfare and all that goes with it."""
        normals = self.rng.standard_normal((len(shift), len(self.names))) @ self.factor.T
        normals += shift[:, None] * self.by_welfare
        return {name: normals[:, number] for number, name in enumerate(self.names)}

    def own(self, shared: Floats, sharing: float, also: Floats | None = None, weight: float = 0.0) -> Floats:
        """Return people's standing: in part their household's, in part (of the rest, `weight`) `also`, else their own."""
        rest = self.rng.standard_normal(len(shared))
        if also is not None:
            rest = weight * also + np.sqrt(1 - weight**2) * rest
        return np.asarray(np.sqrt(sharing) * shared + np.sqrt(1 - sharing) * rest)


def household_columns(
    draws: AnswerDraws, stratum: Integers, sizes: Integers, standing: Mapping[str, Floats]
) -> dict[str, Column]:
    """Return every household answer, in the order of the figures. `sizes` counts each household's members."""
    columns: dict[str, Column] = {}
    owns_land = np.zeros(len(stratum), dtype=np.int64)
    for name, shares in draws.answers.items():
        groups, rows = draws.strata, stratum
        if name == "irrigated_land_acres":  # its own land or another's, so the shares differ by what it owns
            groups = tuple(f"{one},{number}" for one in draws.strata for number in (0, 1))
            rows = stratum * 2 + owns_land
        if name == "rooms":
            # A large household has more rooms, though fewer for each member.
            groups = tuple(
                f"{one},{number}" for one in draws.strata for number in range(len(SIZES_UP_TO) + 1)
            )
            rows = stratum * (len(SIZES_UP_TO) + 1) + np.searchsorted(SIZES_UP_TO, sizes)
        drawn = draw(table_of(shares, groups), rows, normal_cdf(standing[name]))
        if name == "owned_land_acres":
            owns_land = (drawn > 0).astype(np.int64)
        if name in _KINDS:
            kinds = np.array(shares["codes"])[drawn]
            for answer, among in _KINDS[name].items():
                columns[answer] = Column(pa.array(np.isin(kinds, among)))
        else:
            columns[name] = Column(_coded(drawn, shares["codes"]))
    return columns


def _coded(numbers: Integers, codes: list[Any]) -> pa.Array[Any]:
    """Return the codes of the numbers, in the codes' own type."""
    coded: pa.Array[Any] = pa.array(codes).take(numbers)
    return coded


def person_columns(
    draws: AnswerDraws,
    people: People,
    stratum: Integers,
    place: tuple[list[str], list[str]],
    standing: Mapping[str, Floats],
) -> dict[str, Column]:
    """Return every person's answers. `stratum` is each person's; `place` each household's figures' province and region."""
    shared = {name: standing[name][people.home] for name in draws.sharing}
    sex = np.minimum(people.sex, MALE)  # figures are of women and men; who is neither takes men's
    ages = np.array(draws.people["ages"])
    group = np.maximum(np.searchsorted(ages, people.age, side="right") - 1, 0)
    cell = (stratum * 2 + sex) * len(ages) + group
    groups = tuple(
        f"{one},{name},{number}" for one in draws.strata for name in SEXES[:2] for number in range(len(ages))
    )
    learner, worker = people.age >= ATTEND_FROM, people.age >= WORK_FROM

    def flag(name: str, normals: Floats) -> Booleans:
        return np.asarray(draw(table_of(draws.people[name], groups), cell, normal_cdf(normals)) == 1)

    own_class = draws.own(shared["class"], draws.sharing["class"])
    classes = draw(table_of(draws.people["class"], groups), cell, normal_cdf(own_class))
    reads = draw(
        table_of(draws.people["reads"], [str(one) for one in draws.people["classes"]]),
        classes,
        draws.rng.random(len(classes)),
    )
    attends = flag("attends", draws.own(shared["attends"], draws.sharing["attends"])) & learner
    schools = tuple(f"{one},{old}" for one in draws.strata for old in (0, 1))
    school = draw(
        table_of(draws.people["school_type"], schools),
        stratum * 2 + (people.age >= 16),
        normal_cdf(draws.own(shared["private"], draws.sharing["private"])),
    )
    works = flag("works", draws.own(shared["works"], draws.sharing["works"])) & worker
    occupation = _occupation(draws, stratum, sex, shared, own_class)
    status = _work_status(draws, stratum, sex, occupation)
    return {
        "can_read": Column(pa.array(reads == 1), worker),
        "attends_school": Column(pa.array(attends), learner),
        "highest_class": Column(_coded(classes, draws.people["classes"]), learner),
        "school_type": Column(_coded(school, draws.people["schools"]), attends),
        "worked_last_month": Column(pa.array(works), worker),
        "work_status": Column(_coded(status, draws.people["statuses"]), works),
        "occupation": Column(_coded(occupation, draws.people["occupations"]), works),
        "uses_computer": Column(
            pa.array(flag("computer_use", draws.own(shared["computer_use"], draws.sharing["computer_use"]))),
            worker,
        ),
        "uses_mobile": Column(
            pa.array(flag("mobile_use", draws.own(shared["mobile_use"], draws.sharing["mobile_use"]))), worker
        ),
        "uses_internet": Column(
            pa.array(
                flag(
                    "internet_use",
                    draws.own(
                        shared["internet_use"], draws.sharing["internet_use"], own_class, _INTERNET_BY_CLASS
                    ),
                )
            ),
            worker,
        ),
        "disabled": Column(pa.array(_disabled(draws, people, sex, place))),
    }


def _occupation(
    draws: AnswerDraws, stratum: Integers, sex: Integers, shared: Mapping[str, Floats], own_class: Floats
) -> Integers:
    groups = tuple(f"{one},{name}" for one in draws.strata for name in SEXES[:2])
    normals = draws.own(shared["occupation"], draws.sharing["occupation"], own_class, _OCCUPATION_BY_CLASS)
    return draw(table_of(draws.people["occupation"], groups), stratum * 2 + sex, normal_cdf(normals))


def _work_status(draws: AnswerDraws, stratum: Integers, sex: Integers, occupation: Integers) -> Integers:
    regions = ("urban", "rural")
    groups = tuple(
        f"{one},{region},{name}"
        for one in draws.people["occupations"]
        for region in regions
        for name in SEXES[:2]
    )
    rural = np.array([regions.index(one.rpartition("_")[2]) for one in draws.strata])[stratum]
    cell = (occupation * 2 + rural) * 2 + sex
    return draw(table_of(draws.people["work_status"], groups), cell, draws.rng.random(len(cell)))


def _disabled(
    draws: AnswerDraws, people: People, sex: Integers, place: tuple[list[str], list[str]]
) -> Booleans:
    provinces, regions = place
    shares = np.array(
        [
            [draws.disability[f"{province},{region},{name}"] for name in SEXES[:2]]
            for province, region in zip(provinces, regions, strict=True)
        ]
    )
    return np.asarray(draws.rng.random(len(people.home)) < shares[people.home, sex])
