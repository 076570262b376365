"""Where synthetic households live: census figures of the programme's places, shared out exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kafalat.policy.model import Place, Programme
from kafalat.survey.draws import Floats, Integers, normal_quantile
from kafalat.survey.tables import provinces

_MEMBERS_PER_HOUSEHOLD = 6.4  # to compare places known by population with places known by households
_SHIFT = (
    0.8  # of the difference in poverty between a district and its province, in standard deviations of welfare
)
_SHIFT_MAX = 1.0


@dataclass(frozen=True)
class Homes:
    """The tehsils (or districts without any) that get households: one position each, in P-code order."""

    pcodes: tuple[str, ...]
    provinces: tuple[str, ...]
    counts: Integers
    rural_share: Floats
    shift: Floats


def share_out(households: int, programme: Programme, figures: Mapping[str, Any]) -> Homes:
    """Return how many of `households` live where, by largest remainder: districts first, then their tehsils.

    A district's weight is its households, else its population; a province of which nothing is known has its rounded
    population shared equally. A district of which nothing is known in a known province has been merged into others.
    """
    code_of = provinces(programme)
    districts = sorted(
        (place for place in programme.places if place.level == "district"), key=lambda place: place.pcode
    )
    weights = np.array([_weight(district) for district in districts])
    for province, people in figures["population_where_unknown"].items():
        inside = np.array([district.parent == province for district in districts])
        if inside.any() and weights[inside].sum() == 0:
            weights[inside] = people / _MEMBERS_PER_HOUSEHOLD / inside.sum()
    if weights.sum() == 0:
        weights[:] = 1
    counts = _largest_remainder(weights, households)
    rural = _rural_shares(districts, weights)
    shift = _shifts(districts, weights, figures["poverty_percent"])
    rows: list[tuple[str, str, int, float, float]] = []
    for number, district in enumerate(districts):
        inside_places = _tehsils(programme, district)
        shared = _largest_remainder(np.array([weight for _, weight in inside_places]), int(counts[number]))
        for (pcode, _), count in zip(inside_places, shared, strict=True):
            rows.append(
                (pcode, code_of.get(pcode, ""), int(count), float(rural[number]), float(shift[number]))
            )
    pcodes, codes, numbers, rurals, shifts = zip(*rows, strict=True)
    return Homes(pcodes, codes, np.array(numbers), np.array(rurals), np.array(shifts))


def _weight(district: Place) -> float:
    if district.households is not None:
        return float(district.households)
    return (district.population or 0) / _MEMBERS_PER_HOUSEHOLD


def _tehsils(programme: Programme, district: Place) -> list[tuple[str, float]]:
    """Return the district's tehsils with their shares: equal where none has a figure; one without, among others with, gets none."""
    inside = sorted(
        (place for place in programme.places if place.parent == district.pcode), key=lambda place: place.pcode
    )
    if not inside:
        return [(district.pcode, 1.0)]
    known = any(place.population for place in inside)
    return [(place.pcode, float(place.population or 0) if known else 1.0) for place in inside]


def _largest_remainder(weights: Floats, total: int) -> Integers:
    """Return whole numbers in proportion to the weights that add up to `total` exactly."""
    exact = weights / weights.sum() * total
    whole: Integers = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole


def _rural_shares(districts: list[Place], weights: Floats) -> Floats:
    """Return the share of village households; a district without a figure takes the mean of those that have one."""
    shares = np.array([np.nan if d.rural_share_pct is None else d.rural_share_pct / 100 for d in districts])
    known = ~np.isnan(shares) & (weights > 0)
    mean = float(np.average(shares[known], weights=weights[known])) if known.any() else 0.6
    return np.where(np.isnan(shares), mean, shares)


def _shifts(districts: list[Place], weights: Floats, poverty_percent: Mapping[str, float]) -> Floats:
    """Return how much better off a district is than its province, in standard deviations of welfare."""
    rates = np.array([poverty_percent.get(district.pcode, np.nan) for district in districts]) / 100
    standing = -normal_quantile(np.clip(rates, 0.01, 0.95))
    known = ~np.isnan(rates) & (weights > 0)
    shifts = np.zeros(len(districts))
    for province in {district.parent for district in districts}:
        inside = known & np.array([district.parent == province for district in districts])
        if inside.any():
            shifts[inside] = standing[inside] - np.average(standing[inside], weights=weights[inside])
    return np.clip(_SHIFT * shifts, -_SHIFT_MAX, _SHIFT_MAX)
