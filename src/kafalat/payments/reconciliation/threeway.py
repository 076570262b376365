"""Reconciles one bank and cycle three ways: the payroll, what the bank reported, and the programme's own account.

Every difference is taken apart into items with a kind and an amount; what no item explains is `unexplained_paisa`, and must
be nothing before anybody signs. The sums of each side come from that side's own rows, the items from single payments
and lines, so that the one checks the other.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from kafalat.payments.models import Cycle
from kafalat.registry import bulk


@dataclass(frozen=True, slots=True)
class Item:
    """Part of a difference: `side` is bank (payroll against report) or treasury (report against account)."""

    side: str
    kind: str
    count: int
    amount_paisa: int


@dataclass(frozen=True, slots=True)
class ThreeWay:
    """The three sides of one bank, in paisa, and every difference by kind.

    `released` is what its files held; `paid` what it reported paid and not returned; `out` and `back` what moved on the
    programme's account. Payroll less paid is `bank` items; the account's net less paid is `treasury` items.
    """

    bank: str
    files: int
    payments: int
    released_paisa: int
    paid_paisa: int
    out_paisa: int
    back_paisa: int
    items: tuple[Item, ...]

    @property
    def unpaid_paisa(self) -> int:
        """Return what was released and is not paid."""
        return self.released_paisa - self.paid_paisa

    @property
    def net_out_paisa(self) -> int:
        """Return what left the programme's account and did not come back."""
        return self.out_paisa - self.back_paisa

    @property
    def unexplained_paisa(self) -> int:
        """Return what no item explains, of both differences together (never set off against one another)."""
        listed = {
            side: sum(item.amount_paisa for item in self.items if item.side == side)
            for side in ("bank", "treasury")
        }
        return abs(self.unpaid_paisa - listed["bank"]) + abs(
            self.net_out_paisa - self.paid_paisa - listed["treasury"]
        )

    def figures(self) -> dict[str, object]:
        """Return everything as JSON values, as it is signed."""
        return asdict(self) | {"items": [asdict(item) for item in self.items]}


