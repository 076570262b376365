"""Which of a programme's areas (a bank's cluster, a payment phase) each place belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from kafalat.policy.model import Bank, Cluster, Phase, Place, Programme


def nearest(places: Iterable[Place], named: Mapping[str, str]) -> dict[str, str]:
    """Return for every place what `named` says of it or of its nearest ancestor; places it says nothing of are left out."""
    parents = {place.pcode: place.parent for place in places}
    found: dict[str, str] = {}
    for pcode in parents:
        current: str | None = pcode
        while current is not None and current not in named:
            current = parents.get(current)
        if current is not None:
            found[pcode] = named[current]
    return found


def clusters_in_force(programme: Programme, day: date) -> list[Cluster]:
    """Return the clusters in force on `day`."""
    return [cluster for cluster in programme.banks.clusters if cluster.covers(day)]


def bank_by_place(programme: Programme, day: date) -> dict[str, str]:
    """Return the code of the bank that serves each place on `day`."""
    named = {pcode: c.bank for c in clusters_in_force(programme, day) for pcode in c.places}
    return nearest(programme.places, named)


def phases_in_force(programme: Programme, day: date) -> tuple[Phase, ...]:
    """Return the payment phases in force on `day`, in order; none where no plan covers the day."""
    for plan in programme.calendar.phase_plans:
        if plan.covers(day):
            return plan.phases
    return ()


def phase_by_place(programme: Programme, day: date) -> dict[str, str]:
    """Return the code of the payment phase of each place on `day`."""
    named = {pcode: phase.code for phase in phases_in_force(programme, day) for pcode in phase.places}
    return nearest(programme.places, named)


def banks_by_code(programme: Programme) -> dict[str, Bank]:
    """Return the programme's banks by code."""
    return {bank.code: bank for bank in programme.banks.banks}
