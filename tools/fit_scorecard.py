"""Fits the first scorecard: ordinary least squares on log spending per head, turned into integer points.

    python tools/fit_scorecard.py --survey FOLDER --date 2026-11-21

reads a survey through its profile, derives the programme's own facts, and writes scorecard.yaml into the programme's
folder, which must be valid (kafalat programme check); the same survey, facts and arguments give the same bytes.
What it does, in order:

1. Each fact of TERMS is cut into bins; a bin with under 1 % of households joins its neighbour.
2. Least squares on the bins as dummies. Where a fact has an order (more rooms: never poorer), neighbours that break
   it are joined and the fit is repeated, so that no household gains points by being worse off.
3. The fitted value is stretched so that the given share of households lies at or below the cut-off and the top half
   per cent at the maximum; coefficients become whole points, the least of each fact 0.
4. Five folds of whole sampling units (PSU) tell how well it does on households it has not seen.

Never used: spending, rent, fees, incomes (they would leak the answer), disability, and facts marked `proxy: false`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

from kafalat.engine.derive import household_facts_sql
from kafalat.policy.loader import load, shipped
from kafalat.policy.model import Fact, Programme
from kafalat.survey.profiles import read

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

FOLDS = 5
BIN_SHARE_MIN = 0.01
TOP_SHARE = 0.995
MAXIMUM = 100


@dataclass(frozen=True)
class Spec:
    """How a fact enters: the first value of each bin of a number, or the codes of a category.

    `order`: +1 when more (or a later code) is never poorer, -1 when never richer, 0 when there is no order.
    """

    fact: str
    order: int
    starts: tuple[int, ...] = ()
    codes: tuple[str | bool, ...] = ()


SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13)
CLASSES = (0, 1, 5, 8, 10, 12, 14, 16)
YES_NO = (False, True)
# Chosen by forward selection on cross-validated R², then pruned to what an interviewer can see or ask plainly.
TERMS = (
    Spec("household_size", -1, starts=SIZES),
    Spec("children_under_13", -1, starts=(0, 1, 2, 3, 4, 5, 6)),
    Spec("crowding", 1, codes=("over_6", "up_to_6", "up_to_4", "up_to_3", "up_to_2", "up_to_1")),
    Spec("rooms", 1, starts=(0, 2, 3, 4, 5, 6)),
    Spec("highest_class_any", 1, starts=CLASSES),
    Spec("head_highest_class", 1, starts=CLASSES),
    Spec("women_highest_class", 1, starts=CLASSES),
    Spec("adults_not_reading", -1, starts=(0, 1, 2, 3, 4)),
    Spec("private_pupils", 1, starts=(0, 1, 2, 3)),
    Spec("head_occupation", 0, codes=("elementary", "not_working", "farming", "skilled", "office")),
    Spec("employers", 1, starts=(0, 1)),
    Spec("dependency", 0, codes=("over_6", "up_to_6", "up_to_4", "up_to_2", "no_worker")),
    Spec("internet_users", 1, starts=(0, 1, 2, 3)),
    Spec("mobile_phone", 1, codes=YES_NO),
    Spec("landline", 1, codes=YES_NO),
    Spec("computer", 1, codes=YES_NO),
    Spec("tablet", 1, codes=YES_NO),
    Spec("tenure", 0, codes=("rent_free", "owner", "subsidised", "rented")),
    Spec("electricity", 1, codes=("none", "shared", "own")),
    Spec("gas", 1, codes=("none", "shared", "own")),
    Spec(
        "water_source",
        0,
        codes=("surface", "hand_pump", "well", "other", "motor_pump", "piped", "tanker", "filtered"),
    ),
    Spec("toilet", 1, codes=("none", "dry", "flush_drain", "flush_pit", "flush_sewer")),
    Spec("garbage", 1, codes=("none", "municipal", "private")),
    Spec("land_class", 1, codes=("none", "up_to_2_5", "up_to_5", "up_to_12_5", "over_12_5")),
)


@dataclass(frozen=True)
class Sample:
    """The households of the fit: the bin of each term, log spending per head, and the fold of its sampling unit."""

    bins: Integers  # households x terms
    sizes: tuple[int, ...]  # bins of each term
    welfare: Floats
    folds: Integers


@dataclass(frozen=True)
class Card:
    """A fitted scorecard: which bins stand together in each term, the points of each group, and the base."""

    groups: tuple[tuple[tuple[int, ...], ...], ...]
    points: tuple[tuple[int, ...], ...]
    base: int

    def sums(self, bins: Integers) -> Integers:
        """Return the base and the points of each household, before clamping."""
        total = np.full(len(bins), self.base, dtype=np.int64)
        for term, (groups, points) in enumerate(zip(self.groups, self.points, strict=True)):
            for group, earned in zip(groups, points, strict=True):
                total[np.isin(bins[:, term], group)] += earned
        return total

    def scores(self, bins: Integers) -> Integers:
        """Return the score of each household."""
        return np.clip(self.sums(bins), 0, MAXIMUM)


# ---- the sample ------------------------------------------------------------------------------------------------


def check_terms(programme: Programme) -> None:
    """Stop where a term uses what a scorecard may not."""
    for spec in TERMS:
        fact: Fact = programme.fact(spec.fact)
        if not fact.proxy or fact.level != "household":
            sys.exit(f"{spec.fact} may not be in a scorecard")
        if fact.categories and set(spec.codes) != set(fact.categories):
            sys.exit(
                f"{spec.fact}: the codes differ from facts.yaml: {set(spec.codes) ^ set(fact.categories)}"
            )


def load_sample(folder: Path, profile: str, programme: Programme) -> Sample:
    """Return the households with known spending and no missing fact."""
    connection = duckdb.connect()
    read(folder, profile, programme=programme, connection=connection)
    names = ", ".join(f'f."{spec.fact}"' for spec in TERMS)
    known = " AND ".join(f'f."{spec.fact}" IS NOT NULL' for spec in TERMS)
    rows = connection.execute(
        f"SELECT ln(h.spending_rupees_year / f.household_size), h.psu, {names} "
        f"FROM ({household_facts_sql(programme)}) AS f JOIN households AS h USING (household_key) "
        f"WHERE h.spending_rupees_year > 0 AND {known} ORDER BY household_key"
    ).fetchall()
    columns = list(zip(*rows, strict=True))
    units = {psu: number % FOLDS for number, psu in enumerate(sorted(set(columns[1])))}
    bins = np.column_stack([_bins(spec, values) for spec, values in zip(TERMS, columns[2:], strict=True)])
    sizes = tuple(len(spec.starts) or len(spec.codes) for spec in TERMS)
    return Sample(bins, sizes, np.array(columns[0]), np.array([units[psu] for psu in columns[1]]))


def _bins(spec: Spec, values: Sequence[object]) -> Integers:
    if spec.starts:
        return np.searchsorted(np.array(spec.starts), np.array(values), side="right") - 1
    numbers: dict[object, int] = {code: number for number, code in enumerate(spec.codes)}
    return np.array([numbers[value] for value in values], dtype=np.int64)


# ---- the fit ---------------------------------------------------------------------------------------------------


class Squares:
    """Least squares over bins as dummies. Sums of products are taken once; joining bins only adds rows of them."""

    def __init__(self, sample: Sample, rows: npt.NDArray[np.bool_]) -> None:
        bins, welfare = sample.bins[rows], sample.welfare[rows]
        self.starts = np.cumsum((1, *sample.sizes))
        design = np.zeros((len(bins), int(self.starts[-1])))
        design[:, 0] = 1
        for term, start in enumerate(self.starts[:-1]):
            design[np.arange(len(bins)), start + bins[:, term]] = 1
        self.products, self.moments = design.T @ design, design.T @ welfare
        self.shares = np.diag(self.products) / len(bins)

    def share(self, term: int, group: Sequence[int]) -> float:
        """Return the share of households in a group of bins."""
        return float(sum(self.shares[self.starts[term] + number] for number in group))

    def solve(self, groups: list[list[list[int]]]) -> tuple[float, list[Floats]]:
        """Return the intercept and each term's coefficients, its first group 0."""
        columns = [[0]]
        for term, parts in enumerate(groups):
            columns += [[int(self.starts[term]) + number for number in group] for group in parts[1:]]
        join = np.zeros((len(self.products), len(columns)))
        for number, column in enumerate(columns):
            join[column, number] = 1
        found = np.linalg.solve(join.T @ self.products @ join, join.T @ self.moments)
        ends = np.cumsum([1, *(len(parts) - 1 for parts in groups)])
        return float(found[0]), [
            np.concatenate([[0.0], found[ends[term] : ends[term + 1]]]) for term in range(len(groups))
        ]


