"""What a scorecard is compared with: a count of children, demography, plain least squares, gradient boosting, chance.

Each that learns is judged on folds of whole sampling units it has not seen. None may use what a scorecard may not.
Lower is poorer, as for scores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from kafalat.core.text import Bilingual
from kafalat.fitting.sample import Floats, Sample, folds
from kafalat.policy.model import Fact, Programme

CHILDREN = ("children_under_18", "children_under_13", "children_under_5")
DEMOGRAPHY = (
    "household_size",
    "children_under_5",
    "children_under_13",
    "children_under_18",
    "children_5_16",
    "elders",
    "dependents",
    "head_sex",
    "head_age",
)
_CODES_MAX = 250  # gradient boosting takes at most 255 codes in a category


@dataclass(frozen=True)
class Baseline:
    """A way to rank households: its scores, or None where the survey lacks what it needs; `facts` counts what it looks at."""

    code: str
    label: Bilingual
    scores: Floats | None
    facts: int
    folds: bool


def baselines(sample: Sample, programme: Programme, *, seed: int) -> list[Baseline]:
    """Return every baseline for households whose welfare is known, best informed last."""
    usable = [fact for fact in programme.facts if _usable(fact, sample)]
    named = {fact.name: fact for fact in usable}
    children = next((name for name in CHILDREN if name in named), None)
    people = [named[name] for name in DEMOGRAPHY if name in named]
    rng = np.random.default_rng(seed)
    # One thread: on a shared machine many wait for each other, and the result must not hang on their number.
    with threadpool_limits(limits=1):
        demography = unseen(sample, people, _least_squares) if people else None
        least_squares = unseen(sample, usable, _least_squares)
        boosting = unseen(sample, usable, lambda *parts: _boosting(*parts, seed=seed))
    return [
        Baseline(
            "random",
            Bilingual(en="Drawn by lot", ur="قرعہ اندازی"),
            rng.random(len(sample)),
            0,
            folds=False,
        ),
        Baseline(
            "children",
            Bilingual(en="Number of children only", ur="صرف بچوں کی تعداد"),
            None if children is None else -_numbers(sample.table[children]),
            1,
            folds=False,
        ),
        Baseline(
            "demography",
            Bilingual(en="Size, ages and head of the household only", ur="صرف گھرانے کا حجم، عمریں اور سربراہ"),
            demography,
            len(people),
            folds=True,
        ),
        Baseline(
            "least_squares",
            Bilingual(en="Plain least squares on all facts", ur="تمام کوائف پر سادہ ریگریشن"),
            least_squares,
            len(usable),
            folds=True,
        ),
        Baseline(
            "gradient_boosting",
            Bilingual(en="Gradient boosting on all facts (black box)", ur="تمام کوائف پر گریڈینٹ بوسٹنگ (ناقابلِ وضاحت)"),
            boosting,
            len(usable),
            folds=True,
        ),
    ]  # fmt: skip


Learner = Callable[[Sample, Sequence[Fact], Sample], Floats]


def unseen(sample: Sample, facts: Sequence[Fact], learner: Learner) -> Floats:
    """Return predictions of welfare, each by a model that never saw the household's sampling unit."""
    fold = folds(sample.psu)
    found = np.full(len(sample), np.nan)
    for number in np.unique(fold):
        here = fold == number
        if here.all():  # one sampling unit: there is nothing to learn from
            return found
        found[here] = learner(sample.rows(~here), facts, sample.rows(here))
    return found


def _usable(fact: Fact, sample: Sample) -> bool:
    return fact.level == "household" and fact.proxy and bool(sample.table[fact.name].notna().any())


def _least_squares(train: Sample, facts: Sequence[Fact], test: Sample) -> Floats:
    weight = np.sqrt(train.weight)[:, None]
    design, columns = _design(train, facts)
    solved = np.linalg.lstsq(design * weight, train.welfare * weight[:, 0], rcond=None)[0]
    return np.asarray(_design(test, facts, columns)[0] @ solved)


def _design(
    sample: Sample, facts: Sequence[Fact], columns: Sequence[tuple[float, float]] | None = None
) -> tuple[Floats, list[tuple[float, float]]]:
    """Return an intercept, each number (with a mark where it is missing) and each code as a column, numbers standardised.

    `columns` has the mean and spread of each number where they were learnt, and is returned.
    """
    parts: list[Floats] = [np.ones(len(sample))]
    learnt: list[tuple[float, float]] = []
    for fact in facts:
        column = sample.table[fact.name]
        if fact.type == "category":
            # The first code is what the others are told apart from.
            parts += [
                (column == code).fillna(value=False).to_numpy(dtype=float) for code in [*fact.categories][1:]
            ]
            continue
        values = _numbers(column)
        known = np.isfinite(values)
        if columns is None:
            mean = float(values[known].mean()) if known.any() else 0.0
            spread = float(values[known].std()) if known.any() else 1.0
            learnt.append((mean, spread or 1.0))
        else:
            learnt.append(columns[len(learnt)])
        mean, spread = learnt[-1]
        parts += [np.where(known, (values - mean) / spread, 0.0), (~known).astype(float)]
    return np.column_stack(parts), learnt


def _boosting(train: Sample, facts: Sequence[Fact], test: Sample, *, seed: int) -> Floats:
    marks = [fact.type == "category" and len(fact.categories) <= _CODES_MAX for fact in facts]
    model = HistGradientBoostingRegressor(categorical_features=marks, random_state=seed)
    model.fit(_plain(train, facts), train.welfare, sample_weight=train.weight)
    return np.asarray(model.predict(_plain(test, facts)), dtype=np.float64)


def _plain(sample: Sample, facts: Sequence[Fact]) -> Floats:
    columns = []
    for fact in facts:
        column = sample.table[fact.name]
        if fact.type == "category":
            numbers = {code: float(number) for number, code in enumerate(fact.categories)}
            columns.append(column.map(numbers).to_numpy(dtype=np.float64, na_value=np.nan))
        else:
            columns.append(_numbers(column))
    return np.column_stack(columns)


def _numbers(column: pd.Series) -> Floats:
    return np.asarray(column.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan))
