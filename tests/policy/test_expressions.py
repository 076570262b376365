"""The rule language admits what rules need and refuses everything else, whatever the parser can read."""

from __future__ import annotations

from functools import cache

import duckdb
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from kafalat.core.problems import Problem
from kafalat.policy.expression_types import BOOLEAN, INTEGER, NUMBER, FactType
from kafalat.policy.expressions import names, refusal, to_sql, validate

KNOWN = {
    "rooms": INTEGER,
    "size": INTEGER,
    "land": NUMBER,
    "disabled": BOOLEAN,
    "reads": BOOLEAN,
    "sex": FactType("category", frozenset({"female", "male", "transgender"})),
    "roof": FactType("category", frozenset({"mud", "tin"})),
}

ADMITTED = [
    "rooms > 1",
    "rooms == 2 AND size <> 3",
    "size > 4 * rooms",
    "rooms / 2 > 1",
    "land / 0.5 <= 12.5",
    "land > 12",
    "rooms > -1",
    "rooms BETWEEN 1 AND 3",
    "rooms NOT BETWEEN 1 AND 3",
    "sex IN ('female', 'transgender')",
    "sex NOT IN ('male')",
    "sex != 'male'",
    "disabled",
    "NOT disabled OR (reads AND rooms < 2)",
    "disabled = true",
    "disabled = reads",
    "CASE WHEN disabled THEN rooms > 1 ELSE false END",
    "CASE sex WHEN 'female' THEN disabled WHEN 'male' THEN reads END",
    "(rooms + size - 1) * 2 >= 10",
]

ADMITTED_OVER_PEOPLE = [
    ("count(*)", INTEGER),
    ("count(*) FILTER (WHERE sex = 'female' AND reads)", INTEGER),
    ("count(*) - count(*) FILTER (WHERE disabled)", INTEGER),
    ("sum(rooms)", INTEGER),
    ("max(rooms) FILTER (WHERE disabled)", INTEGER),
    ("min(land)", NUMBER),
    ("avg(rooms) / 2", NUMBER),
    ("count(*) / 2", NUMBER),
    ("bool_or(disabled)", BOOLEAN),
    ("bool_and(reads) FILTER (WHERE sex = 'female')", BOOLEAN),
    ("max(sex) FILTER (WHERE disabled)", KNOWN["sex"]),
    ("CASE WHEN count(*) FILTER (WHERE disabled) = 0 THEN 'mud' ELSE 'tin' END", KNOWN["roof"]),
]

# Words of the sentence that refuses each.
REFUSED = {
    "": "empty",
    "   ": "empty",
    "rooms": "true or false is needed",
    "true": "uses no fact",
    "1 = 1": "uses no fact",
    "rooms >": "cannot be read",
    "rooms > 1 rooms": "cannot be read",
    "(rooms > 1": "cannot be read",
    "rooms > 1; DROP TABLE people": "';'",
    "rooms > 1 -- note": "Comments",
    "rooms > 1 /* note */": "Comments",
    '"rooms" > 1': "no place in a rule",
    "rooms > 1 ی": "no place in a rule",
    "rooms::text = 'x'": "':'",
    "rooms > $1": "'$'",
    "rooms % 2 = 0": "'%'",
    "roms > 1": "'roms' is no fact",
    "households.rooms > 1": "not part of the rule language",
    "rooms > (SELECT 1)": "cannot ask another table",
    "rooms IN (SELECT 1)": "cannot ask another table",
    "rooms IN (size)": "plain values",
    "rooms IN ()": "plain values",
    "EXISTS (SELECT 1)": "'exists' is not allowed",
    "lower(sex) = 'male'": "'lower' is not allowed",
    "coalesce(rooms, 0) > 1": "'coalesce' is not allowed",
    "ifnull(rooms, 0) > 1": "'ifnull' is not allowed",
    "read_csv('x') = 1": "'read_csv' is not allowed",
    "cast(rooms AS integer) > 1": "'cast' is not allowed",
    "if(disabled, true, false)": "'if' is not allowed",
    "if rooms > 1": "'if' is not allowed",
    "current_date > 1": "not part of the rule language",
    "rooms IS NULL": "NULL cannot be asked for",
    "rooms IS NOT NULL": "NULL cannot be asked for",
    "rooms = NULL": "NULL cannot be asked for",
    "disabled IS NOT TRUE": "NULL cannot be asked for",
    "rooms IS DISTINCT FROM 1": "not part of the rule language",
    "sex LIKE 'fem'": "not part of the rule language",
    "rooms // 2 = 1": "not part of the rule language",
    "rooms ** 2 = 1": "not part of the rule language",
    "rooms / 0 > 1": "can be zero",
    "rooms / 0.00 > 1": "can be zero",
    "rooms / size > 1": "can be zero",
    "rooms > 1e5": "no plain number",
    "rooms > 9999999999999999": "no plain number",
    "sex = 'Female'": "no value of a fact",
    "sex = 'it''s'": "no value of a fact",
    "sex = 'femal'": "no category",
    "sex = roof": "no category in common",
    "sex > 'female'": "greater or smaller",
    "sex = 1": "cannot be compared",
    "disabled = 1": "cannot be compared",
    "rooms = 'mud'": "cannot be compared",
    "rooms > 1.5": "whole numbers alone",
    "rooms + disabled > 1": "is not a number",
    "rooms AND disabled": "true or false is needed",
    "CASE WHEN disabled THEN 1 ELSE 'mud' END = 1": "different types",
    "*": "count(*)",
    "count(*) > 1": "over people",
    "max(rooms) > 1": "over people",
    "(" * 40 + "disabled" + ")" * 40: "nested",
    "NOT " * 150 + "disabled": "",
    " AND ".join(["disabled"] * 100): "nested too deeply",
    "disabled OR " * 200 + "disabled": "longer than",
}

