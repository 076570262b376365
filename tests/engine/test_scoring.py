"""Scores: SQL adds up what the scorecard says, and nothing is guessed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafalat.core.text import Bilingual
from kafalat.engine.scoring import lines
from kafalat.policy.loader import load, shipped
from kafalat.policy.model import Bin, Fact, Programme, Scorecard, Term
from tests.engine.tables import Row, Value, scored

LABEL = Bilingual(en="x", ur="ا")
KINDS = {"number_of": "integer", "kind_of": "category", "has": "boolean"}


@pytest.fixture(scope="module")
def programme() -> Programme:
    return load(shipped())


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def within(each: Bin, value: int) -> bool:
    return (each.from_ is None or value >= each.from_) and (each.to is None or value <= each.to)


def points(term: Term, value: Value) -> int | None:
    """The reference: the points of the one bin a value lies in."""
    if value is None:
        return None
    for each in term.bins:
        if each.is_ is not None:
            if value in each.is_:
                return each.points
        elif isinstance(value, int) and within(each, value):
            return each.points
    return None


def score(card: Scorecard, row: Row) -> int | None:
    """The reference: base and points added up, then clamped; unknown where one of them is."""
    earned = [points(term, row[term.fact]) for term in card.terms]
    known = [each for each in earned if each is not None]
    if len(known) < len(earned):
        return None
    return max(card.minimum, min(card.maximum, card.base_points + sum(known)))


def scores(
    connection: duckdb.DuckDBPyConnection, card: Scorecard, facts: Sequence[Fact], rows: Sequence[Row]
) -> list[tuple[int | None, ...]]:
    """Return the score and the points of each row, by SQL."""
    scored(connection, card, facts, rows)
    columns = ", ".join(["score", *(f'"{line.column}"' for line in lines(card))])
    return connection.execute(f"SELECT {columns} FROM scored ORDER BY n").fetchall()


def agree(
    connection: duckdb.DuckDBPyConnection, card: Scorecard, facts: Sequence[Fact], rows: Sequence[Row]
) -> None:
    expected = [(score(card, row), *(points(term, row[term.fact]) for term in card.terms)) for row in rows]
    assert scores(connection, card, facts, rows) == expected


def values(fact: Fact, *, missing: bool = True) -> st.SearchStrategy[Value]:
    """Return what may stand for a fact: its values, values outside every bin, nothing."""
    given_up: st.SearchStrategy[Value] = st.none() if missing else st.nothing()
    if fact.type == "boolean":
        return st.booleans() | given_up
    if fact.type == "category":
        return st.sampled_from([*sorted(fact.categories), "never_heard_of"]) | given_up
    return st.integers(-5, 40) | given_up


def fact(name: str, kind: str) -> Fact:
    return Fact.model_validate(
        {
            "name": name,
            "level": "household",
            "kind": "collected",
            "type": kind,
            "label": LABEL,
            "categories": dict.fromkeys(("a", "b", "c"), LABEL) if kind == "category" else {},
            "source": "test",
        }
    )


@st.composite
def cards(draw: st.DrawFn) -> Scorecard:
    """Return a scorecard of one to three terms, whose bins may leave values out."""
    terms = []
    for name, kind in draw(
        st.lists(st.sampled_from(sorted(KINDS.items())), min_size=1, max_size=3, unique=True)
    ):
        point = st.integers(-30, 60)
        if kind == "integer":
            cuts = sorted(draw(st.sets(st.integers(-5, 30), min_size=2, max_size=4)))
            bins = [
                Bin.model_validate({"from": a, "to": b - 1, "points": draw(point)}) for a, b in pairwise(cuts)
            ]
            bins.append(Bin.model_validate({"from": cuts[-1], "points": draw(point)}))
        else:
            codes: list[str | bool] = [True, False] if kind == "boolean" else ["a", "b", "c"]
            kept = draw(st.lists(st.sampled_from(codes), min_size=2, max_size=3, unique=True))
            bins = [Bin.model_validate({"is": [code], "points": draw(point)}) for code in kept]
        terms.append(Term(fact=name, bins=tuple(bins)))
    return Scorecard.model_validate(
        {
            "code": "drawn",
            "label": LABEL,
            "from": date(2024, 1, 1),
            "base_points": draw(st.integers(-40, 60)),
            "terms": terms,
            "source": "test",
        }
    )


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_the_shipped_scorecard_adds_up_as_written(
    connection: duckdb.DuckDBPyConnection, programme: Programme, data: st.DataObject
) -> None:
    card = programme.scorecard
    facts = [programme.fact(term.fact) for term in card.terms]
    # Complete rows and rows with gaps: with 23 terms a gap in each would leave no score to compare.
    whole = st.fixed_dictionaries({f.name: values(f, missing=False) for f in facts})
    gaps = st.fixed_dictionaries({f.name: values(f) for f in facts})
    agree(connection, card, facts, data.draw(st.lists(whole | gaps, min_size=1, max_size=40)))


@settings(max_examples=25, deadline=None)
@given(card=cards(), data=st.data())
def test_any_scorecard_adds_up_as_written(
    connection: duckdb.DuckDBPyConnection, card: Scorecard, data: st.DataObject
) -> None:
    facts = [fact(term.fact, KINDS[term.fact]) for term in card.terms]
    row = st.fixed_dictionaries({f.name: values(f) for f in facts})
    agree(connection, card, facts, data.draw(st.lists(row, min_size=1, max_size=20)))


def card_of(base: int, *, minimum: int = 0, maximum: int = 100) -> tuple[Scorecard, list[Fact]]:
    """Return a scorecard in which each room up to sixty is a point."""
    bins = [{"from": n, "to": n, "points": n} for n in range(61)]
    card = Scorecard.model_validate(
        {
            "code": "rooms",
            "label": LABEL,
            "from": date(2024, 1, 1),
            "base_points": base,
            "minimum": minimum,
            "maximum": maximum,
            "terms": [{"fact": "number_of", "bins": bins}],
            "source": "test",
        }
    )
    return card, [fact("number_of", "integer")]


@pytest.mark.parametrize(
    ("base", "rooms", "expected"),
    [(0, 0, 0), (-8, 3, 0), (-8, 9, 1), (60, 40, 100), (60, 60, 100), (99, 0, 99)],
)
def test_a_score_stays_between_its_bounds(
    connection: duckdb.DuckDBPyConnection, base: int, rooms: int, expected: int
) -> None:
    card, facts = card_of(base)
    assert scores(connection, card, facts, [{"number_of": rooms}])[0][0] == expected


@pytest.mark.parametrize("value", [None, 61, -1])
def test_a_missing_or_unheard_of_answer_gives_no_score(
    connection: duckdb.DuckDBPyConnection, value: int | None
) -> None:
    card, facts = card_of(10)
    assert scores(connection, card, facts, [{"number_of": value}]) == [(None, None)]


def test_control_bounds_alone_would_make_the_poorest_score_of_a_missing_answer(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """`least` and `greatest` pass over NULL: without the guard nobody would ever be incomplete, and all would be paid."""
    assert connection.execute("SELECT least(100, greatest(0, 10 + NULL::INTEGER))").fetchall() == [(0,)]
