"""Least squares over bins as dummies. Sums of products are taken once per fold; every fit after that is a small solve.

A block is a fact's bins, or a table of two facts' bins. A fit names blocks and, for each, which cells stand together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kafalat.fitting.sample import Booleans, Floats, Integers

Groups = list[list[int]]  # the cells of one block that stand together
_RIDGE = 1.0  # households' worth of pull towards no difference: keeps rare cells and full tables solvable


@dataclass(frozen=True)
class Design:
    """The cell of each household in each block (households x blocks), the cells of each block, target and weight."""

    cells: Integers
    sizes: tuple[int, ...]
    target: Floats
    weight: Floats

    def rows(self, chosen: Booleans) -> Design:
        """Return the design of some households."""
        return Design(self.cells[chosen], self.sizes, self.target[chosen], self.weight[chosen])

    def with_target(self, target: Floats) -> Design:
        """Return the same with another target."""
        return Design(self.cells, self.sizes, target, self.weight)


class Squares:
    """The sums of products of a design: what any fit on its blocks needs to know of the households."""

    def __init__(self, design: Design) -> None:
        self.starts = np.cumsum((1, *design.sizes))
        dummies = np.zeros((len(design.target), int(self.starts[-1])), dtype=np.float32)
        dummies[:, 0] = 1
        for block, start in enumerate(self.starts[:-1]):
            dummies[np.arange(len(dummies)), start + design.cells[:, block]] = 1
        weight = design.weight / design.weight.mean()
        # Counts up to millions are exact in single precision only unweighted and below 2**24: sum in double.
        weighted = (dummies * weight[:, None]).astype(np.float64)
        whole = dummies.astype(np.float64)
        self.products: Floats = whole.T @ weighted
        self.moments: Floats = weighted.T @ design.target
        self.square = float(np.sum(weight * design.target**2))

    @classmethod
    def difference(cls, whole: Squares, part: Squares) -> Squares:
        """Return the sums over the households of `whole` that are not in `part`."""
        found = cls.__new__(cls)
        found.starts = whole.starts
        found.products = whole.products - part.products
        found.moments = whole.moments - part.moments
        found.square = whole.square - part.square
        return found

    def share(self, block: int, group: Sequence[int]) -> float:
        """Return the share of households in a group of cells."""
        at = self.starts[block]
        return float(sum(self.products[at + cell, at + cell] for cell in group) / self.products[0, 0])

    def columns(self, blocks: Sequence[int]) -> Integers:
        """Return the columns of some blocks, cell by cell without the first of each, after the intercept."""
        found = [np.arange(self.starts[b] + 1, self.starts[b + 1]) for b in blocks]
        return np.concatenate([np.zeros(1, dtype=np.int64), *found]).astype(np.int64)

    def coefficients(self, columns: Integers) -> Floats:
        """Return the least squares coefficients of some columns, the intercept first."""
        products = self.products[np.ix_(columns, columns)] + _ridge(len(columns))
        return np.asarray(np.linalg.solve(products, self.moments[columns]))

    def loss(self, columns: Integers, coefficients: Floats) -> float:
        """Return the sum of squared residuals these coefficients leave on these households."""
        products = self.products[np.ix_(columns, columns)]
        fitted = coefficients @ products @ coefficients
        return float(self.square - 2 * coefficients @ self.moments[columns] + fitted)

    def solve(self, groups: Sequence[Groups]) -> tuple[float, list[Floats]]:
        """Return the intercept and each block's coefficients, one per group, those of the first group 0."""
        columns = [[0]]
        for block, parts in enumerate(groups):
            columns += [[int(self.starts[block]) + cell for cell in group] for group in parts[1:]]
        join = np.zeros((len(self.products), len(columns)))
        for number, column in enumerate(columns):
            join[column, number] = 1
        products = join.T @ self.products @ join + _ridge(len(columns))
        found = np.linalg.solve(products, join.T @ self.moments)
        ends = np.cumsum([1, *(len(parts) - 1 for parts in groups)])
        return float(found[0]), [
            np.concatenate([[0.0], found[ends[block] : ends[block + 1]]]) for block in range(len(groups))
        ]


def _ridge(columns: int) -> Floats:
    ridge = np.eye(columns) * _RIDGE
    ridge[0, 0] = 0
    return ridge
