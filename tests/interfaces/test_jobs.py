"""Work in the background: done once or not at all, cancelled without a trace, and not lost with the process that did it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest
from django.contrib.auth.models import Group, User
from django.db import connections

from kafalat.core.problems import Problem
from kafalat.interfaces.jobs import kinds, worker
from kafalat.interfaces.jobs.running import run_job
from kafalat.interfaces.jobs.services import cancel_job, start_job
from kafalat.interfaces.jobs.tasks import resume
from kafalat.interfaces.jobs.tracking import MAX_ATTEMPTS, StoppingWorkerError
from kafalat.interfaces.jobs.work import Values, Work
from kafalat.interfaces.jobs.worker import work
from kafalat.interfaces.logins import STAFF, staff
from kafalat.interfaces.models import Job
from kafalat.interfaces.office import Office
from kafalat.payments.models import Payment, PaymentList
from kafalat.registry import bulk
from tests.conftest import NOW
from tests.payments.steps import PHASE, opened

Do = Callable[[Work], Values]
# A worker on the test's own database; the command would first bring up the installation's.
WORKER = (
    "from kafalat.config import boot; boot.prepare(); from kafalat.interfaces.jobs.worker import work; work()"
)


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a kind of job of the test's own in place of the ledger check."""

    def put(do: Do, *, whole: bool = True) -> None:
        monkeypatch.setitem(kinds.KINDS, "ledger", replace(kinds.KINDS["ledger"], run=do, whole=whole))

    return put


@pytest.fixture
def people(database: str) -> None:
    for username in ("auditor", "maker", "analyst", "clerk"):
        User.objects.create(username=username).groups.add(Group.objects.get(name=STAFF[username]))


def ask(name: str = "ledger", user: str = "auditor", **arguments: object) -> Job:
    return start_job(kind=name, arguments=arguments, user=staff(user), at=NOW)


def again(job: Job) -> Job:
    job.refresh_from_db()
    return job


def write(_work: Work) -> Values:
    """Leave a mark in the database, as a service would."""
    bulk.execute(
        "INSERT INTO interfaces_lookupbudget (bucket, window_start, lookups) VALUES ('job', %s, 1)", [NOW]
    )
    return {}


def marks() -> int:
    ((count,),) = bulk.rows("SELECT count(*) FROM interfaces_lookupbudget WHERE bucket = 'job'")
    return int(count)


@contextmanager
def beside(act: Callable[[], None]) -> Iterator[None]:
    """Run `act` in another thread, with connections of its own, while the body runs."""

    def call() -> None:
        act()
        connections.close_all()

    thread = threading.Thread(target=call)
    thread.start()
    yield
    thread.join()


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def test_the_worker_does_what_was_queued_and_the_job_tells_what_came_of_it(
    office: Office, enrolled: str
) -> None:
    cycle = opened(office)
    job = ask("prepare", "maker", cycle_id=cycle.pk, phase=PHASE)
    assert job.state == "waiting"
    work(wait=False, signals=False)
    assert again(job).state == "done", job.problem_en
    made = PaymentList.objects.get(cycle=cycle)
    figures = {"list_id": made.pk, "payments": made.payments, "amount_paisa": made.amount_paisa}
    assert figures.items() <= job.result.items()
    assert job.result["en"] == f"List {made.number} was prepared. Another person must check it now."
    assert job.result["ur"]
    assert job.progress == 1


def test_a_refusal_ends_the_job_with_its_sentence_in_both_languages(office: Office, enrolled: str) -> None:
    cycle = opened(office)
    for _ in range(2):
        job = ask("prepare", "maker", cycle_id=cycle.pk, phase=PHASE)
        run_job(job.pk, office=office)
    assert again(job).state == "failed"
    assert job.problem_en != job.problem_ur != ""
    assert PaymentList.objects.count() == 1


def test_only_those_whose_work_it_is_start_or_cancel_it(people: None, office: Office) -> None:
    for starter in ("maker", "analyst", "clerk"):
        with pytest.raises(Problem, match="does not open this"):
            ask("ledger", starter)
    assert Job.objects.count() == 0
    job = ask()
    with pytest.raises(Problem, match="does not open this"):
        cancel_job(job_id=job.pk, user=staff("maker"), at=NOW)
    assert again(job).state == "waiting"


def test_the_same_work_is_not_queued_twice_while_it_is_under_way(people: None, office: Office) -> None:
    job = ask()
    with pytest.raises(Problem, match=f"job {job.pk}"):
        ask()
    run_job(job.pk, office=office)
    assert ask().pk != job.pk, "once it is over, it may be done again"


def test_a_job_is_run_once_however_often_it_is_called(
    people: None, office: Office, kind: Callable[..., None]
) -> None:
    calls: list[int] = []

    def do(work: Work) -> Values:
        calls.append(1)
        with beside(lambda: run_job(job.pk, office=office)):
            pass  # a second worker that fetched the same job while it runs
        return {}

    kind(do)
    job = ask()
    run_job(job.pk, office=office)
    run_job(job.pk, office=office)
    assert len(calls) == 1


