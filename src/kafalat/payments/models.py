"""The tables money moves through.

The promises live in the database: a payment's identity is unique; at most one live attempt per entitlement; an
attempt carries exactly the entitled amount; the maker cannot approve and nobody approves twice; a bank file exists
only under two approvals of exactly its list; a ledger transfer happens once. The composite keys and triggers
that hold them are in `migrations/0002_guards.py`.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from kafalat.enrolment.models import Account, Beneficiary

LIVE = ("prepared", "sent", "accepted", "paid")


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


class BankFile(models.Model):
    """One pain.001 to one bank. Its bytes are rendered again from the payments when sent and must have this digest."""

    payment_list = models.ForeignKey(PaymentList, on_delete=models.PROTECT, related_name="files")
    bank = models.CharField(max_length=60)
    message_id = models.CharField(max_length=35, unique=True)
    created_at = models.DateTimeField()
    sha256 = models.CharField(max_length=64)
    transactions = models.PositiveIntegerField()
    control_sum_paisa = models.BigIntegerField()
    list_sha256 = models.CharField(max_length=64)
    step_1 = models.PositiveSmallIntegerField(default=1)
    step_2 = models.PositiveSmallIntegerField(default=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment_list", "bank"], name="bank_file_once"),
            models.CheckConstraint(condition=Q(step_1=1, step_2=2), name="bank_file_two_approvals"),
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
    amount_paisa = models.BigIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PREPARED)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["identity"], name="payment_identity_once"),
            models.UniqueConstraint(fields=["entitlement", "attempt"], name="payment_attempt_once"),
            models.UniqueConstraint(
                fields=["entitlement"], condition=Q(status__in=LIVE), name="payment_one_live_attempt"
            ),
            models.CheckConstraint(condition=Q(amount_paisa__gt=0, attempt__gte=1), name="payment_positive"),
        ]
        indexes = [models.Index(fields=["payment_list", "bank"], name="payment_list_bank")]

    def __str__(self) -> str:
        return self.identity


class Outbox(models.Model):
    """A bank file waiting to leave, written in the transaction that made it. The sender may repeat; the file may not."""

    bank_file = models.OneToOneField(BankFile, on_delete=models.PROTECT, primary_key=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.bank_file_id)


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


class Transfer(models.Model):
    """A ledger row: one debit and one credit of the same integer paisa. Never changed or deleted.

    Accounts: treasury, fund, due, in_flight:<bank>, paid:<bank>, back:<bank> (rejected or returned), suspense.
    """

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, db_index=False)
    payment = models.ForeignKey(
        Payment, null=True, on_delete=models.PROTECT, related_name="transfers", db_index=False
    )
    kind = models.CharField(max_length=10)
    debit = models.CharField(max_length=80)
    credit = models.CharField(max_length=80)
    amount_paisa = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "kind"], name="transfer_once"),
            models.CheckConstraint(condition=Q(amount_paisa__gt=0), name="transfer_positive"),
            models.CheckConstraint(condition=~Q(debit=models.F("credit")), name="transfer_two_accounts"),
            models.CheckConstraint(
                condition=Q(kind="fund", payment__isnull=True)
                | Q(
                    kind__in=["due", "sent", "paid", "rejected", "returned", "reissued", "parked"],
                    payment__isnull=False,
                ),
                name="transfer_kind",
            ),
        ]
        indexes = [models.Index(fields=["cycle", "kind"], name="transfer_cycle_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_paisa}"
