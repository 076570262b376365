"""`kafalat survey`: surveys into the registry."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from django.utils import timezone

from kafalat.config import boot
from kafalat.interfaces.cli.output import ACTOR, LABELS, Stages, print_lines
from kafalat.interfaces.office import office
from kafalat.registry.bulk import scratch_engine
from kafalat.registry.imports import import_survey
from kafalat.survey.identities import add_identities
from kafalat.survey.profiles import read

app = typer.Typer(no_args_is_help=True, help="Surveys into the registry.")


@app.command("import")
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
