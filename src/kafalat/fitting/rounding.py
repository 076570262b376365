"""Effects to whole points: one scale for the whole card, anchored so that a given share of households is at or below the cut-off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kafalat.fitting.methods import Effects
from kafalat.fitting.sample import Booleans, Floats, Integers
from kafalat.fitting.squares import Design, Squares

MINIMUM, MAXIMUM = 0, 100
_STEPS_MAX = 5000
_GAIN_MIN = 1e-9
TOP_SHARE = (
    0.98  # the score at which all but the richest are reached is the maximum: finer points where it matters
)


@dataclass(frozen=True)
class Points:
    """Whole points of the cells of each block, the least of each block 0, for one part of the households; `base` is the part's own."""

    base: int
    cells: tuple[Integers, ...]

    def sums(self, design: Design) -> Integers:
        """Return base and points of each household, before clamping."""
        total = np.full(len(design.target), self.base, dtype=np.int64)
        for block, points in enumerate(self.cells):
            total += points[design.cells[:, block]]
        return total


@dataclass(frozen=True)
class Rounded:
    """A card in numbers: the base of all, and the points of each part (one part, or one per stratum)."""

    base: int
    parts: tuple[Points, ...]

    def scores(self, design: Design, part: Integers) -> Integers:
        """Return the score of each household; `part` numbers its part."""
        return np.clip(_sums(self.parts, design, part) + self.base, MINIMUM, MAXIMUM)


@dataclass(frozen=True)
class Table:
    """A pair of facts: the block of the table, the blocks of its two facts, and which bins of each share a row or column."""

    block: int
    first: int
    second: int
    rows: tuple[tuple[int, ...], ...]
    columns: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Anchor:
    """The cut-off and the share of households that should lie at or below it."""

    cutoff: int
    share: float


def round_points(
    effects: Sequence[Effects],
    design: Design,
    part: Integers,
    anchor: Anchor,
    signs: Sequence[int],
    tables: Sequence[Table],
) -> Rounded:
    """Return the card nearest to the effects of each part on a scale of whole points.

    The fitted value is stretched so that `anchor.share` of the households lies at or below the cut-off and the richest
    2 percent at the maximum. Tables are then evened out where a household would gain by being worse off.
    """
    fitted = predict(effects, design, part)
    low, high = quantiles(fitted, design.weight, (anchor.share, TOP_SHARE))
    slope = (MAXIMUM - anchor.cutoff) / (high - low) if high > low else 1.0
    parts: list[Points] = []
    start = effects[0].intercept + sum(float(cells.min()) for cells in effects[0].cells)
    for number, each in enumerate(effects):
        inside: Booleans = part == number
        least = each.intercept + sum(float(cells.min()) for cells in each.cells)
        points = _whole(each, slope, design.rows(inside), signs)
        for table in tables:
            points[table.block] = even(points, signs, table)
        parts.append(Points(round(slope * (least - start)), tuple(points)))
    totals = _sums(parts, design, part)
    return Rounded(_base(totals, design.weight, anchor), tuple(parts))


def _whole(effects: Effects, slope: float, design: Design, signs: Sequence[int]) -> list[Integers]:
    """Return whole points of each cell, their sums as near to the stretched effects as steps of one point bring them.

    Rounding each cell for itself lets the errors of thirty facts add up; here they are made to cancel: a cell goes one
    point up or down as long as that lowers the squared error over the households (the same for all of them is no error).
    """
    squares = Squares(design)
    shares = squares.products[0, 1:] / squares.products[0, 0]
    spread = squares.products[1:, 1:] / squares.products[0, 0] - np.outer(shares, shares)
    exact = np.concatenate([slope * (cells - cells.min()) for cells in effects.cells])
    ends = np.cumsum([0, *design.sizes])
    block = np.repeat(np.arange(len(design.sizes)), design.sizes)
    sign = np.asarray(signs)[block]
    # Cells of one effect next to each other in an order move together, so that a fit's joins stay joined.
    apart = np.concatenate([[True], (np.diff(exact) != 0) | (np.diff(block) != 0) | (sign[1:] == 0)])
    group = np.cumsum(apart) - 1
    join = np.zeros((len(exact), group[-1] + 1))
    join[np.arange(len(exact)), group] = 1
    moved = _descend(join.T @ spread @ join, exact[apart], block=block[apart], sign=sign[apart])
    return _split(moved[group], ends)


