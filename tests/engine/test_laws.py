"""Laws of rules and scores: a higher cut-off takes nobody out, order means nothing, what is unknown stays within its bounds."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import duckdb
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kafalat.engine.evaluating import Row, Scope, Value, rule
from kafalat.engine.single import Judge
from kafalat.policy.expressions import to_sql
from kafalat.policy.loader import shipped
from kafalat.policy.model import Category, Programme
from tests.engine.test_single import DAY, PROGRAMMES, by_sql, drawn, lower, seeded

NAMES = ("a", "b", "c")
VALUES: tuple[Value, ...] = (True, False, None)
HOUSEHOLDS = 60


def raised(programme: Programme, place: int, points: Decimal) -> Programme:
    """Return the programme with one category's cut-offs raised, and every other as it is."""
    categories: list[Category] = list(programme.eligibility.categories)
    up = [dated.model_copy(update={"value": dated.value + points}) for dated in categories[place].cutoff]
    categories[place] = categories[place].model_copy(update={"cutoff": tuple(up)})
    eligibility = programme.eligibility.model_copy(update={"categories": tuple(categories)})
    return programme.model_copy(update={"eligibility": eligibility})


@pytest.mark.parametrize("name", PROGRAMMES)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32), points=st.integers(1, 40), missing=st.sampled_from([0.0, 0.01, 0.1]))
def test_a_higher_cut_off_takes_nobody_out(name: str, seed: int, points: int, missing: float) -> None:
    programme, random = lower(PROGRAMMES[name], 40), seeded(seed)
    households = [drawn(programme, random, missing) for _ in range(HOUSEHOLDS)]
    judge = Judge(programme, DAY)
    before = [judge.judge(judge.facts(*household)) for household in households]
    for place in range(len(programme.eligibility.categories)):
        higher = Judge(raised(programme, place, Decimal(points)), DAY)
        for household, was in zip(households, before, strict=True):
            now = higher.judge(higher.facts(*household))
            assert now.score == was.score
            assert was.outcome != "eligible" or now.outcome == "eligible"
            # An exclusion is no matter of the cut-off.
            if was.outcome == "ineligible" and "score_above_cutoff" not in was.reasons:
                assert now.outcome == "ineligible"


@pytest.mark.parametrize("name", PROGRAMMES)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32), order=st.randoms(use_true_random=False))
def test_neither_the_order_of_people_nor_of_lines_changes_anything(name: str, seed: int, order: Any) -> None:
    programme, random = PROGRAMMES[name], seeded(seed)
    card = programme.scorecard
    terms, pairs, strata = (order.sample(part, len(part)) for part in (card.terms, card.pairs, card.strata))
    shuffled = programme.model_copy(
        update={
            "scorecard": card.model_copy(
                update={"terms": tuple(terms), "pairs": tuple(pairs), "strata": tuple(strata)}
            )
        }
    )
    one, other = Judge(programme, DAY), Judge(shuffled, DAY)
    for _ in range(20):
        answers, people = drawn(programme, random, 0.01)
        mixed = order.sample(people, len(people))
        assert one.judge(one.facts(answers, people)) == other.judge(other.facts(answers, mixed))


@pytest.mark.parametrize("name", PROGRAMMES)
def test_the_printed_card_added_by_hand_is_the_score_of_both(name: str) -> None:
    programme, random = PROGRAMMES[name], seeded(17)
    if name == "shipped":
        card = yaml.safe_load((shipped() / "scorecard.yaml").read_text(encoding="utf-8"))
    else:
        card = programme.scorecard.model_dump(mode="json", by_alias=True)
    households = [drawn(programme, random, 0.0) for _ in range(HOUSEHOLDS)]
    judge = Judge(programme, DAY)
    single = [judge.judge(judge.facts(*household)) for household in households]
    assert [each.score for each in single] == [added_by_hand(card, each.facts) for each in single]
    assert [each.score for each in by_sql(programme, households)] == [each.score for each in single]


def added_by_hand(card: Mapping[str, Any], facts: Row) -> int:
    """Add up a card as it is written, by nothing but what the page says."""

    def holds(span: Mapping[str, Any], value: Any) -> bool:
        if span.get("is"):
            return value in span["is"]
        low, high = span.get("from"), span.get("to")
        return (low is None or value >= low) and (high is None or value <= high)

    parts = [card, *(s for s in card.get("strata") or () if facts[card["stratum"]] in s["is"])]
    total = sum(part.get("base_points", 0) for part in parts)
    for part in parts:
        for term in part.get("terms") or ():
            (points,) = [b["points"] for b in term["bins"] if holds(b, facts[term["fact"]])]
            total += points
        for pair in part.get("pairs") or ():
            first, second = (facts[fact] for fact in pair["facts"])
            (row,) = [n for n, span in enumerate(pair["rows"]) if holds(span, first)]
            (column,) = [n for n, span in enumerate(pair["columns"]) if holds(span, second)]
            total += pair["points"][row][column]
    return int(max(card.get("minimum", 0), min(card.get("maximum", 100), total)))


