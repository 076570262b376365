"""Checks of the two tables a profile made: everything wrong in a survey, found before anything is written.

Each check raises one problem of the catalogue: table, household, member, what is wrong, what to do. Nothing is
repaired and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from kafalat.core.problems import Problem, problem
from kafalat.policy.findings import nearest
from kafalat.policy.model import Programme
from kafalat.policy.vocabulary import PERSON_CORE
from kafalat.survey.tables import ORDERS, Table, provinces, standard_tables

AGE_MAX_YEARS = 130
_SHOWN_MAX = 60
_KINDS = {
    "INTEGER": "whole number",
    "DOUBLE": "number",
    "BOOLEAN": "yes or no",
    "DATE": "date",
    "VARCHAR": "text",
}
# Text forms of identifiers: a CNIC as 13 digits, a mobile in E.164.
_PATTERNS = {"cnic": r"[1-8][0-9]{12}", "mobile": r"\+923[0-9]{9}", "form_number": r"[0-9]{13}"}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the two tables come from, for the sentences of problems. Without a `roster` households may come without members."""

    profile: str
    folder: str
    roster: bool = True


def check(connection: duckdb.DuckDBPyConnection, programme: Programme, origin: Origin) -> None:
    """Replace the tables `households` and `people` of `connection` by their standard form, or raise the first problem.

    Columns the survey does not have become NULL; the fact `province` is filled in from the place. The standard tables
    are sorted by household and line. A problem names the survey's folder.
    """
    try:
        _check_all(connection, programme, origin)
    except Problem as refusal:
        raise refusal.within(origin.folder) from None


def _check_all(connection: duckdb.DuckDBPyConnection, programme: Programme, origin: Origin) -> None:
    households, people = standard_tables(programme)
    for table in (households, people):
        _check_columns(connection, table, origin)
        _check_types(connection, table)
        _standardise(connection, table, ORDERS[table.name])
    ((rows,),) = connection.execute("SELECT count(*) FROM households").fetchall()
    if rows == 0:
        raise problem("survey.empty", folder=origin.folder, profile=origin.profile)
    for table in (households, people):
        _check_present(connection, table)
        _check_text(connection, table)
        _check_values(connection, table)
    _check_keys(connection, origin)
    _check_places(connection, programme)
    _fill_province(connection, programme)


def hint(name: object, valid: Sequence[str]) -> dict[str, str]:
    """Return the details `nearest_en` and `nearest_ur`: a sentence naming the valid name most like `name`, or nothing."""
    like = nearest(name, valid)
    if like is None:
        return {"nearest_en": "", "nearest_ur": ""}
    return {"nearest_en": f" Nearest valid name: '{like}'.", "nearest_ur": f" قریب ترین درست نام: «{like}»۔"}


