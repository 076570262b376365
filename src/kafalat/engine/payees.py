"""SQL of the payee: in each family, the first member who meets the first rule; or the reason why nobody is paid.

Lists from outside act on families: one that stands on a hard list through its payee, her spouse or its household is not
paid until it brings proof; a soft list leaves the payee. All that matched is kept, as "code:subject:date of the list".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from kafalat.engine.sql import choice, criterion_sql, identifier, literal, present
from kafalat.policy.model import Filter, Programme


def filters_in_force(programme: Programme, day: date) -> list[Filter]:
    """Return the filters that hold on `day`, in the programme's order."""
    return [entry for entry in programme.filters if entry.covers(day)]


def payee_sql(
    programme: Programme, day: date, people: str, decisions: str, matches: str | None = None
) -> str:
    """Return a SELECT household_id, family_id, person_id, reason, filters for every family of an eligible household.

    `reason` is the payee rule's code, or with person_id NULL the code of the reason for having none: a hard filter, or
    one of the programme's reasons. `matches` (person_id, household_id, filter, list_date) says who stands on which
    list; `people` then has line_no, relationship, marital_status and spouse_line. Without it nothing is filtered.
    """
    filters = filters_in_force(programme, day) if matches else []
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
    chosen = f"""
        WITH ranked AS (
            SELECT household_id, family_id, person_id, line_no, {rule_rank} AS rule_rank, {reason_rank} AS reason_rank
            FROM {people} SEMI JOIN (SELECT household_id FROM {decisions} WHERE outcome = 'eligible') USING (household_id)
        ), chosen AS (
            SELECT household_id, family_id,
                arg_min(person_id, (rule_rank, line_no)) FILTER (WHERE rule_rank IS NOT NULL) AS person_id,
                min(rule_rank) AS rule, min(reason_rank) AS reason
            FROM ranked GROUP BY household_id, family_id
        )"""
    if matches is None or not filters:
        return f"""{chosen}
        SELECT household_id, family_id, person_id,
            CASE WHEN rule IS NOT NULL THEN {rule_code} ELSE {reason_code} END AS reason,
            CAST([] AS VARCHAR[]) AS filters
        FROM chosen
    """
    # Of the first hard filter that matched: her payee rule is met, but nobody is paid.
    hard = choice(
        (
            " OR ".join(f"{_column(entry, subject)} IS NOT NULL" for subject in entry.subjects),
            literal(entry.code),
        )
        for entry in filters
        if entry.kind == "hard"
    )
    return f"""{chosen}, {_listed_sql(filters, people, matches)}, judged AS (
            SELECT chosen.household_id, chosen.family_id, chosen.person_id, rule, reason,
                CASE WHEN rule IS NOT NULL THEN {hard} END AS hard, {_kept_sql(filters)} AS filters
            FROM chosen LEFT JOIN listed ON listed.family_id = chosen.family_id
        )
        SELECT household_id, family_id, CASE WHEN hard IS NULL THEN person_id END AS person_id,
            CASE WHEN hard IS NOT NULL THEN hard WHEN rule IS NOT NULL THEN {rule_code} ELSE {reason_code} END AS reason,
            filters
        FROM judged
    """


def _column(entry: Filter, subject: str) -> str:
    return identifier(f"{entry.code}:{subject}")


def _pairs(filters: Sequence[Filter]) -> list[tuple[Filter, str]]:
    """Return each filter with each of its subjects, in the order in which matches are kept."""
    found = [(entry, subject) for entry in filters for subject in entry.subjects]
    return sorted(found, key=lambda pair: (pair[0].code, pair[1]))


def _kept_sql(filters: Sequence[Filter]) -> str:
    """Return the list of a family's matches as texts, sorted by code and subject."""
    return present(
        [
            f"CASE WHEN {_column(entry, subject)} IS NOT NULL "
            f"THEN concat({literal(f'{entry.code}:{subject}:')}, CAST({_column(entry, subject)} AS VARCHAR)) END"
            for entry, subject in _pairs(filters)
        ]
    )


def _listed_sql(filters: Sequence[Filter], people: str, matches: str) -> str:
    """Return the table `listed`: for each family with a match, the list's date by filter and subject.

    A spouse is whom either side names; where neither names a line, the married head and the head's spouse.
    """
    dates = ", ".join(
        f"max(CASE WHEN filter = {literal(entry.code)} AND subject = {literal(subject)} THEN list_date END) "
        f"AS {_column(entry, subject)}"
        for entry, subject in _pairs(filters)
    )
    enough = choice(((f"filter = {literal(f.code)}", str(f.members)) for f in filters if f.members > 1), "1")
    return f"""about AS (
            SELECT chosen.family_id, 'self' AS subject, m.filter, m.list_date
            FROM {matches} AS m JOIN chosen ON chosen.person_id = m.person_id
            UNION ALL
            SELECT chosen.family_id, 'spouse' AS subject, m.filter, m.list_date
            FROM {matches} AS m JOIN {people} AS s ON s.person_id = m.person_id
            JOIN chosen ON chosen.household_id = s.household_id
            JOIN {people} AS p ON p.household_id = s.household_id AND p.person_id = chosen.person_id
            WHERE s.line_no = p.spouse_line OR s.spouse_line = p.line_no
                OR (s.spouse_line IS NULL AND p.spouse_line IS NULL
                    AND s.marital_status = 'married' AND p.marital_status = 'married'
                    AND ((s.relationship = 'head' AND p.relationship = 'spouse')
                        OR (s.relationship = 'spouse' AND p.relationship = 'head')))
            UNION ALL
            SELECT chosen.family_id, 'household' AS subject, members.filter, members.list_date
            FROM chosen JOIN (
                SELECT household_id, filter, count(DISTINCT person_id) AS listed, max(list_date) AS list_date
                FROM {matches} GROUP BY household_id, filter
            ) AS members ON members.household_id = chosen.household_id AND members.listed >= {enough}
        ), listed AS (
            SELECT family_id, {dates} FROM about GROUP BY family_id
        )"""
