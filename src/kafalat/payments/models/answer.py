"""What banks answered: the message, each line that was booked, and each line that could not be."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kafalat.payments.models.payment import BankFile, Payment

OUTCOMES = ("accepted", "rejected", "paid", "returned", "recalled", "refused")


class Answer(models.Model):
    """A file a bank sent back, kept by its digest. The same message arrives once; the same id with other bytes is refused.

    `original` is the bank file it answers, where it names one. `account_last4` and `sequence` are those of a statement:
    of one account each number comes once, and none is skipped. `lines` is what it says of payments, one each.
    """

    bank = models.CharField(max_length=60)
    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=200)
    message_id = models.CharField(max_length=35)
    sha256 = models.CharField(max_length=64, unique=True)
    received_at = models.DateTimeField()
    received_by = models.CharField(max_length=150)
    lines = models.PositiveIntegerField()
    original = models.ForeignKey(BankFile, null=True, on_delete=models.PROTECT, related_name="answers")
    account_last4 = models.CharField(max_length=4, default="")
    sequence = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bank", "kind", "message_id"], name="answer_message_once"),
            models.UniqueConstraint(
                fields=["bank", "kind", "account_last4", "sequence"],
                condition=Q(sequence__isnull=False),
                name="answer_sequence_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bank} {self.message_id}"


class AnswerLine(models.Model):
    """A line that was booked: what an answer says about one payment. `outcome` is said once per payment;
    `recalled` and `refused` answer a recall, and a refusal changes nothing.

    `line_no` counts the file's records from 1 (0 in books older than that), `booked_on` is the bank's day.
    """

    answer = models.ForeignKey(Answer, on_delete=models.PROTECT, related_name="answer_lines")
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, related_name="answer_lines", db_index=False
    )
    outcome = models.CharField(max_length=10)
    reason_code = models.CharField(max_length=10, blank=True)
    amount_paisa = models.BigIntegerField()
    line_no = models.PositiveIntegerField(default=0)
    booked_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "outcome"], name="answer_outcome_once"),
            models.CheckConstraint(condition=Q(outcome__in=OUTCOMES), name="answer_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} {self.outcome}"


class Resolution(models.Model):
    """What was decided about a payment that came back: send again, or park until a person decides."""

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
