"""The ledger: one row is one debit and one credit."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kafalat.payments.models.cycle import Cycle
from kafalat.payments.models.payment import Payment


class Transfer(models.Model):
    """A ledger row: one debit and one credit of the same integer paisa. Never changed or deleted.

    Accounts: treasury, fund, due, in_flight:<bank>, paid:<bank>, back:<bank> (rejected or returned), suspense.
    """

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, db_index=False)
    payment = models.ForeignKey(
        Payment, null=True, on_delete=models.PROTECT, related_name="transfers", db_index=False
    )
    kind = models.CharField(max_length=10)
    debit = models.CharField(max_length=80)
    credit = models.CharField(max_length=80)
    amount_paisa = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "kind"], name="transfer_once"),
            models.CheckConstraint(condition=Q(amount_paisa__gt=0), name="transfer_positive"),
            models.CheckConstraint(condition=~Q(debit=models.F("credit")), name="transfer_two_accounts"),
            models.CheckConstraint(
                condition=Q(kind="fund", payment__isnull=True)
                | Q(
                    kind__in=["due", "sent", "paid", "rejected", "returned", "reissued", "parked"],
                    payment__isnull=False,
                ),
                name="transfer_kind",
            ),
        ]
        indexes = [models.Index(fields=["cycle", "kind"], name="transfer_cycle_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_paisa}"
