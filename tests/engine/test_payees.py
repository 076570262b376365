"""Payees: in each family of an eligible household one person by rule, or the reason why nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb
import pytest

from kafalat.engine.payees import payee_sql
from kafalat.policy.loader import load, shipped
from kafalat.policy.model import Programme

DAY = date(2026, 1, 1)


@dataclass(frozen=True)
class Member:
    """A member of family 1 of household 1, unless said otherwise; a man without a card."""

    line_no: int
    sex: str = "male"
    marital_status: str = "married"
    cnic_status: str | None = "missing"
    cnic_gender_updated: bool = False
    family_id: int = 1
    household_id: int = 1
    relationship: str = "other"
    age_years: int = 40


def woman(
    line_no: int,
    marital_status: str = "married",
    cnic_status: str = "valid",
    *,
    family_id: int = 1,
    household_id: int = 1,
) -> Member:
    return Member(
        line_no, "female", marital_status, cnic_status, family_id=family_id, household_id=household_id
    )


def transgender(line_no: int, cnic_status: str = "valid", *, updated: bool) -> Member:
    return Member(line_no, "transgender", "never_married", cnic_status, updated)


@pytest.fixture(scope="module")
def programme() -> Programme:
    return load(shipped())


def payees(
    programme: Programme, members: list[Member], day: date = DAY, outcomes: dict[int, str] | None = None
) -> dict[int, tuple[int | None, str]]:
    """Return by family the line of the payee and the rule, or None and the reason."""
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE people (household_id BIGINT, family_id BIGINT, person_id BIGINT, line_no INTEGER, sex VARCHAR, "
        "marital_status VARCHAR, cnic_status VARCHAR, cnic_gender_updated BOOLEAN, relationship VARCHAR, age_years INTEGER)"
    )
    connection.executemany(
        "INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (m.household_id, m.family_id, m.household_id * 10_000 + m.line_no, m.line_no, m.sex, m.marital_status,
             m.cnic_status, m.cnic_gender_updated, m.relationship, m.age_years)
            for m in members
        ],
    )  # fmt: skip
    connection.execute("CREATE TABLE decisions (household_id BIGINT, outcome VARCHAR)")
    connection.executemany("INSERT INTO decisions VALUES (?, ?)", list((outcomes or {1: "eligible"}).items()))
    found = connection.execute(
        f"SELECT family_id, person_id % 10000, reason FROM ({payee_sql(programme, day, 'people', 'decisions')})"
    ).fetchall()
    assert len({family for family, _, _ in found}) == len(found)
    return {family: (line, reason) for family, line, reason in found}


@pytest.mark.parametrize("marital_status", ["married", "widowed", "divorced"])
def test_a_woman_who_is_or_was_married_and_has_a_valid_card_is_paid(
    programme: Programme, marital_status: str
) -> None:
    assert payees(programme, [Member(1), woman(2, marital_status)]) == {1: (2, "ever_married_woman")}


def test_a_transgender_person_whose_card_shows_it_is_paid(programme: Programme) -> None:
    assert payees(programme, [transgender(1, updated=True)]) == {1: (1, "transgender_person")}


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([Member(1), woman(2, cnic_status="expired")], "cnic_expired"),
        ([Member(1), woman(2, cnic_status="missing")], "cnic_missing"),
        ([transgender(1, updated=False)], "transgender_cnic_not_updated"),
        ([transgender(1, "expired", updated=True)], "cnic_expired"),
        ([transgender(1, "expired", updated=False)], "transgender_cnic_not_updated"),
        ([Member(1, cnic_status="valid")], "no_ever_married_woman"),
        ([Member(1), woman(2, "never_married")], "no_ever_married_woman"),
        # The first reason, in the programme's order, that somebody meets.
        ([woman(1, cnic_status="missing"), woman(2, cnic_status="expired")], "cnic_expired"),
    ],
)
def test_a_family_without_payee_is_told_why(programme: Programme, members: list[Member], reason: str) -> None:
    assert payees(programme, members) == {1: (None, reason)}


def test_every_rule_and_every_reason_of_the_programme_stands_above(programme: Programme) -> None:
    """Whoever adds a rule to the shipped programme adds its case here."""
    assert [rule.code for rule in programme.eligibility.payees] == [
        "ever_married_woman",
        "transgender_person",
    ]
    assert [reason.code for reason in programme.eligibility.no_payee] == [
        "cnic_expired", "cnic_missing", "transgender_cnic_not_updated", "no_ever_married_woman",
    ]  # fmt: skip


def test_one_valid_card_is_enough(programme: Programme) -> None:
    members = [woman(1, cnic_status="expired"), woman(2, cnic_status="missing"), woman(3)]
    assert payees(programme, members) == {1: (3, "ever_married_woman")}


def test_the_first_rule_goes_before_the_first_line(programme: Programme) -> None:
    members = [transgender(1, updated=True), woman(2), woman(3)]
    assert payees(programme, members) == {1: (2, "ever_married_woman")}


def test_the_first_rule_goes_before_any_line_however_high(programme: Programme) -> None:
    """A key of rank times a thousand plus line would pay the transgender person by the woman's rule."""
    members = [transgender(2, updated=True), woman(1500), woman(1600)]
    assert payees(programme, members) == {1: (1500, "ever_married_woman")}


def test_each_family_of_a_household_has_its_own_payee(programme: Programme) -> None:
    members = [Member(1), woman(2), woman(3, "widowed", "expired", family_id=2), Member(4, family_id=3)]
    assert payees(programme, members) == {
        1: (2, "ever_married_woman"),
        2: (None, "cnic_expired"),
        3: (None, "no_ever_married_woman"),
    }


def test_only_families_of_eligible_households_are_listed(programme: Programme) -> None:
    members = [woman(1), woman(1, family_id=2, household_id=2), woman(1, family_id=3, household_id=3)]
    outcomes = {1: "eligible", 2: "ineligible", 3: "incomplete"}
    assert payees(programme, members, outcomes=outcomes) == {1: (1, "ever_married_woman")}


def test_a_rule_pays_from_its_day(programme: Programme) -> None:
    member = [transgender(1, updated=True)]
    assert payees(programme, member, date(2022, 12, 3)) == {1: (1, "transgender_person")}
    assert payees(programme, member, date(2022, 12, 2)) == {1: (None, "no_ever_married_woman")}


def test_before_the_first_rule_nobody_is_paid(programme: Programme) -> None:
    assert payees(programme, [woman(1)], date(2009, 12, 31)) == {1: (None, "no_ever_married_woman")}


def test_a_programme_with_one_reason_alone_gives_it(programme: Programme) -> None:
    last = programme.eligibility.model_copy(update={"no_payee": programme.eligibility.no_payee[-1:]})
    short = programme.model_copy(update={"eligibility": last})
    assert payees(short, [Member(1)]) == {1: (None, "no_ever_married_woman")}
