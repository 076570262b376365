"""SQL of the payee: in each family, the first member who meets the first rule; or the reason why nobody does."""

from __future__ import annotations

from datetime import date

from kafalat.engine.sql import literal
from kafalat.policy.model import Programme


def payee_sql(programme: Programme, day: date, people: str, decisions: str) -> str:
    """Return a SELECT family_id, person_id, reason for every family of an eligible household.

    `reason` is the payee rule's code, or with person_id NULL the code of the reason for having none.
    """
    rules = [
        rule
        for rule in programme.eligibility.payees
        if rule.from_ <= day and (rule.to is None or day <= rule.to)
    ]
    reasons = programme.eligibility.no_payee
    rule_rank = " ".join(f"WHEN {rule.criterion} THEN {rank}" for rank, rule in enumerate(rules))
    reason_rank = " ".join(
        f"WHEN {reason.criterion} THEN {rank}" for rank, reason in enumerate(reasons) if reason.criterion
    )
    rule_code = " ".join(f"WHEN {rank} THEN {literal(rule.code)}" for rank, rule in enumerate(rules))
    reason_code = " ".join(f"WHEN {rank} THEN {literal(r.code)}" for rank, r in enumerate(reasons))
    last_reason = len(reasons) - 1
    return f"""
        WITH ranked AS (
            SELECT household_id, family_id, person_id, line_no,
                CASE {rule_rank} END AS rule_rank,
                CASE {reason_rank} ELSE {last_reason} END AS reason_rank
            FROM {people} SEMI JOIN (SELECT household_id FROM {decisions} WHERE outcome = 'eligible') USING (household_id)
        )
        SELECT household_id, family_id,
            arg_min(person_id, rule_rank * 1000 + line_no) FILTER (WHERE rule_rank IS NOT NULL) AS person_id,
            CASE WHEN min(rule_rank) IS NOT NULL THEN CASE min(rule_rank) {rule_code} END
                 ELSE CASE min(reason_rank) {reason_code} END END AS reason
        FROM ranked GROUP BY household_id, family_id
    """