def _descend(spread: Floats, exact: Floats, *, block: Integers, sign: Integers) -> Floats:
    """Return whole numbers near `exact`, moved by one as long as the quadratic form of the differences falls."""
    points = np.rint(exact)
    pull = spread @ (points - exact)
    own = np.diag(spread)
    for _ in range(_STEPS_MAX):
        changes = np.concatenate([own + 2 * pull, own - 2 * pull])
        for way in np.argsort(changes, kind="stable").tolist():
            if changes[way] >= -_GAIN_MIN:
                return points
            step, cell = (1, way) if way < len(exact) else (-1, way - len(exact))
            if _keeps_order(points, cell, step, block, sign):
                break
        else:
            return points
        points[cell] += step
        pull += step * spread[:, cell]
    return points


def _keeps_order(points: Floats, cell: int, step: int, block: Integers, sign: Integers) -> bool:
    """Say whether a step leaves the fact's order as it is."""
    for low in (cell - 1, cell):
        if 0 <= low < len(points) - 1 and block[low] == block[low + 1]:
            rise = points[low + 1] - points[low] + (step if low < cell else -step)
            if sign[cell] * rise < 0:
                return False
    return True


def _split(points: Floats, ends: Integers) -> list[Integers]:
    """Return the points block by block, the least of each 0."""
    blocks = [points[start:end] for start, end in pairwise(ends)]
    return [(block - block.min()).astype(np.int64) for block in blocks]


def predict(effects: Sequence[Effects], design: Design, part: Integers) -> Floats:
    """Return the fitted value of each household by the effects of its part."""
    found = np.zeros(len(part))
    for number, each in enumerate(effects):
        inside: Booleans = part == number
        found[inside] = each.predict(design.rows(inside))
    return found


def quantiles(values: Floats, weight: Floats, shares: Sequence[float]) -> list[float]:
    """Return weighted quantiles: the least value that at least a share of the households does not exceed."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weight[order]) / weight.sum()
    last = len(values) - 1
    return [float(values[order][min(int(np.searchsorted(below, share)), last)]) for share in shares]


def even(points: Sequence[Integers], signs: Sequence[int], table: Table) -> Integers:
    """Return a table's points, raised where, its two facts' own points added, a household would gain by being worse off."""
    cells = points[table.block].reshape(len(table.rows), len(table.columns)).copy()
    for axis, (block, bins) in enumerate(((table.first, table.rows), (table.second, table.columns))):
        view = cells if axis == 0 else cells.T
        numbers = range(len(bins) - 1)
        if signs[block] > 0:
            for one in numbers:
                step = points[block][bins[one + 1][0]] - points[block][bins[one][-1]]
                view[one + 1] = np.maximum(view[one + 1], view[one] - step)
        elif signs[block] < 0:
            for one in reversed(numbers):
                step = points[block][bins[one][-1]] - points[block][bins[one + 1][0]]
                view[one] = np.maximum(view[one], view[one + 1] - step)
    return np.asarray((cells - cells.min()).reshape(-1))


def _sums(parts: Sequence[Points], design: Design, part: Integers) -> Integers:
    found = np.zeros(len(part), dtype=np.int64)
    for number, each in enumerate(parts):
        inside = part == number
        found[inside] = each.sums(design.rows(inside))
    return found


def _base(totals: Integers, weight: Floats, anchor: Anchor) -> int:
    """Return the base that brings the share at or below the cut-off closest to what is wanted."""
    least = int(totals.min())
    below = np.cumsum(np.bincount(totals - least, weights=weight)) / weight.sum()
    at = int(np.argmin(np.abs(below - anchor.share)))
    return anchor.cutoff - (least + at)
