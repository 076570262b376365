"""`kafalat snapshot`: the registry frozen as files."""

from __future__ import annotations

import typer
from django.utils import timezone

from kafalat.config import boot
from kafalat.interfaces.cli.output import ACTOR, LABELS, Stages, print_lines
from kafalat.interfaces.office import office
from kafalat.registry.snapshots import take_snapshot

app = typer.Typer(no_args_is_help=True, help="The registry frozen as files.")


@app.command("take")
def snapshot_take() -> None:
    """Freeze the registry into Parquet files with a manifest."""
    here = office()
    boot.database(here.home)
    with Stages(LABELS, "en") as stages, stages.stage("snapshot") as progress:
        taken = take_snapshot(
            programme=here.programme,
            folder=here.home.snapshots,
            work=here.home.work,
            actor=ACTOR,
            at=timezone.now(),
            progress=progress,
        )
    print_lines(f"snapshot {taken.sha256}: {taken.households:,} households, {taken.people:,} people")
