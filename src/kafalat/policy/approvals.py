"""What stands between a list of payments and the banks (`approvals.yaml`): how many people must agree, and who is held back."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from kafalat.core.text import Bilingual
from kafalat.policy.base import InForce, Strict

# Why a family's payment may be held back. The rules behind the codes are in `enrolment/payable.py`, the last in `payments/`.
HoldCode = Literal[
    "suspended",
    "payee_cnic_missing",
    "payee_cnic_expired",
    "family_cnic_missing",
    "spouse_unprofiled",
    "no_account",
    "account_not_active",
    "title_not_matched",
    "no_mobile",
    "channel_closed",
]


class Quorum(Strict):
    """How many people must approve, authorise and release a list of up to `up_to_rupees` (any amount without)."""

    up_to_rupees: int | None = Field(default=None, ge=1)
    approve: int = Field(ge=1, le=5)
    authorise: int = Field(ge=1, le=5)
    release: int = Field(ge=1, le=5)

    def reaches(self, amount_paisa: int) -> bool:
        """Say whether it speaks of a list of this amount."""
        return self.up_to_rupees is None or amount_paisa <= self.up_to_rupees * 100


class QuorumPlan(InForce):
    """The quorums in force for a time, from the smallest amount to the largest; the last has no limit."""

    levels: tuple[Quorum, ...] = Field(min_length=1)
    source: str = Field(min_length=3)


class Hold(InForce):
    """A reason for which a family is not paid until it is settled; her money stays due to her.

    `text` completes the sentence "Not in the list: ..." and says what to do.
    """

    code: HoldCode
    text: Bilingual
    source: str = Field(min_length=3)


class Approvals(Strict):
    """Quorums by amount, and what must be complete before a family is paid (`approvals.yaml`)."""

    quorums: tuple[QuorumPlan, ...] = Field(min_length=1)
    holds: tuple[Hold, ...] = ()

    def quorum(self, amount_paisa: int, day: date) -> Quorum | None:
        """Return the quorum of a list of this amount on `day`, or None where no plan covers the day."""
        for plan in self.quorums:
            if plan.covers(day):
                return next((level for level in plan.levels if level.reaches(amount_paisa)), None)
        return None

    def holds_on(self, day: date) -> tuple[Hold, ...]:
        """Return the reasons in force on `day`, in the order in which one is named before another."""
        return tuple(hold for hold in self.holds if hold.covers(day))
