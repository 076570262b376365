"""Pair tables, strata, bounds, filters and divisions of a programme: each mistake at its line, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from kafalat.policy.check import check
from kafalat.policy.expression_types import BOOLEAN, INTEGER, FactType
from kafalat.policy.expressions import validate
from kafalat.policy.loader import load
from tests.policy import folder as small

PAIRS = """\
pairs:
  - facts: [rooms, toilet]
    rows: [{ to: 1 }, { from: 2, to: 5 }, { from: 6 }]
    columns: [{ is: [none] }, { is: [dry, flush] }]
    points:
      - [0, 3]
      - [1, 4]
      - [2, 9]
stratum: region
strata:
  - is: [urban]
    base_points: 3
    terms:
      - fact: rooms
        bins:
          - { to: 2, points: 0 }
          - { from: 3, points: 4 }
  - is: [rural, camp]
    pairs:
      - facts: [television, toilet]
        rows: [{ is: [true] }, { is: [false] }]
        columns: [{ is: [flush] }, { is: [dry, none] }]
        points: [[5, 2], [1, 0]]
source: "a test"
"""
REGION = """\
facts:
  - name: region
    level: household
    kind: collected
    type: category
    label: { en: "Region", ur: "علاقہ" }
    categories:
      urban: { en: "Town", ur: "شہر" }
      rural: { en: "Village", ur: "گاؤں" }
      camp: { en: "Camp", ur: "کیمپ" }
    source: "a test"
"""
FILTERS = """\
filters:
  - code: payroll
    kind: hard
    subjects: [self, spouse]
    label: { en: "Payroll", ur: "تنخواہ" }
    text: { en: "bring a letter", ur: "خط لائیں" }
    from: 2024-01-01
    to: 2025-12-31
    source: "a test"
  - code: urgent_cards
    kind: soft
    subjects: [household]
    members: 3
    label: { en: "Cards", ur: "کارڈ" }
    text: { en: "tell us why", ur: "وجہ بتائیں" }
    from: 2024-01-01
    source: "a test"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    written = small.write(tmp_path / "small")
    small.replace(written, "scorecard.yaml", 'source: "a test"\n', PAIRS)
    small.replace(written, "facts.yaml", "facts:\n", REGION)
    (written / "filters.yaml").write_text(FILTERS, encoding="utf-8")
    return written


def test_pairs_strata_and_filters_without_mistakes_are_loaded(folder: Path) -> None:
    assert check(folder) == []
    programme = load(folder)
    assert programme.scorecard.pairs[0].points == ((0, 3), (1, 4), (2, 9))
    assert [stratum.is_ for stratum in programme.scorecard.strata] == [("urban",), ("rural", "camp")]
    assert programme.scorecard.facts == ("region", "rooms", "toilet", "television")
    assert [entry.code for entry in programme.filters] == ["payroll", "urgent_cards"]
    assert programme.unpaid_reasons["payroll"].en == "bring a letter"
    assert "urgent_cards" not in programme.unpaid_reasons


