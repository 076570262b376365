"""Reads the record of work in the background."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from kafalat.core.problems import problem
from kafalat.interfaces.models import Job


def jobs(kinds: Collection[str] | None = None) -> QuerySet[Job]:
    """Return all jobs, or those of some kinds, newest first."""
    found = Job.objects.select_related("started_by").order_by("-id")
    return found if kinds is None else found.filter(kind__in=kinds)


def job_by_id(job_id: int) -> Job:
    """Return one job. Raises the problem `jobs.unknown`."""
    found = jobs().filter(pk=job_id).first()
    if found is None:
        raise problem("jobs.unknown", number=job_id)
    return found


def under_way(cycle_id: int) -> list[Job]:
    """Return the jobs of a cycle that wait or run, oldest first."""
    states = [Job.State.WAITING, Job.State.RUNNING]
    return list(jobs().filter(state__in=states, arguments__cycle_id=cycle_id).order_by("id"))


def of_upload(token: str) -> Job | None:
    """Return the job a file was brought for, or None."""
    return jobs().filter(arguments__upload=token).first()


def last_of(kind: str) -> Job | None:
    """Return the last job of a kind that ended with a result."""
    return jobs().filter(kind=kind, state=Job.State.DONE).first()
