"""A second country: its survey is scored and judged through a profile with facts of its own, and its weakness is said."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.fitting.made import called
from tests.shared import shared_path

CARD = """code: vn-head-and-size
label: { en: "Head and size", ur: "سربراہ اور حجم" }
from: 2020-01-01
base_points: 0
terms:
  - fact: household_size
    bins: [ { to: 3, points: 20 }, { from: 4, to: 6, points: 10 }, { from: 7, points: 0 } ]
  - fact: head_age
    bins: [ { to: 40, points: 0 }, { from: 41, points: 5 } ]
source: "made for tests"
"""


@pytest.mark.shared
def test_vietnam_is_scored_and_judged_and_called_weak(tmp_path: Path) -> None:
    survey = ("--survey", str(shared_path("data/vn_vlss_1997")), "--profile", "vn-vlss-1997")
    card, out = tmp_path / "card.yaml", tmp_path / "scores.parquet"
    card.write_text(CARD, encoding="utf-8")
    ran = called("score", *survey, "--scorecard", str(card), "--out", str(out))
    assert ran.code == 0, ran.err
    assert pq.read_table(out).num_rows == 5999
    told = called(
        "evaluate", *survey, "--scorecard", str(card), "--draws", "20", "--no-baselines", "--json"
    ).json()
    assert told["currency"] == "VND"
    assert told["survey"]["sampling_units"] == 194
    assert told["card"]["r_squared"]["value"] < 0.3
    warnings = " ".join(warning["en"] for warning in told["warnings"])
    assert "Weak: the score explains only" in warnings
    assert "nothing can be said about it: Province" in warnings
    assert set(told["groups"]) == {"region", "head_sex", "size"}
