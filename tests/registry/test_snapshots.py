"""Snapshots: no names, no identifiers, the same bytes for the same registry, one digest for all of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from kafalat.audit.models import AuditEntry
from kafalat.core.digests import file_sha256, value_sha256
from kafalat.core.problems import Problem
from kafalat.engine.snapshots import TABLES, manifest_of, verify
from kafalat.interfaces.office import Office
from kafalat.registry.models import Household, Person, Snapshot
from kafalat.registry.snapshots import take_snapshot
from kafalat.survey.tables import SurveyTables
from tests.conftest import NOW
from tests.registry.steps import bring, drawn

HOUSEHOLDS = 90
HOUSEHOLD_CORE = ["household_id", "place_pcode", "district_pcode", "interviewed_on", "survey_key"]
PERSON_CORE = [
    "person_id", "household_id", "family_id", "line_no", "spouse_line", "relationship", "sex", "age_years", "marital_status",
    "cnic_status", "cnic_gender_updated",
]  # fmt: skip


@pytest.fixture
def tables(office: Office, database: str) -> SurveyTables:
    """A survey that is in the registry, its tables still at hand to compare with."""
    survey = drawn(office, HOUSEHOLDS, 11)
    bring(office, survey)
    return survey


def take(office: Office, folder: Path, *, hours: int = 0) -> Snapshot:
    return take_snapshot(
        programme=office.programme,
        folder=folder,
        work=office.home.work,
        actor="test",
        at=NOW + timedelta(hours=hours),
    )


def read(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query over the file, which it calls `file`."""
    with duckdb.connect() as engine:
        engine.execute(f"CREATE VIEW file AS SELECT * FROM read_parquet('{path}')")
        return engine.execute(query).fetchall()


def test_a_snapshot_has_facts_and_core_columns_and_nothing_else(
    office: Office, tables: SurveyTables, tmp_path: Path
) -> None:
    snapshot = take(office, tmp_path)
    collected = {
        level: [f.name for f in office.programme.facts if f.level == level and f.kind == "collected"]
        for level in ("household", "person")
    }
    wanted = {
        "households": HOUSEHOLD_CORE + collected["household"],
        "people": PERSON_CORE + collected["person"],
    }
    files = {table: sorted((tmp_path / snapshot.sha256 / table).iterdir()) for table in TABLES}
    for table in TABLES:
        for file in files[table]:
            assert [row[0] for row in read(file, "DESCRIBE file")] == wanted[table]
    manifest = manifest_of(tmp_path / snapshot.sha256)
    assert {table: set(about["columns"]) for table, about in manifest["tables"].items()} == {
        table: set(columns) for table, columns in wanted.items()
    }
    # No name of a column stands for a person, and no file holds one's name.
    content = b"".join(file.read_bytes() for table in TABLES for file in files[table])
    name = Person.objects.order_by("id")[0].name_en
    assert name.encode() not in content


def test_it_counts_every_household_and_person(office: Office, tables: SurveyTables, tmp_path: Path) -> None:
    snapshot = take(office, tmp_path)
    folder = tmp_path / snapshot.sha256
    assert (snapshot.households, snapshot.people) == (HOUSEHOLDS, tables.people)
    manifest = manifest_of(folder)
    rows = {name: about["rows"] for name, about in manifest["tables"].items()}
    assert rows == {"households": HOUSEHOLDS, "people": tables.people}
    for table in TABLES:
        assert read(folder / table / "*.parquet", "SELECT count(*) FROM file") == [(rows[table],)]
    for name, about in manifest["files"].items():
        assert read(folder / name, "SELECT count(*) FROM file") == [(about["rows"],)]


def test_every_file_has_the_households_of_its_district_and_their_people(
    office: Office, tables: SurveyTables, tmp_path: Path
) -> None:
    folder = tmp_path / take(office, tmp_path).sha256
    files = sorted((folder / "households").iterdir())
    assert [file.name for file in files] == sorted(file.name for file in (folder / "people").iterdir())
    for file in files:
        assert read(file, "SELECT DISTINCT district_pcode FROM file") == [(file.stem,)]
        households = read(file, "SELECT household_id FROM file ORDER BY 1")
        of_people = read(folder / "people" / file.name, "SELECT DISTINCT household_id FROM file ORDER BY 1")
        assert households == of_people


@pytest.mark.parametrize(("level", "table"), [("household", "households"), ("person", "people")])
def test_facts_are_the_answers_in_their_type(
    office: Office, tables: SurveyTables, tmp_path: Path, level: str, table: str
) -> None:
    folder = tmp_path / take(office, tmp_path).sha256
    facts = [f.name for f in office.programme.facts if f.level == level and f.kind == "collected"]
    columns = ", ".join(f'"{name}"' for name in facts)
    order = "household_key" if level == "household" else "household_key, line_no"
    number = "household_id" if level == "household" else "person_id"
    answered = tables.connection.execute(f"SELECT {columns} FROM {table} ORDER BY {order}").fetchall()
    assert read(folder / table / "*.parquet", f"SELECT {columns} FROM file ORDER BY {number}") == answered


