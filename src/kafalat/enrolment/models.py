"""Beneficiaries (families enrolled), their payees, and the accounts they are paid into."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kafalat.registry.models import Family, Person
from kafalat.targeting.models import Run


class Beneficiary(models.Model):
    """A family enrolled in a programme by a run. One per family and programme, for ever."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"
        EXITED = "exited"

    programme_code = models.CharField(max_length=60)
    family = models.ForeignKey(Family, on_delete=models.PROTECT)
    payee = models.ForeignKey(Person, on_delete=models.PROTECT, db_index=False)
    payee_rule = models.CharField(max_length=60)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, db_index=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    enrolled_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["programme_code", "family"], name="beneficiary_family_once"),
            models.UniqueConstraint(fields=["programme_code", "payee"], name="beneficiary_payee_once"),
            models.CheckConstraint(
                condition=Q(status__in=["active", "suspended", "exited"]), name="beneficiary_status"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.programme_code} {self.family_id}"


class Account(models.Model):
    """A bank account or wallet in the payee's name. One open account per beneficiary; the IBAN is sealed and unique."""

    class Channel(models.TextChoices):
        ACCOUNT = "account"
        WALLET = "wallet"

    beneficiary = models.ForeignKey(Beneficiary, on_delete=models.PROTECT, related_name="accounts")
    bank = models.CharField(max_length=60)
    bank_bic = models.CharField(max_length=11)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    iban_sealed = models.BinaryField(unique=True)
    iban_last4 = models.CharField(max_length=4)
    synthetic = models.BooleanField()
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["beneficiary"], condition=Q(closed_on__isnull=True), name="account_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bank} …{self.iban_last4}"
