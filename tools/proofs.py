"""Writes the one-page table of docs/proof/ from the reports beside it: `python tools/proofs.py docs/proof`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HEAD = """# Proofs

What the long tests counted, written by `make prove`: each file holds commit, seed, machine, duration, and counts of what
was tried and which states were reached. A bar that was missed stands here as missed. The control says what the same
counting finds where the harm was let happen.

| promise | bar for a release | reached | met | control | run | file |
|---|---|---|---|---|---|---|
"""


def table(folder: Path) -> str:
    """Return the page for the reports of a folder, by file name."""
    return HEAD + "".join(_row(path) for path in sorted(folder.glob("*.json"), key=_order))


def _order(path: Path) -> tuple[int, str]:
    """Sort r4 before r10."""
    digits = "".join(letter for letter in path.stem.partition("-")[0] if letter.isdigit())
    return (int(digits or 0), path.stem)


def _row(path: Path) -> str:
    figures: dict[str, Any] = json.loads(path.read_text())
    cells = (
        figures["promise"],
        figures["bar"],
        figures["found"],
        "yes" if figures["met"] else "**no**",
        figures["control"],
        f"{figures['commit']}, {figures['duration_s']:,.0f} s",
        f"[{path.name}]({path.name})",
    )
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    (target / "README.md").write_text(table(target))
