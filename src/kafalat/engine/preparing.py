"""What simulations of a run are answered from: the run's households in a narrow table, those that are alike in one row.

Made once per run and scorecard, and kept beside the run's results. The families of every household are counted from
the snapshot, also of those the run did not select: a simulation may select them.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from kafalat.core.digests import value_sha256
from kafalat.core.problems import problem
from kafalat.engine.backends import MEMORY_LIMIT, scan
from kafalat.engine.deciding import categories_in_force, exclusions_in_force
from kafalat.engine.payees import filters_in_force, payee_sql
from kafalat.engine.running import BATCH_HOUSEHOLDS, batches, open_results
from kafalat.engine.scoring import lines, score_sql
from kafalat.engine.snapshots import MATCHES, districts, files_of, manifest_of
from kafalat.engine.sql import criterion_sql, identifier, literal
from kafalat.policy.model import Programme, Scorecard

FOLDER = "simulation"
FAMILIES = "families"
# Groups whose share is compared: the fact, and for facts that are no category the SQL of their code.
GROUPS: dict[str, str] = {
    "province": '"province"',
    "region": '"region"',
    "head_sex": '"head_sex"',
    "disabled_members": "CASE WHEN \"disabled_members\" >= 1 THEN 'yes' WHEN \"disabled_members\" = 0 THEN 'no' END",
    "household_size": "CASE WHEN \"household_size\" <= 3 THEN '1_to_3' WHEN \"household_size\" <= 5 THEN '4_to_5' "
    "WHEN \"household_size\" <= 7 THEN '6_to_7' WHEN \"household_size\" <= 9 THEN '8_to_9' "
    "WHEN \"household_size\" >= 10 THEN 'from_10' END",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A run as it lies on disk: the programme and day it was made under, its snapshot, its results, and scratch space."""

    programme: Programme
    policy_day: date
    snapshot: Path
    results: Path
    work: Path


def groups_of(programme: Programme) -> tuple[str, ...]:
    """Return the groups that can be told apart with the programme's facts."""
    declared = {fact.name for fact in programme.facts if fact.level == "household"}
    return tuple(name for name in GROUPS if name in declared)


def prepare(source: Source, scorecard: Scorecard | None = None) -> Path:
    """Return the file of the run's households under a scorecard (default: the run's own), made where it is not there yet.

    Columns: district, score, members, payable and unpayable (families with and without a payee), held (see `_families_sql`), in_0.. (whether the
    household belongs to each category in force, NULL where that is unknown), excluded, today (the run's outcome), one
    column per group, and households: how many are so. Raises `simulation.results_missing`, `simulation.fact_missing`
    for a scorecard that asks another fact, and the problems of `engine.snapshots.manifest_of`.
    """
    card = scorecard or source.programme.scorecard
    made_from = [card.base_points, score_sql(card), [line.sql for line in lines(card)]]
    path = source.results / FOLDER / f"{value_sha256(made_from)}.parquet"
    if path.exists():
        return path
    if not source.results.is_dir():
        raise problem("simulation.results_missing", path=source.results)
    families = _families(source)
    with open_results(source.results, source.work) as engine:
        _known(engine, source.programme, card)
        files = literal(str(families / "*.parquet"))
        engine.execute(f"CREATE VIEW families AS SELECT * FROM read_parquet({files})")
        _write(engine, _cells_sql(source, card), path)
    return path


def _known(engine: duckdb.DuckDBPyConnection, programme: Programme, card: Scorecard) -> None:
    """Refuse a scorecard that asks for a fact the results do not have."""
    have = {row[0] for row in engine.execute("DESCRIBE decisions").fetchall()}
    declared = {fact.name for fact in programme.facts}
    for fact in card.facts:
        if fact not in have or fact not in declared:
            raise problem("simulation.fact_missing", scorecard=card.code, fact=fact)


