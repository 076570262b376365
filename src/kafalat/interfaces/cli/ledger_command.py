"""Commands about the books."""

from __future__ import annotations

from typing import Annotated

import typer
from django.utils import timezone

from kafalat.config import boot
from kafalat.core.money import rupees_text
from kafalat.interfaces.cli.output import ACTOR, out, print_json, print_lines
from kafalat.interfaces.office import office
from kafalat.payments.ledger.checks import balances, check_and_record
from kafalat.payments.ledger.rule import Check

app = typer.Typer(no_args_is_help=True, help="The books.")


@app.callback()
def group() -> None:
    """Keep `check` a command of its own."""


@app.command("check")
def check(*, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Prove the books: every invariant, over everything that was ever posted. To be run every night.

    What was found is written into the audit log. A broken invariant exits non-zero and says where it is broken.
    """
    here = office()
    boot.database(here.home)
    checks = check_and_record(outgoing=here.outgoing, actor=ACTOR, at=timezone.now())
    broken = [each for each in checks if not each.holds]
    if as_json:
        print_json(_as_values(checks))
    else:
        _print(checks)
    if broken:
        codes = ", ".join(dict.fromkeys(each.code for each in broken))
        typer.echo(
            f"The books do not hold: {codes}. Stop paying until each place above is explained.", err=True
        )
        typer.echo(
            f"حساب درست نہیں: {codes}۔ جب تک اوپر کی ہر جگہ کی وضاحت نہ ہو، ادائیگی روک دیں۔", err=True
        )
        raise typer.Exit(1)


def _as_values(checks: list[Check]) -> dict[str, object]:
    return {
        "balanced": all(each.holds for each in checks),
        "checks": [
            {
                "code": each.code,
                "says": each.says.model_dump(),
                "broken": [
                    {**place._asdict(), "en": place.text("en"), "ur": place.text("ur")}
                    for place in each.broken
                ],
            }
            for each in checks
        ],
        "balances_paisa": balances(),
    }


def _print(checks: list[Check]) -> None:
    for each in checks:
        mark = "[green]✓[/]" if each.holds else "[red]✗[/]"
        out.print(f"{mark} {each.code:<4} {each.says.en} / {each.says.ur}", highlight=False, soft_wrap=True)
        for place in each.broken:
            print_lines(f"       {place.text('en')}", f"       {place.text('ur')}")
    for account, paisa in balances().items():
        print_lines(f"  {account:<32} {rupees_text(paisa):>20}")
