"""What is wrong in a programme folder: one finding per mistake, with its place and the nearest valid name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from kafalat.core.text import Language


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake whose place is not yet known: a sentence in each language and the nearest valid name, if any."""

    en: str
    ur: str
    nearest: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake at a line of a file. `file` is relative to the programme folder; `line` counts from 1."""

    file: str
    line: int
    en: str
    ur: str
    nearest: str | None = None

    def text(self, language: Language) -> str:
        """Return one line for a terminal: file, line, what is wrong, nearest valid name."""
        if language == "ur":
            hint = f" قریب ترین درست نام: «{self.nearest}»۔" if self.nearest else ""
            return f"{self.file}، سطر {self.line}: {self.ur}{hint}"
        hint = f" Nearest valid name: '{self.nearest}'." if self.nearest else ""
        return f"{self.file}, line {self.line}: {self.en}{hint}"


def nearest(name: object, valid: Iterable[str]) -> str | None:
    """Return the valid name most like `name`, or None where none is like it.

    >>> nearest("hoppper", ["hopper", "lovelace"])
    'hopper'
    """
    matches = get_close_matches(str(name), sorted(set(valid)), n=1, cutoff=0.6)
    return matches[0] if matches else None
