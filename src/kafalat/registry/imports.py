"""A survey into the registry: one transaction, set-based, once per source.

Takes the two tables every profile and the synthesiser produce (`survey`), finds the families, seals identifiers,
and appends households, interviews, families and people by COPY. Killed at any moment, it leaves the registry as it
was; run again after it finished, it finds the source and does nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
from django.db import DataError, IntegrityError, transaction

from kafalat.audit import services as audit
from kafalat.core.identifiers import form_numbers
from kafalat.core.problems import Problem, problem
from kafalat.core.progress import Progress, silent
from kafalat.core.sealing import Sealer
from kafalat.policy.model import Programme
from kafalat.registry import bulk
from kafalat.registry.families import FAMILIES_SQL
from kafalat.registry.models import SurveySource
from kafalat.registry.places import load_places
from kafalat.registry.selectors import CNIC_PURPOSE, MOBILE_PURPOSE
from kafalat.survey.tables import SurveyTables

_LOCK = 0x4B41_0002  # one import at a time: number blocks are drawn as a whole
_BATCH_ROWS = 50_000
_SLICE_HOUSEHOLDS = 25_000
# Sealed in columns of their own, so never kept in the clear beside the answers.
_SEALED = ("cnic", "mobile")
_KEYS_BROKEN = ("23503", "23505")  # foreign key and unique
_COPIED_COLUMN = re.compile(r"COPY \w+, line \d+, column (\w+)")


@dataclass(frozen=True, slots=True)
class Keys:
    """What an import needs to seal identifiers and to draw form numbers nobody can guess."""

    sealer: Sealer
    form_numbers: bytes


def import_survey(
    *,
    tables: SurveyTables,
    programme: Programme,
    keys: Keys,
    work: Path,
    actor: str,
    at: datetime,
    progress: Progress = silent,
) -> SurveySource:
    """Append a checked survey to the registry and return its source; a source already there is returned as it is.

    Raises the problem `registry.refused` when a rule of the registry is broken; nothing is changed then.
    """
    same_source = SurveySource.objects.filter(sha256=tables.source_sha256)
    known = same_source.first()
    if known is not None:
        progress(1.0)
        return known
    try:
        with transaction.atomic():
            bulk.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            known = same_source.first()
            if known is not None:  # somebody else was faster
                return known
            load_places(programme=programme)
            source = SurveySource.objects.create(
                profile=tables.profile,
                sha256=tables.source_sha256,
                programme_sha256=programme.sha256,
                households=tables.households,
                people=tables.people,
                synthetic_population=tables.synthetic,
                people_columns=_people_columns(tables.connection),
                imported_at=at,
                imported_by=actor,
            )
            _number(tables.connection, keys)
            _seal(tables.connection, keys.sealer)
            _append(tables.connection, programme, source.pk, work, progress)
            audit.record(
                at=at,
                actor=actor,
                action="survey_imported",
                object_kind="survey_source",
                object_id=source.pk,
                detail={"sha256": source.sha256, "households": source.households, "people": source.people},
            )
    except (IntegrityError, DataError) as error:
        raise _refusal(error) from error
    return source


def _refusal(error: Exception) -> Problem:
    """Return the problem of a rule of the database that was broken, without repeating anything personal.

    For a broken check PostgreSQL's detail is the whole row, names included; only those of keys are passed on.
    """
    diagnosis = getattr(error.__cause__, "diag", None)
    named_column = _COPIED_COLUMN.search(getattr(diagnosis, "context", None) or "")
    what = getattr(diagnosis, "constraint_name", None) or (named_column and named_column[1]) or "constraint"
    reason = getattr(diagnosis, "message_primary", None) or str(error).splitlines()[0]
    if getattr(diagnosis, "sqlstate", None) in _KEYS_BROKEN:
        reason = getattr(diagnosis, "message_detail", None) or reason
    return problem("registry.refused", what=what, detail=reason)


def _number(connection: duckdb.DuckDBPyConnection, keys: Keys) -> None:
    """Draw blocks of numbers and give every household, family and person hers, in the order of the survey's keys."""
    connection.execute(FAMILIES_SQL)
    counts = {
        "registry_household": "SELECT count(*) FROM households",
        "registry_family": "SELECT count(*) FROM (SELECT DISTINCT household_key, family_no FROM family_members)",
        "registry_person": "SELECT count(*) FROM people",
    }
    first = {table: bulk.reserve_ids(table, _count(connection, query)) for table, query in counts.items()}
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE household_numbers AS SELECT household_key, form_number,
            row_number() OVER (ORDER BY household_key) + {first["registry_household"] - 1} AS household_id
        FROM households
        """
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE family_numbers AS SELECT household_key, family_no, household_id, kind,
            row_number() OVER (ORDER BY household_id, family_no) + {first["registry_family"] - 1} AS family_id
        FROM (SELECT DISTINCT household_key, family_no, kind FROM family_members) JOIN household_numbers USING (household_key)
        """
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE person_numbers AS SELECT household_key, line_no, household_id, family_id,
            row_number() OVER (ORDER BY household_id, line_no) + {first["registry_person"] - 1} AS person_id
        FROM family_members JOIN family_numbers USING (household_key, family_no)
        """
    )
    _draw_form_numbers(connection, keys.form_numbers)


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    ((count,),) = connection.execute(query).fetchall()
    return int(count)


def _draw_form_numbers(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Make the table `form_numbers`: the survey's own where it has them, else a permutation of the household's number."""
    connection.execute("CREATE OR REPLACE TABLE form_numbers (household_id BIGINT, form_number VARCHAR)")
    connection.execute(
        "INSERT INTO form_numbers SELECT household_id, form_number FROM household_numbers WHERE form_number IS NOT NULL"
    )
    wanting = connection.sql("SELECT household_id FROM household_numbers WHERE form_number IS NULL")
    for batch in wanting.to_arrow_reader(_BATCH_ROWS):
        ids = batch.column(0).to_pylist()
        drawn = pa.table({"household_id": ids, "form_number": list(form_numbers(ids, key))})
        with connection.cursor() as inserting:
            inserting.register("drawn", drawn)
            inserting.execute("INSERT INTO form_numbers SELECT household_id, form_number FROM drawn")


