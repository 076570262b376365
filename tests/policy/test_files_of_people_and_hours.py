"""What is wrong in `accounts.yaml` and in the hours of `alerts.yaml` is found, in its file and with what is wrong said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kafalat.policy.check import check
from kafalat.policy.findings import Finding
from kafalat.policy.loader import shipped
from tests.policy import folder as small


@pytest.fixture
def programme(tmp_path: Path) -> Path:
    """The small programme with the shipped rules of accounts and alerts, in terms of its own places and filters."""
    folder = small.write(tmp_path / "small")
    for name in ("accounts.yaml", "alerts.yaml", "filters.yaml"):
        (folder / name).write_text((shipped() / name).read_text(encoding="utf-8"), encoding="utf-8")
    travel = re.search(r"travel: \[.*\]", (folder / "alerts.yaml").read_text(encoding="utf-8"))
    assert travel is not None
    small.replace(folder, "alerts.yaml", travel.group(), "travel: [PK617]")
    return folder


def found(programme: Path, file: str) -> list[Finding]:
    return [finding for finding in check(programme) if finding.file == file]


def test_without_mistakes_nothing_is_found(programme: Path) -> None:
    assert found(programme, "accounts.yaml") == []
    assert found(programme, "alerts.yaml") == []


# file, text, what it becomes, words of the finding. The finding stands in the line of the text.
MISTAKES = {
    "a key nobody knows": ("accounts.yaml", "visit_days: 90", "visit_dayz: 90", "visit_dayz"),
    "a key that is missing": ("accounts.yaml", "  visit_days: 90\n", "", "visit_days"),
    "a similarity beyond a hundred": (
        "accounts.yaml", "title_similarity_min: 85", "title_similarity_min: 185", "100",
    ),
    "a similarity that lets everybody through": (
        "accounts.yaml", "name_similarity_min: 80", "name_similarity_min: 5", "50",
    ),
    "a number of days that is none": ("accounts.yaml", "visit_days: 90", "visit_days: soon", "no whole number"),
    "no days at all": ("accounts.yaml", "answer_days: 180", "answer_days: 0", "1"),
    "a source too short to be one": (
        "accounts.yaml", 'appeal_days: 30\n    source: "Illustrative"', 'appeal_days: 30\n    source: "?"', "3",
    ),
    "a code of other letters": ("accounts.yaml", "code: own_wish", "code: Own-Wish", "Own-Wish"),
    "a suspension twice": ("accounts.yaml", "code: under_inquiry", "code: on_hard_list", "stands twice"),
    "an exit twice": ("accounts.yaml", "code: own_wish", "code: no_answer", "stands twice"),
    "a proof nobody can bring": ("accounts.yaml", "proof: life", "proof: soul", "soul"),
    "a text without Urdu": (
        "accounts.yaml", '{ en: "By her own wish", ur: "اپنی مرضی سے" }', '{ en: "By her own wish" }', "Urdu text",
    ),
    "a filter of deaths that is none": ("accounts.yaml", "[deceased]", "[diseased]", "no filter 'diseased'"),
    "a suspension of deaths that is none": (
        "accounts.yaml", "death_suspension: reported_dead", "death_suspension: reported_dad", "'reported_dad' is no suspension",
    ),
    "a death that papers lift": (
        "accounts.yaml", "death_suspension: reported_dead", "death_suspension: on_hard_list", "proof of life",
    ),
    "hours that end before they begin": ("alerts.yaml", 'closes: "23:00"', 'closes: "07:00"', "closes after"),
    "hours of a span that ends before it begins": (
        "alerts.yaml", "to: 2026-03-20", "to: 2026-02-01", "before it begins",
    ),
    "hours without a source": ("alerts.yaml", "opens: \"08:00\"\n          closes: \"23:00\"\n          source", "opens: \"08:00\"\n          closes: \"23:00\"\n          sauce", "sauce"),
    "a place to travel to that is none": ("alerts.yaml", "[PK617]", "[PK999]", "'PK999' is no district"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found_and_named(programme: Path, mistake: str) -> None:
    file, right, wrong, said = MISTAKES[mistake]
    small.replace(programme, file, right, wrong)
    (finding,) = found(programme, file)
    assert said in finding.en
    assert finding.line > 0
    assert finding.ur


def test_spans_of_hours_that_overlap_are_found(programme: Path) -> None:
    again = """\
        - from: 2026-03-01
          opens: "09:00"
          closes: "15:00"
          source: "a test"
"""
    small.replace(programme, "alerts.yaml", "      other_hours:\n", f"      other_hours:\n{again}")
    assert any("overlap" in finding.en for finding in found(programme, "alerts.yaml"))


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("hbl", "hbk", "hbk"),
        ("transport: file", "transport: pigeon", "pigeon"),
        ("name_max: ", "name_max: 1", ""),
    ],
)
def test_a_bank_without_a_way_to_pay_it_is_found(programme: Path, right: str, wrong: str, said: str) -> None:
    """A profile is the way files go to a bank: its folder is named for it, and what it says is known."""
    if right == "hbl":
        (programme / "banks" / "hbl").rename(programme / "banks" / wrong)
    else:
        small.replace(programme, "banks/hbl/profile.yaml", right, wrong)
    findings = [finding for finding in check(programme) if "bank" in finding.file]
    assert findings
    assert any(said in finding.en or said in finding.file for finding in findings), findings
