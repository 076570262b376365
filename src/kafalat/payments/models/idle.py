"""Money that lies in an account and is not collected: warnings, orders to take it back, and claims."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from kafalat.payments.models.payment import Payment


class Notice(models.Model):
    """A message to a payee about a payment she has not collected, waiting to be sent. One per payment and month."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="notices", db_index=False)
    months = models.PositiveSmallIntegerField()
    text_en = models.TextField()
    text_ur = models.TextField()
    due_on = models.DateField()
    queued_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["payment", "months"], name="notice_once")]

    def __str__(self) -> str:
        return f"{self.payment_id} month {self.months}"


class TakeBack(models.Model):
    """An order to one bank to send back what was not collected, under the programme's clause. `sha256` is of its items."""

    bank = models.CharField(max_length=60)
    message_id = models.CharField(max_length=35, unique=True)
    clause = models.TextField()
    paid_until = models.DateField()
    payments = models.PositiveIntegerField()
    amount_paisa = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(clause="") & Q(payments__gt=0, amount_paisa__gt=0), name="take_back_clause"
            )
        ]

    def __str__(self) -> str:
        return self.message_id


class TakeBackItem(models.Model):
    """One payment an order takes back: once in its life."""

    take_back = models.ForeignKey(TakeBack, on_delete=models.PROTECT, related_name="items")
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, primary_key=True, related_name="taken")

    def __str__(self) -> str:
        return f"{self.payment_id}"


class TakeBackApproval(models.Model):
    """The second person's yes to an order, by its digest: without it no money is taken back."""

    take_back = models.OneToOneField(TakeBack, on_delete=models.PROTECT, primary_key=True)
    sha256 = models.CharField(max_length=64)
    made_by_id = models.BigIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(person_id=F("made_by_id")), name="take_back_by_two"),
        ]

    def __str__(self) -> str:
        return f"{self.take_back_id}"


class Claim(models.Model):
    """A payee came for money that was taken back: one person takes the claim, another grants it."""

    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, primary_key=True, related_name="claim")
    reason = models.TextField()
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField()
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    granted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(granted_by__isnull=True, granted_at__isnull=True)
                | Q(granted_at__isnull=False) & ~Q(granted_by=F("taken_by")),
                name="claim_by_two",
            )
        ]

    def __str__(self) -> str:
        return f"{self.payment_id}"
