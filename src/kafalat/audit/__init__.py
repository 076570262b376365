"""Append-only record of who did what: entries nobody can change, and a root that proves it."""
