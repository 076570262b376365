"""Reads of what keeps a cycle open: payments that have not come to an end, and money that stands where it belongs to nobody."""

from __future__ import annotations

from dataclasses import dataclass

from kafalat.payments.models import Cycle
from kafalat.registry import bulk

# Where money may rest when a cycle is over: not yet drawn, with the payee, or set aside with a reason.
AT_REST = ("treasury", "paid", "suspense", "reversed")


@dataclass(frozen=True, slots=True)
class Standing:
    """Payments of one state that keep a cycle open, or the account on which money stands: how many, and their sum in paisa."""

    code: str
    count: int
    amount_paisa: int


def unfinished(cycle: Cycle) -> list[Standing]:
    """Return the payments that are on their way, or came back and are undecided, by state."""
    found = bulk.rows(
        """
        SELECT p.status, count(*), sum(p.amount_paisa)::bigint
        FROM payments_payment AS p JOIN payments_entitlement AS e ON e.id = p.entitlement_id
        LEFT JOIN payments_resolution AS r ON r.payment_id = p.id
        WHERE e.cycle_id = %s AND (p.status IN ('prepared', 'sent', 'accepted')
            OR (p.status IN ('rejected', 'returned', 'recalled', 'cancelled') AND NOT EXISTS (
                SELECT FROM payments_payment AS next WHERE next.entitlement_id = p.entitlement_id AND next.attempt > p.attempt)
                AND r.action IS DISTINCT FROM 'park'))
        GROUP BY p.status ORDER BY p.status
        """,
        [cycle.pk],
    )
    return [Standing(*row) for row in found]


def adrift(cycle: Cycle) -> list[Standing]:
    """Return the accounts on which money of the cycle stands and may not rest when it is over; `count` is its rows."""
    found = bulk.rows(
        """
        SELECT account, count(*), sum(paisa)::bigint FROM (
            SELECT debit AS account, amount_paisa AS paisa FROM payments_transfer WHERE cycle_id = %s
            UNION ALL SELECT credit, -amount_paisa FROM payments_transfer WHERE cycle_id = %s
        ) AS moved
        WHERE split_part(account, ':', 1) <> ALL (%s) GROUP BY account HAVING sum(paisa) <> 0 ORDER BY account
        """,
        [cycle.pk, cycle.pk, list(AT_REST)],
    )
    return [Standing(*row) for row in found]
