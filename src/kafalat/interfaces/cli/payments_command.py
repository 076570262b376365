"""Commands about payments: send what waits, take in what banks answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from django.contrib.auth.models import User
from django.utils import timezone

from kafalat.config import boot
from kafalat.core.problems import Problem, problem
from kafalat.core.text import Language
from kafalat.interfaces.channels import wallet_clients
from kafalat.interfaces.cli import recall_command
from kafalat.interfaces.cli.output import print_lines
from kafalat.interfaces.cover_sheet import cover_sheet
from kafalat.interfaces.office import office
from kafalat.payments.models import BankFile, Cycle
from kafalat.payments.reconciliation.answers import receive_answer
from kafalat.payments.selectors import list_by_id
from kafalat.payments.sending.outbox import lift_quarantine, send_outbox, stuck
from kafalat.payments.sending.recalls import send_recalls

app = typer.Typer(no_args_is_help=True, help="Bank files out, bank answers in.")
app.add_typer(recall_command.app, name="recall")


@app.command("send")
def send() -> None:
    """Send every dispatched bank file that has not left, and say what keeps the others; safe to repeat."""
    here = office()
    boot.database(here.home)
    for sha256 in sorted(set(Cycle.objects.values_list("programme_sha256", flat=True))):
        for departure in send_outbox(sender=here.sender(sha256), at=timezone.now()):
            print_lines(str(departure))
    for path in send_recalls(
        programme_of=here.programme_of,
        outgoing=here.outgoing,
        at=timezone.now(),
        wallets=wallet_clients(here.home),
    ):
        print_lines(str(path))
    for row in stuck():
        refusal = Problem(row.problem_code, row.problem_details, row.bank_file.message_id)
        print_lines(refusal.both())


def _person(login: str) -> User:
    person = User.objects.filter(username=login).first()
    if person is None:
        raise problem("access.login_unknown", login=login)
    return person


@app.command("receive")
def receive(
    files: Annotated[
        list[Path], typer.Argument(help="Answer files of banks, in any form their profiles declare.")
    ],
    user: Annotated[str, typer.Option(help="Login of the reconciler who takes them in.")] = "reconciler",
) -> None:
    """Take in bank answers, each whole or not at all."""
    missing = next((path for path in files if not path.is_file()), None)
    if missing is not None:
        raise problem("input.not_found", path=missing)
    here = office()
    boot.database(here.home)
    person = _person(user)
    for path in files:
        received = receive_answer(
            content=path, name=path.name, user=person, at=timezone.now(), receiver=here.receiver()
        )
        counts = (
            ", ".join(f"{count} {outcome}" for outcome, count in received.outcomes.items()) or "nothing new"
        )
        print_lines(f"{path.name}: {counts}")


@app.command("cover")
def cover(
    payment_list: Annotated[int, typer.Argument(help="The list's number in the address of its pages.")],
    out: Annotated[Path, typer.Option(help="The PDF file to write.")],
    lang: Annotated[Language, typer.Option(help="Language of the sheet: en or ur.")] = "ur",
) -> None:
    """Write the cover sheet that the people who say yes to a payment list sign."""
    here = office()
    boot.database(here.home)
    view = list_by_id(payment_list)
    content = cover_sheet(view, here.programme_of(view.payment_list.cycle.programme_sha256), lang)
    try:
        out.write_bytes(content)
    except OSError as error:
        raise problem("output.not_written", path=out, reason=error.strerror) from error
    print_lines(str(out))


@app.command("lift")
def lift(
    file: Annotated[str, typer.Argument(help="Message id of the bank file that waits in quarantine.")],
    reason: Annotated[str, typer.Option(help="What was done about it.")],
    user: Annotated[str, typer.Option(help="Login of the releaser who lifts it.")] = "releaser",
) -> None:
    """Let a bank file that could not leave be tried again."""
    boot.database(office().home)
    number = BankFile.objects.filter(message_id=file).values_list("pk", flat=True).first()
    if number is None:
        raise problem("sending.not_quarantined", file=file)
    lift_quarantine(bank_file_id=number, reason=reason, user=_person(user), at=timezone.now())
    print_lines(f"{file}: in the outbox again")
