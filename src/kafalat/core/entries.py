"""The form of an entry of the error catalogue (`core.problems`)."""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of error: its sentences with `{field}` places, and how each interface reports it."""

    en: str
    ur: str
    http_status: int = 400
    exit_code: int = 2

    def fields(self) -> frozenset[str]:
        """Return the names of the details both sentences use."""
        texts = (self.en, self.ur)
        return frozenset(name for text in texts for _, name, _, _ in Formatter().parse(text) if name)
