"""Makes the fonts of printed pages from the ones that browsers get: typst reads TrueType, the packages carry WOFF.

    python tools/print_fonts.py NODE_MODULES FOLDER

A family comes in subsets, one file each; a printed page needs one file per weight, so the subsets are merged. Called
by `tools/frontend.py` with the Python of the virtual environment, where fontTools is installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools.merge import Merger
from fontTools.ttLib import TTFont

WEIGHTS = ("400", "700")
# Nastaliq without its Latin letters and digits: those are set in Noto Sans, which the typesetter falls back to.
FAMILIES = {"noto-nastaliq-urdu": ("arabic",), "noto-sans": ("latin", "latin-ext")}


def make(modules: Path, folder: Path) -> None:
    """Write one TrueType file per family and weight into `folder`; the same input gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for family, subsets in FAMILIES.items():
        for weight in WEIGHTS:
            files = [
                modules / "@fontsource" / family / "files" / f"{family}-{subset}-{weight}-normal.woff"
                for subset in subsets
            ]
            first = TTFont(files[0])
            font = first if len(files) == 1 else Merger().merge(files)
            font.flavor = None
            # Not the moment of merging: it would change the bytes of everything printed.
            font.recalcTimestamp = False
            font["head"].created = font["head"].modified = first["head"].created
            font.save(folder / f"{family}-{weight}.ttf")


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
