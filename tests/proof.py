"""How a long test writes down what it counted, for docs/proof/.

Mark a long proof with `@pytest.mark.prove`: it is left out of `make test` and run by `make prove`, which names the folder
in KAFALAT_PROVE_REPORT_DIR. Call `report` at the end, also where the bar was missed: a miss is published, not hidden. A
figure without a control proves little: each report says what the same counting finds where the harm was let happen.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from pathlib import Path

REPORTS = "KAFALAT_PROVE_REPORT_DIR"
SEED = 20261121
EVERY = "every case, none drawn"
# What a proof runs: reports written into the same folder do not make it another one.
PROVED = ("src", "tests", "programmes")


def report(
    name: str,
    *,
    promise: str,
    bar: str,
    found: str,
    met: bool,
    duration_s: float,
    seed: int | str,
    control: str,
    **counts: object,
) -> None:
    """Write `name`.json with what was counted, where a folder for reports is named; do nothing without one.

    `bar` is what a release needs, `found` what this run reached, `control` what was found with the harm let in, each in a
    few words. `seed` replays the run, or says that every case was tried and nothing drawn; `counts` is everything else.
    """
    folder = os.environ.get(REPORTS)
    if not folder:
        return
    figures = {
        "promise": promise,
        "bar": bar,
        "found": found,
        "met": met,
        "control": control,
        "commit": _git("rev-parse", "--short", "HEAD")
        + (" with changes" if _git("status", "--porcelain", "--", *PROVED) else ""),
        "seed": seed,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "duration_s": round(duration_s, 1),
        **counts,
    }
    path = Path(folder) / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], capture_output=True, text=True, check=False).stdout.strip()
