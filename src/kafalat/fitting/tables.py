"""Pairs of facts whose points depend on both: found by what the facts alone leave unexplained, kept if unseen units agree."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from kafalat.fitting.axes import Axis
from kafalat.fitting.rounding import Table
from kafalat.fitting.sample import Floats, Integers
from kafalat.fitting.selection import Folds, select
from kafalat.fitting.squares import Design, Squares

_SIDE_MAX = 4  # rows and columns of a printed table
_TRIED = 4  # tables tried for each one wanted
_PULL_HOUSEHOLDS = 30  # a cell's mean is pulled towards none as if by so many households more


def sides(axis: Axis, numbers: Integers, weight: Floats) -> tuple[tuple[int, ...], ...]:
    """Return the bins of a fact in at most four neighbouring groups of about equal weight."""
    if len(axis) <= _SIDE_MAX:
        return tuple((number,) for number in range(len(axis)))
    share = np.bincount(numbers, weights=weight, minlength=len(axis)) / weight.sum()
    centre = np.cumsum(share) - share / 2
    group = np.minimum((centre * _SIDE_MAX).astype(np.int64), _SIDE_MAX - 1)
    return tuple(tuple(np.flatnonzero(group == number).tolist()) for number in np.unique(group))


def choose_tables(axes: Sequence[Axis], design: Design, fold: Integers, count: int) -> list[Table]:
    """Return at most `count` tables of the facts of `axes` that lower the cross-validated loss most.

    `design` has one block per axis. Each table's block stands after those of the axes, in the order returned.
    """
    if count == 0:
        return []
    groups = [sides(axis, design.cells[:, n], design.weight) for n, axis in enumerate(axes)]
    rest = _residuals(design, fold)
    gains = []
    for first, second in combinations(range(len(axes)), 2):
        cells = table_cells(design, first, second, groups[first], groups[second])
        size = len(groups[first]) * len(groups[second])
        gains.append((-_gain(cells, size, rest, design.weight, fold), first, second))
    tried = sorted(gains)[: _TRIED * count]
    known = len(axes)
    columns = [table_cells(design, a, b, groups[a], groups[b]) for _, a, b in tried]
    sizes = [len(groups[a]) * len(groups[b]) for _, a, b in tried]
    wider = Design(
        np.column_stack([design.cells, *columns]), (*design.sizes, *sizes), design.target, design.weight
    )
    candidates = range(known, known + len(tried))
    chosen = select(Folds(wider, fold), candidates, known + count, kept=range(known))[known:]
    found = []
    for place, block in enumerate(chosen):
        _, first, second = tried[block - known]
        found.append(Table(known + place, first, second, groups[first], groups[second]))
    return found


def with_tables(design: Design, tables: Sequence[Table]) -> Design:
    """Return the design with one more block per table."""
    columns = [table_cells(design, t.first, t.second, t.rows, t.columns) for t in tables]
    sizes = tuple(len(t.rows) * len(t.columns) for t in tables)
    cells = np.column_stack([design.cells, *columns]) if columns else design.cells
    return Design(cells, (*design.sizes, *sizes), design.target, design.weight)


def table_cells(
    design: Design,
    first: int,
    second: int,
    rows: Sequence[Sequence[int]],
    columns: Sequence[Sequence[int]],
) -> Integers:
    """Return the cell of each household in a table, row by row."""
    row = _group_of(rows, design.sizes[first])[design.cells[:, first]]
    column = _group_of(columns, design.sizes[second])[design.cells[:, second]]
    return np.asarray(row * len(columns) + column)


def _group_of(groups: Sequence[Sequence[int]], size: int) -> Integers:
    found = np.zeros(size, dtype=np.int64)
    for number, group in enumerate(groups):
        found[list(group)] = number
    return found


def _residuals(design: Design, fold: Integers) -> Floats:
    """Return what the facts alone leave of the target, each household judged by a fit that never saw its unit."""
    whole = Squares(design)
    columns = whole.columns(range(len(design.sizes)))
    rest = np.zeros(len(design.target))
    for number in np.unique(fold):
        inside = fold == number
        found = Squares.difference(whole, Squares(design.rows(inside))).coefficients(columns)
        total = np.full(int(inside.sum()), found[0])
        at = 1
        for block, size in enumerate(design.sizes):
            total += np.concatenate([[0.0], found[at : at + size - 1]])[design.cells[inside, block]]
            at += size - 1
        rest[inside] = design.target[inside] - total
    return rest


def _gain(cells: Integers, size: int, rest: Floats, weight: Floats, fold: Integers) -> float:
    """Return how much the means of a table's cells, each taken on the other folds, lower the squared residuals."""
    gain = 0.0
    for number in np.unique(fold):
        inside = fold == number
        others = ~inside
        mass = np.bincount(cells[others], weights=weight[others], minlength=size)
        total = np.bincount(cells[others], weights=(weight * rest)[others], minlength=size)
        mean = (total / (mass + _PULL_HOUSEHOLDS * weight.mean()))[cells[inside]]
        gain += float(np.sum(weight[inside] * (2 * mean * rest[inside] - mean**2)))
    return gain