# file, text, what it becomes, words of the finding, nearest valid name. The finding stands in the line of the text.
MISTAKES = {
    "a gap in the rows": ("scorecard.yaml", "{ from: 2, to: 5 }", "{ from: 3, to: 5 }", "covers 2 to 2", None),
    "an overlap in the rows": ("scorecard.yaml", "{ from: 2, to: 5 }", "{ from: 1, to: 5 }", "1 is in both", None),
    "a code left out of the columns": ("scorecard.yaml", "{ is: [dry, flush] }", "{ is: [flush] }", "has: dry", None),
    "a code twice in the columns": (
        "scorecard.yaml", "{ is: [dry, flush] }", "{ is: [dry, flush, none] }", "'none' stands in two", None,
    ),
    "a wrong code": ("scorecard.yaml", "{ is: [dry, flush] }", "{ is: [drry, dry, flush] }", "no value", "dry"),
    "a row of points too many": ("scorecard.yaml", "points:\n      - [0, 3]", "points:\n      - [0, 3]\n      - [0, 3]", "has 4 rows", None),
    "a row of points too long": ("scorecard.yaml", "- [1, 4]", "- [1, 4, 5]", "has 3 points", None),
    "a fraction of a point": ("scorecard.yaml", "- [1, 4]", "- [1, 4.5]", "no whole number", None),
    "three facts in a pair": ("scorecard.yaml", "facts: [rooms, toilet]", "facts: [rooms, toilet, television]", "at most 2", None),
    "one fact twice in a pair": ("scorecard.yaml", "facts: [rooms, toilet]", "facts: [rooms, rooms]", "different facts", None),
    "an unknown fact in a pair": ("scorecard.yaml", "facts: [rooms, toilet]", "facts: [roms, toilet]", "no fact", "rooms"),
    "a fact kept out of the card": (
        "scorecard.yaml", "facts: [rooms, toilet]", "facts: [disabled_members, toilet]", "Not asked everywhere", None,
    ),
    "an unknown stratum": ("scorecard.yaml", "stratum: region", "stratum: regio", "no fact", "region"),
    "a stratum that is no category": ("scorecard.yaml", "stratum: region", "stratum: rooms", "no category of the household", None),
    "a stratum about a person": ("scorecard.yaml", "stratum: region", "stratum: disabled", "no category of the household", None),
    "an unknown code of a stratum": ("scorecard.yaml", "is: [urban]", "is: [urbn, urban]", "no value", "urban"),
    "a code in two strata": ("scorecard.yaml", "is: [rural, camp]", "is: [rural, camp, urban]", "two strata", None),
    "a gap within a stratum": ("scorecard.yaml", "{ from: 3, points: 4 }", "{ from: 4, points: 4 }", "covers 3 to 3", None),
    "a score above 100": ("scorecard.yaml", "base_points: 10", "maximum: 101\nbase_points: 10", "0 to 100", None),
    "a score below 0": ("scorecard.yaml", "base_points: 10", "minimum: -1\nbase_points: 10", "0 to 100", None),
    "a reason missing for a fact left out": (
        "facts.yaml", '    not_proxy: { en: "Not asked everywhere", ur: "ہر جگہ نہیں پوچھا گیا" }\n', "", "says why", None,
    ),
    "a name the result uses": ("facts.yaml", "name: crowded", "name: points_crowded", "columns of the result", None),
    "a filter of another kind": ("filters.yaml", "kind: hard", "kind: harsh", "must be one of: hard, soft", "hard"),
    "an unknown subject": ("filters.yaml", "subjects: [self, spouse]", "subjects: [self, spous]", "must be one of", "spouse"),
    "a code of eligibility.yaml": ("filters.yaml", "code: payroll", "code: no_woman", "stands in eligibility.yaml", None),
    "a filter twice": ("filters.yaml", "code: urgent_cards", "code: payroll", "stands twice", None),
    "a filter that ends before it begins": ("filters.yaml", "to: 2025-12-31", "to: 2023-12-31", "before it begins", None),
    "members of one person": ("filters.yaml", "subjects: [household]\n    members: 3", "subjects: [self]\n    members: 3", "counts members", None),
    "a filter without Urdu": ("filters.yaml", '{ en: "tell us why", ur: "وجہ بتائیں" }', '{ en: "tell us why" }', "Urdu text", None),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_each_mistake_is_found_where_it_stands(
    folder: Path, mistake: tuple[str, str, str, str, str | None]
) -> None:
    file, old, new, words, near = mistake
    line = small.replace(folder, file, old, new)
    findings = check(folder)
    fitting = [f for f in findings if words in f.en and f.file == file]
    assert fitting, findings
    assert fitting[0].nearest == near
    assert abs(fitting[0].line - line) <= 6
    assert all(max(f.ur) >= "\u0600" for f in findings)


def test_a_code_without_a_stratum_is_found(folder: Path) -> None:
    small.replace(folder, "scorecard.yaml", "is: [rural, camp]", "is: [rural]")
    assert ["No stratum has: camp." in finding.en for finding in check(folder)] == [True]


def test_strata_and_their_fact_need_each_other(folder: Path) -> None:
    small.replace(folder, "scorecard.yaml", "stratum: region\n", "")
    assert ["'stratum', the fact they follow" in finding.en for finding in check(folder)] == [True]


def test_a_card_without_any_line_is_found(folder: Path) -> None:
    text = (folder / "scorecard.yaml").read_text(encoding="utf-8")
    head = text[: text.index("terms:")]
    (folder / "scorecard.yaml").write_text(head + 'source: "a test"\n', encoding="utf-8")
    assert ["neither terms nor pairs" in finding.en for finding in check(folder)] == [True]


KNOWN = {
    "rooms": FactType("integer"),
    "size": FactType("integer", never_zero=True),
    "land": FactType("number"),
}


@pytest.mark.parametrize(
    "text", ["rooms / size > 2", "rooms / (size) > 2", "rooms / 2 > 1", "land / -size < 1.5"]
)
def test_what_is_never_zero_divides(text: str) -> None:
    assert validate(text, KNOWN, aggregate=False, wanted=BOOLEAN) == []


@pytest.mark.parametrize(
    "text", ["size / rooms > 2", "size / (size - 1) > 2", "size / 0 > 2", "size / (0.0) > 2"]
)
def test_what_can_be_zero_does_not_divide(text: str) -> None:
    assert ["can be zero" in fault.en for fault in validate(text, KNOWN, aggregate=False)] == [True]


@pytest.mark.parametrize("text", ["sum(land)", "avg(land)", "sum(rooms * 0.5)"])
def test_fractions_are_not_added_up_over_people_in_an_order_nobody_knows(text: str) -> None:
    faults = validate(text, KNOWN, aggregate=True, wanted=FactType("number"))
    assert ["depends on the order" in fault.en for fault in faults] == [True]


def test_control_a_sum_of_fractions_depends_on_its_order() -> None:
    assert (0.1 + 0.2) + 0.3 != 0.1 + (0.2 + 0.3)
    assert validate("sum(rooms)", KNOWN, aggregate=True, wanted=INTEGER) == []
