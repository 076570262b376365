"""Three ways from households to the effect of each cell of a card: ordinary least squares, bent least squares, boosting.

`ols`       least squares on welfare (ln of spending per head).
`quantile`  least squares on welfare bent by a logistic curve about its TAU quantile: the score needs to tell who is
            poor, so a difference between two rich households should cost nothing and one near the line the most.
`ebm`       explainable boosting (interpret): additive like the others, its curves found by many small trees.

All give one effect per cell, a cell being a bin of a fact or of a table of two. Effects of a fact with an order never
go against it: no household gains points by being worse off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from interpret.glassbox import ExplainableBoostingRegressor

from kafalat.fitting.axes import BIN_SHARE_MIN
from kafalat.fitting.sample import Floats
from kafalat.fitting.squares import Design, Groups, Squares
from kafalat.fitting.targets import Method

_TREES_BAGS = 4


@dataclass(frozen=True)
class Effects:
    """What a fit found: the intercept and, for each block, the effect of each of its cells, in units of the target."""

    intercept: float
    cells: tuple[Floats, ...]

    def predict(self, design: Design) -> Floats:
        """Return the fitted value of each household."""
        total = np.full(len(design.target), self.intercept)
        for block, effects in enumerate(self.cells):
            total += effects[design.cells[:, block]]
        return total


def find_effects(method: Method, design: Design, signs: Sequence[int], seed: int) -> Effects:
    """Return the effects of all blocks on the design's target. `signs` has the order of each block's fact, 0 for tables."""
    return _boosted(design, signs, seed) if method == "ebm" else least_squares(Squares(design), design, signs)


def least_squares(squares: Squares, design: Design, signs: Sequence[int]) -> Effects:
    """Return least squares effects; cells that are too few or break the order stand together."""
    groups: list[Groups] = [[[cell] for cell in range(size)] for size in design.sizes]
    for block, parts in enumerate(groups):
        if signs[block]:
            _join_small(squares, block, parts)
    while True:
        intercept, found = squares.solve(groups)
        breaks = [
            (float(step), block, where)
            for block, (sign, effects) in enumerate(zip(signs, found, strict=True))
            for where, step in enumerate(sign * np.diff(effects))
            if step < 0
        ]
        if not breaks:
            break
        _, block, where = min(breaks)
        parts = groups[block]
        parts[where : where + 2] = [parts[where] + parts[where + 1]]
    cells = []
    for size, parts, effects in zip(design.sizes, groups, found, strict=True):
        each = np.zeros(size)
        for group, effect in zip(parts, effects, strict=True):
            each[group] = effect
        cells.append(each)
    return Effects(intercept, tuple(cells))


def _join_small(squares: Squares, block: int, parts: Groups) -> None:
    """Join neighbours until no group holds too few households to say anything (in a fold some bins may)."""
    while len(parts) > 2:
        shares = [squares.share(block, part) for part in parts]
        small = int(np.argmin(shares))
        if shares[small] >= BIN_SHARE_MIN / 2:
            return
        low = small if small + 1 < len(parts) else small - 1
        parts[low : low + 2] = [parts[low] + parts[low + 1]]


def _boosted(design: Design, signs: Sequence[int], seed: int) -> Effects:
    """Return the effects of explainable boosting, whose terms are read off at each cell."""
    model = ExplainableBoostingRegressor(
        feature_names=[str(block) for block in range(len(design.sizes))],
        feature_types=[[str(cell) for cell in range(size)] for size in design.sizes],
        interactions=0,
        outer_bags=_TREES_BAGS,
        monotone_constraints=list(signs),
        random_state=seed,
        n_jobs=1,
    )
    rows = design.cells.astype(str).astype(object)
    model.fit(rows, design.target, sample_weight=design.weight)
    cells = []
    for block, size in enumerate(design.sizes):
        (bins,) = model.bins_[block][:1]
        scores = model.term_scores_[block]
        effects = np.array([scores[bins[str(cell)]] if str(cell) in bins else 0.0 for cell in range(size)])
        cells.append(_in_order(effects, signs[block]))
    return Effects(float(model.intercept_), tuple(cells))


def _in_order(effects: Floats, sign: int) -> Floats:
    """Return effects that never go against the order: averages of bagged trees may, by a hair."""
    return sign * np.maximum.accumulate(sign * effects) if sign else effects
