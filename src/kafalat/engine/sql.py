"""Quoting for the SQL text the engine composes. Values people type are always bound, never quoted into text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from kafalat.policy.expressions import names, to_sql


def identifier(name: str) -> str:
    """Return a column or table name in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | bool | int | Decimal | None) -> str:
    """Return a value from the programme folder as an SQL literal."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | Decimal):
        return str(value)
    return "'" + value.replace("'", "''") + "'"


def choice(cases: Iterable[tuple[str, str]], otherwise: str = "NULL") -> str:
    """Return the value of the first condition that holds, as a CASE; just `otherwise` where there is none to ask."""
    arms = " ".join(f"WHEN {condition} THEN {value}" for condition, value in cases)
    return f"CASE {arms} ELSE {otherwise} END" if arms else otherwise


def present(entries: Sequence[str]) -> str:
    """Return a list of the texts that are not NULL, in order."""
    if not entries:
        return "CAST([] AS VARCHAR[])"
    return f"list_filter([{', '.join(entries)}], lambda entry: entry IS NOT NULL)"


def criterion_sql(criterion: str) -> str:
    """Return a criterion in brackets, as the rule language understands it.

    AND, OR and NOT carry a missing fact as far as it matters. CASE would take it for "no" without a word, so a
    criterion with CASE is unknown as soon as one fact it uses is. Raises the problem `programme.expression`.
    """
    text = to_sql(criterion)
    if not any(word.upper() == "CASE" for word in text.replace("(", " ").split()):
        return f"({text})"
    missing = " OR ".join(f"{identifier(name)} IS NULL" for name in sorted(names(criterion)))
    return f"(CASE WHEN {missing} THEN NULL ELSE {text} END)"
