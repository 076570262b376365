"""Recalls: ask a payment back, agree as another person, follow what the bank answers, and decide about what came back."""

from __future__ import annotations

from typing import Literal, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from kafalat.core.bank_formats import RECALL_REASONS
from kafalat.core.problems import Problem
from kafalat.interfaces.channels import wallet_clients
from kafalat.interfaces.console.words import bank_labels, with_refusal
from kafalat.interfaces.office import office
from kafalat.payments import drill
from kafalat.payments.access import RECALLERS, RECONCILERS, access_cycles, access_recalling
from kafalat.payments.sending.recall_reads import RecallRow, asked_back, recall_row, recall_rows
from kafalat.payments.sending.recalls import agree_recall, ask_recall, decide_recalled, send_recalls
from kafalat.registry.access import roles_of

PAGE_SIZE = 50


@require_safe
def recalls(request: HttpRequest) -> HttpResponse:
    """List recalls: those that wait for somebody here first, then what is asked back in all, then each of them."""
    access_cycles(cast(User, request.user))
    rows = recall_rows()
    still = [row for row in rows if row.state != "answered"]
    context = {
        "waiting": [row for row in rows if row.state in {"asked", "agreed", "undecided"}],
        "still": len(still),
        "still_payments": sum(row.view.recall.payments for row in still),
        "still_paisa": sum(row.view.recall.amount_paisa for row in still),
        "recalled": sum(row.view.recalled for row in rows),
        "refused_count": sum(row.view.refused for row in rows),
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "banks": bank_labels(),
    }
    return render(request, "console/recalls.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, identity: str) -> HttpResponse:
    """Say what asking a payment back does (GET), and ask with a reason (POST); nothing leaves on one person's word."""
    user = cast(User, request.user)
    access_recalling(user)
    payment, refusal = drill.payment_by_identity(identity), None
    if request.method == "POST":
        try:
            asked = ask_recall(
                identities=[payment.identity],
                reason_code=request.POST.get("code", ""),
                reason=request.POST.get("reason", ""),
                programme_of=office().programme_of,
                user=user,
                at=timezone.now(),
            )
        except Problem as problem:
            refusal = problem
        else:
            messages.success(request, _("The recall waits for another person; nothing has left yet."))
            return redirect("recall", message_id=asked.message_id)
    context = {
        "payment": payment,
        "codes": sorted(RECALL_REASONS),
        "code": request.POST.get("code", ""),
        "reason": request.POST.get("reason", ""),
        "banks": bank_labels(),
    }
    return with_refusal(request, "console/recall_ask.html", context, refusal)


@require_http_methods(["GET", "HEAD", "POST"])
def recall(request: HttpRequest, message_id: str) -> HttpResponse:
    """Show one recall with each payment and what the bank said of it; agree, send, or decide about what came back (POST)."""
    user = cast(User, request.user)
    access_cycles(user)
    row, refusal = recall_row(message_id), None
    if request.method == "POST":
        try:
            messages.success(request, _acted(request, row, user))
        except Problem as problem:
            refusal, row = problem, recall_row(message_id)
        else:
            return redirect("recall", message_id=message_id)
    roles = roles_of(user)
    context = {
        "row": row,
        "recall": row.view.recall,
        "agreement": row.view.agreement,
        "payments": asked_back(row.view.recall),
        "banks": bank_labels(),
        "recalls": bool(roles & RECALLERS),
        "reconciles": bool(roles & RECONCILERS),
        "own": row.view.recall.asked_by_id == user.pk,
    }
    return with_refusal(request, "console/recall.html", context, refusal)


def _acted(request: HttpRequest, row: RecallRow, user: User) -> str:
    """Do what was asked about a recall and return the sentence that says so."""
    act, at, here = request.POST.get("act", ""), timezone.now(), office()
    if act in {"reissue", "park"}:
        chosen = cast(Literal["reissue", "park"], act)
        count = decide_recalled(message_id=row.view.recall.message_id, action=chosen, user=user, at=at)
        return _("You decided about %(payments)d payments that came back.") % {"payments": count}
    access_recalling(user)
    if act == "agree":
        agree_recall(
            message_id=row.view.recall.message_id,
            seen_sha256=request.POST.get("seen", ""),
            programme_of=here.programme_of,
            user=user,
            at=at,
        )
    send_recalls(
        programme_of=here.programme_of, outgoing=here.outgoing, at=at, wallets=wallet_clients(here.home)
    )
    if recall_row(row.view.recall.message_id).state == "agreed":
        return _("Two people agreed; the request leaves with the next sending.")
    return _("The request has left; the bank's answer is awaited.")
