"""Finds values in force for a time that end before they begin, or overlap one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Protocol

from kafalat.policy.findings import Fault


class Ranged(Protocol):
    """Whatever is in force from one day to another."""

    @property
    def from_(self) -> date:
        """The first day."""

    @property
    def to(self) -> date | None:
        """The last day, or None for no end."""


def overlaps(ranges: Sequence[Ranged]) -> Iterator[tuple[int, Fault]]:
    """Yield the index and fault of each range that ends before it begins or overlaps one that begins earlier."""
    for index, each in enumerate(ranges):
        if each.to is not None and each.to < each.from_:
            yield (
                index,
                Fault(
                    f"It ends ({each.to}) before it begins ({each.from_}).",
                    f"یہ شروع ({each.from_}) سے پہلے ختم ({each.to}) ہوتا ہے۔",
                ),
            )
    ordered = sorted(range(len(ranges)), key=lambda index: (ranges[index].from_, index))
    latest: int | None = None
    for index in ordered:
        if latest is not None and _reaches(ranges[latest], ranges[index].from_):
            yield index, _overlap(ranges[latest], ranges[index])
        if latest is None or not _reaches(ranges[latest], ranges[index].to or date.max):
            latest = index


def _reaches(earlier: Ranged, day: date) -> bool:
    return earlier.to is None or earlier.to >= day


def _overlap(earlier: Ranged, later: Ranged) -> Fault:
    return Fault(
        f"The dates from {later.from_} overlap those from {earlier.from_} to {earlier.to or 'no end'}; end the earlier range before {later.from_}.",
        f"{later.from_} سے شروع ہونے والی مدت {earlier.from_} سے {earlier.to or 'بلا اختتام'} تک کی مدت سے ٹکراتی ہے؛ پہلی مدت {later.from_} سے پہلے ختم کریں۔",
    )
