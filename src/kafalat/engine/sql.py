"""Quoting for the SQL text the engine composes. Values people type are always bound, never quoted into text."""

from __future__ import annotations

from decimal import Decimal


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