REFUSED_OVER_PEOPLE = {
    "rooms": "inside an aggregate",
    "max(rooms) + rooms": "inside an aggregate",
    "sum(max(rooms))": "not one inside another",
    "count(*) FILTER (WHERE count(*) > 1)": "not one inside another",
    "count(rooms)": "Only count(*)",
    "count(DISTINCT rooms)": "Only count(*)",
    "sum(DISTINCT rooms)": "not part of the rule language",
    "sum(rooms ORDER BY size)": "not part of the rule language",
    "max(rooms, 2)": "not part of the rule language",
    "count(*) OVER ()": "'over' is not allowed",
    "sum(sex)": "a whole number is needed",
    "bool_or(rooms)": "true or false is needed",
    "count(*) FILTER (WHERE rooms)": "true or false is needed",
    "list(rooms)": "'list' is not allowed",
}


@cache
def database() -> duckdb.DuckDBPyConnection:
    """Return a table of the known facts, in one row with answers missing."""
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE facts(rooms INTEGER, size INTEGER, land DOUBLE, disabled BOOLEAN, reads BOOLEAN, sex VARCHAR, roof VARCHAR)"
    )
    connection.execute(
        "INSERT INTO facts VALUES (1, 5, 12.5, true, false, 'female', 'mud'), (3, 2, 0, false, true, 'male', 'tin'), "
        "(NULL, 4, 1, NULL, true, 'transgender', NULL)"
    )
    return connection


@pytest.mark.parametrize("expression", ADMITTED)
def test_it_admits_what_rules_need(expression: str) -> None:
    assert validate(expression, KNOWN, aggregate=False) == []


@pytest.mark.parametrize(("expression", "wanted"), ADMITTED_OVER_PEOPLE)
def test_it_admits_aggregates_over_people(expression: str, wanted: FactType) -> None:
    assert validate(expression, KNOWN, aggregate=True, wanted=wanted) == []


@pytest.mark.parametrize(("expression", "words"), REFUSED.items())
def test_it_refuses_everything_else_in_both_languages(expression: str, words: str) -> None:
    faults = validate(expression, KNOWN, aggregate=False)
    assert any(words in fault.en for fault in faults), faults
    assert all(fault.ur for fault in faults)


@pytest.mark.parametrize(("expression", "words"), REFUSED_OVER_PEOPLE.items())
def test_it_refuses_everything_else_over_people(expression: str, words: str) -> None:
    faults = validate(expression, KNOWN, aggregate=True, wanted=INTEGER)
    assert any(words in fault.en for fault in faults), faults


@pytest.mark.parametrize(
    ("expression", "nearest"),
    [
        ("roms > 1", "rooms"),
        ("sex = 'femal'", "female"),
        ("summ(rooms) > 1", "sum"),
        ("roof IN ('mud', 'tinn')", "tin"),
    ],
)
def test_it_shows_the_nearest_valid_name(expression: str, nearest: str) -> None:
    assert [fault.nearest for fault in validate(expression, KNOWN, aggregate=False)] == [nearest]


def test_it_tells_the_names_an_expression_uses() -> None:
    assert names("rooms > 1 AND (disabled OR sex = 'male') AND rooms < 9") == {"rooms", "disabled", "sex"}


def test_the_canonical_text_quotes_names_and_adds_nothing() -> None:
    assert to_sql("rooms>1 and not sex in ('male')") == '"rooms" > 1 AND NOT "sex" IN (\'male\')'
    assert to_sql("bool_or(disabled) filter (where reads)") == 'BOOL_OR("disabled") FILTER(WHERE "reads")'


@pytest.mark.parametrize("expression", ["rooms IS NULL", "rooms > 1; SELECT 1", "lower(sex) = 'male'"])
def test_a_refused_expression_has_neither_names_nor_canonical_text(expression: str) -> None:
    for function in (names, to_sql):
        with pytest.raises(Problem) as caught:
            function(expression)
        assert caught.value.code == "programme.expression"


