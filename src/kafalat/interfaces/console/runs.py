"""Runs: the list, and one run with its counts, digests, histogram, reasons and missing facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kafalat.core.text import Bilingual
from kafalat.interfaces import programmes
from kafalat.interfaces.console import pictures
from kafalat.registry.access import access_figures
from kafalat.targeting import selectors
from kafalat.targeting.selectors import CodeCount

PAGE_SIZE = 25


@dataclass(frozen=True, slots=True)
class Counted:
    """A code with its words and how often it occurs; `share_pct` of the whole is its bar's length."""

    code: str
    label: Bilingual
    count: int
    share_pct: int


def counted(rows: Sequence[CodeCount], labels: dict[str, Bilingual], whole: int) -> list[Counted]:
    """Return counted codes in words; a code without words stands for itself."""
    return [
        Counted(
            row.code,
            labels.get(row.code, Bilingual(en=row.code, ur=row.code)),
            row.count,
            round(100 * row.count / whole) if whole else 0,
        )
        for row in rows
    ]


@require_safe
def runs(request: HttpRequest) -> HttpResponse:
    """List all runs, newest first."""
    access_figures(cast(User, request.user))
    page = Paginator(selectors.runs(), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "console/runs.html", {"page": page})


@require_safe
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    """Show one run."""
    access_figures(cast(User, request.user))
    found = selectors.run_by_id(run_id)
    programme = programmes.stamped(found.programme_sha256)
    counts = selectors.score_counts(found)
    facts = {fact.name: fact.label for fact in programme.facts}
    no_payee = programme.unpaid_reasons
    reasons = programme.eligibility.reasons
    families = selectors.no_payee_counts(found)
    whole = found.eligible + found.ineligible + found.incomplete
    context = {
        "run": found,
        "whole": whole,
        "programme": programme,
        "programme_kept": programme.sha256 == found.programme_sha256,
        "histogram": pictures.score_chart(counts, programme, found.policy_day) if counts else "",
        "bands": pictures.score_bands(counts),
        "reasons": [
            (outcome, counted(selectors.reason_counts(found, outcome), reasons, total))
            for outcome, total in (
                ("eligible", found.eligible),
                ("ineligible", found.ineligible),
                ("incomplete", found.incomplete),
            )
        ],
        "missing": counted(selectors.missing_fact_counts(found), facts, found.incomplete),
        "no_payee": counted(families, no_payee, sum(row.count for row in families)),
    }
    return render(request, "console/run.html", context)
