"""Promise R9: many people at one list at the same moment; never a seat too many, never a list that stands still.

Each trial is a list of its own quarter under a quorum of one, two or three of each kind. All threads try their act in
every round, some say no; afterwards the list was released once under exactly its seats, or rejected.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection

from kafalat.core.quarters import Quarter
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.cycles import approvals
from kafalat.payments.cycles.lifecycle import prepare_list
from kafalat.payments.models import Approval, BankFile, Outbox, PaymentList
from kafalat.policy.approvals import Quorum
from tests.payments.people import keep_families, outcome_of, person, with_quorum
from tests.payments.steps import PHASE, connection_of_owner, opened
from tests.proof import report

QUORUMS = (1, 2, 3)
KINDS = (
    ("approve", "payment_checker", approvals.approve_list),
    ("authorise", "payment_authoriser", approvals.authorise_list),
    ("release", "payment_releaser", approvals.release_list),
)
ROUNDS = len(KINDS)
EXPECTED = {"done", "payments.seat_not_due", "payments.list_not_waiting", "payments.approved_already"}


@dataclass
class Found:
    """What a series of trials came to."""

    ends: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    extra: int = 0
    stuck: int = 0
    double: int = 0


class Crowd:
    """People who stay at their desks: one thread and one connection each, for all trials."""

    def __init__(self, office: Office, size: int) -> None:
        self.office = office
        self.people = [
            (KINDS[number % 3], person(f"desk {number}", KINDS[number % 3][1])) for number in range(size)
        ]
        self.outcomes: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._desks = ThreadPoolExecutor(size)

    def race(self, payment_list: PaymentList, rejecters: int, at: datetime) -> Counter[str]:
        """Let everybody try at once, in as many rounds as there are kinds; return how often each outcome was met."""
        self.outcomes.clear()
        barrier = threading.Barrier(len(self.people))
        sender = self.office.sender(payment_list.cycle.programme_sha256)
        values = {"payment_list_id": payment_list.pk, "seen_sha256": payment_list.sha256, "at": at}

        def sit(number: int) -> None:
            (act, _, say), user = self.people[number]
            more = {"sender": sender} if act == "release" else {}
            for _ in range(ROUNDS):
                barrier.wait(60)
                if number < rejecters:
                    outcome = outcome_of(approvals.reject_list, **values, user=user, reason="no")
                else:
                    outcome = outcome_of(say, **values, user=user, **more)
                with self._lock:
                    self.outcomes[outcome] += 1

        list(self._desks.map(sit, range(len(self.people))))
        return Counter(self.outcomes)

    def leave(self) -> None:
        """Let everybody go home, each closing the connection of her desk."""
        together = threading.Barrier(len(self.people))

        def go(_number: int) -> None:
            together.wait(60)
            connection.close()

        list(self._desks.map(go, range(len(self.people))))
        self._desks.shutdown()


def _list_of(office: Office, quorum: int, quarter: Quarter) -> tuple[PaymentList, datetime]:
    """Prepare and check a list of a quarter of its own, and return the day on which it may leave."""
    at = datetime.combine(quarter.first_day() + timedelta(days=20), datetime.min.time(), tzinfo=UTC)
    with with_quorum(office, Quorum(approve=quorum, authorise=quorum, release=quorum)):
        cycle = opened(office, quarter)
        payment_list = prepare_list(
            cycle_id=cycle.pk, phase=PHASE, programme=office.programme, user=staff("maker"), at=at
        )
    approvals.check_list(payment_list_id=payment_list.pk, user=staff("checker"), at=at)
    return payment_list, at


def _run(office: Office, threads: int, trials: int) -> Found:
    """Race so many trials for each quorum, with none to three people who say no."""
    keep_families(2)
    crowd, found, quarter = Crowd(office, threads), Found(), Quarter(2026, 1)
    for trial in range(trials):
        for quorum in QUORUMS:
            payment_list, at = _list_of(office, quorum, quarter)
            found.outcomes += crowd.race(payment_list, rejecters=trial % 4, at=at)
            _judge(payment_list, found, quorum)
            quarter = quarter.following()
    crowd.leave()
    return found


def _judge(payment_list: PaymentList, found: Found, quorum: int) -> None:
    payment_list.refresh_from_db()
    seats = list(
        Approval.objects.filter(payment_list=payment_list).order_by("seat").values_list("seat", flat=True)
    )
    files = BankFile.objects.filter(payment_list=payment_list)
    banks = payment_list.items.values("bank", "part").distinct().count()
    found.ends[f"{payment_list.status} with {seats.count(0)} no and {len(seats) - seats.count(0)} seats"] += 1
    yes = [seat for seat in seats if seat]
    found.extra += yes != list(range(1, len(yes) + 1)) or len(yes) > 3 * quorum or seats.count(0) > 1
    if payment_list.status == "dispatched":
        found.extra += bool(seats.count(0)) or len(yes) != 3 * quorum
        found.double += files.count() != banks or Outbox.objects.filter(bank_file__in=files).count() != banks
    else:
        found.stuck += payment_list.status != "rejected" or seats.count(0) != 1
        found.double += files.exists()


def test_a_crowd_at_one_list_takes_exactly_its_seats(office: Office, enrolled: str) -> None:
    found = _run(office, threads=12, trials=2)
    assert (found.extra, found.stuck, found.double) == (0, 0, 0), found
    assert found.outcomes.keys() <= EXPECTED
    assert any(end.startswith("dispatched") for end in found.ends)
    assert any(end.startswith("rejected") for end in found.ends)


def test_without_locks_and_constraints_the_race_is_lost(
    office: Office, enrolled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: the same services without row lock and database guards let more people sit than there are seats."""
    assert _control(office, monkeypatch, threads=4, trials=2, first=Quarter(2026, 1)) == 2


