"""Books what banks say: the lines, the payments' states and their money, set by set and within the caller's transaction.

What is booked lies in the temporary table `judged` (`payments/reconciliation/verdicts.py`), with the outcome as its verdict. An outcome
that comes late (accepted after paid, paid after returned) is kept as a line and changes nothing more, so that messages
may come in any order.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kafalat.payments.ledger.postings import PaymentKind, post_payments, post_sent
from kafalat.payments.models.answer import OUTCOMES
from kafalat.registry import bulk

# What each outcome does (a refusal to recall does nothing): the states it moves a payment out of, the state and ledger row it ends in (no row for accepted).
_EFFECTS: tuple[tuple[str, tuple[str, ...], str, PaymentKind | None], ...] = (
    ("accepted", ("sent",), "accepted", None),
    ("rejected", ("sent", "accepted"), "rejected", "rejected"),
    ("paid", ("sent", "accepted"), "paid", "paid"),
    ("recalled", ("sent", "accepted"), "recalled", "recalled"),
    ("returned", ("paid",), "reversed", "reversed"),
    ("returned", ("sent", "accepted", "paid"), "returned", "returned"),
)
# Money that comes back under an approved order to take it back is reversed; any other has been returned.
_ORDERED = """
    EXISTS (SELECT FROM payments_takebackitem AS item JOIN payments_takebackapproval AS approval
        ON approval.take_back_id = item.take_back_id WHERE item.payment_id = p.id)
"""


def book(*, answer_id: int, verdicts: dict[str, int], at: datetime) -> dict[str, int]:
    """Record the booked lines and move payments and money; return how many payments took each state."""
    if not verdicts.keys() & set(OUTCOMES):
        return {}
    _mark_sent(at)
    bulk.execute(
        """
        INSERT INTO payments_answerline (answer_id, payment_id, outcome, reason_code, amount_paisa, line_no, booked_on)
        SELECT %s, payment_id, verdict, left(reason_code, 10), due_paisa, line_no, booked_on
        FROM judged WHERE verdict = ANY (%s) ORDER BY line_no
        """,
        [answer_id, list(OUTCOMES)],
    )
    moved: dict[str, int] = {}
    for outcome, sources, target, kind in _EFFECTS:
        if outcome in verdicts and (count := _move(outcome, sources, target, kind, at)):
            moved[target] = count
    return moved


def _mark_sent(at: datetime) -> None:
    """Take an answer as evidence that its file left: whoever sends may have been stopped before he could say so."""
    left = bulk.rows(
        """
        UPDATE payments_outbox AS o SET sent_at = %s
        WHERE o.sent_at IS NULL AND EXISTS (
            SELECT FROM judged WHERE judged.file_id = o.bank_file_id AND judged.verdict = ANY (%s)
        ) RETURNING o.bank_file_id
        """,
        [at, list(OUTCOMES)],
    )
    if left:
        post_sent(bank_file_ids=[file_id for (file_id,) in left], at=at)


def _move(outcome: str, sources: tuple[str, ...], target: str, kind: PaymentKind | None, at: datetime) -> int:
    """Move the payments one outcome speaks of to their new state, and their money with them, in one statement."""
    moved = f"""
        UPDATE payments_payment AS p SET status = %s
        FROM judged WHERE judged.verdict = %s AND p.id = judged.payment_id AND p.status = ANY (%s)
            AND {_ORDERED if target == "reversed" else "true"}
        RETURNING p.id, p.payment_list_id, p.bank, p.amount_paisa, old.status AS was
    """
    parameters: list[Any] = [target, outcome, list(sources)]
    if kind is None:
        ((count,),) = bulk.rows(f"WITH moved AS ({moved}) SELECT count(*) FROM moved", parameters)
        return int(count)
    return post_payments(kind=kind, moved=moved, parameters=parameters, at=at)
