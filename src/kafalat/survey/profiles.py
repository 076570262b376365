"""Profiles: a small SQL file that maps a survey's raw tables to households and people, run in a locked room.

A profile begins with comment lines: `-- profile: name of the survey`, and one `-- needs: table(column, ...)` per raw
table. Each is found as `<table>.parquet` or `<table>.csv` in the survey's folder; a CSV gives text only. The SQL
(DuckDB's dialect) then creates `households` and `people`. Anyone may write one, so it runs in a database of its own
that can reach neither files, nor network, nor its own settings: it sees the columns it named, and nothing else.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from kafalat.core.problems import Problem, problem
from kafalat.policy.model import Programme
from kafalat.survey.checks import Origin, check, hint
from kafalat.survey.tables import ORDERS, SurveyTables

_SHIPPED = Path(__file__).resolve().parent / "profiles"
_HEADER = re.compile(r"^--\s*(profile|needs)\s*:\s*(.*?)\s*$", re.MULTILINE)
_NEEDS = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*\(([^()]+)\)")
_SUFFIXES = (".parquet", ".csv")
_BATCH_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile as read: `needs` gives the columns of each raw table, `sql` the whole text."""

    name: str
    label: str
    needs: dict[str, tuple[str, ...]]
    sql: str


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
    for key, value in header:
        if key == "needs":
            found = _NEEDS.fullmatch(value)
            columns = [column.strip() for column in found[2].split(",")] if found else []
            if found is None or not all(columns):
                raise _invalid(
                    path.stem,
                    f"'-- needs: {value}' is not of the form table(column, column).",
                    f"«-- needs: {value}» اس شکل میں نہیں: table(column, column)۔",
                )
            needs[found[1]] = tuple(columns)
    if not needs:
        raise _invalid(
            path.stem,
            "it lacks a line '-- needs: table(column, …)'.",
            "اس میں سطر «-- needs: table(column, …)» نہیں۔",
        )
    return Profile(path.stem, label, needs, text)


def read(
    folder: Path, profile: str, *, programme: Programme, connection: duckdb.DuckDBPyConnection
) -> SurveyTables:
    """Read a survey into the tables `households` and `people` of `connection`, replacing tables of these names.

    Raises problems of `survey.*`, or `input.not_found` for a folder that is not there; nothing is written then.
    """
    if not folder.is_dir():
        raise problem("input.not_found", path=folder)
    chosen = find_profile(profile)
    files = {table: _file(folder, table, chosen) for table in chosen.needs}
    with duckdb.connect() as room:
        for table, columns in chosen.needs.items():
            _load(room, table, columns, files[table])
        room.execute("SET enable_external_access = false")
        room.execute("SET lock_configuration = true")
        try:
            room.execute(chosen.sql)
        except duckdb.Error as error:
            raise problem(
                "survey.profile_failed", profile=chosen.name, folder=folder, reason=_reason(error)
            ) from error
        check(room, programme, Origin(profile=chosen.name, folder=str(folder)))
        counts = {table: _hand_over(room, connection, table, order) for table, order in ORDERS.items()}
    digest = _sha256(chosen, files)
    return SurveyTables(
        connection, chosen.name, digest, counts["households"], counts["people"], synthetic=False
    )


def _file(folder: Path, table: str, profile: Profile) -> Path:
    for suffix in _SUFFIXES:
        path = folder / f"{table}{suffix}"
        if path.is_file():
            return path
    raise problem("survey.table_missing", table=table, folder=folder, profile=profile.name)


def _load(room: duckdb.DuckDBPyConnection, table: str, columns: tuple[str, ...], path: Path) -> None:
    """Load the needed columns of a raw file into the table `table`."""
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


def _sha256(profile: Profile, files: dict[str, Path]) -> str:
    """Return the SHA-256 over the lines `<sha256>  <name>` of the profile's text and the raw files, in order of names."""
    digests = {f"{profile.name}.sql": hashlib.sha256(profile.sql.encode()).hexdigest()}
    for path in files.values():
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
