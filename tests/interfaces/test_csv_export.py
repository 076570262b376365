"""A list as CSV: what it is of stands above it, Urdu comes out whole, and nothing in it is run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafalat.interfaces.csv_export import Cell, csv_response, safe

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =cmd|' /C calc'!A0", "\u200f=1", "＝1", "|x")


def written(**more: object) -> list[list[str]]:
    values: dict[str, object] = {"stated": [("Cycle", "2026Q1")], "header": ["Name"], "rows": [], **more}
    response = csv_response("list", **values)  # type: ignore[arg-type] # the test's own values
    content = b"".join(cast(Iterable[bytes], response.streaming_content)).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(content)))


def test_what_a_list_was_narrowed_to_stands_above_it() -> None:
    rows = written(stated=[("دور", "2026Q1"), ("Bank", "hbl")], header=["Name", "Rs"], rows=[["زینب", 14500]])
    assert rows == [["دور", "2026Q1"], ["Bank", "hbl"], [], ["Name", "Rs"], ["زینب", "14500"]]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_begins_like_a_formula_is_shown_not_run(text: str) -> None:
    assert written(rows=[[text]])[-1] == [f"'{text}"]


@pytest.mark.parametrize(("cell", "text"), [(-5, "-5"), (date(2026, 1, 2), "2026-01-02"), (None, "")])
def test_numbers_and_dates_of_ours_stay_as_they_are(cell: Cell, text: str) -> None:
    assert safe(cell) == text


@given(st.text())
def test_every_other_text_comes_back_as_it_went(text: str) -> None:
    kept = safe(text)
    assert kept in {text, f"'{text}"}
    assert not kept.lstrip().startswith(("=", "+", "-", "@"))
