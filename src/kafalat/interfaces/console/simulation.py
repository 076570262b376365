"""Simulation: what a change would come to, asked by a form, kept by analysts, compared, exported."""

from __future__ import annotations

import json
from typing import cast

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from kafalat.core.problems import Problem
from kafalat.engine.outlook import Simulation
from kafalat.interfaces import programmes
from kafalat.interfaces.console.simulation_form import form_of, settings_of
from kafalat.interfaces.console.simulation_shown import asked, language, shown
from kafalat.interfaces.remember import remembered
from kafalat.interfaces.simulation_rows import Column, compared, csv_text
from kafalat.policy.model import Programme
from kafalat.registry.access import access_figures, roles_of
from kafalat.registry.selectors import place_tree
from kafalat.targeting import simulations
from kafalat.targeting.access import access_saving_simulations, may_save_simulations
from kafalat.targeting.models import Run, SavedSimulation
from kafalat.targeting.selectors import latest_run, run_by_id

BAD_REQUEST = 400


def _run(query: QueryDict) -> Run | None:
    """Return the run that is asked about: the one named, else the newest, None before the first."""
    asked = query.get("run", "")
    return run_by_id(int(asked)) if asked.isascii() and asked.isdigit() else latest_run()


def _answer(query: QueryDict, run: Run, programme: Programme) -> Simulation:
    """Return the answer a request asks for; remembered for a while by run, scorecard and settings."""
    files = simulations.scorecard_files(
        programme, programmes.folder_of(programme), programmes.folders().programmes
    )
    card = simulations.known_scorecard(query.get("scorecard", ""), files, programme)
    settings = settings_of(query, programme, run.policy_day)
    made_from = [run.pk, run.digest, settings, card]
    return remembered(
        "simulation",
        made_from,
        lambda: simulations.ask(
            run=run, programme=programme, folders=programmes.folders(), settings=settings, scorecard=card
        ),
    )


@require_safe
def simulation(request: HttpRequest) -> HttpResponse:
    """Ask what a change would come to. Without a change the answer is today."""
    user = cast(User, request.user)
    access_figures(user)
    run = _run(request.GET)
    if run is None:
        return render(request, "console/simulation.html", {"run": None})
    programme = programmes.exactly(run.programme_sha256)
    files = simulations.scorecard_files(
        programme, programmes.folder_of(programme), programmes.folders().programmes
    )
    context: dict[str, object] = {
        "run": run,
        "programme": programme,
        "form": form_of(request.GET, programme, run.policy_day, list(files)),
        "saved": simulations.saved_simulations()[:50],
        "may_save": may_save_simulations(roles_of(user)),
        "hidden": [(key, value) for key, values in request.GET.lists() for value in values],
        "query": request.GET.urlencode(),
    }
    status = 200
    try:
        context["shown"] = shown(_answer(request.GET, run, programme), programme, place_tree())
    except Problem as refusal:
        context["refused"] = refusal.text(language())
        # htmx shows no refused answer, so there the sentence comes as an ordinary one.
        status = 200 if request.headers.get("HX-Request") else BAD_REQUEST
    return render(request, "console/simulation.html", context, status=status)


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep the answer to the settings posted under a name, and show it. The answer is computed again, never taken from the form."""
    user = cast(User, request.user)
    access_saving_simulations(user)
    run = _run(request.POST)
    if run is None:
        raise Http404
    programme = programmes.exactly(run.programme_sha256)
    kept = simulations.save(
        run=run,
        name=request.POST.get("name", ""),
        answer=_answer(request.POST, run, programme),
        actor=user.get_username(),
        at=timezone.now(),
    )
    return redirect("simulation_saved", kept.pk)


@require_safe
def saved(request: HttpRequest, number: int) -> HttpResponse:
    """Show a saved simulation."""
    access_figures(cast(User, request.user))
    kept = simulations.saved_by_id(number)
    programme = programmes.stamped(kept.run.programme_sha256)
    context = {
        "kept": kept,
        "run": kept.run,
        "shown": shown(simulations.answer_of(kept), programme, place_tree()),
        "others": [each for each in simulations.saved_simulations()[:50] if each.pk != kept.pk],
        "query": f"saved={kept.pk}",
    }
    return render(request, "console/simulation_saved.html", context)


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Set two saved simulations side by side, each run's own today beside them."""
    access_figures(cast(User, request.user))
    chosen = [
        simulations.saved_by_id(int(value))
        for value in (request.GET.get("one", ""), request.GET.get("two", ""))
        if value.isascii() and value.isdigit()
    ]
    if len(chosen) != 2:
        raise Http404
    columns: list[Column] = []
    heads: list[tuple[SavedSimulation | None, Run]] = []
    for place, kept in enumerate(chosen):
        answer = simulations.answer_of(kept)
        if place == 0 or kept.run_id != chosen[0].run_id:
            columns.append(Column("", answer, today=True))
            heads.append((None, kept.run))
        columns.append(Column(kept.name, answer))
        heads.append((kept, kept.run))
    proposals = [
        (kept, asked(simulations.answer_of(kept), programmes.stamped(kept.run.programme_sha256)))
        for kept in chosen
    ]
    context = {"heads": heads, "rows": compared(columns, language()), "chosen": proposals}
    return render(request, "console/simulation_compare.html", context)


@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponse:
    """Give the answer, or the saved one named by `?saved=`, as JSON or as CSV by district."""
    access_figures(cast(User, request.user))
    number = request.GET.get("saved", "")
    if number.isascii() and number.isdigit():
        kept = simulations.saved_by_id(int(number))
        run, answer = kept.run, simulations.answer_of(kept)
        programme = programmes.stamped(run.programme_sha256)
    else:
        newest = _run(request.GET)
        if newest is None:
            raise Http404
        run, programme = newest, programmes.exactly(newest.programme_sha256)
        answer = _answer(request.GET, run, programme)
    if kind == "json":
        body = json.dumps({"run": run.pk, **answer.model_dump(mode="json")}, ensure_ascii=False, indent=1)
        response = HttpResponse(body, content_type="application/json; charset=utf-8")
    else:
        # The mark at the beginning tells spreadsheets that the Urdu is UTF-8.
        body = "\ufeff" + csv_text(answer, programme, run.pk)
        response = HttpResponse(body, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="simulation-run-{run.pk}.{kind}"'
    return response
