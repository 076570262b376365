"""The reconciliation workbench: what banks said that does not agree, each line with whom it may mean, and the sign-off."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from kafalat.core.problems import Problem
from kafalat.interfaces import programmes
from kafalat.interfaces.console.words import bank_labels
from kafalat.interfaces.context import language_in_use
from kafalat.interfaces.csv_export import csv_response
from kafalat.payments import selectors
from kafalat.payments.access import RECONCILERS, TREASURERS
from kafalat.payments.models import Cycle, ReportLine
from kafalat.payments.models.reconciliation import BOOKABLE
from kafalat.payments.reconciliation import workbench
from kafalat.payments.reconciliation.candidates import Candidate, candidates
from kafalat.payments.reconciliation.decisions import (
    VERDICTS,
    book_line,
    book_sure_lines,
    rules_of,
    set_aside,
)
from kafalat.payments.reconciliation.signoffs import counter_sign, state_figures
from kafalat.payments.reconciliation.threeway import three_way, unattributed
from kafalat.registry.access import roles_of

PAGE_SIZE = 50


def verdict_word(verdict: str) -> str:
    """Return what is wrong with a line, in the language of the page."""
    english, urdu = VERDICTS[verdict]
    return urdu if language_in_use(get_language()) == "ur" else english


def _said(refusal: Problem) -> str:
    return refusal.text(language_in_use(get_language()))


def _cycle(request: HttpRequest) -> Cycle | None:
    asked = request.GET.get("cycle", "")
    return (
        selectors.cycle_by_id(int(asked))
        if asked.isdecimal() and len(asked) < 18
        else selectors.latest_cycle()
    )


@require_http_methods(["GET", "HEAD", "POST"])
def reconciliation(request: HttpRequest) -> HttpResponse:
    """Show held lines by kind, the three sides of each bank of a cycle, and who signed; take the acts of both officers (POST)."""
    user = cast(User, request.user)
    workbench.access_workbench(user)
    cycle = _cycle(request)
    refused = ""
    if request.method == "POST":
        try:
            messages.success(request, _acted(request, user, cycle))
            return redirect(request.get_full_path())
        except Problem as refusal:
            refused = _said(refusal)
    sides = three_way(cycle) if cycle is not None else []
    count, paisa = unattributed()
    context = {
        "cycle": cycle,
        "cycles": list(selectors.cycles()),
        "held": [(one, verdict_word(one.verdict)) for one in workbench.held()],
        "sides": sides,
        "signed": workbench.sign_offs(cycle) if cycle is not None else {},
        "unattributed": count,
        "unattributed_paisa": paisa,
        "unexplained_paisa": sum(side.unexplained_paisa for side in sides),
        "banks": bank_labels(),
        "reconciles": bool(roles_of(user) & RECONCILERS),
        "treasures": bool(roles_of(user) & TREASURERS),
        "reader": user,
        "refused": refused,
    }
    return render(request, "console/reconciliation.html", context, status=400 if refused else 200)


def _acted(request: HttpRequest, user: User, cycle: Cycle | None) -> str:
    """Do what was asked and return the sentence that says so."""
    act, at = request.POST.get("act", ""), timezone.now()
    if act == "book_sure":
        booked = book_sure_lines(programme=programmes.in_force(), user=user, at=at)
        return _("%(lines)d lines were booked.") % {"lines": booked}
    if act == "state" and cycle is not None:
        state_figures(cycle_id=cycle.pk, bank=request.POST.get("bank", ""), user=user, at=at)
        return _("The figures are stated; the treasury officer signs them.")
    key = request.POST.get("sign_off", "")
    counter_sign(
        sign_off_id=int(key) if key.isdecimal() else 0,
        seen_sha256=request.POST.get("seen", ""),
        user=user,
        at=at,
    )
    return _("The reconciliation is signed.")


@require_safe
def reconciliation_lines(request: HttpRequest) -> HttpResponseBase:
    """List held lines, narrowed down by bank, verdict and answer; `?form=csv` gives them all as a file."""
    workbench.access_workbench(cast(User, request.user))
    bank, verdict = request.GET.get("bank", ""), request.GET.get("verdict", "")
    answer, waiting = request.GET.get("answer", ""), request.GET.get("open", "") == "1"
    verdict = verdict if verdict in VERDICTS else ""
    found = workbench.lines(bank=bank, verdict=verdict, answer=answer, undecided=waiting)
    if request.GET.get("form") == "csv":
        return csv_response(
            "report-lines",
            stated=[
                (_("Bank"), bank or _("all")),
                (_("What is wrong"), verdict_word(verdict) if verdict else _("all")),
                (_("Answer"), answer or _("all")),
                (_("Only what waits for a person"), _("yes") if waiting else _("no")),
            ],
            header=(
                _("Bank"), _("Answer"), _("Line"), _("What is wrong"), _("What the bank says"), _("Reference"), _("Paisa"),
                _("Name"), _("Text"), _("Day"), _("Payment"), _("Decided"),
            ),
            rows=(_row(line) for line in found.iterator(chunk_size=2000)),
        )  # fmt: skip
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [(line, verdict_word(line.verdict)) for line in page],
        "bank": bank,
        "verdict": verdict,
        "verdict_text": verdict_word(verdict) if verdict else "",
        "open": waiting,
        "banks": bank_labels(),
    }
    return render(request, "console/reconciliation_lines.html", context)


def _row(line: ReportLine) -> tuple[str | int | None, ...]:
    return (
        line.answer.bank, line.answer.message_id, line.line_no, verdict_word(line.verdict), line.outcome, line.reference,
        line.amount_paisa, line.name, line.text, str(line.booked_on or ""), line.payment.identity if line.payment else "",
        _("yes") if line.decisions.exists() else _("no"),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def reconciliation_line(request: HttpRequest, line_id: int) -> HttpResponse:
    """Show one held line beside the payments it may mean, with how sure; book it or set it aside (POST)."""
    user = cast(User, request.user)
    workbench.access_workbench(user)
    line = workbench.line_by_id(line_id)
    refused = ""
    if request.method == "POST":
        try:
            messages.success(request, _decided(request, line, user))
            return redirect("reconciliation_line", line.pk)
        except Problem as refusal:
            refused = _said(refusal)
    decisions = workbench.decisions_of(line)
    waits = len(decisions) == 1 and decisions[0].action == "book" and decisions[0].payment is not None
    booked = (
        waits and line.answer.answer_lines.filter(payment=decisions[0].payment, line_no=line.line_no).exists()
    )
    context = {
        "line": line,
        "verdict_text": verdict_word(line.verdict),
        "bank": bank_labels().get(line.answer.bank),
        "offers": [] if decisions else _offers(line),
        "decisions": decisions,
        "open": not decisions,
        "second": decisions[0] if waits and not booked else None,
        "bookable": line.verdict in BOOKABLE,
        "reconciles": bool(roles_of(user) & RECONCILERS),
        "reader": user,
        "refused": refused,
    }
    return render(request, "console/reconciliation_line.html", context, status=400 if refused else 200)


def _offers(line: ReportLine) -> list[tuple[Candidate, str]]:
    """Return the payments a line may mean, with how sure in percent; none where the programme has no rules."""
    try:
        matching = rules_of(programmes.in_force(), timezone.now())
    except Problem:
        return []
    found = candidates(matching=matching, line_id=line.pk).get(line.pk, [])
    return [(one, f"{one.confidence_ppm // 1000 / 10:.1f} %") for one in found]


def _decided(request: HttpRequest, line: ReportLine, user: User) -> str:
    if request.POST.get("act") == "set_aside":
        set_aside(line_id=line.pk, reason=request.POST.get("reason", ""), user=user, at=timezone.now())
        return _("The line is set aside.")
    stated = request.POST.get("confidence", "")
    decided = book_line(
        line_id=line.pk,
        payment_identity=request.POST.get("payment", ""),
        confidence_ppm=int(stated) if stated.isdecimal() and len(stated) < 8 else None,
        programme=programmes.in_force(),
        user=user,
        at=timezone.now(),
    )
    return (
        _("The line is booked.")
        if decided.booked
        else _("A second person must agree; then the line is booked.")
    )
