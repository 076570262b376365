"""What has not left: files in quarantine after their attempts, each with why in a sentence, and those that are tried again."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kafalat.core.problems import Problem
from kafalat.interfaces.console.words import bank_labels, number, with_refusal
from kafalat.interfaces.context import language_in_use
from kafalat.payments import selectors
from kafalat.payments.access import RELEASERS, access_cycles
from kafalat.payments.models import ATTEMPTS_MAX, Outbox
from kafalat.payments.sending.outbox import lift_quarantine, stuck
from kafalat.registry.access import roles_of


@require_http_methods(["GET", "HEAD", "POST"])
def outbox(request: HttpRequest) -> HttpResponse:
    """Show quarantine first, then what is tried again, then all that waits; lift a quarantine with a reason (POST)."""
    user, refusal = cast(User, request.user), None
    access_cycles(user)
    if request.method == "POST":
        try:
            lifted = lift_quarantine(
                bank_file_id=number(request.POST.get("file", "")),
                reason=request.POST.get("reason", ""),
                user=user,
                at=timezone.now(),
            )
        except Problem as problem:
            refusal = problem
        else:
            said = _("File %(file)s is tried again with the next sending.")
            messages.success(request, said % {"file": lifted.bank_file.message_id})
            return redirect("outbox")
    rows = [(row, _why(row)) for row in stuck()]
    kept = [(row, why) for row, why in rows if row.quarantined_at is not None]
    again = [(row, why) for row, why in rows if row.quarantined_at is None]
    context = {
        "kept": kept,
        "kept_paisa": sum(row.bank_file.control_sum_paisa for row, _why_not in kept),
        "again": again,
        "again_paisa": sum(row.bank_file.control_sum_paisa for row, _why_not in again),
        "unsent": selectors.unsent_files(),
        "attempts_max": ATTEMPTS_MAX,
        "banks": bank_labels(),
        "releases": bool(roles_of(user) & RELEASERS),
        "asked": number(request.POST.get("file", "")),
    }
    return with_refusal(request, "console/outbox.html", context, refusal)


def _why(row: Outbox) -> str:
    """Return in the language of the page what stopped a file at its last try."""
    return Problem(row.problem_code, row.problem_details).text(language_in_use(get_language()))
