"""The commands of `kafalat scorecard` that need the extra `fit`: judge a scorecard, relate it to spending."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from kafalat.core.problems import problem
from kafalat.fitting.evaluation import Settings, evaluate
from kafalat.fitting.relation import relate, to_yaml
from kafalat.fitting.sample import read_sample, scores_of
from kafalat.fitting.scores import write_whole
from kafalat.fitting.values import plain_values
from kafalat.interfaces.cli.output import print_json, print_lines
from kafalat.interfaces.cli.scorecard_evaluation import print_evaluation
from kafalat.interfaces.cli.scorecard_options import (
    CardFile,
    Profile,
    ProgrammeFolder,
    Survey,
    card_of,
    programme_of,
)
from kafalat.interfaces.scorecard_page import scorecard_page
from kafalat.policy.model import Dated, Programme
from kafalat.survey.profiles import programme_for

app = typer.Typer()


@app.command("evaluate")
def evaluate_command(
    survey: Survey,
    profile: Profile,
    scorecard: CardFile = None,
    programme: ProgrammeFolder = None,
    coverage: Annotated[str, typer.Option(help="Shares of households to select.")] = "0.1,0.2,0.25,0.3,0.4",
    line: Annotated[
        float | None,
        typer.Option(
            min=0.01, help="Poverty line in the survey's rupees a head and month (default: the programme's)."
        ),
    ] = None,
    cutoff: Annotated[
        float | None,
        typer.Option(help="Score up to which households are selected (default: the programme's)."),
    ] = None,
    draws: Annotated[int, typer.Option(min=20, max=2000, help="Bootstraps of the sampling units.")] = 300,
    seed: Annotated[int, typer.Option(help="Seed of bootstraps and baselines.")] = 1,
    html: Annotated[Path | None, typer.Option("--html", help="Write the report as a page, too.")] = None,
    *,
    baselines: Annotated[bool, typer.Option(help="Compare with baselines.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Judge a scorecard on a survey with known spending: accuracy, errors and fairness with intervals, beside baselines."""
    base = programme_of(programme)
    rules = programme_for(profile, base)
    card = card_of(scorecard, rules)
    settings = Settings(
        coverages=_coverages(coverage),
        line=line or line_of(rules, profile),
        poor_people_share=rules.relation.poor_people_share
        if rules.relation and rules is base
        else Settings.poor_people_share,
        cutoff=cutoff if cutoff is not None or rules is not base else cutoff_of(rules),
        draws=draws,
        seed=seed,
        with_baselines=baselines,
    )
    found = evaluate(read_sample(survey, profile, rules), rules, card, settings)
    if html is not None:
        page = scorecard_page(found)

        def write(part: Path) -> None:
            part.write_text(page, encoding="utf-8")

        write_whole(html, write)
    if as_json:
        print_json(plain_values(found))
    else:
        print_evaluation(found)


def _coverages(text: str) -> tuple[float, ...]:
    try:
        shares = tuple(dict.fromkeys(float(part) for part in text.split(",")))
    except ValueError:
        raise problem("scorecard.coverage_invalid", value=text) from None
    if not all(0 < share < 1 for share in shares):
        raise problem("scorecard.coverage_invalid", value=text)
    return shares


def line_of(rules: Programme, profile: str) -> float | None:
    """Return the programme's line in the rupees of this survey, where it states one."""
    relation = rules.relation
    return relation.line_survey_rupees_month if relation and relation.survey == Path(profile).stem else None


def cutoff_of(rules: Programme) -> float | None:
    """Return the newest cut-off of households of no special category."""
    for category in rules.eligibility.categories:
        if category.criterion is None:
            return float(max(category.cutoff, key=lambda dated: dated.from_).value)
    return None


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


@app.command("relate")
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
