"""What the interfaces remember themselves: how much the public page was asked lately, and work in the background."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q


class LookupBudget(models.Model):
    """Look-ups counted per `bucket` (an address, or everybody) within the hour that starts at `window_start`."""

    bucket = models.CharField(max_length=80)
    window_start = models.DateTimeField()
    lookups = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bucket", "window_start"], name="lookup_budget_once")]

    def __str__(self) -> str:
        return f"{self.bucket} {self.window_start}: {self.lookups}"


class Job(models.Model):
    """One piece of work that outlives the page it was started from.

    `kind` names what is done (`jobs.kinds`), with `arguments`; `subject` says about what, in digits and codes alone.
    While it waits or runs no other job has its `key`. `progress` is the share done, 0 to 1. A refusal is kept in both
    languages as it read when it was met.
    """

    class State(models.TextChoices):
        """Where it stands; the last three are final."""

        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    kind = models.CharField(max_length=30)
    subject = models.CharField(max_length=80, blank=True)
    arguments = models.JSONField(default=dict)
    key = models.CharField(max_length=120)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    progress = models.FloatField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    # Nobody: the clock started it.
    started_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    queued_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    cancel_requested = models.BooleanField(default=False)
    result = models.JSONField(default=dict)
    problem_en = models.TextField(blank=True)
    problem_ur = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(state__in=["waiting", "running"]), name="job_key_once"
            ),
            models.CheckConstraint(
                condition=Q(progress__gte=0) & Q(progress__lte=1), name="job_progress_is_share"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running"], ended_at__isnull=True)
                | Q(state__in=["done", "failed", "cancelled"], ended_at__isnull=False),
                name="job_end_has_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} ({self.state})"

    @property
    def is_under_way(self) -> bool:
        """Say whether it waits or runs."""
        return self.state in {Job.State.WAITING, Job.State.RUNNING}

    @property
    def percent(self) -> int:
        """Return the share done in whole percent."""
        return int(self.progress * 100)
