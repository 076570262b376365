"""Judges every line of an answer in one pass: booked as what it says, or held with the verdict that says why not."""

from __future__ import annotations

from datetime import datetime

from kafalat.payments.cycles.calendar import local_day
from kafalat.payments.models.answer import OUTCOMES
from kafalat.registry import bulk

NEVER_LATE_DAYS = 100_000

# The first condition that holds is the verdict; none is what it says. A payment is found by its end-to-end id. Days are
# Pakistan's. What was said before is looked up only where the payment's state shows that it may have been.
_JUDGE = """
    CREATE TEMPORARY TABLE judged ON COMMIT DROP AS
    WITH twice AS (
        SELECT reference, outcome, min(line_no) AS first FROM line WHERE reference <> '' AND outcome NOT IN ('pending', 'other')
        GROUP BY reference, outcome HAVING count(*) > 1
    ), both_ways AS (
        SELECT reference FROM line WHERE reference <> '' AND outcome IN ('rejected', 'paid', 'returned', 'recalled', 'refused')
        GROUP BY reference HAVING bool_or(outcome = 'rejected') AND bool_or(outcome IN ('paid', 'returned'))
            OR bool_or(outcome = 'recalled') AND bool_or(outcome <> 'recalled')
    )
    SELECT line.line_no, line.reference, line.outcome, line.reason_code, line.amount_paisa, right(line.account, 4) AS account_last4,
        line.name, line.booked_on, line.text, p.id AS payment_id,
        p.amount_paisa AS due_paisa, f.id AS file_id, CASE
            WHEN line.outcome = 'pending' THEN 'pending'
            WHEN p.id IS NULL AND line.outcome = 'other' THEN 'other'
            WHEN p.id IS NULL AND line.reference = '' THEN 'unreferenced'
            WHEN p.id IS NULL THEN 'unknown'
            WHEN line.outcome = 'other' THEN 'other'
            WHEN p.bank <> %(bank)s THEN 'wrong_bank'
            WHEN f.id IS NULL THEN 'unsent'
            WHEN %(original)s::bigint IS NOT NULL AND f.id <> %(original)s THEN 'wrong_file'
            WHEN line.amount_paisa IS NOT NULL AND line.amount_paisa <> p.amount_paisa THEN 'amount_mismatch'
            WHEN line.account <> '' AND CASE WHEN sealed.account IS NOT NULL THEN sealed.iban_sealed <> a.iban_sealed
                ELSE right(line.account, 4) <> a.iban_last4 END THEN 'wrong_account'
            WHEN p.status IN ('prepared', 'cancelled') THEN 'unsent'
            WHEN twice.first < line.line_no THEN 'duplicate'
            WHEN both_ways.reference IS NOT NULL THEN 'contradiction'
            WHEN line.outcome IN ('recalled', 'refused') AND NOT EXISTS (SELECT FROM payments_recallitem AS asked
                JOIN payments_recallagreement AS agreed ON agreed.recall_id = asked.recall_id WHERE asked.payment_id = p.id) THEN 'unasked'
            WHEN line.outcome = 'rejected' AND p.status IN ('paid', 'returned', 'reversed') THEN 'contradiction'
            WHEN line.outcome IN ('paid', 'returned') AND p.status IN ('rejected', 'recalled') THEN 'contradiction'
            WHEN line.outcome = 'recalled' AND p.status IN ('paid', 'rejected', 'returned', 'reversed') THEN 'contradiction'
            WHEN line.outcome IN ('recalled', 'refused') AND EXISTS (SELECT FROM payments_answerline AS said
                WHERE said.payment_id = p.id AND said.outcome IN ('recalled', 'refused') AND said.outcome <> line.outcome) THEN 'contradiction'
            WHEN (p.status <> 'sent' OR line.outcome = 'refused') AND EXISTS (SELECT FROM payments_answerline AS said
                WHERE said.payment_id = p.id AND said.outcome = line.outcome) THEN 'repeated'
            WHEN line.outcome = 'paid' AND p.status IN ('returned', 'reversed') AND EXISTS (SELECT FROM payments_answerline AS said
                WHERE said.payment_id = p.id AND said.outcome = 'returned' AND said.booked_on < line.booked_on) THEN 'contradiction'
            WHEN line.outcome = 'returned' AND p.status = 'paid' AND EXISTS (SELECT FROM payments_takebackitem AS ordered
                JOIN payments_takebackapproval AS approved ON approved.take_back_id = ordered.take_back_id
                WHERE ordered.payment_id = p.id) THEN 'returned'
            WHEN c.status = 'closed' THEN 'late'
            WHEN line.outcome IN ('recalled', 'refused') THEN line.outcome
            WHEN coalesce(line.booked_on, %(today)s) - (f.created_at AT TIME ZONE 'Asia/Karachi')::date > %(late_days)s THEN 'late'
            WHEN line.booked_on < (f.created_at AT TIME ZONE 'Asia/Karachi')::date THEN 'early'
            ELSE line.outcome END AS verdict
    FROM line
    LEFT JOIN payments_payment AS p ON line.reference <> '' AND p.identity = line.reference
    LEFT JOIN enrolment_account AS a ON a.id = p.account_id
    LEFT JOIN payments_bankfile AS f ON f.payment_list_id = p.payment_list_id AND f.bank = p.bank AND f.part = p.part
    LEFT JOIN payments_paymentlist AS l ON l.id = p.payment_list_id LEFT JOIN payments_cycle AS c ON c.id = l.cycle_id
    LEFT JOIN sealed ON sealed.account = line.account
    LEFT JOIN twice ON twice.reference = line.reference AND twice.outcome = line.outcome
    LEFT JOIN both_ways ON both_ways.reference = line.reference
"""


def judge(*, bank: str, original_id: int | None, late_days: int, at: datetime) -> dict[str, int]:
    """Judge the lines of the temporary table `line` into the temporary table `judged`; return how many took each verdict.

    `original_id` is the bank file the answer names, if it does.
    """
    bulk.execute(
        _JUDGE, {"bank": bank, "original": original_id, "late_days": late_days, "today": local_day(at)}
    )
    bulk.execute("ANALYZE judged (payment_id, file_id, verdict)")
    return {
        str(verdict): int(lines)
        for verdict, lines in bulk.rows(
            "SELECT verdict, count(*) FROM judged GROUP BY verdict ORDER BY verdict"
        )
    }


def hold(answer_id: int) -> None:
    """Keep every line that is not booked, with its verdict."""
    bulk.execute(
        """
        INSERT INTO payments_reportline (answer_id, line_no, verdict, outcome, reference, reason_code, amount_paisa,
            account_last4, name, text, booked_on, payment_id)
        SELECT %s, line_no, verdict, outcome, left(reference, 140), left(reason_code, 10), amount_paisa, account_last4,
            left(name, 140), left(text, 500), booked_on, payment_id
        FROM judged WHERE verdict <> ALL (%s) ORDER BY line_no
        """,
        [answer_id, list(OUTCOMES)],
    )
