"""Reads of recalls for pages: what each waits for, and what the bank said of each of its payments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kafalat.core.problems import problem
from kafalat.payments.models import AnswerLine, Payment, Recall, Resolution
from kafalat.payments.sending.recalls import RecallView, recalls
from kafalat.registry import bulk

State = Literal["asked", "agreed", "left", "undecided", "answered"]


@dataclass(frozen=True, slots=True)
class RecallRow:
    """A recall with what it waits for; `undecided` counts recalled payments whose money waits for a person."""

    view: RecallView
    undecided: int

    @property
    def state(self) -> State:
        """Return what it waits for: a second person, its sending, the bank, a decision about what came back, or nothing."""
        if self.view.agreement is None:
            return "asked"
        if self.view.agreement.sent_at is None:
            return "agreed"
        if self.undecided:
            return "undecided"
        answered = self.view.recalled + self.view.refused
        return "answered" if answered >= self.view.recall.payments else "left"


def recall_rows() -> list[RecallRow]:
    """Return all recalls, those that wait for a second person first, then the newest."""
    undecided = {
        int(key): int(count)
        for key, count in bulk.rows(
            """
            SELECT i.recall_id, count(*) FROM payments_recallitem AS i JOIN payments_payment AS p ON p.id = i.payment_id
            WHERE p.status = 'recalled' AND NOT EXISTS (SELECT FROM payments_resolution AS r WHERE r.payment_id = p.id)
            GROUP BY i.recall_id
            """
        )
    }
    return [RecallRow(view, undecided.get(view.recall.pk, 0)) for view in recalls()]


def recall_row(message_id: str) -> RecallRow:
    """Return one recall. Raises `console.not_found`."""
    found = next((row for row in recall_rows() if row.view.recall.message_id == message_id), None)
    if found is None:
        raise problem(
            "console.not_found", what_en=f"recall {message_id}", what_ur=f"واپسی کی درخواست {message_id}"
        )
    return found


@dataclass(frozen=True, slots=True)
class AskedBack:
    """One payment of a recall: what the bank answered (nothing yet, recalled or refused) and what was decided then."""

    payment: Payment
    outcome: str
    reason_code: str
    decided: str


def asked_back(recall: Recall) -> list[AskedBack]:
    """Return the payments of a recall, by identity."""
    said = {
        line.payment_id: line
        for line in AnswerLine.objects.filter(
            payment__recalled__recall=recall, outcome__in=["recalled", "refused"]
        )
    }
    decided = dict(
        Resolution.objects.filter(payment__recalled__recall=recall).values_list("payment_id", "action")
    )
    return [
        AskedBack(
            payment,
            said[payment.pk].outcome if payment.pk in said else "",
            said[payment.pk].reason_code if payment.pk in said else "",
            decided.get(payment.pk, ""),
        )
        for payment in Payment.objects.filter(recalled__recall=recall).order_by("identity")
    ]
