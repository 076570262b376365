"""Reads of the ledger: balances of accounts over one cycle or all, and the rows behind a balance."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from kafalat.payments.models import Transfer
from kafalat.payments.selectors import Balance, balances_of


def balances(cycle_id: int | None) -> list[Balance]:
    """Return each account that was ever moved, by name, over one cycle or all. They add up to zero."""
    return balances_of(rows(cycle_id=cycle_id))


def rows(*, cycle_id: int | None = None, account: str = "", kind: str = "") -> QuerySet[Transfer]:
    """Return ledger rows, newest first; of one account (either side) and one kind where those are named."""
    found = Transfer.objects.select_related("cycle", "payment_list", "bank_file", "payment")
    if cycle_id is not None:
        found = found.filter(cycle_id=cycle_id)
    if account:
        found = found.filter(Q(debit=account) | Q(credit=account))
    if kind:
        found = found.filter(kind=kind)
    return found.order_by("-id")
