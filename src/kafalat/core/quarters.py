"""Calendar quarters: the tranches a cycle pays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

_TRANCHE = re.compile(r"\A(\d{4})Q([1-4])\Z", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A calendar quarter, written `2026Q1`."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"

    def first_day(self) -> date:
        """Return the quarter's first day: amounts in force that day are what it pays."""
        return date(self.year, 3 * self.number - 2, 1)

    def last_day(self) -> date:
        """Return the quarter's last day."""
        return self.following().first_day() - timedelta(days=1)

    def preceding(self) -> Quarter:
        """Return the quarter before."""
        return Quarter(self.year - 1, 4) if self.number == 1 else Quarter(self.year, self.number - 1)

    def following(self) -> Quarter:
        """Return the next quarter."""
        return Quarter(self.year + 1, 1) if self.number == 4 else Quarter(self.year, self.number + 1)


def parse_quarter(text: str) -> Quarter:
    """Return the quarter written as `2026Q1`. Raises ValueError."""
    match = _TRANCHE.match(text.strip())
    if match is None:
        msg = f"a tranche is written as in 2026Q1: {text!r}"
        raise ValueError(msg)
    return Quarter(int(match.group(1)), int(match.group(2)))


def quarter_of(day: date) -> Quarter:
    """Return the quarter `day` lies in."""
    return Quarter(day.year, (day.month + 2) // 3)