def _seal(connection: duckdb.DuckDBPyConnection, sealer: Sealer) -> None:
    """Make the table `sealed`: CNIC and mobile of each person as sealed bytes."""
    connection.execute(
        "CREATE OR REPLACE TABLE sealed (household_key VARCHAR, line_no INTEGER, cnic_sealed BLOB, mobile_sealed BLOB)"
    )
    reading = connection.sql(
        "SELECT household_key, line_no, cnic, mobile FROM people WHERE cnic IS NOT NULL OR mobile IS NOT NULL"
    )
    for batch in reading.to_arrow_reader(_BATCH_ROWS):
        sealed = pa.table(
            {
                "household_key": batch.column(0),
                "line_no": batch.column(1),
                "cnic_sealed": pa.array(
                    sealer.seal_many(batch.column(2).to_pylist(), CNIC_PURPOSE), pa.binary()
                ),
                "mobile_sealed": pa.array(
                    sealer.seal_many(batch.column(3).to_pylist(), MOBILE_PURPOSE), pa.binary()
                ),
            }
        )
        with connection.cursor() as inserting:
            inserting.register("batch_sealed", sealed)
            inserting.execute("INSERT INTO sealed SELECT * FROM batch_sealed")


def _append(
    connection: duckdb.DuckDBPyConnection,
    programme: Programme,
    source_id: int,
    work: Path,
    progress: Progress,
) -> None:
    """Copy the four tables in, a slice of households at a time: what is built per household cannot be spilled to disk."""
    steps = (
        ("registry_household", _household_query(programme, source_id), _HOUSEHOLD_COLUMNS),
        ("registry_interview", _interview_query(connection, source_id), _INTERVIEW_COLUMNS),
        ("registry_family", _FAMILY_QUERY, ("id", "household_id", "family_no", "kind")),
        ("registry_person", _person_query(programme), _PERSON_COLUMNS),
    )
    ((first, last),) = connection.execute(
        "SELECT min(household_id), max(household_id) FROM household_numbers"
    ).fetchall()
    for start in range(first, last + 1, _SLICE_HOUSEHOLDS):
        connection.execute(f"SET VARIABLE slice_first = {start}")
        connection.execute(f"SET VARIABLE slice_last = {start + _SLICE_HOUSEHOLDS - 1}")
        for table, query, columns in steps:
            bulk.copy_in(connection, query, table, columns, work=work)
        progress(min(1.0, (start + _SLICE_HOUSEHOLDS - first) / (last + 1 - first)))
    progress(1.0)


