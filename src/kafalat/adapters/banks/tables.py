"""Tables as answers: a CSV read by the columns its bank declares, set by set and never as a whole.

The engine reads the file once, into a table of typed values that lies on disk where memory is short; every value, total and
constant is checked there, and the lines written from it. So everything wrong is known before the first line is, and memory
does not grow with the file.
"""

from __future__ import annotations

import codecs
import csv
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

import duckdb

from kafalat.adapters.answers import COLUMNS, NARRATIVE, AnswerHead, AnswerLine
from kafalat.adapters.iso20022.read import CURRENCY, SIZE_MAX_BYTES, shown
from kafalat.core.bank_formats import AnswerKind, Table
from kafalat.core.money import decimal_text
from kafalat.core.problems import Problem, problem

_CHUNK_BYTES: Final = 1 << 20
_BATCH: Final = 5_000
_MEMORY_LIMIT: Final = "256MB"
_COLUMNS_MAX: Final = 200
_HEADER_LENGTH_MAX: Final = 20_000
# Arabic-Indic digits and those of Urdu, which banks' systems write when they are set to either language.
_DIGITS: Final = ("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "0123456789" * 2)
_OTHER_DIGITS: Final = re.compile(f"[{_DIGITS[0]}]")
# What no cell of a bank's table holds: control characters but for tab and line ends.
_CONTROL: Final = bytes({*range(0x20), 0x7F} - {0x09, 0x0A, 0x0D})
_ERROR_LINE: Final = re.compile(r"Line: (\d+)")
_EXPECTED: Final = {
    "reference": "1-35 ASCII characters",
    "account": "1-34 characters",
    "amount": "> 0",
    "currency": CURRENCY,
}


def columns_of(path: Path, table: Table, name: str) -> list[str]:
    """Return the headings of a CSV. Raises the problems `bank.encoding_refused` and `bank.unreadable`."""
    with path.open("rb") as file:
        start = file.read(_HEADER_LENGTH_MAX)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in start:
        raise problem("bank.encoding_refused", file=name, encoding="UTF-16")
    text = start.decode("utf-8-sig", "replace")
    first = re.split(r"\r\n|\r|\n", text, maxsplit=1)[0]
    try:
        headings = next(csv.reader([first], delimiter=table.delimiter, strict=True), [])
    except csv.Error as error:
        raise problem("bank.unreadable", file=name, line=1, reason=shown(str(error))) from None
    return [heading.strip() for heading in headings]


def missing_columns(headings: list[str], table: Table) -> list[str]:
    """Return the headings a table lacks, or has twice so that nobody knows which holds."""
    return [heading for heading in table.columns.named().values() if headings.count(heading) != 1]


class TableAnswer:
    """A table open for reading, all of it checked. Raises the problems `bank.*`.

    `path` holds the CSV; `kind` says what it was made from, and `message_id` what to call it where it has no such column.
    `work` is a folder for what does not fit into memory. `columns` are those of the lines that say anything.
    """

    def __init__(
        self, path: Path, name: str, table: Table, *, kind: AnswerKind, message_id: str, work: Path
    ) -> None:
        self._name = name
        self._table = table
        headings = columns_of(path, table, name)
        missing = missing_columns(headings, table)
        if missing or len(headings) > _COLUMNS_MAX:
            raise problem("bank.columns_missing", file=name, columns=shown(", ".join(missing)))
        text = _refuse_bad_text(path, name, table.delimiter)
        self._rows = _rows_sql(path, table, headings, text)
        self._engine = duckdb.connect()
        self._engine.execute(f"SET memory_limit = '{_MEMORY_LIMIT}'")
        self._engine.execute(f"SET temp_directory = {_quoted(str(work))}")
        try:
            self._engine.execute(_kept_sql(self._rows, text))
            constants = self._checked()
        except duckdb.IOException as error:
            self.close()
            raise _no_room(error) from error
        except duckdb.Error as error:
            self.close()
            raise self._unreadable(error) from None
        except Problem:
            self.close()
            raise
        self.head = AnswerHead(
            kind=kind,
            version="",
            message_id=constants["message"] or message_id,
            original_message_id=constants["original_message"] or None,
        )

    def close(self) -> None:
        """Give back what the engine holds."""
        self._engine.close()

    def lines(self) -> Iterator[list[AnswerLine]]:
        """Yield the lines in batches."""
        found = self._engine.execute(_LINES)
        while rows := found.fetchmany(_BATCH):
            yield [AnswerLine(*row) for row in rows]

    def copy_chunks(self) -> Iterator[bytes]:
        """Yield the lines as CSV of `columns`, written by the engine while they are read. Raises OSError."""
        reader, writer = os.pipe()
        with ThreadPoolExecutor(1) as engine:
            written = engine.submit(self._write, writer)
            # Who stops reading closes the pipe, and the engine stops as well.
            with os.fdopen(reader, "rb", buffering=0) as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    yield chunk
            written.result()

    def _write(self, pipe: int) -> None:
        """Write the lines into a pipe and close it."""
        try:
            self._engine.execute(
                f"COPY (SELECT {', '.join(self.columns)} FROM ({_LINES})) TO '/dev/fd/{pipe}' "
                "(FORMAT csv, HEADER false, NULLSTR '\\N', DATEFORMAT '%Y-%m-%d', USE_TMP_FILE false)"
            )
        except duckdb.IOException as error:
            raise _no_room(error) from error
        finally:
            os.close(pipe)

    # -- what is wrong --

    def _unreadable(self, error: duckdb.Error) -> Problem:
        line = _ERROR_LINE.search(str(error))
        reason = next((text for text in str(error).splitlines()[1:3] if text), str(error))
        return problem(
            "bank.unreadable", file=self._name, line=line.group(1) if line else 1, reason=shown(reason)
        )

    def _invalid(self, line: int, field: str, value: str, expected: str) -> Problem:
        heading = self._table.columns.named()[field]
        return problem(
            "bank.value_invalid",
            file=self._name,
            place=f"line[{line}]/{shown(heading)}",
            value=shown(value),
            expected=shown(expected),
        )

    def _checked(self) -> dict[str, str]:
        """Check everything; return the values that are the same on all lines."""
        found = self._engine.execute(_CHECKS).fetchone()
        assert found is not None  # noqa: S101 - an aggregate without groups has one row
        lines, last, wrong_line, totals, totals_line, count, paisa = found[:7]
        unsaid = {field for field, said in zip(_NOT_ALWAYS, found[10], strict=True) if not said}
        self.columns = tuple(column for column in COLUMNS if column not in {"scope", *unsaid})
        if wrong_line is not None:
            raise self._wrong(wrong_line)
        constants = dict(zip(("original_message", "message"), found[7:9], strict=True))
        for field, (least, most) in constants.items():
            if least != most:
                raise self._differs(field, least)
        if not lines:
            raise problem("bank.element_missing", file=self._name, place="line[2]")
        if self._table.totals is not None:
            if totals != 1 or totals_line != last:
                word = f"line[{last + 1}]/{shown(self._table.totals.word)}"
                raise problem("bank.element_missing", file=self._name, place=word)
            self._check_totals(totals_line, lines, paisa, stated_count=count, stated_paisa=found[9])
        return {field: least or "" for field, (least, _) in constants.items()}

    def _check_totals(
        self, line: int, lines: int, paisa: int, *, stated_count: str | None, stated_paisa: str | None
    ) -> None:
        totals = self._table.totals
        pairs = (
            (totals.count if totals else None, stated_count, str(lines)),
            (totals.amount if totals else None, stated_paisa, str(paisa)),
        )
        for position, (heading, stated, found) in enumerate(pairs):
            if heading is None or stated == found:
                continue
            shown_as = (lambda text: decimal_text(int(text))) if position else str
            raise problem(
                "bank.totals_differ",
                file=self._name,
                place=f"line[{line}]/{shown(heading)}",
                stated=shown_as(stated) if stated is not None else "?",
                found=shown_as(found),
            )

    def _wrong(self, line: int) -> Problem:
        """Return what is wrong first in a line; the file is read again for what it says there."""
        found = self._engine.execute(_FIRST_WRONG.format(rows=self._rows), [line]).fetchone()
        assert found is not None  # noqa: S101 - the checks found one
        field, value = found
        if field == "currency":
            return problem(
                "bank.currency_wrong", file=self._name, place=f"line[{line}]", found=shown(value or "")
            )
        expected = _EXPECTED.get(field)
        if field == "status":
            expected = " | ".join(self._table.statuses)
        if field == "booked_on":
            expected = date(2026, 1, 31).strftime(self._table.dates)
        return self._invalid(line, field, value or "", expected or "")

    def _differs(self, field: str, first: str) -> Problem:
        line, value = self._engine.execute(
            f"SELECT rowid + 2, {field} FROM kept WHERE NOT is_totals AND {field} <> ? ORDER BY rowid LIMIT 1",
            [first],
        ).fetchone() or (2, "")
        return self._invalid(line, field, value, first)


def _no_room(error: duckdb.IOException) -> OSError:
    return OSError(str(error).splitlines()[0])


class _Text(NamedTuple):
    """What a file's bytes alone tell: whether it has digits of other scripts, and whether its cells are `plain`: ASCII that
    can be printed, without quotes, and without a space at either end."""

    other_digits: bool
    plain: bool


def _refuse_bad_text(path: Path, name: str, delimiter: str) -> _Text:
    """Refuse what is no plain UTF-8 text; say what else the bytes tell."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    size, lines, other_digits, plain, before = 0, 1, False, True, b""
    between = (delimiter.encode(), b"\n", b"\r")
    unclean = (b'"',) if delimiter == "\t" else (b'"', b"\t")
    edges = (*(b" " + edge for edge in between), *(edge + b" " for edge in between))
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK_BYTES)
            size += len(chunk)
            if size > SIZE_MAX_BYTES:
                raise problem("bank.too_large", file=name, most=f"{SIZE_MAX_BYTES >> 30} GB")
            kept = chunk.translate(None, _CONTROL)
            if len(kept) != len(chunk):
                bad = next(position for position, byte in enumerate(chunk) if byte in _CONTROL)
                line, code = lines + chunk.count(b"\n", 0, bad), f"U+{chunk[bad]:04X}"
                raise problem("bank.unreadable", file=name, line=line, reason=code)
            if decoder.getstate()[0] or not chunk.isascii() or not chunk:
                try:
                    text = decoder.decode(chunk, final=not chunk)
                except UnicodeDecodeError:
                    raise problem("bank.encoding_refused", file=name, encoding="?") from None
                other_digits = other_digits or _OTHER_DIGITS.search(text) is not None
            plain = plain and chunk.isascii() and not any(one in chunk for one in unclean)
            if plain and (before == b" " or b" " in chunk):
                plain = bool(chunk) and not any(edge in before + chunk for edge in edges)
            before = chunk[-1:]
            lines += chunk.count(b"\n")
            if not chunk:
                return _Text(other_digits, plain)


# ---- SQL ---------------------------------------------------------------------------------------------------------


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _cases(subject: str, words: dict[str, Any], otherwise: str = "NULL") -> str:
    whens = " ".join(
        f"WHEN {_quoted(word.upper())} THEN {_quoted(str(value))}" for word, value in words.items()
    )
    return f"CASE upper({subject}) {whens} ELSE {otherwise} END" if words else otherwise


def _rows_sql(path: Path, table: Table, headings: list[str], text: _Text) -> str:
    """Return a query of the file's lines with every field as a typed value, NULL where it is not one."""
    named = table.columns.named()

    def cell(heading: str | None) -> str:
        if heading is None:
            return "''"
        column = f"c{headings.index(heading)}"
        return f"COALESCE({column if text.plain else f'trim({column})'}, '')"

    def digits(value: str) -> str:
        return f"translate({value}, '{_DIGITS[0]}', '{_DIGITS[1]}')" if text.other_digits else value

    def paisa(written: str) -> str:
        """A decimal of the engine is exact; the pattern keeps from it what it would round or take for a number."""
        point, comma = re.escape(table.decimal), re.escape(table.thousands)
        groups = f"|[0-9]{{1,3}}(?:{comma}[0-9]{{3}})+" if comma else ""
        pattern = _quoted(f"(?:[0-9]+{groups})(?:{point}[0-9]{{1,2}})?")
        plain = f"replace({written}, {_quoted(table.thousands)}, '')" if comma else written
        plain = plain if table.decimal == "." else f"replace({plain}, {_quoted(table.decimal)}, '.')"
        value = f"CAST(TRY_CAST({plain} AS DECIMAL(18, 2)) * 100 AS BIGINT)"
        return (
            f"CASE WHEN length({written}) <= 20 AND regexp_full_match({written}, {pattern}) THEN {value} END"
        )

    field = {name: cell(named.get(name)) for name in type(table.columns).model_fields}
    totals = table.totals
    is_totals = "false"
    if totals:  # the length first: it spares nearly all lines the rest
        word, in_column = totals.word, cell(totals.column)
        is_totals = f"(length({in_column}) = {len(word)} AND upper({in_column}) = {_quoted(word.upper())})"
    count = digits(cell(totals.count)) if totals and totals.count else "''"
    if table.thousands:
        count = f"replace({count}, {_quoted(table.thousands)}, '')"
    amount = digits(field["amount"])
    total = paisa(digits(cell(totals.amount))) if totals and totals.amount else "NULL::BIGINT"
    reason = field["reason"]
    own_reason = f"CASE WHEN {reason} = '' OR regexp_full_match({reason}, '[A-Z0-9]{{4}}') THEN {reason} END"
    day = "NULL::DATE" if "booked_on" not in named else (
        f"CAST(try_strptime({digits(field['booked_on'])}, {_quoted(table.dates)}) AS DATE)"
    )  # fmt: skip
    columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(headings)))
    return f"""
        SELECT {is_totals} AS is_totals, {field["reference"]} AS reference,
            {amount} AS amount_text, {paisa(amount)} AS amount_paisa,
            {field["status"]} AS status, {_cases(field["status"], dict(table.statuses))} AS outcome,
            {reason} AS reason, COALESCE({_cases(reason, dict(table.reasons), own_reason)}, '{NARRATIVE}') AS reason_code,
            replace({field["account"]}, ' ', '') AS account, left({field["name"]}, 140) AS name,
            {field["booked_on"]} AS day_text, {day} AS booked_on,
            left({field["text"]}, 500) AS text, {field["currency"]} AS currency,
            {"true" if "currency" in named else "false"} AS has_currency,
            {field["message"]} AS message, {field["original_message"]} AS original_message,
            CASE WHEN {is_totals} THEN {count} END AS stated_count,
            CASE WHEN {is_totals} THEN {total} END AS stated_paisa
        FROM read_csv({_quoted(str(path))}, delim = {_quoted(table.delimiter)}, quote = '"', escape = '"',
            header = false, skip = 1, auto_detect = false, strict_mode = true, null_padding = false,
            columns = {{{columns}}})
    """


