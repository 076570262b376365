"""Accounts: how far opening has come and what waits for a person, one family's accounts and standing, a title in doubt."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from kafalat.config.sealing import sealer
from kafalat.core.text import Bilingual
from kafalat.enrolment import account_selectors as reads
from kafalat.enrolment.access import ACCOUNT_WORKERS, access_accounts
from kafalat.enrolment.life import families_to_review, life_case, life_queue
from kafalat.enrolment.notices import decide_title
from kafalat.enrolment.payable import held_back_counts
from kafalat.interfaces import programmes
from kafalat.policy.model import Programme
from kafalat.registry.access import roles_of
from kafalat.registry.selectors import member_view

HISTORY_SHOWN = 100


def may_work(request: HttpRequest) -> bool:
    """Say whether the reader may do what the pages offer."""
    return bool(roles_of(cast(User, request.user)) & ACCOUNT_WORKERS)


def bank_labels(programme: Programme) -> dict[str, Bilingual]:
    """Return the banks' names by code."""
    return {bank.code: bank.label for bank in programme.banks.banks}


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show what waits for a person first, then why families are held back, then how far opening has come."""
    access_accounts(cast(User, request.user))
    programme, today = programmes.in_force(), timezone.localdate()
    funnel = reads.funnel(programme.code)
    context = {
        "titles": reads.doubtful_titles(),
        "refused": reads.refused_requests(),
        "changes": reads.waiting_changes(),
        "life": life_queue(programme),
        "review": families_to_review(programme),
        "late": reads.late_visits(programme, today),
        "held_back": held_back_counts(programme_code=programme.code, day=today),
        "funnel": funnel,
        "operators": reads.operators(programme, timezone.now()),
        "banks": bank_labels(programme),
        "works": may_work(request),
        "today": today,
    }
    return render(request, "console/accounts.html", context)


@require_safe
def one(request: HttpRequest, beneficiary_id: int) -> HttpResponse:
    """Show one family's standing, accounts, changes and history; numbers are masked."""
    access_accounts(cast(User, request.user))
    programme = programmes.in_force()
    view = reads.beneficiary_view(beneficiary_id=beneficiary_id, today=timezone.localdate())
    context = {
        "view": view,
        "beneficiary": view.beneficiary,
        "payee": member_view(view.beneficiary.payee, sealer()),
        "events": view.events[:HISTORY_SHOWN],
        "banks": bank_labels(programme),
        "reasons": reason_labels(programme),
        "works": may_work(request),
        "waits": next((change for change in view.changes if change.status == "asked"), None),
        "case": life_case(view.beneficiary),
        "death": programme.accounts.death_suspension if programme.accounts else "",
        "reader": request.user,
        "today": timezone.localdate(),
    }
    return render(request, "console/beneficiary.html", context)


def reason_labels(programme: Programme) -> dict[str, Bilingual]:
    """Return the words for the reasons of suspensions and exits."""
    rules = programme.accounts
    if rules is None:
        return {}
    reasons = {entry.code: entry.label for entry in rules.suspensions}
    return reasons | {entry.code: entry.label for entry in rules.exits}


@require_http_methods(["GET", "HEAD", "POST"])
def title(request: HttpRequest, account_id: int) -> HttpResponse:
    """Compare the bank's title with the payee's name, and say whether it is hers."""
    user = cast(User, request.user)
    access_accounts(user)
    account = reads.doubtful_title(account_id)
    if request.method == "POST":
        same = request.POST.get("same") == "yes"
        decide_title(
            account_id=account_id,
            same=same,
            reason=request.POST.get("reason", ""),
            user=user,
            at=timezone.now(),
        )
        messages.success(
            request,
            _("The title is hers; the account waits for her visit.")
            if same
            else _("The account was closed; another one can be asked for."),
        )
        return redirect("accounts")
    context = {
        "account": account,
        "banks": bank_labels(programmes.in_force()),
        "works": may_work(request),
    }
    return render(request, "console/account_title.html", context)
