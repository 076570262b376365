"""What the queue's workers call. A task carries the number of a job's record and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
from django.db import InterfaceError, OperationalError, connection
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from kafalat.interfaces import uploads
from kafalat.interfaces.jobs.running import run_job
from kafalat.interfaces.jobs.selectors import of_upload
from kafalat.interfaces.jobs.tracking import LOCK, StoppingWorkerError
from kafalat.interfaces.office import Office, office

# A server that restarts is back within a minute; longer outages are met by the sweep.
_AGAIN = RetryStrategy(
    max_attempts=30,
    wait=2,
    retry_exceptions=(StoppingWorkerError, OperationalError, InterfaceError, psycopg.OperationalError),
)
# Jobs that are marked as running while nobody holds their lock, and those fetched by a worker that fell silent before
# it began.
_LEFT_BEHIND = """
    SELECT queued.id, job.id, job.state = 'running'
    FROM procrastinate_jobs AS queued JOIN interfaces_job AS job ON job.id = (queued.args ->> 'job_id')::bigint
    WHERE queued.task_name = %s AND queued.status IN ('doing', 'failed') AND (job.state = 'running' OR job.state = 'waiting'
        AND NOT EXISTS (SELECT FROM procrastinate_workers AS worker
            WHERE worker.id = queued.worker_id AND worker.last_heartbeat > now() - interval '30 seconds'))
"""


@app.task(name="run", pass_context=True, retry=_AGAIN)
def run(context: JobContext, *, job_id: int) -> None:
    """Run one job."""
    run_job(job_id, office=office(), stopping=context.should_abort)


@app.periodic(cron="* * * * *")
@app.task(name="resume", queueing_lock="resume", lock="resume")
def resume(timestamp: int = 0) -> int:
    """Give the jobs of workers that died to the living, and remove files nobody waits for; return how many jobs."""
    del timestamp
    sweep_uploads(office())
    resumed = 0
    with connection.cursor() as cursor:
        cursor.execute(_LEFT_BEHIND, [run.name])
        for queued_id, job_id, was_running in cursor.fetchall():
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s::int)", [LOCK, job_id])
            if cursor.fetchone() == (False,):
                continue
            if was_running:
                cursor.execute("SELECT FROM interfaces_job WHERE id = %s AND state = 'running'", [job_id])
            if not was_running or cursor.fetchone() is not None:
                app.job_manager.retry_job_by_id(queued_id, retry_at=datetime.now(UTC))
                resumed += 1
            cursor.execute("SELECT pg_advisory_unlock(%s, %s::int)", [LOCK, job_id])
    return resumed


def sweep_uploads(here: Office) -> None:
    """Remove the files whose job is over, and those that never came to a job."""
    for token, is_old in uploads.tokens(here.home.uploads):
        job = of_upload(token)
        if is_old if job is None else not job.is_under_way:
            uploads.discard(here.home.uploads, token)
