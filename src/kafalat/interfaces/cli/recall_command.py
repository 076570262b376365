"""Commands about recalls: ask a bank for payments back, agree as a second person, and decide about what came back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import typer
from django.contrib.auth.models import User
from django.utils import timezone

from kafalat.config import boot
from kafalat.core.money import decimal_text
from kafalat.core.problems import problem
from kafalat.interfaces.channels import wallet_clients
from kafalat.interfaces.cli.output import print_lines
from kafalat.interfaces.office import Office, office
from kafalat.payments.sending.recalls import (
    RecallView,
    agree_recall,
    ask_recall,
    decide_recalled,
    recalls,
    send_recalls,
)

app = typer.Typer(no_args_is_help=True, help="Ask banks for payments back; two people do it together.")


def _booted() -> Office:
    here = office()
    boot.database(here.home)
    return here


def _person(login: str) -> User:
    person = User.objects.filter(username=login).first()
    if person is None:
        raise problem("access.login_unknown", login=login)
    return person


@app.command("ask")
def ask(
    payments: Annotated[list[str], typer.Argument(help="End-to-end ids of payments of one bank file.")],
    code: Annotated[str, typer.Option(help="CUST, DUPL, FRAD, TECH or UPAY.")],
    reason: Annotated[str, typer.Option(help="What happened, in words.")],
    user: Annotated[str, typer.Option(help="Login of the reconciler or releaser who asks.")] = "reconciler",
) -> None:
    """Ask for payments back; nothing leaves before another person agrees."""
    here = _booted()
    recall = ask_recall(
        identities=payments,
        reason_code=code,
        reason=reason,
        programme_of=here.programme_of,
        user=_person(user),
        at=timezone.now(),
    )
    print_lines(f"{recall.message_id} {recall.sha256}")


@app.command("agree")
def agree(
    recall: Annotated[str, typer.Argument(help="The recall's message id.")],
    sha256: Annotated[str, typer.Option(help="The recall's digest, as `list` shows it.")],
    user: Annotated[str, typer.Option(help="Login of the other person.")] = "releaser",
) -> None:
    """Agree to a recall that somebody else asked for, and send it."""
    here = _booted()
    now = timezone.now()
    agree_recall(
        message_id=recall, seen_sha256=sha256, programme_of=here.programme_of, user=_person(user), at=now
    )
    wallets = wallet_clients(here.home)
    for path in send_recalls(programme_of=here.programme_of, outgoing=here.outgoing, at=now, wallets=wallets):
        print_lines(str(path))
    _print(view for view in recalls() if view.recall.message_id == recall)


@app.command("list")
def list_recalls() -> None:
    """List recalls: what was asked, by whom, whether it left, and what the bank answered."""
    _booted()
    _print(recalls())


def _print(views: Iterable[RecallView]) -> None:
    for view in views:
        one, agreement = view.recall, view.agreement
        agreed = f"agreed by {agreement.agreed_by.username}" if agreement else "waits for a second person"
        left = "left" if agreement and agreement.sent_at else "not left"
        print_lines(
            f"{one.message_id} {one.bank_file.bank} {one.reason_code} payments {one.payments} "
            f"PKR {decimal_text(one.amount_paisa)} asked by {one.asked_by.username}, {agreed}, {left}, "
            f"recalled {view.recalled}, refused {view.refused} {one.sha256}"
        )


@app.command("decide")
def decide(
    recall: Annotated[str, typer.Argument(help="The recall's message id.")],
    action: Annotated[Literal["reissue", "park"], typer.Option(help="Due again in a later list, or parked.")],
    user: Annotated[str, typer.Option(help="Login of the reconciler who decides.")] = "reconciler",
) -> None:
    """Decide what becomes of the payments the bank recalled."""
    _booted()
    count = decide_recalled(message_id=recall, action=action, user=_person(user), at=timezone.now())
    print_lines(f"{recall}: {count} {action}")
