"""Promise R3: a generation killed at any statement boundary leaves nothing half done, and the next one completes it."""

from __future__ import annotations

import statistics
import time

import pytest

from kafalat.config.home import Home
from kafalat.interfaces.office import Office
from kafalat.payments.models import Cycle, Payment
from tests.conftest import clone
from tests.payments.killing import Left, compare, killed_at, resume
from tests.payments.steps import connection_of_owner, opened, prepared
from tests.proof import report

STRIDE = 6


def undisturbed(home: Home, office: Office, template: str) -> set[str]:
    """Return the identities of the payments that a generation nobody disturbs writes."""
    with clone(home, template):
        prepared(office, opened(office))
        return set(Payment.objects.values_list("identity", flat=True))


def killed_and_resumed(
    home: Home, office: Office, template: str, boundary: int, expected: set[str]
) -> Left | None:
    """Kill at one boundary and resume; None where the generation has fewer boundaries."""
    with clone(home, template):
        cycle: Cycle = opened(office)
        if not killed_at(boundary, lambda: prepared(office, cycle)):
            return None
        return resume(office, cycle, expected)


def every(home: Home, office: Office, template: str, stride: int) -> list[Left]:
    """Kill at each `stride`-th boundary until the generation gets through; return what each resumption came to."""
    expected = undisturbed(home, office, template)
    assert expected
    found: list[Left] = []
    boundary = 1
    while (left := killed_and_resumed(home, office, template, boundary, expected)) is not None:
        found.append(left)
        boundary += stride
    return found


def test_a_killed_generation_is_resumed_whole(home: Home, office: Office, enrolled_template: str) -> None:
    found = every(home, office, enrolled_template, STRIDE)
    assert len(found) >= 4
    assert {(left.missing, left.doubled, left.orphans) for left in found} == {(0, 0, 0)}


def test_what_half_done_work_leaves_is_counted(home: Home, office: Office, enrolled_template: str) -> None:
    """Control: a generation that committed half its payments would leave orphans, and the comparison says how many."""
    with clone(home, enrolled_template):
        prepared(office, opened(office))
        expected = set(Payment.objects.values_list("identity", flat=True))
        with connection_of_owner() as cursor:
            cursor.execute("DELETE FROM payments_payment WHERE id % 2 = 0")
            gone = cursor.rowcount
            cursor.execute(
                "UPDATE payments_payment SET identity = 'K-AGAIN' WHERE id = (SELECT min(id) FROM payments_payment)"
            )
        left = compare(expected)
        assert (left.missing, left.doubled, left.orphans) == (gone + 1, 1, gone)


@pytest.mark.prove
def test_a_generation_killed_at_every_boundary_counted(
    home: Home, office: Office, enrolled_template: str
) -> None:
    started = time.monotonic()
    found = every(home, office, enrolled_template, 1)
    missing, doubled, orphans = (
        sum(getattr(left, name) for left in found) for name in ("missing", "doubled", "orphans")
    )
    times = [left.resumed_s for left in found]
    report(
        "r3-killed-generation",
        promise="R3 kill -9 during generation",
        bar="every statement boundary; 0 missing, 0 doubled, 0 orphans",
        found=f"{len(found)} of {len(found)} boundaries; {missing} missing, {doubled} doubled, {orphans} orphans",
        met=missing == doubled == orphans == 0,
        duration_s=time.monotonic() - started,
        resume_s={"median": round(statistics.median(times), 3), "longest": round(max(times), 3)},
    )
    assert (missing, doubled, orphans) == (0, 0, 0)
