"""Tables as answers: a CSV read by the columns its bank declares, set by set and never as a whole.

The engine reads the file twice as a stream: once to check every value, total and constant of it, once to write the lines.
So everything wrong in a table is known before its first line is, and memory does not grow with it.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import duckdb

from kafalat.adapters.answers import NARRATIVE, AnswerHead, AnswerLine
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
    """

    def __init__(self, path: Path, name: str, table: Table, *, kind: AnswerKind, message_id: str) -> None:
        self._name = name
        self._table = table
        headings = columns_of(path, table, name)
        missing = missing_columns(headings, table)
        if missing or len(headings) > _COLUMNS_MAX:
            raise problem("bank.columns_missing", file=name, columns=shown(", ".join(missing)))
        other_digits = _refuse_bad_text(path, name)
        self._rows = _rows_sql(path, table, headings, other_digits=other_digits)
        self._engine = duckdb.connect()
        self._engine.execute(f"SET memory_limit = '{_MEMORY_LIMIT}'")
        try:
            constants = self._checked()
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
        found = self._engine.execute(_LINES.format(rows=self._rows))
        while rows := found.fetchmany(_BATCH):
            yield [AnswerLine(*row) for row in rows]

    def copy_chunks(self, spool: Path) -> Iterator[bytes]:
        """Write the lines as CSV to `spool` and yield its bytes. Raises OSError where it cannot be written."""
        try:
            self._engine.execute(
                f"COPY ({_LINES.format(rows=self._rows)}) TO {_quoted(str(spool))} "
                "(FORMAT csv, HEADER false, NULLSTR '\\N', DATEFORMAT '%Y-%m-%d')"
            )
        except duckdb.IOException as error:
            raise OSError(str(error).splitlines()[0]) from error
        with spool.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

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
        found = self._engine.execute(_CHECKS.format(rows=self._rows)).fetchone()
        assert found is not None  # noqa: S101 - an aggregate without groups has one row
        lines, last, wrong, totals, totals_line, count, paisa = found[:7]
        if wrong:
            raise self._first_wrong()
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

    def _first_wrong(self) -> Problem:
        found = self._engine.execute(_FIRST_WRONG.format(rows=self._rows)).fetchone()
        assert found is not None  # noqa: S101 - the checks found one
        line, field, value = found
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
            f"SELECT line_no, {field} FROM ({self._rows}) WHERE NOT is_totals AND {field} <> ? ORDER BY line_no LIMIT 1",
            [first],
        ).fetchone() or (2, "")
        return self._invalid(line, field, value, first)


def _refuse_bad_text(path: Path, name: str) -> bool:
    """Refuse what is no plain UTF-8 text; say whether it has digits of other scripts."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    size, lines, other_digits = 0, 1, False
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
            lines += chunk.count(b"\n")
            if not chunk:
                return other_digits


# ---- SQL ---------------------------------------------------------------------------------------------------------


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _cases(subject: str, words: dict[str, Any], otherwise: str = "NULL") -> str:
    whens = " ".join(
        f"WHEN {_quoted(word.upper())} THEN {_quoted(str(value))}" for word, value in words.items()
    )
    return f"CASE upper({subject}) {whens} ELSE {otherwise} END" if words else otherwise


def _rows_sql(path: Path, table: Table, headings: list[str], *, other_digits: bool) -> str:
    """Return a query of the file's lines with every field as a typed value, NULL where it is not one."""
    named = table.columns.named()

    def cell(heading: str | None) -> str:
        return "''" if heading is None else f"COALESCE(trim(c{headings.index(heading)}), '')"

    def digits(text: str) -> str:
        return f"translate({text}, '{_DIGITS[0]}', '{_DIGITS[1]}')" if other_digits else text

    def paisa(text: str) -> str:
        """A decimal of the engine is exact; the pattern keeps from it what it would round or take for a number."""
        point, comma = re.escape(table.decimal), re.escape(table.thousands)
        groups = f"|[0-9]{{1,3}}(?:{comma}[0-9]{{3}})+" if comma else ""
        pattern = _quoted(f"(?:[0-9]+{groups})(?:{point}[0-9]{{1,2}})?")
        plain = f"replace({text}, {_quoted(table.thousands)}, '')" if comma else text
        plain = plain if table.decimal == "." else f"replace({plain}, {_quoted(table.decimal)}, '.')"
        value = f"CAST(TRY_CAST({plain} AS DECIMAL(18, 2)) * 100 AS BIGINT)"
        return f"CASE WHEN length({text}) <= 20 AND regexp_full_match({text}, {pattern}) THEN {value} END"

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
        SELECT row_number() OVER () + 1 AS line_no, {is_totals} AS is_totals, {field["reference"]} AS reference,
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
_ANY_WRONG: Final = " OR ".join(f"({condition})" for _, condition in _WRONG.values())
_FIRST_WRONG: Final = (
    "SELECT line_no, CASE "
    + " ".join(f"WHEN {condition} THEN '{field}'" for field, (_, condition) in _WRONG.items())
    + " END, CASE "
    + " ".join(f"WHEN {condition} THEN {value}" for value, condition in _WRONG.values())
    + f" END FROM ({{rows}}) WHERE NOT is_totals AND ({_ANY_WRONG}) ORDER BY line_no LIMIT 1"
)
_CHECKS: Final = f"""
    SELECT count(*) FILTER (NOT is_totals), max(line_no),
        count(*) FILTER (NOT is_totals AND ({_ANY_WRONG})),
        count(*) FILTER (is_totals), max(line_no) FILTER (is_totals), max(stated_count) FILTER (is_totals),
        CAST(sum(amount_paisa) FILTER (NOT is_totals) AS BIGINT),
        [min(original_message) FILTER (NOT is_totals), max(original_message) FILTER (NOT is_totals)],
        [min(message) FILTER (NOT is_totals), max(message) FILTER (NOT is_totals)],
        CAST(max(stated_paisa) FILTER (is_totals) AS VARCHAR)
    FROM ({{rows}})
"""
_LINES: Final = f"""
    SELECT line_no, 'payment' AS scope, reference, outcome, reason_code, amount_paisa, account, name, booked_on,
        CASE WHEN reason_code = '{NARRATIVE}' THEN trim(reason || ' ' || text) ELSE text END AS text
    FROM ({{rows}}) WHERE NOT is_totals
"""
