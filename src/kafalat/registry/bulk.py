"""Rows between the engine and PostgreSQL as COPY streams: they never become Python objects."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
from django.db import connection as django_connection
from psycopg import sql

from kafalat.core.progress import Progress, silent

_CHUNK_BYTES = 1 << 20
_MEMORY_LIMIT = "1GB"
_NULL = "\\N"


@contextmanager
def scratch_engine(work: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an engine whose tables lie in a scratch file under `work`, so that a nation does not have to fit in memory."""
    with (
        tempfile.TemporaryDirectory(prefix="engine-", dir=work) as folder,
        duckdb.connect(str(Path(folder) / "scratch.duckdb")) as engine,
    ):
        engine.execute(f"SET memory_limit = '{_MEMORY_LIMIT}'")
        yield engine


def copy_in(
    source: duckdb.DuckDBPyConnection,
    query: str,
    table: str,
    columns: Sequence[str],
    *,
    work: Path,
    progress: Progress = silent,
) -> int:
    """Append the result of an engine query to a PostgreSQL table within the current transaction; return the rows written.

    `columns` are the table's, in the order of the query's. The stream is spooled in the folder `work`.
    """
    spool = _spool(work, table)
    try:
        source.execute(
            f"COPY ({query}) TO '{_quoted(spool)}' (FORMAT csv, HEADER false, NULLSTR '{_NULL}', DATEFORMAT '%Y-%m-%d')"
        )
        size = max(1, spool.stat().st_size)
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, NULL {})").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Literal(_NULL)
        )
        done = 0
        with django_connection.cursor() as cursor, spool.open("rb") as file:
            # Django wraps what `execute` raises; a broken rule of a COPY comes out of leaving it.
            with django_connection.wrap_database_errors, cursor.copy(statement) as copy:
                while chunk := file.read(_CHUNK_BYTES):
                    copy.write(chunk)
                    done += len(chunk)
                    progress(done / size)
            return int(cursor.rowcount)
    finally:
        spool.unlink(missing_ok=True)


def copy_out(
    query: str, target: duckdb.DuckDBPyConnection, table: str, columns: dict[str, str], *, work: Path
) -> None:
    """Read the result of a PostgreSQL query into an engine table. `columns` maps names to DuckDB types, in order."""
    spool = _spool(work, table)
    try:
        with (
            django_connection.cursor() as cursor,
            spool.open("wb") as file,
            cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv, NULL '{_NULL}')") as copy,
        ):
            for chunk in copy:
                file.write(chunk)
        types = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
        target.execute(
            f"CREATE TABLE {table} AS SELECT * FROM read_csv('{_quoted(spool)}', columns = {{{types}}}, header = false, "
            f"nullstr = '{_NULL}', auto_detect = false, delim = ',', quote = '\"', escape = '\"', max_line_size = 16777216)"
        )
    finally:
        spool.unlink(missing_ok=True)


def rows(query: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
    """Return the rows of a small PostgreSQL query."""
    with django_connection.cursor() as cursor:
        cursor.execute(query, parameters if isinstance(parameters, dict) else list(parameters))
        return list(cursor.fetchall())


def execute(query: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> int:
    """Run one statement and return how many rows it touched."""
    with django_connection.cursor() as cursor:
        cursor.execute(query, parameters if isinstance(parameters, dict) else list(parameters))
        return int(cursor.rowcount)


def reserve_ids(table: str, count: int) -> int:
    """Draw `count` consecutive numbers from a table's identity sequence and return the first. Call under a lock."""
    ((first,),) = rows("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [table])
    if count > 1:
        rows("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, first + count - 1])
    return int(first)


@contextmanager
def one_at_a_time(lock: int) -> Iterator[None]:
    """Let one process at a time do what spans several transactions; the lock ends with the connection, also if killed."""
    rows("SELECT pg_advisory_lock(%s)", [lock])
    try:
        yield
    finally:
        rows("SELECT pg_advisory_unlock(%s)", [lock])


def _spool(work: Path, table: str) -> Path:
    """Return a new empty file that only its owner can read: two commands at once never share one."""
    handle, name = tempfile.mkstemp(prefix=f"{table}-", suffix=".csv", dir=work)
    os.close(handle)
    return Path(name)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
