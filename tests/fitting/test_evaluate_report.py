"""The committed report is of the committed card, and small enough to be read anywhere."""

from __future__ import annotations

import json
from pathlib import Path

from kafalat.policy.loader import shipped
from tests.fitting.conftest import cached_load

DOCS = Path(__file__).resolve().parents[2] / "docs"
TO_MEND = "run: python tools/scorecard_report.py --survey FOLDER"


def test_the_report_is_of_the_shipped_card() -> None:
    told = json.loads((DOCS / "scorecard" / "evaluation.json").read_text(encoding="utf-8"))
    card = cached_load(shipped()).scorecard
    assert told["scorecard"]["code"] == card.code, TO_MEND
    assert told["scorecard"]["fitted"] == card.fitted, TO_MEND
    figure = told["card"]["at_20_percent"]["exclusion"]
    shown = f"{figure['value']:.3f} ({figure['low']:.3f}–{figure['high']:.3f})"
    assert shown in (DOCS / "scorecard.md").read_text(encoding="utf-8"), TO_MEND


def test_each_file_of_the_report_is_small() -> None:
    files = list((DOCS / "scorecard").iterdir())
    assert {"report.html", "evaluation.json", "reach.svg", "groups.svg", "calibration.svg", "scores.svg"} == {
        file.name for file in files
    }
    assert all(file.stat().st_size <= 200_000 for file in files)
