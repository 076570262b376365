"""Where the SQL of a run is executed: one small set of moves, and an engine that makes them.

The SQL is written once, in DuckDB's dialect. An engine reads Parquet files under a name, gives a query a name, and
writes the rows of a query as Parquet files; what a run is, `engine.running` says. DuckDB is always there; Spark is an
extra, and asked for it is loaded from `engine.spark`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, cast

import duckdb

from kafalat.core.problems import problem
from kafalat.engine.sql import identifier, literal

ENGINES = ("duckdb", "spark")
MEMORY_LIMIT = "2GB"
ROW_GROUP_ROWS = 20_000  # small, so that one household's row is found quickly


class Backend(Protocol):
    """An engine during one run. Names given twice are replaced; a query may use every name given before it."""

    def load(self, name: str, files: Sequence[Path], columns: Mapping[str, str]) -> None:
        """Give the rows of Parquet files a name. `columns` are theirs with DuckDB types, and may be left empty where there is a file."""

    def define(self, name: str, query: str) -> None:
        """Give the rows of a query a name."""

    def write(self, query: str, folder: Path, stem: str) -> list[Path]:
        """Write the rows of a query, in any order, to new files `stem`*.parquet in `folder`, each whole."""


class DuckBackend:
    """DuckDB, in this process."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def load(self, name: str, files: Sequence[Path], columns: Mapping[str, str]) -> None:
        """Make a view of the files."""
        self._connection.execute(f"CREATE OR REPLACE VIEW {identifier(name)} AS {scan(files, columns)}")

    def define(self, name: str, query: str) -> None:
        """Make a view of the query."""
        self._connection.execute(f"CREATE OR REPLACE VIEW {identifier(name)} AS {query}")

    def write(self, query: str, folder: Path, stem: str) -> list[Path]:
        """Write one file, whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        draft, final = folder / f"{stem}.part", folder / f"{stem}.parquet"
        self._connection.execute(
            f"COPY ({query}) TO {literal(str(draft.absolute()))} "
            f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP_ROWS})"
        )
        draft.replace(final)
        return [final]


def open_backend(
    engine: str, master: str | None, reads: Sequence[Path], work: Path, threads: int | None
) -> AbstractContextManager[Backend]:
    """Open the engine of that name over the folders `reads`, writing into `work`. `master` is Spark's, `threads` DuckDB's.

    Raises the problems `targeting.engine_unknown`, `targeting.spark_missing`, and those of `engine.spark`.
    """
    if engine == "duckdb":
        return duck_backend(reads, work, threads)
    if engine != "spark":
        raise problem("targeting.engine_unknown", engine=engine, engines=", ".join(ENGINES))
    if find_spec("pyspark") is None:
        raise problem("targeting.spark_missing")
    backend = import_module("kafalat.engine.spark").spark_backend(master)
    return cast("AbstractContextManager[Backend]", backend)


@contextmanager
def duck_backend(reads: Sequence[Path], work: Path, threads: int | None) -> Iterator[DuckBackend]:
    """Open DuckDB seeing the folders `reads` and `work`, and nothing else of the disk; it spills into `work`."""
    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        connection.execute("SET temp_directory = $1", [str(work.absolute() / ".spill")])
        if threads is not None:
            connection.execute(f"SET threads = {int(threads)}")
        folders = [str(folder.absolute()) for folder in (*reads, work)]
        connection.execute("SET allowed_directories = $1", [folders])
        connection.execute("SET enable_external_access = false")
        yield DuckBackend(connection)


def scan(files: Sequence[Path], columns: Mapping[str, str]) -> str:
    """Return a DuckDB SELECT of the rows of Parquet files; without a file, of no row of `columns`."""
    if not files:
        empty = ", ".join(f"CAST(NULL AS {kind}) AS {identifier(name)}" for name, kind in columns.items())
        return f"SELECT {empty} WHERE FALSE"
    listed = ", ".join(literal(str(file.absolute())) for file in files)
    return f"SELECT * FROM read_parquet([{listed}])"
