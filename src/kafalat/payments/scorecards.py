"""How well each bank pays: how many days to the family's account, what fails and why, and how long it is silent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kafalat.payments.cycles.calendar import local_day_sql
from kafalat.registry import bulk

# A payment counts from the moment its file left; days are those between the file and the bank's own day, or ours where it names none.
_BANKS = f"""
    WITH left_ AS (
        SELECT p.id, p.bank, p.status, p.amount_paisa, o.sent_at FROM payments_payment AS p
        JOIN payments_paymentlist AS l ON l.id = p.payment_list_id
        JOIN payments_bankfile AS f ON f.payment_list_id = p.payment_list_id AND f.bank = p.bank AND f.part = p.part
        JOIN payments_outbox AS o ON o.bank_file_id = f.id
        WHERE o.sent_at IS NOT NULL AND (%(cycle)s::bigint IS NULL OR l.cycle_id = %(cycle)s)
    ), credited AS (
        SELECT left_.bank, greatest(0, coalesce(line.booked_on, {local_day_sql("a.received_at")})
            - {local_day_sql("left_.sent_at")}) AS days
        FROM left_ JOIN payments_answerline AS line ON line.payment_id = left_.id AND line.outcome = 'paid'
        JOIN payments_answer AS a ON a.id = line.answer_id
    ), speed AS (
        SELECT bank, count(*) AS credited, percentile_disc(0.5) WITHIN GROUP (ORDER BY days) AS median_days,
            percentile_disc(0.9) WITHIN GROUP (ORDER BY days) AS p90_days FROM credited GROUP BY bank
    ), answered AS (SELECT bank, max(received_at) AS last_at FROM payments_answer GROUP BY bank
    ), open_ AS (
        SELECT a.bank, count(*) AS n FROM payments_reportline AS r JOIN payments_answer AS a ON a.id = r.answer_id
        WHERE r.verdict NOT IN ('pending', 'other', 'repeated')
            AND NOT EXISTS (SELECT FROM payments_linedecision AS d WHERE d.line_id = r.id) GROUP BY a.bank
    )
    SELECT left_.bank, count(*), sum(left_.amount_paisa)::bigint, count(*) FILTER (WHERE left_.status = 'paid'),
        count(*) FILTER (WHERE left_.status = 'rejected'), count(*) FILTER (WHERE left_.status = 'returned'),
        count(*) FILTER (WHERE left_.status IN ('sent', 'accepted')), min(speed.median_days), min(speed.p90_days),
        coalesce(min(open_.n), 0), min(answered.last_at)
    FROM left_ LEFT JOIN speed USING (bank) LEFT JOIN answered USING (bank) LEFT JOIN open_ USING (bank)
    GROUP BY left_.bank ORDER BY left_.bank
"""
_REASONS = """
    SELECT p.bank, line.outcome, line.reason_code, count(*) FROM payments_answerline AS line
    JOIN payments_payment AS p ON p.id = line.payment_id JOIN payments_paymentlist AS l ON l.id = p.payment_list_id
    WHERE line.outcome IN ('rejected', 'returned') AND (%(cycle)s::bigint IS NULL OR l.cycle_id = %(cycle)s)
    GROUP BY p.bank, line.outcome, line.reason_code ORDER BY p.bank, count(*) DESC, line.reason_code
"""


@dataclass(frozen=True, slots=True)
class Failure:
    """Payments of a bank that came back for one reason."""

    outcome: str
    reason_code: str
    count: int


@dataclass(frozen=True, slots=True)
class BankScore:
    """One bank's record: payments that left and what became of them, days to credit, open lines, its last word.

    `median_days` and `p90_days` are whole days from the file to the credit; None before the first credit.
    """

    bank: str
    sent: int
    sent_paisa: int
    paid: int
    rejected: int
    returned: int
    unanswered: int
    median_days: int | None
    p90_days: int | None
    open_lines: int
    answered_at: datetime | None
    failures: tuple[Failure, ...] = field(default=())

    @property
    def failed_pct(self) -> str:
        """Return the share that came back, in percent with one place: exact, cut off."""
        per_mille = (self.rejected + self.returned) * 1000 // self.sent
        return f"{per_mille // 10}.{per_mille % 10}"

    def silent_days(self, now: datetime) -> int | None:
        """Return for how many days the bank has said nothing though it owes answers; None where it owes none."""
        if self.unanswered == 0 or self.answered_at is None:
            return None
        return (now - self.answered_at).days


def bank_scores(cycle_id: int | None = None) -> list[BankScore]:
    """Return the record of every bank that was sent something, over one cycle or all. Two statements."""
    failures: dict[str, list[Failure]] = {}
    values: Mapping[str, object] = {"cycle": cycle_id}
    for bank, outcome, reason, count in bulk.rows(_REASONS, values):
        failures.setdefault(bank, []).append(Failure(outcome, reason, count))
    return [BankScore(*(*row, tuple(failures.get(row[0], ())))) for row in bulk.rows(_BANKS, values)]
