"""Derivation: missing answers stay missing, and only those."""

from __future__ import annotations

import duckdb
import pytest

from kafalat.core.text import Bilingual
from kafalat.engine.derive import household_facts_sql, names_used
from kafalat.policy.loader import load, shipped
from kafalat.policy.model import Fact, Programme

LABEL = Bilingual(en="x", ur="ا")


def fact(name: str, **values: object) -> Fact:
    defaults: dict[str, object] = {
        "name": name,
        "level": "household",
        "kind": "derived",
        "type": "integer",
        "label": LABEL,
        "source": "test",
    }
    return Fact.model_validate(defaults | values)


def programme_of(*facts: Fact) -> Programme:
    return load(shipped()).model_copy(update={"facts": facts})


ROOMS = fact("rooms", kind="collected")
SCHOOL = fact(
    "attends_school", level="person", kind="collected", type="boolean", asked_if="age_years BETWEEN 5 AND 16"
)
SIZE = fact("household_size", over="people", sql="count(*)")
OUT = fact("children_out", over="people", sql="count(*) FILTER (WHERE NOT attends_school)")
CROWDED = fact("crowded", type="boolean", over="household", sql="household_size > 3 * rooms")
CLASS = fact("crowding", over="household", sql="CASE WHEN crowded THEN 2 ELSE 1 END")


def derive(
    facts: tuple[Fact, ...], homes: list[tuple[str, int | None]], people: list[tuple[str, int, bool | None]]
) -> list[tuple[object, ...]]:
    programme = programme_of(*facts)
    connection = duckdb.connect()
    connection.execute("CREATE TABLE households (household_key VARCHAR, rooms INTEGER)")
    connection.execute(
        "CREATE TABLE people (household_key VARCHAR, age_years INTEGER, attends_school BOOLEAN)"
    )
    connection.executemany("INSERT INTO households VALUES (?, ?)", homes)
    connection.executemany("INSERT INTO people VALUES (?, ?, ?)", people)
    return connection.execute(household_facts_sql(programme) + " ORDER BY household_key").fetchall()


ALL = (ROOMS, SCHOOL, SIZE, OUT, CROWDED, CLASS)


def test_complete_answers_give_every_fact_in_declared_order() -> None:
    people = [("a", 40, None), ("a", 9, True), ("a", 7, False), ("a", 2, None)]
    assert derive(ALL, [("a", 1)], people) == [("a", 1, 4, 1, True, 2)]


def test_one_missing_answer_of_somebody_asked_makes_the_fact_missing() -> None:
    people = [("a", 9, True), ("a", 7, None), ("b", 7, False)]
    assert derive((SCHOOL, OUT), [("a", 1), ("b", 1)], people) == [("a", None), ("b", 1)]


def test_control_plain_sql_counts_the_missing_child_as_in_school() -> None:
    plain = (
        duckdb.connect()
        .execute("SELECT count(*) FILTER (WHERE NOT s) FROM (VALUES (true), (NULL::BOOLEAN)) AS t(s)")
        .fetchall()
    )
    assert plain == [(0,)]


def test_people_who_are_not_asked_lack_nothing() -> None:
    assert derive((SCHOOL, OUT), [("a", 1)], [("a", 40, None), ("a", 2, None)]) == [("a", 0)]


def test_a_missing_household_answer_is_not_swallowed_by_case() -> None:
    assert derive(ALL, [("a", None)], [("a", 40, None)]) == [("a", None, 1, 0, None, None)]


def test_a_derived_fact_may_be_declared_before_the_one_it_uses() -> None:
    assert derive((ROOMS, CLASS, CROWDED, SIZE), [("a", 2)], [("a", 40, None)]) == [("a", 2, 1, False, 1)]


def test_a_circle_is_refused() -> None:
    one = fact("one", over="household", sql="two + 1")
    two = fact("two", over="household", sql="one + 1")
    with pytest.raises(ValueError, match="one: two cannot be derived"):
        household_facts_sql(programme_of(one, two))


def test_an_unknown_person_fact_is_refused() -> None:
    with pytest.raises(ValueError, match="atends_school is no fact"):
        household_facts_sql(programme_of(fact("x", over="people", sql="sum(atends_school)")))


def test_names_in_a_filter_count_as_used() -> None:
    assert names_used("count(*) FILTER (WHERE age_years < 5 AND attends_school)") == {
        "age_years",
        "attends_school",
    }
