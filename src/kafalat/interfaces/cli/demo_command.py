"""`kafalat demo`: the whole chain, then the console."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from django.utils import timezone

from kafalat.config import boot
from kafalat.core.money import rupees_text
from kafalat.core.problems import problem
from kafalat.core.quarters import parse_quarter, quarter_of
from kafalat.interfaces.cli.output import LABELS, Stages, err, facts_table, out, print_json, print_lines
from kafalat.interfaces.cli.serve_command import serve_forever
from kafalat.interfaces.demo import Demo, Plan, Result, leave_list_to_approve
from kafalat.interfaces.logins import ensure_logins
from kafalat.interfaces.office import Office, office
from kafalat.registry.selectors import sample_form_number

app = typer.Typer()


@app.command("demo")
def demo(
    *,
    households: Annotated[int, typer.Option(min=50, help="Households of the synthetic population.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Seed of the population, identities and bank answers.")] = 1,
    survey: Annotated[
        Path | None, typer.Option(help="Folder of a real survey, instead of the synthetic population.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="The survey's profile: a shipped name or a .sql file.")
    ] = None,
    tranche: Annotated[
        str | None, typer.Option(help="Quarter to pay, as in 2026Q1 (default: the one before this).")
    ] = None,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="End after the chain, without the console.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    host: Annotated[str, typer.Option(help="Address of the console.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the console.")] = 8171,
) -> None:
    """Run the whole chain from survey to balanced ledger, then serve the console. Run again, it goes on where it stopped."""
    if (survey is None) != (profile is None):
        raise problem("demo.survey_and_profile")
    here = office()
    try:
        quarter = parse_quarter(tranche) if tranche else quarter_of(timezone.localdate()).preceding()
    except ValueError:
        raise problem("payments.tranche_invalid", tranche=tranche) from None
    plan = Plan(tranche=quarter, households=households, seed=seed, survey=survey, profile=profile)
    with Stages(LABELS, "en") as stages:
        chain = Demo(office=here, plan=plan, clock=timezone.now, stage=stages.stage)
        with chain.step("database"):
            boot.database(here.home)
        result = chain.run()
    if as_json:
        print_json(result)
    else:
        _show(result, here)
    if not no_serve:
        leave_list_to_approve(here, plan, timezone.now())
        _show_logins(here)
        serve_forever(host, port)


def _show(result: Result, here: Office) -> None:
    decisions = result["decisions"]
    rows = [
        ("source", result["source"]),
        ("households / people", f"{result['households']:,} / {result['people']:,}"),
        (
            "eligible / ineligible / incomplete",
            " / ".join(f"{decisions[k]:,}" for k in ("eligible", "ineligible", "incomplete")),
        ),
        ("families enrolled", f"{result['enrolled']:,}"),
        ("payments (reissues included)", f"{result['payments']:,}"),
        ("amount", rupees_text(result["amount_paisa"])),
        (
            "paid / returned / rejected / open",
            " / ".join(f"{result[k]:,}" for k in ("paid", "returned", "rejected", "open")),
        ),
        ("bank files", f"{len(result['files'])}"),
        ("ledger", "balanced" if result["ledger_balanced"] else "NOT BALANCED"),
        ("seconds", f"{sum(result['seconds'].values()):.1f}"),
    ]
    out.print(facts_table("From survey to bank file", rows))
    for file in result["files"]:
        print_lines(
            f"  {file['bank']:<18} {file['transactions']:>7,}  {rupees_text(file['control_sum_paisa']):>18}  {file['path']}"
        )
    sample = sample_form_number()
    if sample:
        print_lines("", "One household explained:", f"  {_program()} target explain {sample} --lang ur")
    err.print(f"Home folder: {here.home.path}", highlight=False)


def _program() -> str:
    """Return the command as it was called, so that the line printed can be typed as it stands."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "kafalat" else "kafalat"


def _show_logins(here: Office) -> None:
    print_lines("", "Demo logins (user, password, role):")
    for login in ensure_logins(here.home):
        print_lines(f"  {login.username:<12} {login.password:<20} {login.role}")
    print_lines("")