def _cells_sql(source: Source, card: Scorecard) -> str:
    """Return the SELECT of the cells: facts scored anew, categories, exclusion, outcome of the run, groups."""
    programme, day = source.programme, source.policy_day
    points = ", ".join(f"{line.sql} AS {identifier(line.column)}" for line in lines(card))
    facts = ", ".join(identifier(fact.name) for fact in programme.facts if fact.level == "household")
    belongs = "".join(
        f", {'TRUE' if c.criterion is None else criterion_sql(c.criterion)} AS in_{number}"
        for number, c in enumerate(categories_in_force(programme, day))
    )
    excluded = " OR ".join(criterion_sql(entry.criterion) for entry in exclusions_in_force(programme, day))
    groups = "".join(f", {GROUPS[name]} AS {identifier('group_' + name)}" for name in groups_of(programme))
    return f"""
        WITH asked AS (
            SELECT household_id, district_pcode AS district, outcome AS today, {facts} FROM decisions
        ), pointed AS (SELECT *, {points} FROM asked)
        SELECT district, {score_sql(card)} AS score, members, payable, unpayable, held{belongs},
            {excluded or "FALSE"} AS excluded, today{groups}, count(*) AS households
        FROM pointed JOIN families USING (household_id)
        GROUP BY ALL
    """


def _families(source: Source) -> Path:
    """Return the folder with the members and families of every household, counted from the snapshot where it is not there yet."""
    folder = source.results / FOLDER / FAMILIES
    if folder.is_dir():
        return folder
    manifest = manifest_of(source.snapshot)
    listed = MATCHES if MATCHES in manifest["tables"] else None
    draft = folder.with_suffix(".part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    with duckdb.connect() as engine:
        engine.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        engine.execute("SET temp_directory = $1", [str(source.work / ".spill")])
        for number, chosen in enumerate(batches(districts(manifest), BATCH_HOUSEHOLDS)):
            for table in ("people", listed):
                if table is not None:
                    files = [source.snapshot / name for name in files_of(manifest, table, chosen)]
                    columns = manifest["tables"][table]["columns"]
                    engine.execute(f"CREATE OR REPLACE VIEW {table} AS {scan(files, columns)}")
            engine.execute(
                "CREATE OR REPLACE VIEW everybody AS "
                "SELECT household_id, 'eligible' AS outcome, count(*) AS members FROM people GROUP BY household_id"
            )
            _write(engine, _families_sql(source, listed), draft / f"{number + 1:04d}.parquet")
    draft.rename(folder)
    return folder


def hard_filters(programme: Programme, day: date) -> tuple[str, ...]:
    """Return the codes of the filters in force that keep a family from being paid."""
    return tuple(entry.code for entry in filters_in_force(programme, day) if entry.kind == "hard")


def _families_sql(source: Source, listed: str | None) -> str:
    """Return a SELECT of each household's members, families with and without a payee, and those held by hard filters.

    `held` names the filters of each family that would have a payee but for them: codes with commas, families with semicolons.
    """
    programme, day = source.programme, source.policy_day
    payees = payee_sql(programme, day, "people", "everybody", listed)
    codes = ", ".join(literal(code) for code in hard_filters(programme, day))
    held = "CAST(NULL AS VARCHAR)"
    if listed and codes:
        held = (
            "string_agg(array_to_string(list_distinct(list_sort(list_filter(list_transform(filters, "
            f"lambda entry: split_part(entry, ':', 1)), lambda entry: entry IN ({codes})))), ','), ';') "
            f"FILTER (WHERE person_id IS NULL AND reason IN ({codes}))"
        )
    return f"""
        SELECT household_id, CAST(any_value(members) AS INTEGER) AS members,
            CAST(count(person_id) AS INTEGER) AS payable,
            CAST(count(family_id) - count(person_id) AS INTEGER) AS unpayable, {held} AS held
        FROM everybody LEFT JOIN ({payees}) USING (household_id) GROUP BY household_id
    """


def _write(engine: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Write a query's rows as Parquet, whole or not at all."""
    draft = path.with_suffix(".part")
    engine.execute(f"COPY ({query}) TO {literal(str(draft))} (FORMAT parquet, COMPRESSION zstd)")
    draft.replace(path)
