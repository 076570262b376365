"""Any list as a CSV file: what it was narrowed to stands above it, and no cell is run as a formula by a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Protocol

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.functional import Promise

Cell = str | int | date | datetime | Promise | None
# What spreadsheets take for the beginning of a formula, or skip before one.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
_MARK = "\ufeff"  # without it spreadsheets take Urdu for another alphabet


class _Writer(Protocol):
    def writerow(self, row: Iterable[str], /) -> str: ...


class _Echo:
    """Hands each line back instead of keeping it, so that a long list is never held whole."""

    def write(self, line: str) -> str:
        return line


def safe(cell: Cell) -> str:
    """Return a cell as text that a spreadsheet shows and does not run; numbers of ours stay numbers.

    >>> safe("=1+1"), safe(-5), safe(None)
    ("'=1+1", '-5', '')
    """
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return timezone.localtime(cell).strftime("%Y-%m-%d %H:%M")
    if isinstance(cell, int | date):
        return str(cell)
    text = str(cell)
    return (
        f"'{text}" if text.lstrip(" \u00a0\u200b\u200e\u200f\u2066\u2067\u2068").startswith(_STARTS) else text
    )


def csv_response(
    name: str,
    *,
    stated: Sequence[tuple[Cell, Cell]],
    header: Sequence[Cell],
    rows: Iterable[Sequence[Cell]],
) -> StreamingHttpResponse:
    """Answer with a CSV file called `name` (letters, digits and hyphens, without ending).

    `stated` says above the list what it is of and what it was narrowed to, a pair of words and value each.
    """
    writer: _Writer = csv.writer(_Echo())
    response = StreamingHttpResponse(
        _lines(writer, stated, header, rows), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _lines(
    writer: _Writer,
    stated: Sequence[tuple[Cell, Cell]],
    header: Sequence[Cell],
    rows: Iterable[Sequence[Cell]],
) -> Iterator[str]:
    yield _MARK
    for pair in stated:
        yield writer.writerow(map(safe, pair))
    yield writer.writerow([])
    yield writer.writerow(map(safe, header))
    for row in rows:
        yield writer.writerow(map(safe, row))