# ---- shape -----------------------------------------------------------------------------------------------------


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Return the columns of a table with their types; empty where there is no such table."""
    rows = connection.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? AND NOT internal ORDER BY column_index",
        [table],
    ).fetchall()
    return dict(rows)


def _check_columns(connection: duckdb.DuckDBPyConnection, table: Table, origin: Origin) -> None:
    found = _columns(connection, table.name)
    for column in table.required:
        if column not in found:
            raise problem("survey.output_missing", profile=origin.profile, table=table.name, column=column)
    valid = table.columns()
    for column in found:
        if column not in valid:
            # A misspelt column must not quietly become "not asked".
            free = [name for name in valid if name not in found]
            raise problem(
                "survey.output_unknown",
                profile=origin.profile,
                table=table.name,
                column=column,
                **hint(column, free),
            )


def _check_types(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    found = _columns(connection, table.name)
    for column, wanted in table.columns().items():
        if column not in found or found[column] == wanted or wanted == "VARCHAR":
            continue
        wrong = f'TRY_CAST("{column}" AS {wanted}) IS NULL'
        if wanted == "INTEGER":  # a cast would round 2.5 without a word
            wrong += f' OR TRY_CAST("{column}" AS DOUBLE) <> TRY_CAST("{column}" AS INTEGER)'
        _refuse_rows(
            connection,
            table.name,
            f'"{column}" IS NOT NULL AND ({wrong})',
            column,
            "survey.value_type",
            kind=_KINDS[wanted],
        )


def _standardise(connection: duckdb.DuckDBPyConnection, table: Table, order: str) -> None:
    """Replace the table by one with exactly the standard columns, typed, in order."""
    found = _columns(connection, table.name)
    columns = ", ".join(
        f'CAST("{name}" AS {kind}) AS "{name}"' if name in found else f'CAST(NULL AS {kind}) AS "{name}"'
        for name, kind in table.columns().items()
    )
    # The profile may have made a table or a view; the standard one gets a name of its own first.
    connection.execute(
        f"CREATE TABLE standard_{table.name} AS SELECT {columns} FROM {table.name} ORDER BY {order}"
    )
    ((kind,),) = connection.execute(
        "SELECT CASE WHEN count(*) > 0 THEN 'VIEW' ELSE 'TABLE' END FROM duckdb_views() WHERE view_name = ?",
        [table.name],
    ).fetchall()
    connection.execute(f"DROP {kind} {table.name}")
    connection.execute(f"ALTER TABLE standard_{table.name} RENAME TO {table.name}")


# ---- values ----------------------------------------------------------------------------------------------------


def _check_present(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    for column in table.required:
        _refuse_rows(connection, table.name, f'"{column}" IS NULL', column, "survey.answer_missing")


def _check_text(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    texts = [column for column, kind in table.columns().items() if kind == "VARCHAR"]
    for column in texts:
        _refuse_rows(connection, table.name, f'contains("{column}", chr(0))', column, "survey.nul_character")
    for column, pattern in _PATTERNS.items():
        if column in texts:
            _refuse_rows(
                connection,
                table.name,
                f"NOT regexp_full_match(\"{column}\", '{pattern}')",
                column,
                "survey.value_type",
                kind=f"{column} ({pattern})",
                value="…",  # an identifier is never repeated: the message may end up in a log
            )


def _check_values(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    if table.name == "people":
        outside = f"age_years NOT BETWEEN 0 AND {AGE_MAX_YEARS}"
        found = _first(connection, table.name, outside, "age_years")
        if found is not None:
            raise problem(
                "survey.age_impossible", **found.where(table.name), age=found.value, count=found.count
            )
        for column in ("relationship", "sex", "marital_status"):
            _check_category(connection, table.name, column, sorted(PERSON_CORE[column].categories))
    for fact in table.facts:
        if fact.type == "category":
            _check_category(connection, table.name, fact.name, list(fact.categories))
        elif fact.type in ("integer", "number"):
            low = "-infinity" if fact.minimum is None else fact.minimum
            high = "infinity" if fact.maximum is None else fact.maximum
            outside = f"NOT isfinite(CAST(\"{fact.name}\" AS DOUBLE)) OR \"{fact.name}\" NOT BETWEEN '{low}'::DOUBLE AND '{high}'::DOUBLE"
            _refuse_rows(
                connection,
                table.name,
                outside,
                fact.name,
                "survey.value_out_of_range",
                minimum=low,
                maximum=high,
            )


def _check_category(connection: duckdb.DuckDBPyConnection, table: str, column: str, valid: list[str]) -> None:
    known = ", ".join(f"'{code}'" for code in valid)
    found = _first(connection, table, f'"{column}" NOT IN ({known})', column)
    if found is not None:
        raise problem(
            "survey.category_unknown",
            **found.where(table),
            column=column,
            value=str(found.value)[:_SHOWN_MAX],
            count=found.count,
            **hint(found.value, valid),
        )


# ---- keys and places -------------------------------------------------------------------------------------------


def _check_keys(connection: duckdb.DuckDBPyConnection, origin: Origin) -> None:
    """Each household once, with members; each member once, in a household."""
    checks = (
        (
            "SELECT household_key AS household, count(*) AS times FROM households GROUP BY ALL HAVING count(*) > 1",
            "survey.household_repeated",
        ),
        (
            "SELECT household_key AS household, line_no AS line FROM people GROUP BY ALL HAVING count(*) > 1",
            "survey.member_repeated",
        ),
        (
            "SELECT household_key AS household FROM households ANTI JOIN people USING (household_key)",
            "survey.household_without_members",
        ),
        (
            "SELECT household_key AS household, line_no AS line FROM people ANTI JOIN households USING (household_key)",
            "survey.member_without_household",
        ),
    )
    for query, code in checks:
        if code == "survey.household_without_members" and not origin.roster:
            continue
        result = connection.execute(
            f"SELECT *, count(*) OVER () AS count FROM ({query}) ORDER BY ALL LIMIT 1"
        )
        names = [column[0] for column in result.description or ()]
        for row in result.fetchall():
            raise problem(code, **dict(zip(names, row, strict=True)))


def _check_places(connection: duckdb.DuckDBPyConnection, programme: Programme) -> None:
    valid = [place.pcode for place in programme.places]
    found = _first(connection, "households", "NOT list_contains(?, place_pcode)", "place_pcode", [valid])
    if found is not None:
        raise problem(
            "survey.place_unknown",
            household=found.household,
            place=found.value,
            count=found.count,
            **hint(found.value, valid),
        )


def _fill_province(connection: duckdb.DuckDBPyConnection, programme: Programme) -> None:
    codes = provinces(programme)
    if codes:
        connection.execute(
            "UPDATE households SET province = map_extract_value(map(?, ?), place_pcode) WHERE province IS NULL",
            [list(codes), list(codes.values())],
        )


# ---- finding the first row -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    """The first row that breaks a rule, and how many do."""

    household: str
    line: int | None
    value: object
    count: int

    def where(self, table: str) -> dict[str, str]:
        """Return the details `place_en` and `place_ur`."""
        if self.line is None:
            return {
                "place_en": f"Table {table}, household {self.household}",
                "place_ur": f"جدول {table}، گھرانہ {self.household}",
            }
        return {
            "place_en": f"Table {table}, household {self.household}, line {self.line}",
            "place_ur": f"جدول {table}، گھرانہ {self.household}، سطر {self.line}",
        }


def _first(
    connection: duckdb.DuckDBPyConnection, table: str, wrong: str, column: str, values: Sequence[Any] = ()
) -> _Found | None:
    line = "line_no" if table == "people" else "NULL"
    rows = connection.execute(
        f'SELECT household_key, {line} AS line, "{column}", count(*) OVER () FROM {table} WHERE {wrong} ORDER BY 1, 2 LIMIT 1',
        list(values),
    ).fetchall()
    return _Found(*rows[0]) if rows else None


def _refuse_rows(
    connection: duckdb.DuckDBPyConnection, table: str, wrong: str, column: str, code: str, **details: object
) -> None:
    found = _first(connection, table, wrong, column)
    if found is not None:
        told = {"column": column, "value": str(found.value)[:_SHOWN_MAX], "count": found.count, **details}
        raise problem(code, **found.where(table), **told)
