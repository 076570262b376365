"""What a bank's file says to readers nobody here wrote: the standard library's XML and CSV, and openpyxl.

They read as simply as can be and check nothing. Where our reader takes a file, it has to have read the same.
"""

from __future__ import annotations

import csv
from decimal import Decimal
from io import BytesIO, StringIO
from unicodedata import digit
from xml.etree import ElementTree as ET

from openpyxl import load_workbook

from kafalat.core.bank_formats import Table

# A line as both readers see it: reference, outcome (only in tables and bookings), amount in paisa.
Said = tuple[str, str, int | None]


def _text(element: ET.Element, path: str) -> str:
    found = element.find("/".join(f"{{*}}{step}" for step in path.split("/")))
    return ((found.text if found is not None else "") or "").strip()


def _paisa(text: str) -> int:
    return int(Decimal(text) * 100)


def report(content: bytes) -> list[Said]:
    """Return what a pain.002 says of payments, in its order."""
    root = ET.fromstring(content)  # noqa: S314 - the test made it
    said: list[Said] = []
    for line in root.findall(".//{*}TxInfAndSts"):
        amount = _text(line, "OrgnlTxRef/Amt/InstdAmt")
        status = _text(line, "TxSts")
        outcome = {"R": "rejected", "P": "pending", "A": "accepted"}.get(status[:1], status)
        said.append((_text(line, "OrgnlEndToEndId"), outcome, _paisa(amount) if amount else None))
    return said


def bookings(content: bytes) -> list[Said]:
    """Return what a camt.053 or camt.054 says was booked, in its order."""
    root = ET.fromstring(content)  # noqa: S314 - the test made it
    said: list[Said] = []
    for entry in root.findall(".//{*}Ntry"):
        details = entry.findall("{*}NtryDtls/{*}TxDtls")
        outcome = {"DBIT": "paid", "CRDT": "returned"}[_text(entry, "CdtDbtInd")]
        if (_text(entry, "Sts/Cd") or _text(entry, "Sts")) != "BOOK":
            outcome = "pending"
        for detail in details or [entry]:
            reversal = _text(entry, "RvslInd") in {"true", "1"} or detail.find("{*}RtrInf") is not None
            kind = "other" if outcome == "paid" and reversal else outcome
            amount = _text(detail, "Amt") or _text(detail, "AmtDtls/TxAmt/Amt")
            amount = amount or _text(detail, "AmtDtls/InstdAmt/Amt") or _text(entry, "Amt")
            reference = _text(detail, "Refs/EndToEndId")
            said.append(("" if reference == "NOTPROVIDED" else reference, kind, _paisa(amount)))
    return said


def rows(content: bytes, kind: str, table: Table) -> list[Said]:
    """Return what a CSV or XLSX says, without its line of totals."""
    if kind == "csv":
        text = content.decode("utf-8-sig")
        cells = [row for row in csv.reader(StringIO(text, newline=""), delimiter=table.delimiter) if any(row)]
    else:
        sheet = load_workbook(BytesIO(content))[table.sheet or "Sheet1"]
        cells = [
            ["" if value is None else str(value) for value in row]
            for row in sheet.iter_rows(values_only=True)
        ]
        cells = [row for row in cells if any(row)]
    headings = [heading.strip() for heading in cells[0]]
    statuses = {word.upper(): outcome for word, outcome in table.statuses.items()}
    said: list[Said] = []
    for row in cells[1:]:
        # A separator too many at the end of a line says nothing, as spreadsheets have it.
        if any(row[len(headings) :]):
            raise ValueError(row)
        values = [cell.strip(" ") for cell in row[: len(headings)]]
        of = dict(zip(headings, values, strict=True))
        if table.totals is not None and of[table.totals.column].upper() == table.totals.word.upper():
            continue
        amount = "".join(str(digit(one)) if one.isdigit() else one for one in of[table.columns.amount])
        amount = amount.replace(table.thousands, "") if table.thousands else amount
        said.append(
            (
                of[table.columns.reference],
                statuses[of[table.columns.status].upper()],
                _paisa(amount.replace(table.decimal, ".")),
            )
        )
    return said
