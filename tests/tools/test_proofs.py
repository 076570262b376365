"""What the long proofs counted is published whole: every promise of payments, each with its control, and one page of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.source import ROOT

PROOFS = ROOT / "docs/proof"
# Promises that payments are held to. A miss is published as a miss; what is not run at all is not published.
PROMISES = {"R1", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R27", "R30", "R31"}


def page_of(folder: Path) -> subprocess.CompletedProcess[str]:
    """Write the page of a folder's reports, as `make prove` does at its end."""
    return subprocess.run(
        [sys.executable, ROOT / "tools/proofs.py", folder], capture_output=True, text=True, check=False
    )


def test_every_promise_of_payments_has_its_report() -> None:
    reports = [json.loads(path.read_text()) for path in PROOFS.glob("*.json")]
    assert {report["promise"].split()[0] for report in reports} >= PROMISES
    for report in reports:
        assert report["seed"], report["promise"]
        assert report["control"], report["promise"]
        assert not report["commit"].endswith("with changes"), "a proof is of a commit that others can have"


def test_the_page_is_that_of_the_reports_beside_it(tmp_path: Path) -> None:
    copy = shutil.copytree(PROOFS, tmp_path / "proof")
    (copy / "README.md").unlink()
    assert page_of(copy).returncode == 0
    assert (copy / "README.md").read_text() == (PROOFS / "README.md").read_text()


def test_a_report_without_a_control_is_not_taken(tmp_path: Path) -> None:
    one = json.loads(min(PROOFS.glob("*.json")).read_text())
    del one["control"]
    (tmp_path / "one.json").write_text(json.dumps(one))
    assert page_of(tmp_path).returncode != 0
