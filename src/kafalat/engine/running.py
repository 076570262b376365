"""One run: (programme, snapshot, day) to decisions and payees, as Parquet files and a result with their digest.

A pure function: the same inputs give the same digest on any machine, engine, thread count or day. The digest covers
every decision and payee, household by household, and depends on no file layout: it is the Merkle root (RFC 9162) over
districts, in P-code order, of the SHA-256 of their sorted lines, and then of the selection, where there is one. It is
computed from the files, so it is of what is there.

The work goes batch by batch of whole districts, so memory is bounded whatever the size of the nation. A batch counts
once all its files are whole: a run that was killed goes on with the next one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TypedDict

import duckdb

from kafalat.core import merkle
from kafalat.core.digests import file_sha256, value_sha256
from kafalat.core.problems import problem
from kafalat.core.progress import Progress, silent
from kafalat.engine.backends import MEMORY_LIMIT, Backend, open_backend, scan
from kafalat.engine.deciding import decision_sql
from kafalat.engine.derive import household_facts_sql
from kafalat.engine.payees import payee_sql
from kafalat.engine.scoring import lines, score_sql
from kafalat.engine.selecting import (
    SELECTED,
    SELECTION,
    VERDICT_COLUMNS,
    WAITING,
    selects,
    standing_sql,
    write_selection,
)
from kafalat.engine.snapshots import MATCHES, TABLES, Manifest, districts, files_of, manifest_of, verify
from kafalat.engine.sql import identifier, literal
from kafalat.policy.model import Programme

DECISIONS, PAYEES = "decisions", "payees"
RESULT_FILE = "result.json"
VERDICTS_FILE = "verdicts.parquet"  # what committees said, as the run was given it
BATCHES_FILE = "batches.json"
BATCH_HOUSEHOLDS = 500_000

_MATCHES_COLUMNS = {"person_id": "BIGINT", "household_id": "BIGINT", "filter": "VARCHAR", "list_date": "DATE"}
_LINE = (
    "concat_ws('|', household_id, outcome, coalesce(CAST(score AS VARCHAR), '-'), coalesce(category, '-'), "
    "array_to_string(reasons, ','), array_to_string(missing_facts, ','))"
)
# What is compared of a decision that is kept: its place in the selection too.
_KEPT_LINE = f"concat_ws('|', {_LINE}, coalesce(standing, '-'), coalesce(CAST(rank AS VARCHAR), '-'))"
# concat_ws leaves NULL out: a family no list speaks of has the same line as without any list.
_PAYEE_LINE = (
    "concat_ws('|', family_id, coalesce(CAST(person_id AS VARCHAR), '-'), reason, "
    "nullif(array_to_string(filters, ','), ''))"
)


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to. `districts` maps each district's P-code to the digest of its decisions and payees.

    `selected` and `waiting` are households, None where every eligible one is selected.
    """

    programme_sha256: str
    snapshot_sha256: str
    policy_day: str
    verdicts_sha256: str | None
    digest: str
    households: int
    eligible: int
    ineligible: int
    incomplete: int
    districts: dict[str, str]
    selected: int | None = None
    waiting: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two results first differ: a district, "-" for a household the run does not know, and a household's number."""

    district: str
    household_id: int


