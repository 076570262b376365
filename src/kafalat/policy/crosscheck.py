"""Checks between the files of a programme: what no file can say about itself alone."""

from __future__ import annotations

from kafalat.policy.findings import Finding
from kafalat.policy.sheaf import Sheaf


def cross_check(sheaf: Sheaf) -> list[Finding]:
    """Return the findings of every rule that looks at more than one value."""
    del sheaf
    return []
