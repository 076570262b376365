"""Commands about accounts: take in what banks answer about them, and cards that were renewed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from django.contrib.auth.models import User
from django.utils import timezone

from kafalat.config import boot
from kafalat.core.problems import problem
from kafalat.enrolment.answers import receive_account_answers
from kafalat.enrolment.renewals import import_renewals
from kafalat.interfaces.cli.output import print_lines
from kafalat.interfaces.office import Office, office

app = typer.Typer(no_args_is_help=True, help="Accounts of payees, and the cards they are paid on.")
Officer = Annotated[str, typer.Option("--user", help="Login of the account officer who takes it in.")]


def _ready(file: Path, login: str) -> tuple[Office, User]:
    """Return the installation and the person, the database running. Raises `input.not_found` and `access.login_unknown`."""
    if not file.is_file():
        raise problem("input.not_found", path=file)
    here = office()
    boot.database(here.home)
    person = User.objects.filter(username=login).first()
    if person is None:
        raise problem("access.login_unknown", login=login)
    return here, person


@app.command("receive")
def receive(
    file: Annotated[Path, typer.Argument(help="CSV with reference, outcome, iban, title, mobile, reason.")],
    bank: Annotated[str, typer.Option(help="Code of the bank in banks.yaml.")],
    user: Officer = "accounts",
) -> None:
    """Take in a bank's answer to requests for accounts: all of it or nothing."""
    here, person = _ready(file, user)
    at = timezone.now()
    taken = receive_account_answers(
        path=file,
        bank=bank,
        programme=here.programme,
        sealer=here.sealer,
        received_on=timezone.localdate(at),
        user=person,
        at=at,
    )
    print_lines(
        f"{file.name}: {taken.opened} opened ({taken.doubtful} titles in doubt), {taken.screened} screened, {taken.refused} refused"
    )


@app.command("renew")
def renew(
    file: Annotated[Path, typer.Argument(help="CSV with cnic, valid_until.")], user: Officer = "accounts"
) -> None:
    """Take in renewed CNICs: all of them or none. Whoever waited for hers is paid with the next list."""
    here, person = _ready(file, user)
    taken = import_renewals(path=file, sealer=here.sealer, user=person, at=timezone.now())
    print_lines(f"{file.name}: {taken.renewed} cards renewed, {taken.unknown} numbers not in the registry")
