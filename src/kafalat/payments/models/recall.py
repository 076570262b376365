"""Payments asked back from a bank: the request, its payments, and the second person's yes without which it does not leave."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from kafalat.core.bank_formats import RECALL_REASONS
from kafalat.payments.models.payment import BankFile, Payment


class Recall(models.Model):
    """A request to cancel payments of one bank file; `sha256` is that of the message its bank will get,
    or of the orders its provider will be called with.

    `asked_person` is who the login belongs to, written by the database: a second login of the same person changes nothing.
    """

    bank_file = models.ForeignKey(BankFile, on_delete=models.PROTECT, related_name="recalls")
    message_id = models.CharField(max_length=35, unique=True)
    reason_code = models.CharField(max_length=4)
    reason = models.TextField()
    payments = models.PositiveIntegerField()
    amount_paisa = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_person = models.CharField(max_length=254, default="")
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reason_code__in=sorted(RECALL_REASONS)) & ~Q(reason=""), name="recall_reason"
            ),
            models.CheckConstraint(condition=Q(payments__gt=0, amount_paisa__gt=0), name="recall_positive"),
        ]

    def __str__(self) -> str:
        return self.message_id


class RecallItem(models.Model):
    """One payment that is asked back: once in its life, while it is on its way."""

    recall = models.ForeignKey(Recall, on_delete=models.PROTECT, related_name="items")
    payment = models.OneToOneField(
        Payment, on_delete=models.PROTECT, primary_key=True, related_name="recalled"
    )

    def __str__(self) -> str:
        return f"{self.payment_id}"


class RecallAgreement(models.Model):
    """The second person's yes to a recall, by its digest; `sent_at` is when the request left."""

    recall = models.OneToOneField(
        Recall, on_delete=models.PROTECT, primary_key=True, related_name="agreement"
    )
    sha256 = models.CharField(max_length=64)
    asked_by_id = models.BigIntegerField()
    asked_person = models.CharField(max_length=254)
    agreed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    agreed_person = models.CharField(max_length=254, default="")
    agreed_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(agreed_by_id=F("asked_by_id")) & ~Q(agreed_person=F("asked_person")),
                name="recall_by_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recall_id}"
