"""Scores of a survey's households by a scorecard, written as a table: no database, no installation, no extra packages."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from kafalat.core.problems import problem
from kafalat.engine.derive import household_facts_sql
from kafalat.engine.scoring import lines, score_sql
from kafalat.engine.sql import identifier
from kafalat.policy.model import Programme, Scorecard
from kafalat.survey.profiles import programme_for, read


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of a survey: `table` has household_id (as the survey has it), sorted, and score, null where unknown.

    `missing` counts the households without a score; `open_facts` says which facts left how many of them without.
    """

    table: pa.Table
    missing: int
    open_facts: dict[str, int]


def scores_sql(scorecard: Scorecard, facts: str) -> str:
    """Return a SELECT of every column of the relation `facts` (household facts) and `score`, NULL where an answer is missing."""
    points = "".join(f", {line.sql} AS {identifier(line.column)}" for line in lines(scorecard))
    kept = ", ".join(identifier(line.column) for line in lines(scorecard))
    return f"SELECT * EXCLUDE ({kept}), {score_sql(scorecard)} AS score FROM (SELECT *{points} FROM {facts}) AS pointed"


def score_survey(folder: Path, profile: str, programme: Programme, scorecard: Scorecard) -> Scores:
    """Return the score of every household of a survey. Raises the problems of `survey.*`."""
    programme = programme_for(profile, programme)
    with duckdb.connect() as connection:
        tables = read(folder, profile, programme=programme, connection=connection)
        connection.execute(f"CREATE TABLE facts AS {household_facts_sql(programme)}")
        connection.execute(f"CREATE TABLE scored AS {scores_sql(scorecard, 'facts')}")
        key = f"CAST(household_key AS {_own_type(connection, tables.key_type)})"
        found: pa.Table = connection.sql(
            f"SELECT {key} AS household_id, score FROM scored ORDER BY household_id"
        ).to_arrow_table()
        ((missing,),) = connection.execute("SELECT count(*) FROM scored WHERE score IS NULL").fetchall()
        used = sorted({fact for line in lines(scorecard) for fact in line.facts})
        counts = ", ".join(
            f"count(*) FILTER (WHERE score IS NULL AND {identifier(fact)} IS NULL)" for fact in used
        )
        (gaps,) = connection.execute(f"SELECT {counts} FROM scored").fetchall()
    opened = {fact: int(count) for fact, count in zip(used, gaps, strict=True) if count}
    return Scores(found, int(missing), dict(sorted(opened.items(), key=lambda item: (-item[1], item[0]))))


def _own_type(connection: duckdb.DuckDBPyConnection, key_type: str) -> str:
    """Return the survey's own type of the id if every key comes back from it as it was, else text."""
    text = f"CAST(TRY_CAST(household_key AS {key_type}) AS VARCHAR)"
    ((changed,),) = connection.execute(
        f"SELECT count(*) FROM scored WHERE {text} IS DISTINCT FROM household_key"
    ).fetchall()
    return "VARCHAR" if changed else key_type


def write_table(table: pa.Table, out: Path) -> None:
    """Write a Parquet file whole or not at all. Raises the problem `output.not_written`."""

    def write(part: Path) -> None:
        pq.write_table(table, part)

    write_whole(out, write)


def write_whole(out: Path, write: Callable[[Path], None]) -> None:
    """Have `write` fill a file beside `out`, then put it in its place. Raises the problem `output.not_written`."""
    part = out.with_name(f".{out.name}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        part.replace(out)
    except OSError as error:
        raise problem("output.not_written", path=out, reason=error.strerror or str(error)) from error
    finally:
        with suppress(OSError):  # where it could not be made there is nothing to take away
            part.unlink()
