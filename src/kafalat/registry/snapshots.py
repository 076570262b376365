"""Takes snapshots: the registry frozen as Parquet files per district and a manifest, without names or identifiers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
from django.conf import settings
from django.db import connection as django_connection
from django.db import transaction

from kafalat.audit import services as audit
from kafalat.core.digests import file_sha256, value_sha256
from kafalat.core.problems import problem
from kafalat.core.progress import Progress, silent
from kafalat.engine.derive import SQL_TYPES
from kafalat.engine.snapshots import FORMAT, MANIFEST_FILE, MATCHES, FileAbout, Manifest, TableAbout
from kafalat.engine.sql import identifier, literal
from kafalat.policy.model import Programme
from kafalat.registry import bulk, lists
from kafalat.registry.models import Snapshot

_LOCK = 0x4B41_0005  # one snapshot at a time: they share the draft folder
_HOUSEHOLDS = """
    SELECT h.id, h.place_id, CASE WHEN p.level = 'tehsil' THEN p.parent_id ELSE p.pcode END, h.interviewed_on,
        -- Names a household in the survey itself, whatever number it has here: what a draw between equals goes by.
        left(s.sha256, 16) || ':' || h.source_key, h.facts::text
    FROM registry_household AS h JOIN registry_place AS p ON p.pcode = h.place_id
    JOIN registry_surveysource AS s ON s.id = h.source_id
"""
_PEOPLE = """
    SELECT m.id, m.household_id, m.family_id, m.line_no, m.spouse_line, m.relationship, m.sex, m.age_years,
        m.marital_status,
        -- A card whose validity is not recorded counts as not recorded: the family is told to have it entered.
        CASE WHEN m.cnic_sealed IS NULL OR m.cnic_valid_until IS NULL THEN 'missing'
             WHEN m.cnic_valid_until >= '{day}' THEN 'valid' ELSE 'expired' END,
        coalesce(m.cnic_gender_updated, false), CASE WHEN p.level = 'tehsil' THEN p.parent_id ELSE p.pcode END, m.facts::text
    FROM registry_person AS m JOIN registry_household AS h ON h.id = m.household_id JOIN registry_place AS p ON p.pcode = h.place_id
