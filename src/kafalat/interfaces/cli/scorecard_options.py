"""What the commands of `kafalat scorecard` share: their options, and the programme and scorecard these name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from kafalat.core.problems import problem
from kafalat.policy.cards import load_scorecard
from kafalat.policy.loader import load, shipped
from kafalat.policy.model import Programme, Scorecard

Survey = Annotated[Path, typer.Option("--survey", help="Folder with the survey's raw tables.")]
Profile = Annotated[
    str, typer.Option("--profile", help="A shipped profile's name, or the path of a .sql file.")
]
ProgrammeFolder = Annotated[
    Path | None,
    typer.Option(
        "--programme", help="The programme folder (default: KAFALAT_PROGRAMME, or the shipped one)."
    ),
]
CardFile = Annotated[
    Path | None, typer.Option("--scorecard", help="A scorecard file (default: the programme's own).")
]


def programme_of(folder: Path | None) -> Programme:
    """Return the programme of a folder, of the setting `KAFALAT_PROGRAMME`, or the shipped one, checked."""
    named = os.environ.get("KAFALAT_PROGRAMME")
    return load(folder or (Path(named).expanduser() if named else shipped()))


def card_of(file: Path | None, programme: Programme) -> Scorecard:
    """Return the scorecard of a file, checked against the programme's facts, or the programme's own."""
    if file is not None:
        return load_scorecard(file, programme)
    declared = {fact.name for fact in programme.facts}
    for fact in programme.scorecard.facts:
        if fact not in declared:  # a survey of another country has facts of its own
            raise problem("scorecard.fact_not_asked", scorecard=programme.scorecard.code, fact=fact)
    return programme.scorecard