def join_bins(squares: Squares, sizes: Sequence[int]) -> list[list[list[int]]]:
    """Return the bins of each term in groups: none too small, none against the term's order."""
    groups = [[[number] for number in range(size)] for size in sizes]
    for term, parts in enumerate(groups):
        while len(parts) > 2 and (small := [p for p in parts if squares.share(term, p) < BIN_SHARE_MIN]):
            where = parts.index(min(small, key=lambda part: squares.share(term, part)))
            _join(parts, where if where + 1 < len(parts) else where - 1)
    while True:
        _, coefficients = squares.solve(groups)
        breaks = [
            (float(step), term, where)
            for term, (spec, found) in enumerate(zip(TERMS, coefficients, strict=True))
            for where, step in enumerate(spec.order * np.diff(found))
            if step < 0
        ]
        if not breaks:
            return groups
        _, term, where = min(breaks)
        _join(groups[term], where)


def _join(parts: list[list[int]], where: int) -> None:
    parts[where : where + 2] = [parts[where] + parts[where + 1]]


def fit(sample: Sample, rows: npt.NDArray[np.bool_], cutoff: int, share: float) -> Card:
    """Return the scorecard fitted on the chosen households."""
    squares = Squares(sample, rows)
    groups = join_bins(squares, sample.sizes)
    _, coefficients = squares.solve(groups)
    fitted = np.zeros(int(rows.sum()))
    for term, (parts, found) in enumerate(zip(groups, coefficients, strict=True)):
        for part, value in zip(parts, found, strict=True):
            fitted[np.isin(sample.bins[rows, term], part)] += value
    low, high = np.quantile(fitted, [share, TOP_SHARE])
    slope = (MAXIMUM - cutoff) / (high - low)
    rounded = [np.rint(slope * (found - found.min())).astype(np.int64) for found in coefficients]
    merged = [
        _same_points(parts, points.tolist(), spec)
        for parts, points, spec in zip(groups, rounded, TERMS, strict=True)
    ]
    card = Card(
        tuple(tuple(tuple(sorted(part)) for part, _ in term) for term in merged),
        tuple(tuple(points for _, points in term) for term in merged),
        0,
    )
    # The base that brings the share at or below the cut-off closest to what is wanted.
    totals = np.sort(card.sums(sample.bins[rows]))
    bases = range(cutoff - int(totals[-1]), cutoff - int(totals[0]) + 1)
    base = min(
        bases, key=lambda b: (abs(np.searchsorted(totals, cutoff - b, side="right") / len(totals) - share), b)
    )
    return Card(card.groups, card.points, base)


