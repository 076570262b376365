"""Judges every line of an answer in one pass: booked as what it says, or held with the verdict that says why not."""

from __future__ import annotations

from datetime import datetime

from kafalat.payments.cycles.calendar import local_day, local_day_sql
from kafalat.payments.models.answer import OUTCOMES
from kafalat.payments.reconciliation.staging import Staged
from kafalat.registry import bulk

NEVER_LATE_DAYS = 100_000

# What a file says twice of one payment, and what it says both ways; only asked where it speaks of a payment twice.
_REPEATED = """
    twice AS (
        SELECT reference, outcome, min(line_no) AS first FROM line WHERE reference <> '' AND outcome NOT IN ('pending', 'other')
        GROUP BY reference, outcome HAVING count(*) > 1
    ), both_ways AS (
        SELECT reference FROM line WHERE reference <> '' AND outcome IN ('rejected', 'paid', 'returned', 'recalled', 'refused')
        GROUP BY reference HAVING bool_or(outcome = 'rejected') AND bool_or(outcome IN ('paid', 'returned'))
            OR bool_or(outcome = 'recalled') AND bool_or(outcome <> 'recalled')
    ),
"""
_REPEATED_JOIN = """
    LEFT JOIN twice ON twice.reference = line.reference AND twice.outcome = line.outcome
    LEFT JOIN both_ways ON both_ways.reference = line.reference
"""
_REPEATED_CASES = """
            WHEN twice.first < line.line_no THEN 'duplicate'
            WHEN both_ways.reference IS NOT NULL THEN 'contradiction'
"""
_ACCOUNT_JOIN = """
    LEFT JOIN enrolment_account AS a ON a.id = p.account_id
    LEFT JOIN sealed ON sealed.account = line.account
"""
_OTHER_ACCOUNT = """(line.account <> '' AND CASE WHEN sealed.account IS NOT NULL THEN sealed.iban_sealed <> a.iban_sealed
                ELSE right(line.account, 4) <> a.iban_last4 END)"""

# What nearly every line is, asked first: said of a payment that waits for it, by all that is compared below.
_USUAL_CASE = """
            WHEN line.outcome IN ('paid', 'accepted', 'rejected', 'returned') AND p.status = 'sent' AND NOT f.is_closed
                AND (%(original)s::bigint IS NULL OR f.id = %(original)s)
                AND (line.amount_paisa IS NULL OR line.amount_paisa = p.amount_paisa)
                AND coalesce(line.booked_on, %(today)s) - f.sent_on <= %(late_days)s
                AND (line.booked_on IS NULL OR line.booked_on >= f.sent_on) AND {other_account} IS NOT TRUE THEN line.outcome
"""

# The first condition that holds is the verdict; none is what it says. A payment is found by its end-to-end id. Days are
# the programme's. What was said before is looked up only where the payment's state shows that it may have been. What only a
# held line needs stays with the line, whose place is kept.
_JUDGE = """
    CREATE TEMPORARY TABLE judged ON COMMIT DROP AS
    WITH {repeated} file AS MATERIALIZED (
        SELECT f.id, f.payment_list_id, f.part, {sent_on} AS sent_on,
            c.status = 'closed' AS is_closed
        FROM payments_bankfile AS f JOIN payments_paymentlist AS l ON l.id = f.payment_list_id
        JOIN payments_cycle AS c ON c.id = l.cycle_id WHERE f.bank = %(bank)s
    )
    SELECT line.ctid AS place, line.line_no, line.reason_code, line.booked_on, p.id AS payment_id,
        p.amount_paisa AS due_paisa, f.id AS file_id, CASE
            {usual_case}
            WHEN line.outcome = 'pending' THEN 'pending'
            WHEN p.id IS NULL AND line.outcome = 'other' THEN 'other'
            WHEN p.id IS NULL AND line.reference = '' THEN 'unreferenced'
            WHEN p.id IS NULL THEN 'unknown'
            WHEN line.outcome = 'other' THEN 'other'
            WHEN p.bank <> %(bank)s THEN 'wrong_bank'
            WHEN f.id IS NULL THEN 'unsent'
            WHEN %(original)s::bigint IS NOT NULL AND f.id <> %(original)s THEN 'wrong_file'
            WHEN line.amount_paisa IS NOT NULL AND line.amount_paisa <> p.amount_paisa THEN 'amount_mismatch'
            WHEN {other_account} THEN 'wrong_account'
            WHEN p.status IN ('prepared', 'cancelled') THEN 'unsent'
            {repeated_cases}
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
            WHEN f.is_closed THEN 'late'
            WHEN line.outcome IN ('recalled', 'refused') THEN line.outcome
            WHEN coalesce(line.booked_on, %(today)s) - f.sent_on > %(late_days)s THEN 'late'
            WHEN line.booked_on < f.sent_on THEN 'early'
            ELSE line.outcome END AS verdict
    FROM line
    LEFT JOIN payments_payment AS p ON line.reference <> '' AND p.identity = line.reference
    LEFT JOIN file AS f ON p.bank = %(bank)s AND f.payment_list_id = p.payment_list_id AND f.part = p.part
    {account_join} {repeated_join}
"""


