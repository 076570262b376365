"""A nation to measure with: a snapshot of any number of households, made in minutes from a pool of synthetic ones.

Each household is drawn from those of its province in the pool, by a hash of its number, and then changed a little:
rooms, phones, ages, classes, land and cards. So a nation has the shares and the variety of the pool, and the same
number gives the same nation. Households are shared out over districts and tehsils by the census figures.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import duckdb

from kafalat.core.digests import file_sha256
from kafalat.engine.derive import SQL_TYPES
from kafalat.engine.snapshots import FORMAT, MANIFEST_FILE, FileAbout, Manifest, TableAbout
from kafalat.engine.sql import identifier, literal
from kafalat.policy.model import Programme
from kafalat.registry.families import FAMILIES_SQL
from kafalat.survey.geography import share_out
from kafalat.survey.identities import CARDS_ON, add_identities
from kafalat.survey.synthesis import figures_bytes, synthesise

POOL_HOUSEHOLDS = 60_000
MOST_PEOPLE = (
    64  # of a household: numbers of people and families are the household's times this, plus the line
)
AS_OF = "2026-01-01T00:00:00+05:00"
_SPARE = 1_000_000_000  # larger than any bucket of the hash
# What is changed: a share in a thousand of the answers, by a new one. Missing answers stay missing.
_HOUSEHOLD_CHANGES = {
    "rooms": "greatest(1, rooms + {bucket} % 3 - 1)",
    "mobile_phone": "NOT mobile_phone",
    "internet": "NOT internet",
    "computer": "NOT computer",
    "owned_land_acres": "owned_land_acres + {bucket} % 2000 / 100",
}
_PERSON_CHANGES = {
    "highest_class": "least(18, highest_class + {bucket} % 3)",
    "can_read": "NOT can_read",
    "uses_internet": "NOT uses_internet",
    "cnic_status": "CASE {bucket} % 3 WHEN 0 THEN 'valid' WHEN 1 THEN 'expired' ELSE 'missing' END",
}
_CHANGED_PER_THOUSAND = 30


def make_snapshot(programme: Programme, folder: Path, households: int) -> Path:
    """Make a snapshot of so many households in `folder`, going on where an earlier call stopped; return the folder."""
    if (folder / MANIFEST_FILE).exists():
        return folder
    for table in ("households", "people"):
        (folder / table).mkdir(parents=True, exist_ok=True)
    homes = share_out(households, programme, json.loads(figures_bytes()))
    places: dict[str, list[tuple[str, str, int]]] = {}
    parents = {place.pcode: place.parent for place in programme.places if place.level == "tehsil"}
    for pcode, province, count in zip(homes.pcodes, homes.provinces, homes.counts.tolist(), strict=True):
        if count:
            places.setdefault(parents.get(pcode) or pcode, []).append((pcode, province, count))
    first = 1
    with duckdb.connect() as engine:
        engine.execute("SET memory_limit = '3GB'")
        engine.execute("SET temp_directory = $1", [str(folder / ".spill")])
        if any(not (folder / "people" / f"{district}.parquet").exists() for district in places):
            _make_pool(engine, programme)
        for number, (district, inside) in enumerate(sorted(places.items())):
            if not (folder / "people" / f"{district}.parquet").exists():
                _make_district(engine, programme, folder, district, inside, first)
            first += sum(count for _, _, count in inside)
            print(
                f"\r  {number + 1} of {len(places)} districts, {first - 1:,} households", end="", flush=True
            )
        print()
        manifest = _manifest(engine, folder)
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")
    return folder


def _make_pool(engine: duckdb.DuckDBPyConnection, programme: Programme) -> None:
    """Make the tables `pool` and `pool_people`: households numbered within their province, people with their families."""
    tables = synthesise(POOL_HOUSEHOLDS, 1, programme=programme, connection=engine)
    add_identities(tables, seed=1)
    engine.execute(FAMILIES_SQL)
    engine.execute(
        f"""
        CREATE TABLE pool AS SELECT * EXCLUDE (place_pcode, members),
            row_number() OVER (PARTITION BY province ORDER BY household_key) - 1 AS n,
            count(*) OVER (PARTITION BY province) AS of_province
        FROM households JOIN (SELECT household_key, count(*) AS members FROM people GROUP BY household_key) USING (household_key)
        -- The registry counts a little larger households than the census: some of the smallest are left out.
        WHERE members > 3 OR hash(household_key) % 10 >= 3;
        CREATE TABLE pool_people AS
        SELECT people.*, pool.province, pool.n, members.family_no,
            CASE WHEN cnic IS NULL OR cnic_valid_until IS NULL THEN 'missing'
                 WHEN cnic_valid_until >= DATE '{CARDS_ON}' THEN 'valid' ELSE 'expired' END AS cnic_status
        FROM people JOIN pool USING (household_key) JOIN family_members AS members USING (household_key, line_no)
        """
    )


def _make_district(
    engine: duckdb.DuckDBPyConnection,
    programme: Programme,
    folder: Path,
    district: str,
    places: Sequence[tuple[str, str, int]],
    first: int,
) -> None:
    """Write both files of a district; that of people last, so that it tells the district is whole."""
    drawn = " UNION ALL ".join(
        f"SELECT range AS household_id, {literal(pcode)} AS place_pcode, {literal(province)} AS province "
        f"FROM range({start}, {start + count})"
        for (pcode, province, count), start in zip(places, _starts(places, first), strict=True)
    )
    engine.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE drawn AS
        SELECT drawn.*, hash(household_id) % of_province AS n
        FROM ({drawn}) AS drawn JOIN (SELECT DISTINCT province, of_province FROM pool) USING (province)
        """
    )
    households = (
        f"SELECT household_id, place_pcode, {literal(district)} AS district_pcode, interviewed_on, "
        f"{_facts(programme, 'household', _HOUSEHOLD_CHANGES, 'household_id')} "
        "FROM drawn JOIN pool USING (province, n)"
    )
    person = f"household_id * {MOST_PEOPLE} + line_no"
    status = _changed("cnic_status", _PERSON_CHANGES, person)
    people = (
        f"SELECT {person} AS person_id, household_id, household_id * {MOST_PEOPLE} + family_no AS family_id, line_no, "
        f"spouse_line, relationship, sex, age_years, marital_status, {status} AS cnic_status, "
        f"coalesce(cnic_gender_updated, false) AS cnic_gender_updated, "
        f"{_facts(programme, 'person', _PERSON_CHANGES, person)} "
        "FROM drawn JOIN pool_people USING (province, n)"
    )
    for table, query, key in (("households", households, "household_id"), ("people", people, "person_id")):
        target = folder / table / f"{district}.parquet"
        draft = target.with_suffix(".part")
        engine.execute(
            f"COPY ({query} ORDER BY {key}) TO {literal(str(draft))} "
            "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
        )
        draft.replace(target)