def _control(
    office: Office, monkeypatch: pytest.MonkeyPatch, *, threads: int, trials: int, first: Quarter
) -> int:
    """Race with every guard off, all having counted the seats before any is taken; return the trials that were caught."""
    keep_families(2)
    with connection_of_owner() as cursor:
        cursor.execute("DROP TRIGGER approval_in_order ON payments_approval")
        for constraint in ("approval_after_seat", "approval_seat_once", "approval_of_quorum", "approval_act"):
            cursor.execute(f"ALTER TABLE payments_approval DROP CONSTRAINT IF EXISTS {constraint} CASCADE")
        cursor.execute("ALTER TABLE payments_approval DROP CONSTRAINT approval_seat_digest CASCADE")
        # Without the trigger nobody says whose login it is; the login itself stands in.
        cursor.execute("ALTER TABLE payments_approval DROP CONSTRAINT approval_person_once")
        cursor.execute("ALTER TABLE payments_approval DROP CONSTRAINT approval_not_by_maker")
    people = [person(f"control {number}", "payment_checker") for number in range(threads)]
    lost, quarter = 0, first
    say: Callable[..., object] = approvals._say
    for _ in range(trials):
        payment_list, at = _list_of(office, 1, quarter)
        barrier = threading.Barrier(threads)

        def say_together(*values: object, meet: threading.Barrier = barrier) -> object:
            meet.wait(30)
            return say(*values)

        monkeypatch.setattr(approvals, "_say", say_together)
        monkeypatch.setattr(approvals, "_locked", lambda pk: PaymentList.objects.get(pk=pk))
        values = {"payment_list_id": payment_list.pk, "seen_sha256": payment_list.sha256, "at": at}

        def take(user: User, values: dict[str, object] = values) -> None:
            try:
                outcome_of(approvals.approve_list, **values, user=user)
            finally:
                connection.close()

        workers = [threading.Thread(target=take, args=[user]) for user in people]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        monkeypatch.undo()
        lost += Approval.objects.filter(payment_list=payment_list, act="approve").count() > 1
        quarter = quarter.following()
    return lost


@pytest.mark.prove
def test_fifty_people_at_two_hundred_lists(office: Office, enrolled: str) -> None:
    started = time.monotonic()
    threads, trials = 50, 67  # 67 lists for each of three quorums: 201 trials
    found = _run(office, threads, trials)
    with pytest.MonkeyPatch.context() as patch:
        caught = _control(office, patch, threads=4, trials=10, first=Quarter(2090, 1))
    met = (found.extra, found.stuck, found.double) == (0, 0, 0) and caught == 10
    met = met and found.outcomes.keys() <= EXPECTED
    report(
        "r9-concurrent-approvals",
        promise="R9 concurrent approvals: 50 threads, quorums of 1, 2 and 3 of each kind, with people who say no",
        bar="0 extra seats, 0 lists that stand still, 0 sent twice; the control without guards caught every time",
        found=f"{found.extra} extra, {found.stuck} stuck, {found.double} twice",
        met=met,
        duration_s=time.monotonic() - started,
        seed="none: the order of 50 threads is the machine's",
        control=f"without locks and constraints, too many sit in {caught} of 10 races",
        threads=threads,
        trials=trials * len(QUORUMS),
        calls=found.outcomes.total(),
        outcomes=dict(sorted(found.outcomes.items())),
        ends=dict(sorted(found.ends.items())),
    )
    assert met
