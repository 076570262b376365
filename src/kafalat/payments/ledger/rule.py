"""What a rule of the books is, and what it finds where it is broken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from kafalat.core.text import Bilingual, Language

_PLACES: dict[Language, tuple[str, str, str, str]] = {
    "en": ("cycle", "list", "file", "payment"),
    "ur": ("دور", "فہرست", "فائل", "ادائیگی"),
}


class Broken(NamedTuple):
    """One place where a rule is broken; what is not known of the place is None. `what` holds codes and figures."""

    cycle_id: int | None
    list_id: int | None
    file: str | None
    payment: str | None
    what: str

    def text(self, language: Language) -> str:
        """Return the place and what was found there, in one line."""
        place = ", ".join(
            f"{word} {value}"
            for word, value in zip(_PLACES[language], self[:4], strict=True)
            if value is not None
        )
        return f"{place}: {self.what}" if place else self.what


@dataclass(frozen=True, slots=True)
class Rule:
    """An invariant: its code in the list of promises, what it says, and a query that must find nothing.

    The query yields the columns cycle_id, list_id, file, payment and what, and has no parameters.
    """

    code: str
    says: Bilingual
    query: str


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant with the first places where it is broken."""

    code: str
    says: Bilingual
    broken: tuple[Broken, ...]

    @property
    def holds(self) -> bool:
        """Say whether it is broken nowhere."""
        return not self.broken
