"""SQL of the proxy means test: integer points line by line, their sum, clamped.

A line is a term, or a pair of facts, common to all households or of one stratum. A fact that is missing or lies in no
bin leaves its line, and so the score, NULL: nothing is guessed. Plain CASE, IN and comparisons only, so that every
engine reads the same text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kafalat.engine.sql import identifier, literal
from kafalat.policy.model import Pair, Scorecard, Span, Stratum, Term


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the printed card: its column of points, the facts it looks at, and its SQL over a row of household facts.

    `sql` gives an integer: the points earned, 0 where the line is of another stratum, NULL where a fact is missing or
    in no bin. `stratum` has the codes of the stratum it belongs to, None for a line common to all. `gaps` has for each
    fact the condition under which it leaves the line open. `entry` is the term or pair of the programme.
    """

    column: str
    facts: tuple[str, ...]
    stratum: tuple[str, ...] | None
    sql: str
    gaps: tuple[tuple[str, str], ...]
    entry: Term | Pair

    @property
    def points_max(self) -> int:
        """The most points the line gives anybody."""
        if isinstance(self.entry, Term):
            return max(each.points for each in self.entry.bins)
        return max(max(row) for row in self.entry.points)


def lines(scorecard: Scorecard) -> tuple[Line, ...]:
    """Return the lines of the card in print order: the common terms and pairs, then stratum by stratum."""
    found = [_line(scorecard, None, term) for term in scorecard.terms]
    found += [_line(scorecard, None, pair) for pair in scorecard.pairs]
    for stratum in scorecard.strata:
        found += [_line(scorecard, stratum, term) for term in stratum.terms]
        found += [_line(scorecard, stratum, pair) for pair in stratum.pairs]
    return tuple(found)


def score_sql(scorecard: Scorecard) -> str:
    """Return the expression of the score over a row with the facts and every line's points column: an integer, or NULL."""
    columns = [identifier(line.column) for line in lines(scorecard)]
    total = " + ".join([base_sql(scorecard), *columns])
    # least and greatest pass over NULL, so the guard must stand before them.
    clamped = f"least({scorecard.maximum}, greatest({scorecard.minimum}, {total}))"
    return f"CASE WHEN ({total}) IS NOT NULL THEN CAST({clamped} AS INTEGER) END"


def base_sql(scorecard: Scorecard) -> str:
    """Return the expression of the points every household starts from, those of its stratum included; NULL where it is unknown."""
    if scorecard.stratum is None:
        return str(scorecard.base_points)
    cases = " ".join(
        f"WHEN {_within(scorecard.stratum, stratum.is_)} THEN {scorecard.base_points + stratum.base_points}"
        for stratum in scorecard.strata
    )
    return f"(CASE {cases} END)"


def base_points(scorecard: Scorecard, code: object = None) -> int | None:
    """Return the points a household starts from; `code` is its stratum's. None where the card has strata and `code` is in none."""
    if scorecard.stratum is None:
        return scorecard.base_points
    found = next((stratum for stratum in scorecard.strata if code in stratum.is_), None)
    return None if found is None else scorecard.base_points + found.base_points


def condition(fact: str, span: Span) -> str:
    """Return the SQL condition that a fact's value lies in the span; never true of a missing one."""
    name = identifier(fact)
    if span.is_ is not None:
        return f"{name} IN ({', '.join(literal(value) for value in span.is_)})"
    bounds = []
    if span.from_ is not None:
        bounds.append(f"{name} >= {span.from_}")
    if span.to is not None:
        bounds.append(f"{name} <= {span.to}")
    # A span without bounds takes every value there is, but no missing one.
    return " AND ".join(bounds) or f"{name} IS NOT NULL"


def _line(scorecard: Scorecard, stratum: Stratum | None, entry: Term | Pair) -> Line:
    facts = (entry.fact,) if isinstance(entry, Term) else tuple(entry.facts)
    column = "__".join(facts)
    points = _term_sql(entry) if isinstance(entry, Term) else _pair_sql(entry)
    axes = [entry.bins] if isinstance(entry, Term) else [entry.rows, entry.columns]
    gaps = [(fact, f"({_inside(fact, spans)}) IS NOT TRUE") for fact, spans in zip(facts, axes, strict=True)]
    if stratum is None or scorecard.stratum is None:
        return Line(f"points_{column}", facts, None, f"CAST({points} AS INTEGER)", tuple(gaps), entry)
    others = [code for other in scorecard.strata if other is not stratum for code in other.is_]
    elsewhere = _within(scorecard.stratum, others)
    here = f"WHEN {_within(scorecard.stratum, stratum.is_)} THEN {points}"
    away = f" WHEN {elsewhere} THEN 0" if others else ""
    return Line(
        f"points_{stratum.is_[0]}_{column}",
        facts,
        stratum.is_,
        f"CAST(CASE {here}{away} END AS INTEGER)",
        # Where the stratum is not known, each one's facts may still be needed.
        tuple((fact, f"({elsewhere}) IS NOT TRUE AND {gap}" if others else gap) for fact, gap in gaps),
        entry,
    )


def _term_sql(term: Term) -> str:
    cases = " ".join(f"WHEN {condition(term.fact, each)} THEN {each.points}" for each in term.bins)
    return f"CASE {cases} END"


def _pair_sql(pair: Pair) -> str:
    first, second = pair.facts
    rows = []
    for span, points in zip(pair.rows, pair.points, strict=True):
        cells = " ".join(
            f"WHEN {condition(second, column)} THEN {value}"
            for column, value in zip(pair.columns, points, strict=True)
        )
        rows.append(f"WHEN {condition(first, span)} THEN CASE {cells} END")
    return f"CASE {' '.join(rows)} END"


def _inside(fact: str, spans: Sequence[Span]) -> str:
    return " OR ".join(f"({condition(fact, span)})" for span in spans)


def _within(fact: str, codes: Sequence[str]) -> str:
    return f"{identifier(fact)} IN ({', '.join(literal(code) for code in codes)})"
