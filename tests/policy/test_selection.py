"""`selection.yaml` and `validation.yaml`: what a programme may not say of quotas, salts and the effect of verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from kafalat.policy.check import check
from kafalat.policy.loader import load, shipped
from tests.policy.folder import replace, write

QUOTAS = """\
by: quota
quotas:
  - { place: PK, from: 2026-01-01, families: 10, source: "a test" }
  - { place: PK617, from: 2026-01-01, families: 3, source: "a test" }
"""
WAITING = """\
  much_land: { en: "Much land.", ur: "زیادہ زمین۔" }
  waiting_list: { en: "Waits.", ur: "انتظار۔" }
"""


def by_quota(folder: Path) -> Path:
    """The small programme with quotas and a text for those who wait."""
    write(folder)
    replace(folder, "selection.yaml", "by: cutoff\n", QUOTAS)
    replace(folder, "eligibility.yaml", WAITING.splitlines(keepends=True)[0], WAITING)
    return folder


def faults(folder: Path) -> list[str]:
    return [f"{found.file}:{found.line} {found.en}" for found in check(folder)]


def test_quotas_and_the_text_for_those_who_wait_are_accepted(tmp_path: Path) -> None:
    folder = by_quota(tmp_path)
    assert faults(folder) == []
    assert [row.families for row in load(folder).selection.quotas] == [10, 3]


def test_the_shipped_programme_selects_by_cutoff_and_lets_no_verdict_decide() -> None:
    programme = load(shipped())
    assert programme.selection.by == "cutoff"
    assert {effect.does for _, effect in programme.validation.effects} <= {"none", "resurvey"}


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("selection.yaml", "place: PK617", "place: PK999", "no P-code"),
        ("selection.yaml", "place: PK617", "place: PK", "overlap"),
        ("selection.yaml", "families: 3", "families: -3", "at least 0"),
        ("selection.yaml", "place: PK,", "place: PK617,", "Nothing in 'quotas' is for PK6 (Punjab)"),
        ("selection.yaml", "by: quota", "by: budget", "Nothing in 'budgets' is for PK6 (Punjab)"),
        ("selection.yaml", "by: quota", "by: lottery", "lottery"),
        ("eligibility.yaml", WAITING.splitlines()[1], "", "no text for 'waiting_list'"),
        ("validation.yaml", "wrongly_in: { does: resurvey }", "wrongly_in: { does: shift }", "has points"),
        ("validation.yaml", "confirm: { does: none }", "confirm: { does: none, points: 1 }", "has points"),
        (
            "validation.yaml",
            "wrongly_in: { does: resurvey }",
            "wrongly_in: { does: shift, points: 4 }",
            "by 3 points at most",
        ),
        (
            "validation.yaml",
            "wrongly_in: { does: resurvey }",
            "wrongly_in: { does: shift, points: -2 }",
            "to the back",
        ),
    ],
)
def test_what_cannot_hold_is_named_with_its_line(
    tmp_path: Path, file: str, old: str, new: str, says: str
) -> None:
    folder = by_quota(tmp_path)
    line = replace(folder, file, old, new)
    found = faults(folder)
    assert any(says in fault and fault.startswith(file) for fault in found), (line, found)


def test_by_cutoff_a_shift_has_nothing_to_shift(tmp_path: Path) -> None:
    folder = write(tmp_path)
    replace(
        folder, "validation.yaml", "wrongly_in: { does: resurvey }", "wrongly_in: { does: shift, points: 1 }"
    )
    (fault,) = faults(folder)
    assert "no rank to shift" in fault
