"""What is asked to change about a beneficiary, who agreed, and visits that prove a payee alive. Each needs two people."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from kafalat.enrolment.models.beneficiary import Beneficiary
from kafalat.registry.models import Person


class Change(models.Model):
    """A request to change the account, the payee's CNIC, or the payee; applied in the transaction that approves it.

    `matched` says whether the family match held, `findings` why (codes). Constraints: whoever asked never approves; what
    does not match is never approved; a new payee is of the beneficiary's own family (trigger of migration 0003).
    """

    class Kind(models.TextChoices):
        ACCOUNT = "account"
        CNIC = "cnic"
        PAYEE = "payee"

    class Status(models.TextChoices):
        ASKED = "asked"
        APPROVED = "approved"
        REFUSED = "refused"

    beneficiary = models.ForeignKey(Beneficiary, on_delete=models.PROTECT, related_name="changes")
    payee = models.ForeignKey(Person, on_delete=models.PROTECT, db_index=False, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    reason = models.CharField(max_length=500)
    new_bank = models.CharField(max_length=60, blank=True, default="")
    new_iban_sealed = models.BinaryField(null=True)
    new_iban_last4 = models.CharField(max_length=4, blank=True, default="")
    new_mobile_sealed = models.BinaryField(null=True)
    new_cnic_sealed = models.BinaryField(null=True)
    new_cnic_valid_until = models.DateField(null=True)
    new_payee = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    matched = models.BooleanField()
    findings = models.JSONField(default=list)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ASKED)
    approved = models.BooleanField(default=False)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["beneficiary"], condition=Q(status="asked"), name="change_one_waiting"
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")),
                name="change_second_person",
            ),
            models.CheckConstraint(
                condition=Q(status="asked", decided_by__isnull=True, decided_at__isnull=True)
                | Q(
                    status__in=["approved", "refused"],
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                ),
                name="change_decided_by",
            ),
            models.CheckConstraint(
                condition=Q(status="approved", approved=True, matched=True)
                | (~Q(status="approved") & Q(approved=False)),
                name="change_approved_matches",
            ),
            models.CheckConstraint(
                condition=Q(kind="account", new_iban_sealed__isnull=False, new_payee__isnull=True)
                | Q(kind="cnic", new_cnic_sealed__isnull=False, new_payee__isnull=True)
                | Q(kind="payee", new_payee__isnull=False),
                name="change_says_what",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.beneficiary_id}"


class LifeVisit(models.Model):
    """An officer's visit to a payee reported dead: found alive or not. It counts once another officer has confirmed it."""

    class Outcome(models.TextChoices):
        ALIVE = "alive"
        DEAD = "dead"
        NOT_FOUND = "not_found"

    beneficiary = models.ForeignKey(Beneficiary, on_delete=models.PROTECT, related_name="visits")
    payee = models.ForeignKey(Person, on_delete=models.PROTECT, db_index=False, related_name="+")
    visited_on = models.DateField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    note = models.CharField(max_length=500, blank=True, default="")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=["alive", "dead", "not_found"]), name="life_visit_outcome"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | (
                    Q(confirmed_by__isnull=False, confirmed_at__isnull=False)
                    & ~Q(confirmed_by=F("recorded_by"))
                ),
                name="life_visit_second_person",
            ),
            models.UniqueConstraint(
                fields=["beneficiary"], condition=Q(confirmed_by__isnull=True), name="life_visit_one_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.beneficiary_id} {self.outcome}"
