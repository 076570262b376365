"""The queue of payees reported dead: visits recorded by one officer and confirmed by another, and families to look at after."""

from __future__ import annotations

from datetime import date
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kafalat.core.problems import problem
from kafalat.enrolment.access import access_accounts
from kafalat.enrolment.life import confirm_visit, families_to_review, life_queue, record_visit
from kafalat.interfaces import programmes
from kafalat.interfaces.console.accounts import may_work
from kafalat.interfaces.console.words import number


@require_http_methods(["GET", "HEAD", "POST"])
def queue(request: HttpRequest) -> HttpResponse:
    """Show who waits for a visit or for its confirmation; record one, or confirm another officer's.

    A form of one family's page says so (`family`), and is answered there.
    """
    user = cast(User, request.user)
    access_accounts(user)
    if request.method == "POST":
        if "confirm" in request.POST:
            confirm_visit(
                visit_id=number(request.POST["confirm"]),
                today=timezone.localdate(),
                user=user,
                at=timezone.now(),
            )
            messages.success(request, _("The visit was confirmed."))
        else:
            record_visit(
                beneficiary_id=number(request.POST.get("beneficiary", "")),
                outcome=request.POST.get("outcome", ""),
                visited_on=_day(request.POST.get("visited_on", "")),
                note=request.POST.get("note", ""),
                user=user,
                at=timezone.now(),
            )
            messages.success(request, _("The visit was recorded and waits for another officer."))
        family = number(request.POST.get("family", ""))
        return redirect("beneficiary", beneficiary_id=family) if family else redirect("life_queue")
    programme = programmes.in_force()
    context = {
        "cases": life_queue(programme),
        "review": families_to_review(programme),
        "works": may_work(request),
        "reader": user,
        "today": timezone.localdate(),
    }
    return render(request, "console/life_queue.html", context)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise problem("targeting.day_invalid", day=text[:20]) from None
