"""SQL of the proxy means test: integer points per term, their sum, clamped.

A fact that is missing or lies in no bin leaves its term, and so the score, NULL: nothing is guessed.
"""

from __future__ import annotations

from kafalat.engine.sql import identifier, literal
from kafalat.policy.model import Bin, Scorecard, Term


def points_column(term: Term) -> str:
    """Return the name of the column with the points of `term`."""
    return f"points_{term.fact}"


def points_sql(term: Term) -> str:
    """Return the expression of one term's points over a row of household facts: an integer, or NULL."""
    fact = identifier(term.fact)
    cases = " ".join(f"WHEN {_condition(fact, entry)} THEN {entry.points}" for entry in term.bins)
    return f"CAST(CASE {cases} END AS INTEGER)"


def score_sql(scorecard: Scorecard) -> str:
    """Return the expression of the score over a row with every term's points column: an integer, or NULL."""
    total = " + ".join([str(scorecard.base_points), *(identifier(points_column(t)) for t in scorecard.terms)])
    # least and greatest pass over NULL, so the guard must stand before them.
    clamped = f"least({scorecard.maximum}, greatest({scorecard.minimum}, {total}))"
    return f"CASE WHEN ({total}) IS NOT NULL THEN CAST({clamped} AS INTEGER) END"


def _condition(fact: str, entry: Bin) -> str:
    if entry.is_ is not None:
        return f"{fact} IN ({', '.join(literal(value) for value in entry.is_)})"
    bounds = []
    if entry.from_ is not None:
        bounds.append(f"{fact} >= {entry.from_}")
    if entry.to is not None:
        bounds.append(f"{fact} <= {entry.to}")
    # A bin without bounds takes every value there is, but no missing one.
    return " AND ".join(bounds) or f"{fact} IS NOT NULL"
