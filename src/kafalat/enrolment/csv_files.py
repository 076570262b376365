"""CSV files about accounts and cards as banks and NADRA hand them in: every line is right, or nothing is taken in."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

from kafalat.core.problems import Problem, problem

T = TypeVar("T")
TEXT_MAX = 140


def wrong(file: str, line: int, reason_en: str, reason_ur: str) -> Problem:
    """Return the problem that refuses a file for one of its lines (the heading is line 1)."""
    return problem("accounts.file_invalid", file=file, line=line, reason_en=reason_en, reason_ur=reason_ur)


def lines_of(path: Path) -> int:
    """Return how many lines a file has, one at least; a file that is not there has one."""
    if not path.is_file():
        return 1
    with path.open("rb") as file:
        return max(1, sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b"")))


def read_lines(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the number and the values of each line of a CSV file in UTF-8 whose heading names at least `columns`.

    Raises the problems `input.not_found` and `accounts.file_invalid`. Values are stripped; a blank line is none.
    """
    if not path.is_file():
        raise problem("input.not_found", path=path)
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            heading = [name.strip().lower() for name in next(rows, [])]
            for column in columns:
                if heading.count(column) != 1:
                    raise wrong(
                        path.name, 1, f"there is no column '{column}'", f"«{column}» نام کا کالم نہیں"
                    )
            for row in rows:
                line = rows.line_num
                if not row:
                    continue
                if len(row) != len(heading):
                    raise wrong(
                        path.name,
                        line,
                        f"the row has {len(row)} columns, the heading {len(heading)}",
                        f"سطر میں {len(row)} کالم ہیں، سرخی میں {len(heading)}",
                    )
                values = {name: text.strip() for name, text in zip(heading, row, strict=True)}
                if any("\x00" in text or len(text) > TEXT_MAX for text in values.values()):
                    raise wrong(
                        path.name,
                        line,
                        f"a value is longer than {TEXT_MAX} characters or no text",
                        f"کوئی قدر {TEXT_MAX} حروف سے لمبی ہے یا تحریر نہیں",
                    )
                yield line, values
    except UnicodeDecodeError:
        raise wrong(
            path.name,
            line,
            "the text is not UTF-8; save the file as UTF-8",
            "تحریر UTF-8 میں نہیں؛ فائل UTF-8 میں محفوظ کریں",
        ) from None
    except csv.Error:
        raise wrong(
            path.name, line, "the line cannot be read as CSV", "سطر CSV کے طور پر نہیں پڑھی جاتی"
        ) from None


def parsed(path: Path, line: int, text: str, parse: Callable[[str], T], name_en: str, name_ur: str) -> T:
    """Return `parse(text)`; what it refuses is refused with its line. The text itself is personal and is not repeated."""
    try:
        return parse(text)
    except ValueError:
        raise wrong(path.name, line, f"{name_en} cannot be read", f"{name_ur} پڑھا نہیں جا سکا") from None


def parse_day(text: str) -> date:
    """Return the day written as in 2026-01-31. Raises ValueError."""
    return date.fromisoformat(text)
