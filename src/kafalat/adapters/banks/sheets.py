"""Spreadsheets as tables: an XLSX is written out as the CSV its bank would have sent, and read as one.

A spreadsheet is a program as much as a table. Values are taken, never computed: a file with formulas, macros or links to
other files is refused, for what it shows need not be what was saved.
"""

from __future__ import annotations

import csv
import errno
import struct
import zipfile
import zlib
from datetime import date, datetime
from pathlib import Path
from typing import IO, Final

from lxml import etree
from python_calamine import CalamineError, CalamineWorkbook

from kafalat.adapters.iso20022.read import shown
from kafalat.core.bank_formats import Table
from kafalat.core.problems import Problem, problem

# The whole sheet is in memory while it is read; a longer table is asked for as CSV.
SIZE_MAX_BYTES: Final = 256 << 20
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    struct.error,
    ValueError,
)
# A scratch folder that takes no more says nothing of the spreadsheet.
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_ACTIVE: Final = ("vbaproject", "externallinks", "macrosheets", "activex", "embeddings", "connections.xml")


def to_csv(path: Path, target: Path, table: Table, name: str) -> None:
    """Write the sheet of the XLSX at `path` to `target`, in the notation of `table` with commas between columns.

    Raises the problems `bank.unreadable`, `bank.too_large`, `bank.formula_refused` and `bank.columns_missing`, and OSError
    where `target` has no room.
    """
    try:
        _refuse_what_is_not_plain(path, name)
    except _DAMAGE as error:
        raise _unreadable(name, str(error)) from None
    except etree.XMLSyntaxError as error:
        raise _unreadable(name, str(error.msg or error)) from None
    try:
        with CalamineWorkbook.from_path(path) as book:
            sheet = table.sheet or book.sheet_names[0]
            if sheet not in book.sheet_names:
                raise problem("bank.columns_missing", file=name, columns=shown(sheet))
            rows = book.get_sheet_by_name(sheet).iter_rows()
            with target.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
                blank: list[list[str]] = []
                for row in rows:
                    cells = [_text(value, table) for value in row]
                    if not any(cells):
                        blank.append(cells)  # blank lines at the end are none; others stay where they are
                        continue
                    writer.writerows([*blank, cells])
                    blank = []
    except (CalamineError, *_DAMAGE) as error:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise
        raise _unreadable(name, str(error)) from None


def _unreadable(name: str, reason: str) -> Problem:
    return problem("bank.unreadable", file=name, line=1, reason=shown(reason))


def _refuse_what_is_not_plain(path: Path, name: str) -> None:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > SIZE_MAX_BYTES:
            raise problem("bank.too_large", file=name, most=f"{SIZE_MAX_BYTES >> 20} MB")
        for member in members:
            lowered = member.filename.lower()
            if any(part in lowered for part in _ACTIVE):
                raise problem("bank.formula_refused", file=name, place=shown(member.filename))
            with archive.open(member) as file:
                if lowered.startswith("xl/worksheets/") and lowered.endswith(".xml"):
                    _refuse_formulas(file, name)
                while file.read(1 << 20):  # to its end, so that its checksum is compared
                    pass


def _refuse_formulas(file: IO[bytes], name: str) -> None:
    events = etree.iterparse(
        file, events=("end",), tag=("{*}f", "{*}row"), resolve_entities=False, load_dtd=False, no_network=True
    )
    for _, element in events:
        if str(element.tag).endswith("}f"):
            cell = element.getparent()
            place = cell.get("r", "?") if cell is not None else "?"
            raise problem("bank.formula_refused", file=name, place=shown(place))
        element.clear()
        while element.getprevious() is not None:
            parent = element.getparent()
            if parent is None:
                break
            del parent[0]


def _text(value: object, table: Table) -> str:
    """Return a cell as the bank would have written it in a CSV."""
    if isinstance(value, datetime | date):
        return value.strftime(table.dates)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        text = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        return text.replace(".", table.decimal)
    return " ".join(str(value).split("\n")) if value is not None else ""