def test_without_the_list_the_database_would_run_what_is_refused() -> None:
    # Control: each of these is valid for the database, and would answer, or turn a missing answer into one.
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE households AS SELECT CAST(NULL AS INTEGER) AS rooms")
        for expression in (
            "rooms IS NULL",
            "(SELECT count(*) FROM duckdb_settings()) > 0",
            "coalesce(rooms, 0) = 0",
        ):
            assert connection.execute(f"SELECT {expression} FROM households").fetchall() == [(True,)]
            assert validate(expression, KNOWN, aggregate=False)


@pytest.mark.parametrize("expression", [*ADMITTED, *(expression for expression, _ in ADMITTED_OVER_PEOPLE)])
def test_an_admitted_expression_runs_and_means_the_same_in_its_canonical_text(expression: str) -> None:
    plain = database().execute(f"SELECT {expression} FROM facts").fetchall()
    assert database().execute(f"SELECT {to_sql(expression)} FROM facts").fetchall() == plain


WORDS = st.sampled_from(
    [
        "rooms",
        "size",
        "land",
        "disabled",
        "sex",
        "roof",
        "roms",
        "(",
        ")",
        ",",
        ".",
        "=",
        "<>",
        "<",
        ">",
        "+",
        "-",
        "*",
        "/",
        "1",
        "2.5",
        "0",
        "'female'",
        "'mud'",
        "'x'",
        "AND",
        "OR",
        "NOT",
        "IN",
        "BETWEEN",
        "CASE",
        "WHEN",
        "THEN",
        "ELSE",
        "END",
        "NULL",
        "IS",
        "TRUE",
        "FALSE",
        "count",
        "sum",
        "max",
        "avg",
        "bool_or",
        "FILTER",
        "WHERE",
        "SELECT",
        "FROM",
        "DISTINCT",
        "OVER",
        "ORDER",
        "BY",
        "AS",
        "CAST",
        "INTERVAL",
        "DATE",
        "LIKE",
        "EXISTS",
        "ALL",
        "ANY",
        "lower",
        "coalesce",
        "if",
        "*",
        "::",
        "->",
        ";",
        "--",
        "/*",
        '"',
        "[",
        "]",
        "{",
        "}",
        "$1",
        "@x",
        "?",
        "|",
        "%",
        "^",
        "~",
        "\\",
        "ی",
    ]
)


@settings(max_examples=400, deadline=None)
@given(words=st.lists(WORDS, max_size=14), aggregate=st.booleans())
def test_any_words_are_either_validated_or_refused(words: list[str], aggregate: bool) -> None:
    check_either(" ".join(words), aggregate=aggregate)


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=40), aggregate=st.booleans())
def test_any_text_is_either_validated_or_refused(text: str, aggregate: bool) -> None:
    check_either(text, aggregate=aggregate)


def check_either(text: str, *, aggregate: bool) -> None:
    """A validated text is one expression over known names that the database can run; any other has a sentence in each language."""
    faults = validate(text, KNOWN, aggregate=aggregate)
    if faults:
        assert all(fault.en and fault.ur for fault in faults)
        return
    assert refusal(text) is None
    assert names(text) <= KNOWN.keys()
    assert not set(sqlglot.parse_one(to_sql(text), read="duckdb").find_all(sqlglot.exp.Query))
    values = [value for (value,) in database().execute(f"SELECT {to_sql(text)} FROM facts").fetchall()]
    assert all(value is None or isinstance(value, bool) for value in values)


def numbers() -> st.SearchStrategy[str]:
    leaves = st.sampled_from(["rooms", "size", "1", "7"])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(
                lambda parts: f"({' '.join(parts)})"
            ),
            inner.map(lambda one: f"(- {one})"),
        ),
        max_leaves=4,
    )


def conditions() -> st.SearchStrategy[str]:
    leaves = st.one_of(
        st.sampled_from(
            ["disabled", "NOT reads", "sex = 'female'", "roof IN ('mud', 'tin')", "land BETWEEN 0.5 AND 12"]
        ),
        st.tuples(numbers(), st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), numbers()).map(" ".join),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda parts: f"({' '.join(parts)})"),
            inner.map(lambda one: f"NOT ({one})"),
            st.tuples(inner, inner, inner).map(
                lambda three: "(CASE WHEN {} THEN {} ELSE {} END)".format(*three)
            ),
        ),
        max_leaves=5,
    )


@settings(max_examples=150, deadline=None)
@given(expression=conditions())
def test_every_rule_of_the_language_is_admitted_and_keeps_its_meaning(expression: str) -> None:
    faults = validate(expression, KNOWN, aggregate=False)
    assert [fault for fault in faults if "uses no fact" not in fault.en] == []
    plain = database().execute(f"SELECT {expression} FROM facts").fetchall()
    assert database().execute(f"SELECT {to_sql(expression)} FROM facts").fetchall() == plain
