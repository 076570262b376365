"""A programme as a folder of the time before approvals, arrears, funds and banks' profiles."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

SINCE = ("approvals.yaml", "accounts.yaml", "alerts.yaml", "reconciliation.yaml", "verification.yaml")


def copied(programme: Path, folder: Path) -> Path:
    """Write the older form of a programme into `folder` and return it."""
    shutil.copytree(programme, folder)
    for file in SINCE:
        (folder / file).unlink(missing_ok=True)
    shutil.rmtree(folder / "banks")
    calendar = folder / "calendar.yaml"
    text, gone = re.subn(
        r"(?ms)^arrears_quarters:.*?(?=^phase_plans:)", "", calendar.read_text(encoding="utf-8")
    )
    assert gone == 1
    assert "funds" not in text
    calendar.write_text(text, encoding="utf-8")
    return folder
