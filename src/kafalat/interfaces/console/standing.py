"""One family's standing: suspended with a reason, taken back, or left for good; the page says first what will change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kafalat.core.problems import Problem
from kafalat.core.text import Bilingual
from kafalat.enrolment import account_selectors as reads
from kafalat.enrolment.access import access_account_work
from kafalat.enrolment.rules import rules_of
from kafalat.enrolment.standing import exit_families, reinstate, suspend
from kafalat.interfaces import programmes
from kafalat.interfaces.console.words import with_refusal
from kafalat.policy.model import Programme


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason of accounts.yaml to choose: its code and words, what ends it, and for how many days the family may speak."""

    code: str
    label: Bilingual
    proof: str
    days: int


def _reasons(programme: Programme, act: str) -> list[Reason]:
    rules = rules_of(programme)
    if act == "suspend":
        return [Reason(one.code, one.label, one.proof, one.answer_days) for one in rules.suspensions]
    return [Reason(one.code, one.label, "", one.appeal_days) for one in rules.exits] if act == "exit" else []


@require_http_methods(["GET", "HEAD", "POST"])
def standing(request: HttpRequest, beneficiary_id: int, act: str) -> HttpResponse:
    """Say what suspending, taking back or leaving does to this family (GET), and do it with its reason (POST)."""
    user, refusal, programme = cast(User, request.user), None, programmes.in_force()
    access_account_work(user)
    view = reads.beneficiary_view(beneficiary_id=beneficiary_id, today=timezone.localdate())
    if request.method == "POST":
        try:
            messages.success(
                request, _moved(act, beneficiary_id, request.POST.get("reason", ""), programme, user)
            )
        except Problem as problem:
            refusal = problem
        else:
            return redirect("beneficiary", beneficiary_id=beneficiary_id)
    context = {
        "act": act,
        "beneficiary": view.beneficiary,
        "reasons": _reasons(programme, act),
        "chosen": request.POST.get("reason", request.GET.get("reason", "")),
    }
    return with_refusal(request, "console/standing.html", context, refusal)


def _moved(act: str, beneficiary_id: int, reason: str, programme: Programme, user: User) -> str:
    """Move the family and return the sentence that says so."""
    today, at, family = timezone.localdate(), timezone.now(), [beneficiary_id]
    if act == "suspend":
        suspend(beneficiaries=family, reason=reason, programme=programme, today=today, user=user, at=at)
        return _("The family is suspended; what is due meanwhile waits for it.")
    if act == "exit":
        exit_families(beneficiaries=family, reason=reason, programme=programme, today=today, user=user, at=at)
        return _("The family has left the programme; its place is free.")
    reinstate(beneficiaries=family, reason=reason, today=today, user=user, at=at)
    return _("The family is taken back and may be paid what waited.")
