"""Checks that phases and clusters name places that are there, each once, and leave no province out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from typing import TypeVar

from pydantic import BaseModel

from kafalat.policy.findings import Fault, Finding
from kafalat.policy.model import Cluster, Share
from kafalat.policy.parts import Part
from kafalat.policy.places import Places
from kafalat.policy.sheaf import Sheaf

M = TypeVar("M", bound=BaseModel)
Location = tuple[str | int, ...]


def coverage(sheaf: Sheaf) -> Iterator[Finding]:
    """Yield the findings of all places in `calendar.yaml` and `banks.yaml`."""
    if not sheaf.places.by_pcode:
        return
    yield from _phases(sheaf)
    yield from _clusters(sheaf)
    yield from _shares(sheaf)


def _phases(sheaf: Sheaf) -> Iterator[Finding]:
    part, places = sheaf.calendar, sheaf.places
    if part.value is None:
        return
    for position, plan in enumerate(part.value.phase_plans):
        taken: dict[str, str] = {}
        for index, phase in enumerate(plan.phases):
            for order, pcode in enumerate(phase.places):
                location = ("phase_plans", position, "phases", index, "places", order)
                if pcode not in places.by_pcode:
                    yield from _unknown(part, location, pcode, places)
                elif pcode in taken:
                    yield part.finding(location, _twice(pcode, taken[pcode]))
                taken.setdefault(pcode, phase.code)
        if part.whole and places.whole:
            for pcode in _left_out(places, taken):
                fault = Fault(
                    f"No phase of this plan has {_named(places, pcode)}.",
                    f"اس منصوبے کے کسی مرحلے میں {_named(places, pcode, 'ur')} نہیں۔",
                )
                yield part.finding(("phase_plans", position), fault)


def _clusters(sheaf: Sheaf) -> Iterator[Finding]:
    part, places = sheaf.banks, sheaf.places
    if part.value is None:
        return
    clusters = part.value.clusters
    seen: dict[str, list[Cluster]] = {}
    for index, cluster in enumerate(clusters):
        for order, pcode in enumerate(cluster.places):
            location = ("clusters", index, "places", order)
            if pcode not in places.by_pcode:
                yield from _unknown(part, location, pcode, places)
            for other in seen.get(pcode, []):
                if _together(cluster, other):
                    yield part.finding(location, _twice(pcode, other.code))
            seen.setdefault(pcode, []).append(cluster)
    if part.whole and places.whole:
        yield from _uncovered(part, clusters, places)


def _shares(sheaf: Sheaf) -> Iterator[Finding]:
    """Quotas and budgets name places that are there; from the first day of those in use, every province has one."""
    part, places = sheaf.selection, sheaf.places
    if part.value is None:
        return
    named: tuple[tuple[str, Sequence[Share], bool], ...] = (
        ("quotas", part.value.quotas, part.value.by == "quota"),
        ("budgets", part.value.budgets, part.value.by == "budget"),
    )
    for key, rows, used in named:
        for index, row in enumerate(rows):
            if row.place not in places.by_pcode:
                yield from _unknown(part, (key, index, "place"), row.place, places)
        if used and part.whole and places.whole:
            ends = {row.to + timedelta(days=1) for row in rows if row.to is not None}
            for day in sorted({row.from_ for row in rows} | ends) or [date.min]:
                for pcode in _left_out(places, [row.place for row in rows if row.covers(day)]):
                    fault = Fault(
                        f"Nothing in '{key}' is for {_named(places, pcode)} on {day}.",
                        f"{day} کو «{key}» میں {_named(places, pcode, 'ur')} کے لیے کچھ نہیں۔",
                    )
                    yield part.finding((key,), fault)


def _uncovered(part: Part[M], clusters: Sequence[Cluster], places: Places) -> Iterator[Finding]:
    """From the day the first cluster begins, each province has a bank at every time."""
    ends = {cluster.to + timedelta(days=1) for cluster in clusters if cluster.to is not None}
    reported: set[str] = set()
    for day in sorted({cluster.from_ for cluster in clusters} | ends):
        running = [pcode for cluster in clusters if cluster.covers(day) for pcode in cluster.places]
        for pcode in _left_out(places, running):
            if pcode not in reported:
                reported.add(pcode)
                fault = Fault(
                    f"No cluster has {_named(places, pcode)} on {day}.",
                    f"{day} کو کسی کلسٹر میں {_named(places, pcode, 'ur')} نہیں۔",
                )
                yield part.finding(("clusters",), fault)


def _left_out(places: Places, named: Collection[str]) -> list[str]:
    """Return the provinces that neither stand in `named` themselves nor lie in a place that does."""
    return [
        place.pcode
        for place in places.of_level("province")
        if not any(pcode in named for pcode in places.ancestors(place.pcode))
    ]


def _together(one: Cluster, other: Cluster) -> bool:
    return one.covers(other.from_) or other.covers(one.from_)


def _unknown(part: Part[M], location: Location, pcode: str, places: Places) -> Iterator[Finding]:
    """Yield the finding of an unknown place; with rows of places.csv set aside, it may be one of them."""
    if places.whole:
        yield part.finding(location, places.unknown(pcode))


def _twice(pcode: str, other: str) -> Fault:
    return Fault(
        f"{pcode} belongs to '{other}' at the same time.", f"{pcode} اسی مدت میں «{other}» میں بھی ہے۔"
    )


def _named(places: Places, pcode: str, language: str = "en") -> str:
    return f"{pcode} ({places.by_pcode[pcode].name.in_(language)})"
