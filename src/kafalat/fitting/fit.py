"""Fits a scorecard on a survey: facts chosen, effects found, rounded to whole points, judged on units it has not seen.

The same survey, facts and request give the same bytes. Never used: spending, rent, fees, incomes, and whatever the
programme keeps out of its scorecard by `proxy: false`; asked for by name, such a fact is refused with its reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kafalat.core.problems import problem
from kafalat.core.text import Bilingual
from kafalat.fitting import metrics
from kafalat.fitting.axes import Axis, axis_of
from kafalat.fitting.cards import Heading, to_yaml, used
from kafalat.fitting.methods import Effects, find_effects
from kafalat.fitting.rounding import Anchor, Rounded, Table, predict, round_points
from kafalat.fitting.sample import Floats, Integers, Sample, folds
from kafalat.fitting.selection import Folds, select
from kafalat.fitting.squares import Design
from kafalat.fitting.tables import choose_tables, with_tables
from kafalat.fitting.targets import BEND, TAU, Method, target_of
from kafalat.policy.findings import nearest
from kafalat.policy.model import Fact, Programme
from kafalat.policy.scorecheck import no_points

FOLDS = 5
HOUSEHOLDS_MIN = 200
KNOWN_MIN = 0.95  # a fact that more households leave open would leave their score open
STRATUM_SHARE_MIN = 0.05
WEAK_R_SQUARED = 0.3
SHARES = (10, 20, 30, 40)
_METHODS = {
    "ols": "ordinary least squares on the logarithm of yearly spending per member",
    "quantile": "least squares on the logarithm of yearly spending per member, bent by a logistic curve about its "
    f"{TAU:.0%} quantile (width {BEND} standard deviations)",
    "ebm": "explainable boosting (interpret) on the logarithm of yearly spending per member",
}
_WARNING = Bilingual(
    en="Weak: in this survey the facts explain less than 30 percent of how spending differs (R² {r}); do not decide by this card alone",
    ur="کمزور: اس سروے میں یہ کوائف خرچ کے فرق کا 30 فیصد سے کم سمجھاتے ہیں (R² {r})؛ صرف اس کارڈ پر فیصلہ نہ کریں",
)


@dataclass(frozen=True)
class Request:
    """What is asked of a fit. `facts` fixes the facts; without it `facts_max` are chosen. `pairs` counts tables of two facts."""

    method: Method
    anchor: Anchor
    code: str
    valid_from: str
    command: str
    facts: tuple[str, ...] = ()
    facts_max: int = 30
    pairs: int = 0
    stratum: str | None = None
    seed: int = 1
    day: str | None = None


@dataclass(frozen=True)
class Fit:
    """A fitted card: its text, its facts, and the figures written into it."""

    text: str
    facts: tuple[str, ...]
    figures: dict[str, str | int | float]
    warning: Bilingual | None


@dataclass(frozen=True)
class _Plan:
    """What a fit is made of once facts and tables are chosen."""

    request: Request
    axes: tuple[Axis, ...]
    tables: tuple[Table, ...]
    strata: tuple[tuple[str, ...], ...]
    design: Design  # target: welfare
    part: Integers

    @property
    def signs(self) -> list[int]:
        return [axis.sign for axis in self.axes] + [0] * len(self.tables)


def fit_scorecard(sample: Sample, programme: Programme, request: Request) -> Fit:
    """Return the scorecard fitted on the households of `sample` whose spending is known.

    Raises the problems `scorecard.fact_refused`, `scorecard.stratum_refused` and `scorecard.too_few`.
    """
    sample = sample.known()
    candidates = _candidates(sample, programme, request)
    sample = sample.rows(sample.table[[fact.name for fact in candidates]].notna().all(axis=1).to_numpy())
    if len(sample) < HOUSEHOLDS_MIN or len(np.unique(sample.psu)) < FOLDS:
        raise problem("scorecard.too_few", households=len(sample), minimum=HOUSEHOLDS_MIN, folds=FOLDS)
    plan = _plan(sample, programme, request, candidates)
    _, card = _fit(plan, np.ones(len(sample), dtype=bool))
    figures = _figures(sample, plan, card)
    weak = float(figures["r_squared"]) < WEAK_R_SQUARED
    shown = f"{figures['r_squared']:.2f}"
    heading = Heading(
        code=request.code,
        label=Bilingual(
            en=f"Poverty score fitted on the survey {sample.profile}",
            ur=f"سروے {sample.profile} پر مبنی غربت اسکور",
        ),
        valid_from=request.valid_from,
        source=f"Own fit on the survey {sample.profile} through its profile; figures under 'fitted'",
        warning=Bilingual(en=_WARNING.en.format(r=shown), ur=_WARNING.ur.format(r=shown)) if weak else None,
        stratum=request.stratum,
        strata=plan.strata,
    )
    text = to_yaml(card, plan.axes, plan.tables, heading, figures)
    return Fit(text, tuple(used(card, plan.axes, plan.tables)), figures, heading.warning)


def _candidates(sample: Sample, programme: Programme, request: Request) -> list[Fact]:
    """Return the facts the fit may use: those asked for, or every one that may have points and that the survey knows."""
    usable = [fact for fact in programme.facts if no_points(fact) is None]
    if not request.facts:
        known = sample.table.notna().mean()
        return [fact for fact in usable if known[fact.name] >= KNOWN_MIN]
    declared = {fact.name: fact for fact in programme.facts}
    for name in request.facts:
        if name not in declared:
            like = nearest(name, [fact.name for fact in usable])
            raise problem(
                "scorecard.fact_refused",
                reason_en=f"'{name}' is no fact of facts.yaml." + (f" Nearest: '{like}'." if like else ""),
                reason_ur=f"«{name}» facts.yaml میں نہیں۔" + (f" قریب ترین: «{like}»۔" if like else ""),
            )
        fault = no_points(declared[name])
        if fault is not None:
            raise problem("scorecard.fact_refused", reason_en=fault.en, reason_ur=fault.ur)
    return [declared[name] for name in dict.fromkeys(request.facts)]


def _plan(sample: Sample, programme: Programme, request: Request, candidates: Sequence[Fact]) -> _Plan:
    found = [
        (axis, axis.numbers(sample.table[axis.fact]))
        for axis in (
            axis_of(fact, sample.table[fact.name], sample.welfare, sample.weight) for fact in candidates
        )
        if axis is not None
    ]
    if not found:
        raise problem("scorecard.too_few", households=len(sample), minimum=HOUSEHOLDS_MIN, folds=FOLDS)
    target = target_of(request.method, sample.welfare, sample.weight)
    design = Design(
        np.column_stack([numbers for _, numbers in found]),
        tuple(len(axis) for axis, _ in found),
        target,
        sample.weight,
    )
    fold = folds(sample.psu, FOLDS)
    chosen = list(range(len(found)))
    if not request.facts:
        chosen = select(Folds(design, fold), chosen, request.facts_max)
    axes = tuple(found[number][0] for number in chosen)
    design = Design(design.cells[:, chosen], tuple(design.sizes[n] for n in chosen), target, sample.weight)
    tables = tuple(choose_tables(axes, design, fold, request.pairs))
    part, strata = _strata(sample, programme, request.stratum)
    return _Plan(request, axes, tables, strata, with_tables(design.with_target(sample.welfare), tables), part)


def _strata(
    sample: Sample, programme: Programme, name: str | None
) -> tuple[Integers, tuple[tuple[str, ...], ...]]:
    """Return the part of each household and the codes of each part; rare codes share one with the nearest welfare."""
    if name is None:
        return np.zeros(len(sample), dtype=np.int64), ()
    fact = next((fact for fact in programme.facts if fact.name == name), None)
    if fact is None or fact.level != "household" or fact.type != "category":
        raise problem("scorecard.stratum_refused", fact=name)
    column = sample.table[name]
    axis = None
    if column.notna().all():
        free = fact.model_copy(update={"order": None})
        axis = axis_of(free, column, sample.welfare, sample.weight, share_min=STRATUM_SHARE_MIN)
    if axis is None:
        raise problem("scorecard.stratum_refused", fact=name)
    return axis.numbers(column), tuple(tuple(str(code) for code in codes) for codes in axis.codes)


def _fit(plan: _Plan, chosen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> tuple[list[Effects], Rounded]:
    """Return effects and card of some of the plan's households."""
    design, part = plan.design.rows(chosen), plan.part[chosen]
    target = target_of(plan.request.method, design.target, design.weight)
    bent = design.with_target(target)
    effects = [
        find_effects(plan.request.method, bent.rows(part == number), plan.signs, plan.request.seed)
        for number in range(max(1, len(plan.strata)))
    ]
    return effects, round_points(effects, bent, part, plan.request.anchor, plan.signs, plan.tables)


