"""Profiles: a small SQL file that maps a survey's raw tables to households and people, run in a locked room.

A profile begins with comment lines: `-- profile: name of the survey`, and one `-- needs: table(column, ...)` per raw
table. Each is found as `<table>.parquet` or `<table>.csv` in the survey's folder; a CSV gives text only. A table that
only some copies of the survey have is named by `-- optional:` instead and is empty where it is missing; `-- key:
table(column)` says where the survey keeps the household's id. The SQL (DuckDB's dialect) then creates `households` and `people`. Anyone may write one, so it runs in a database of its own
that can reach neither files, nor network, nor its own settings: it sees the columns it named, and nothing else.

A survey of another country than the programme's declares its facts itself, in `<profile>.facts.yaml` beside the SQL.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from kafalat.core.problems import Problem, problem
from kafalat.policy.cards import load_survey_facts
from kafalat.policy.model import Programme
from kafalat.survey.checks import Origin, check, hint
from kafalat.survey.tables import ORDERS, SurveyTables

_SHIPPED = Path(__file__).resolve().parent / "profiles"
_HEADER = re.compile(r"^--\s*(profile|needs|optional|key)\s*:\s*(.*?)\s*$", re.MULTILINE)
_NEEDS = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*\(([^()]+)\)")
_SUFFIXES = (".parquet", ".csv")
_BATCH_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile as read: `needs` gives the columns of each raw table, `optional` those that may be missing, `sql` the whole text.

    `key` is the table and column with the household's own id, where the profile says so; `facts` the file with the
    survey's own facts, where it has one.
    """

    name: str
    label: str
    needs: dict[str, tuple[str, ...]]
    sql: str
    optional: frozenset[str] = frozenset()
    key: tuple[str, str] | None = None
    facts: Path | None = None


