"""Sets documents in a process of its own: one JSON object a line on standard input, one word a line in answer.

    python -m kafalat.interfaces.paper      reads {"template": ..., "file": ..., "data": ...}, answers "set"

A file appears whole or not at all. The process ends with its input, also when the one who wrote to it is killed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from kafalat.interfaces.paper import render


def main(lines: Iterable[str]) -> None:
    """Set one document after another."""
    for line in lines:
        asked = json.loads(line)
        # Structure for screen readers costs a third of the time and half of the size; bulk prints are read on paper.
        pages = render(asked["template"], asked["data"], tagged=False)
        file = Path(asked["file"])
        draft = file.with_name(f"{file.name}.part")
        draft.write_bytes(pages)
        draft.replace(file)
        sys.stdout.write("set\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.stdin)