def cross_validate(sample: Sample, plan: _Plan) -> tuple[Floats, Floats]:
    """Return each household's score, in whole points and before rounding, by a card that never saw its sampling unit."""
    whole, exact = np.zeros(len(sample)), np.zeros(len(sample))
    fold = folds(sample.psu, FOLDS)
    for number in range(FOLDS):
        unseen = fold == number
        effects, card = _fit(plan, ~unseen)
        design, part = plan.design.rows(unseen), plan.part[unseen]
        whole[unseen] = card.scores(design, part)
        exact[unseen] = predict(effects, design, part)
    return whole, exact


def _figures(sample: Sample, plan: _Plan, card: Rounded) -> dict[str, str | int | float]:
    """Return what is written under `fitted`."""
    request, weight = plan.request, sample.weight
    scores = card.scores(plan.design, plan.part)
    whole, exact = cross_validate(sample, plan)
    found: dict[str, str | int | float] = {
        "survey": sample.profile,
        "command": request.command,
        "method": _METHODS[request.method],
        "chosen": "facts as given"
        if request.facts
        else "facts by forward selection and exchange on cross-validated loss, over the whole survey",
    }
    if request.day is not None:
        found["date"] = request.day
    found |= {
        "households": len(sample),
        "weighted": "yes" if sample.weighted else "no",
        "facts": len(used(card, plan.axes, plan.tables)),
        "share_at_cutoff": round(float(np.average(scores <= request.anchor.cutoff, weights=weight)), 4),
        "share_at_minimum": round(float(np.average(scores <= 0, weights=weight)), 4),
        "validation": "five folds of whole sampling units, integer score against log spending",
        "r_squared": round(metrics.r_squared(whole, sample.welfare, weight), 3),
    }
    for percent in SHARES:
        missed = metrics.ter(whole, sample.welfare, percent / 100, weight)
        found[f"error_at_{percent}_percent"] = round(missed, 3)
    # What whole points cost against the same fit before rounding; above zero is a loss.
    lost = metrics.r_squared(exact, sample.welfare, weight) - metrics.r_squared(whole, sample.welfare, weight)
    found["lost_by_rounding_r_squared"] = round(lost, 4)
    for percent in (20, 30):
        cost = metrics.ter(whole, sample.welfare, percent / 100, weight) - metrics.ter(
            exact, sample.welfare, percent / 100, weight
        )
        found[f"lost_by_rounding_error_at_{percent}_percent"] = round(cost, 4)
    return found
