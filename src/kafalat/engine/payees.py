"""SQL of the payee: in each family, the first member who meets the first rule; or the reason why nobody does."""

from __future__ import annotations

from datetime import date

from kafalat.engine.sql import choice, criterion_sql, literal
from kafalat.policy.model import Programme


def payee_sql(programme: Programme, day: date, people: str, decisions: str) -> str:
    """Return a SELECT family_id, person_id, reason for every family of an eligible household.

    `reason` is the payee rule's code, or with person_id NULL the code of the reason for having none.
    """
    rules = [rule for rule in programme.eligibility.payees if rule.covers(day)]
    reasons = programme.eligibility.no_payee
    # Nobody's first rule or reason: NULL, and the last reason, which has no criterion.
    last_reason = str(len(reasons) - 1)
    rule_rank = choice((criterion_sql(rule.criterion), str(rank)) for rank, rule in enumerate(rules))
    reason_rank = choice(
        ((criterion_sql(r.criterion), str(rank)) for rank, r in enumerate(reasons) if r.criterion),
        otherwise=last_reason,
    )
    rule_code = choice((f"rule = {rank}", literal(rule.code)) for rank, rule in enumerate(rules))
    reason_code = choice((f"reason = {rank}", literal(r.code)) for rank, r in enumerate(reasons))
    return f"""
        WITH ranked AS (
            SELECT household_id, family_id, person_id, line_no, {rule_rank} AS rule_rank, {reason_rank} AS reason_rank
            FROM {people} SEMI JOIN (SELECT household_id FROM {decisions} WHERE outcome = 'eligible') USING (household_id)
        ), chosen AS (
            SELECT household_id, family_id,
                arg_min(person_id, (rule_rank, line_no)) FILTER (WHERE rule_rank IS NOT NULL) AS person_id,
                min(rule_rank) AS rule, min(reason_rank) AS reason
            FROM ranked GROUP BY household_id, family_id
        )
        SELECT household_id, family_id, person_id,
            CASE WHEN rule IS NOT NULL THEN {rule_code} ELSE {reason_code} END AS reason
        FROM chosen
    """