def run(
    *,
    programme: Programme,
    snapshot: Path,
    out: Path,
    policy_day: date,
    threads: int | None = None,
    engine: str = "duckdb",
    master: str | None = None,
    verdicts: Path | None = None,
    batch_households: int = BATCH_HOUSEHOLDS,
    progress: Progress = silent,
) -> RunResult:
    """Score and decide every household of the snapshot folder; write the result files into the folder `out`.

    Where `out` has whole batches of the same run, only the others are computed. A batch is the next districts, in
    P-code order, that have up to `batch_households` households together, or one district that alone has more.
    `engine` is one of `engine.backends.ENGINES`; all come to the same decisions and digest.
    Raises the problems of `engine.snapshots.verify` and of `engine.backends.open_backend` before anything is written.
    """
    snapshot_sha256 = verify(snapshot)
    manifest = manifest_of(snapshot)
    plan = batches(districts(manifest), batch_households)
    queries = _queries(programme, policy_day, MATCHES if MATCHES in manifest["tables"] else None)
    verdicts_sha256 = file_sha256(verdicts) if verdicts else None
    with open_backend(engine, master, [snapshot], out, threads) as backend:
        state = _State(out, value_sha256([snapshot_sha256, verdicts_sha256, queries, plan]))
        for number, batch in enumerate(plan):
            if not state.has(number):
                _load(backend, snapshot, manifest, batch)
                state.add(number, batch, _decide(backend, queries, out, f"{number + 1:04d}"))
            progress((number + 1) / (len(plan) + 1))
    found, counts = _summary(out, [state.files(number) for number in range(len(plan))], threads)
    leaves = [f"{pcode}:{digest}" for pcode, digest in found.items()]
    standing: dict[str, int] = {}
    if selects(programme):
        digest, standing = _select(programme, policy_day, snapshot, manifest, verdicts, out, threads)
        leaves.append(f"{SELECTION}:{digest}")
    result = RunResult(
        programme_sha256=programme.sha256,
        snapshot_sha256=snapshot_sha256,
        policy_day=policy_day.isoformat(),
        verdicts_sha256=verdicts_sha256,
        digest=merkle.root([leaf.encode() for leaf in leaves]).hex(),
        households=sum(counts.values()),
        eligible=counts.get("eligible", 0),
        ineligible=counts.get("ineligible", 0),
        incomplete=counts.get("incomplete", 0),
        districts=found,
        selected=standing.get(SELECTED, 0) if standing else None,
        waiting=standing.get(WAITING, 0) if standing else None,
    )
    (out / RESULT_FILE).write_text(json.dumps(asdict(result), indent=1))
    shutil.rmtree(out / ".spill", ignore_errors=True)
    progress(1.0)
    return result


def batches(households: Mapping[str, int], most: int) -> list[tuple[str, ...]]:
    """Return the districts, in their order, in groups that together have at most `most` households, or are one district."""
    groups: list[list[str]] = []
    filled = 0
    for district, count in households.items():
        if not groups or filled + count > most:
            groups.append([])
            filled = 0
        groups[-1].append(district)
        filled += count
    return [tuple(group) for group in groups]


class _Batch(TypedDict):
    """A whole batch: its districts, and its files by their path in the run's folder."""

    districts: list[str]
    files: list[str]


class _State:
    """Which batches of a run are whole in its folder. Files of anything else in the folder are removed."""

    def __init__(self, out: Path, inputs: str) -> None:
        self._out = out
        self._inputs = inputs
        self._done: dict[str, _Batch] = {}
        file = out / BATCHES_FILE
        if file.exists():
            kept = json.loads(file.read_text(encoding="utf-8"))
            if kept["inputs"] == inputs:
                self._done = kept["done"]
        listed = {name for batch in self._done.values() for name in batch["files"]}
        for table in (DECISIONS, PAYEES):
            (out / table).mkdir(parents=True, exist_ok=True)
            for path in (out / table).iterdir():
                if f"{table}/{path.name}" not in listed:
                    path.unlink()

    def has(self, number: int) -> bool:
        """Say whether all files of a batch are there."""
        batch = self._done.get(str(number))
        return batch is not None and all((self._out / name).is_file() for name in batch["files"])

    def add(self, number: int, districts: Sequence[str], files: Sequence[Path]) -> None:
        """Count a batch of districts as whole."""
        names = [file.relative_to(self._out).as_posix() for file in files]
        self._done[str(number)] = _Batch(districts=list(districts), files=names)
        draft = self._out / f"{BATCHES_FILE}.part"
        draft.write_text(json.dumps({"inputs": self._inputs, "done": self._done}), encoding="utf-8")
        draft.replace(self._out / BATCHES_FILE)

    def files(self, number: int) -> dict[str, list[Path]]:
        """Return the files of a whole batch by table."""
        names = self._done[str(number)]["files"]
        return {t: [self._out / n for n in names if n.startswith(f"{t}/")] for t in (DECISIONS, PAYEES)}


