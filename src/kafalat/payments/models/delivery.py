"""How what was dispatched leaves: the outbox, and every call to a wallet provider before and after it is made."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kafalat.payments.models.payment import BankFile, Payment

# Tries of a file in a row without getting any further; after the last it waits for a person.
ATTEMPTS_MAX = 5


class Outbox(models.Model):
    """A bank file waiting to leave, written in the transaction that made it. The sender may repeat; the effect may not.

    `transport` is settled at dispatch: as a file, or payment by payment to the provider's interface. `sent_at` is when the
    file left, or when its first payment may have; `answered_at` (interface only) when the provider had answered for every
    payment. `attempts` counts tries since it last got further; the fifth in vain puts it in quarantine with its problem.
    """

    bank_file = models.OneToOneField(BankFile, on_delete=models.PROTECT, primary_key=True)
    transport = models.CharField(max_length=4, default="file")
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    quarantined_at = models.DateTimeField(null=True)
    problem_code = models.CharField(max_length=60, blank=True)
    problem_details = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(transport__in=["file", "api"]), name="outbox_transport"),
            models.CheckConstraint(condition=Q(attempts__lte=ATTEMPTS_MAX), name="outbox_attempts"),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True) | Q(transport="api", sent_at__isnull=False),
                name="outbox_answered",
            ),
        ]

    def __str__(self) -> str:
        return str(self.bank_file_id)


class Delivery(models.Model):
    """One step of one call about one payment: `intent` before it is made, `result` after. Never changed or deleted.

    An intent without a result is a call nobody knows the end of: the provider is asked before anything is sent again.
    Outcomes: what the provider said (pending, accepted, paid, rejected, returned, conflict), `unsent` (it never left),
    `unknown` (it may have been acted on) or `refused` (the provider will not take it as it is).
    """

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    attempt = models.PositiveSmallIntegerField()
    stage = models.CharField(max_length=6)
    outcome = models.CharField(max_length=10, blank=True)
    http_status = models.PositiveSmallIntegerField(default=0)
    request_sha256 = models.CharField(max_length=64)
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "attempt", "stage"], name="delivery_once"),
            models.CheckConstraint(
                condition=Q(stage="intent", outcome="")
                | Q(
                    stage="result",
                    outcome__in=[
                        *("pending", "accepted", "paid", "rejected", "returned", "conflict"),
                        *("unsent", "unknown", "refused"),
                    ],
                ),
                name="delivery_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id}/{self.attempt} {self.stage}"
