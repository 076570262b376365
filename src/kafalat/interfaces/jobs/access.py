"""Who may start, see and cancel work in the background."""

from __future__ import annotations

from django.contrib.auth.models import User

from kafalat.interfaces.jobs.kinds import KINDS
from kafalat.interfaces.models import Job
from kafalat.registry.access import refusal, roles_of


def access_starting(user: User, kind: str) -> None:
    """Let those start a kind of job whose work it is. Raises the problem `access.refused`."""
    roles = KINDS[kind].roles
    if not roles_of(user) & roles:
        raise refusal(roles)


def access_jobs(user: User) -> frozenset[str]:
    """Return the kinds of jobs a person may follow. Raises the problem `access.refused` where there is none."""
    roles = roles_of(user)
    kinds = frozenset(name for name, kind in KINDS.items() if roles & kind.readers)
    if not kinds:
        raise refusal(frozenset().union(*(kind.readers for kind in KINDS.values())))
    return kinds


def access_job(user: User, job: Job) -> None:
    """Let those follow a job whose kind they read. Raises the problem `access.refused`."""
    readers = KINDS[job.kind].readers
    if not roles_of(user) & readers:
        raise refusal(readers)


def may_cancel(user: User, job: Job) -> bool:
    """Say whether a person may cancel a job: who started it, and those who might have."""
    return job.is_under_way and (job.started_by_id == user.pk or bool(roles_of(user) & KINDS[job.kind].roles))


def access_cancelling(user: User, job: Job) -> None:
    """Let those cancel a job who might have started it. Raises the problem `access.refused`."""
    access_job(user, job)
    if job.started_by_id != user.pk:
        access_starting(user, job.kind)
