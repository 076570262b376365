"""`kafalat target slip` and `kafalat target slips`: what a family keeps, one or a district's worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from django.utils import timezone

from kafalat.config import boot
from kafalat.interfaces import paper
from kafalat.interfaces.cli.output import ACTOR, LABELS, Stages, print_lines
from kafalat.interfaces.office import Office, office
from kafalat.interfaces.paper.printing import SLIPS_PER_FILE, Press, print_place
from kafalat.interfaces.paper.slips import SlipLanguage
from kafalat.targeting.explain import find_household
from kafalat.targeting.models import Run
from kafalat.targeting.runs import find_run
from kafalat.targeting.slips import record_printed, slip_of

Language = Annotated[SlipLanguage, typer.Option(help="Urdu, English, or both on one page.")]
RunName = Annotated[str, typer.Option("--run", help="Run number, or latest.")]


def slip(
    household: Annotated[str, typer.Argument(help="Form number, or the survey's own household id.")],
    out: Annotated[Path, typer.Option(help="The PDF to write.", dir_okay=False)],
    lang: Language = "both",
    run_name: RunName = "latest",
) -> None:
    """Write the slip of one household: its result, why, and how to appeal."""
    here = office()
    boot.database(here.home)
    found, run = find_household(household), find_run(run_name)
    press = _press(here, run, lang)
    made = slip_of(
        run=run, programme=press.programme, results=press.results, household=found, work=press.work
    )
    pages = paper.render("slip", press.data([made]))
    record_printed(run=run, about=found.form_number, number=1, actor=ACTOR, at=timezone.now())
    draft = out.with_name(f"{out.name}.part")
    draft.write_bytes(pages)
    draft.replace(out)
    print_lines(str(out))


def slips(
    place: Annotated[str, typer.Option(help="P-code of a tehsil, district or province.")],
    out: Annotated[Path, typer.Option(help="The folder to write to.", file_okay=False)],
    lang: Language = "ur",
    run_name: RunName = "latest",
    per_file: Annotated[int, typer.Option(help="Slips in one PDF.", min=1, max=1000)] = SLIPS_PER_FILE,
) -> None:
    """Write the slips of all households of a place, tehsil by tehsil; called again, it goes on where it was stopped."""
    here = office()
    boot.database(here.home)
    run = find_run(run_name)
    with Stages(LABELS, "en") as stages, stages.stage("slips") as progress:
        printed = print_place(_press(here, run, lang), place, out, per_file=per_file, progress=progress)
    record_printed(run=run, about=place, number=printed.slips, actor=ACTOR, at=timezone.now())
    print_lines(
        f"{printed.slips:,} slips of run {run.pk} in {printed.written + printed.kept} files in {out} "
        f"({printed.kept} were there already)",
        f"دور {run.pk} کی {printed.slips:,} پرچیاں {out} میں ہیں",
    )


def _press(here: Office, run: Run, language: SlipLanguage) -> Press:
    return Press(
        run=run,
        programme=here.programme_of(run.programme_sha256),
        results=here.folders.results(run),
        work=here.home.work,
        language=language,
        decided_on=timezone.localdate(run.started_at),
    )
