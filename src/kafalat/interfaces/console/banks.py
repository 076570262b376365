"""The banks' record: days to credit, what fails and why, lines that wait, and for how long a bank is silent."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kafalat.interfaces.bank_chart import DaysBar, days_chart
from kafalat.interfaces.console.words import bank_labels
from kafalat.interfaces.context import language_in_use
from kafalat.interfaces.csv_export import csv_response
from kafalat.payments import selectors
from kafalat.payments.access import access_cycles
from kafalat.payments.scorecards import BankScore, bank_scores


@require_safe
def banks(request: HttpRequest) -> HttpResponseBase:
    """Compare the banks, over one cycle (`?cycle=`) or all; `?form=csv` gives the table as a file."""
    access_cycles(cast(User, request.user))
    asked = request.GET.get("cycle", "")
    cycle = selectors.cycle_by_id(int(asked)) if asked.isdecimal() and len(asked) < 18 else None
    scores = bank_scores(cycle.pk if cycle else None)
    if request.GET.get("form") == "csv":
        return _csv(scores, cycle.tranche if cycle else _("all"))
    language, labels, now = language_in_use(get_language()), bank_labels(), timezone.now()
    bars = [
        DaysBar(
            labels[score.bank].in_(language) if score.bank in labels else score.bank,
            score.median_days,
            score.p90_days,
        )
        for score in scores
        if score.median_days is not None and score.p90_days is not None
    ]
    title = _("Days from bank file to account, half of the payments and nine of ten")
    context = {
        "cycle": cycle,
        "cycles": list(selectors.cycles()),
        "rows": [(score, score.silent_days(now)) for score in scores],
        "banks": labels,
        "chart": days_chart(
            bars, language=language, title=title, words=(_("half"), _("nine of ten"), _("days"))
        ),
    }
    return render(request, "console/banks.html", context)


def _csv(scores: list[BankScore], cycle: str) -> HttpResponseBase:
    return csv_response(
        "banks",
        stated=[(_("Cycle"), cycle)],
        header=(
            _("Bank"),
            _("Sent"),
            _("Paid"),
            _("Rejected"),
            _("Returned"),
            _("Unanswered"),
            _("Days, half of the payments"),
            _("Days, nine of ten"),
            _("Open lines"),
        ),
        rows=(
            (
                score.bank,
                score.sent,
                score.paid,
                score.rejected,
                score.returned,
                score.unanswered,
                score.median_days,
                score.p90_days,
                score.open_lines,
            )
            for score in scores
        ),
    )
