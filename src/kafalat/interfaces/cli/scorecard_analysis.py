"""The commands of `kafalat scorecard` that need the extra `fit`: judge a scorecard, relate it to spending."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from kafalat.core.problems import problem
from kafalat.fitting.relation import relate, to_yaml
from kafalat.fitting.sample import read_sample, scores_of
from kafalat.fitting.scores import write_whole
from kafalat.interfaces.cli.output import print_lines
from kafalat.interfaces.cli.scorecard_options import (
    CardFile,
    Profile,
    ProgrammeFolder,
    Survey,
    card_of,
    programme_of,
)
from kafalat.policy.model import Dated
from kafalat.survey.profiles import programme_for


def _line(
    before: Dated[Decimal] | None, line: str | None, line_from: str | None, source: str | None
) -> Dated[Decimal] | None:
    """Return the official line the options give, or the one stated before; None where neither is whole."""
    if line is None and line_from is None and source is None:
        return before
    try:
        return Dated[Decimal].model_validate({"from": line_from, "value": line, "source": source})
    except ValidationError:
        return None


def relate_command(
    survey: Survey,
    profile: Profile,
    out: Annotated[Path, typer.Option("--out", help="The file to write, relation.yaml of a programme.")],
    scorecard: CardFile = None,
    programme: ProgrammeFolder = None,
    line: Annotated[
        str | None,
        typer.Option(help="Official poverty line, rupees a head and month (default: the programme's)."),
    ] = None,
    line_from: Annotated[str | None, typer.Option(help="First day of the line, as in 2024-07-01.")] = None,
    line_source: Annotated[
        str | None, typer.Option(help="Where the line and the share are published.")
    ] = None,
    poor_people: Annotated[
        float | None, typer.Option(min=0.001, max=0.999, help="Share of people below the line, as in 0.289.")
    ] = None,
) -> None:
    """Write how spending follows from the score, band by band, for the simulations of a programme."""
    rules = programme_for(profile, programme_of(programme))
    card = card_of(scorecard, rules)
    before = rules.relation
    official = _line(before.line_rupees_month[-1] if before else None, line, line_from, line_source)
    share = poor_people or (before.poor_people_share if before else None)
    if official is None or share is None:
        raise problem("scorecard.line_missing")
    sample = read_sample(survey, profile, rules).known()
    found = relate(sample, scores_of(sample, card), card, line=official, poor_people_share=share)
    command = f"kafalat scorecard relate --survey FOLDER --profile {profile} --out relation.yaml"
    text = to_yaml(found, command)

    def write(part: Path) -> None:
        part.write_text(text, encoding="utf-8")

    write_whole(out, write)
    print_lines(
        f"{out}: {len(found.bands)} bands, line {found.line_survey_rupees_month:,.0f} survey rupees a head and month "
        f"for {found.poor_people_share:.1%} of people / تعلق کی فائل لکھی گئی"
    )
