"""The synthesiser: families that can exist, figures that are met, the same seed the same population."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafalat.core.problems import Problem
from kafalat.engine.derive import household_facts_sql
from kafalat.policy.loader import load, shipped
from kafalat.policy.model import Programme
from kafalat.survey.checks import Origin, check
from kafalat.survey.draws import cumulative, draw, normal_cdf, normal_quantile, spread
from kafalat.survey.synthesis import synthesise
from kafalat.survey.tables import SurveyTables

PROGRAMME = load(shipped())
HOUSEHOLDS = 6_000


def drawn(households: int, seed: int) -> SurveyTables:
    return synthesise(households, seed, programme=PROGRAMME, connection=duckdb.connect())


def rows(tables: SurveyTables, query: str) -> list[tuple[object, ...]]:
    return tables.connection.cursor().execute(query).fetchall()


def one(tables: SurveyTables, query: str) -> float:
    ((value,),) = rows(tables, query)
    assert isinstance(value, int | float)
    return float(value)


@pytest.fixture(scope="module")
def population() -> SurveyTables:
    return drawn(HOUSEHOLDS, 2)


# Each query counts people or households that cannot be.
IMPOSSIBLE = {
    "a household without exactly one head": "SELECT count(*) FROM (SELECT household_key FROM people GROUP BY 1 HAVING count(*) FILTER (WHERE relationship = 'head') <> 1)",
    "a spouse who does not answer": """SELECT count(*) FROM people a LEFT JOIN people b ON a.household_key = b.household_key AND a.spouse_line = b.line_no
        WHERE a.spouse_line IS NOT NULL AND (b.spouse_line IS DISTINCT FROM a.line_no OR a.sex = b.sex OR b.marital_status <> 'married')""",
    "a mother of the wrong age or sex": """SELECT count(*) FROM people c LEFT JOIN people m ON c.household_key = m.household_key AND c.mother_line = m.line_no
        WHERE c.mother_line IS NOT NULL AND (m.sex IS DISTINCT FROM 'female' OR m.age_years - c.age_years NOT BETWEEN 13 AND 49)""",
    "a father of the wrong age or sex": """SELECT count(*) FROM people c LEFT JOIN people f ON c.household_key = f.household_key AND c.father_line = f.line_no
        WHERE c.father_line IS NOT NULL AND (f.sex IS DISTINCT FROM 'male' OR f.age_years - c.age_years < 14)""",
    "a married child": "SELECT count(*) FROM people WHERE marital_status <> 'never_married' AND age_years < 16",
    "a head or spouse under 16": "SELECT count(*) FROM people WHERE relationship IN ('head', 'spouse') AND age_years < 16",
    "a transgender child": "SELECT count(*) FROM people WHERE sex = 'transgender' AND age_years < 18",
    "lines that do not count from 1": "SELECT count(*) FROM (SELECT household_key FROM people GROUP BY 1 HAVING max(line_no) <> count(*) OR min(line_no) <> 1)",
    "a reading toddler": "SELECT count(*) FROM people WHERE age_years < 10 AND (can_read IS NOT NULL OR worked_last_month IS NOT NULL)",
    "a school of who attends none": "SELECT count(*) FROM people WHERE school_type IS NOT NULL AND NOT attends_school",
}  # fmt: skip


@given(seed=st.integers(0, 2**32 - 1), households=st.integers(1, 400))
@settings(max_examples=25, deadline=None)
def test_no_seed_draws_a_family_that_cannot_be(seed: int, households: int) -> None:
    tables = drawn(households, seed)
    for what, query in IMPOSSIBLE.items():
        assert rows(tables, query) == [(0,)], what
    check(
        tables.connection, PROGRAMME, Origin("synthetic", "-")
    )  # every check of a real survey holds as well


def test_control_the_checks_see_what_cannot_be(population: SurveyTables) -> None:
    spoilt = drawn(50, 1)
    spoilt.connection.execute(
        "UPDATE people SET spouse_line = 1 WHERE line_no = 1; UPDATE people SET age_years = -1 WHERE line_no = 2"
    )
    assert one(spoilt, IMPOSSIBLE["a spouse who does not answer"]) > 0
    with pytest.raises(Problem, match="nobody is younger"):
        check(spoilt.connection, PROGRAMME, Origin("synthetic", "-"))


def test_the_same_seed_draws_the_same_population_and_another_another(population: SurveyTables) -> None:
    digest = "SELECT sum(hash(people)::HUGEINT)::VARCHAR FROM people"
    again, other = drawn(HOUSEHOLDS, 2), drawn(HOUSEHOLDS, 3)
    assert rows(again, digest) == rows(population, digest)
    assert again.source_sha256 == population.source_sha256
    assert rows(other, digest) != rows(population, digest)
    assert other.source_sha256 != population.source_sha256


def test_counts_are_exact_and_the_population_is_marked_synthetic(population: SurveyTables) -> None:
    assert one(population, "SELECT count(*) FROM households") == population.households == HOUSEHOLDS
    assert one(population, "SELECT count(*) FROM people") == population.people
    assert population.synthetic


def test_districts_get_households_as_the_census_counts_them(population: SurveyTables) -> None:
    query = "SELECT left(place_pcode, 5), count(*) FROM households GROUP BY 1"
    counted = {row[0]: row[1] for row in rows(population, query)}
    district = {place.pcode: place.households for place in PROGRAMME.places if place.level == "district"}
    lahore, total = district["PK620"], sum(number or 0 for number in district.values())
    assert lahore is not None
    assert counted["PK620"] == pytest.approx(HOUSEHOLDS * lahore / total, rel=0.06)
    assert {row[0] for row in rows(population, "SELECT DISTINCT province FROM households")} == set(
        PROGRAMME.fact("province").categories
    )


def test_a_chunk_boundary_changes_nothing_visible() -> None:
    tables = drawn(20_003, 5)
    assert one(tables, "SELECT count(DISTINCT household_key) FROM households") == 20_003
    assert rows(tables, "SELECT min(household_key), max(household_key) FROM people") == [
        ("S00000001", "S00020003")
    ]


def test_shares_come_near_the_figures(population: SurveyTables) -> None:
    assert 5.6 < population.people / population.households < 6.8
    adults = "FROM people WHERE age_years >= 18"
    assert 0.48 < one(population, f"SELECT avg((sex = 'female')::INT) {adults}") < 0.53
    assert 0.02 < one(population, "SELECT avg(disabled::INT) FROM people") < 0.04
    assert 0.55 < one(population, "SELECT avg((region = 'rural')::INT) FROM households") < 0.70
    assert 0.0 < one(population, f"SELECT avg((sex = 'transgender')::INT) {adults}") < 0.001
    assert (
        one(population, "SELECT count(*) FROM people WHERE sex = 'female' AND marital_status = 'widowed'") > 0
    )


def test_what_a_household_has_hangs_together(population: SurveyTables) -> None:
    assert one(population, "SELECT corr(computer::INT, internet::INT) FROM households") > 0.25
    assert one(population, "SELECT corr(computer::INT, (toilet = 'flush_sewer')::INT) FROM households") > 0.1
    derived = f"SELECT corr(highest_class_any, internet_users), corr(household_size, rooms), corr(children_under_13, internet::INT) FROM ({household_facts_sql(PROGRAMME)})"
    ((schooling, rooms, children),) = rows(population, derived)
    assert isinstance(schooling, float)
    assert isinstance(rooms, float)
    assert isinstance(children, float)
    assert schooling > 0.3
    assert rooms > 0.2
    assert children < -0.03


@pytest.mark.shared
def test_its_facts_lie_near_those_of_the_survey(hiics: SurveyTables, programme: Programme) -> None:
    tables = drawn(20_000, 7)
    numbers = (
        "household_size",
        "rooms",
        "children_5_16",
        "highest_class_any",
        "workers",
        "internet::INT",
        "computer::INT",
        "mobile_phone::INT",
    )
    means = ", ".join(f"avg({name})" for name in numbers)
    query = f"SELECT {means} FROM ({household_facts_sql(programme)}) WHERE province = 'punjab' AND region = 'rural'"
    (real,), (ours,) = rows(hiics, query), rows(tables, query)
    for name, wanted, found in zip(numbers, real, ours, strict=True):
        assert found == pytest.approx(wanted, rel=0.15), name


def test_some_answers_are_missing_and_the_facts_that_need_them(population: SurveyTables) -> None:
    facts = [term.fact for term in PROGRAMME.scorecard.terms]
    missing = " OR ".join(f'"{name}" IS NULL' for name in facts)
    share = one(population, f"SELECT avg(({missing})::INT) FROM ({household_facts_sql(PROGRAMME)})")
    assert 0.001 < share < 0.01


def test_progress_reaches_the_end_and_no_population_has_no_household() -> None:
    told: list[float] = []
    synthesise(30, 1, programme=PROGRAMME, connection=duckdb.connect(), progress=told.append)
    assert told[-1] == 1.0
    with pytest.raises(ValueError, match="at least one household"):
        drawn(0, 1)


def test_draws_follow_their_shares() -> None:
    uniforms = (np.arange(1000) + 0.5) / 1000
    assert np.bincount(draw(cumulative([0.2, 0.5, 0.3]), 0, uniforms)).tolist() == [200, 500, 300]
    assert normal_cdf(np.array([-1.96, 0.0, 1.96])) == pytest.approx([0.025, 0.5, 0.975], abs=1e-3)
    assert normal_quantile(normal_cdf(np.array([-2.0, 0.3]))) == pytest.approx([-2.0, 0.3], abs=1e-3)
    assert [part.tolist() for part in spread(np.array([2, 0, 1]))] == [[0, 0, 2], [0, 1, 0]]
