"""Decisions: what is unknown holds a household up only where it matters, and then it is named."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafalat.policy.loader import load, shipped
from kafalat.policy.model import Fact, Programme, Scorecard
from tests.engine.tables import Row, Value, answers, decide, deciding_facts
from tests.policy.folder import write

DAY = date(2026, 1, 1)
WITHIN, HIGHER, ABOVE = "score_within_general", "score_within_disability", "score_above_cutoff"


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    """The small programme (cut-offs 32 and 37, more than 12 acres excluded) with a scorecard in which a room is a point."""
    small = load(write(tmp_path_factory.mktemp("programme")))
    bins = [{"from": n, "to": n, "points": n} for n in range(61)]
    card = Scorecard.model_validate(
        small.scorecard.model_dump(by_alias=True)
        | {"base_points": 0, "terms": [{"fact": "rooms", "bins": bins}]}
    )
    return small.model_copy(update={"scorecard": card})


def household(score: int | None, disabled: int | None, acres: float | None) -> Row:
    return {"rooms": score, "disabled_members": disabled, "owned_land_acres": acres}


def one(
    connection: duckdb.DuckDBPyConnection, programme: Programme, row: Row, day: date = DAY
) -> dict[str, Any]:
    return decide(connection, programme, day, [row])[0]


@pytest.mark.parametrize(
    ("score", "disabled", "acres", "outcome", "category", "reasons", "missing"),
    [
        # Known answers: at the cut-off is within, one point more is above.
        (20, 0, 1, "eligible", "general", [WITHIN], []),
        (32, 0, 1, "eligible", "general", [WITHIN], []),
        (33, 0, 1, "ineligible", "general", [ABOVE], []),
        (20, 1, 1, "eligible", "general", [WITHIN, HIGHER], []),
        (33, 1, 1, "eligible", "disability", [HIGHER], []),
        (37, 2, 1, "eligible", "disability", [HIGHER], []),
        (38, 1, 1, "ineligible", "disability", [ABOVE], []),
        # Disability unknown: it matters between the two cut-offs alone.
        (32, None, 1, "eligible", "general", [WITHIN], []),
        (33, None, 1, "incomplete", None, ["missing_facts"], ["disabled_members"]),
        (37, None, 1, "incomplete", None, ["missing_facts"], ["disabled_members"]),
        (38, None, 1, "ineligible", "general", [ABOVE], []),
        # Land: more than 12 acres excludes whatever the score; unknown land matters for those selected.
        (20, 0, 12, "eligible", "general", [WITHIN], []),
        (20, 0, 12.5, "ineligible", "general", ["much_land"], []),
        (35, 1, 20, "ineligible", "disability", ["much_land"], []),
        (60, 0, 20, "ineligible", "general", ["much_land", ABOVE], []),
        (20, 0, None, "incomplete", None, ["missing_facts"], ["owned_land_acres"]),
        (60, 0, None, "ineligible", "general", [ABOVE], []),
        (20, None, None, "incomplete", None, ["missing_facts"], ["owned_land_acres"]),
        (35, None, None, "incomplete", None, ["missing_facts"], ["owned_land_acres", "disabled_members"]),
        # No score.
        (None, 0, 1, "incomplete", None, ["missing_facts"], ["rooms"]),
        (
            None,
            None,
            None,
            "incomplete",
            None,
            ["missing_facts"],
            ["rooms", "owned_land_acres", "disabled_members"],
        ),
        (None, None, 20, "ineligible", "general", ["much_land"], []),
    ],
)
def test_each_combination_of_known_and_unknown(
    connection: duckdb.DuckDBPyConnection,
    programme: Programme,
    score: int | None,
    disabled: int | None,
    acres: float | None,
    outcome: str,
    category: str | None,
    reasons: list[str],
    missing: list[str],
) -> None:
    assert one(connection, programme, household(score, disabled, acres)) == {
        "outcome": outcome,
        "category": category,
        "reasons": reasons,
        "missing_facts": missing,
        "score": score,
    }


def test_control_taking_unknown_for_no_would_refuse_a_family_that_is_eligible(
    connection: duckdb.DuckDBPyConnection, programme: Programme
) -> None:
    guessed = one(connection, programme, household(35, 0, 1))
    true = one(connection, programme, household(35, 1, 1))
    assert (guessed["outcome"], true["outcome"]) == ("ineligible", "eligible")


def test_an_answer_no_bin_has_is_named_as_missing(
    connection: duckdb.DuckDBPyConnection, programme: Programme
) -> None:
    """It earned no points: an incomplete household always names what would complete it."""
    decision = one(connection, programme, household(70, 0, 1))
    assert (decision["outcome"], decision["missing_facts"]) == ("incomplete", ["rooms"])


def with_exclusion(programme: Programme, criterion: str) -> Programme:
    exclusion = programme.eligibility.exclusions[0].model_copy(update={"criterion": criterion})
    return programme.model_copy(
        update={"eligibility": programme.eligibility.model_copy(update={"exclusions": (exclusion,)})}
    )


def test_case_in_a_criterion_does_not_swallow_a_missing_fact(
    connection: duckdb.DuckDBPyConnection, programme: Programme
) -> None:
    criterion = "CASE WHEN owned_land_acres > 12 THEN true ELSE false END"
    decision = one(connection, with_exclusion(programme, criterion), household(20, 0, None))
    assert (decision["outcome"], decision["missing_facts"]) == ("incomplete", ["owned_land_acres"])


def test_control_sql_takes_the_unknown_for_no_in_a_case(connection: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT CASE WHEN NULL::DOUBLE > 12 THEN true ELSE false END"
    assert connection.execute(query).fetchall() == [(False,)]


@pytest.mark.parametrize(
    ("acres", "television", "outcome"),
    [(20, None, "ineligible"), (None, True, "ineligible"), (1, None, "incomplete"), (1, False, "eligible")],
)
def test_one_known_half_of_a_criterion_may_be_enough(
    connection: duckdb.DuckDBPyConnection,
    programme: Programme,
    acres: float | None,
    television: bool | None,
    outcome: str,
) -> None:
    either = with_exclusion(programme, "owned_land_acres > 12 OR television")
    row = {**household(20, 0, acres), "television": television}
    assert one(connection, either, row)["outcome"] == outcome


@pytest.mark.parametrize(
    ("day", "score", "outcome"),
    [
        (date(2019, 12, 31), 17, "ineligible"),  # the cut-off was 16.17
        (date(2019, 12, 31), 16, "eligible"),
        (date(2020, 1, 1), 17, "eligible"),
        (date(2009, 12, 31), 0, "ineligible"),  # before the programme began nobody was
    ],
)
def test_the_cutoff_is_the_one_of_the_day(
    connection: duckdb.DuckDBPyConnection, programme: Programme, day: date, score: int, outcome: str
) -> None:
    assert one(connection, programme, household(score, 0, 1), day)["outcome"] == outcome


def test_before_the_first_cutoff_no_category_decides(
    connection: duckdb.DuckDBPyConnection, programme: Programme
) -> None:
    decision = one(connection, programme, household(None, None, None), date(2009, 12, 31))
    assert (decision["outcome"], decision["category"], decision["reasons"]) == ("ineligible", None, [ABOVE])


def test_an_exclusion_holds_from_its_day(connection: duckdb.DuckDBPyConnection, programme: Programme) -> None:
    row = household(10, 0, 20)
    assert one(connection, programme, row, date(2019, 12, 23))["outcome"] == "eligible"
    assert one(connection, programme, row, date(2019, 12, 24))["outcome"] == "ineligible"


# ---- what is missing, for any household ------------------------------------------------------------------------


def rows_of(facts: list[Fact]) -> st.SearchStrategy[dict[str, Value]]:
    """Return households most of whose answers are known, so that every outcome occurs."""
    gap = st.integers(0, 9).map(lambda die: die == 0)
    return st.fixed_dictionaries(
        {f.name: st.tuples(gap, answers(f)).map(lambda drawn: None if drawn[0] else drawn[1]) for f in facts}
    )


@pytest.fixture(scope="module", params=["small", "shipped"])
def any_programme(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Programme:
    folder: Path = shipped() if request.param == "shipped" else write(tmp_path_factory.mktemp("programme"))
    return load(folder)


def filled(row: Mapping[str, Value], names: list[str], facts: list[Fact], data: st.DataObject) -> Row:
    """Return the household with these answers given."""
    return {**row, **{f.name: data.draw(answers(f), label=f.name) for f in facts if f.name in names}}


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_an_answer_that_is_not_asked_for_changes_nothing(
    connection: duckdb.DuckDBPyConnection, any_programme: Programme, data: st.DataObject
) -> None:
    facts = deciding_facts(any_programme)
    rows = data.draw(st.lists(rows_of(facts), min_size=1, max_size=15))
    decisions = decide(connection, any_programme, DAY, rows)
    later = []
    for row, decision in zip(rows, decisions, strict=True):
        idle = [
            name for name, value in row.items() if value is None and name not in decision["missing_facts"]
        ]
        later.append(filled(row, idle, facts, data))
    outcomes = [decision["outcome"] for decision in decide(connection, any_programme, DAY, later)]
    assert outcomes == [decision["outcome"] for decision in decisions]


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_an_incomplete_household_is_decided_once_it_answers_what_it_is_asked(
    connection: duckdb.DuckDBPyConnection, any_programme: Programme, data: st.DataObject
) -> None:
    facts = deciding_facts(any_programme)
    rows = data.draw(st.lists(rows_of(facts), min_size=1, max_size=15))
    decisions = decide(connection, any_programme, DAY, rows)
    for decision in decisions:
        assert (decision["outcome"] == "incomplete") == bool(decision["missing_facts"])
        assert decision["reasons"]
    later = [filled(r, d["missing_facts"], facts, data) for r, d in zip(rows, decisions, strict=True)]
    assert "incomplete" not in [d["outcome"] for d in decide(connection, any_programme, DAY, later)]
