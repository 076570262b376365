"""The first page of staff: what needs attention, then the key figures, the map, the scores and the cycle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from kafalat.core.quarters import quarter_of
from kafalat.enrolment.selectors import enrolled_by_place, enrolled_by_status
from kafalat.interfaces import programmes
from kafalat.interfaces.console import pictures
from kafalat.interfaces.console.regions import PlaceFigures, Regions, regions
from kafalat.interfaces.remember import remembered
from kafalat.payments import selectors as payments
from kafalat.payments.models import Cycle
from kafalat.payments.selectors import ListView, Stage, WaitingBack
from kafalat.policy.model import Programme
from kafalat.registry.access import access_figures, may_read_households, roles_of
from kafalat.registry.selectors import PlaceTree, households_by_place, place_tree, registry_figures
from kafalat.targeting import selectors as targeting
from kafalat.targeting.models import Run
from kafalat.targeting.selectors import CodeCount


@dataclass(frozen=True, slots=True)
class Attention:
    """What waits for a person: lists to decide about, money that came back, households and families that cannot go on."""

    lists: Sequence[ListView]
    back: Sequence[WaitingBack]
    unsent_files: int
    incomplete: int
    no_payee: Sequence[CodeCount]

    @property
    def anything(self) -> bool:
        """Say whether anything waits."""
        return bool(self.lists or self.back or self.unsent_files or self.incomplete or self.no_payee)


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show where everything stands. `?map=` chooses the map's measure."""
    user = cast(User, request.user)
    access_figures(user)
    linked = may_read_households(roles_of(user))
    figures, run, cycle = registry_figures(), targeting.latest_run(), payments.latest_cycle()
    stages = payments.stages(cycle) if cycle else []
    programme = programmes.stamped(run.programme_sha256) if run else programmes.in_force()
    measure = next((m for m in pictures.MEASURES if m == request.GET.get("map")), pictures.MEASURES[0])
    tree, enrolled = place_tree(), enrolled_by_status()
    found = _regions(tree, run, cycle, (figures.households, stages, sorted(enrolled.items())))
    back = payments.came_back(cycle) if cycle else []
    context = {
        "figures": figures,
        "run": run,
        "cycle": cycle,
        "stages": stages,
        "programme": programme,
        "attention": _attention(run),
        "enrolled": sum(count for status, count in enrolled.items() if status != "exited"),
        "back_count": sum(row.count for row in back),
        "back_paisa": sum(row.amount_paisa for row in back),
        "today": timezone.localdate(),
        "quarter": str(quarter_of(timezone.localdate())),
        "measure": measure,
        "measures": pictures.MEASURES,
        "regions": found,
        "map": pictures.region_map(found, tree, measure, linked=linked),
        **_scores(run, programme),
        "funnel": pictures.funnel_chart(stages) if stages else "",
    }
    return render(request, "console/overview.html", context)


def _scores(run: Run | None, programme: Programme) -> dict[str, object]:
    if run is None:
        return {}
    counts = targeting.score_counts(run)
    histogram = pictures.score_chart(counts, programme, run.policy_day) if counts else ""
    return {"bands": pictures.score_bands(counts), "histogram": histogram}


def _attention(run: Run | None) -> Attention:
    return Attention(
        lists=payments.waiting_lists(),
        back=payments.waiting_back(),
        unsent_files=payments.unsent_files(),
        incomplete=run.incomplete if run else 0,
        no_payee=targeting.no_payee_counts(run) if run else (),
    )


def _regions(
    tree: PlaceTree,
    run: Run | None,
    cycle: Cycle | None,
    state: tuple[int, Sequence[Stage], list[tuple[str, int]]],
) -> Regions:
    """Return the figures by place; counted anew only when the run, the cycle or their totals (`state`) are new."""

    def counted() -> Regions:
        return regions(
            tree,
            PlaceFigures(
                surveyed=households_by_place(),
                outcomes=targeting.outcomes_by_place(run) if run else {},
                enrolled=enrolled_by_place(),
                paid_paisa=payments.paid_by_place(cycle) if cycle else {},
            ),
        )

    return remembered("regions", (run and run.pk, cycle and cycle.pk, state), counted)