def _starts(places: Sequence[tuple[str, str, int]], first: int) -> list[int]:
    starts = [first]
    for _, _, count in places:
        starts.append(starts[-1] + count)
    return starts[:-1]


def _facts(programme: Programme, level: str, changes: dict[str, str], key: str) -> str:
    """Return the collected facts of a level, changed a little, in the types of a snapshot."""
    return ", ".join(
        f"CAST({_changed(fact.name, changes, key)} AS {SQL_TYPES[fact.type]}) AS {identifier(fact.name)}"
        for fact in programme.facts
        if fact.level == level and fact.kind == "collected"
    )


def _changed(name: str, changes: dict[str, str], key: str) -> str:
    """Return an answer, another one for some households or people."""
    if name not in changes:
        return identifier(name)
    bucket = f"CAST(hash({key}, {literal(name)}) % {_SPARE} AS BIGINT)"
    return (
        f"CASE WHEN {bucket} % 1000 < {_CHANGED_PER_THOUSAND} AND {identifier(name)} IS NOT NULL "
        f"THEN {changes[name].format(bucket=f'({bucket} // 1000)')} ELSE {identifier(name)} END"
    )


def _manifest(engine: duckdb.DuckDBPyConnection, folder: Path) -> Manifest:
    files: dict[str, FileAbout] = {}
    tables: dict[str, TableAbout] = {}
    for table in ("households", "people"):
        for path in sorted((folder / table).glob("*.parquet")):
            count = engine.execute("SELECT num_rows FROM parquet_file_metadata($1)", [str(path)]).fetchall()
            files[f"{table}/{path.name}"] = FileAbout(sha256=file_sha256(path), rows=count[0][0])
        described = engine.execute(f"DESCRIBE SELECT * FROM {literal(str(path))}").fetchall()
        rows = sum(about["rows"] for name, about in files.items() if name.startswith(f"{table}/"))
        tables[table] = TableAbout(rows=rows, columns={row[0]: row[1] for row in described})
    return Manifest(format=FORMAT, as_of=AS_OF, tables=tables, files=files)
