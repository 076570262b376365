"""Steps of a whole cycle, each confirmed first: opening it, deciding about what came back, sending what waits, closing it."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kafalat.core.problems import problem
from kafalat.core.quarters import Quarter
from kafalat.interfaces import programmes
from kafalat.interfaces.console.calendar import next_tranche, planned_phases
from kafalat.interfaces.jobs.selectors import under_way
from kafalat.interfaces.jobs.services import start_job
from kafalat.interfaces.models import Job
from kafalat.interfaces.office import office
from kafalat.payments import selectors
from kafalat.payments.access import access_preparing, access_reconciling
from kafalat.payments.cycles.calendar import due_by_quarter
from kafalat.payments.cycles.closing import adrift, unfinished
from kafalat.payments.cycles.lifecycle import open_cycle
from kafalat.payments.models import Cycle, CyclePhase


@require_http_methods(["GET", "HEAD", "POST"])
def open_next(request: HttpRequest, tranche: Quarter) -> HttpResponse:
    """Say what opening a tranche's cycle does (GET), and open it (POST). One that is open already is shown.

    Raises the problems `access.refused`, `payments.tranche_not_next` and `payments.no_phases`.
    """
    user = cast(User, request.user)
    access_preparing(user)
    already = next((one for one in selectors.cycles() if one.tranche == str(tranche)), None)
    if already is not None:
        return redirect("cycle", cycle_id=already.pk)
    today, programme, here = timezone.localdate(), programmes.in_force(), office()
    following = next_tranche(list(selectors.cycles()), today)
    if tranche != following:
        raise problem("payments.tranche_not_next", cycle=tranche, following=following)
    if request.method == "POST":
        cycle = open_cycle(
            programme=programme,
            programme_folder=here.programme_folder,
            programmes=here.home.programmes,
            tranche=tranche,
            user=user,
            at=timezone.now(),
        )
        messages.success(request, _("The cycle is open. Its first list can be prepared now."))
        return redirect("cycle", cycle_id=cycle.pk)
    due = due_by_quarter(programme, tranche)
    context = {
        "tranche": str(tranche),
        "phases": planned_phases(tranche, programme, today),
        "amounts": [row["amount_paisa"] for row in due if row["quarter"] == str(tranche)],
        "earlier": len({row["quarter"] for row in due} - {str(tranche)}),
        "programme": programme,
    }
    return render(request, "console/cycle_open.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def close(request: HttpRequest, cycle_id: int) -> HttpResponse:
    """Show what stands in the way of closing a cycle and what closing does (GET), and start it (POST)."""
    user = cast(User, request.user)
    access_preparing(user)
    found = selectors.cycle_by_id(cycle_id)
    if request.method == "POST":
        return redirect("job", job_id=_started("close", found, user).pk)
    context = {
        "cycle": found,
        "is_open": found.status == Cycle.Status.OPEN,
        "waiting": list(found.phases.filter(status=CyclePhase.Status.WAITING)),
        "unfinished": unfinished(found),
        "adrift": adrift(found),
        "running": under_way(found.pk),
    }
    return render(request, "console/cycle_close.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def returns(request: HttpRequest, cycle_id: int) -> HttpResponse:
    """Say what deciding about rejected and returned payments does (GET), and start it (POST)."""
    user = cast(User, request.user)
    access_reconciling(user)
    found = selectors.cycle_by_id(cycle_id)
    if request.method == "POST":
        return redirect("job", job_id=_started("returns", found, user).pk)
    banks = programmes.stamped(found.programme_sha256).banks
    context = {
        "cycle": found,
        "back": [row for row in selectors.came_back(found) if row.undecided],
        "again": banks.reissue_codes,
        "attempts_max": banks.attempts_max,
        "running": under_way(found.pk),
    }
    return render(request, "console/cycle_returns.html", context)


@require_POST
def send(request: HttpRequest, cycle_id: int) -> HttpResponse:
    """Start sending what waits in the outbox; repeating it sends nothing twice."""
    found = selectors.cycle_by_id(cycle_id)
    return redirect("job", job_id=_started("send", found, cast(User, request.user)).pk)


def _started(kind: str, cycle: Cycle, user: User) -> Job:
    return start_job(
        kind=kind, arguments={"cycle_id": cycle.pk}, user=user, at=timezone.now(), subject=cycle.tranche
    )
