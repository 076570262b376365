"""How long work reports where it stands, whoever shows it."""

from __future__ import annotations

from collections.abc import Callable

# Called with the share of the step that is done, 0.0 to 1.0.
Progress = Callable[[float], None]


def span(progress: Progress, first: float, last: float) -> Progress:
    """Return what a part of the work reports to: all of the part is the share from `first` to `last` of the whole."""
    return lambda share: progress(first + (last - first) * share)


def silent(_share: float) -> None:
    """Report to nobody."""
