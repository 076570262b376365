"""From a control sum to the rows behind it: lists of payments and of families held back, and one payment with its whole story."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from kafalat.config.sealing import sealer
from kafalat.enrolment.enrol import IBAN_PURPOSE
from kafalat.interfaces import labels, programmes
from kafalat.interfaces.console.words import bank_labels, hold_texts
from kafalat.interfaces.context import language_in_use, text
from kafalat.interfaces.cover_sheet import cover_sheet
from kafalat.interfaces.csv_export import Cell, csv_response
from kafalat.interfaces.jobs.services import start_job
from kafalat.payments import drill, selectors, story
from kafalat.payments.access import access_cycles, access_preparing

PAGE_SIZE = 50


def stated(narrowing: Mapping[str, str]) -> list[tuple[Cell, Cell]]:
    """Return in words what a list of payments is narrowed to: the name and value of each filter."""
    names: dict[str, str] = {
        "cycle": _("Cycle"),
        "list": _("List"),
        "file": _("Bank file"),
        "phase": _("Phase"),
        "bank": _("Bank"),
        "part": _("File"),
        "channel": _("Channel"),
        "status": _("State"),
        "quarter": _("Quarter"),
        "reason": _("What the bank says"),
    }
    banks = bank_labels()
    values: list[tuple[Cell, Cell]] = []
    for name, value in narrowing.items():
        shown = value
        if name == "cycle":
            shown = selectors.cycle_by_id(int(value)).tranche
        elif name == "list":
            shown = str(selectors.list_by_id(int(value)).payment_list.number)
        elif name == "bank" and value in banks:
            shown = text(banks[value])
        elif name in {"channel", "status"}:
            shown = labels.word("channel" if name == "channel" else "payment", value)
        elif name == "reason":
            shown = f"{labels.word('bank_reason', value)} ({value})"
        values.append((names[name], shown))
    return values


@require_safe
def payments(request: HttpRequest) -> HttpResponseBase:
    """List the payments behind a sum, narrowed by the address; `?form=csv` gives them all as a file."""
    access_cycles(cast(User, request.user))
    narrowing = drill.narrowed(request.GET.dict())
    found = drill.payments_of(narrowing)
    said = stated(narrowing)
    if request.GET.get("form") == "csv":
        return csv_response(
            "payments",
            stated=said,
            header=(
                _("Payment"),
                _("Cycle"),
                _("List"),
                _("Quarter"),
                _("Phase"),
                _("Bank"),
                _("File"),
                _("Channel"),
                _("State"),
                _("Paisa"),
            ),
            rows=(
                (
                    one.identity,
                    one.payment_list.cycle.tranche,
                    one.payment_list.number,
                    one.entitlement.quarter,
                    one.payment_list.phase,
                    one.bank,
                    one.part,
                    one.channel,
                    one.status,
                    one.amount_paisa,
                )
                for one in found.iterator(chunk_size=2000)
            ),
        )
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "stated": said,
        "narrowing": narrowing,
        "page": page,
        "total": drill.total_of(found),
        "banks": bank_labels(),
    }
    return render(request, "console/payments.html", context)


@require_safe
def payment(request: HttpRequest, identity: str) -> HttpResponse:
    """Show one payment: what it is, what happened, calls about it, cash taken out, and where its money went in the ledger."""
    user = cast(User, request.user)
    access_cycles(user)
    found = drill.payment_by_identity(identity)
    context = {
        "payment": found,
        "cycle": found.payment_list.cycle,
        "account": _masked(bytes(found.account.iban_sealed)),
        "happenings": story.happenings(found),
        "calls": story.calls_about(found),
        "cash": story.cash_taken(found),
        "transfers": story.transfers_about(found),
        "may_recall": story.may_be_recalled(found, user),
        "recall": story.recall_of(found),
        "banks": bank_labels(),
    }
    return render(request, "console/payment.html", context)


def _masked(sealed: bytes) -> str:
    """Return the last four characters of an account number, the rest hidden."""
    return f"•••• {sealer().unseal(sealed, IBAN_PURPOSE)[-4:]}"


@require_safe
def held_back(request: HttpRequest, cycle_id: int) -> HttpResponseBase:
    """List the families held back in a cycle, by `?phase=` and `?reason=`; `?form=csv` gives them as a file."""
    access_cycles(cast(User, request.user))
    cycle = selectors.cycle_by_id(cycle_id)
    phase, reason = request.GET.get("phase", ""), request.GET.get("reason", "")
    found = drill.held_rows(cycle, phase=phase, reason=reason)
    holds = hold_texts(cycle)
    if request.GET.get("form") == "csv":
        return csv_response(
            "held-back",
            stated=[
                (_("Cycle"), cycle.tranche),
                (_("Phase"), phase or _("all")),
                (_("Why"), reason or _("all")),
            ],
            header=(_("Household"), _("Phase"), _("Why"), _("Held back since")),
            rows=(
                (
                    one.beneficiary.family.household_id,
                    one.phase,
                    holds.get(one.reason, one.reason),
                    one.found_at,
                )
                for one in found.iterator(chunk_size=2000)
            ),
        )
    context = {
        "cycle": cycle,
        "phase": phase,
        "reason": reason,
        "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
        "holds": holds,
        "now": timezone.now(),
    }
    return render(request, "console/held_back.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def prepare(request: HttpRequest, cycle_id: int, phase: str) -> HttpResponse:
    """Say what preparing a phase's list does (GET), and start it in the background (POST)."""
    user = cast(User, request.user)
    access_preparing(user)
    cycle = selectors.cycle_by_id(cycle_id)
    if request.method == "POST":
        started = start_job(
            kind="prepare",
            arguments={"cycle_id": cycle.pk, "phase": phase},
            user=user,
            at=timezone.now(),
            subject=f"{cycle.tranche} {phase}",
        )
        return redirect("job", job_id=started.pk)
    context = {"cycle": cycle, "phase": phase}
    return render(request, "console/prepare.html", context)


@require_safe
def cover(request: HttpRequest, payment_list_id: int) -> HttpResponse:
    """Give the cover sheet of a list as PDF, in the language of the page."""
    access_cycles(cast(User, request.user))
    view = selectors.list_by_id(payment_list_id)
    programme = programmes.stamped(view.payment_list.cycle.programme_sha256)
    content = cover_sheet(view, programme, language_in_use(get_language()))
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="cover-{payment_list_id}.pdf"'},
    )