def shipped_profiles() -> tuple[str, ...]:
    """Return the names of the profiles that come with Kafalat."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.sql")))


def find_profile(profile: str) -> Profile:
    """Return a shipped profile by name, or the one in the file `profile`.

    Raises the problems `survey.profile_unknown` and `survey.profile_invalid`.
    """
    path = _SHIPPED / f"{profile}.sql" if profile in shipped_profiles() else Path(profile)
    if path.suffix != ".sql" or not path.is_file():
        raise problem("survey.profile_unknown", profile=profile, known=", ".join(shipped_profiles()))
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise _invalid(path.stem, "it is not UTF-8 text.", "یہ UTF-8 تحریر نہیں۔") from None
    header = _HEADER.findall(text)
    label = next((value for key, value in header if key == "profile" and value), None)
    if label is None:
        raise _invalid(path.stem, "it lacks the line '-- profile: …'.", "اس میں سطر «-- profile: …» نہیں۔")
    needs: dict[str, tuple[str, ...]] = {}
    own_key: tuple[str, str] | None = None
    named: dict[str, set[str]] = {"needs": set(), "optional": set(), "key": set()}
    for key, value in header:
        if key != "profile":
            found = _NEEDS.fullmatch(value)
            columns = [column.strip() for column in found[2].split(",")] if found else []
            if found is None or not all(columns):
                raise _invalid(
                    path.stem,
                    f"'-- {key}: {value}' is not of the form table(column, column).",
                    f"«-- {key}: {value}» اس شکل میں نہیں: table(column, column)۔",
                )
            needs[found[1]] = tuple(dict.fromkeys([*needs.get(found[1], ()), *columns]))
            named[key].add(found[1])
            own_key = (found[1], columns[0]) if key == "key" else own_key
    if not named["needs"]:
        raise _invalid(
            path.stem,
            "it lacks a line '-- needs: table(column, …)'.",
            "اس میں سطر «-- needs: table(column, …)» نہیں۔",
        )
    facts = path.with_suffix(".facts.yaml")
    return Profile(
        name=path.stem,
        label=label,
        needs=needs,
        sql=text,
        optional=frozenset(named["optional"] - named["needs"]),
        key=own_key,
        facts=facts if facts.is_file() else None,
    )


def programme_for(profile: str, programme: Programme) -> Programme:
    """Return the programme a survey is read with: `programme`, or with the facts of a survey of another country.

    Raises the problems of `find_profile`, and `scorecard.invalid` where the facts' file has an error.
    """
    chosen = find_profile(profile)
    return programme if chosen.facts is None else load_survey_facts(chosen.facts).applied_to(programme)


def read(
    folder: Path, profile: str, *, programme: Programme, connection: duckdb.DuckDBPyConnection
) -> SurveyTables:
    """Read a survey into the tables `households` and `people` of `connection`, replacing tables of these names.

    Raises problems of `survey.*`, or `input.not_found` for a folder that is not there; nothing is written then.
    """
    if not folder.is_dir():
        raise problem("input.not_found", path=folder)
    chosen = find_profile(profile)
    if chosen.facts is not None and (country := load_survey_facts(chosen.facts).country) != programme.country:
        raise problem("survey.other_country", country=country, own=programme.country)
    files = {table: _file(folder, table, chosen) for table in chosen.needs}
    with duckdb.connect() as room:
        for table, columns in chosen.needs.items():
            _load(room, table, columns, files[table])
        key_type = _key_type(room, chosen)
        room.execute("SET enable_external_access = false")
        room.execute("SET lock_configuration = true")
        try:
            room.execute(chosen.sql)
        except duckdb.Error as error:
            raise problem(
                "survey.profile_failed", profile=chosen.name, folder=folder, reason=_reason(error)
            ) from error
        check(room, programme, Origin(profile=chosen.name, folder=str(folder), roster=chosen.facts is None))
        counts = {table: _hand_over(room, connection, table, order) for table, order in ORDERS.items()}
    digest = _sha256(chosen, files)
    return SurveyTables(
        connection,
        chosen.name,
        digest,
        counts["households"],
        counts["people"],
        synthetic=False,
        key_type=key_type,
    )


def _file(folder: Path, table: str, profile: Profile) -> Path | None:
    """Return the file of a raw table; None for an optional one that is not there."""
    for suffix in _SUFFIXES:
        path = folder / f"{table}{suffix}"
        if path.is_file():
            return path
    if table in profile.optional:
        return None
    raise problem("survey.table_missing", table=table, folder=folder, profile=profile.name)


def _load(room: duckdb.DuckDBPyConnection, table: str, columns: tuple[str, ...], path: Path | None) -> None:
    """Load the needed columns of a raw file into the table `table`; without a file it stays empty."""
    if path is None:
        empty = ", ".join('NULL::VARCHAR AS "' + column.replace('"', '""') + '"' for column in columns)
        room.execute(f'CREATE TABLE "{table}" AS SELECT {empty} WHERE FALSE')
        return
    source = (
        "read_parquet(?)" if path.suffix == ".parquet" else "read_csv(?, all_varchar = true, header = true)"
    )
    try:
        described = room.execute(f"DESCRIBE SELECT * FROM {source}", [str(path)]).fetchall()
        found = {str(row[0]).lower() for row in described}
        for column in columns:
            if column.lower() not in found:
                raise problem(
                    "survey.column_missing",
                    file=path,
                    column=column,
                    **hint(column, [str(row[0]) for row in described]),
                )
        wanted = ", ".join('"' + column.replace('"', '""') + '"' for column in columns)
        room.execute(f'CREATE TABLE "{table}" AS SELECT {wanted} FROM {source}', [str(path)])
    except duckdb.Error as error:
        raise problem("survey.file_unreadable", file=path, reason=_reason(error)) from error


def _key_type(room: duckdb.DuckDBPyConnection, profile: Profile) -> str:
    """Return the type in which the survey keeps the household's id: text where the profile does not say where it is."""
    if profile.key is None:
        return "VARCHAR"
    rows = room.execute(
        "SELECT data_type FROM duckdb_columns() WHERE table_name = ? AND lower(column_name) = lower(?)",
        list(profile.key),
    ).fetchall()
    return str(rows[0][0])


def _hand_over(
    room: duckdb.DuckDBPyConnection, connection: duckdb.DuckDBPyConnection, table: str, order: str
) -> int:
    """Move a checked table from the locked room to the caller's database; return its rows."""
    # The order is part of the result: numbers are drawn along it.
    reader = room.sql(f"SELECT * FROM {table} ORDER BY {order}").to_arrow_reader(_BATCH_ROWS)
    connection.register("handed_over", reader)
    try:
        connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM handed_over")
    finally:
        connection.unregister("handed_over")
    ((rows,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(rows)


def _sha256(profile: Profile, files: dict[str, Path | None]) -> str:
    """Return the SHA-256 over the lines `<sha256>  <name>` of the profile's text and the raw files, in order of names."""
    digests = {f"{profile.name}.sql": hashlib.sha256(profile.sql.encode()).hexdigest()}
    for path in filter(None, files.values()):
        with path.open("rb") as file:
            digests[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _reason(error: duckdb.Error) -> str:
    """Return the first line of the engine's message, at most 200 characters."""
    first = str(error).strip().splitlines()[0]
    return first if len(first) <= 200 else first[:200] + "…"


def _invalid(profile: str, reason_en: str, reason_ur: str) -> Problem:
    return problem("survey.profile_invalid", profile=profile, reason_en=reason_en, reason_ur=reason_ur)
