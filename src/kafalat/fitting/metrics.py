"""How well scores tell the poor from the others. Lower scores are poorer; ties at the border count in part; weights count everywhere.

Sources of the measures: targeting error rates (TER) as in Kidd, Wylde and Tiba 2010; exclusion and inclusion errors (EER, IER)
as in Brown, Ravallion and van de Walle 2016; BPAC as in Schreiner 2009.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64] | npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Errors:
    """What a selection does to the poor, as shares.

    `exclusion`: of the poor, not selected; `inclusion`: of the selected, not poor; `coverage`: of all, selected;
    `poor`: of all, poor; `bpac`: balanced poverty accuracy, at most 1.
    """

    exclusion: float
    inclusion: float
    coverage: float
    poor: float
    bpac: float


def r_squared(scores: Numbers, welfare: Floats, weight: Floats | None = None) -> float:
    """Return the squared correlation of score and welfare; nan where one of them does not vary."""
    w = _weights(scores, weight)
    x, y = scores - np.average(scores, weights=w), welfare - np.average(welfare, weights=w)
    both, apart = float(np.sum(w * x * y)), float(np.sum(w * x * x) * np.sum(w * y * y))
    return both * both / apart if apart > 0 else float("nan")


def lowest(values: Numbers, share: float, weight: Floats | None = None, *, ties: bool = True) -> Floats:
    """Return how much of each household, 0 to 1, is in the `share` with the lowest values.

    Those tied at the border are in by the same part each; without `ties` they go by position and only one is cut.
    """
    w = _weights(values, weight)
    order = np.argsort(values, kind="stable")
    if ties:
        _, level = np.unique(values, return_inverse=True)
    else:
        level = np.empty(len(order), dtype=np.int64)
        level[order] = np.arange(len(order))
    mass = np.bincount(level, weights=w)
    before = np.cumsum(mass) - mass
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.clip((share * float(w.sum()) - before) / mass, 0.0, 1.0)
    # Sums in floating point leave a crumb at the border.
    return np.asarray(np.nan_to_num(np.where(part > 1 - 1e-9, 1.0, np.where(part < 1e-9, 0.0, part)))[level])


def ter(scores: Numbers, welfare: Floats, share: float, weight: Floats | None = None) -> float:
    """Return the share of the poorest `share` of households missed when as many are selected by score."""
    w = _weights(scores, weight)
    return errors(lowest(scores, share, w), lowest(welfare, share, w, ties=False), w).exclusion


def errors(selected: Floats, poor: Floats, weight: Floats | None = None) -> Errors:
    """Return the errors of a selection; both are shares of each household, 0 to 1."""
    w = _weights(selected, weight)
    everybody, chosen, needy = float(w.sum()), float(np.sum(w * selected)), float(np.sum(w * poor))
    reached = float(np.sum(w * selected * poor))
    undercoverage, leakage = needy - reached, chosen - reached
    return Errors(
        exclusion=undercoverage / needy if needy > 0 else float("nan"),
        inclusion=leakage / chosen if chosen > 0 else float("nan"),
        coverage=chosen / everybody,
        poor=needy / everybody,
        bpac=(reached - abs(undercoverage - leakage)) / needy if needy > 0 else float("nan"),
    )


def auc(scores: Numbers, poor: Floats, weight: Floats | None = None) -> float:
    """Return the chance that a poor household scores below one that is not, ties half; nan where one kind is absent."""
    w = _weights(scores, weight)
    _, level = np.unique(scores, return_inverse=True)
    needy = np.bincount(level, weights=w * poor)
    others = np.bincount(level, weights=w * (1 - poor))
    above = others.sum() - np.cumsum(others)
    pairs = float(needy.sum() * others.sum())
    return float(np.sum(needy * (above + others / 2))) / pairs if pairs > 0 else float("nan")


def _weights(values: Numbers, weight: Floats | None) -> Floats:
    return np.ones(len(values)) if weight is None else weight
