"""A scorecard judged on a survey: accuracy, errors and fairness with intervals, side by side with baselines, and what to beware of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kafalat.core.problems import problem
from kafalat.core.text import Bilingual
from kafalat.fitting.baselines import Baseline, baselines
from kafalat.fitting.bootstrap import unit_numbers
from kafalat.fitting.groups import Group, groups_of
from kafalat.fitting.judging import Judge, Judged, Selection
from kafalat.fitting.relation import line_for_share
from kafalat.fitting.sample import Floats, Sample, scores_of
from kafalat.policy.model import Programme, Scorecard

COVERAGES = (0.1, 0.2, 0.25, 0.3, 0.4)
DRAWS = 300
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
    groups, not_asked = groups_of(judged, programme)
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
    return Evaluation(
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
    )


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


def group_selection(settings: Settings) -> str:
    """Return the selection by which groups are compared: 20 percent where it is judged, else the first share."""
    return share_name(0.2 if 0.2 in settings.coverages else settings.coverages[0])


def _seen(sample: Sample, scorecard: Scorecard) -> bool | None:
    """Say whether the card was fitted on these households: the same survey and as many of them with welfare."""
    survey = scorecard.fitted.get("survey")
    households = scorecard.fitted.get("households")
    if survey is None or households is None:
        return None
    return survey == sample.profile and households == int(np.isfinite(sample.welfare).sum())
