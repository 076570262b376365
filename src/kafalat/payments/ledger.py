"""Proves the books: the invariants of the ledger, checked over everything that was ever posted.

Each check is one query that must find nothing; what it finds is named. A row of the ledger is one debit and one
credit of the same integer paisa, so debits equal credits row by row; the checks prove it again from the balances, and
tie the ledger to the payments, the approved lists, the bank files and the files on disk.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from kafalat.payments.dispatch import outgoing_path
from kafalat.payments.lists import stored_digest
from kafalat.payments.models import BankFile, PaymentList
from kafalat.registry import bulk


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant: its code in promises (I1 ...), what it says, and the first violations found."""

    code: str
    says: str
    violations: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Say whether nothing violates it."""
        return not self.violations


_BALANCES = """
    SELECT account, sum(paisa)::bigint AS paisa FROM (
        SELECT cycle_id, debit AS account, amount_paisa AS paisa FROM payments_transfer
        UNION ALL SELECT cycle_id, credit, -amount_paisa FROM payments_transfer
    ) AS moved WHERE %s::bigint IS NULL OR cycle_id = %s::bigint GROUP BY account ORDER BY account
"""

# What each payment state says about where its money is now: the accounts its transfers must add up to.
_QUERIES: tuple[tuple[str, str, str], ...] = (
    (
        "I1",
        "debits equal credits",
        f"SELECT 'sum of all balances is ' || sum(paisa) FROM ({_BALANCES}) AS b HAVING sum(paisa) <> 0",
    ),
    (
        "I3",
        "paid and in flight never exceed what is due, per family, cycle and component",
        """
        SELECT 'entitlement ' || e.id || ': ' || sum(p.amount_paisa) || ' of ' || e.amount_paisa
        FROM payments_entitlement AS e JOIN payments_payment AS p ON p.entitlement_id = e.id
        WHERE p.status IN ('prepared', 'sent', 'accepted', 'paid') AND (%s::bigint IS NULL OR e.cycle_id = %s::bigint)
        GROUP BY e.id, e.amount_paisa HAVING sum(p.amount_paisa) > e.amount_paisa LIMIT 5
        """,
    ),
    (
        "I4",
        "at most one live payment per entitlement",
        """
        SELECT 'entitlement ' || e.id || ': ' || count(*) || ' live payments'
        FROM payments_entitlement AS e JOIN payments_payment AS p ON p.entitlement_id = e.id
        WHERE p.status IN ('prepared', 'sent', 'accepted', 'paid') AND (%s::bigint IS NULL OR e.cycle_id = %s::bigint)
        GROUP BY e.id HAVING count(*) > 1 LIMIT 5
        """,
    ),
    (
        "I7",
        "no more is committed than was funded",
        f"SELECT 'fund is at ' || paisa || ' paisa' FROM ({_BALANCES}) AS b WHERE account = 'fund' AND paisa < 0",
    ),
    (
        "I12",
        "every account of the programme is at zero or above: each rupee has an owner",
        f"""
        SELECT account || ' is at ' || paisa || ' paisa' FROM ({_BALANCES}) AS b
        WHERE account <> 'treasury' AND paisa < 0 LIMIT 5
        """,
    ),
    (
        "L1",
        "the state of each payment is where its money is in the ledger",
        """
        SELECT 'payment ' || p.identity || ' is ' || p.status || ' with transfers ' || coalesce(t.kinds, 'none')
        FROM payments_payment AS p JOIN payments_entitlement AS e ON e.id = p.entitlement_id
        LEFT JOIN LATERAL (
            SELECT string_agg(kind, ',' ORDER BY kind) AS kinds, bool_and(amount_paisa = p.amount_paisa) AS whole,
                array_agg(kind::text) AS list
            FROM payments_transfer WHERE payment_id = p.id
        ) AS t ON true
        WHERE (%s::bigint IS NULL OR e.cycle_id = %s::bigint) AND NOT (coalesce(t.whole, p.status IN ('prepared', 'cancelled'))
            AND CASE p.status
                WHEN 'sent' THEN 'sent' = ANY (t.list) AND NOT t.list && ARRAY['paid', 'rejected', 'returned']
                WHEN 'accepted' THEN 'sent' = ANY (t.list) AND NOT t.list && ARRAY['paid', 'rejected', 'returned']
                WHEN 'paid' THEN t.list @> ARRAY['sent', 'paid'] AND NOT t.list && ARRAY['rejected', 'returned']
                WHEN 'rejected' THEN t.list @> ARRAY['sent', 'rejected'] AND NOT t.list && ARRAY['paid', 'returned']
                WHEN 'returned' THEN t.list @> ARRAY['sent', 'returned'] AND NOT 'rejected' = ANY (t.list)
                ELSE NOT coalesce(t.list, '{}') && ARRAY['sent', 'paid', 'rejected', 'returned'] END) LIMIT 5
        """,
    ),
    (
        "L2",
        "the totals of each bank file are those of its payments and of the ledger",
        """
        SELECT 'file ' || f.message_id || ': ' || f.control_sum_paisa || ' paisa in ' || f.transactions || ' payments, ledger '
            || coalesce(sum(t.amount_paisa), 0) || ' in ' || count(t.id)
        FROM payments_bankfile AS f JOIN payments_paymentlist AS l ON l.id = f.payment_list_id
        LEFT JOIN payments_payment AS p ON p.payment_list_id = f.payment_list_id AND p.bank = f.bank
        LEFT JOIN payments_transfer AS t ON t.payment_id = p.id AND t.kind = 'sent'
        WHERE %s::bigint IS NULL OR l.cycle_id = %s::bigint
        GROUP BY f.id HAVING coalesce(sum(t.amount_paisa), 0) <> f.control_sum_paisa OR count(t.id) <> f.transactions
            OR coalesce(sum(p.amount_paisa), 0) <> f.control_sum_paisa LIMIT 5
        """,
    ),
    (
        "L3",
        "every payment that left stands in exactly one bank file",
        """
        SELECT 'payment ' || p.identity || ' is in no bank file' FROM payments_payment AS p
        JOIN payments_paymentlist AS l ON l.id = p.payment_list_id
        WHERE p.status NOT IN ('prepared', 'cancelled') AND (%s::bigint IS NULL OR l.cycle_id = %s::bigint)
            AND NOT EXISTS (SELECT FROM payments_bankfile AS f WHERE f.payment_list_id = p.payment_list_id AND f.bank = p.bank)
        LIMIT 5
        """,
    ),
)


def check_ledger(*, outgoing: Path, cycle_id: int | None = None) -> list[Check]:
    """Return every invariant with what violates it, over all cycles or one. `outgoing` holds the bank files sent."""
    checks = []
    for code, says, query in _QUERIES:
        found = bulk.rows(query, [cycle_id, cycle_id])
        checks.append(Check(code, says, tuple(str(row[0]) for row in found)))
    checks.append(_check_digests(cycle_id))
    checks.append(_check_files(outgoing, cycle_id))
    return checks


def _check_digests(cycle_id: int | None) -> Check:
    """Compare each list's digest as approved with its payments as they stand."""
    lists = PaymentList.objects.order_by("id")
    if cycle_id is not None:
        lists = lists.filter(cycle_id=cycle_id)
    changed = [f"list {entry.pk}" for entry in lists if stored_digest(entry.pk) != entry.sha256]
    return Check("I6", "what was approved is what was dispatched", tuple(changed))


def _check_files(outgoing: Path, cycle_id: int | None) -> Check:
    """Compare each file on disk with the digest it was dispatched with."""
    files = BankFile.objects.filter(outbox__sent_at__isnull=False).order_by("id")
    if cycle_id is not None:
        files = files.filter(payment_list__cycle_id=cycle_id)
    changed = []
    for file in files:
        path = outgoing_path(file, outgoing)
        if not path.exists():
            changed.append(f"{file.message_id} is missing from {path.parent}")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != file.sha256:
            changed.append(f"{file.message_id} is not the file that was dispatched")
    return Check("L4", "every bank file that was sent lies there, unchanged", tuple(changed))


def balances(cycle_id: int | None = None) -> dict[str, int]:
    """Return the balance of every account in paisa (debits less credits), over all cycles or one."""
    return {account: int(paisa) for account, paisa in bulk.rows(_BALANCES, [cycle_id, cycle_id])}
