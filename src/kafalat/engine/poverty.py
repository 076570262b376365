"""Expected poverty and targeting errors of a coverage, from a survey's relation of score to spending.

For each band of scores the survey gives the distribution of spending per head: nineteen quantiles of its logarithm.
Between quantiles the logarithm is taken as evenly spread; below the first and above the last lies a stretch as wide as
a normal distribution's tail would be. Headcount, gap and squared gap (FGT 0, 1, 2: Foster, Greer and Thorbecke 1984,
"A class of decomposable poverty measures") then have closed forms, also with a transfer added to everybody's spending.

Intervals (95 percent) say how far the survey's sample could be off: each band's curve is moved as its mean moves in
bootstraps of the survey's sampling units, or where there are none by the mean's standard error, households of one unit
being alike (`DESIGN_EFFECT`). They say nothing about the years gone by since.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kafalat.policy.model import RelationBand

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

Z_95 = 1.959964
DESIGN_EFFECT = 2.0
# How wide an even stretch is that has the mean of a normal distribution's outer 5 percent, in gaps of its 5th to 10th.
TAIL_GAPS = 2.3


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 percent interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Cells:
    """Households that are alike, one entry per kind: band (-1: none), members, how many, and monthly transfers in rupees.

    `transfers` maps "none", "today" and "proposed" to what a household gets a month; `covered` says who is selected.
    """

    band: Ints
    members: Ints
    households: Ints
    transfers: dict[str, Floats]
    covered: dict[str, NDArray[np.bool_]]


class Spending:
    """How spending follows from the score, by bands; `line_rupees_month` is the poverty line per head in the same rupees."""

    def __init__(self, bands: Sequence[RelationBand], line_rupees_month: float) -> None:
        self.bands = tuple(bands)
        self.line = float(line_rupees_month)
        self._edges = np.stack([_edges(band.quantiles) for band in self.bands])
        replicates = [band.replicates for band in self.bands]
        if all(replicates) and len({len(each) for each in replicates}) == 1 and len(replicates[0]) > 1:
            means = np.array(replicates, dtype=np.float64)
            self._se = means.std(axis=1, ddof=1)
            centred = means - means.mean(axis=1, keepdims=True)
            # Bootstraps of the survey, in standard errors of each band: bands of one bootstrap move together.
            self._moves = centred / np.maximum(self._se, 1e-12)[:, None]
        else:
            self._se = np.array(
                [band.sd_ln * np.sqrt(DESIGN_EFFECT / max(1, band.households)) for band in self.bands]
            )
            self._moves = None

    def band_of(self, score: Ints) -> Ints:
        """Return the index of each score's band; -1 outside all of them."""
        found = np.full(score.shape, -1, dtype=np.int64)
        for number, band in enumerate(self.bands):
            found[(score >= band.from_) & (score <= band.to)] = number
        return found

    def poor_share(self, shift: float = 0.0) -> Floats:
        """Return each band's share of households below the line, its curve moved by `shift` standard errors."""
        bands = np.arange(len(self.bands))
        return self.fgt(bands, np.zeros(len(bands)), 0, shift)

    def fgt(self, band: Ints, transfer: Floats, order: int, shift: float = 0.0) -> Floats:
        """Return the expected poverty of one household of each band that gets `transfer` rupees per head and month.

        `order` 0 is whether it is poor, 1 how far below the line as a share of it, 2 the square of that.
        """
        edges = self._edges[band] + shift * self._se[band][:, None]
        line = self.line
        reach = line - transfer  # spending of its own below which a household is poor
        top = np.log(np.maximum(reach, 1e-300))[:, None]
        low, high = edges[:, :-1], edges[:, 1:]
        until = np.clip(top, low, high)
        part = (1.0 / low.shape[1]) / np.maximum(high - low, 1e-12)
        if order == 0:
            inside = until - low
        else:
            first = np.exp(until) - np.exp(low)
            if order == 1:
                inside = (reach[:, None] * (until - low) - first) / line
            else:
                second = (np.exp(2 * until) - np.exp(2 * low)) / 2
                inside = (reach[:, None] ** 2 * (until - low) - 2 * reach[:, None] * first + second) / line**2
        found: Floats = np.where(reach > 0, (part * inside).sum(axis=1), 0.0)
        return np.clip(found, 0.0, 1.0)

    # ---- figures with intervals ------------------------------------------------------------------------------

    def poverty(self, cells: Cells, transfer: str, order: int) -> Estimate:
        """Return FGT of people under one of the transfers."""
        return self._estimate(lambda shift: self._people_fgt(cells, transfer, order, shift), level=True)

    def change(self, cells: Cells, before: str, after: str, order: int) -> Estimate:
        """Return how much FGT of people changes from one transfer to another."""

        def difference(shift: float) -> Floats:
            return self._people_fgt(cells, after, order, shift) - self._people_fgt(
                cells, before, order, shift
            )

        return self._estimate(difference, level=False)

    def inclusion_error(self, cells: Cells, coverage: str) -> Estimate | None:
        """Return the expected share of covered households that are not poor; None where nobody is covered."""
        known = cells.band >= 0
        weight = np.where(known & cells.covered[coverage], cells.households, 0).astype(np.float64)
        return self._ratio(cells, weight, weight, complement=True)

    def exclusion_error(self, cells: Cells, coverage: str) -> Estimate | None:
        """Return the expected share of poor households that are not covered; None where nobody is poor."""
        known = cells.band >= 0
        everybody = np.where(known, cells.households, 0).astype(np.float64)
        missed = np.where(cells.covered[coverage], 0.0, everybody)
        return self._ratio(cells, missed, everybody, complement=False)

    def _people_fgt(self, cells: Cells, transfer: str, order: int, shift: float) -> Floats:
        """Return each band's contribution to FGT of people."""
        known = cells.band >= 0
        people = (cells.members * cells.households)[known].astype(np.float64)
        per_head = cells.transfers[transfer][known] / cells.members[known]
        kinds, back = np.unique(
            np.stack([cells.band[known].astype(np.float64), per_head]), axis=1, return_inverse=True
        )
        each = self.fgt(kinds[0].astype(np.int64), kinds[1], order, shift)[back.ravel()]
        total = max(1.0, float(people.sum()))
        found: Floats = np.bincount(
            cells.band[known], weights=people * each / total, minlength=len(self.bands)
        ).astype(np.float64)
        return found

    def _estimate(self, by_band: Callable[[float], Floats], *, level: bool) -> Estimate:
        """Return the sum of what the bands contribute; `by_band` gives it with every band moved by so many standard errors."""
        moved = (by_band(1.0) - by_band(-1.0)) / 2
        return _interval(float(by_band(0.0).sum()), self._error(moved), level=level)

    def _error(self, moved: Floats) -> float:
        """Return the standard error of a sum whose parts change by `moved` when their band moves by one standard error."""
        if self._moves is None:  # bands are taken as independent: their variances add
            return float(np.sqrt((moved**2).sum()))
        return float((moved @ self._moves).std(ddof=1))

    def _ratio(self, cells: Cells, upper: Floats, lower: Floats, *, complement: bool) -> Estimate | None:
        """Return sum(upper * poor) / sum(lower * poor), or for the complement 1 - sum(upper * poor) / sum(lower)."""
        index = np.maximum(cells.band, 0)
        size = len(self.bands)
        up = np.bincount(index, weights=np.where(cells.band >= 0, upper, 0.0), minlength=size)
        down = np.bincount(index, weights=np.where(cells.band >= 0, lower, 0.0), minlength=size)
        poor = self.poor_share()
        moved = (self.poor_share(1.0) - self.poor_share(-1.0)) / 2
        if complement:
            whole = down.sum()
            if whole <= 0:
                return None
            value = 1 - float((up * poor).sum() / whole)
            slope = up / whole
        else:
            whole = (down * poor).sum()
            if whole <= 0:
                return None
            value = float((up * poor).sum() / whole)
            slope = (up - value * down) / whole
        return _interval(value, self._error(slope * moved), level=True)


def _edges(quantiles: Sequence[float]) -> Floats:
    """Return the ends of the stretches of equal probability: the quantiles with a tail on each side."""
    inner = np.asarray(quantiles, dtype=np.float64)
    before = inner[0] - TAIL_GAPS * (inner[1] - inner[0])
    after = inner[-1] + TAIL_GAPS * (inner[-1] - inner[-2])
    return np.concatenate([[before], inner, [after]])


def _interval(value: float, error: float, *, level: bool) -> Estimate:
    low, high = value - Z_95 * error, value + Z_95 * error
    if level:  # a share lies between nobody and everybody
        value, low, high = (min(1.0, max(0.0, figure)) for figure in (value, low, high))
    return Estimate(value, low, high)
