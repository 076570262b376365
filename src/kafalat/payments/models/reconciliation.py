"""Lines of bank reports that could not be booked, and what people decided about them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from kafalat.payments.models.answer import Answer
from kafalat.payments.models.cycle import Cycle
from kafalat.payments.models.payment import Payment

# What can be wrong with a line, in the order it is asked. Those of MONEY speak of money and wait for a person.
NOTES = ("pending", "other", "repeated")
MONEY = (
    "unreferenced", "unknown", "wrong_bank", "wrong_file", "amount_mismatch", "wrong_account", "unsent", "duplicate",
    "contradiction", "late", "early", "unasked",
)  # fmt: skip
VERDICTS = (*MONEY, *NOTES)
# Lines a person may book after all; the others are for the bank to correct.
BOOKABLE = ("unreferenced", "unknown", "wrong_account", "late", "early")


class ReportLine(models.Model):
    """A line of an answer that was not booked, with the verdict that says why. Never changed or deleted.

    `payment` is the one its reference names, if any. `account_last4` is all we keep of the account number it shows.
    """

    answer = models.ForeignKey(Answer, on_delete=models.PROTECT, related_name="report_lines")
    line_no = models.PositiveIntegerField()
    verdict = models.CharField(max_length=16)
    outcome = models.CharField(max_length=10)
    reference = models.CharField(max_length=140, blank=True)
    reason_code = models.CharField(max_length=10, blank=True)
    amount_paisa = models.BigIntegerField(null=True)
    account_last4 = models.CharField(max_length=4, blank=True)
    name = models.CharField(max_length=140, blank=True)
    text = models.CharField(max_length=500, blank=True)
    booked_on = models.DateField(null=True)
    payment = models.ForeignKey(
        Payment, null=True, on_delete=models.PROTECT, related_name="report_lines", db_index=True
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(verdict__in=VERDICTS), name="report_line_verdict"),
        ]
        indexes = [models.Index(fields=["verdict", "answer"], name="report_line_verdict_answer")]

    def __str__(self) -> str:
        return f"{self.answer_id}/{self.line_no} {self.verdict}"


class LineDecision(models.Model):
    """What one person decided about a line: `book` it as a payment, or `set_aside` with her reason.

    Step 2 is the second person's yes to a large amount; nobody takes both steps. `confidence_ppm` is how sure the
    matching was of that payment, in parts per million; None where she named it herself.
    """

    line = models.ForeignKey(ReportLine, on_delete=models.PROTECT, related_name="decisions")
    step = models.PositiveSmallIntegerField()
    action = models.CharField(max_length=10)
    payment = models.ForeignKey(Payment, null=True, on_delete=models.PROTECT, related_name="+")
    confidence_ppm = models.PositiveIntegerField(null=True)
    reason = models.TextField(blank=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "step"], name="line_decision_step_once"),
            models.UniqueConstraint(fields=["line", "person"], name="line_decision_person_once"),
            models.CheckConstraint(condition=Q(step__in=[1, 2]), name="line_decision_step"),
            models.CheckConstraint(
                condition=Q(action="book", payment__isnull=False)
                | Q(action="set_aside", payment__isnull=True) & ~Q(reason=""),
                name="line_decision_action",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line_id} {self.action} {self.step}"


class Statement(models.Model):
    """A statement of the programme's own account, as its treasury officer imported it: kept by its digest, once."""

    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=200)
    message_id = models.CharField(max_length=35, unique=True)
    sha256 = models.CharField(max_length=64, unique=True)
    imported_at = models.DateTimeField()
    imported_by = models.CharField(max_length=150)
    lines = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.message_id


class StatementLine(models.Model):
    """One movement on the programme's account. `direction` is out or back; what it speaks of is found by its reference.

    It names a payment (our end-to-end id), a whole bank file (our message id), an order to take idle money back, or
    nothing we know: such lines are listed as unattributed until a person finds whose they are.
    """

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="statement_lines")
    line_no = models.PositiveIntegerField()
    direction = models.CharField(max_length=4)
    amount_paisa = models.BigIntegerField()
    reference = models.CharField(max_length=140, blank=True)
    text = models.CharField(max_length=500, blank=True)
    booked_on = models.DateField(null=True)
    cycle = models.ForeignKey(Cycle, null=True, on_delete=models.PROTECT, related_name="+")
    bank = models.CharField(max_length=60, blank=True)
    payment = models.ForeignKey(Payment, null=True, on_delete=models.PROTECT, related_name="statement_lines")
    file = models.ForeignKey("payments.BankFile", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["statement", "line_no"], name="statement_line_once"),
            models.CheckConstraint(
                condition=Q(direction__in=["out", "back"], amount_paisa__gt=0), name="statement_line_moves"
            ),
        ]
        indexes = [models.Index(fields=["cycle", "bank"], name="statement_line_cycle_bank")]

    def __str__(self) -> str:
        return f"{self.statement_id}/{self.line_no}"


class SignOff(models.Model):
    """The reconciliation of one bank and cycle as its reconciler stated it, and the digest of its figures."""

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="sign_offs")
    bank = models.CharField(max_length=60)
    number = models.PositiveSmallIntegerField()
    figures = models.JSONField()
    sha256 = models.CharField(max_length=64)
    stated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    stated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cycle", "bank", "number"], name="sign_off_once"),
        ]

    def __str__(self) -> str:
        return f"{self.cycle_id} {self.bank} {self.number}"


class CounterSign(models.Model):
    """The treasury officer's signature under a sign-off, by the digest he saw; never the one who stated it."""

    sign_off = models.OneToOneField(SignOff, on_delete=models.PROTECT, primary_key=True)
    sha256 = models.CharField(max_length=64)
    stated_by_id = models.BigIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(person_id=F("stated_by_id")), name="counter_sign_by_another"),
        ]

    def __str__(self) -> str:
        return f"{self.sign_off_id}"
