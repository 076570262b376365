"""What the application role may do with each table, as SQL for the migrations. Nothing is granted by default."""

from __future__ import annotations

APP_ROLE = "kafalat_app"


def grant(table: str, *rights: str) -> str:
    """Return the statement that gives the application role `rights` on `table`, e.g. `grant("t", "SELECT", "UPDATE (status)")`."""
    return f'GRANT {", ".join(rights)} ON "{table}" TO {APP_ROLE};'


def grant_sequence(table: str, column: str = "id") -> str:
    """Return the statement that lets the application role draw numbers for an identity column, also in blocks."""
    return f'GRANT USAGE, SELECT, UPDATE ON SEQUENCE "{table}_{column}_seq" TO {APP_ROLE};'


def history(table: str, column: str = "id") -> str:
    """Return the statements for a table that keeps history: the application may add and read, never change or delete."""
    return grant(table, "SELECT", "INSERT") + grant_sequence(table, column)
