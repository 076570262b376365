"""Does what is queued in the background, for installations whose web server does not."""

from __future__ import annotations

from typing import Annotated

import typer
from django.db import connections

from kafalat.config import boot
from kafalat.interfaces.jobs.worker import work
from kafalat.interfaces.office import office

app = typer.Typer()


@app.command("worker")
def worker(
    until_empty: Annotated[
        bool, typer.Option("--until-empty", help="Stop when nothing is queued any more.")
    ] = False,
) -> None:
    """Do what was started on the console, one job after the other, until Ctrl-C."""
    boot.database(office().home)
    connections.close_all()
    work(wait=not until_empty)
