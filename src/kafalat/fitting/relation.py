"""How spending follows from the score, as a survey shows it: one band of scores after another, for simulations.

The survey's rupees are carried to the poverty line's year by one factor: the one that makes the survey's share of poor
people the official one. That absorbs prices, growth and the difference between heads and adult equivalents; it cannot
say how incomes moved against each other since, and the source line of the file says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from kafalat.fitting.bootstrap import drawn_weights
from kafalat.fitting.sample import Booleans, Floats, Sample
from kafalat.policy.model import Dated, Relation, RelationBand, Scorecard

MONTHS = 12
DRAWS = 100
BAND_HOUSEHOLDS_MIN = 250
_PROBABILITIES = np.arange(1, 20) / 20
_SOURCE = (
    "Own calculation. The survey is older than the line: its rupees are multiplied with the factor that gives the official "
    "share of poor people, so the level is assumed and only the shape is measured"
)


def line_for_share(sample: Sample, share: float) -> float:
    """Return the spending per head and month below which `share` of the survey's people live, in the survey's rupees."""
    people = sample.weight * sample.size
    order = np.argsort(sample.welfare, kind="stable")
    below = np.cumsum(people[order])
    at = int(np.searchsorted(below, share * below[-1]))
    return float(np.exp(sample.welfare[order][min(at, len(order) - 1)]) / MONTHS)


def relate(
    sample: Sample,
    scores: Floats,
    scorecard: Scorecard,
    *,
    line: Dated[Decimal],
    poor_people_share: float,
    seed: int = 1,
) -> Relation:
    """Return the relation of a scorecard's scores to spending. `scores` are those of `sample`'s households, nan where unknown.

    `line` is the official poverty line in rupees a head and month, `poor_people_share` the share of people below it.
    """
    usable = np.isfinite(sample.welfare) & np.isfinite(scores)
    sample, scores = sample.rows(usable), scores[usable]
    in_survey = line_for_share(sample, poor_people_share)
    inflator = float(line.value) / in_survey
    ln = sample.welfare + np.log(inflator / MONTHS)
    spans = bands_of(scores)
    inside = [(scores >= low) & (scores <= high) for low, high in spans]
    means = _mean_draws(sample, ln, inside, seed)
    return Relation(
        survey=sample.profile,
        scorecard=scorecard.code,
        currency_year=str(line.from_.year),
        line_rupees_month=(line,),
        poor_people_share=poor_people_share,
        line_survey_rupees_month=round(in_survey, 2),
        inflator=round(inflator, 5),
        bands=tuple(
            _band(low, high, sample, ln, chosen, means[:, number])
            for number, ((low, high), chosen) in enumerate(zip(spans, inside, strict=True))
        ),
        source=_SOURCE,
    )


def bands_of(scores: Floats) -> list[tuple[int, int]]:
    """Return bands of scores, 0 to 100 without gap, each with enough households of the survey to tell its quantiles."""
    counts = np.bincount(scores.astype(np.int64), minlength=101)[:101]
    found: list[tuple[int, int]] = []
    start, inside = 0, 0
    for score, count in enumerate(counts):
        inside += int(count)
        if inside >= BAND_HOUSEHOLDS_MIN:
            found.append((start, score))
            start, inside = score + 1, 0
    if not found:
        return [(0, 100)]
    # What is left above the last full band joins it: too few to stand alone.
    return [*found[:-1], (found[-1][0], 100)]


def to_yaml(relation: Relation, command: str) -> str:
    """Return the text of relation.yaml: one line per band, its replicates below it."""
    (line,) = relation.line_rupees_month
    head = [
        "# How spending follows from the score, for simulations alone; made by the command below, do not edit by hand.",
        "# Bands: ln of spending per head and month in rupees of the line's year; quantiles at 5, 10 ... 95 percent;",
        "# replicates: the mean again in each bootstrap of whole sampling units.",
        f"# {command}",
        f"survey: {relation.survey}",
        f"scorecard: {relation.scorecard}",
        f'currency_year: "{relation.currency_year}"',
        "line_rupees_month:",
        f'  - {{ from: {line.from_}, value: {line.value}, source: "{line.source}" }}',
        f"poor_people_share: {relation.poor_people_share}",
        f"line_survey_rupees_month: {relation.line_survey_rupees_month}",
        f"inflator: {relation.inflator}",
        "bands:",
    ]
    for band in relation.bands:
        head.append(
            f"  - {{ from: {band.from_}, to: {band.to}, households: {band.households}, mean_ln: {band.mean_ln}, sd_ln: {band.sd_ln},"
        )
        head.append(f"      quantiles: {_row(band.quantiles)},")
        head.append(f"      replicates: {_row(band.replicates)} }}")
    return "\n".join([*head, f'source: "{relation.source}"']) + "\n"


def _mean_draws(sample: Sample, ln: Floats, inside: Sequence[Booleans], seed: int) -> Floats:
    """Return each band's mean in each draw: draws x bands. A draw without households of a band keeps the survey's mean."""
    members = np.column_stack(inside).astype(np.float64)
    rows = []
    for weights in drawn_weights(sample.psu, sample.weight, DRAWS, seed):
        mass = weights @ members
        with np.errstate(invalid="ignore", divide="ignore"):
            rows.append(((weights * ln) @ members) / mass)
    means = np.vstack(rows)
    return np.where(np.isfinite(means[1:]), means[1:], means[0])


def _band(
    low: int, high: int, sample: Sample, ln: Floats, chosen: Booleans, replicates: Floats
) -> RelationBand:
    values, weight = ln[chosen], sample.weight[chosen]
    mean = float(np.average(values, weights=weight))
    order = np.argsort(values, kind="stable")
    middle = np.cumsum(weight[order]) - weight[order] / 2
    quantiles = np.interp(_PROBABILITIES, middle / weight.sum(), values[order])
    return RelationBand.model_validate(
        {
            "from": low,
            "to": high,
            "households": int(chosen.sum()),
            "mean_ln": round(mean, 4),
            "sd_ln": round(float(np.sqrt(np.average((values - mean) ** 2, weights=weight))), 4),
            "quantiles": tuple(float(value) for value in np.round(quantiles, 4)),
            "replicates": tuple(float(value) for value in np.round(replicates, 3)),
        }
    )


def _row(values: Sequence[float]) -> str:
    return "[" + ", ".join(str(value) for value in values) + "]"