def _queries(programme: Programme, day: date, matches: str | None) -> dict[str, str]:
    """Return the SQL of a run by the name its rows get, each using those before it; `matches` where lists matched anybody."""
    points = ", ".join(f"{line.sql} AS {identifier(line.column)}" for line in lines(programme.scorecard))
    facts = household_facts_sql(programme, key="household_id", keep=("district_pcode",))
    return {
        "pointed": f"SELECT *, {points} FROM ({facts}) AS facts",
        "scored": f"SELECT *, {score_sql(programme.scorecard)} AS score FROM pointed",
        "decided": decision_sql(programme, day, "scored"),
        "paid": (
            "SELECT chosen.*, decisions.district_pcode "
            f"FROM ({payee_sql(programme, day, 'people', 'decisions', matches)}) AS chosen "
            "JOIN decisions ON decisions.household_id = chosen.household_id"
        ),
    }


def _load(backend: Backend, snapshot: Path, manifest: Manifest, batch: tuple[str, ...]) -> None:
    """Show the engine the tables of a batch of districts."""
    for table in (*TABLES, MATCHES):
        files = [snapshot / name for name in files_of(manifest, table, batch)]
        about = manifest["tables"].get(table)
        backend.load(table, files, _MATCHES_COLUMNS if about is None else about["columns"])


def _decide(backend: Backend, queries: Mapping[str, str], out: Path, stem: str) -> list[Path]:
    """Write the decisions (with facts and points) and payees of the batch that is loaded; return the files."""
    for name in ("pointed", "scored", "decided"):
        backend.define(name, queries[name])
    decisions = backend.write("SELECT * FROM decided", out / DECISIONS, stem)
    backend.load(DECISIONS, decisions, {})
    return [*decisions, *backend.write(queries["paid"], out / PAYEES, stem)]


def _summary(
    out: Path, files: Sequence[Mapping[str, Sequence[Path]]], threads: int | None
) -> tuple[dict[str, str], dict[str, int]]:
    """Return the digest of each district, in P-code order, and the number of households by outcome."""
    found: dict[str, str] = {}
    counts: dict[str, int] = {}
    with _reader(out, threads) as connection:
        for batch in files:
            for table in (DECISIONS, PAYEES):
                connection.execute(f"CREATE OR REPLACE VIEW {table} AS {scan(batch[table], {})}")
            found |= _district_digests(connection)
            for outcome, count in connection.execute(
                "SELECT outcome, count(*) FROM decisions GROUP BY outcome"
            ).fetchall():
                counts[outcome] = counts.get(outcome, 0) + count
    return dict(sorted(found.items())), counts


def _select(
    programme: Programme,
    day: date,
    snapshot: Path,
    manifest: Manifest,
    verdicts: Path | None,
    out: Path,
    threads: int | None,
) -> tuple[str, dict[str, int]]:
    """Write the selection, and keep the verdicts it heard; return its digest and the households by standing."""
    kept = out / VERDICTS_FILE
    if verdicts is not None and verdicts.absolute() != kept.absolute():
        shutil.copyfile(verdicts, kept)
    with _reader(out, threads) as connection:
        for table in (DECISIONS, PAYEES):
            connection.execute(f"CREATE VIEW {table} AS {scan(sorted((out / table).glob('*.parquet')), {})}")
        households = [snapshot / name for name in files_of(manifest, TABLES[0], tuple(districts(manifest)))]
        connection.execute(f"CREATE VIEW households AS {scan(households, {})}")
        said = [kept] if verdicts is not None else []
        connection.execute(f"CREATE VIEW verdicts AS {scan(said, VERDICT_COLUMNS)}")
        digest = write_selection(connection, programme, day, out)
        counts = connection.execute(
            f"SELECT standing, count(*) FROM ({scan([out / SELECTION / '0001.parquet'], {})}) GROUP BY standing"
        ).fetchall()
    return digest, {SELECTED: 0, **dict(counts)}


