"""Lists from outside: about whom they speak, what they do to a family, and that without one nothing changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date

import duckdb
import pytest

from kafalat.engine.payees import payee_sql
from kafalat.policy.loader import load, shipped
from kafalat.policy.model import Programme

DAY = date(2026, 1, 1)
LISTED_ON = date(2025, 6, 1)
Match = tuple[int, str]  # line of the person, filter


@dataclass(frozen=True)
class Member:
    """A member of household 1."""

    line_no: int
    relationship: str
    sex: str
    spouse_line: int | None = None
    family_id: int = 1
    marital_status: str = "married"
    cnic_status: str = "valid"


HEAD, WIFE = Member(1, "head", "male"), Member(2, "spouse", "female", spouse_line=1)
SON, SONS_WIFE = Member(3, "child", "male", 4, 2), Member(4, "child_in_law", "female", None, 2)
FOUR = [HEAD, WIFE, SON, SONS_WIFE]


@pytest.fixture(scope="module")
def programme() -> Programme:
    return load(shipped())


def families(
    programme: Programme, members: Sequence[Member], matches: Sequence[Match] | None, day: date = DAY
) -> Mapping[int, tuple[int | None, str, list[str]]]:
    """Return payee, reason and what lists say, by family. `matches` None: there is no table of matches."""
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE people (line_no INTEGER, relationship VARCHAR, sex VARCHAR, spouse_line INTEGER, family_id BIGINT, "
            "marital_status VARCHAR, cnic_status VARCHAR, person_id BIGINT, household_id BIGINT, cnic_gender_updated BOOLEAN)"
        )
        rows = [[*astuple(member), member.line_no, 1, False] for member in members]
        connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        connection.execute("CREATE TABLE decisions AS SELECT 1 AS household_id, 'eligible' AS outcome")
        connection.execute(
            "CREATE TABLE matches (person_id BIGINT, household_id BIGINT, filter VARCHAR, list_date DATE)"
        )
        for line, code in matches or ():
            connection.execute("INSERT INTO matches VALUES (?, 1, ?, ?)", [line, code, LISTED_ON])
        named = None if matches is None else "matches"
        found = connection.execute(
            f"SELECT family_id, person_id, reason, filters FROM ({payee_sql(programme, day, 'people', 'decisions', named)})"
        ).fetchall()
    return {family: (person, reason, filters) for family, person, reason, filters in found}


def test_without_a_list_nothing_changes(programme: Programme) -> None:
    paid: dict[int, tuple[int | None, str, list[str]]] = {
        1: (2, "ever_married_woman", []),
        2: (4, "ever_married_woman", []),
    }
    assert families(programme, FOUR, None) == families(programme, FOUR, []) == paid


def test_a_hard_list_suspends_the_family_of_the_payee_or_of_her_husband_and_no_other(
    programme: Programme,
) -> None:
    assert families(programme, FOUR, [(2, "government_employee")]) == {
        1: (None, "government_employee", ["government_employee:self:2025-06-01"]),
        2: (4, "ever_married_woman", []),
    }
    assert families(programme, FOUR, [(1, "government_employee")])[1] == (
        None,
        "government_employee",
        ["government_employee:spouse:2025-06-01"],
    )


@pytest.mark.parametrize(
    ("husband", "wife"),
    [
        (Member(1, "head", "male", 2), Member(2, "other", "female")),
        (Member(1, "head", "male"), Member(2, "other", "female", 1)),
        (Member(1, "head", "male"), Member(2, "spouse", "female")),
        (Member(1, "spouse", "male"), Member(2, "head", "female")),
    ],
    ids=["he names her", "she names him", "spouse of the head", "she is the head"],
)
def test_a_spouse_is_whom_either_side_names_or_the_spouse_of_the_head(
    programme: Programme, husband: Member, wife: Member
) -> None:
    assert families(programme, [husband, wife], [(1, "tax_payer")])[1][2] == ["tax_payer:spouse:2025-06-01"]


def test_a_man_who_is_not_her_husband_does_not_count_against_her(programme: Programme) -> None:
    """Control: the son works for the government; his mother is paid, his own wife is not."""
    found = families(programme, FOUR, [(3, "government_employee")])
    assert found[1] == (2, "ever_married_woman", [])
    assert found[2][0] is None


def test_a_soft_list_asks_and_pays_on_and_everything_that_matched_is_kept(programme: Programme) -> None:
    found = families(
        programme, FOUR, [(2, "vehicle"), (1, "vehicle"), (1, "foreign_travel_once"), (2, "phone_bill")]
    )
    assert found[1] == (
        2,
        "ever_married_woman",
        [
            f"{code}:2025-06-01"
            for code in ("foreign_travel_once:spouse", "phone_bill:self", "vehicle:self", "vehicle:spouse")
        ],
    )


def test_of_several_hard_lists_the_programmes_first_is_the_reason_and_all_are_kept(
    programme: Programme,
) -> None:
    found = families(programme, FOUR, [(2, "government_employee"), (2, "deceased"), (1, "vehicle")])
    assert found[1][:2] == (None, "deceased")
    assert [match.split(":")[0] for match in found[1][2]] == ["deceased", "government_employee", "vehicle"]


def test_a_list_about_the_household_counts_its_members(programme: Programme) -> None:
    two, three = ([(line, "executive_cnic") for line in range(1, most)] for most in (3, 4))
    assert all(not filters for _, _, filters in families(programme, FOUR, two).values())
    assert all(
        filters == ["executive_cnic:household:2025-06-01"]
        for _, _, filters in families(programme, FOUR, three).values()
    )


def test_a_subject_the_filter_does_not_name_does_not_match(programme: Programme) -> None:
    """A husband's death makes a widow; it must not stop her payment."""
    assert families(programme, FOUR, [(1, "deceased")])[1] == (2, "ever_married_woman", [])


def test_a_family_without_a_payee_keeps_the_reason_it_can_mend(programme: Programme) -> None:
    members = [HEAD, Member(2, "spouse", "female", 1, cnic_status="expired")]
    assert families(programme, members, [(1, "government_employee")])[1] == (None, "cnic_expired", [])


def test_a_filter_acts_in_its_time_only(programme: Programme) -> None:
    match = [(2, "government_pension")]
    assert families(programme, FOUR, match, date(2025, 4, 29))[1][2] == []
    assert families(programme, FOUR, match, date(2025, 4, 30))[1][0] is None


def test_a_list_the_programme_does_not_know_changes_nothing(programme: Programme) -> None:
    assert families(programme, FOUR, [(2, "horoscope")]) == families(programme, FOUR, [])
