"""The measures themselves: by hand, against scikit-learn, and with weights as if households stood there so many times."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from kafalat.fitting.metrics import auc, errors, lowest, r_squared, ter


def test_targeting_error_counts_the_poor_who_are_missed() -> None:
    welfare = np.arange(10.0)
    assert ter(np.arange(10), welfare, 0.3) == 0
    assert ter(np.arange(10)[::-1].copy(), welfare, 0.3) == 1


def test_ties_at_the_border_count_in_part() -> None:
    welfare = np.arange(10.0)
    assert ter(np.zeros(10, dtype=np.int64), welfare, 0.3) == pytest.approx(0.7)  # nothing but chance
    # Two are poor; one scores lowest, the other shares the border with three more for one place.
    assert ter(np.array([1, 2, 2, 2, 2, 3, 3, 3, 3, 3]), welfare, 0.2) == pytest.approx(1 - (1 + 1 / 4) / 2)


def test_errors_of_a_selection_by_hand() -> None:
    poor = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0.0])
    selected = np.array([1, 1, 1, 0, 1, 1, 0, 0, 0, 0.0])
    found = errors(selected, poor)
    assert found.exclusion == pytest.approx(1 / 4)
    assert found.inclusion == pytest.approx(2 / 5)
    assert found.coverage == pytest.approx(0.5)
    assert found.poor == pytest.approx(0.4)
    # Schreiner 2009: (inclusion - |undercoverage - leakage|) / (inclusion + undercoverage), in people reached.
    assert found.bpac == pytest.approx((3 - abs(1 - 2)) / 4)


def test_a_selection_as_large_as_the_poor_errs_alike_both_ways() -> None:
    rng = np.random.default_rng(1)
    poor = (np.arange(200) < 60).astype(float)
    found = errors(lowest(rng.normal(size=200), 0.3), poor)
    assert found.exclusion == pytest.approx(found.inclusion)
    assert found.bpac == pytest.approx(1 - found.exclusion)


@pytest.mark.parametrize("weighted", [False, True])
def test_auc_is_that_of_scikit_learn_ties_and_weights_included(weighted: bool) -> None:
    rng = np.random.default_rng(2)
    poor = (rng.random(500) < 0.3).astype(float)
    scores = np.rint(10 * rng.random(500) - 3 * poor)
    weight = rng.random(500) + 0.1 if weighted else None
    assert auc(scores, poor, weight) == pytest.approx(roc_auc_score(poor, -scores, sample_weight=weight))


def test_r_squared_is_the_squared_correlation() -> None:
    rng = np.random.default_rng(4)
    scores = rng.normal(size=300)
    welfare = scores + rng.normal(size=300)
    assert r_squared(scores, welfare) == pytest.approx(np.corrcoef(scores, welfare)[0, 1] ** 2)
    assert np.isnan(r_squared(np.ones(300), welfare))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(1, 4)), min_size=5, max_size=40),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.1, 0.2, 0.3, 0.5]),
)
def test_a_weight_of_three_is_three_such_households(
    rows: list[tuple[int, int]], seed: int, share: float
) -> None:
    scores, counts = np.array([score for score, _ in rows]), np.array([count for _, count in rows])
    welfare = np.random.default_rng(seed).permutation(len(rows)).astype(float)
    again = np.repeat(scores, counts), np.repeat(welfare, counts)
    weight = counts.astype(float)
    assert ter(scores, welfare, share, weight) == pytest.approx(ter(*again, share), abs=1e-9)
    assert r_squared(scores, welfare, weight) == pytest.approx(r_squared(*again), nan_ok=True, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.95))
def test_the_order_of_households_does_not_matter(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    scores, welfare = rng.integers(0, 9, 60), rng.normal(size=60)
    order = rng.permutation(60)
    assert ter(scores[order], welfare[order], share) == pytest.approx(ter(scores, welfare, share), abs=1e-9)
