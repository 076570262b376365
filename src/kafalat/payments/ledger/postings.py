"""Posts to the ledger, set by set: one row for a whole list or bank file, one row for each payment that goes its own way.

Called inside the transaction of the act that moves the money, after its rows are written. Amounts are never handed in:
they are summed from the payments themselves. Posting the same thing twice is refused by the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from kafalat.registry import bulk

PaymentKind = Literal[
    "paid", "rejected", "returned", "recalled", "parked", "reversed", "refunded", "recredited", "reissued"
]

# Debit and credit of what befalls one payment `p` that was in status `p.was`.
_OF_PAYMENT: dict[PaymentKind, tuple[str, str]] = {
    "paid": ("'paid:' || p.bank", "'in_flight:' || p.bank"),
    "rejected": ("'returned:' || p.bank", "'in_flight:' || p.bank"),
    "returned": (
        "'returned:' || p.bank",
        "CASE p.was WHEN 'paid' THEN 'paid:' ELSE 'in_flight:' END || p.bank",
    ),
    "recalled": ("'returned:' || p.bank", "'in_flight:' || p.bank"),
    "parked": ("'suspense'", "'returned:' || p.bank"),
    "reversed": ("'reversed:' || p.bank", "'paid:' || p.bank"),
    "refunded": ("'treasury'", "CASE p.was WHEN 'reversed' THEN 'reversed:' || p.bank ELSE 'suspense' END"),
    "recredited": (
        "'obligation'",
        (
            "CASE WHEN EXISTS (SELECT FROM payments_transfer AS refunded WHERE refunded.payment_id = p.id"
            " AND refunded.kind = 'refunded') THEN 'treasury' ELSE 'reversed:' || p.bank END"
        ),
    ),
    "reissued": (
        "'obligation'",
        """CASE WHEN EXISTS (SELECT FROM payments_transfer AS parked
            WHERE parked.payment_id = p.id AND parked.kind = 'parked') THEN 'suspense' ELSE 'returned:' || p.bank END""",
    ),
}

_COLUMNS = "cycle_id, payment_list_id, bank_file_id, payment_id, kind, debit, credit, amount_paisa, at"

# What came back and is tried again takes its money along; what was never tried, or was cancelled, takes it from its fund.
_LIST = f"""
    WITH item AS (
        SELECT p.id, p.attempt, p.amount_paisa, l.cycle_id, l.id AS list_id, l.fund,
            previous.id AS previous_id, previous.bank, previous.status AS was
        FROM payments_payment AS p JOIN payments_paymentlist AS l ON l.id = p.payment_list_id
        LEFT JOIN payments_payment AS previous
            ON previous.entitlement_id = p.entitlement_id AND previous.attempt = p.attempt - 1 AND p.attempt > 1
        WHERE p.payment_list_id = %(list)s
    ), fund AS (
        SELECT cycle_id, list_id, fund, (sum(amount_paisa) FILTER (WHERE attempt = 1))::bigint AS new_paisa,
            (sum(amount_paisa) FILTER (WHERE coalesce(was, 'cancelled') = 'cancelled'))::bigint AS due_paisa
        FROM item GROUP BY cycle_id, list_id, fund
    )
    INSERT INTO payments_transfer ({_COLUMNS})
    SELECT cycle_id, list_id, NULL::bigint, NULL::bigint, 'fund', 'fund:' || fund, 'treasury', new_paisa, %(at)s
    FROM fund WHERE new_paisa > 0
    UNION ALL
    SELECT cycle_id, list_id, NULL, NULL, 'due', 'obligation', 'fund:' || fund, due_paisa, %(at)s
    FROM fund WHERE due_paisa > 0
    UNION ALL
    SELECT p.cycle_id, NULL, NULL, p.id, p.kind, 'obligation',
        CASE p.kind WHEN 'recredited' THEN {_OF_PAYMENT["recredited"][1]} ELSE {_OF_PAYMENT["reissued"][1]} END,
        p.amount_paisa, %(at)s
    FROM (
        SELECT cycle_id, previous_id AS id, bank, amount_paisa,
            CASE was WHEN 'reversed' THEN 'recredited' ELSE 'reissued' END AS kind
        FROM item WHERE was IN ('rejected', 'returned', 'recalled', 'reversed')
    ) AS p
