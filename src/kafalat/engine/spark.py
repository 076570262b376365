"""The engine on Apache Spark, for those who outgrow one machine (`kafalat[spark]`, Java 17 or newer).

The SQL of a run is written once, in DuckDB's dialect, and transpiled by sqlglot; where the two engines mean different
things by the same words, the difference is spelt out here. Files are read and written in place: on a cluster, the
folders must lie where every worker sees them under the same path.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlglot
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from sqlglot import exp

from kafalat.core.problems import problem
from kafalat.engine.backends import scan

LOCAL = "local[2]"
_SETTINGS = {
    "spark.driver.memory": "2g",
    "spark.sql.ansi.enabled": "true",  # an overflow is an error, as in DuckDB, never another number
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.session.timeZone": "UTC",
    # A file per district is no folder tree to be searched by a job of its own.
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "100000",
    "spark.sql.shuffle.partitions": "4",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


class SparkBackend:
    """A Spark session as the engine of a run."""

    def __init__(self, session: SparkSession) -> None:
        self._session = session

    def load(self, name: str, files: Sequence[Path], columns: Mapping[str, str]) -> None:
        """Make a view of the files."""
        if not files:
            self.define(name, scan((), columns))
            return
        reader = self._session.read
        if columns:  # else Spark asks the files, one by one
            reader = reader.schema(
                ", ".join(f"`{name}` {spark_type(kind)}" for name, kind in columns.items())
            )
        frame = reader.parquet(*(file.absolute().as_uri() for file in files))
        frame.createOrReplaceTempView(name)

    def define(self, name: str, query: str) -> None:
        """Make a view of the query."""
        self._session.sql(spark_sql(query)).createOrReplaceTempView(name)

    def write(self, query: str, folder: Path, stem: str) -> list[Path]:
        """Write as many files as Spark has parts, and show them once all are whole."""
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f"{stem}.part"
        shutil.rmtree(draft, ignore_errors=True)
        self._session.sql(spark_sql(query)).write.parquet(draft.absolute().as_uri())
        found = []
        for number, part in enumerate(sorted(draft.glob("part-*.parquet"))):
            found.append(part.replace(folder / f"{stem}-{number:05d}.parquet"))
        shutil.rmtree(draft)
        return found


def spark_sql(query: str) -> str:
    """Return a query of DuckDB's dialect as Spark reads it, with the same meaning."""
    tree = sqlglot.parse_one(query, read="duckdb")
    for division in list(tree.find_all(exp.Div)):
        # DuckDB divides as floating point; Spark would divide a decimal literal as a decimal and round.
        for side in ("this", "expression"):
            division.set(side, exp.cast(division.args[side].copy(), "double"))
    return tree.sql(dialect="spark")


def spark_type(kind: str) -> str:
    """Return a DuckDB type by Spark's name for it."""
    return exp.DataType.build(kind, dialect="duckdb").sql(dialect="spark")


@contextmanager
def spark_backend(master: str | None) -> Iterator[SparkBackend]:
    """Open a session at `master`, by default on two cores of this machine; one that is open already is used and kept.

    Raises the problems `targeting.java_missing` and `targeting.spark_failed`.
    """
    session = SparkSession.getActiveSession()
    if session is not None:
        yield SparkBackend(session)
        return
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java", path=f"{home}/bin" if home else None) is None:
        raise problem("targeting.java_missing")
    builder = SparkSession.Builder().appName("kafalat").master(master or LOCAL)
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except (PySparkException, Py4JError, OSError) as error:
        raise problem("targeting.spark_failed", master=master or LOCAL, reason=_first_line(error)) from error
    session.sparkContext.setLogLevel("ERROR")
    try:
        yield SparkBackend(session)
    finally:
        session.stop()


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
