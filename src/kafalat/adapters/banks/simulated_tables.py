"""The tables a simulated bank sends: CSV by the standard library, XLSX by openpyxl, in the columns and words of its profile."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO, StringIO
from typing import Final, NamedTuple

from openpyxl import Workbook

from kafalat.adapters.iso20022.pain001 import CURRENCY
from kafalat.adapters.iso20022.values import Instruction
from kafalat.core.bank_formats import AnswerKind, Outcome, Table
from kafalat.core.money import PAISA_PER_RUPEE

# A spreadsheet is a zip of dated members; always the same date makes the same bytes.
_ZIP_DATE: Final = (2026, 1, 1, 0, 0, 0)


class Row(NamedTuple):
    """What the bank says of one payment."""

    instruction: Instruction
    outcome: Outcome
    reason_code: str
    day: date


def table_bytes(
    rows: Sequence[Row], kind: AnswerKind, table: Table, *, message_id: str, original_message_id: str
) -> bytes:
    """Return the table as the bank would send it, with a line of totals where its profile has one."""
    headings = list(table.columns.named().values())
    cells = [
        [_cells(row, table, message_id, original_message_id)[heading] for heading in headings] for row in rows
    ]
    if table.totals is not None:
        paisa = sum(row.instruction.amount_paisa for row in rows)
        last = {
            table.totals.column: table.totals.word,
            table.totals.count or "": str(len(rows)),
            table.totals.amount or "": amount_text(paisa, table),
        }
        cells.append([last.get(heading, "") for heading in headings])
    return _csv(headings, cells, table) if kind == "csv" else _xlsx(headings, cells, table)


def amount_text(paisa: int, table: Table) -> str:
    """Return an amount in the bank's notation."""
    rupees, rest = divmod(paisa, PAISA_PER_RUPEE)
    return f"{rupees:,}".replace(",", table.thousands) + f"{table.decimal}{rest:02d}"


def _cells(row: Row, table: Table, message_id: str, original_message_id: str) -> dict[str, str]:
    words = {outcome: word for word, outcome in table.statuses.items()}
    reasons = {code: word for word, code in table.reasons.items()}
    values = {
        "reference": row.instruction.end_to_end_id,
        "amount": amount_text(row.instruction.amount_paisa, table),
        "status": words[row.outcome],
        "account": row.instruction.creditor_iban,
        "name": row.instruction.creditor_name,
        "reason": reasons.get(row.reason_code, row.reason_code),
        "booked_on": row.day.strftime(table.dates),
        "text": row.instruction.remittance,
        "currency": CURRENCY,
        "message": message_id,
        "original_message": original_message_id,
    }
    return {heading: values[field] for field, heading in table.columns.named().items()}


def _csv(headings: Sequence[str], cells: Sequence[Sequence[str]], table: Table) -> bytes:
    out = StringIO(newline="")
    writer = csv.writer(out, delimiter=table.delimiter, lineterminator="\r\n")
    writer.writerow(headings)
    writer.writerows(cells)
    return out.getvalue().encode()


def _xlsx(headings: Sequence[str], cells: Sequence[Sequence[str]], table: Table) -> bytes:
    book = Workbook(write_only=True)
    book.properties.created = book.properties.modified = datetime(*_ZIP_DATE)  # noqa: DTZ001 - openpyxl takes no zone
    sheet = book.create_sheet(table.sheet or "Sheet1")
    sheet.append(headings)
    for row in cells:
        sheet.append(row)
    written = BytesIO()
    book.save(written)
    return _same_dates(written)


def _same_dates(written: BytesIO) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.infolist():
            target.writestr(zipfile.ZipInfo(member.filename, _ZIP_DATE), source.read(member))
    return out.getvalue()
