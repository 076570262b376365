"""A scorecard judged on a survey: accuracy, errors and fairness with intervals, side by side with baselines, and what to beware of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kafalat.core.problems import problem
from kafalat.core.text import Bilingual
from kafalat.fitting.baselines import Baseline, baselines
from kafalat.fitting.bootstrap import unit_numbers
from kafalat.fitting.judging import Figure, Judge, Judged, Selection
from kafalat.fitting.relation import line_for_share
from kafalat.fitting.sample import Floats, Objects, Sample, scores_of
from kafalat.policy.model import Programme, Scorecard

COVERAGES = (0.1, 0.2, 0.25, 0.3, 0.4)
DRAWS = 300
WEAK_R_SQUARED = 0.3
GROUP_HOUSEHOLDS_MIN = 30
UNITS_MIN = 30
SIZES = ((1, 3), (4, 5), (6, 7), (8, 9), (10, None))
LINE, CUTOFF = "line", "cutoff"


@dataclass(frozen=True)
class Settings:
    """What to judge by. Without a `line` (in the survey's money, a head and month) `poor_people_share` of the survey's people are below it.

    `cutoff` is the programme's, None where it does not apply to this card.
    """

    coverages: tuple[float, ...] = COVERAGES
    line: float | None = None
    poor_people_share: float = 0.2
    cutoff: float | None = None
    draws: int = DRAWS
    seed: int = 1
    with_baselines: bool = True


@dataclass(frozen=True)
class Group:
    """A way to divide households: its label, and each code's; `codes` gives each household's code, None where not known."""

    name: str
    label: Bilingual
    labels: Mapping[str, Bilingual]
    codes: Objects


@dataclass(frozen=True)
class Evaluation:
    """All that is known of a scorecard on a survey. Lower scores are poorer; shares are 0 to 1.

    `seen` says whether the card was fitted on these very households (then overall figures flatter it), None where the
    file does not say. `sample` and `scores` are the households judged: welfare and score known.
    """

    scorecard: Scorecard
    sample: Sample
    scores: Floats
    baseline_scores: tuple[Baseline, ...]
    settings: Settings
    line: float
    currency: str
    without_welfare: int
    without_score: int
    units: int
    seen: bool | None
    card: Judged
    baselines: dict[str, Judged]
    groups: tuple[Group, ...]
    not_asked: tuple[Bilingual, ...]
    warnings: tuple[Bilingual, ...]


def evaluate(
    sample: Sample, programme: Programme, scorecard: Scorecard, settings: Settings = Settings()
) -> Evaluation:
    """Return the evaluation of a scorecard on a survey.

    Raises the problem `scorecard.nothing_known` where no household has both welfare and score.
    """
    scores = scores_of(sample, scorecard)
    known = np.isfinite(sample.welfare)
    usable = known & np.isfinite(scores)
    if not usable.any():
        raise problem("scorecard.nothing_known", profile=sample.profile, scorecard=scorecard.code)
    seen = _seen(sample, scorecard)
    judged, scores = sample.rows(usable), scores[usable]
    line = settings.line or line_for_share(judged, settings.poor_people_share)
    groups, not_asked = _groups(judged, programme)
    judge = Judge(
        judged.welfare,
        judged.psu,
        judged.weight,
        line=float(np.log(line * 12)),
        selections=selections(settings),
        draws=settings.draws,
        seed=settings.seed,
    )
    card = judge.judge(scores, {group.name: group.codes for group in groups})
    rivals = baselines(judged, programme, seed=settings.seed) if settings.with_baselines else []
    # The cut-off is a number of points of this card: it says nothing about other scores.
    judge.selections = tuple(each for each in judge.selections if each.cutoff is None)
    found = {
        rival.code: judge.judge(rival.scores)
        for rival in rivals
        if rival.scores is not None and np.isfinite(rival.scores).all()
    }
    evaluation = Evaluation(
        scorecard=scorecard,
        sample=judged,
        scores=scores,
        baseline_scores=tuple(rivals),
        settings=settings,
        line=line,
        currency=programme.currency,
        without_welfare=int((~known).sum()),
        without_score=int((known & ~usable).sum()),
        units=unit_numbers(judged.psu)[1],
        seen=seen,
        card=card,
        baselines=found,
        groups=groups,
        not_asked=not_asked,
        warnings=(),
    )
    return replace(evaluation, warnings=tuple(_warnings(evaluation)))


def selections(settings: Settings) -> list[Selection]:
    """Return the ways to choose that are judged: each coverage, as many as are below the line, and the cut-off."""
    found = [Selection(share_name(share), share=share) for share in settings.coverages]
    found.append(Selection(LINE))
    if settings.cutoff is not None:
        found.append(Selection(CUTOFF, cutoff=settings.cutoff))
    return found


def share_name(share: float) -> str:
    """Return what the selection of a share is called, as in at_20_percent."""
    return f"at_{share * 100:g}_percent".replace(".", "_")


def _seen(sample: Sample, scorecard: Scorecard) -> bool | None:
    """Say whether the card was fitted on these households: the same survey and as many of them with welfare."""
    survey = scorecard.fitted.get("survey")
    households = scorecard.fitted.get("households")
    if survey is None or households is None:
        return None
    return survey == sample.profile and households == int(np.isfinite(sample.welfare).sum())


# ---- groups ----------------------------------------------------------------------------------------------------


def _groups(sample: Sample, programme: Programme) -> tuple[tuple[Group, ...], tuple[Bilingual, ...]]:
    """Return the divisions the survey knows, and the labels of those it did not ask for."""
    found: list[Group] = []
    missing: list[Bilingual] = []
    facts = {fact.name: fact for fact in programme.facts if fact.level == "household"}
    plain = {
        "province": Bilingual(en="Province", ur="صوبہ"),
        "region": Bilingual(en="Town or village", ur="شہر یا گاؤں"),
        "head_sex": Bilingual(en="Sex of the head", ur="سربراہ کی جنس"),
    }
    for name, label in plain.items():
        if name in facts and sample.table[name].notna().any():
            codes = sample.table[name].astype(object).where(sample.table[name].notna(), None)
            found.append(Group(name, label, dict(facts[name].categories), codes.to_numpy(dtype=object)))
        else:
            missing.append(label)
    found.append(_sizes(sample))
    label = Bilingual(en="Members with a disability", ur="معذور افراد")
    if "disabled_members" in facts and sample.table["disabled_members"].notna().any():
        numbers = sample.table["disabled_members"].to_numpy(dtype=np.float64, na_value=np.nan)
        codes = np.where(numbers > 0, "yes", "no").astype(object)
        codes[np.isnan(numbers)] = None
        words = {
            "yes": Bilingual(en="Somebody lives with a disability", ur="کوئی معذور فرد ہے"),
            "no": Bilingual(en="Nobody does", ur="کوئی نہیں"),
        }
        found.append(Group("disability", label, words, codes))
    else:
        missing.append(label)
    return tuple(found), tuple(missing)


def _sizes(sample: Sample) -> Group:
    codes = np.full(len(sample), None, dtype=object)
    labels = {}
    for low, high in SIZES:
        code = f"{low}_to_{high}" if high else f"{low}_or_more"
        codes[(sample.size >= low) & (sample.size <= (high or 10**6))] = code
        labels[code] = (
            Bilingual(en=f"{low} to {high} members", ur=f"{low} سے {high} افراد")
            if high
            else Bilingual(en=f"{low} or more members", ur=f"{low} یا زیادہ افراد")
        )
    return Group("size", Bilingual(en="Members of the household", ur="گھرانے کے افراد"), labels, codes)


# ---- warnings --------------------------------------------------------------------------------------------------


def _warnings(found: Evaluation) -> list[Bilingual]:
    """Return in plain words what a reader of the figures must know, gravest first."""
    told: list[Bilingual] = []
    r_squared = found.card.overall["r_squared"].value
    if not r_squared >= WEAK_R_SQUARED:
        told.append(
            Bilingual(
                en=f"Weak: the score explains only {r_squared:.0%} of the differences in spending (R² {r_squared:.2f}, below "
                f"{WEAK_R_SQUARED}). Do not decide anybody's support by it.",
                ur=f"کمزور: اسکور خرچ کے فرق کا صرف {r_squared:.0%} بتاتا ہے (R² {r_squared:.2f})۔ اس سے کسی کی امداد کا فیصلہ نہ کریں۔",
            )
        )
    if found.seen:
        told.append(
            Bilingual(
                en="The card was fitted on these very households, so its figures here flatter it. What it does to households it has "
                "not seen is what its file states (below), and what another part of the survey shows.",
                ur="یہ کارڈ انہی گھرانوں پر بنایا گیا تھا، اس لیے یہاں کے اعداد اسے بہتر دکھاتے ہیں۔ اَن دیکھے گھرانوں پر اس کی کارکردگی وہ ہے جو "
                "اس کی فائل میں درج ہے (نیچے)۔",
            )
        )
    if found.seen is None:
        told.append(
            Bilingual(
                en="The card's file does not say on which survey it was fitted; if on this one, the figures flatter it.",
                ur="کارڈ کی فائل یہ نہیں بتاتی کہ وہ کس سروے پر بنا؛ اگر اسی پر بنا ہے تو یہ اعداد اسے بہتر دکھاتے ہیں۔",
            )
        )
    if not found.sample.weighted:
        told.append(
            Bilingual(
                en="The survey has no sampling weights: the figures are of its sample, not of the country.",
                ur="سروے میں نمونے کے اوزان نہیں: یہ اعداد نمونے کے ہیں، پورے ملک کے نہیں۔",
            )
        )
    if found.units < UNITS_MIN:
        told.append(
            Bilingual(
                en=f"Only {found.units} sampling units: the intervals are themselves unsure.",
                ur=f"صرف {found.units} نمونہ اکائیاں ہیں: وقفے خود بھی غیر یقینی ہیں۔",
            )
        )
    for count, en, ur in (
        (found.without_score, "have no score because an answer is missing", "کا جواب نہ ہونے سے اسکور نہیں"),
        (found.without_welfare, "have no known spending", "کا خرچ معلوم نہیں"),
    ):
        if count:
            told.append(
                Bilingual(
                    en=f"{count:,} households {en} and are left out.",
                    ur=f"{count:,} گھرانوں {ur}؛ وہ شامل نہیں۔",
                )
            )
    told += [
        Bilingual(
            en=f"This survey lacks what it takes to compare with: {rival.label.en}.",
            ur=f"اس سروے میں اس سے موازنے کے لیے درکار معلومات نہیں: {rival.label.ur}۔",
        )
        for rival in found.baseline_scores
        if rival.code not in found.baselines
    ]
    told += [
        Bilingual(
            en=f"Not asked in this survey, so nothing can be said about it: {label.en}.",
            ur=f"اس سروے میں نہیں پوچھا گیا، اس لیے کچھ نہیں کہا جا سکتا: {label.ur}۔",
        )
        for label in found.not_asked
    ]
    small = [
        group.labels.get(code, Bilingual(en=code, ur=code))
        for group in found.groups
        for code, count in zip(*np.unique(_known(group.codes), return_counts=True), strict=True)
        if count < GROUP_HOUSEHOLDS_MIN
    ]
    if small:
        told.append(
            Bilingual(
                en=f"Fewer than {GROUP_HOUSEHOLDS_MIN} households, hardly a figure: {', '.join(each.en for each in small)}.",
                ur=f"{GROUP_HOUSEHOLDS_MIN} سے کم گھرانے، عدد قابلِ اعتبار نہیں: {'، '.join(each.ur for each in small)}۔",
            )
        )
    told += _worse(found)
    if found.scorecard.warning is not None:
        told.append(found.scorecard.warning)
    return told


def group_selection(settings: Settings) -> str:
    """Return the selection by which groups are compared: 20 percent where it is judged, else the first share."""
    return share_name(0.2 if 0.2 in settings.coverages else settings.coverages[0])


def _worse(found: Evaluation) -> list[Bilingual]:
    """Name the groups whose poor are missed clearly more often than the poor at large: their interval lies above the figure."""
    measure = f"{group_selection(found.settings)}.exclusion"
    overall = found.card.overall[measure].value
    worse = [
        (figures[measure].value, group, code)
        for group in found.groups
        for code, figures in found.card.groups.get(group.name, {}).items()
        if figures[measure].low > overall
    ]
    if not worse:
        return []
    worse.sort(key=lambda each: -each[0])
    en = "; ".join(f"{group.label.en}: {group.labels[code].en} ({value:.0%})" for value, group, code in worse)
    ur = "؛ ".join(f"{group.label.ur}: {group.labels[code].ur} ({value:.0%})" for value, group, code in worse)
    return [
        Bilingual(
            en=f"Of the poor the card misses {overall:.0%} at this coverage, but clearly more in these groups: {en}.",
            ur=f"اس حد پر کارڈ غریبوں کے {overall:.0%} کو چھوڑ دیتا ہے، مگر ان گروہوں میں واضح طور پر زیادہ: {ur}۔",
        )
    ]


def _known(codes: Objects) -> Objects:
    return np.array([code for code in codes if code is not None], dtype=str).astype(object)


# ---- as plain values -------------------------------------------------------------------------------------------


def as_json(found: Evaluation) -> dict[str, Any]:
    """Return the evaluation as plain values, ready for JSON; a figure that is not known is null."""
    return {
        "scorecard": {
            "code": found.scorecard.code,
            "facts": len(found.scorecard.facts),
            "fitted": dict(found.scorecard.fitted),
        },
        "survey": {
            "profile": found.sample.profile,
            "households": len(found.sample),
            "sampling_units": found.units,
            "weighted": found.sample.weighted,
            "without_welfare": found.without_welfare,
            "without_score": found.without_score,
            "card_fitted_on_it": found.seen,
        },
        "bootstraps": found.settings.draws,
        "confidence": 0.95,
        "line_month": round(found.line, 2),
        "currency": found.currency,
        "cutoff": found.settings.cutoff,
        "card": _nested(found.card.overall),
        "groups": {
            group.name: {
                code: {
                    "households": int((group.codes == code).sum()),
                    **_nested(found.card.groups[group.name][code]),
                }
                for code in sorted(found.card.groups.get(group.name, {}))
            }
            for group in found.groups
        },
        "baselines": {
            each.code: None
            if each.code not in found.baselines
            else {
                "facts": each.facts,
                "unseen_units": each.folds,
                **_nested(found.baselines[each.code].overall),
            }
            for each in found.baseline_scores
        },
        "warnings": [{"en": warning.en, "ur": warning.ur} for warning in found.warnings],
    }


def _nested(figures: Mapping[str, Figure]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, figure in figures.items():
        selection, _, measure = name.rpartition(".")
        place = nested.setdefault(selection, {}) if selection else nested
        place[measure] = {key: _plain(getattr(figure, key)) for key in ("value", "low", "high")}
    return nested


def _plain(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None
