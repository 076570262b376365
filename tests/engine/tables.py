"""Rows of household facts as the engine's steps see them: typed tables in a DuckDB connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa
from hypothesis import strategies as st

from kafalat.engine.deciding import decision_sql
from kafalat.engine.derive import names_used
from kafalat.engine.scoring import lines, score_sql
from kafalat.engine.sql import identifier
from kafalat.policy.model import Fact, Programme, Scorecard

Value = bool | int | float | str | None
Row = Mapping[str, Value]
ARROW: Mapping[str, pa.DataType] = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "category": pa.string(),
}


def scored(
    connection: duckdb.DuckDBPyConnection, card: Scorecard, facts: Sequence[Fact], rows: Sequence[Row]
) -> None:
    """Make the view `scored`: the rows in order (`n`), their facts, the points of each term and the score."""
    schema = pa.schema([("n", pa.int64()), *((fact.name, ARROW[fact.type]) for fact in facts)])
    listed = [{"n": n, **{fact.name: row.get(fact.name) for fact in facts}} for n, row in enumerate(rows)]
    connection.register("given", pa.Table.from_pylist(listed, schema=schema))
    points = ", ".join(f"{line.sql} AS {identifier(line.column)}" for line in lines(card))
    connection.execute(f"CREATE OR REPLACE VIEW pointed AS SELECT *, {points} FROM given")
    connection.execute(f"CREATE OR REPLACE VIEW scored AS SELECT *, {score_sql(card)} AS score FROM pointed")


def deciding_facts(programme: Programme) -> list[Fact]:
    """Return the household facts a decision can depend on: those of the scorecard and of the criteria."""
    named = set(programme.scorecard.facts)
    eligibility = programme.eligibility
    for criterion in [
        *(c.criterion for c in eligibility.categories),
        *(e.criterion for e in eligibility.exclusions),
    ]:
        named |= names_used(criterion) if criterion else frozenset()
    return [fact for fact in programme.facts if fact.name in named]


def decide(
    connection: duckdb.DuckDBPyConnection, programme: Programme, day: date, rows: Sequence[Row]
) -> list[dict[str, Any]]:
    """Return the decision of each row, in order: outcome, category, reasons, missing_facts, score."""
    scored(connection, programme.scorecard, deciding_facts(programme), rows)
    found = connection.execute(
        "SELECT outcome, category, reasons, missing_facts, score FROM "
        f"({decision_sql(programme, day, 'scored')}) ORDER BY n"
    )
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def answers(fact: Fact) -> st.SearchStrategy[Value]:
    """Return a strategy of the values a fact can have."""
    if fact.type == "boolean":
        return st.booleans()
    if fact.type == "category":
        return st.sampled_from(sorted(fact.categories))
    if fact.type == "integer":
        return st.integers(0, 20)
    return st.sampled_from([0.0, 2.5, 12.0, 12.5, 40.0])
