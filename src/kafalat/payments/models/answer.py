"""What banks answered, and what was decided about payments that came back."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kafalat.payments.models.payment import Payment


class Answer(models.Model):
    """A file a bank sent back, kept by its digest. The same message arrives once; the same id with other bytes is refused."""

    bank = models.CharField(max_length=60)
    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=200)
    message_id = models.CharField(max_length=35)
    sha256 = models.CharField(max_length=64, unique=True)
    received_at = models.DateTimeField()
    received_by = models.CharField(max_length=150)
    lines = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bank", "kind", "message_id"], name="answer_message_once")
        ]

    def __str__(self) -> str:
        return f"{self.bank} {self.message_id}"


class AnswerLine(models.Model):
    """What an answer says about one payment. `outcome` is accepted, rejected, paid or returned; said once per payment."""

    answer = models.ForeignKey(Answer, on_delete=models.PROTECT, related_name="answer_lines")
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, related_name="answer_lines", db_index=False
    )
    outcome = models.CharField(max_length=10)
    reason_code = models.CharField(max_length=10, blank=True)
    amount_paisa = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "outcome"], name="answer_outcome_once"),
            models.CheckConstraint(
                condition=Q(outcome__in=["accepted", "rejected", "paid", "returned"]), name="answer_outcome"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} {self.outcome}"


class Resolution(models.Model):
    """What was decided about a rejected or returned payment: send again, or park until a person decides."""

    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, primary_key=True)
    action = models.CharField(max_length=10)
    reason_code = models.CharField(max_length=10, blank=True)
    decided_by = models.CharField(max_length=150)
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(action__in=["reissue", "park"]), name="resolution_action")
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} {self.action}"
