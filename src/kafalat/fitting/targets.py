"""What each method of a fit aims at: welfare as it is, or bent so that differences about the poor count most."""

from __future__ import annotations

from typing import Literal

import numpy as np

from kafalat.fitting.sample import Floats

Method = Literal["ols", "quantile", "ebm"]
TAU = 0.3  # about the share of families a programme of this kind reaches
BEND = 0.8  # width of the curve in standard deviations of welfare


def target_of(method: Method, welfare: Floats, weight: Floats) -> Floats:
    """Return what a method fits: welfare, for `quantile` bent about its TAU quantile."""
    if method != "quantile":
        return welfare
    order = np.argsort(welfare, kind="stable")
    below = np.cumsum(weight[order]) / weight.sum()
    middle = welfare[order][int(np.searchsorted(below, TAU))]
    mean = np.average(welfare, weights=weight)
    spread = np.sqrt(np.average((welfare - mean) ** 2, weights=weight))
    return np.asarray(1 / (1 + np.exp(-(welfare - middle) / (BEND * spread))))
