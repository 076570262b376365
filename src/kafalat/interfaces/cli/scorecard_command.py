"""`kafalat scorecard`: scorecards fitted, judged and applied to a survey. Needs no installation: no home folder, no database."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from kafalat.core.problems import Problem, problem
from kafalat.fitting.scores import score_survey, write_table
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

app = typer.Typer(no_args_is_help=True, help="Scorecards: fitted, judged, and applied to a survey.")

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


if find_spec("sklearn") and find_spec("pandas"):
    from kafalat.interfaces.cli import scorecard_analysis

    app.command("evaluate")(scorecard_analysis.evaluate_command)
    app.command("relate")(scorecard_analysis.relate_command)
else:

    def _without_extra(context: typer.Context) -> None:
        """Not installed: it takes the extra kafalat[fit]."""
        raise problem("scorecard.extra_missing", command=context.info_name)

    for name in ("fit", "evaluate", "relate"):
        app.command(name, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(
            _without_extra
        )