"""

_CANCELLED = f"""
    INSERT INTO payments_transfer ({_COLUMNS})
    SELECT l.cycle_id, l.id, NULL, NULL, 'cancelled', 'fund:' || l.fund, 'obligation', sum(p.amount_paisa)::bigint, %s
    FROM payments_paymentlist AS l JOIN payments_payment AS p ON p.payment_list_id = l.id AND p.status = 'cancelled'
    WHERE l.id = %s GROUP BY l.id
"""

_RELEASED = f"""
    INSERT INTO payments_transfer ({_COLUMNS})
    SELECT l.cycle_id, NULL, f.id, NULL, 'released', 'settlement:' || f.bank, 'obligation', f.control_sum_paisa, %s
    FROM payments_bankfile AS f JOIN payments_paymentlist AS l ON l.id = f.payment_list_id
    WHERE l.id = %s ORDER BY f.id
"""

# From what was released, so that a file of older books, whose payments were posted one by one, is not posted again.
_SENT = f"""
    INSERT INTO payments_transfer ({_COLUMNS})
    SELECT t.cycle_id, NULL, t.bank_file_id, NULL, 'sent', 'in_flight:' || f.bank, t.debit, t.amount_paisa, %s
    FROM payments_transfer AS t JOIN payments_bankfile AS f ON f.id = t.bank_file_id
    WHERE t.bank_file_id = ANY (%s) AND t.kind = 'released' ORDER BY f.id
"""


def post_list(*, payment_list_id: int, at: datetime) -> None:
    """Post what a freshly generated list commits: money from the treasury through its funds, or back from where it lay.

    `fund` and `due` are one row each; every payment tried again gets `reissued` or, after a reversal, `recredited`.
    """
    bulk.execute(_LIST, {"list": payment_list_id, "at": at})


def post_rejection(*, payment_list_id: int, at: datetime) -> None:
    """Post that the cancelled payments of a list give their money back to its funds; call after they are cancelled."""
    bulk.execute(_CANCELLED, [at, payment_list_id])


def post_release(*, payment_list_id: int, at: datetime) -> None:
    """Post each bank file of a list from obligation to settlement; call after the files are written."""
    bulk.execute(_RELEASED, [at, payment_list_id])


def post_sent(*, bank_file_ids: Sequence[int], at: datetime) -> None:
    """Post that bank files left: from settlement to in flight. Once per file, or the database refuses."""
    bulk.execute(_SENT, [at, list(bank_file_ids)])


def insert_of_payments(kind: PaymentKind, moved: str) -> str:
    """Return the statement that posts one row of `kind` for each row of `moved`; its one parameter is the time.

    `moved` names a table or CTE with the columns id, payment_list_id, bank, amount_paisa and was (the status before),
    so that moving payments and posting their money can be one statement.
    """
    debit, credit = _OF_PAYMENT[kind]
    return f"""
        INSERT INTO payments_transfer ({_COLUMNS})
        SELECT l.cycle_id, NULL, NULL, p.id, '{kind}', {debit}, {credit}, p.amount_paisa, %s
        FROM {moved} AS p JOIN payments_paymentlist AS l ON l.id = p.payment_list_id ORDER BY p.id
    """


def post_payments(*, kind: PaymentKind, moved: str, parameters: Sequence[Any] = (), at: datetime) -> int:
    """Post one row of `kind` for each payment that the query `moved` yields; return how many.

    `moved` is a SELECT or an UPDATE ... RETURNING with the columns of `insert_of_payments`.
    """
    return bulk.execute(f"WITH moved AS ({moved}) {insert_of_payments(kind, 'moved')}", [*parameters, at])
