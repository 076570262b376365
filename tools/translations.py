"""Compiles the console's translations: every `locale/*/LC_MESSAGES/*.po` under `src/` to the `.mo` Django reads.

A file is compiled when its `.mo` is missing or older; unfinished ("fuzzy") texts stay in the source language. A broken
file stops the set-up with its place. Called by `tools/install.py` with the virtual environment's Python.
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

SOURCE = Path(__file__).resolve().parent.parent / "src"


def compile_texts(texts: Path) -> None:
    """Write the `.mo` beside one `.po`, whole or not at all. Raises PoFileError for a broken file."""
    with texts.open("rb") as file:
        catalogue = read_po(file, locale=texts.parts[-3], abort_invalid=True)
    draft = texts.with_suffix(".mo.part")
    with draft.open("wb") as file:
        write_mo(file, catalogue)
    draft.replace(texts.with_suffix(".mo"))


def main() -> int:
    """Compile what is missing or outdated."""
    for texts in sorted(SOURCE.glob("**/locale/*/LC_MESSAGES/*.po")):
        compiled = texts.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= texts.stat().st_mtime:
            continue
        try:
            compile_texts(texts)
        except PoFileError as error:
            print(f"{texts}: {error}; mend the file and run the same command again.", file=sys.stderr)
            print(f"{texts}: {error}؛ فائل درست کریں اور یہی کمانڈ دوبارہ چلائیں۔", file=sys.stderr)
            return 2
        print(f"compiled {compiled.relative_to(SOURCE)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
