"""Search for households, and the page of one: who lives there, its facts, its score term by term, decisions and payments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, cast
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from kafalat.config.sealing import sealer
from kafalat.core.text import Bilingual
from kafalat.enrolment.selectors import EnrolmentView, enrolments_of
from kafalat.interfaces import programmes
from kafalat.interfaces.console.explained import why
from kafalat.interfaces.paper.slips import SLIP_LANGUAGES
from kafalat.payments.models import AnswerLine, Payment
from kafalat.payments.selectors import payments_of_household
from kafalat.policy.model import Programme
from kafalat.registry.access import access_households
from kafalat.registry.models import Interview
from kafalat.registry.selectors import HouseholdView, household_view, place_tree
from kafalat.targeting.explain import value_text
from kafalat.targeting.models import Decision
from kafalat.targeting.selectors import (
    NAME_LENGTH_MIN,
    Search,
    decisions_of,
    household_by_number,
    is_number,
    payees_of,
    search_households,
)

PAGE_SIZE = 25


FILTERS = ("place", "outcome", "reason", "missing", "no_payee", "run")


@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """Find households by CNIC, form number or name, and narrow them down by place and decision.

    The form is posted, so that no number of a person ever stands in an address, a history or a log: a number leads
    straight to its household, a name to the address of its results.
    """
    access_households(cast(User, request.user))
    if request.method != "POST":
        return _results(request, request.GET, unknown_number=False)
    text = request.POST.get("q", "").strip()
    if not is_number(text):
        asked = {"q": text, **{name: request.POST.get(name, "") for name in FILTERS}}
        return redirect(f"{reverse('households')}?{urlencode({k: v for k, v in asked.items() if v})}")
    found = household_by_number(text, sealer=sealer())
    if found is None:
        return _results(request, QueryDict(), unknown_number=True)
    return redirect("household", household_id=found)


def _results(request: HttpRequest, asked: QueryDict, *, unknown_number: bool) -> HttpResponse:
    terms = Search(
        name=asked.get("q", ""),
        place=asked.get("place", ""),
        outcome=asked.get("outcome", ""),
        reason=asked.get("reason", ""),
        missing=asked.get("missing", ""),
        no_payee=asked.get("no_payee", ""),
        run_id=_number(asked.get("run", "")) or None,
    )
    results = search_households(terms, page=_number(asked.get("page", "")) or 1, page_size=PAGE_SIZE)
    tree = place_tree()
    provinces = [
        (province, [node for node in tree.at_level("district") if node.parent == province.pcode])
        for province in tree.at_level("province")
    ]
    context = {
        "terms": terms,
        "unknown_number": unknown_number,
        "name_too_short": 0 < len(terms.name.strip()) < NAME_LENGTH_MIN,
        "results": results,
        "rows": [(row, tree.nodes.get(row.pcode), tree.at(row.pcode, "district")) for row in results.rows],
        "provinces": provinces,
        "finer_place": place if (place := tree.nodes.get(terms.place)) and place.level == "tehsil" else None,
        "filters": _filters(terms, programmes.in_force()),
    }
    return render(request, "console/households.html", context)


def _number(text: str) -> int:
    """Return a positive whole number from a query, 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _filters(terms: Search, programme: Programme) -> list[tuple[str, str, Bilingual]]:
    """Return the filters that came with a link from another page: kind, value, and the words for it."""
    found = []
    if terms.reason:
        code = Bilingual(en=terms.reason, ur=terms.reason)
        found.append(("reason", terms.reason, programme.eligibility.reasons.get(terms.reason, code)))
    if terms.missing:
        names = {fact.name: fact.label for fact in programme.facts}
        found.append(
            (
                "missing",
                terms.missing,
                names.get(terms.missing, Bilingual(en=terms.missing, ur=terms.missing)),
            )
        )
    if terms.no_payee:
        labels = programme.unpaid_reasons
        found.append(
            (
                "no_payee",
                terms.no_payee,
                labels.get(terms.no_payee, Bilingual(en=terms.no_payee, ur=terms.no_payee)),
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class FactRow:
    """One collected fact of the household: its words and the household's answer (None: missing)."""

    label: Bilingual
    value: Bilingual | None
    unit: str


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the household's timeline, with the record it comes from."""

    on: date
    kind: Literal["interview", "decision", "enrolment", "payment"]
    record: Interview | Decision | EnrolmentView | Payment
    lines: Sequence[AnswerLine] = ()


@require_safe
def household(request: HttpRequest, household_id: int) -> HttpResponse:
    """Show one household."""
    access_households(cast(User, request.user))
    view = household_view(household_id=household_id, sealer=sealer())
    decisions = decisions_of(household_id)
    newest = decisions[0] if decisions else None
    programme = programmes.stamped(newest.run.programme_sha256) if newest else programmes.in_force()
    explained = why(newest, view.household, programme) if newest else None
    context = {
        "view": view,
        "household": view.household,
        "decision": newest,
        "programme": programme,
        "why": explained,
        "slip_languages": SLIP_LANGUAGES,
        "payees": payees_of(household_id, newest.run) if newest else {},
        "no_payee": programme.unpaid_reasons,
        "payee_rules": {rule.code: rule.label for rule in programme.eligibility.payees},
        "banks": {bank.code: bank.label for bank in programme.banks.banks},
        "components": {component.code: component.label for component in programme.components},
        "facts": fact_rows(programme, view.household.facts),
        **_history(view, decisions),
    }
    return render(request, "console/household.html", context)


def fact_rows(programme: Programme, answers: dict[str, Any]) -> list[FactRow]:
    """Return every collected fact of the household in the programme's order, answered or not."""
    return [
        FactRow(fact.label, value_text(fact, answers.get(fact.name)), fact.unit or "")
        for fact in programme.facts
        if fact.level == "household" and fact.kind == "collected"
    ]


def _history(view: HouseholdView, decisions: Sequence[Decision]) -> dict[str, object]:
    """Return the enrolments, the payments, and all that happened to the household on one timeline, newest first."""
    enrolments = enrolments_of(view.household.pk)
    payments = payments_of_household(view.household.pk)
    events = [Event(interview.interviewed_on, "interview", interview) for interview in view.interviews]
    events += [
        Event(timezone.localdate(decision.run.started_at), "decision", decision) for decision in decisions
    ]
    events += [Event(found.beneficiary.enrolled_on, "enrolment", found) for found in enrolments]
    events += [
        Event(
            timezone.localdate(payment.payment_list.prepared_at),
            "payment",
            payment,
            tuple(payment.answer_lines.all()),
        )
        for payment in payments
    ]
    # What happens on one day happens in this order: the chain's own.
    order = ("interview", "decision", "enrolment", "payment")
    events.sort(key=lambda event: (event.on, order.index(event.kind)), reverse=True)
    return {"enrolments": enrolments, "payments": payments, "timeline": events}