_WRONG: Final = {
    "reference": (
        "reference",
        "length(reference) > 35 OR regexp_matches(reference, '[^ -~]')",
    ),
    "amount": ("amount_text", "COALESCE(amount_paisa, 0) <= 0"),
    "status": ("status", "outcome IS NULL"),
    "booked_on": ("day_text", "booked_on IS NULL AND day_text <> ''"),
    "account": ("account", "length(account) > 34"),
    "currency": ("currency", f"has_currency AND currency <> '{CURRENCY}'"),
}
_LONG_REFERENCE: Final = "length(reference) > 35"  # all that can be wrong with one of plain text


def _kept_sql(rows: str, text: _Text) -> str:
    """Return the statement that keeps the lines as they are written later, in the order of the file."""
    conditions = {field: condition for field, (_, condition) in _WRONG.items()}
    if text.plain:
        conditions["reference"] = _LONG_REFERENCE
    any_wrong = " OR ".join(f"({condition})" for condition in conditions.values())
    return f"""
        CREATE TABLE kept AS
        SELECT is_totals, NOT is_totals AND ({any_wrong}) AS is_wrong, reference, outcome, reason_code, amount_paisa, account,
            name, booked_on, CASE WHEN reason_code = '{NARRATIVE}' THEN trim(reason || ' ' || text) ELSE text END AS text,
            message, original_message, stated_count, stated_paisa
        FROM ({rows})
    """


