"""The second connection of a running job: it shows progress while the work's own transaction is open, and hears a cancellation.

It holds an advisory lock for as long as the job's process lives, so a job whose process was killed is told from one
that works by PostgreSQL itself, at once and without a clock.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import psycopg
from django.db import connections

from kafalat.core.problems import Problem, problem

# First half of the advisory lock's number; the second is the job's.
LOCK = 7001
MAX_ATTEMPTS = 4
WATCH_EVERY_S = 0.3
CANCEL_TIMEOUT_S = 5.0


class InterruptedJobError(Exception):
    """Raised inside the work, so that its transaction is rolled back."""


class StoppingWorkerError(InterruptedJobError):
    """The worker is asked to stop: the job goes back to the queue."""


class Tracker:
    """Follows one job while it runs; `with` closes its connection and, with it, frees the job's lock."""

    def __init__(self, job_id: int, *, stopping: Callable[[], bool]) -> None:
        settings = connections["default"].get_connection_params()
        settings = {name: settings[name] for name in settings.keys() - {"context", "cursor_factory"}}
        self._own: psycopg.Connection[tuple[Any, ...]] = psycopg.connect(**settings, autocommit=True)
        self._job_id = job_id
        self._stopping = stopping
        self._reason: type[InterruptedJobError] | None = None
        self._shown_at = 0.0
        self._over = threading.Event()
        self._watcher: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.rest()
        self._own.close()

    def begin(self) -> bool:
        """Take the job's lock and mark it as running. False where it is not to be run: over, cancelled, or run elsewhere."""
        if not self._value("SELECT pg_try_advisory_lock(%s, %s)", LOCK, self._job_id):
            return False
        attempts = self._value(
            """
            UPDATE interfaces_job SET state = 'running', progress = 0, attempts = attempts + 1,
                begun_at = coalesce(begun_at, clock_timestamp())
            WHERE id = %s AND state IN ('waiting', 'running') AND NOT cancel_requested RETURNING attempts
            """,
            self._job_id,
        )
        if attempts is None:
            # Asked to stop while its worker was dying: nothing of it stands.
            self._end("cancelled", "WHERE id = %s AND state = 'running' AND cancel_requested")
            return False
        if attempts > MAX_ATTEMPTS:
            self.fail(problem("jobs.gave_up", number=self._job_id, attempts=attempts - 1))
            return False
        return True

    def watch(self) -> None:
        """From now on interrupt this thread's work, statements of its connection included, when that is asked for."""
        default = connections["default"]
        default.ensure_connection()
        self._watcher = threading.Thread(target=self._watch, args=(default.connection,), daemon=True)
        self._watcher.start()

    def rest(self) -> None:
        """Stop watching: what the work's connection does from here on is not interrupted any more."""
        self._over.set()
        if self._watcher is not None:
            self._watcher.join()

    def _watch(self, working: psycopg.Connection[tuple[Any, ...]]) -> None:
        while not self._over.wait(WATCH_EVERY_S):
            try:
                self._listen()
                if self._reason is not None:
                    working.cancel_safe(timeout=CANCEL_TIMEOUT_S)
            except psycopg.Error:
                return  # the server went away: the work meets that itself

    def _listen(self) -> None:
        if self._stopping():
            self._reason = StoppingWorkerError
        elif self._value("SELECT cancel_requested FROM interfaces_job WHERE id = %s", self._job_id):
            self._reason = InterruptedJobError

    def report(self, share: float) -> None:
        """Show the share done, at most a few times a second. Raises InterruptedJobError when the work is to stop."""
        if self._reason is not None:
            raise self._reason
        now = time.monotonic()
        if now - self._shown_at < WATCH_EVERY_S:
            return
        self._shown_at = now
        self._listen()
        self._value(
            "UPDATE interfaces_job SET progress = %s WHERE id = %s AND state = 'running' RETURNING progress",
            min(max(share, 0.0), 1.0),
            self._job_id,
        )
        if self._reason is not None:
            raise self._reason

    @property
    def interruption(self) -> type[InterruptedJobError] | None:
        """Return why the work was interrupted, if it was."""
        return self._reason

    def interrupted(self) -> None:
        """Record that the work was undone: cancelled for good, or waiting for the next worker."""
        if self._reason is StoppingWorkerError:
            self._value(
                "UPDATE interfaces_job SET state = 'waiting', progress = 0, attempts = 0 WHERE id = %s RETURNING id",
                self._job_id,
            )
        else:
            self._end("cancelled", "WHERE id = %s AND state = 'running'")

    def fail(self, refusal: Problem) -> None:
        """Record that the work was refused, in both languages."""
        self._end(
            "failed",
            ", problem_en = %s, problem_ur = %s, result = %s::jsonb WHERE id = %s AND state = 'running'",
            refusal.text("en"),
            refusal.text("ur"),
            json.dumps({"problem": refusal.code}),
        )

    def _end(self, state: str, rest: str, *values: str) -> None:
        self._value(
            f"UPDATE interfaces_job SET state = '{state}', ended_at = clock_timestamp() {rest} RETURNING id",
            *values,
            self._job_id,
        )

    def _value(self, statement: str, *values: object) -> Any:
        row = self._own.execute(statement, values).fetchone()
        return row[0] if row else None


def done(job_id: int, result: dict[str, Any]) -> None:
    """Record the end of a job that did its work, through the connection the work was done on."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            """
            UPDATE interfaces_job SET state = 'done', progress = 1, ended_at = clock_timestamp(), result = %s::jsonb
            WHERE id = %s AND state = 'running'
            """,
            [json.dumps(result), job_id],
        )
