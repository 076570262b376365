"""The ledger: one row is one debit and one credit.

Accounts, with whom the money is: `treasury` (not ours yet, or given back), `fund:<code>` (given to the programme),
`obligation` (owed to families, not handed to a bank), `settlement:<bank>` (in a released file that has not left),
`in_flight:<bank>` (left, not answered), `paid:<bank>`, `returned:<bank>` (rejected, returned or recalled),
`reversed:<bank>` (idle money taken back), `suspense` (waits for a person, with a reason).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from django.db import models
from django.db.models import F, Q

from kafalat.payments.models.cycle import Cycle, PaymentList
from kafalat.payments.models.payment import BankFile, Payment

Reference = Literal["cycle", "payment_list", "bank_file", "payment"]
REFERENCES: tuple[Reference, ...] = ("payment_list", "bank_file", "payment")


class Kind(NamedTuple):
    """What a kind of row says: what it is about, and the families of account it may debit and credit."""

    about: tuple[Reference, ...]
    debit: tuple[str, ...]
    credit: tuple[str, ...]


# The commonest first: PostgreSQL tries them in this order. Rows of books older than aggregated postings are the
# reason why `fund` may name no list, `due` and `sent` a payment, and `sent` an obligation.
KINDS: dict[str, Kind] = {
    "paid": Kind(("payment",), ("paid:",), ("in_flight:",)),
    "returned": Kind(("payment",), ("returned:",), ("in_flight:", "paid:")),
    "rejected": Kind(("payment",), ("returned:",), ("in_flight:",)),
    "recalled": Kind(("payment",), ("returned:",), ("in_flight:", "settlement:")),
    "reissued": Kind(("payment",), ("obligation",), ("returned:", "suspense")),
    "parked": Kind(("payment",), ("suspense",), ("returned:",)),
    "reversed": Kind(("payment",), ("reversed:",), ("paid:",)),
    "recredited": Kind(("payment",), ("obligation",), ("reversed:", "treasury")),
    "refunded": Kind(("payment",), ("treasury",), ("reversed:", "suspense")),
    "fund": Kind(("payment_list", "cycle"), ("fund:",), ("treasury",)),
    "due": Kind(("payment_list", "payment"), ("obligation",), ("fund:",)),
    "cancelled": Kind(("payment_list", "payment"), ("fund:",), ("obligation", "settlement:")),
    "released": Kind(("bank_file",), ("settlement:",), ("obligation",)),
    "sent": Kind(("bank_file", "payment"), ("in_flight:",), ("settlement:", "obligation")),
}


def _account(side: str, families: tuple[str, ...]) -> Q:
    """Return the condition that an account is of one of these families; a name with a colon goes on with a code."""
    condition = Q()
    for family in families:
        condition |= Q(**{f"{side}__startswith": family}) if family.endswith(":") else Q(**{side: family})
    return condition


def _is_of(kind: str, rule: Kind) -> Q:
    """Return the condition that a row of this kind is about the right thing and moves between the right accounts."""
    about = Q()
    for named in rule.about:
        about |= Q(**{f"{reference}__isnull": reference != named for reference in REFERENCES})
    return Q(kind=kind) & about & _account("debit", rule.debit) & _account("credit", rule.credit)


def _any_kind() -> Q:
    condition = Q()
    for kind, rule in KINDS.items():
        condition |= _is_of(kind, rule)
    return condition


class Transfer(models.Model):
    """A ledger row: one debit and one credit of the same integer paisa. Never changed or deleted.

    It is about a whole list, a whole bank file, or one payment: what happens to all of a list or file at once is one
    row, however many payments there are.
    """

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, db_index=False)
    payment_list = models.ForeignKey(
        PaymentList, null=True, on_delete=models.PROTECT, related_name="transfers", db_index=False
    )
    bank_file = models.ForeignKey(
        BankFile, null=True, on_delete=models.PROTECT, related_name="transfers", db_index=False
    )
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
            # A list may draw on several funds: one row each.
            models.UniqueConstraint(
                fields=["payment_list", "kind", "debit", "credit"],
                condition=Q(payment_list__isnull=False),
                name="transfer_list_once",
            ),
            models.UniqueConstraint(
                fields=["bank_file", "kind"],
                condition=Q(bank_file__isnull=False),
                name="transfer_file_once",
            ),
            models.CheckConstraint(condition=Q(amount_paisa__gt=0), name="transfer_positive"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="transfer_two_accounts"),
            models.CheckConstraint(condition=_any_kind(), name="transfer_kind"),
        ]
        indexes = [models.Index(fields=["cycle", "kind"], name="transfer_cycle_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_paisa}"
