"""Facts cut into bins for a fit: whole numbers where they jump, codes one by one, rare ones with their neighbours.

A bin is the smallest thing that can have points; the fit may still join bins. Order matters only to facts that declare
one (`order` in facts.yaml): there bins stand from the poorest to the richest, and joining them keeps it so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kafalat.fitting.sample import Floats, Integers
from kafalat.policy.model import Fact

BIN_SHARE_MIN = 0.01  # a bin with fewer households says more about them than about the next ones
BINS_MAX = 12
Code = str | bool


@dataclass(frozen=True)
class Axis:
    """A fact in bins, numbered from 0. Of a number `starts` has the first value of each bin, of a category `codes` its codes.

    `sign` is +1 where a later bin is never poorer, -1 where it is never richer, 0 where the fact declares no order.
    """

    fact: str
    sign: int
    starts: tuple[int, ...] = ()
    codes: tuple[tuple[Code, ...], ...] = ()

    def __len__(self) -> int:
        return len(self.starts) or len(self.codes)

    def numbers(self, column: pd.Series) -> Integers:
        """Return the bin of each value, -1 where it is missing."""
        known = column.notna().to_numpy()
        found = np.full(len(column), -1, dtype=np.int64)
        if self.starts:
            values = column[known].to_numpy(dtype=np.int64)
            found[known] = np.maximum(np.searchsorted(self.starts, values, side="right") - 1, 0)
            return found
        place = {code: number for number, codes in enumerate(self.codes) for code in codes}
        found[known] = [
            place[bool(value) if isinstance(value, np.bool_) else value] for value in column[known]
        ]
        return found

    def span(self, bins: Sequence[int]) -> str:
        """Return the YAML of some bins taken together: neighbours of a number, any of a category."""
        if self.codes:
            codes = [code for number in bins for code in self.codes[number]]
            return "is: [" + ", ".join(str(code).lower() for code in codes) + "]"
        low = "" if bins[0] == 0 else f"from: {self.starts[bins[0]]}"
        high = "" if bins[-1] + 1 == len(self.starts) else f"to: {self.starts[bins[-1] + 1] - 1}"
        return ", ".join(part for part in (low, high) if part)


def axis_of(
    fact: Fact, column: pd.Series, welfare: Floats, weight: Floats, *, share_min: float = BIN_SHARE_MIN
) -> Axis | None:
    """Return a fact in bins as the households with this column fill them, or None where all of them are in one."""
    sign = {"rising": 1, "falling": -1, None: 0}[fact.order]
    known = column.notna().to_numpy()
    if fact.type == "integer":
        starts = _starts(column[known].to_numpy(dtype=np.int64), weight[known])
        return Axis(fact.name, sign, starts=starts) if len(starts) > 1 else None
    valid: tuple[Code, ...] = (False, True) if fact.type == "boolean" else tuple(fact.categories)
    codes = _codes(
        valid,
        column[known],
        welfare[known],
        weight[known],
        ordered=fact.order is not None,
        share_min=share_min,
    )
    if fact.order == "falling":  # from the poorest to the richest, as rising ones stand
        codes, sign = codes[::-1], 1
    return Axis(fact.name, sign, codes=codes) if len(codes) > 1 else None


def _starts(values: Integers, weight: Floats) -> tuple[int, ...]:
    """Return the first value of each bin: none too small, and about equal shares where there are many values."""
    levels, place = np.unique(values, return_inverse=True)
    shares = np.bincount(place, weights=weight) / weight.sum()
    least = BIN_SHARE_MIN if len(levels) <= 2 * BINS_MAX else 1 / BINS_MAX
    starts, inside, left = [int(levels[0])], 0.0, 1.0
    for level, share in zip(levels[:-1].tolist(), shares[:-1].tolist(), strict=True):
        inside += share
        left -= share
        if inside >= least and left >= BIN_SHARE_MIN:
            # The next bin begins right after this value, so that no value lies between two bins.
            starts.append(level + 1)
            inside = 0.0
    return tuple(starts)


def _codes(
    valid: tuple[Code, ...],
    column: pd.Series,
    welfare: Floats,
    weight: Floats,
    *,
    ordered: bool,
    share_min: float,
) -> tuple[tuple[Code, ...], ...]:
    """Return the codes in bins; a rare code joins its neighbour, in the declared order or in that of mean welfare.

    A code that the survey does not have joins its neighbour in an order, or else the bin of middling welfare: it is a
    valid answer and must have points.
    """
    values = column.to_numpy(dtype=object)
    share: dict[Code, float] = {}
    mean: dict[Code, float] = {}
    overall = float(np.average(welfare, weights=weight))
    for code in valid:
        here = values == code
        share[code] = float(weight[here].sum() / weight.sum())
        mean[code] = float(np.average(welfare[here], weights=weight[here])) if share[code] > 0 else overall
    order = list(valid) if ordered else sorted(valid, key=lambda code: (mean[code], str(code)))
    bins: list[list[Code]] = [[code] for code in order]
    while len(bins) > 1:
        sizes = [sum(share[code] for code in each) for each in bins]
        small = int(np.argmin(sizes))
        if sizes[small] >= share_min:
            break
        other = small + 1 if small + 1 < len(bins) else small - 1
        if 0 < small < len(bins) - 1:
            centres = [_centre(each, share, mean, overall) for each in bins]
            other = min((small - 1, small + 1), key=lambda near: (abs(centres[near] - centres[small]), near))
        low, high = sorted((small, other))
        bins[low : high + 1] = [bins[low] + bins[high]]
    return tuple(tuple(each) for each in bins)


def _centre(
    codes: Sequence[Code], share: dict[Code, float], mean: dict[Code, float], overall: float
) -> float:
    total = sum(share[code] for code in codes)
    return sum(share[code] * mean[code] for code in codes) / total if total > 0 else overall