_TOTALS = """
    SELECT f.bank, count(*), sum(f.transactions)::bigint, sum(f.control_sum_paisa)::bigint,
        (SELECT coalesce(sum(t.amount_paisa) FILTER (WHERE t.kind = 'paid'), 0)
            - coalesce(sum(t.amount_paisa) FILTER (WHERE t.kind IN ('returned', 'reversed') AND t.credit LIKE 'paid:%%'), 0)
         FROM payments_transfer AS t WHERE t.cycle_id = %(cycle)s AND (t.debit = 'paid:' || f.bank OR t.credit = 'paid:' || f.bank))::bigint,
        (SELECT coalesce(sum(s.amount_paisa) FILTER (WHERE s.direction = 'out'), 0)::bigint FROM payments_statementline AS s
         WHERE s.cycle_id = %(cycle)s AND s.bank = f.bank),
        (SELECT coalesce(sum(s.amount_paisa) FILTER (WHERE s.direction = 'back'), 0)::bigint FROM payments_statementline AS s
         WHERE s.cycle_id = %(cycle)s AND s.bank = f.bank)
    FROM payments_bankfile AS f JOIN payments_paymentlist AS l ON l.id = f.payment_list_id
    WHERE l.cycle_id = %(cycle)s GROUP BY f.bank ORDER BY f.bank
"""
# One row a payment: what the account shows of it, by itself or by its file's whole sum, beside its state. A file's sum
# explains its payments only where it is exactly the file's; any other amount is an item of its own.
_ITEMS = """
    WITH own AS (
        SELECT payment_id, sum(amount_paisa) FILTER (WHERE direction = 'out') AS out_paisa,
            sum(amount_paisa) FILTER (WHERE direction = 'back') AS back_paisa
        FROM payments_statementline WHERE cycle_id = %(cycle)s AND payment_id IS NOT NULL GROUP BY payment_id
    ), whole AS (
        SELECT s.file_id FROM payments_statementline AS s JOIN payments_bankfile AS f ON f.id = s.file_id
        WHERE s.cycle_id = %(cycle)s AND s.direction = 'out' GROUP BY s.file_id, f.control_sum_paisa
        HAVING sum(s.amount_paisa) = f.control_sum_paisa
    ), each AS (
        SELECT p.bank, p.status, p.amount_paisa, coalesce(own.out_paisa, 0) + CASE WHEN whole.file_id IS NULL THEN 0 ELSE p.amount_paisa END AS out_paisa,
            coalesce(own.back_paisa, 0) AS back_paisa, CASE WHEN p.status = 'paid' THEN p.amount_paisa ELSE 0 END AS paid_paisa
        FROM payments_payment AS p JOIN payments_paymentlist AS l ON l.id = p.payment_list_id
        JOIN payments_bankfile AS f ON f.payment_list_id = p.payment_list_id AND f.bank = p.bank AND f.part = p.part
        LEFT JOIN own ON own.payment_id = p.id LEFT JOIN whole ON whole.file_id = f.id
        WHERE l.cycle_id = %(cycle)s
    )
    SELECT bank, 'bank', 'open_' || status, count(*), sum(amount_paisa)::bigint FROM each WHERE status <> 'paid' GROUP BY bank, status
    UNION ALL
    SELECT bank, 'treasury', kind, count(*), sum(paisa)::bigint FROM (
        SELECT bank, out_paisa - back_paisa - paid_paisa AS paisa, CASE
            WHEN paid_paisa > 0 AND out_paisa = 0 THEN 'paid_not_debited'
            WHEN paid_paisa > 0 AND back_paisa > 0 THEN 'paid_but_came_back'
            WHEN paid_paisa > 0 THEN 'debit_differs'
            WHEN out_paisa = 0 THEN 'came_back_never_left'
            WHEN status IN ('sent', 'accepted') THEN 'unanswered'
            WHEN back_paisa = 0 THEN 'refund_missing'
            ELSE 'refund_differs' END AS kind
        FROM each WHERE out_paisa - back_paisa <> paid_paisa
    ) AS differing GROUP BY bank, kind
    UNION ALL
    SELECT s.bank, 'treasury', CASE WHEN s.file_id IS NOT NULL AND s.direction = 'out' THEN 'file_sum_differs'
            WHEN s.file_id IS NOT NULL THEN 'refund_by_file'
            WHEN EXISTS (SELECT FROM payments_takeback AS o WHERE o.message_id = s.reference) THEN 'refund_by_order'
            WHEN s.direction = 'out' THEN 'paid_out_unnamed' ELSE 'refund_unnamed' END,
        count(*), sum(CASE s.direction WHEN 'out' THEN s.amount_paisa ELSE -s.amount_paisa END)::bigint
    FROM payments_statementline AS s WHERE s.cycle_id = %(cycle)s AND s.bank <> '' AND s.payment_id IS NULL
        AND NOT (s.direction = 'out' AND s.file_id IS NOT NULL AND s.file_id IN (SELECT file_id FROM whole))
    GROUP BY 1, 3
    ORDER BY 1, 2, 3
"""


def three_way(cycle: Cycle) -> list[ThreeWay]:
    """Return the reconciliation of every bank of a cycle, by bank code."""
    parameters = {"cycle": cycle.pk}
    items: dict[str, list[Item]] = {}
    for bank, side, kind, count, paisa in bulk.rows(_ITEMS, parameters):
        items.setdefault(str(bank), []).append(Item(str(side), str(kind), int(count), int(paisa)))
    return [
        ThreeWay(bank, files, payments, released, int(paid), out, back, tuple(items.get(bank, ())))
        for bank, files, payments, released, paid, out, back in bulk.rows(_TOTALS, parameters)
    ]


def unattributed() -> tuple[int, int]:
    """Return the number and net sum in paisa of movements that belong to no bank or cycle we know."""
    ((count, paisa),) = bulk.rows(
        """
        SELECT count(*), coalesce(sum(CASE direction WHEN 'out' THEN amount_paisa ELSE -amount_paisa END), 0)::bigint
        FROM payments_statementline WHERE bank = '' OR cycle_id IS NULL
        """
    )
    return int(count), int(paisa)