_FIRST_WRONG: Final = (
    "SELECT CASE "
    + " ".join(f"WHEN {condition} THEN '{field}'" for field, (_, condition) in _WRONG.items())
    + " END, CASE "
    + " ".join(f"WHEN {condition} THEN {value}" for value, condition in _WRONG.values())
    + " END FROM (SELECT row_number() OVER () + 1 AS line_no, * FROM ({rows})) WHERE line_no = ?"
)
# Columns that are left out where no line says anything in them.
_NOT_ALWAYS: Final = ("reason_code", "account", "name", "text")
_CHECKS: Final = f"""
    SELECT count(*) FILTER (NOT is_totals), max(rowid) + 2, min(rowid) FILTER (is_wrong) + 2,
        count(*) FILTER (is_totals), max(rowid) FILTER (is_totals) + 2, max(stated_count) FILTER (is_totals),
        CAST(sum(amount_paisa) FILTER (NOT is_totals) AS BIGINT),
        [min(original_message) FILTER (NOT is_totals), max(original_message) FILTER (NOT is_totals)],
        [min(message) FILTER (NOT is_totals), max(message) FILTER (NOT is_totals)],
        CAST(max(stated_paisa) FILTER (is_totals) AS VARCHAR),
        [{", ".join(f"bool_or({column} <> '') FILTER (NOT is_totals)" for column in _NOT_ALWAYS)}]
    FROM kept
"""
_LINES: Final = """
    SELECT rowid + 2 AS line_no, 'payment' AS scope, reference, outcome, reason_code, amount_paisa, account, name, booked_on, text
    FROM kept WHERE NOT is_totals
"""
