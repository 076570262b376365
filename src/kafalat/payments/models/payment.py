"""One instruction to pay, and the bank file it leaves in."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kafalat.enrolment.models import Account
from kafalat.payments.models.cycle import Entitlement, PaymentList

LIVE = ("prepared", "sent", "accepted", "paid")


class BankFile(models.Model):
    """One file to one bank. Its bytes are rendered again from the payments when sent and must have this digest.

    A bank that takes no more than so many payments at once gets several: `part` 1, 2 and on. A file can stand only
    under the approval in the last of the list's seats, of exactly the list's digest (keys of migration 0003).
    """

    payment_list = models.ForeignKey(PaymentList, on_delete=models.PROTECT, related_name="files")
    bank = models.CharField(max_length=60)
    part = models.PositiveSmallIntegerField(default=1)
    message_id = models.CharField(max_length=35, unique=True)
    created_at = models.DateTimeField()
    sha256 = models.CharField(max_length=64)
    transactions = models.PositiveIntegerField()
    control_sum_paisa = models.BigIntegerField()
    list_sha256 = models.CharField(max_length=64)
    seats = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment_list", "bank", "part"], name="bank_file_once"),
        ]

    def __str__(self) -> str:
        return self.message_id


class Payment(models.Model):
    """One instruction to pay one payee one component of one cycle: one attempt. `identity` is the bank's end-to-end id."""

    class Status(models.TextChoices):
        PREPARED = "prepared"
        SENT = "sent"
        ACCEPTED = "accepted"
        PAID = "paid"
        REJECTED = "rejected"
        RETURNED = "returned"
        CANCELLED = "cancelled"
        RECALLED = "recalled"
        REVERSED = "reversed"

    identity = models.CharField(max_length=35)
    # The composite key to the entitlement and its amount (migration 0002) stands for this one.
    entitlement = models.ForeignKey(
        Entitlement,
        on_delete=models.PROTECT,
        related_name="payments",
        db_index=False,
        db_constraint=False,
    )
    attempt = models.PositiveSmallIntegerField()
    payment_list = models.ForeignKey(
        PaymentList, on_delete=models.PROTECT, related_name="items", db_index=False
    )
    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    bank = models.CharField(max_length=60)
    # Which of the bank's files it goes in, and how it reaches her: into her account or wallet, or at a camp site.
    part = models.PositiveSmallIntegerField()
    channel = models.CharField(max_length=7)
    amount_paisa = models.BigIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PREPARED)
    # A column, and not a condition on the status: what stands in an index keeps a changed row from staying in its place.
    live = models.GeneratedField(
        expression=models.ExpressionWrapper(Q(status__in=LIVE), output_field=models.BooleanField()),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["identity"], name="payment_identity_once"),
            models.UniqueConstraint(fields=["entitlement", "attempt"], name="payment_attempt_once"),
            models.UniqueConstraint(
                fields=["entitlement"], condition=Q(live=True), name="payment_one_live_attempt"
            ),
            models.CheckConstraint(
                condition=Q(amount_paisa__gt=0, attempt__gte=1, part__gte=1), name="payment_positive"
            ),
        ]
        indexes = [models.Index(fields=["payment_list", "bank", "part"], name="payment_list_bank")]

    def __str__(self) -> str:
        return self.identity
