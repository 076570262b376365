"""Cycles, what each family is due, lists of payments, and who said yes or no to them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from kafalat.enrolment.models import Beneficiary


class Cycle(models.Model):
    """One tranche's work from generation to closing."""

    class Status(models.TextChoices):
        OPEN = "open"
        CLOSED = "closed"

    programme_code = models.CharField(max_length=60)
    tranche = models.CharField(max_length=6)
    programme_sha256 = models.CharField(max_length=64)
    status = models.CharField(max_length=6, choices=Status.choices, default=Status.OPEN)
    opened_by = models.CharField(max_length=150)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        get_latest_by = "id"
        constraints = [
            models.UniqueConstraint(fields=["programme_code", "tranche"], name="cycle_once"),
            models.CheckConstraint(condition=Q(tranche__regex=r"^[0-9]{4}Q[1-4]$"), name="cycle_tranche"),
            models.CheckConstraint(
                condition=Q(status="open", closed_at__isnull=True)
                | Q(status="closed", closed_at__isnull=False),
                name="cycle_closed_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.programme_code} {self.tranche}"


class Entitlement(models.Model):
    """What one beneficiary is due for one component of one cycle (integer paisa)."""

    # Indexes that a unique key already gives are left out: keys are most of the cost of a bulk row.
    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, db_index=False)
    beneficiary = models.ForeignKey(Beneficiary, on_delete=models.PROTECT, related_name="entitlements")
    component = models.CharField(max_length=60)
    phase = models.CharField(max_length=60)
    amount_paisa = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cycle", "beneficiary", "component"], name="entitlement_once"),
            models.CheckConstraint(condition=Q(amount_paisa__gt=0), name="entitlement_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.cycle_id}/{self.beneficiary_id}/{self.component}"


class PaymentList(models.Model):
    """Payments prepared together by one maker, approved as a whole by its digest. Number 1 is the first; others reissue."""

    class Status(models.TextChoices):
        PREPARED = "prepared"
        CHECKED = "checked"
        REJECTED = "rejected"
        DISPATCHED = "dispatched"

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="lists")
    number = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PREPARED)
    maker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    prepared_at = models.DateTimeField()
    payments = models.PositiveIntegerField()
    amount_paisa = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cycle", "number"], name="payment_list_once"),
            models.CheckConstraint(
                condition=Q(status__in=["prepared", "checked", "rejected", "dispatched"]),
                name="payment_list_status",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cycle_id} list {self.number}"


class Approval(models.Model):
    """One person's yes (step 1 or 2) or no (step 0) to a list, by the digest she saw."""

    payment_list = models.ForeignKey(PaymentList, on_delete=models.PROTECT, related_name="approvals")
    step = models.PositiveSmallIntegerField()
    approver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    maker_id = models.BigIntegerField()
    list_sha256 = models.CharField(max_length=64)
    reason = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(step__in=[0, 1, 2]), name="approval_step"),
            models.CheckConstraint(
                condition=~Q(approver_id=models.F("maker_id")), name="approval_not_by_maker"
            ),
            models.UniqueConstraint(fields=["payment_list", "step"], name="approval_step_once"),
            models.UniqueConstraint(fields=["payment_list", "approver"], name="approval_person_once"),
        ]

    def __str__(self) -> str:
        return f"{self.payment_list_id} step {self.step}"
