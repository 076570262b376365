"""How bank reports are reconciled and idle money is taken back (`reconciliation.yaml`)."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from kafalat.core.text import Bilingual
from kafalat.policy.base import InForce, Strict


class Matching(Strict):
    """How a line without our reference may find its payment.

    Candidates have the line's amount and were sent at most `days_after` days before it (or `days_before` after it).
    Those surer than `propose_from_ppm` (parts per million) are shown; below `book_from_ppm` each is booked by a person who
    looked at that one, at or above it many may be booked at once. Amounts from `second_person_from_paisa` need two people.
    """

    days_before: int = Field(ge=0, le=30)
    days_after: int = Field(ge=1, le=400)
    propose_from_ppm: int = Field(ge=0, le=1_000_000)
    book_from_ppm: int = Field(ge=900_000, le=1_000_000)
    second_person_from_paisa: int = Field(gt=0)


class Reminder(Strict):
    """The message of a month in which a payee has not collected what was paid. Filled in: {amount} {tranche} {bank}."""

    after_months: int = Field(ge=1, le=60)
    text: Bilingual


class Idle(Strict):
    """What becomes of money nobody collects: warnings, then an order to the bank to send it back, under `clause`."""

    warnings: tuple[Reminder, ...]
    take_back_after_months: int = Field(ge=1, le=120)
    clause: str = Field(min_length=10)


class ReconciliationRules(InForce):
    """The rules in force for a time. A line booked more than `late_after_days` days after its payment was sent is late."""

    late_after_days: int = Field(ge=1, le=1000)
    matching: Matching
    idle: Idle
    source: str = Field(min_length=3)


class Reconciliation(Strict):
    """All rules there were and are."""

    rules: tuple[ReconciliationRules, ...] = Field(min_length=1)

    def on(self, day: date) -> ReconciliationRules | None:
        """Return the rules in force on `day`."""
        return next((rules for rules in self.rules if rules.covers(day)), None)