# ---- three-valued logic ----------------------------------------------------------------------------------------

EXPRESSIONS = st.recursive(
    st.sampled_from(NAMES),
    lambda inner: st.one_of(
        st.builds("(NOT {})".format, inner),
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("({} = {})".format, inner, inner),
        st.builds("(CASE WHEN {} THEN {} ELSE {} END)".format, inner, inner, inner),
    ),
    max_leaves=6,
)


def table_of(text: str) -> list[Value]:
    """Return what an expression gives for every way its three names can be true, false or unknown."""
    given_values = itertools.product(VALUES, repeat=len(NAMES))
    return [rule(text)(Scope(dict(zip(NAMES, values, strict=True)))) for values in given_values]


@settings(max_examples=60, deadline=None)
@given(text=EXPRESSIONS)
def test_an_expression_means_the_same_here_and_in_the_database(text: str) -> None:
    whole = f"a AND b AND c OR {text}"  # names all three
    ways = list(itertools.product(VALUES, repeat=len(NAMES)))
    rows = ", ".join(
        f"({n}, {', '.join('NULL' if v is None else str(v) for v in way)})" for n, way in enumerate(ways)
    )
    query = f"SELECT {to_sql(whole)} FROM (VALUES {rows}) AS t (n, a, b, c) ORDER BY n"
    with duckdb.connect() as connection:
        assert [value for (value,) in connection.execute(query).fetchall()] == table_of(whole)


LAWS = {
    "a double no": ("NOT NOT a", "a"),
    "and in either order": ("a AND b", "b AND a"),
    "or in either order": ("a OR b", "b OR a"),
    "and in groups": ("(a AND b) AND c", "a AND (b AND c)"),
    "or in groups": ("(a OR b) OR c", "a OR (b OR c)"),
    "no to both": ("NOT (a AND b)", "NOT a OR NOT b"),
    "no to either": ("NOT (a OR b)", "NOT a AND NOT b"),
    "and over or": ("a AND (b OR c)", "a AND b OR a AND c"),
    "or over and": ("a OR b AND c", "(a OR b) AND (a OR c)"),
    "absorbed by or": ("a OR a AND b", "a"),
    "absorbed by and": ("a AND (a OR b)", "a"),
}


@pytest.mark.parametrize(("one", "other"), LAWS.values(), ids=LAWS.keys())
def test_the_laws_of_and_or_and_not_hold_with_the_unknown(one: str, other: str) -> None:
    assert table_of(one) == table_of(other)


def test_control_what_holds_of_true_and_false_alone_does_not_hold_of_the_unknown() -> None:
    """An answer or its opposite is true of everybody who answered, and unknown of who did not: nobody is guessed about."""
    assert None in table_of("a OR NOT a")


NO_CASE = st.recursive(
    st.sampled_from(NAMES),
    lambda inner: st.one_of(
        st.builds("(NOT {})".format, inner),
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("({} <> {})".format, inner, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(text=NO_CASE)
def test_an_answer_that_comes_later_never_turns_what_was_known(text: str) -> None:
    for values in itertools.product(VALUES, repeat=len(NAMES)):
        row = dict(zip(NAMES, values, strict=True))
        known = rule(text)(Scope(row))
        for name in (name for name in NAMES if row[name] is None and known is not None):
            assert {rule(text)(Scope(row | {name: answer})) for answer in (True, False)} == {known}


# ---- categories ------------------------------------------------------------------------------------------------


def test_a_category_at_the_general_cut_off_decides_nothing_and_one_that_is_raised_does() -> None:
    programme, random = lower(PROGRAMMES["shipped"], 40), seeded(23)
    codes = [category.code for category in programme.eligibility.categories]
    own = ("general", "disability")
    fewer = programme.eligibility.model_copy(
        update={"categories": tuple(c for c in programme.eligibility.categories if c.code in own)}
    )
    without = Judge(programme.model_copy(update={"eligibility": fewer}), DAY)
    as_shipped = Judge(programme, DAY)
    widows = Judge(raised(programme, codes.index("widow"), Decimal(60)), DAY)
    taken_in = 0
    for _ in range(HOUSEHOLDS):
        household = drawn(programme, random, 0.01)
        plain, shown, now = (each.judge(each.facts(*household)) for each in (without, as_shipped, widows))
        assert plain == shown
        if now.outcome != shown.outcome:
            assert (now.outcome, now.category) == ("eligible", "widow")
            assert now.facts["widows"]
            taken_in += 1
    assert taken_in > 0
