"""SQL of the decision: cut-offs by category, exclusions, reasons, missing facts. Three-valued throughout.

A household is selected when some category it belongs to has a cut-off at or above its score, and eligible when it is
selected and not excluded. SQL's own AND, OR and NOT carry the unknown: TRUE is eligible, FALSE ineligible, NULL
incomplete. So a missing fact that cannot change the result does not hold a family up, and one that can is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from kafalat.engine.derive import names_used
from kafalat.engine.scoring import base_sql, lines
from kafalat.engine.sql import choice, criterion_sql, identifier, literal, present
from kafalat.policy.model import Exclusion, Programme, in_force

SCORE_ABOVE_CUTOFF = "score_above_cutoff"
MISSING_FACTS = "missing_facts"


@dataclass(frozen=True, slots=True)
class CategoryInForce:
    """A category with the cut-off that holds on the day of the run."""

    code: str
    criterion: str | None
    cutoff: Decimal


def reason_within(category: str) -> str:
    """Return the reason code of a household selected by `category`."""
    return f"score_within_{category}"


def categories_in_force(programme: Programme, day: date) -> list[CategoryInForce]:
    """Return the categories that have a cut-off on `day`, in the programme's order."""
    found = []
    for category in programme.eligibility.categories:
        dated = in_force(category.cutoff, day)
        if dated is not None:
            found.append(CategoryInForce(category.code, category.criterion, dated.value))
    return found


def deciding_categories(programme: Programme, day: date) -> list[CategoryInForce]:
    """Return the categories that can change a decision on `day`.

    Left out are those whose cut-off is not above the one that holds for everybody: they could only add a second reason
    for the same, and ask for facts that change nothing.
    """
    found = categories_in_force(programme, day)
    common = max((category.cutoff for category in found if category.criterion is None), default=None)
    return [c for c in found if c.criterion is None or common is None or c.cutoff > common]


def exclusions_in_force(programme: Programme, day: date) -> list[Exclusion]:
    """Return the exclusions that hold on `day`."""
    return [entry for entry in programme.eligibility.exclusions if entry.covers(day)]


def decision_sql(programme: Programme, day: date, scored: str) -> str:
    """Return a SELECT over the table `scored` (facts, points, score) that adds the decision's columns.

    Adds outcome, category, reasons (list) and missing_facts (list).
    """
    categories = deciding_categories(programme, day)
    exclusions = exclusions_in_force(programme, day)
    belongs = {c.code: "TRUE" if c.criterion is None else criterion_sql(c.criterion) for c in categories}
    within = {c.code: f"({belongs[c.code]} AND score <= {literal(c.cutoff)})" for c in categories}
    selected = " OR ".join(within.values()) or "FALSE"
    excluded = " OR ".join(criterion_sql(entry.criterion) for entry in exclusions) or "FALSE"
    return f"""
        WITH judged AS (
            SELECT *, ({selected}) AS selected, ({excluded}) AS excluded FROM {identifier(scored)}
        ), decided AS (
            SELECT *, CASE WHEN selected AND NOT excluded THEN 'eligible'
                           WHEN NOT (selected AND NOT excluded) THEN 'ineligible'
                           ELSE 'incomplete' END AS outcome
            FROM judged
        )
        SELECT * EXCLUDE (selected, excluded),
            {_category_sql(categories, belongs, within)} AS category,
            {_reasons_sql(categories, exclusions, within)} AS reasons,
            {_missing_sql(programme, categories, exclusions, within)} AS missing_facts
        FROM decided
    """


def _category_sql(
    categories: Sequence[CategoryInForce], belongs: dict[str, str], within: dict[str, str]
) -> str:
    """Return the deciding category: the first that selects; for others the one they belong to with the highest cut-off."""
    selecting = choice((within[c.code], literal(c.code)) for c in categories)
    highest = sorted(categories, key=lambda c: c.cutoff, reverse=True)
    nearest = choice((belongs[c.code], literal(c.code)) for c in highest)
    return f"CASE outcome WHEN 'eligible' THEN {selecting} WHEN 'ineligible' THEN {nearest} END"


def _reasons_sql(
    categories: Sequence[CategoryInForce], exclusions: Sequence[Exclusion], within: dict[str, str]
) -> str:
    eligible = [f"CASE WHEN {within[c.code]} THEN {literal(reason_within(c.code))} END" for c in categories]
    ineligible = [
        f"CASE WHEN {criterion_sql(entry.criterion)} THEN {literal(entry.code)} END" for entry in exclusions
    ]
    ineligible.append(f"CASE WHEN NOT selected THEN {literal(SCORE_ABOVE_CUTOFF)} END")
    return (
        f"CASE outcome WHEN 'eligible' THEN {present(eligible)} "
        f"WHEN 'ineligible' THEN {present(ineligible)} ELSE [{literal(MISSING_FACTS)}] END"
    )


def _missing_sql(
    programme: Programme,
    categories: Sequence[CategoryInForce],
    exclusions: Sequence[Exclusion],
    within: dict[str, str],
) -> str:
    """Return the missing facts that keep an incomplete household undecided, in the programme's order of facts.

    A fact whose value lies in no bin of the scorecard counts as missing: it earned no points.
    """
    undecided: dict[str, list[str]] = {}
    card = programme.scorecard
    # A known selection needs no score, an unknown one may.
    if card.stratum is not None:
        undecided[card.stratum] = [f"selected IS NULL AND ({base_sql(card)}) IS NULL"]
    for line in lines(card):
        for name, gap in line.gaps:
            undecided.setdefault(name, []).append(f"selected IS NULL AND {gap}")
    # A criterion holds a household up only where its own part of the selection is open.
    criteria = [
        (c.criterion, f"selected IS NULL AND {within[c.code]} IS NULL") for c in categories if c.criterion
    ]
    criteria += [(entry.criterion, "excluded IS NULL") for entry in exclusions]
    for criterion, is_open in criteria:
        for name in names_used(criterion):
            undecided.setdefault(name, []).append(
                f"{identifier(name)} IS NULL AND {is_open} AND {criterion_sql(criterion)} IS NULL"
            )
    ordered = [fact.name for fact in programme.facts if fact.name in undecided]
    entries = [
        f"CASE WHEN {' OR '.join(f'({condition})' for condition in undecided[name])} THEN {literal(name)} END"
        for name in ordered
    ]
    return f"CASE WHEN outcome = 'incomplete' THEN {present(entries)} ELSE [] END"