"""
_HOUSEHOLD_TYPES = {
    "household_id": "BIGINT",
    "place_pcode": "VARCHAR",
    "district_pcode": "VARCHAR",
    "interviewed_on": "DATE",
    "survey_key": "VARCHAR",
    "facts": "VARCHAR",
}
_PEOPLE_TYPES = {
    "person_id": "BIGINT",
    "household_id": "BIGINT",
    "family_id": "BIGINT",
    "line_no": "INTEGER",
    "spouse_line": "INTEGER",
    "relationship": "VARCHAR",
    "sex": "VARCHAR",
    "age_years": "INTEGER",
    "marital_status": "VARCHAR",
    "cnic_status": "VARCHAR",
    "cnic_gender_updated": "BOOLEAN",
    "district_pcode": "VARCHAR",  # tells the file, and is no column of it
    "facts": "VARCHAR",
}


def take_snapshot(
    *,
    programme: Programme,
    folder: Path,
    work: Path,
    actor: str,
    at: datetime,
    progress: Progress = silent,
) -> Snapshot:
    """Freeze the registry as it stands into `folder`/<sha256>/ and record it; the same content is recorded once.

    Raises the problem `registry.empty`. Killed midway, it leaves an unnamed draft folder that the next call replaces.
    """
    with bulk.one_at_a_time(_LOCK):
        snapshot = _freeze(programme, folder, work, actor, at, progress)
    progress(1.0)
    return snapshot


def _freeze(
    programme: Programme, folder: Path, work: Path, actor: str, at: datetime, progress: Progress
) -> Snapshot:
    """Write the draft, give it its name, record it."""
    draft = work / "snapshot"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    _export(programme, draft, work, at, progress)
    manifest = _manifest(draft, at)
    sha256 = value_sha256(manifest)
    (draft / MANIFEST_FILE).write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")
    final = folder / sha256
    shutil.rmtree(final, ignore_errors=True)
    draft.rename(final)
    tables = manifest["tables"]
    with transaction.atomic():
        snapshot, created = Snapshot.objects.get_or_create(
            sha256=sha256,
            defaults={
                "as_of": at,
                "households": tables["households"]["rows"],
                "people": tables["people"]["rows"],
                "manifest": manifest,
            },
        )
        if created:
            audit.record(
                at=at, actor=actor, action="snapshot_taken", object_kind="snapshot", object_id=sha256
            )
    return snapshot


def _export(programme: Programme, draft: Path, work: Path, at: datetime, progress: Progress) -> None:
    """Read the tables in one view of the database and write them as Parquet, district by district."""
    with bulk.scratch_engine(work) as engine:
        with transaction.atomic():
            with django_connection.cursor() as cursor:
                # All exports see the same instant.
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            bulk.copy_out(_HOUSEHOLDS, engine, "households_raw", _HOUSEHOLD_TYPES, work=work)
            progress(0.2)
            people = _PEOPLE.format(day=at.astimezone(ZoneInfo(settings.TIME_ZONE)).date().isoformat())
            bulk.copy_out(people, engine, "people_raw", _PEOPLE_TYPES, work=work)
            lists.copy_matches(engine, work=work)
        progress(0.5)
        found = engine.execute("SELECT DISTINCT district_pcode FROM households_raw ORDER BY 1").fetchall()
        if not found:
            raise problem("registry.empty")
        districts = [district for (district,) in found]
        _write(engine, programme, "household", districts, draft / "households")
        progress(0.7)
        _write(engine, programme, "person", districts, draft / "people")
        _write_matches(engine, draft / MATCHES)


def _write(
    engine: duckdb.DuckDBPyConnection,
    programme: Programme,
    level: str,
    districts: Sequence[str],
    folder: Path,
) -> None:
    """Write one table with its collected facts as typed columns, a file per district, in the order of its number."""
    core, table, key = {
        "household": (_HOUSEHOLD_TYPES, "households_raw", "household_id"),
        "person": (_PEOPLE_TYPES, "people_raw", "person_id"),
    }[level]
    facts = {f.name: SQL_TYPES[f.type] for f in programme.facts if f.level == level and f.kind == "collected"}
    left_out = {"facts"} if level == "household" else {"facts", "district_pcode"}
    own = [identifier(name) for name in core if name not in left_out]
    typed = [f"answers.{identifier(name)} AS {identifier(name)}" for name in facts]
    answers = f", from_json(facts, {literal(json.dumps(facts))}) AS answers" if facts else ""
    # Sorted once, so that each district lies together and is found without reading the others.
    engine.execute(f"CREATE TABLE sorted AS SELECT * FROM {table} ORDER BY district_pcode, {key}")
    engine.execute(f"DROP TABLE {table}")
    folder.mkdir()
    for district in districts:
        engine.execute(
            f"COPY (SELECT {', '.join([*own, *typed])} "
            f"FROM (SELECT *{answers} FROM sorted WHERE district_pcode = {literal(district)}) ORDER BY {key}) "
            f"TO {literal(str(folder / f'{district}.parquet'))} "
            "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
        )
    engine.execute("DROP TABLE sorted")


def _write_matches(engine: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Write who stands on which list, a file for each district with a match; nothing at all where nobody does."""
    found = engine.execute("SELECT DISTINCT district_pcode FROM matches_raw ORDER BY 1").fetchall()
    if found:
        folder.mkdir()
    for (district,) in found:
        engine.execute(
            "COPY (SELECT person_id, household_id, filter, list_date FROM matches_raw "
            f"WHERE district_pcode = {literal(district)} ORDER BY person_id, filter) "
            f"TO {literal(str(folder / f'{district}.parquet'))} (FORMAT parquet, COMPRESSION zstd)"
        )


def _manifest(draft: Path, at: datetime) -> Manifest:
    """Return the manifest of the Parquet files in `draft`."""
    files: dict[str, FileAbout] = {}
    tables: dict[str, TableAbout] = {}
    with duckdb.connect() as reader:
        for folder in sorted(path for path in draft.iterdir() if path.is_dir()):
            for path in sorted(folder.glob("*.parquet")):
                count = reader.execute(
                    "SELECT num_rows FROM parquet_file_metadata($1)", [str(path)]
                ).fetchall()
                files[f"{folder.name}/{path.name}"] = FileAbout(sha256=file_sha256(path), rows=count[0][0])
            relation = reader.read_parquet(str(path))
            columns = {name: str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}
            rows = sum(about["rows"] for name, about in files.items() if name.startswith(f"{folder.name}/"))
            tables[folder.name] = TableAbout(rows=rows, columns=columns)
    return Manifest(format=FORMAT, as_of=at.isoformat(), tables=tables, files=files)
