"""Queues and cancels work in the background. The queue is a table: a job is queued if, and only if, its record is there."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from kafalat.audit import services as audit
from kafalat.core.problems import problem
from kafalat.interfaces.jobs.access import access_cancelling, access_starting
from kafalat.interfaces.jobs.selectors import job_by_id
from kafalat.interfaces.jobs.tasks import run
from kafalat.interfaces.jobs.work import Values
from kafalat.interfaces.models import Job


def start_job(
    *, kind: str, arguments: Values, user: User | None, at: datetime, subject: str = "", key: str = ""
) -> Job:
    """Queue a job of a kind; `user` is nobody where the clock starts it.

    `key` (by default the kind with its arguments) names what no two jobs may do at once. Raises `access.refused`, and
    `jobs.under_way` where a job of the same key waits or runs.
    """
    if user is not None:
        access_starting(user, kind)
    key = key or ":".join([kind, *(f"{name}={value}" for name, value in sorted(arguments.items()))])[:120]
    try:
        with transaction.atomic():
            job = Job.objects.create(
                kind=kind, subject=subject, arguments=arguments, key=key, started_by=user, queued_at=at
            )
            run.configure(lock=key).defer(job_id=job.pk)
            _record("job_started", job, user, at)
    except IntegrityError as error:
        same = Job.objects.filter(key=key, state__in=[Job.State.WAITING, Job.State.RUNNING]).first()
        raise problem("jobs.under_way", number=same.pk if same else "?") from error
    return job


def cancel_job(*, job_id: int, user: User, at: datetime) -> Job:
    """Ask a job to stop: one that waits is cancelled at once, one that runs undoes what it began.

    Raises `jobs.unknown`, `access.refused`, and `jobs.ended` for a job that is over.
    """
    access_cancelling(user, job_by_id(job_id))
    with transaction.atomic():
        moved = Job.objects.filter(pk=job_id, state=Job.State.WAITING).update(
            state=Job.State.CANCELLED, cancel_requested=True, ended_at=at
        ) or Job.objects.filter(pk=job_id, state=Job.State.RUNNING).update(cancel_requested=True)
        if not moved:
            raise problem("jobs.ended", number=job_id)
        job = job_by_id(job_id)
        _record("job_cancel_asked", job, user, at)
    return job


def _record(action: str, job: Job, user: User | None, at: datetime) -> None:
    audit.record(
        at=at,
        actor=user.get_username() if user else "clock",
        action=action,
        object_kind="job",
        object_id=job.pk,
        detail={"kind": job.kind, "arguments": job.arguments},
    )
