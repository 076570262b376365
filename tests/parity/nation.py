"""A small nation and a programme that uses every word of the rule language, for engines to agree on.

Answers are drawn by hashes of the household's number, so they are the same everywhere; about one in twelve is missing.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from kafalat.core.digests import file_sha256
from kafalat.engine.snapshots import FORMAT, MANIFEST_FILE, MATCHES, TABLES
from kafalat.policy.loader import load, shipped
from kafalat.policy.model import Eligibility, Fact, Filter, Programme, Scorecard

HOUSEHOLDS = 600
DISTRICTS = ("PK101", "PK202", "PK303")
_LABEL = {"en": "a label", "ur": "ایک نام"}
_REGIONS = ("urban", "rural", "nomad")

_FACTS: list[dict[str, object]] = [
    {"name": "rooms", "type": "integer"},
    {"name": "land", "type": "number"},
    {"name": "piped", "type": "boolean"},
    {"name": "region", "type": "category", "categories": dict.fromkeys(_REGIONS, _LABEL)},
    {"name": "class", "level": "person", "type": "integer", "asked_if": "age_years >= 5"},
    {"name": "reads", "level": "person", "type": "boolean", "asked_if": "age_years >= 10"},
    {"name": "work", "level": "person", "type": "category", "asked_if": "age_years >= 10 AND reads",
     "categories": dict.fromkeys(("farm", "shop", "none"), _LABEL)},
]  # fmt: skip
# name: (type, over, expression); together they use every node and function of the language.
_DERIVED: dict[str, tuple[str, str, str]] = {
    "size": ("integer", "people", "count(*)"),
    "young": ("integer", "people", "count(*) FILTER (WHERE age_years BETWEEN 0 AND 9)"),
    "readers": ("integer", "people", "count(*) FILTER (WHERE age_years >= 10 AND reads)"),
    "highest": ("integer", "people", "max(class)"),
    "lowest": ("integer", "people", "min(class) FILTER (WHERE NOT age_years < 5)"),
    "classes": ("integer", "people", "sum(class) FILTER (WHERE sex <> 'male' OR marital_status = 'widowed')"),
    "mean_class": ("number", "people", "avg(class)"),
    "any_reader": ("boolean", "people", "bool_or(reads)"),
    "all_readers": ("boolean", "people", "bool_and(reads) FILTER (WHERE age_years >= 10)"),
    "head_sex": ("category", "people", "max(sex) FILTER (WHERE relationship = 'head')"),
    "balance": ("integer", "people", "3 * count(*) - sum(age_years) + (-2)"),
    "at_work": (
        "category", "people",
        "CASE WHEN count(*) FILTER (WHERE work IN ('farm', 'shop')) = 0 THEN 'none' ELSE min(work) END",
    ),
    "share": ("number", "household", "(readers * 2.5 + land) / 7"),
    "third": ("number", "household", "rooms / 3 - land / 2.5"),
    "left_over": ("integer", "household", "-rooms + 4 * size - young"),
    "crowded": ("category", "household",
                "CASE WHEN size <= 2 * rooms THEN 'no' WHEN size > 5 AND NOT piped THEN 'very' ELSE 'yes' END"),
    "kind": ("integer", "household",
             "CASE region WHEN 'urban' THEN 1 WHEN 'rural' THEN 2 ELSE 3 END"),
    "bounded": ("integer", "household", "left_over - 6"),
    "good": ("boolean", "household", "piped = true AND (land >= 2.5 OR rooms BETWEEN 2 AND 4) AND NOT crowded = 'very'"),
}  # fmt: skip
_CATEGORIES = {
    "head_sex": ("female", "male", "transgender"),
    "at_work": ("farm", "shop", "none"),
    "crowded": ("no", "yes", "very"),
}
_SCORECARD: dict[str, object] = {
    "code": "parity", "label": _LABEL, "from": "2020-01-01", "base_points": 10, "source": "made for the parity suite",
    "terms": [
        {"fact": "size", "bins": [{"to": 2, "points": 12}, {"from": 3, "to": 5, "points": 6}, {"from": 6, "points": 0}]},
        {"fact": "good", "bins": [{"is": [True], "points": 9}, {"is": [False], "points": -3}]},
        {"fact": "crowded", "bins": [{"is": ["no"], "points": 5}, {"is": ["yes", "very"], "points": 0}]},
        {"fact": "mean_class", "bins": [{"to": 4, "points": 0}, {"from": 5, "points": 7}]},  # 4.5 lies in no bin
    ],
    "pairs": [
        {"facts": ["rooms", "region"], "rows": [{"to": 2}, {"from": 3}], "columns": [{"is": ["urban"]}, {"is": ["rural", "nomad"]}],
         "points": [[0, 4], [8, 15]]},
    ],
    "stratum": "region",
    "strata": [
        {"is": ["urban"], "base_points": 3, "terms": [
            {"fact": "highest", "bins": [{"to": 5, "points": 0}, {"from": 6, "points": 20}]}], "pairs": []},
        {"is": ["rural", "nomad"], "base_points": -4, "terms": [
            {"fact": "land", "bins": [{"to": 3, "points": 1}, {"from": 4, "points": 30}]},
            {"fact": "bounded", "bins": [{"to": 0, "points": 0}, {"from": 1, "points": 11}]}], "pairs": []},
    ],
}  # fmt: skip
_CUTOFF = [{"from": "2020-01-01", "value": "34.5", "source": "made"}]


def programme() -> Programme:
    """Return the shipped programme with facts, scorecard, criteria and filters of the parity suite."""
    facts = [_fact(entry, "collected") for entry in _FACTS]
    for name, (kind, over, sql) in _DERIVED.items():
        bounds = {"minimum": 0, "maximum": 20} if name == "bounded" else {}
        categories = dict.fromkeys(_CATEGORIES.get(name, ()), _LABEL)
        facts.append(
            _fact(
                {"name": name, "type": kind, "over": over, "sql": sql, "categories": categories, **bounds},
                "derived",
            )
        )
    was = load(shipped())
    eligibility = was.eligibility.model_dump(by_alias=True)
    eligibility["categories"] = [
        {"code": "general", "label": _LABEL, "cutoff": _CUTOFF},
        {"code": "readers", "label": _LABEL, "cutoff": [{**_CUTOFF[0], "value": "52"}],
         "criterion": "any_reader AND (share > 1.5 OR all_readers)"},
    ]  # fmt: skip
    eligibility["exclusions"] = [
        {"code": "landed", "label": _LABEL, "criterion": "land > 12 OR third < -3", "from": "2020-01-01", "source": "made"},
        {"code": "odd", "label": _LABEL, "from": "2020-01-01", "source": "made",
         "criterion": "CASE WHEN kind = 3 THEN balance < -200 ELSE left_over >= 34 END"},
    ]  # fmt: skip
    filters = [
        {"code": code, "kind": kind, "subjects": subjects, "members": members, "label": _LABEL, "text": _LABEL,
         "from": "2020-01-01", "source": "made"}
        for code, kind, subjects, members in (
            ("payroll", "hard", ["self", "spouse"], 1), ("travel", "soft", ["spouse", "self"], 1), ("cards", "soft", ["household"], 2),
        )
    ]  # fmt: skip
    return was.model_copy(
        update={
            "facts": tuple(facts),
            "scorecard": Scorecard.model_validate(_SCORECARD),
            "eligibility": Eligibility.model_validate(eligibility),
            "filters": tuple(Filter.model_validate(entry) for entry in filters),
        }
    )


def _fact(entry: dict[str, object], kind: str) -> Fact:
    return Fact.model_validate(
        {"level": "household", "kind": kind, "label": _LABEL, "source": "made", **entry}
    )


def draw(engine: duckdb.DuckDBPyConnection) -> None:
    """Make the tables `households`, `people` and `matches`."""
    engine.execute(
        f"""
        CREATE MACRO bucket(number, salt, size) AS CAST(hash(number, salt) % size AS INTEGER);
        CREATE MACRO answer(value, number, salt) AS CASE WHEN bucket(number, salt || '?', 40) > 0 THEN value END;
        CREATE TABLE households AS
        SELECT range::BIGINT AS household_id, {list(DISTRICTS)}[1 + range % 3] || '01' AS place_pcode,
            {list(DISTRICTS)}[1 + range % 3] AS district_pcode, DATE '2025-01-01' AS interviewed_on,
            answer(bucket(range, 'rooms', 6)::BIGINT, range, 'rooms') AS rooms,
            answer(bucket(range, 'land', 300) / 20.0, range, 'land')::DOUBLE AS land,
            answer(bucket(range, 'piped', 2) = 0, range, 'piped') AS piped,
            answer({list(_REGIONS)}[1 + bucket(range, 'region', 3)], range, 'region') AS region
        FROM range(1, {HOUSEHOLDS + 1});
        CREATE TABLE people AS
        WITH person AS (
            SELECT household_id, line_no::INTEGER AS line_no, household_id * 20 + line_no AS n
            FROM households, range(1, 10) AS lines(line_no) WHERE line_no <= 1 + bucket(household_id, 'size', 9)
        )
        SELECT n AS person_id, household_id, household_id * 20 + (line_no - 1) // 4 AS family_id, line_no,
            CASE line_no WHEN 1 THEN 2 WHEN 2 THEN 1 END::INTEGER AS spouse_line,
            CASE line_no WHEN 1 THEN 'head' WHEN 2 THEN 'spouse' ELSE 'child' END AS relationship,
            CASE WHEN bucket(n, 'sex', 40) = 0 THEN 'transgender' WHEN bucket(n, 'sex', 40) < 20 THEN 'male' ELSE 'female' END AS sex,
            bucket(n, 'age', 70)::INTEGER AS age_years,
            ['never_married', 'married', 'married', 'widowed', 'divorced'][1 + bucket(n, 'marital', 5)] AS marital_status,
            ['valid', 'valid', 'expired', 'missing'][1 + bucket(n, 'card', 4)] AS cnic_status,
            bucket(n, 'gender', 2) = 0 AS cnic_gender_updated,
            answer(CASE WHEN age_years >= 5 THEN bucket(n, 'class', 13) END::BIGINT, n, 'class') AS "class",
            answer(CASE WHEN age_years >= 10 THEN bucket(n, 'reads', 3) > 0 END, n, 'reads') AS reads,
            answer(CASE WHEN age_years >= 10 AND reads THEN ['farm', 'shop', 'none'][1 + bucket(n, 'work', 3)] END, n, 'work') AS work
        FROM person;
        CREATE TABLE matches AS
        SELECT person_id, household_id, list.filter AS filter, DATE '2025-06-01' + bucket(person_id, list.filter, 90) AS list_date
        FROM people, (VALUES ('payroll'), ('travel'), ('cards')) AS list(filter)
        WHERE bucket(person_id, list.filter, 3) = 0
        """
    )


def write_snapshot(
    engine: duckdb.DuckDBPyConnection, folder: Path, *, seed: int = 0, row_group: int = 122_880
) -> Path:
    """Write the drawn tables as a snapshot, its rows in an order that depends on `seed` (0: by number)."""
    keys = {"households": "household_id", "people": "person_id", MATCHES: "person_id"}
    files: dict[str, object] = {}
    tables: dict[str, object] = {}
    for table in (*TABLES, MATCHES):
        (folder / table).mkdir(parents=True)
        described = engine.execute(f"DESCRIBE {table}").fetchall()
        rows = 0
        for district in DISTRICTS:
            path = folder / table / f"{district}.parquet"
            own = f"household_id IN (SELECT household_id FROM households WHERE district_pcode = '{district}')"
            order = f"hash({keys[table]}, {seed})" if seed else keys[table]
            engine.execute(
                f"COPY (SELECT * FROM {table} WHERE {own} ORDER BY {order}) TO '{path}' "
                f"(FORMAT parquet, ROW_GROUP_SIZE {row_group})"
            )
            ((count,),) = engine.execute(f"SELECT count(*) FROM {table} WHERE {own}").fetchall()
            files[f"{table}/{district}.parquet"] = {"sha256": file_sha256(path), "rows": count}
            rows += count
        tables[table] = {"rows": rows, "columns": {row[0]: row[1] for row in described}}
    manifest = {"format": FORMAT, "as_of": "2026-01-01T00:00:00+00:00", "tables": tables, "files": files}
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest))
    return folder
