"""Changes of account, CNIC or payee on screen: the request, and its approval with exactly what will change."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kafalat.config.sealing import sealer
from kafalat.core.identifiers import MASK, mask_cnic, mask_mobile
from kafalat.core.problems import Problem
from kafalat.core.sealing import Sealer
from kafalat.enrolment import account_selectors as reads
from kafalat.enrolment.access import access_account_work, access_accounts
from kafalat.enrolment.changes import Asked, ask_change, decide_change
from kafalat.enrolment.models import Account, Change
from kafalat.interfaces import programmes
from kafalat.interfaces.console.accounts import bank_labels, may_work
from kafalat.interfaces.context import language_in_use
from kafalat.registry.selectors import CNIC_PURPOSE, MOBILE_PURPOSE

_REFUSED_AS_FORM = 400


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, beneficiary_id: int, kind: str) -> HttpResponse:
    """Ask for a change; what was typed wrongly is said above the form, and numbers typed are not sent back."""
    user = cast(User, request.user)
    access_account_work(user)
    programme = programmes.in_force()
    view = reads.beneficiary_view(beneficiary_id=beneficiary_id, today=timezone.localdate())
    refused = ""
    if request.method == "POST":
        typed = {field.name: request.POST.get(field.name, "") for field in fields(Asked)}
        try:
            change = ask_change(
                beneficiary_id=beneficiary_id,
                asked=Asked(**{**typed, "kind": kind}),
                programme=programme,
                sealer=sealer(),
                user=user,
                at=timezone.now(),
            )
        except Problem as refusal:
            if refusal.entry.http_status != _REFUSED_AS_FORM:
                raise
            refused = refusal.text(language_in_use(getattr(request, "LANGUAGE_CODE", None)))
        else:
            messages.success(request, _("The change waits for another officer."))
            return redirect("account_change", change_id=change.pk)
    context = {
        "kind": kind,
        "beneficiary": view.beneficiary,
        "banks": bank_labels(programme),
        "adults": reads.other_adults(view.beneficiary.payee),
        "refused": refused,
    }
    return render(request, "console/change_ask.html", context, status=400 if refused else 200)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing a change moves: what it is, masked before and after. `kind` chooses the words."""

    kind: str
    before: str
    after: str


@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, change_id: int) -> HttpResponse:
    """Show what a change will change and what the family match found; approve it, or refuse it with a reason."""
    user = cast(User, request.user)
    access_accounts(user)
    programme = programmes.in_force()
    change = reads.change_by_id(change_id)
    if request.method == "POST":
        approve = request.POST.get("act") == "approve"
        decide_change(
            change_id=change_id,
            approve=approve,
            reason=request.POST.get("reason", ""),
            programme=programme,
            user=user,
            at=timezone.now(),
        )
        messages.success(request, _("The change was made.") if approve else _("The change was refused."))
        return redirect("beneficiary", beneficiary_id=change.beneficiary_id)
    account = reads.account_in_use(change.beneficiary_id)
    context = {
        "change": change,
        "rows": _rows(change, account, sealer()),
        "account": account,
        "banks": bank_labels(programme),
        "works": may_work(request),
        "own": change.asked_by_id == user.pk,
    }
    return render(request, "console/account_change.html", context)


def _rows(change: Change, account: Account | None, sealed: Sealer) -> list[Row]:
    """Return what moves, masked: the last digits tell a card or an account apart, and no more."""

    def cnic(value: bytes | memoryview | None) -> str:
        return "" if value is None else mask_cnic(sealed.unseal(bytes(value), CNIC_PURPOSE))

    rows: list[Row] = []
    if change.kind == Change.Kind.ACCOUNT:
        before = f"{MASK * 4} {account.iban_last4}" if account else ""
        rows.append(Row("iban", before, f"{MASK * 4} {change.new_iban_last4}"))
        if change.new_mobile_sealed is not None:
            old = account.mobile_sealed if account else None
            rows.append(
                Row(
                    "mobile",
                    "" if old is None else mask_mobile(sealed.unseal(bytes(old), MOBILE_PURPOSE)),
                    mask_mobile(sealed.unseal(bytes(change.new_mobile_sealed), MOBILE_PURPOSE)),
                )
            )
    else:
        rows.append(Row("cnic", cnic(change.payee.cnic_sealed), cnic(change.new_cnic_sealed)))
    return rows
