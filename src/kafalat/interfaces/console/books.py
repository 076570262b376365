"""The ledger: accounts with their balances per bank, over one cycle or all, and the rows behind every one of them."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kafalat.interfaces.console.cycles import ledger_groups
from kafalat.interfaces.console.words import bank_labels
from kafalat.interfaces.csv_export import csv_response
from kafalat.interfaces.jobs.kinds import KINDS
from kafalat.interfaces.jobs.selectors import last_of
from kafalat.payments import selectors
from kafalat.payments.access import access_cycles
from kafalat.payments.ledger import books
from kafalat.payments.models import Cycle
from kafalat.registry.access import roles_of

PAGE_SIZE = 50


def _chosen(request: HttpRequest) -> Cycle | None:
    """Return the cycle asked for, or none for all. Raises the problem `console.not_found`."""
    asked = request.GET.get("cycle", "")
    return selectors.cycle_by_id(int(asked)) if asked.isdecimal() and len(asked) < 18 else None


@require_safe
def ledger(request: HttpRequest) -> HttpResponse:
    """Show every account's balance, and what the last check of the ledger found."""
    user = cast(User, request.user)
    access_cycles(user)
    cycle = _chosen(request)
    balances = books.balances(cycle.pk if cycle else None)
    context = {
        "cycle": cycle,
        "cycles": list(selectors.cycles()),
        "groups": ledger_groups(balances, bank_labels()),
        "balance_sum_paisa": sum(balance.balance_paisa for balance in balances),
        "moved_paisa": sum(balance.debit_paisa for balance in balances),
        "checked": last_of("ledger"),
        "may_check": bool(roles_of(user) & KINDS["ledger"].roles),
    }
    return render(request, "console/ledger.html", context)


@require_safe
def ledger_rows(request: HttpRequest) -> HttpResponseBase:
    """List the rows of one account or kind, of one cycle or all; `?form=csv` gives them all as a file."""
    access_cycles(cast(User, request.user))
    cycle, account, kind = _chosen(request), request.GET.get("account", ""), request.GET.get("kind", "")
    found = books.rows(cycle_id=cycle.pk if cycle else None, account=account, kind=kind)
    stated = [
        (_("Cycle"), cycle.tranche if cycle else _("all")),
        (_("Account"), account or _("all")),
        (_("What"), kind or _("all")),
    ]
    if request.GET.get("form") == "csv":
        return csv_response(
            "ledger",
            stated=stated,
            header=(_("Number"), _("When"), _("What"), _("Debit"), _("Credit"), _("Paisa"), _("Payment")),
            rows=(
                (
                    row.pk,
                    row.at,
                    row.kind,
                    row.debit,
                    row.credit,
                    row.amount_paisa,
                    row.payment.identity if row.payment else "",
                )
                for row in found.iterator(chunk_size=2000)
            ),
        )
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"cycle": cycle, "account": account, "kind": kind, "page": page, "banks": bank_labels()}
    return render(request, "console/ledger_rows.html", context)
