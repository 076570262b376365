"""Random draws from tables of shares, many at once: the synthesiser's arithmetic.

A table is cumulative shares, one row per group. A draw takes a uniform number, so that draws can be made to hang
together: uniforms that come from correlated normals give correlated answers (a Gaussian copula).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

_GRID = np.linspace(-6, 6, 24001)
_NORMAL = np.cumsum(np.exp(-(_GRID**2) / 2))
_NORMAL /= _NORMAL[-1]


def normal_cdf(values: Floats) -> Floats:
    """Return the standard normal's distribution function (accurate to 1e-4)."""
    return np.asarray(np.interp(values, _GRID, _NORMAL), dtype=np.float64)


def normal_quantile(probabilities: Floats) -> Floats:
    """Return the standard normal's quantiles (accurate to 1e-3 between 0.0001 and 0.9999)."""
    return np.asarray(np.interp(probabilities, _NORMAL, _GRID), dtype=np.float64)


def cumulative(shares: Sequence[float]) -> Floats:
    """Return one group's shares as a table of one row."""
    return _cumulated(np.array([shares], dtype=np.float64))


def table_of(shares: Mapping[str, Any], groups: Sequence[str]) -> Floats:
    """Return the table with a row per group, in order.

    A group too small to have figures takes those of the nearest group of the same kind: the same name but for the
    last number, else the mean of all.
    """
    rows = [shares.get(group) or _stand_in(shares, group) for group in groups]
    return _cumulated(np.array(rows, dtype=np.float64))


def draw(table: Floats, groups: Integers | int, uniforms: Floats) -> Integers:
    """Return for each uniform the number of the value drawn from its group's row."""
    rows = table[groups] if not isinstance(groups, int) else table[groups][None, :]
    drawn = (uniforms[:, None] >= rows[:, :-1]).sum(axis=1)
    return np.asarray(drawn, dtype=np.int64)


def spread(counts: Integers) -> tuple[Integers, Integers]:
    """Return, for that many repeats of each position, the position and the number of the repeat.

    >>> [part.tolist() for part in spread(np.array([2, 0, 1]))]
    [[0, 0, 2], [0, 1, 0]]
    """
    owners = np.repeat(np.arange(len(counts)), counts)
    firsts = np.repeat(np.cumsum(counts) - counts, counts)
    return owners, np.arange(len(owners)) - firsts


def _stand_in(shares: Mapping[str, Any], group: str) -> list[float]:
    kind, _, last = group.rpartition(",")
    near = [key for key in shares if key.rpartition(",")[0] == kind and key.rpartition(",")[2].isdigit()]
    if near and last.isdigit():
        found: list[float] = shares[
            min(near, key=lambda key: (abs(int(key.rpartition(",")[2]) - int(last)), key))
        ]
        return found
    mean: list[float] = np.mean([row for key, row in shares.items() if key != "codes"], axis=0).tolist()
    return mean


def _cumulated(rows: Floats) -> Floats:
    total = np.cumsum(rows, axis=1)
    return np.asarray(total / total[:, -1:], dtype=np.float64)
