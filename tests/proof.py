"""How a long test writes down what it counted, for docs/proof/.

Mark a long proof with `@pytest.mark.prove`: it is left out of `make test` and run by `make prove`, which names the folder
in KAFALAT_PROVE_REPORT_DIR. Call `report` at the end, also where the bar was missed: a miss is published, not hidden.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from pathlib import Path

REPORTS = "KAFALAT_PROVE_REPORT_DIR"
SEED = 20261121


def report(
    name: str,
    *,
    promise: str,
    bar: str,
    found: str,
    met: bool,
    duration_s: float,
    seed: int | str | None = None,
    **counts: object,
) -> None:
    """Write `name`.json with what was counted, where a folder for reports is named; do nothing without one.

    `bar` is what a release needs, `found` what this run reached, each in a few words; `counts` is everything else.
    """
    folder = os.environ.get(REPORTS)
    if not folder:
        return
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    figures = {
        "promise": promise,
        "bar": bar,
        "found": found,
        "met": met,
        "commit": commit.stdout.strip(),
        "seed": seed,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "duration_s": round(duration_s, 1),
        **counts,
    }
    path = Path(folder) / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
