"""The calendar: every tranche with its phases, their days, districts and channels, where each stands and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import cast

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from kafalat.core.quarters import Quarter, parse_quarter, quarter_of
from kafalat.core.text import Bilingual
from kafalat.interfaces import programmes
from kafalat.payments import selectors
from kafalat.payments.access import PREPARERS, access_cycles
from kafalat.payments.cycles.calendar import phase_rows
from kafalat.payments.models import Cycle, CyclePhase
from kafalat.payments.selectors import ListView
from kafalat.policy.geography import phase_by_place
from kafalat.policy.model import Programme
from kafalat.registry.access import roles_of
from kafalat.registry.selectors import place_tree

AHEAD = 2  # quarters shown before their cycle is opened
SHOWN = 8  # cycles, newest first


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """One phase of a tranche. `next_step` is a code the page has words for; `waits` the lists under way in it."""

    phase: CyclePhase
    label: Bilingual
    districts: int
    lists: tuple[ListView, ...]
    next_step: str


@dataclass(frozen=True, slots=True)
class TrancheRow:
    """One tranche: its cycle where it was opened, and its phases in order."""

    tranche: str
    cycle: Cycle | None
    phases: tuple[PhaseRow, ...]


@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """Show the tranches opened and those that come next."""
    user = cast(User, request.user)
    access_cycles(user)
    today = timezone.localdate()
    opened = list(selectors.cycles()[:SHOWN])
    rows = [_opened(cycle, today) for cycle in opened]
    rows = [*_ahead(opened, today), *rows]
    context = {"rows": rows, "today": today, "may_prepare": bool(roles_of(user) & PREPARERS)}
    context["following"] = str(next_tranche(opened, today))
    return render(request, "console/calendar.html", context)


def _ahead(opened: list[Cycle], today: date) -> list[TrancheRow]:
    """Return the tranches to come, latest first, as the programme in force plans them."""
    programme = programmes.in_force()
    tranche = next_tranche(opened, today)
    rows = []
    for _number in range(AHEAD):
        rows.append(TrancheRow(str(tranche), None, planned_phases(tranche, programme, today)))
        tranche = tranche.following()
    return rows[::-1]


def next_tranche(opened: list[Cycle], today: date) -> Quarter:
    """Return the tranche to be opened next: the one after the last, or today's before the first."""
    known = [parse_quarter(cycle.tranche) for cycle in opened]
    return max(known).following() if known else quarter_of(today)


def planned_phases(tranche: Quarter, programme: Programme, today: date) -> tuple[PhaseRow, ...]:
    """Return the phases a tranche will have. Raises the problem `payments.no_phases`."""
    planned = Cycle(programme_code=programme.code, tranche=str(tranche))
    return _phases(planned, programme, phase_rows(planned, programme), (), today)


def _opened(cycle: Cycle, today: date) -> TrancheRow:
    programme = programmes.stamped(cycle.programme_sha256)
    views = tuple(selectors.lists_of(cycle))
    return TrancheRow(cycle.tranche, cycle, _phases(cycle, programme, list(cycle.phases.all()), views, today))


def _phases(
    cycle: Cycle, programme: Programme, phases: list[CyclePhase], views: tuple[ListView, ...], today: date
) -> tuple[PhaseRow, ...]:
    labels = {phase.code: phase.label for plan in programme.calendar.phase_plans for phase in plan.phases}
    districts = _districts(programme, cycle)
    rows = []
    for phase in phases:
        own = tuple(view for view in views if view.payment_list.phase == phase.code)
        label = labels.get(phase.code, Bilingual(en=phase.code, ur=phase.code))
        rows.append(
            PhaseRow(phase, label, districts.get(phase.code, 0), own, _next(cycle, phase, own, today))
        )
    return tuple(rows)


def _districts(programme: Programme, cycle: Cycle) -> dict[str, int]:
    """Return how many districts each phase holds a place of."""
    tree = place_tree()
    found: dict[str, set[str]] = {}
    for place, phase in phase_by_place(programme, parse_quarter(cycle.tranche).first_day()).items():
        district = next((node.pcode for node in tree.up(place) if node.level == "district"), None)
        if district is not None:
            found.setdefault(phase, set()).add(district)
    return {phase: len(places) for phase, places in found.items()}


def _next(cycle: Cycle, phase: CyclePhase, views: tuple[ListView, ...], today: date) -> str:
    """Return what comes next in a phase."""
    acts = [view.next_act for view in views if view.next_act]
    if acts:
        return "early" if acts[0] == "release" and phase.opens_on > today else str(acts[0])
    if cycle.status == Cycle.Status.CLOSED:
        return "closed"
    if not cycle.pk:
        return "open"
    return "prepare" if phase.status == CyclePhase.Status.WAITING else "done"
