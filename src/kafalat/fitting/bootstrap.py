"""Bootstraps of whole sampling units: how far a figure would move had the survey drawn other villages and streets.

One draw takes as many units as the survey has, with replacement; a household counts as often as its unit was drawn.
Households of one unit resemble each other, so drawing households one by one would make intervals too narrow.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from kafalat.fitting.sample import Floats, Integers, Objects

_CHUNK = 25  # draws at a time: keeps the arrays of 18,000 households small


def unit_counts(units: int, draws: int, seed: int) -> Integers:
    """Return how often each of `units` sampling units comes in each draw: draws x units, every row adding up to `units`."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(units, np.full(units, 1 / units), size=draws).astype(np.int64)


def unit_numbers(psu: Objects) -> tuple[Integers, int]:
    """Return the number of each household's sampling unit, in order of their names, and how many units there are."""
    names, numbers = np.unique(psu.astype(str), return_inverse=True)
    return numbers.astype(np.int64), len(names)


def drawn_weights(psu: Objects, weight: Floats, draws: int, seed: int) -> Iterator[Floats]:
    """Yield weights of all households, some draws at a time (draws x households).

    The first row of the first chunk is the survey itself: figures and their intervals come from the same formulas.
    """
    numbers, units = unit_numbers(psu)
    counts = np.vstack([np.ones((1, units), dtype=np.int64), unit_counts(units, draws, seed)])
    for start in range(0, len(counts), _CHUNK):
        yield counts[start : start + _CHUNK][:, numbers] * weight


def interval(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the 2.5th and 97.5th percentile of the draws whose figure is known; nan where none is."""
    known = values[np.isfinite(values)]
    if known.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)
