"""What starts by itself: every night the ledger is checked."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from kafalat.core.problems import Problem
from kafalat.interfaces.jobs.services import start_job


@app.periodic(cron="0 21 * * *")  # two in the morning in Pakistan; the queue counts in UTC
@app.task(name="nightly", queueing_lock="nightly", lock="nightly")
def nightly(timestamp: int) -> None:
    """Start the nightly check of the ledger, unless one is under way."""
    try:
        start_job(kind="ledger", arguments={}, user=None, at=datetime.fromtimestamp(timestamp, UTC))
    except Problem as refusal:
        if refusal.code != "jobs.under_way":
            raise
