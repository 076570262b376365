"""`kafalat scorecard fit`: what it writes, what it refuses, and that the printed card is the fit."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafalat.fitting.axes import axis_of
from kafalat.fitting.rounding import Table, even
from kafalat.fitting.sample import Sample, scores_of
from kafalat.fitting.squares import Design, Squares
from kafalat.policy.cards import load_scorecard
from kafalat.policy.model import Fact, Programme, Scorecard, Stratum
from tests.fitting.made import FACTS, MadeSurvey, called
from tests.interfaces.command import Ran

Make = Callable[..., MadeSurvey]


@pytest.fixture
def survey(tmp_path: Path) -> MadeSurvey:
    return MadeSurvey(tmp_path / "survey", units=30, each=12)


def fitted(survey: MadeSurvey, *words: str) -> tuple[Ran, Path]:
    out = survey.folder / "fitted.yaml"
    return called("fit", *survey.options(), "--out", str(out), *words), out


def card_of(survey: MadeSurvey, *words: str) -> tuple[Scorecard, Sample, Programme]:
    ran, out = fitted(survey, *words)
    assert ran.code == 0, ran.err
    sample, programme, _ = survey.read()
    return load_scorecard(out, programme), sample, programme


def by_hand(card: Scorecard, row: dict[str, Any]) -> int:
    """Add the printed card up as a family could."""
    total = card.base_points
    parts: list[Scorecard | Stratum] = [card]
    parts += [each for each in card.strata if row[str(card.stratum)] in each.is_]
    for part in parts:
        if part is not card:
            total += part.base_points
        for term in part.terms:
            (points,) = [each.points for each in term.bins if each.has(row[term.fact])]
            total += points
        for pair in part.pairs:
            first, second = (row[name] for name in pair.facts)
            (at,) = [n for n, each in enumerate(pair.rows) if each.has(first)]
            (to,) = [n for n, each in enumerate(pair.columns) if each.has(second)]
            total += pair.points[at][to]
    return min(card.maximum, max(card.minimum, total))


@pytest.mark.parametrize(
    "words",
    [
        ("--method", "ols"),
        ("--method", "quantile", "--pairs", "1"),
        ("--method", "ols", "--strata", "region"),
        ("--method", "ebm"),
    ],
)
def test_the_card_added_by_hand_is_the_score_of_the_engine(
    survey: MadeSurvey, words: tuple[str, ...]
) -> None:
    card, sample, _ = card_of(survey, *words)
    rows = sample.table.astype(object).to_dict("records")
    assert [by_hand(card, row) for row in rows] == scores_of(sample, card).astype(int).tolist()
    assert len(set(scores_of(sample, card))) > 5
    assert np.corrcoef(scores_of(sample, card), sample.welfare)[0, 1] > 0.5


def test_the_same_survey_and_options_give_the_same_bytes(survey: MadeSurvey) -> None:
    first = fitted(survey, "--method", "ols")[1].read_bytes()
    assert fitted(survey, "--method", "ols")[1].read_bytes() == first
    assert b"  date:" not in first


def test_the_cutoff_is_anchored_to_the_share(survey: MadeSurvey) -> None:
    card, sample, _ = card_of(survey, "--cutoff", "40", "--share", "0.5")
    assert abs(float((scores_of(sample, card) <= 40).mean()) - 0.5) < 0.08


def test_no_more_facts_than_allowed_are_chosen(survey: MadeSurvey) -> None:
    card, _, _ = card_of(survey, "--max-facts", "1")
    assert card.facts == ("rooms",)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--facts", "rooms,region"), "An administrative line"),
        (("--facts", "romes"), "Nearest: 'rooms'"),
        (("--strata", "rooms"), "'rooms' gives no strata"),
        (("--date", "yesterday"), "yesterday"),
    ],
)
def test_what_may_not_be_used_is_refused_with_its_reason_and_nothing_is_written(
    survey: MadeSurvey, words: tuple[str, ...], said: str
) -> None:
    ran, out = fitted(survey, *words)
    assert ran.code == 2
    assert said in ran.err
    assert not out.exists()


def test_a_fact_kept_out_is_never_chosen_though_it_would_help(survey: MadeSurvey) -> None:
    assert survey.money is not None
    town = np.array(survey.columns["town"])
    survey.money = (np.array(survey.money) * np.where(town, 4.0, 1.0)).tolist()
    card, _, _ = card_of(survey, "--method", "ols")
    assert "region" not in card.facts
    # The control: where the reason is taken away, it is the first to be chosen.
    open_facts = re.sub(r"\n +proxy: false, not_proxy: \{[^}]*\},", "", FACTS)
    assert open_facts != FACTS
    options = survey.options()
    (survey.folder / "made.facts.yaml").write_text(open_facts, encoding="utf-8")
    out = survey.folder / "open.yaml"
    assert called("fit", *options, "--out", str(out), "--max-facts", "1", "--method", "ols").code == 0
    assert "fact: region" in out.read_text(encoding="utf-8")


def test_a_weak_fit_is_written_with_a_warning_in_the_file(survey: MadeSurvey) -> None:
    rng = np.random.default_rng(1)
    sizes = np.array(survey.columns["size"])
    survey.money = (
        sizes * np.exp(rng.normal(9, 1, len(sizes)) + 0.15 * np.array(survey.columns["rooms"]))
    ).tolist()
    card, _, _ = card_of(survey)
    assert card.warning is not None
    assert "R²" in card.warning.en
    assert "کمزور" in card.warning.ur


def test_a_strong_fit_has_no_warning(survey: MadeSurvey) -> None:
    assert card_of(survey, "--method", "ols")[0].warning is None


def test_a_survey_without_spending_is_refused(survey: MadeSurvey) -> None:
    survey.money = [None] * len(survey.columns["id"])
    survey.money[0] = 1000.0
    ran, out = fitted(survey)
    assert ran.code == 2
    assert not out.exists()


def test_weights_count(survey: MadeSurvey) -> None:
    even_card, _, _ = card_of(survey, "--method", "ols")
    survey.columns["weight"] = [9.0 if town else 1.0 for town in survey.columns["town"]]
    weighted, _, _ = card_of(survey, "--method", "ols")
    assert weighted.fitted["weighted"] == "yes"
    assert weighted.terms != even_card.terms


def test_an_ordered_fact_never_gives_points_for_being_worse_off(survey: MadeSurvey) -> None:
    """Six rooms go with little money here; without a declared order the card would say so."""
    assert survey.money is not None
    rooms = np.array(survey.columns["rooms"])
    survey.money = (np.array(survey.money) * np.where(rooms >= 4, 0.5, 1.0)).tolist()
    free = {
        each.from_ or 0: each.points
        for each in next(t for t in card_of(survey, "--method", "ols")[0].terms if t.fact == "rooms").bins
    }
    levels = [free[key] for key in sorted(free)]
    assert levels != sorted(levels)
    options = survey.options()
    ordered = FACTS.replace("name: rooms, level: household", "name: rooms, order: rising, level: household")
    (survey.folder / "made.facts.yaml").write_text(ordered, encoding="utf-8")
    out = survey.folder / "ordered.yaml"
    assert called("fit", *options, "--out", str(out), "--method", "ols").code == 0
    block = out.read_text(encoding="utf-8").partition("fact: rooms")[2].partition("fact:")[0]
    found = [int(each) for each in re.findall(r"points: (\d+)", block)]
    assert found == sorted(found)


@settings(max_examples=30, deadline=None)
@given(values=st.lists(st.integers(-5, 60), min_size=2, max_size=300))
def test_bins_of_a_number_cover_every_value_once(values: list[int]) -> None:
    fact = Fact.model_validate(
        {
            "name": "n",
            "level": "household",
            "kind": "collected",
            "type": "integer",
            "label": {"en": "n", "ur": "ن"},
            "source": "made",
        }
    )
    column = pd.Series(values, dtype="Int64")
    axis = axis_of(fact, column, np.zeros(len(values)), np.ones(len(values)))
    if axis is None:
        return
    assert list(axis.starts) == sorted(set(axis.starts))
    numbers = axis.numbers(column)
    assert set(numbers) == set(range(len(axis)))
    order = np.argsort(values, kind="stable")
    assert (np.diff(numbers[order]) >= 0).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_sums_of_products_give_what_least_squares_give(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cells = np.column_stack([rng.integers(0, 3, 400), rng.integers(0, 2, 400)])
    design = Design(cells, (3, 2), rng.normal(size=400), rng.uniform(0.5, 2, 400))
    squares = Squares(design)
    columns = squares.columns([0, 1])
    dummies = np.column_stack([np.ones(400), cells[:, 0] == 1, cells[:, 0] == 2, cells[:, 1] == 1]).astype(
        float
    )
    root = np.sqrt(design.weight)
    plain = np.linalg.lstsq(dummies * root[:, None], design.target * root, rcond=None)[0]
    assert np.allclose(squares.coefficients(columns), plain, atol=0.02)
    rest = design.target - dummies @ squares.coefficients(columns)
    weight = design.weight / design.weight.mean()
    assert squares.loss(columns, squares.coefficients(columns)) == pytest.approx(float(weight @ rest**2))


@settings(max_examples=50, deadline=None)
@given(
    first=st.lists(st.integers(0, 20), min_size=4, max_size=4),
    second=st.lists(st.integers(0, 20), min_size=3, max_size=3),
    cells=st.lists(st.integers(0, 20), min_size=6, max_size=6),
    sign=st.sampled_from([-1, 1]),
)
def test_a_table_never_turns_the_order_of_its_facts(
    first: list[int], second: list[int], cells: list[int], sign: int
) -> None:
    points = [np.array(sorted(first)), np.array(sorted(second))[::sign], np.array(cells)]
    table = Table(2, 0, 1, ((0, 1), (2, 3)), ((0,), (1,), (2,)))
    grid = even(points, [1, sign, 0], table).reshape(2, 3)
    row = np.array([0, 0, 1, 1])
    total = points[0][:, None] + points[1][None, :] + grid[row]
    assert (np.diff(total, axis=0) >= 0).all()
    assert (np.diff(total, axis=1) * sign >= 0).all()
    assert grid.min() == 0
