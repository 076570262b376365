"""The one thing the interfaces remember themselves: how much the public page has been asked lately."""

from __future__ import annotations

from django.db import models


class LookupBudget(models.Model):
    """Look-ups counted per `bucket` (an address, or everybody) within the hour that starts at `window_start`."""

    bucket = models.CharField(max_length=80)
    window_start = models.DateTimeField()
    lookups = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bucket", "window_start"], name="lookup_budget_once")]

    def __str__(self) -> str:
        return f"{self.bucket} {self.window_start}: {self.lookups}"