def _same_points(parts: list[list[int]], points: list[int], spec: Spec) -> list[tuple[list[int], int]]:
    """Join groups that earn the same: neighbours for numbers, any for codes."""
    joined: list[tuple[list[int], int]] = []
    for part, earned in zip(parts, points, strict=True):
        twin = next((j for j in (joined if spec.codes else joined[-1:]) if j[1] == earned), None)
        if twin is None:
            joined.append((list(part), earned))
        else:
            twin[0].extend(part)
    return joined


# ---- how good it is --------------------------------------------------------------------------------------------


def r_squared(scores: Integers, welfare: Floats) -> float:
    """Return the squared correlation of score and log spending per head."""
    return float(np.corrcoef(scores, welfare)[0, 1] ** 2)


def targeting_error(scores: Integers, welfare: Floats, share: float) -> float:
    """Return the share of the poorest households missed when as many are selected by score; ties count in part."""
    count = round(share * len(scores))
    poor = np.zeros(len(scores), dtype=bool)
    poor[np.argsort(welfare, kind="stable")[:count]] = True
    last = np.sort(scores)[count - 1]
    below, tied = scores < last, scores == last
    reached = poor[below].sum() + poor[tied].sum() * (count - below.sum()) / tied.sum()
    return float(1 - reached / count)


def cross_validate(sample: Sample, cutoff: int, share: float) -> dict[str, float]:
    """Return R² and targeting errors of scores given by cards that never saw the household's sampling unit."""
    scores = np.zeros(len(sample.welfare), dtype=np.int64)
    for fold in range(FOLDS):
        unseen = sample.folds == fold
        scores[unseen] = fit(sample, ~unseen, cutoff, share).scores(sample.bins[unseen])
    found = {"r_squared": r_squared(scores, sample.welfare)}
    for percent in (10, 20, 30, 40):
        found[f"error_at_{percent}_percent"] = targeting_error(scores, sample.welfare, percent / 100)
    return {name: round(value, 3) for name, value in found.items()}