def test_progress_is_seen_while_the_work_s_own_transaction_is_open(
    people: None, office: Office, kind: Callable[..., None]
) -> None:
    seen: list[tuple[float, int]] = []

    def look() -> None:
        job.refresh_from_db()
        seen.append((job.progress, marks()))

    def do(work: Work) -> Values:
        write(work)
        work.progress(0.25)
        with beside(look):
            pass
        return {}

    kind(do)
    job = ask()
    run_job(job.pk, office=office)
    assert seen == [(0.25, 0)], "the share is shown, the work itself is not yet"
    assert marks() == 1


@pytest.mark.parametrize("how", ["between two reports", "inside one statement"])
def test_a_job_cancelled_in_mid_work_leaves_the_database_as_it_was(
    people: None, office: Office, kind: Callable[..., None], how: str
) -> None:
    def do(work: Work) -> Values:
        write(work)

        def cancel() -> None:
            cancel_job(job_id=job.pk, user=staff("auditor"), at=NOW)

        with beside(cancel):
            if how == "inside one statement":
                bulk.execute("SELECT pg_sleep(30)")
            else:
                while True:
                    work.progress(0.5)
                    time.sleep(0.02)
        return {}

    kind(do)
    job = ask()
    began = time.monotonic()
    run_job(job.pk, office=office)
    assert time.monotonic() - began < 15
    assert again(job).state == "cancelled"
    assert marks() == 0


def test_control_without_the_cancellation_the_same_work_stays(
    people: None, office: Office, kind: Callable[..., None]
) -> None:
    kind(write)
    job = ask()
    run_job(job.pk, office=office)
    assert (again(job).state, marks()) == ("done", 1)


def test_a_job_that_waits_is_cancelled_at_once_and_never_run(
    people: None, office: Office, kind: Callable[..., None]
) -> None:
    kind(write)
    job = ask()
    cancel_job(job_id=job.pk, user=staff("auditor"), at=NOW)
    work(wait=False, signals=False)
    assert (again(job).state, marks()) == ("cancelled", 0)
    with pytest.raises(Problem, match="ended already"):
        cancel_job(job_id=job.pk, user=staff("auditor"), at=NOW)


def test_a_fault_is_undone_and_said_plainly(people: None, office: Office, kind: Callable[..., None]) -> None:
    def do(work: Work) -> Values:
        write(work)
        raise ZeroDivisionError

    kind(do)
    job = ask()
    with pytest.raises(ZeroDivisionError):
        run_job(job.pk, office=office)
    assert (again(job).state, marks()) == ("failed", 0)
    assert "fault of ours" in job.problem_en


def test_a_worker_that_is_asked_to_stop_gives_its_job_back(
    people: None, office: Office, kind: Callable[..., None]
) -> None:
    def do(work: Work) -> Values:
        write(work)
        bulk.execute("SELECT pg_sleep(30)")
        return {}

    kind(do)
    job = ask()
    with pytest.raises(StoppingWorkerError):
        run_job(job.pk, office=office, stopping=lambda: True)
    assert (again(job).state, marks()) == ("waiting", 0)


def test_a_worker_that_ends_with_the_queue_does_a_long_job_to_its_end(
    people: None, office: Office, kind: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def do(work: Work) -> Values:
        time.sleep(10 * worker.GRACE_S)
        work.progress(0.5)
        return write(work)

    monkeypatch.setattr(worker, "GRACE_S", 0.1)
    kind(do)
    job = ask()
    work(wait=False, signals=False)
    assert (again(job).state, marks()) == ("done", 1)


def test_a_worker_that_is_killed_loses_nothing_and_another_goes_on(office: Office, enrolled: str) -> None:
    cycle = opened(office)
    job = ask("prepare", "maker", cycle_id=cycle.pk, phase=PHASE)
    with psycopg.connect("service=kafalat_owner") as blocker:
        # The worker gets as far as writing payments and must wait there.
        blocker.execute("LOCK TABLE payments_payment IN SHARE MODE")
        process = subprocess.Popen([sys.executable, "-c", WORKER])
        until(lambda: bool(bulk.rows("SELECT FROM pg_locks WHERE NOT granted")), seconds=60)
        assert resume() == 0, "a job whose process lives is left alone"
        process.kill()
        process.wait()
        blocker.rollback()
    until(lambda: not bulk.rows("SELECT FROM pg_locks WHERE locktype = 'advisory'"))
    assert again(job).state == "running", "nobody has told that it died"
    assert (Payment.objects.count(), PaymentList.objects.count()) == (0, 0), "and nothing is half done"
    work(wait=False, signals=False)
    assert again(job).state == "done"
    assert job.attempts == 2
    assert PaymentList.objects.get(cycle=cycle).payments == Payment.objects.count() > 0


def test_a_job_that_kills_every_worker_is_given_up(people: None, office: Office) -> None:
    job = ask()
    bulk.execute("UPDATE interfaces_job SET state = 'running', attempts = %s", [MAX_ATTEMPTS])
    run_job(job.pk, office=office)
    assert again(job).state == "failed"
    assert "will not be begun again" in job.problem_en
