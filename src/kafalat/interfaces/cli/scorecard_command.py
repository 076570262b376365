"""`kafalat scorecard`: scorecards fitted, judged and applied to a survey. Needs no installation: no home folder, no database."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from kafalat.core.problems import Problem
from kafalat.fitting.scores import score_survey, write_table
from kafalat.interfaces.cli.output import print_lines, print_problem
from kafalat.policy.cards import load_scorecard
from kafalat.policy.loader import load, shipped
from kafalat.policy.model import Programme, Scorecard
from kafalat.survey.profiles import programme_for

app = typer.Typer(no_args_is_help=True, help="Scorecards: fitted, judged, and applied to a survey.")

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


alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
alone.add_typer(app, name="scorecard")


def run() -> None:
    """Run `kafalat scorecard ...` by itself; a problem is printed in both languages and ends with its exit code."""
    try:
        alone()
    except Problem as refusal:
        print_problem(refusal)
        sys.exit(refusal.entry.exit_code)


def programme_of(folder: Path | None) -> Programme:
    """Return the programme of a folder, of the setting `KAFALAT_PROGRAMME`, or the shipped one, checked."""
    named = os.environ.get("KAFALAT_PROGRAMME")
    return load(folder or (Path(named).expanduser() if named else shipped()))


def card_of(file: Path | None, programme: Programme) -> Scorecard:
    """Return the scorecard of a file, checked against the programme's facts, or the programme's own."""
    return programme.scorecard if file is None else load_scorecard(file, programme)


@app.command("score")
def score(
    survey: Survey,
    profile: Profile,
    out: Annotated[Path, typer.Option("--out", help="The Parquet file to write.")],
    scorecard: CardFile = None,
    programme: ProgrammeFolder = None,
) -> None:
    """Write household_id (as the survey has it) and score (higher: better off) of every household of a survey."""
    rules = programme_for(profile, programme_of(programme))
    card = card_of(scorecard, rules)
    scores = score_survey(survey, profile, rules, card)
    write_table(scores.table, out)
    scored = scores.table.num_rows - scores.missing
    print_lines(f"{out}: {scored:,} households scored by {card.code} / گھرانوں کے اسکور لکھے گئے")
    if scores.missing:
        facts = ", ".join(f"{fact} ({count:,})" for fact, count in scores.open_facts.items())
        print_lines(
            f"{scores.missing:,} households have no score: an answer is missing / جواب نہ ہونے سے اسکور نہیں بنا: {facts}"
        )
