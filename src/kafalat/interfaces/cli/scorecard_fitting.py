"""`kafalat scorecard fit`: a scorecard in whole points from a survey with known spending. Needs the extra `fit`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from kafalat.core.problems import problem
from kafalat.fitting.fit import Fit, Request, fit_scorecard
from kafalat.fitting.rounding import Anchor
from kafalat.fitting.sample import read_sample
from kafalat.fitting.scores import write_whole
from kafalat.fitting.targets import Method
from kafalat.interfaces.cli.output import print_lines
from kafalat.interfaces.cli.scorecard_options import Profile, ProgrammeFolder, Survey, programme_of
from kafalat.policy.cards import load_scorecard
from kafalat.survey.profiles import programme_for

FACTS_MAX = 30
CUTOFF, SHARE = 32, 0.275  # families at or below the programme's cut-off

app = typer.Typer()


class Methods(StrEnum):
    """The methods of a fit."""

    ols = "ols"
    quantile = "quantile"
    ebm = "ebm"


@app.command("fit")
def fit_command(
    context: typer.Context,
    survey: Survey,
    profile: Profile,
    out: Annotated[Path, typer.Option("--out", help="The scorecard file to write.")],
    method: Annotated[
        Methods,
        typer.Option(
            help="Least squares; least squares bent towards the poor; explainable boosting (slower)."
        ),
    ] = Methods.quantile,
    max_facts: Annotated[int, typer.Option(min=1, max=100, help="Most facts to choose.")] = FACTS_MAX,
    facts: Annotated[str, typer.Option(help="Use these facts, as in rooms,toilet; nothing is chosen.")] = "",
    pairs: Annotated[int, typer.Option(min=0, max=20, help="Most tables of two facts to add.")] = 0,
    strata: Annotated[
        str | None, typer.Option(help="A category of the household: points of its own for each group of it.")
    ] = None,
    cutoff: Annotated[
        int, typer.Option(min=1, max=99, help="The score that is anchored to a share of households.")
    ] = CUTOFF,
    share: Annotated[
        float, typer.Option(min=0.01, max=0.9, help="Share of households at or below it.")
    ] = SHARE,
    code: Annotated[
        str | None, typer.Option(help="Code of the scorecard (default: survey and method).")
    ] = None,
    valid_from: Annotated[str, typer.Option(help="First day it is in force.")] = "2021-01-01",
    day: Annotated[
        str | None, typer.Option("--date", help="Day of the fit, written into the file (default: none).")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of boosting.")] = 1,
    programme: ProgrammeFolder = None,
) -> None:
    """Fit a scorecard in whole points on a survey with known spending, and say how it does on units it has not seen."""
    for each in (valid_from, day):
        _check_day(each)
    rules = programme_for(profile, programme_of(programme))
    chosen: Method = method.value
    request = Request(
        method=chosen,
        anchor=Anchor(cutoff, share),
        code=code or f"{Path(profile).stem}-{method.value}",
        valid_from=valid_from,
        command=_command(context.params),
        facts=tuple(part.strip() for part in facts.split(",") if part.strip()),
        facts_max=max_facts,
        pairs=pairs,
        stratum=strata,
        seed=seed,
        day=day,
    )
    fitted = fit_scorecard(read_sample(survey, profile, rules), rules, request)

    def write(part: Path) -> None:
        part.write_text(fitted.text, encoding="utf-8")
        load_scorecard(part, rules)  # what is written can be used

    write_whole(out, write)
    _print(out, fitted)


def _command(given: Mapping[str, Any]) -> str:
    """Return the command that makes the same bytes from the same survey, wherever its folder is."""
    boosting = given["method"] is Methods.ebm
    words = {
        "--survey": "FOLDER",
        "--profile": Path(given["profile"]).stem,
        "--out": "scorecard.yaml",
        "--method": given["method"].value,
        "--max-facts": None if given["facts"] else given["max_facts"],
        "--facts": given["facts"] or None,
        "--pairs": given["pairs"] or None,
        "--strata": given["strata"],
        "--cutoff": given["cutoff"],
        "--share": given["share"],
        "--code": given["code"],
        "--valid-from": given["valid_from"],
        "--date": given["day"],
        "--seed": given["seed"] if boosting else None,
    }
    return "kafalat scorecard fit " + " ".join(
        f"{key} {value}" for key, value in words.items() if value is not None
    )


def _print(out: Path, fitted: Fit) -> None:
    figures = fitted.figures
    errors = ", ".join(
        f"{figures[f'error_at_{percent}_percent']} at {percent} %" for percent in (10, 20, 30, 40)
    )
    print_lines(
        f"{out}: {len(fitted.facts)} facts: {', '.join(fitted.facts)} / اسکور کارڈ لکھا گیا",
        f"on sampling units it has not seen: R² {figures['r_squared']}; poor missed: {errors}",
        f"lost by whole points: R² {figures['lost_by_rounding_r_squared']}, poor missed at 20 % {figures['lost_by_rounding_error_at_20_percent']}",
    )
    if fitted.warning is not None:
        print_lines(fitted.warning.en, fitted.warning.ur)


def _check_day(text: str | None) -> None:
    try:
        date.fromisoformat(text or "2000-01-01")
    except ValueError:
        raise problem("targeting.day_invalid", day=text) from None