# ---- writing ---------------------------------------------------------------------------------------------------


def _bin_text(spec: Spec, group: Sequence[int], earned: int) -> str:
    if spec.codes:
        codes = [spec.codes[number] for number in group]
        return "is: [" + ", ".join(str(code).lower() for code in codes) + f"], points: {earned}"
    low = "" if group[0] == 0 else f"from: {spec.starts[group[0]]}, "
    high = "" if group[-1] + 1 == len(spec.starts) else f"to: {spec.starts[group[-1] + 1] - 1}, "
    return f"{low}{high}points: {earned}"


def to_yaml(card: Card, fitted: dict[str, str | int | float], valid_from: str) -> str:
    """Return the text of scorecard.yaml."""
    lines = [
        "# The scorecard: whole points per fact and bin, made by tools/fit_scorecard.py; do not edit by hand.",
        "# Score = base_points + the points of each term, not below minimum nor above maximum. Lower is poorer.",
        "code: hiics-2015-ols-1",
        'label: { en: "Poverty score fitted on the household survey of 2015-16", ur: "گھرانوں کے سروے 2015-16 پر مبنی غربت اسکور" }',
        f"from: {valid_from}",
        f"base_points: {card.base}",
        "minimum: 0",
        f"maximum: {MAXIMUM}",
        "terms:",
    ]
    for spec, groups, points in zip(TERMS, card.groups, card.points, strict=True):
        if len(groups) > 1:  # a fact whose bins all earn the same says nothing
            lines.append(f"  - fact: {spec.fact}")
            lines.append("    bins:")
            lines += [
                f"      - {{ {_bin_text(spec, group, earned)} }}"
                for group, earned in zip(groups, points, strict=True)
            ]
    lines.append("fitted:")
    lines += [
        f"  {name}: {value if not isinstance(value, str) else chr(34) + value + chr(34)}"
        for name, value in fitted.items()
    ]
    lines.append(
        'source: "Own fit on the Household Integrated Income and Consumption Survey 2015-16 (Pakistan Bureau of Statistics); '
        'the weights of the programme itself are not published"'
    )
    return "\n".join(lines) + "\n"


def fitted_text(survey: Path, profile: str, programme: Programme, arguments: argparse.Namespace) -> str:
    """Return scorecard.yaml for a survey; the arguments give date, cut-off and share."""
    check_terms(programme)
    sample = load_sample(survey, profile, programme)
    everybody = np.ones(len(sample.welfare), dtype=bool)
    card = fit(sample, everybody, arguments.cutoff, arguments.share)
    scores = card.scores(sample.bins)
    fitted: dict[str, str | int | float] = {
        "survey": profile,
        "command": f"python tools/fit_scorecard.py --survey FOLDER --profile {profile} --cutoff {arguments.cutoff} "
        f"--share {arguments.share} --date {arguments.date} --valid-from {arguments.valid_from}",
        "method": "ordinary least squares on the logarithm of yearly spending per member, bins as dummies",
        "date": arguments.date,
        "households": len(scores),
        "share_at_cutoff": round(float((scores <= arguments.cutoff).mean()), 4),
        "share_at_minimum": round(float((scores <= 0).mean()), 4),
        "validation": "five folds of whole sampling units, integer score against log spending",
        **cross_validate(sample, arguments.cutoff, arguments.share),
    }
    return to_yaml(card, fitted, arguments.valid_from)


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command's arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--survey", type=Path, required=True, help="folder of the survey's raw tables")
    parser.add_argument("--profile", default="pk-hiics-2015")
    parser.add_argument("--programme", type=Path, default=shipped())
    parser.add_argument("--cutoff", type=int, default=32, help="the score to be anchored")
    parser.add_argument("--share", type=float, default=0.27, help="share of households at or below it")
    parser.add_argument("--date", required=True, help="day of the fit, written into the file")
    parser.add_argument("--valid-from", default="2021-01-01", help="first day the scorecard is in force")
    return parser.parse_args(argv)


def main() -> None:
    """Fit, write, and print the file's figures."""
    arguments = parse()
    programme = load(arguments.programme)
    text = fitted_text(arguments.survey, arguments.profile, programme, arguments)
    (arguments.programme / "scorecard.yaml").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