def test_the_state_of_a_card_follows_from_its_date(
    office: Office, tables: SurveyTables, tmp_path: Path
) -> None:
    folder = tmp_path / take(office, tmp_path).sha256
    day = NOW.date().isoformat()
    expected = tables.connection.execute(
        "SELECT CASE WHEN cnic IS NULL THEN 'missing' "
        f"WHEN cnic_valid_until >= DATE '{day}' THEN 'valid' ELSE 'expired' END FROM people ORDER BY household_key, line_no"
    ).fetchall()
    assert (
        read(folder / "people" / "*.parquet", "SELECT cnic_status FROM file ORDER BY person_id") == expected
    )
    assert {status for (status,) in expected} == {"missing", "valid", "expired"}


def test_a_household_is_of_the_district_of_its_tehsil(
    office: Office, tables: SurveyTables, tmp_path: Path
) -> None:
    folder = tmp_path / take(office, tmp_path).sha256
    parents = {place.pcode: place.parent for place in office.programme.places if place.level == "tehsil"}
    for place, district in read(
        folder / "households" / "*.parquet", "SELECT DISTINCT place_pcode, district_pcode FROM file"
    ):
        assert district == parents.get(place, place)


def test_the_same_registry_gives_the_same_bytes(office: Office, tables: SurveyTables, tmp_path: Path) -> None:
    first, second = take(office, tmp_path), take(office, tmp_path, hours=3)
    for name in first.manifest["files"]:
        assert (tmp_path / first.sha256 / name).read_bytes() == (tmp_path / second.sha256 / name).read_bytes()
    assert first.sha256 != second.sha256  # the instant is part of what a snapshot says
    assert first.manifest["files"] == second.manifest["files"]


def test_the_same_snapshot_is_recorded_once(office: Office, tables: SurveyTables, tmp_path: Path) -> None:
    first = take(office, tmp_path)
    assert take(office, tmp_path).pk == first.pk
    assert (Snapshot.objects.count(), AuditEntry.objects.filter(action="snapshot_taken").count()) == (1, 1)
    assert verify(tmp_path / first.sha256) == first.sha256
    assert [path.name for path in tmp_path.iterdir()] == [first.sha256]


def test_the_digest_covers_every_file(office: Office, tables: SurveyTables, tmp_path: Path) -> None:
    snapshot = take(office, tmp_path)
    folder = tmp_path / snapshot.sha256
    assert verify(folder) == snapshot.sha256 == value_sha256(snapshot.manifest)
    assert {path.relative_to(folder).as_posix(): file_sha256(path) for path in folder.glob("*/*")} == {
        name: about["sha256"] for name, about in snapshot.manifest["files"].items()
    }
    last = max((folder / "people").iterdir())
    last.write_bytes(last.read_bytes() + b"\n")
    with pytest.raises(Problem, match=rf"people/{last.stem}\.parquet"):
        verify(folder)


def test_a_changed_answer_gives_other_bytes(office: Office, tables: SurveyTables, tmp_path: Path) -> None:
    """Control: the bytes are the same because the registry is, not because they never change."""
    first = take(office, tmp_path)
    household = Household.objects.select_related("place").order_by("id")[0]
    household.facts["rooms"] = (household.facts["rooms"] or 0) + 1
    household.save(update_fields=["facts"])
    second = take(office, tmp_path, hours=1)
    files = [snapshot.manifest["files"] for snapshot in (first, second)]
    place = household.place
    district = place.parent_id if place.level == "tehsil" else place.pcode
    assert [name for name in files[0] if files[0][name] != files[1][name]] == [
        f"households/{district}.parquet"
    ]


def test_an_empty_registry_has_no_snapshot(office: Office, database: str, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        take(office, tmp_path)
    assert caught.value.code == "registry.empty"
    assert (Snapshot.objects.count(), list(tmp_path.iterdir())) == (0, [])


def test_a_draft_left_by_a_killed_process_is_no_hindrance(
    office: Office, tables: SurveyTables, tmp_path: Path
) -> None:
    draft = office.home.work / "snapshot"
    (draft / "people").mkdir(parents=True)
    (draft / "people" / "PK101.parquet").write_bytes(b"half")
    (draft / "other.parquet").write_bytes(b"half")
    snapshot = take(office, tmp_path)
    assert sorted(snapshot.manifest["tables"]) == sorted(TABLES)
    assert verify(tmp_path / snapshot.sha256) == snapshot.sha256
