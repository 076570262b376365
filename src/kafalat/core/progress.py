"""How long work reports where it stands, whoever shows it."""

from __future__ import annotations

from collections.abc import Callable

# Called with the share of the step that is done, 0.0 to 1.0.
Progress = Callable[[float], None]


def silent(_share: float) -> None:
    """Report to nobody."""