_SLICE = "n.household_id BETWEEN getvariable('slice_first') AND getvariable('slice_last')"
_HOUSEHOLD_COLUMNS = (
    "id",
    "source_id",
    "source_key",
    "form_number",
    "place_id",
    "interviewed_on",
    "members",
    "facts",
)
_INTERVIEW_COLUMNS = ("household_id", "source_id", "interviewed_on", "received")
_PERSON_COLUMNS = (
    "id",
    "household_id",
    "family_id",
    "line_no",
    "relationship",
    "sex",
    "age_years",
    "marital_status",
    "spouse_line",
    "father_line",
    "mother_line",
    "name_en",
    "name_ur",
    "cnic_sealed",
    "cnic_valid_until",
    "cnic_gender_updated",
    "mobile_sealed",
    "identity_synthetic",
    "facts",
)
_FAMILY_QUERY = f"SELECT family_id, household_id, family_no, kind FROM family_numbers AS n WHERE {_SLICE} ORDER BY family_id"


def _facts_json(programme: Programme, level: str, alias: str) -> str:
    """Return the expression of a row's collected facts as JSON text."""
    names = [f.name for f in programme.facts if f.level == level and f.kind == "collected"]
    pairs = ", ".join(f"'{name}': {alias}.\"{name}\"" for name in names)
    return f"to_json({{{pairs}}})" if pairs else "'{}'"


def _household_query(programme: Programme, source_id: int) -> str:
    return f"""
        SELECT n.household_id, {source_id}, h.household_key, f.form_number, h.place_pcode, h.interviewed_on, c.members,
            {_facts_json(programme, "household", "h")}
        FROM households AS h JOIN household_numbers AS n USING (household_key)
        JOIN form_numbers AS f ON f.household_id = n.household_id
        JOIN (SELECT household_key, count(*) AS members FROM people GROUP BY household_key) AS c USING (household_key)
        WHERE {_SLICE} ORDER BY n.household_id
    """


def _people_columns(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the columns of people that are kept as received, in order."""
    columns = connection.execute("SELECT column_name FROM (DESCRIBE people)").fetchall()
    return [name for (name,) in columns if name not in _SEALED and name != "household_key"]


def _interview_query(connection: duckdb.DuckDBPyConnection, source_id: int) -> str:
    values = ", ".join(f'to_json("{name}")' for name in _people_columns(connection))
    return f"""
        SELECT n.household_id, {source_id}, h.interviewed_on,
            '{{"household":' || to_json(h.answers) || ',"people":[' || p.answers || ']}}'
        FROM (
            -- Spending is for fitting a scorecard alone; it never enters the registry.
            SELECT household_key, interviewed_on, answers
            FROM (SELECT * EXCLUDE (spending_rupees_year) FROM households) AS answers
        ) AS h
        JOIN household_numbers AS n USING (household_key)
        JOIN (
            SELECT household_key, string_agg(answers, ',' ORDER BY line_no) AS answers
            FROM (
                SELECT household_key, line_no, to_json([{values}]) AS answers
                FROM people JOIN household_numbers AS n USING (household_key) WHERE {_SLICE}
            )
            GROUP BY household_key
        ) AS p USING (household_key)
        ORDER BY n.household_id
    """


def _person_query(programme: Programme) -> str:
    return f"""
        SELECT n.person_id, n.household_id, n.family_id, p.line_no, p.relationship, p.sex, p.age_years, p.marital_status,
            p.spouse_line, p.father_line, p.mother_line, p.name_en, p.name_ur, '\\x' || lower(hex(s.cnic_sealed)),
            p.cnic_valid_until, p.cnic_gender_updated, '\\x' || lower(hex(s.mobile_sealed)), p.identity_synthetic,
            {_facts_json(programme, "person", "p")}
        FROM people AS p JOIN person_numbers AS n USING (household_key, line_no)
        LEFT JOIN sealed AS s USING (household_key, line_no)
        WHERE {_SLICE} ORDER BY n.person_id
    """
