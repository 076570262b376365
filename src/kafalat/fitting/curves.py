"""What the pictures of an evaluation show: how poor each band of scores is, and whom a growing selection reaches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kafalat.fitting.bootstrap import drawn_weights, interval
from kafalat.fitting.evaluation import Evaluation
from kafalat.fitting.judging import Figure
from kafalat.fitting.sample import Floats

BANDS = 20


@dataclass(frozen=True, slots=True)
class Band:
    """Scores `low` to `high`: households of the survey, and the share of them below the line."""

    low: float
    high: float
    households: int
    poor: Figure


def calibration(found: Evaluation) -> list[Band]:
    """Return about twenty bands of scores with as many households each, from the lowest."""
    scores, sample = found.scores, found.sample
    edges = np.unique(np.quantile(scores, np.linspace(0, 1, BANDS + 1)))
    band = np.clip(np.searchsorted(edges, scores, side="right") - 1, 0, max(len(edges) - 2, 0))
    poor = (sample.welfare < np.log(found.line * 12)).astype(np.float64)
    numbers = np.unique(band)
    members = np.column_stack([(band == number).astype(np.float64) for number in numbers])
    chunks = []
    for weights in drawn_weights(sample.psu, sample.weight, found.settings.draws, found.settings.seed):
        with np.errstate(invalid="ignore", divide="ignore"):
            chunks.append(((weights * poor) @ members) / (weights @ members))
    shares = np.vstack(chunks)
    return [
        Band(
            float(scores[band == number].min()),
            float(scores[band == number].max()),
            int((band == number).sum()),
            Figure(float(shares[0, column]), *interval(shares[1:, column])),
        )
        for column, number in enumerate(numbers)
    ]


def reach(scores: Floats, poor: Floats, weight: Floats, shares: Floats) -> Floats:
    """Return the share of the poor among the selected when each share of households with the lowest scores is selected."""
    levels, level = np.unique(scores, return_inverse=True)
    chosen = np.concatenate([[0.0], np.cumsum(np.bincount(level, weights=weight, minlength=len(levels)))])
    reached = np.concatenate(
        [[0.0], np.cumsum(np.bincount(level, weights=weight * poor, minlength=len(levels)))]
    )
    # Within a level households are taken in part, so the line between two levels is straight.
    return np.asarray(np.interp(shares, chosen / chosen[-1], reached / reached[-1]))
