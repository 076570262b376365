"""Promise R3: a generation killed at any statement boundary leaves nothing half done, and the next one completes it."""

from __future__ import annotations

import random
import statistics
import time
from functools import partial

import pytest

from kafalat.config.home import Home
from kafalat.interfaces.office import Office
from kafalat.payments.models import Payment
from tests.conftest import clone
from tests.payments.killing import Left, compare, killed_after, killed_at, resume
from tests.payments.steps import connection_of_owner, opened, prepared
from tests.proof import SEED, report

STRIDE = 6
RANDOM_KILLS = 200


def undisturbed(home: Home, office: Office, template: str) -> set[str]:
    """Return the identities of the payments that a generation nobody disturbs writes."""
    with clone(home, template):
        prepared(office, opened(office))
        return set(Payment.objects.values_list("identity", flat=True))


def every(home: Home, office: Office, template: str, stride: int) -> list[Left]:
    """Kill at each `stride`-th boundary until the generation gets through; return what each resumption came to."""
    expected = undisturbed(home, office, template)
    assert expected
    found: list[Left] = []
    while not found or found[-1].was_there:  # a committed generation is there to stay: begin anew
        with clone(home, template):
            cycle = opened(office)
            act = partial(prepared, office, cycle)
            while killed_at(1 + stride * len(found), act):
                found.append(resume(office, cycle, expected))
                if found[-1].was_there:
                    break
            else:
                break
    return found


def test_a_killed_generation_is_resumed_whole(home: Home, office: Office, enrolled_template: str) -> None:
    found = every(home, office, enrolled_template, STRIDE)
    assert len(found) >= 4
    assert {(left.missing, left.doubled, left.orphans) for left in found} == {(0, 0, 0)}


def test_what_half_done_work_leaves_is_counted(home: Home, office: Office, enrolled_template: str) -> None:
    """Control: a generation that committed half its payments would leave orphans, and the comparison says how many."""
    gone, left = half_done(home, office, enrolled_template)
    assert gone > 0
    assert (left.missing, left.doubled, left.orphans) == (gone + 1, 1, gone)


def half_done(home: Home, office: Office, template: str) -> tuple[int, Left]:
    """Delete every second payment of a list and rename one; return how many are gone, and what the comparison counts."""
    with clone(home, template):
        prepared(office, opened(office))
        expected = set(Payment.objects.values_list("identity", flat=True))
        with connection_of_owner() as cursor:
            cursor.execute("DELETE FROM payments_payment WHERE id % 2 = 0")
            gone = int(cursor.rowcount)
            cursor.execute(
                "UPDATE payments_payment SET identity = 'K-AGAIN' WHERE id = (SELECT min(id) FROM payments_payment)"
            )
        return gone, compare(expected)


def at_random(home: Home, office: Office, template: str, kills: int) -> tuple[list[Left], int]:
    """Kill at random moments until so many generations died at work; return what each came to, and all that were begun."""
    moments = random.Random(SEED)  # noqa: S311 - moments to kill at, not secrets
    with clone(home, template):
        cycle = opened(office)
        started = time.monotonic()
        prepared(office, cycle)
        longest_s = 1.2 * (time.monotonic() - started)  # a new process connects first
        expected = set(Payment.objects.values_list("identity", flat=True))
    found: list[Left] = []
    begun = 0
    while len(found) < kills:
        with clone(home, template):
            cycle = opened(office)
            act = partial(prepared, office, cycle)
            while len(found) < kills:
                begun += 1
                if not killed_after(moments.uniform(0, longest_s), act):
                    break
                found.append(resume(office, cycle, expected))
                if found[-1].was_there:
                    break
    return found, begun


@pytest.mark.prove
def test_a_generation_killed_at_every_boundary_counted(
    home: Home, office: Office, enrolled_template: str
) -> None:
    started = time.monotonic()
    boundaries = every(home, office, enrolled_template, 1)
    struck, begun = at_random(home, office, enrolled_template, RANDOM_KILLS)
    gone, control = half_done(home, office, enrolled_template)
    found = [*boundaries, *struck]
    missing, doubled, orphans = (
        sum(getattr(left, name) for left in found) for name in ("missing", "doubled", "orphans")
    )
    times = [left.resumed_s for left in found]
    report(
        "r3-killed-generation",
        promise="R3 kill -9 during generation",
        bar=f"every statement boundary and {RANDOM_KILLS} random kills; 0 missing, 0 doubled, 0 orphans",
        found=f"{len(boundaries)} of {len(boundaries)} boundaries, {len(struck)} random kills; "
        f"{missing} missing, {doubled} doubled, {orphans} orphans",
        met=missing == doubled == orphans == 0 < gone == control.orphans,
        duration_s=time.monotonic() - started,
        seed=SEED,
        control=f"of half a list, {control.missing} missing, {control.doubled} doubled, {control.orphans} orphans are counted",
        boundaries_hit=len(boundaries),
        boundaries_existing=len(boundaries),
        random_kills=len(struck),
        generations_begun_for_them=begun,
        killed_after_the_commit=sum(left.was_there for left in found),
        resume_s={"median": round(statistics.median(times), 3), "longest": round(max(times), 3)},
    )
    assert (missing, doubled, orphans) == (0, 0, 0)
