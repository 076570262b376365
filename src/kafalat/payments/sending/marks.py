"""Marks that a bank file left, once, with its money: in its own transaction as sent, or in that of the answer that shows it."""

from __future__ import annotations

from datetime import datetime

from kafalat.payments.ledger.postings import post_sent
from kafalat.registry import bulk


def mark_sent(*, bank_file_id: int, at: datetime) -> bool:
    """Mark a bank file as sent and post it as in flight, unless that was done already; say whether it was done now."""
    left = bulk.rows(
        """
        UPDATE payments_outbox SET sent_at = %s, problem_code = '', next_try_at = NULL
        WHERE bank_file_id = %s AND sent_at IS NULL RETURNING bank_file_id
        """,
        [at, bank_file_id],
    )
    if left:
        post_sent(bank_file_ids=[bank_file_id], at=at)
    return bool(left)
