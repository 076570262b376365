"""Bootstraps of sampling units: the same figures as the plain formulas, and intervals as wide as the sample deserves."""

from __future__ import annotations

import numpy as np
import pytest

from kafalat.fitting import metrics
from kafalat.fitting.bootstrap import unit_counts
from kafalat.fitting.judging import Judge, Selection
from kafalat.fitting.sample import folds

UNITS, EACH = 60, 12
LINE = -0.4
SELECTIONS = (Selection("at_20_percent", share=0.2), Selection("line"), Selection("cutoff", cutoff=20))


def _survey(seed: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(UNITS), EACH)
    welfare = rng.normal(0, 0.7, UNITS)[unit] + rng.normal(0, 0.5, UNITS * EACH)
    scores = np.clip(np.rint(30 + 15 * welfare + rng.normal(0, 8, UNITS * EACH)), 0, 100)
    return (
        welfare,
        scores,
        np.array([f"u{number}" for number in unit], dtype=object),
        rng.random(len(unit)) + 0.5,
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_the_figures_are_those_of_the_plain_formulas(weighted: bool) -> None:
    welfare, scores, psu, weight = _survey()
    weight = weight if weighted else np.ones(len(weight))
    judge = Judge(welfare, psu, weight, line=LINE, selections=SELECTIONS, draws=20, seed=1)
    sex = np.where(np.arange(len(scores)) % 3 == 0, "f", "m").astype(object)
    judged = judge.judge(scores, {"sex": sex})
    found, poor = judged.overall, (welfare < LINE).astype(float)
    assert found["r_squared"].value == pytest.approx(metrics.r_squared(scores, welfare, weight))
    assert found["auc"].value == pytest.approx(metrics.auc(scores, poor, weight))
    assert found["at_20_percent.exclusion"].value == pytest.approx(metrics.ter(scores, welfare, 0.2, weight))
    at_cutoff = metrics.errors((scores <= 20).astype(float), poor, weight)
    for measure in ("exclusion", "inclusion", "coverage", "poor", "bpac"):
        assert found[f"cutoff.{measure}"].value == pytest.approx(getattr(at_cutoff, measure))
    share = float(np.average(poor, weights=weight))
    as_many = metrics.errors(metrics.lowest(scores, share, weight), poor, weight)
    assert found["line.exclusion"].value == pytest.approx(as_many.exclusion)
    # A group's errors are those of the selection over everybody.
    women = sex == "f"
    inside = metrics.errors((scores <= 20).astype(float)[women], poor[women], weight[women])
    assert judged.groups["sex"]["f"]["cutoff.exclusion"].value == pytest.approx(inside.exclusion)
    assert judged.groups["sex"]["f"]["auc"].value == pytest.approx(
        metrics.auc(scores[women], poor[women], weight[women])
    )


def test_intervals_hold_the_figure_and_come_again_with_the_seed() -> None:
    welfare, scores, psu, _ = _survey()
    one = np.ones(len(scores))
    first, again, other = (
        Judge(welfare, psu, one, line=LINE, selections=SELECTIONS, draws=200, seed=seed).judge(scores)
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    for name, figure in first.overall.items():
        assert figure.low <= figure.value + 1e-9, name
        assert figure.high >= figure.value - 1e-9, name


def test_drawing_households_one_by_one_would_make_intervals_too_narrow() -> None:
    welfare, scores, psu, _ = _survey()
    one = np.ones(len(scores))
    alone = np.array([f"h{number}" for number in range(len(scores))], dtype=object)

    def width(units: np.ndarray) -> float:
        judge = Judge(welfare, units, one, line=LINE, selections=[Selection("line")], draws=200, seed=1)
        figure = judge.judge(scores).overall["line.poor"]
        return figure.high - figure.low

    assert width(psu) > 1.5 * width(alone)


def test_each_draw_takes_as_many_units_as_there_are() -> None:
    counts = unit_counts(50, 30, seed=1)
    assert counts.shape == (30, 50)
    assert (counts.sum(axis=1) == 50).all()


def test_folds_hold_whole_units_and_come_from_their_names() -> None:
    _, _, psu, _ = _survey()
    fold = folds(psu)
    assert {len(set(fold[psu == unit])) for unit in set(psu)} == {1}
    order = np.random.default_rng(0).permutation(len(psu))
    assert (folds(psu[order]) == fold[order]).all()
    assert np.bincount(fold).min() > 0.15 * len(psu)