# Lines meet their payments first, as written: planned otherwise, each line looks its payment and file up by itself.
_AS_WRITTEN = "SET LOCAL join_collapse_limit = 1"


def judge(
    staged: Staged, *, bank: str, original_id: int | None, late_days: int, at: datetime
) -> dict[str, int]:
    """Judge the lines of the temporary table `line` into the temporary table `judged`; return how many took each verdict.

    `original_id` is the bank file the answer names, if it does.
    """
    parameters = {"bank": bank, "original": original_id, "late_days": late_days, "today": local_day(at)}
    bulk.execute(_AS_WRITTEN)
    bulk.execute(_statement(staged, repeats=False), parameters)
    if bulk.rows("SELECT 1 FROM judged HAVING count(payment_id) > count(DISTINCT payment_id)"):
        bulk.execute("DROP TABLE judged")
        bulk.execute(_statement(staged, repeats=True), parameters)
    bulk.execute("SET LOCAL join_collapse_limit TO DEFAULT")
    bulk.execute("ANALYZE judged (payment_id, file_id, verdict)")
    return {
        str(verdict): int(lines)
        for verdict, lines in bulk.rows(
            "SELECT verdict, count(*) FROM judged GROUP BY verdict ORDER BY verdict"
        )
    }


def _statement(staged: Staged, *, repeats: bool) -> str:
    """Return the statement that judges, without what a file does not need that names no account, or each payment once."""
    other_account = _OTHER_ACCOUNT if staged.accounts else "false"
    return _JUDGE.format(
        sent_on=local_day_sql("f.created_at"),
        usual_case="" if repeats else _USUAL_CASE.format(other_account=other_account),
        repeated=_REPEATED if repeats else "",
        repeated_join=_REPEATED_JOIN if repeats else "",
        repeated_cases=_REPEATED_CASES if repeats else "",
        account_join=_ACCOUNT_JOIN if staged.accounts else "",
        other_account=other_account,
    )


def hold(answer_id: int) -> None:
    """Keep every line that is not booked, with its verdict."""
    bulk.execute(
        """
        INSERT INTO payments_reportline (answer_id, line_no, verdict, outcome, reference, reason_code, amount_paisa,
            account_last4, name, text, booked_on, payment_id)
        SELECT %s, line.line_no, verdict, line.outcome, left(line.reference, 140), left(line.reason_code, 10), line.amount_paisa,
            right(line.account, 4), left(line.name, 140), left(line.text, 500), line.booked_on, payment_id
        FROM judged JOIN line ON line.ctid = judged.place WHERE verdict <> ALL (%s) ORDER BY line.line_no
        """,
        [answer_id, list(OUTCOMES)],
    )