def _district_digests(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return the digest of each district's decisions and payees."""
    rows = connection.execute(
        f"""
        WITH decided AS (
            SELECT district_pcode, sha256(string_agg({_LINE}, chr(10) ORDER BY household_id)) AS digest
            FROM decisions GROUP BY district_pcode
        ), paid AS (
            SELECT district_pcode, sha256(string_agg({_PAYEE_LINE}, chr(10) ORDER BY family_id)) AS digest
            FROM payees GROUP BY district_pcode
        )
        SELECT district_pcode, sha256(concat_ws('|', decided.digest, coalesce(paid.digest, '-')))
        FROM decided LEFT JOIN paid USING (district_pcode)
        """
    ).fetchall()
    return dict(rows)


def open_results(out: Path, work: Path) -> duckdb.DuckDBPyConnection:
    """Return an engine with a run's result files as the views `decisions` and `payees`; it spills into `work`.

    Raises the problem `input.not_found` where they are gone.
    """
    queries = results_sql(out)
    connection = _reader(work, None)
    for table, rows in queries.items():
        connection.execute(f"CREATE VIEW {table} AS {rows}")
    return connection


def results_sql(out: Path, district: str | None = None) -> dict[str, str]:
    """Return a DuckDB SELECT of a run's `decisions` and one of its `payees`, over its result files.

    With `district`, over the files of that district's batch alone, if the run knows it: opening one file is quick, a
    nation's are many. Raises the problem `input.not_found` where the files are gone.
    """
    files = {table: _files_with(out, table, district) for table in (DECISIONS, PAYEES)}
    return {DECISIONS: _with_standing(out, files[DECISIONS]), PAYEES: scan(files[PAYEES], {})}


def _files_with(out: Path, table: str, district: str | None = None) -> list[Path]:
    """Return a table's result files: of the district's batch if there is one, else all."""
    files = sorted((out / table).glob("*.parquet"))
    if not files:
        raise problem("input.not_found", path=out / table)
    if district is None:
        return files
    done: dict[str, _Batch] = json.loads((out / BATCHES_FILE).read_text(encoding="utf-8"))["done"]
    named = [
        out / name for batch in done.values() if district in batch["districts"] for name in batch["files"]
    ]
    return [path for path in named if path.parent.name == table] or files


def _with_standing(out: Path, decisions: Sequence[Path]) -> str:
    """Return a SELECT of a result's decisions with their standing in the selection, if it has one."""
    selection = sorted((out / SELECTION).glob("*.parquet"))
    return standing_sql(f"({scan(decisions, {})})", f"({scan(selection, {})})" if selection else None)


def _reader(work: Path, threads: int | None) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    connection.execute("SET temp_directory = $1", [str(work.absolute() / ".spill")])
    if threads is not None:
        connection.execute(f"SET threads = {int(threads)}")
    return connection


def keep_lines(connection: duckdb.DuckDBPyConnection, kept: str, out: Path) -> None:
    """Make the tables named `kept` that `first_difference` compares with from the result files in another folder."""
    payees = literal(str(out / PAYEES / "*.parquet"))
    connection.execute(
        f"""
        CREATE VIEW {kept}_decisions AS
        SELECT household_id, {_KEPT_LINE} AS line FROM ({_with_standing(out, _files_with(out, DECISIONS))});
        CREATE VIEW {kept}_payees AS
        SELECT family_id, household_id, {_PAYEE_LINE} AS line FROM read_parquet({payees});
        """
    )


def first_difference(connection: duckdb.DuckDBPyConnection, kept: str) -> Difference | None:
    """Return the first household, by district in P-code order, whose decision or payees are not those kept elsewhere.

    `connection` comes from `open_results` and has also the tables `<kept>_decisions` (household_id, line) and
    `<kept>_payees` (family_id, household_id, line), a line being what the digest of a run is made of and, of a
    decision, its standing. Something kept that the run knows nothing of comes first.
    """
    rows = connection.execute(
        f"""
        WITH differing AS (
            SELECT d.district_pcode, coalesce(d.household_id, kept.household_id) AS household_id
            FROM (SELECT household_id, district_pcode, {_KEPT_LINE} AS line FROM decisions) AS d
            FULL JOIN {kept}_decisions AS kept ON kept.household_id = d.household_id
            WHERE d.line IS DISTINCT FROM kept.line
            UNION ALL
            SELECT p.district_pcode, coalesce(p.household_id, kept.household_id)
            FROM (SELECT family_id, household_id, district_pcode, {_PAYEE_LINE} AS line FROM payees) AS p
            FULL JOIN {kept}_payees AS kept ON kept.family_id = p.family_id
            WHERE p.line IS DISTINCT FROM kept.line
        )
        SELECT coalesce(d.district_pcode, differing.district_pcode, '-') AS district, differing.household_id
        FROM differing LEFT JOIN (SELECT household_id, district_pcode FROM decisions) AS d USING (household_id)
        ORDER BY district, household_id LIMIT 1
        """
    ).fetchall()
    return Difference(*rows[0]) if rows else None
