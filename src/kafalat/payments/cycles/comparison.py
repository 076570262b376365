"""What a list would change against the tranche before: what an approver must see to say yes with open eyes."""

from __future__ import annotations

from dataclasses import dataclass

from kafalat.core.quarters import parse_quarter
from kafalat.payments.models import Cycle, PaymentList
from kafalat.registry import bulk

# Families and their sums in this list and in the lists of the tranche before that were released for the same phase.
_COMPARED = """
    WITH now AS (
        SELECT e.beneficiary_id, sum(p.amount_paisa)::bigint AS paisa, min(p.account_id) AS account_id,
            bool_or(e.quarter <> c.tranche) AS late
        FROM payments_payment AS p JOIN payments_entitlement AS e ON e.id = p.entitlement_id
        JOIN payments_cycle AS c ON c.id = e.cycle_id WHERE p.payment_list_id = %(list)s GROUP BY e.beneficiary_id
    ), before AS (
        SELECT e.beneficiary_id, sum(p.amount_paisa)::bigint AS paisa, min(p.account_id) AS account_id
        FROM payments_payment AS p JOIN payments_entitlement AS e ON e.id = p.entitlement_id
        JOIN payments_paymentlist AS l ON l.id = p.payment_list_id
        WHERE l.cycle_id = %(cycle)s AND l.phase = %(phase)s AND p.attempt = 1 AND p.status <> 'cancelled' GROUP BY e.beneficiary_id
    )
    SELECT count(*) FILTER (WHERE before.paisa IS NULL), count(*) FILTER (WHERE now.paisa IS NULL),
        count(*) FILTER (WHERE now.paisa <> before.paisa), count(*) FILTER (WHERE now.account_id <> before.account_id),
        count(*) FILTER (WHERE now.late), count(before.paisa), coalesce(sum(before.paisa), 0)::bigint
    FROM now FULL JOIN before USING (beneficiary_id)
"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A list beside the tranche before (`None` where there was none): families, and that tranche's sum in paisa.

    `fresh` were not in it, `gone` are not in this list, `other_amount` and `other_account` are in both; `late` are paid
    an earlier quarter too.
    """

    tranche: str | None
    fresh: int
    gone: int
    other_amount: int
    other_account: int
    late: int
    families_before: int
    before_paisa: int


def comparison(payment_list: PaymentList) -> Comparison:
    """Compare a list with what the tranche before paid in the same phase. One statement."""
    cycle = payment_list.cycle
    tranche = str(parse_quarter(cycle.tranche).preceding())
    before = Cycle.objects.filter(programme_code=cycle.programme_code, tranche=tranche).first()
    values = {
        "list": payment_list.pk,
        "cycle": before.pk if before else None,
        "phase": payment_list.phase,
    }
    ((*figures,),) = bulk.rows(_COMPARED, values)
    return Comparison(tranche if before else None, *map(int, figures))
