"""Every measure of one set of scores in many bootstraps at once: arrays of draws x households, a few draws at a time.

The formulas are those of `metrics`; the first draw is the survey itself. Ties at a border count in part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kafalat.fitting.bootstrap import drawn_weights, interval
from kafalat.fitting.sample import Booleans, Floats, Objects


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure in the survey, and its 95 percent interval over the bootstraps; nan where it is not known."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Selection:
    """A way to choose: a share of households with the lowest scores, as many as are poor (None), or everybody up to `cutoff`.

    The poor are the `share` with the lowest welfare, or, without a share, those below the line.
    """

    name: str
    share: float | None = None
    cutoff: float | None = None


@dataclass
class Judged:
    """Figures of one set of scores: by measure overall, and by group, code and measure.

    Measures of a selection are called `<selection>.exclusion`, `.inclusion`, `.coverage`, `.poor` and `.bpac`.
    """

    overall: dict[str, Figure] = field(default_factory=dict)
    groups: dict[str, dict[str, dict[str, Figure]]] = field(default_factory=dict)


class Judge:
    """The households to judge on, all with known welfare, ready for many draws."""

    def __init__(
        self,
        welfare: Floats,
        psu: Objects,
        weight: Floats,
        *,
        line: float,
        selections: Sequence[Selection],
        draws: int,
        seed: int,
    ) -> None:
        self.order = np.argsort(
            welfare, kind="stable"
        )  # households stand from poorest to richest from here on
        self.welfare = welfare[self.order]
        self.psu, self.weight = psu[self.order], weight[self.order]
        self.below = (self.welfare < line).astype(np.float64)
        self.selections = tuple(selections)
        self.draws, self.seed = draws, seed

    def judge(self, scores: Floats, groups: Mapping[str, Objects] | None = None) -> Judged:
        """Return the figures of `scores` (none missing); `groups` gives each household's code, None for not known."""
        ranked = _Ranked(scores[self.order])
        members = {
            (name, str(code)): (codes[self.order] == code).astype(np.float64)
            for name, codes in (groups or {}).items()
            for code in dict.fromkeys(codes)
            if code is not None
        }
        names = list(members)
        matrix = np.column_stack([np.ones(len(scores)), *members.values()])
        found: dict[tuple[int, str], list[Floats]] = {}
        for weights in drawn_weights(self.psu, self.weight, self.draws, self.seed):
            for key, values in self._chunk(weights, ranked, matrix):
                found.setdefault(key, []).append(values)
        judged = Judged()
        for (column, measure), parts in found.items():
            values = np.concatenate(parts)
            figure = Figure(float(values[0]), *interval(values[1:]))
            if column == 0:
                judged.overall[measure] = figure
            else:
                name, code = names[column - 1]
                judged.groups.setdefault(name, {}).setdefault(code, {})[measure] = figure
        return judged

    def _chunk(
        self, weights: Floats, ranked: _Ranked, matrix: Floats
    ) -> list[tuple[tuple[int, str], Floats]]:
        """Return each column's measures in some draws: column 0 is everybody, then a column per group and code."""
        results: list[tuple[tuple[int, str], Floats]] = []
        total = weights @ matrix
        for column, values in enumerate(_r_squared(weights, ranked.scores, self.welfare, matrix).T):
            results.append(((column, "r_squared"), values))
            inside = matrix[:, column] > 0
            results.append(
                ((column, "auc"), ranked.inside(inside).auc(weights[:, inside], self.below[inside]))
            )
        for selection in self.selections:
            poor = self._poor(weights, selection)
            chosen = self._chosen(weights, poor, ranked, selection)
            needy, taken = (weights * poor) @ matrix, (weights * chosen) @ matrix
            reached = (weights * poor * chosen) @ matrix
            with np.errstate(invalid="ignore", divide="ignore"):
                measures = {
                    "exclusion": 1 - reached / needy,
                    "inclusion": 1 - reached / taken,
                    "coverage": taken / total,
                    "poor": needy / total,
                    "bpac": (reached - np.abs((needy - reached) - (taken - reached))) / needy,
                }
            for measure, table in measures.items():
                results += [
                    ((column, f"{selection.name}.{measure}"), values) for column, values in enumerate(table.T)
                ]
        return results

    def _poor(self, weights: Floats, selection: Selection) -> Floats:
        """Return how much of each household counts as poor, draw by draw."""
        if selection.share is None:
            return np.broadcast_to(self.below, weights.shape)
        return _filled(weights, selection.share * weights.sum(axis=1))

    @staticmethod
    def _chosen(weights: Floats, poor: Floats, ranked: _Ranked, selection: Selection) -> Floats:
        """Return how much of each household is selected, draw by draw."""
        if selection.cutoff is not None:
            return np.broadcast_to((ranked.scores <= selection.cutoff).astype(np.float64), weights.shape)
        share = selection.share
        wanted = (weights * poor).sum(axis=1) if share is None else share * weights.sum(axis=1)
        return _filled(ranked.masses(weights), wanted)[:, ranked.level]


class _Ranked:
    """Scores with their levels from lowest to highest; equal scores are one level."""

    def __init__(self, scores: Floats) -> None:
        self.scores = scores
        self.order = np.argsort(scores, kind="stable")
        ordered = scores[self.order]
        self.starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        self.level: npt.NDArray[np.int64] = np.unique(scores, return_inverse=True)[1].astype(np.int64)

    def masses(self, weights: Floats) -> Floats:
        """Return the weight on each level, draw by draw."""
        return np.asarray(np.add.reduceat(weights[:, self.order], self.starts, axis=1))

    def inside(self, rows: Booleans) -> _Ranked:
        """Return the scores of some households alone."""
        return self if bool(rows.all()) else _Ranked(self.scores[rows])

    def auc(self, weights: Floats, poor: Floats) -> Floats:
        """Return the chance that a poor household scores below another, ties half, draw by draw."""
        needy, others = self.masses(weights * poor), self.masses(weights * (1 - poor))
        above = others.sum(axis=1, keepdims=True) - np.cumsum(others, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(
                (needy * (above + others / 2)).sum(axis=1) / (needy.sum(axis=1) * others.sum(axis=1))
            )


def _filled(masses: Floats, wanted: Floats) -> Floats:
    """Return how much of each mass, 0 to 1, is taken from the left until `wanted` is reached, draw by draw."""
    before = np.cumsum(masses, axis=1) - masses
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.clip((wanted[:, None] - before) / masses, 0.0, 1.0)
    return np.nan_to_num(part)


def _r_squared(weights: Floats, scores: Floats, welfare: Floats, matrix: Floats) -> Floats:
    """Return the squared correlation within each column of `matrix`: draws x columns."""
    x, y = scores - scores.mean(), welfare - welfare.mean()  # centred, so that the sums keep their digits
    mass = weights @ matrix
    with np.errstate(invalid="ignore", divide="ignore"):
        moments = {
            name: (weights * values) @ matrix / mass
            for name, values in (("x", x), ("y", y), ("xx", x * x), ("yy", y * y), ("xy", x * y))
        }
        both = moments["xy"] - moments["x"] * moments["y"]
        apart = (moments["xx"] - moments["x"] ** 2) * (moments["yy"] - moments["y"] ** 2)
        return np.asarray(np.where(apart > 0, both**2 / apart, np.nan))
