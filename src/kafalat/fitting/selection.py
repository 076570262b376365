"""Which facts a card asks for: one at a time, always the one that lowers the loss most on sampling units the fit has not seen.

Each question costs minutes of a survey of tens of millions, so a card says as much as it can with few. What was chosen
early may no longer be needed once others stand beside it; at the end such facts are exchanged.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kafalat.fitting.sample import Integers
from kafalat.fitting.squares import Design, Squares

_EXCHANGES = 3  # weakest facts tried for exchange in each round
_ROUNDS = 10
_GAIN_MIN = 1e-5  # relative gain below which a fact or an exchange is noise


class Folds:
    """A design's sums, fold by fold: what the others of a fold say, and the fold itself."""

    def __init__(self, design: Design, fold: Integers) -> None:
        inside = [Squares(design.rows(fold == number)) for number in np.unique(fold)]
        whole = Squares(design)
        self.pairs = [(Squares.difference(whole, part), part) for part in inside]
        mean = float(np.average(design.target, weights=design.weight))
        self.scale = whole.square - mean**2 * float(whole.products[0, 0])

    def loss(self, blocks: Sequence[int]) -> float:
        """Return the loss of some blocks on unseen households, 1 being the loss of knowing nothing."""
        total = 0.0
        for others, part in self.pairs:
            columns = others.columns(blocks)
            total += part.loss(columns, others.coefficients(columns))
        return total / self.scale


def select(folds: Folds, candidates: Sequence[int], count: int, *, kept: Sequence[int] = ()) -> list[int]:
    """Return at most `count` blocks with the least cross-validated loss, in the order of their finding, after those `kept`."""
    chosen = list(kept)
    reached = folds.loss(chosen)
    while len(chosen) < count:
        found = [(folds.loss([*chosen, each]), each) for each in candidates if each not in chosen]
        if not found or reached - min(found)[0] < _GAIN_MIN:
            break
        reached, best = min(found)
        chosen.append(best)
    for _ in range(_ROUNDS):
        swapped = _exchange(folds, chosen, candidates, reached, kept)
        if swapped is None:
            break
        reached, chosen = swapped
    return chosen


def _exchange(
    folds: Folds, chosen: list[int], candidates: Sequence[int], reached: float, kept: Sequence[int]
) -> tuple[float, list[int]] | None:
    """Return the loss and the blocks after the best exchange of a weak one, or None where none gains."""
    free = [each for each in chosen if each not in kept]
    weakest = sorted((folds.loss([x for x in chosen if x != each]), each) for each in free)[:_EXCHANGES]
    best: tuple[float, list[int]] | None = None
    for _, out in weakest:
        rest = [each for each in chosen if each != out]
        for into in candidates:
            if into not in chosen:
                loss = folds.loss([*rest, into])
                if loss < min(reached - _GAIN_MIN, best[0] if best else np.inf):
                    best = (loss, [*rest, into])
    return best
