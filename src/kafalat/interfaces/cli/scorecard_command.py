"""`kafalat scorecard`: scorecards fitted, judged and applied to a survey. Needs no installation: no home folder, no database."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.main import get_group

from kafalat.core.problems import Problem, problem
from kafalat.fitting.scores import score_survey, write_table
from kafalat.interfaces.cli.by_name import ByName
from kafalat.interfaces.cli.output import print_lines, print_problem
from kafalat.interfaces.cli.scorecard_options import (
    CardFile,
    Profile,
    ProgrammeFolder,
    Survey,
    card_of,
    programme_of,
)
from kafalat.survey.profiles import programme_for

# The commands for analysts, each in a module that is imported when it is called: it takes packages of the extra `fit`,
# and no other command should wait for them.
ANALYSTS = {
    "evaluate": "kafalat.interfaces.cli.scorecard_analysis",
    "fit": "kafalat.interfaces.cli.scorecard_fitting",
    "relate": "kafalat.interfaces.cli.scorecard_analysis",
}


missing = typer.Typer()


@missing.command("missing", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def without_extra(context: typer.Context) -> None:
    """Not installed: it takes the extra kafalat[fit]."""
    raise problem("scorecard.extra_missing", command=context.info_name)


class Commands(ByName):
    """The group `scorecard`, its commands for analysts found by name."""

    modules = ANALYSTS

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; where its packages are not installed, one that says so."""
        if cmd_name in ANALYSTS and not (find_spec("sklearn") and find_spec("pandas")):
            return get_group(missing).commands["missing"]
        return super().get_command(ctx, cmd_name)


app = typer.Typer(
    cls=Commands, no_args_is_help=True, help="Scorecards: fitted, judged, and applied to a survey."
)

alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
alone.add_typer(app, name="scorecard")


def run() -> None:
    """Run `kafalat scorecard ...` by itself; a problem is printed in both languages and ends with its exit code."""
    try:
        alone()
    except Problem as refusal:
        print_problem(refusal)
        sys.exit(refusal.entry.exit_code)


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
