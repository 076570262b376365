"""Runs one job: calls its service, follows it, and records how it ended."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import nullcontext
from types import TracebackType
from typing import Self

from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from kafalat.core.problems import Problem, problem
from kafalat.interfaces import uploads
from kafalat.interfaces.jobs.kinds import KINDS
from kafalat.interfaces.jobs.selectors import job_by_id
from kafalat.interfaces.jobs.tracking import StoppingWorkerError, Tracker, done
from kafalat.interfaces.jobs.work import Kind, Work
from kafalat.interfaces.models import Job
from kafalat.interfaces.office import Office

_log = logging.getLogger(__name__)


class _Outcome:
    """Writes down how the work inside it ended when it did not end well, and says whether the worker must hear of it."""

    def __init__(self, tracker: Tracker, job_id: int) -> None:
        self._tracker = tracker
        self._job_id = job_id

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        self._tracker.rest()
        if error is None:
            return True
        if isinstance(error, Problem):
            self._tracker.fail(error)
            return True
        reason = self._tracker.interruption
        if reason is not None:
            self._tracker.interrupted()
            # A worker that stops hands the job back to the queue, which hears of it by the exception alone.
            if reason is StoppingWorkerError:
                raise StoppingWorkerError from error
            return True
        if isinstance(error, OperationalError | InterfaceError):
            return False  # the server went away: the job stays as it is and is begun again
        _log.error("job %s", self._job_id, exc_info=error)
        self._tracker.fail(problem("jobs.fault", number=self._job_id))
        return False


def run_job(job_id: int, *, office: Office, stopping: Callable[[], bool] = bool) -> None:
    """Run a job that waits, or one whose worker died; do nothing for any other.

    `stopping` says whether the worker is asked to stop; then the job is undone, waits again, and StoppingWorkerError is
    raised. Refusals, faults and cancellations end in the job's record. A database that goes away raises OperationalError
    and leaves the job to be begun again.
    """
    with Tracker(job_id, stopping=stopping) as tracker:
        if tracker.begin():
            job = job_by_id(job_id)
            with _Outcome(tracker, job_id):
                tracker.watch()
                _do(job, KINDS[job.kind], job.started_by, tracker, office)
    _tidy(job_id, office)


def _tidy(job_id: int, office: Office) -> None:
    """Remove the file a job was brought, once the job is over. What is missed here, `tasks.resume` finds."""
    job = job_by_id(job_id)
    if not job.is_under_way:
        uploads.discard(office.home.uploads, job.arguments.get("upload", ""))


def _do(job: Job, kind: Kind, user: User | None, tracker: Tracker, office: Office) -> None:
    work = Work(office=office, arguments=job.arguments, user=user, at=timezone.now(), progress=tracker.report)
    with transaction.atomic() if kind.whole else nullcontext():
        result = kind.run(work)
        done(job.pk, result)
