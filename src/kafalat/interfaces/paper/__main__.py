"""Sets one document in a process of its own, so that memory stays flat over thousands: data on standard input.

    python -m kafalat.interfaces.paper TEMPLATE FILE < DATA.json

The file appears whole or not at all.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from kafalat.interfaces.paper import render


def main(template: str, file: Path) -> None:
    """Fill `template` with the JSON object on standard input and write the PDF to `file`."""
    # Accessibility tags cost a third of the time and half of the size; a slip of a bulk print is read on paper.
    pages = render(template, json.load(sys.stdin), tagged=False)
    draft = file.with_name(f"{file.name}.part")
    draft.write_bytes(pages)
    draft.replace(file)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
