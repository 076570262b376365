"""The life of an account: asked for at a bank, opened with an IBAN, title checked, activated by a visit, closed.

IBAN and mobile are sealed by AES-SIV (`core.sealing`), which is deterministic under the key: the sealed bytes are at
once the ciphertext and the keyed blind index, so UNIQUE over them holds across open and closed accounts, and a dump
of the table shows no number.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from kafalat.enrolment.models.beneficiary import Beneficiary
from kafalat.enrolment.models.change import Change
from kafalat.registry.models import Person


class Channel(models.TextChoices):
    """How a payee is paid."""

    ACCOUNT = "account"
    WALLET = "wallet"


class AccountFile(models.Model):
    """A file exchanged with a bank about accounts: requests that left, answers or visits that came. The same never twice."""

    class Direction(models.TextChoices):
        OUT = "out"
        IN = "in"

    bank = models.CharField(max_length=60)
    direction = models.CharField(max_length=3, choices=Direction.choices)
    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    lines = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.CharField(max_length=150)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bank", "direction", "sha256"], name="account_file_once"),
            models.CheckConstraint(condition=Q(direction__in=["out", "in"]), name="account_file_direction"),
        ]

    def __str__(self) -> str:
        return f"{self.bank} {self.name}"


class AccountRequest(models.Model):
    """A payee's identity sent to a bank with the request to open an account, and how far the bank has come with it."""

    class Status(models.TextChoices):
        REQUESTED = "requested"
        SCREENED = "screened"
        OPENED = "opened"
        REFUSED = "refused"

    beneficiary = models.ForeignKey(
        Beneficiary, on_delete=models.PROTECT, related_name="requests", db_index=False
    )
    payee = models.ForeignKey(Person, on_delete=models.PROTECT, db_index=False, related_name="+")
    bank = models.CharField(max_length=60)
    bank_bic = models.CharField(max_length=11)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    file = models.ForeignKey(AccountFile, on_delete=models.PROTECT, db_index=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.REQUESTED)
    status_reason = models.CharField(max_length=200, blank=True, default="")
    status_by = models.CharField(max_length=150)
    status_at = models.DateTimeField()
    requested_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["beneficiary"],
                condition=Q(status__in=["requested", "screened"]),
                name="account_request_one_waiting",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["requested", "screened", "opened", "refused"]),
                name="account_request_status",
            ),
            models.CheckConstraint(
                condition=~Q(status="refused") | ~Q(status_reason=""),
                name="account_request_refused_why",
            ),
        ]
        indexes = [models.Index(fields=["beneficiary"], name="account_request_of")]

    def __str__(self) -> str:
        return f"{self.bank} {self.pk}"


class Account(models.Model):
    """A bank account or wallet in the payee's name. One open account per beneficiary; the IBAN is sealed and unique.

    `opened` has an IBAN; `inactive` has a matched title and waits, debit-blocked, for the activation visit; `active`
    may be paid into. It comes from a request, or from an approved change, or is synthetic.
    """

    Channel = Channel

    class Status(models.TextChoices):
        OPENED = "opened"
        INACTIVE = "inactive"
        ACTIVE = "active"
        BLOCKED = "blocked"
        CLOSED = "closed"

    class Title(models.TextChoices):
        PENDING = "pending"
        MATCHED = "matched"
        DOUBTFUL = "doubtful"
        REFUSED = "refused"

    class Activation(models.TextChoices):
        NONE = ""
        BIOMETRIC = "biometric"
        VERISYS = "verisys"
        SYNTHETIC = "synthetic"

    beneficiary = models.ForeignKey(Beneficiary, on_delete=models.PROTECT, related_name="accounts")
    payee = models.ForeignKey(Person, on_delete=models.PROTECT, db_index=False, related_name="+")
    bank = models.CharField(max_length=60)
    bank_bic = models.CharField(max_length=11)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    iban_sealed = models.BinaryField(unique=True)
    iban_last4 = models.CharField(max_length=4)
    mobile_sealed = models.BinaryField(null=True)
    synthetic = models.BooleanField()
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)
    request = models.OneToOneField(AccountRequest, null=True, on_delete=models.PROTECT)
    # With the composite key of migration 0003: a change opens an account only once it is approved, and only its own IBAN.
    change = models.OneToOneField(Change, null=True, on_delete=models.PROTECT)
    change_approved = models.BooleanField(null=True)
    status = models.CharField(
        max_length=10, choices=Status.choices, default=Status.OPENED, db_default="opened"
    )
    status_reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    status_by = models.CharField(max_length=150, blank=True, default="", db_default="")
    status_at = models.DateTimeField(db_default=Now())
    title = models.CharField(max_length=140, blank=True, default="", db_default="")
    title_status = models.CharField(
        max_length=10, choices=Title.choices, default=Title.PENDING, db_default="pending"
    )
    title_similarity = models.PositiveSmallIntegerField(null=True)
    activation = models.CharField(
        max_length=10, choices=Activation.choices, blank=True, default="", db_default=""
    )
    activation_reference = models.CharField(max_length=60, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["beneficiary"], condition=Q(closed_on__isnull=True), name="account_one_open"
            ),
            models.UniqueConstraint(
                fields=["payee"],
                condition=Q(closed_on__isnull=True, channel="wallet"),
                name="account_one_wallet_per_payee",
            ),
            models.UniqueConstraint(
                fields=["mobile_sealed"],
                condition=Q(closed_on__isnull=True, channel="wallet"),
                name="account_one_wallet_per_mobile",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["opened", "inactive", "active", "blocked", "closed"]),
                name="account_status",
            ),
            models.CheckConstraint(
                condition=Q(status="closed", closed_on__isnull=False)
                | (~Q(status="closed") & Q(closed_on__isnull=True)),
                name="account_closed_when",
            ),
            models.CheckConstraint(
                condition=Q(title_status__in=["pending", "matched", "doubtful", "refused"]),
                name="account_title_status",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["inactive", "active"]) | Q(title_status="matched"),
                name="account_title_before_use",
            ),
            models.CheckConstraint(
                condition=~Q(status="active") | ~Q(activation=""), name="account_visit_before_use"
            ),
            models.CheckConstraint(
                condition=Q(activation="", activation_reference="")
                | Q(activation="synthetic", synthetic=True)
                | (Q(activation__in=["biometric", "verisys"]) & ~Q(activation_reference="")),
                name="account_visit_reference",
            ),
            models.CheckConstraint(
                condition=Q(synthetic=True) | Q(request__isnull=False) | Q(change__isnull=False),
                name="account_has_origin",
            ),
            models.CheckConstraint(
                condition=Q(change__isnull=True, change_approved__isnull=True)
                | Q(change__isnull=False, change_approved=True),
                name="account_change_approved",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bank} …{self.iban_last4}"
