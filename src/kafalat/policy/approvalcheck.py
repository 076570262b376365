"""Checks `approvals.yaml`: quorums rise with the amount and end without a limit, and no reason stands twice at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from kafalat.policy.approvals import Quorum
from kafalat.policy.findings import Fault, Finding
from kafalat.policy.ranges import overlaps
from kafalat.policy.sheaf import Sheaf


def approvals(sheaf: Sheaf) -> Iterator[Finding]:
    """Yield the findings of `approvals.yaml`."""
    part = sheaf.approvals
    if part.value is None:
        return
    for index, fault in overlaps(part.value.quorums):
        yield part.finding(("quorums", index, "from"), fault)
    for position, plan in enumerate(part.value.quorums):
        for index, fault in _levels(plan.levels):
            yield part.finding(("quorums", position, "levels", index), fault)
    for code in {hold.code for hold in part.value.holds}:
        places = [index for index, hold in enumerate(part.value.holds) if hold.code == code]
        for which, fault in overlaps([part.value.holds[index] for index in places]):
            yield part.finding(("holds", places[which], "from"), fault)


def _levels(levels: Sequence[Quorum]) -> Iterator[tuple[int, Fault]]:
    """Amounts rise, more money never takes fewer people, and the last level has no limit."""
    for index, (lower, upper) in enumerate(pairwise(levels), start=1):
        if lower.up_to_rupees is None or (
            upper.up_to_rupees is not None and upper.up_to_rupees <= lower.up_to_rupees
        ):
            yield (
                index,
                Fault(
                    "Levels go from the smallest amount to the largest; this one is never reached.",
                    "درجے چھوٹی رقم سے بڑی رقم کی طرف چلتے ہیں؛ اس درجے تک کوئی رقم نہیں پہنچتی۔",
                ),
            )
        if (
            upper.approve < lower.approve
            or upper.authorise < lower.authorise
            or upper.release < lower.release
        ):
            yield (
                index,
                Fault(
                    "More money would need fewer people than the level before it.",
                    "زیادہ رقم کے لیے پچھلے درجے سے کم افراد درکار ہوں گے۔",
                ),
            )
    if levels[-1].up_to_rupees is not None:
        yield (
            len(levels) - 1,
            Fault(
                "The last level must have no 'up_to_rupees', so that every list has a quorum.",
                "آخری درجے میں 'up_to_rupees' نہ ہو، تاکہ ہر فہرست کے لیے منظوریوں کی تعداد مقرر رہے۔",
            ),
        )
