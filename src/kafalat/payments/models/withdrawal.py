"""Cash taken out: at our own counters under an authorisation, or at banks' devices as they report it. All is history."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from kafalat.payments.models.device import Device
from kafalat.payments.models.payment import Payment
from kafalat.payments.models.verification import Authorisation


class WithdrawalReport(models.Model):
    """A bank's file of withdrawals, taken in whole and once."""

    bank = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64, unique=True)
    lines = models.PositiveIntegerField()
    amount_paisa = models.BigIntegerField()
    received_at = models.DateTimeField()
    received_by = models.CharField(max_length=150)

    def __str__(self) -> str:
        return f"{self.bank} {self.name}"


class Withdrawal(models.Model):
    """One event at a device. Under an authorisation it is the whole payment; a bank may report parts of one.

    What was taken out of a payment, less what was reversed, never exceeds it (trigger, migration 0007). `operator` is a
    login of ours or the bank's own code. `check_code` is what a woman sends to learn what her receipt should say.
    """

    # Keys that the composite ones of migration 0007 or an index below stand for carry none of their own.
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="withdrawals")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="withdrawals", db_index=False)
    authorisation = models.OneToOneField(
        Authorisation, null=True, on_delete=models.PROTECT, related_name="withdrawal"
    )
    report = models.ForeignKey(WithdrawalReport, null=True, on_delete=models.PROTECT, db_index=False)
    operator = models.CharField(max_length=150)
    reference = models.CharField(max_length=60)
    amount_paisa = models.BigIntegerField()
    at = models.DateTimeField()
    check_code = models.CharField(max_length=6, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_paisa__gt=0), name="withdrawal_positive"),
            models.CheckConstraint(
                condition=Q(authorisation__isnull=True, report__isnull=False)
                | Q(authorisation__isnull=False, report__isnull=True),
                name="withdrawal_authorised_or_reported",
            ),
            models.UniqueConstraint(fields=["device", "reference"], name="withdrawal_once"),
        ]
        indexes = [models.Index(fields=["device", "at"], name="withdrawal_device_at")]

    def __str__(self) -> str:
        return self.reference


class Reversal(models.Model):
    """A withdrawal whose cash did not come out: the money stays hers. Said within minutes, with the reason."""

    class Reason(models.TextChoices):
        NO_CASH = "no_cash"
        MACHINE_DOWN = "machine_down"
        LEFT = "left"

    withdrawal = models.OneToOneField(
        Withdrawal, on_delete=models.PROTECT, primary_key=True, related_name="reversal"
    )
    reason = models.CharField(max_length=12, choices=Reason.choices)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reason__in=["no_cash", "machine_down", "left"]), name="reversal_reason"
            )
        ]

    def __str__(self) -> str:
        return f"{self.withdrawal_id} reversed"
