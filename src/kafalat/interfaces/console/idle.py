"""Money nobody collects: warnings, orders to take it back, and claims; what each would move stands beside its button."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from kafalat.config.sealing import sealer
from kafalat.core.problems import Problem
from kafalat.interfaces import programmes
from kafalat.interfaces.console.words import bank_labels, number, with_refusal
from kafalat.interfaces.csv_export import csv_response
from kafalat.interfaces.office import office
from kafalat.payments.access import RECONCILERS, RELEASERS, access_cycles
from kafalat.payments.cycles.calendar import local_day
from kafalat.payments.reconciliation import idle_reads
from kafalat.payments.reconciliation.idle import (
    approve_take_back,
    grant_claim,
    order_take_back,
    put_take_back,
    queue_warnings,
    rules_on,
    take_claim,
)
from kafalat.registry.access import roles_of

LIST_LIMIT = 500
EXPORT_LIMIT = 1_000_000


@require_http_methods(["GET", "HEAD", "POST"])
def idle(request: HttpRequest) -> HttpResponse:
    """Show what waits for a person, what lies uncollected by bank and tranche, orders and claims; take the acts (POST)."""
    user, now, refusal = cast(User, request.user), timezone.now(), None
    access_cycles(user)
    if request.method == "POST":
        try:
            messages.success(request, _acted(request, user))
        except Problem as problem:
            refusal = problem
        else:
            return redirect("idle")
    programme, roles = programmes.in_force(), roles_of(user)
    shares, orders = idle_reads.idle_shares(programme=programme, at=now), idle_reads.orders()
    ready = [share for share in shares if share.ready]
    by_bank: dict[str, tuple[int, int]] = {}
    for share in ready:
        count, paisa = by_bank.get(share.bank, (0, 0))
        by_bank[share.bank] = (count + share.ready, paisa + share.ready_paisa)
    context = {
        "rules": rules_on(programme, local_day(now)),
        "shares": shares,
        "payments": sum(share.payments for share in shares),
        "paisa": sum(share.amount_paisa for share in shares),
        "to_warn": sum(share.to_warn for share in shares),
        "ready": sum(share.ready for share in shares),
        "ready_paisa": sum(share.ready_paisa for share in shares),
        "ready_banks": sorted((bank, *figures) for bank, figures in by_bank.items()),
        "orders": orders,
        "unapproved": [one for one in orders if one.approval is None],
        "claims": list(idle_reads.waiting_claims()),
        "banks": bank_labels(),
        "reconciles": bool(roles & RECONCILERS),
        "releases": bool(roles & RELEASERS),
        "reader": user,
        "claimed": request.POST.get("payment", request.GET.get("payment", ""))[:40],
        "reason": request.POST.get("reason", ""),
    }
    return with_refusal(request, "console/idle.html", context, refusal)


def _acted(request: HttpRequest, user: User) -> str:
    """Do what was asked and return the sentence that says so."""
    act, at, programme = request.POST.get("act", ""), timezone.now(), programmes.in_force()
    payment = request.POST.get("payment", "").strip()
    if act == "warn":
        queued = queue_warnings(programme=programme, user=user, at=at)
        return _("%(messages)d messages wait to be sent.") % {"messages": queued}
    if act == "order":
        order = order_take_back(programme=programme, bank=request.POST.get("bank", ""), user=user, at=at)
        return _("The order is made: %(payments)d payments. A releaser approves it.") % {
            "payments": order.payments
        }
    if act == "approve":
        key = number(request.POST.get("order", ""))
        approve_take_back(take_back_id=key, seen_sha256=request.POST.get("seen", ""), user=user, at=at)
        put_take_back(take_back_id=key, sealer=sealer(), outgoing=office().outgoing, user=user)
        return _("The order is approved and lies where the bank fetches its files.")
    if act == "put":
        key = number(request.POST.get("order", ""))
        put_take_back(take_back_id=key, sealer=sealer(), outgoing=office().outgoing, user=user)
        return _("The order lies where the bank fetches its files.")
    if act == "grant":
        grant_claim(payment_identity=payment, user=user, at=at)
        return _("The claim is granted; the payment is tried again in the next list.")
    take_claim(payment_identity=payment, reason=request.POST.get("reason", ""), user=user, at=at)
    return _("The claim is taken; a releaser grants it.")


@require_safe
def idle_payments(request: HttpRequest) -> HttpResponseBase:
    """List the payments behind a sum of idle money, by `?bank=` and `?tranche=`; `?form=csv` gives them as a file."""
    access_cycles(cast(User, request.user))
    bank, tranche = request.GET.get("bank", ""), request.GET.get("tranche", "")
    as_file = request.GET.get("form") == "csv"
    found = idle_reads.idle_payments(
        programme=programmes.in_force(),
        at=timezone.now(),
        bank=bank,
        tranche=tranche,
        limit=EXPORT_LIMIT if as_file else LIST_LIMIT + 1,
    )
    if as_file:
        return csv_response(
            "idle-payments",
            stated=[(_("Bank"), bank or _("all")), (_("Tranche"), tranche or _("all"))],
            header=(
                _("Payment"), _("Bank"), _("Tranche"), _("Paisa"), _("Paid on"), _("Warnings"), _("May be taken back from"),
            ),
            rows=(
                (one.identity, one.bank, one.tranche, one.amount_paisa, str(one.paid_on), one.queued, str(one.back_on))
                for one in found
            ),
        )  # fmt: skip
    context = {
        "rows": found[:LIST_LIMIT],
        "more": len(found) > LIST_LIMIT,
        "limit": LIST_LIMIT,
        "bank": bank,
        "tranche": tranche,
        "banks": bank_labels(),
    }
    return render(request, "console/idle_payments.html", context)
