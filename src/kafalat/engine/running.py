"""One run: (programme, snapshot, day) to decisions and payees, as Parquet files and a manifest with their digest.

A pure function: the same inputs give the same digest on any machine, thread count or day. The digest covers every
decision and payee, household by household, and depends on no file layout: the Merkle root (RFC 9162) over districts,
in P-code order, of the SHA-256 of their sorted lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb

from kafalat.core import merkle
from kafalat.engine.deciding import decision_sql
from kafalat.engine.derive import household_facts_sql
from kafalat.engine.payees import payee_sql
from kafalat.engine.scoring import lines, score_sql
from kafalat.engine.snapshots import TABLES, verify
from kafalat.engine.sql import identifier
from kafalat.policy.model import Programme

DECISIONS_FILE = "decisions.parquet"
PAYEES_FILE = "payees.parquet"
RESULT_FILE = "result.json"
MEMORY_LIMIT = "1GB"

_LINE = (
    "concat_ws('|', household_id, outcome, coalesce(CAST(score AS VARCHAR), '-'), coalesce(category, '-'), "
    "array_to_string(reasons, ','), array_to_string(missing_facts, ','))"
)
_PAYEE_LINE = "concat_ws('|', family_id, coalesce(CAST(person_id AS VARCHAR), '-'), reason)"


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to. `districts` maps each district's P-code to the digest of its decisions and payees."""

    programme_sha256: str
    snapshot_sha256: str
    policy_day: str
    digest: str
    households: int
    eligible: int
    ineligible: int
    incomplete: int
    districts: dict[str, str]


def run(
    *, programme: Programme, snapshot: Path, out: Path, policy_day: date, threads: int | None = None
) -> RunResult:
    """Score and decide every household of the snapshot folder; write the result files into the folder `out`.

    Raises the problem `targeting.snapshot_changed` when a file of the snapshot is not as its manifest says.
    """
    snapshot_sha256 = verify(snapshot)
    out.mkdir(parents=True, exist_ok=True)
    with _engine(snapshot, threads, out) as connection:
        _decide(connection, programme, policy_day)
        districts = _district_digests(connection)
        counts = dict(
            connection.execute("SELECT outcome, count(*) FROM decisions GROUP BY outcome").fetchall()
        )
        _write(connection, "decisions", "household_id", out / DECISIONS_FILE)
        _write(connection, "payees", "family_id", out / PAYEES_FILE)
    result = RunResult(
        programme_sha256=programme.sha256,
        snapshot_sha256=snapshot_sha256,
        policy_day=policy_day.isoformat(),
        digest=merkle.root([f"{pcode}:{digest}".encode() for pcode, digest in districts.items()]).hex(),
        households=sum(counts.values()),
        eligible=counts.get("eligible", 0),
        ineligible=counts.get("ineligible", 0),
        incomplete=counts.get("incomplete", 0),
        districts=districts,
    )
    (out / RESULT_FILE).write_text(json.dumps(asdict(result), indent=1))
    return result


@contextmanager
def _engine(snapshot: Path, threads: int | None, work: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an engine that sees the snapshot as `households` and `people`, the folder `work`, and nothing else of the disk."""
    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        connection.execute("SET temp_directory = $1", [str(work.absolute() / ".spill")])
        connection.execute("SET preserve_insertion_order = false")
        if threads is not None:
            connection.execute(f"SET threads = {int(threads)}")
        connection.execute("SET allowed_directories = $1", [[str(snapshot.absolute()), str(work.absolute())]])
        connection.execute("SET enable_external_access = false")
        for table in TABLES:
            source = str(snapshot.absolute() / table).replace("'", "''")
            name = table.removesuffix(".parquet")
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{source}')")
        yield connection


def _decide(connection: duckdb.DuckDBPyConnection, programme: Programme, day: date) -> None:
    """Make the tables `decisions` (with facts and points) and `payees`."""
    points = ", ".join(f"{line.sql} AS {identifier(line.column)}" for line in lines(programme.scorecard))
    facts = household_facts_sql(programme, key="household_id")
    connection.execute(f"CREATE TABLE pointed AS SELECT *, {points} FROM ({facts})")
    connection.execute(
        f"CREATE VIEW scored AS SELECT *, {score_sql(programme.scorecard)} AS score FROM pointed"
    )
    connection.execute(f"CREATE VIEW decided AS {decision_sql(programme, day, 'scored')}")
    connection.execute(
        "CREATE TABLE decisions AS SELECT decided.*, households.district_pcode "
        "FROM decided JOIN households USING (household_id)"
    )
    connection.execute(f"CREATE TABLE payees AS {payee_sql(programme, day, 'people', 'decisions')}")


def _district_digests(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return the digest of each district's decisions and payees, in P-code order."""
    rows = connection.execute(
        f"""
        WITH decided AS (
            SELECT district_pcode, sha256(string_agg({_LINE}, chr(10) ORDER BY household_id)) AS digest
            FROM decisions GROUP BY district_pcode
        ), paid AS (
            SELECT district_pcode, sha256(string_agg({_PAYEE_LINE}, chr(10) ORDER BY family_id)) AS digest
            FROM payees JOIN (SELECT household_id, district_pcode FROM decisions) USING (household_id)
            GROUP BY district_pcode
        )
        SELECT district_pcode, sha256(concat_ws('|', decided.digest, coalesce(paid.digest, '-')))
        FROM decided LEFT JOIN paid USING (district_pcode) ORDER BY district_pcode
        """
    ).fetchall()
    return dict(rows)


def open_results(out: Path, work: Path) -> duckdb.DuckDBPyConnection:
    """Return an engine with a run's result files as the views `decisions` and `payees`; it spills into `work`."""
    connection = duckdb.connect()
    connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    connection.execute("SET temp_directory = $1", [str(work / ".spill")])
    for name in (DECISIONS_FILE, PAYEES_FILE):
        source = str(out / name).replace("'", "''")
        view = name.removesuffix(".parquet")
        connection.execute(f"CREATE VIEW {view} AS SELECT * FROM read_parquet('{source}')")
    return connection


def first_difference(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Return the first district in P-code order whose decisions or payees are not those kept elsewhere, or None.

    `connection` comes from `open_results` and has also the tables `kept_decisions` (household_id, line) and
    `kept_payees` (family_id, line), a line being what the digest of a run is made of. Something kept that the run
    knows nothing of comes first, as "-".
    """
    rows = connection.execute(
        f"""
        WITH differing AS (
            SELECT d.district_pcode
            FROM (SELECT household_id, district_pcode, {_LINE} AS line FROM decisions) AS d
            FULL JOIN kept_decisions AS kept USING (household_id) WHERE d.line IS DISTINCT FROM kept.line
            UNION ALL
            SELECT p.district_pcode
            FROM (
                SELECT family_id, district_pcode, {_PAYEE_LINE} AS line
                FROM payees JOIN (SELECT household_id, district_pcode FROM decisions) USING (household_id)
            ) AS p
            FULL JOIN kept_payees AS kept USING (family_id) WHERE p.line IS DISTINCT FROM kept.line
        )
        SELECT min(coalesce(district_pcode, '-')) FROM differing
        """
    ).fetchall()
    first: str | None = rows[0][0]
    return first


def _write(connection: duckdb.DuckDBPyConnection, table: str, order: str, path: Path) -> None:
    """Write a table as Parquet, whole or not at all."""
    draft = path.with_suffix(".part")
    connection.execute(
        f"COPY (SELECT * FROM {table} ORDER BY {order}) TO '{str(draft).replace(chr(39), chr(39) * 2)}' "
        "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20000)"
    )
    draft.replace(path)
