"""`kafalat target`: runs, explanations and replays; slips and the waiting list beside them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer
from django.utils import timezone

from kafalat.config import boot
from kafalat.core.problems import problem
from kafalat.core.text import Language
from kafalat.interfaces.cli import community_command, slips_command
from kafalat.interfaces.cli.explanation import explanation_lines
from kafalat.interfaces.cli.output import ACTOR, LABELS, Stages, print_lines
from kafalat.interfaces.office import office
from kafalat.registry.models import Snapshot
from kafalat.targeting.community import write_verdicts
from kafalat.targeting.explain import explain, find_household
from kafalat.targeting.runs import find_run, replay, start_run

EngineName = Annotated[
    str, typer.Option("--engine", help="What computes: duckdb, or spark (kafalat[spark]).")
]
SparkMaster = Annotated[
    str | None, typer.Option("--master", help="URL of Spark's master (default: two cores of this machine).")
]

app = typer.Typer(no_args_is_help=True, help="Runs, explanations and replays.")
app.command("promote")(community_command.promote)
app.command("slip")(slips_command.slip)
app.command("slips")(slips_command.slips)


@app.command("run")
def target_run(
    day: Annotated[
        str | None, typer.Option(help="Day whose rules apply, as in 2026-01-01 (default: today).")
    ] = None,
    engine: EngineName = "duckdb",
    master: SparkMaster = None,
) -> None:
    """Apply the programme to the newest snapshot and record every decision."""
    here = office()
    try:
        policy_day = date.fromisoformat(day) if day else timezone.localdate()
    except ValueError:
        raise problem("targeting.day_invalid", day=day) from None
    boot.database(here.home)
    newest = Snapshot.objects.order_by("-id").first()
    if newest is None:
        raise problem("registry.empty")
    with Stages(LABELS, "en") as stages, stages.stage("targeting") as progress:
        done = start_run(
            programme=here.programme,
            programme_folder=here.programme_folder,
            snapshot=newest,
            policy_day=policy_day,
            folders=here.folders,
            actor=ACTOR,
            at=timezone.now(),
            # What committees said so far; by cut-off nothing hears it.
            verdicts=write_verdicts(folder=here.home.work, work=here.home.work),
            engine=engine,
            master=master,
            progress=progress,
        )
    print_lines(
        f"run {done.pk}: {done.eligible:,} eligible, {done.ineligible:,} ineligible, {done.incomplete:,} incomplete",
        *(
            []
            if done.selected is None
            else [f"{done.selected:,} selected, {done.waiting or 0:,} in the waiting list"]
        ),
        f"digest {done.digest}",
    )


@app.command("explain")
def target_explain(
    household: Annotated[str, typer.Argument(help="Form number, or the survey's own household id.")],
    lang: Annotated[str, typer.Option(help="Language: en or ur.")] = "en",
    run_name: Annotated[str, typer.Option("--run", help="Run number, or latest.")] = "latest",
) -> None:
    """Print a decision term by term: points, the deciding rule, the distance to the cut-off."""
    here = office()
    boot.database(here.home)
    found = find_household(household)
    of_run = find_run(run_name)
    explained = explain(
        run=of_run,
        household=found,
        programme=here.programme_of(of_run.programme_sha256),
        results=here.folders.results(of_run),
    )
    language: Language = "ur" if lang == "ur" else "en"
    print_lines(*explanation_lines(explained, language))


@app.command("replay")
def target_replay(
    run_name: Annotated[str, typer.Argument(help="Run number, or latest.", metavar="RUN")] = "latest",
    threads: Annotated[int | None, typer.Option(help="Threads of the engine duckdb.")] = None,
    engine: EngineName = "duckdb",
    master: SparkMaster = None,
) -> None:
    """Compute a run again from its snapshot and programme and compare; any difference exits non-zero."""
    here = office()
    boot.database(here.home)
    replayed = replay(
        run=find_run(run_name), folders=here.folders, threads=threads, engine=engine, master=master
    )
    print_lines(
        f"run {replayed.run_id} replays: {replayed.households:,} households, digest {replayed.found}",
        f"دور {replayed.run_id} دوبارہ چلانے پر بالکل وہی نتیجہ آیا",
    )
