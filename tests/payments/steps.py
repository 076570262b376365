"""The steps of a cycle as tests take them, each by the person whose work it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connections

from kafalat.adapters.banks import simulated
from kafalat.adapters.banks.simulated import AnswerFile, Shares
from kafalat.core.quarters import Quarter
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.cycles.approvals import Released, approve_list, authorise_list, check_list, release_list
from kafalat.payments.cycles.lifecycle import open_cycle, prepare_list
from kafalat.payments.models import BankFile, Cycle, PaymentList
from kafalat.payments.reconciliation.answers import receive_answer
from kafalat.payments.sending.outbox import outgoing_path, send_outbox
from tests.conftest import NOW

TRANCHE = Quarter(2026, 1)
PHASE = "phase_1"
MANY_RETURNS = Shares(rejected_pct=10, returned_pct=20)


def opened(office: Office, tranche: Quarter = TRANCHE) -> Cycle:
    """Open the cycle."""
    return open_cycle(
        programme=office.programme,
        programme_folder=office.programme_folder,
        programmes=office.home.programmes,
        tranche=tranche,
        user=staff("maker"),
        at=NOW,
    )


def prepared(office: Office, cycle: Cycle, phase: str = PHASE, user: User | None = None) -> PaymentList:
    """Generate a list of a phase."""
    return prepare_list(
        cycle_id=cycle.pk, phase=phase, programme=office.programme, user=user or staff("maker"), at=NOW
    )


def checked(office: Office, cycle: Cycle, phase: str = PHASE) -> PaymentList:
    """Generate and check a list."""
    return check_list(payment_list_id=prepared(office, cycle, phase).pk, user=staff("checker"), at=NOW)


def approve(payment_list: PaymentList, user: User | None = None) -> None:
    """Take a list's first seat, as it stands: the checker's unless another is named."""
    approve_list(
        payment_list_id=payment_list.pk,
        user=user or staff("checker"),
        seen_sha256=payment_list.sha256,
        at=NOW,
    )


def authorise(payment_list: PaymentList, user: User | None = None) -> None:
    """Take the seat of who authorises."""
    authorise_list(
        payment_list_id=payment_list.pk,
        user=user or staff("authoriser"),
        seen_sha256=payment_list.sha256,
        at=NOW,
    )


def released(office: Office, payment_list: PaymentList, user: User | None = None) -> Released:
    """Take the last seat of an authorised list, and so dispatch it; nothing is sent yet."""
    return release_list(
        payment_list_id=payment_list.pk,
        user=user or staff("releaser"),
        seen_sha256=payment_list.sha256,
        sender=office.sender(payment_list.cycle.programme_sha256),
        at=NOW,
    )


def dispatched(office: Office, cycle: Cycle, phase: str = PHASE) -> PaymentList:
    """Take a new list all the way to the banks."""
    payment_list = checked(office, cycle, phase)
    approve(payment_list)
    authorise(payment_list)
    released(office, payment_list)
    send_outbox(sender=office.sender(cycle.programme_sha256), at=NOW)
    payment_list.refresh_from_db()
    return payment_list


def answers_of(
    office: Office, file: BankFile, shares: Shares = MANY_RETURNS, seed: int = 1
) -> list[AnswerFile]:
    """Return what the simulated bank answers to a file that was sent."""
    return simulated.answer(
        outgoing_path(file, office.outgoing).read_bytes(),
        bank=file.bank,
        seed=seed,
        executed_at=file.created_at + timedelta(days=1),
        shares=shares,
    )


def receive(answer: AnswerFile) -> None:
    """Take in an answer."""
    receive_answer(content=answer.content, name=answer.name, user=staff("reconciler"), at=NOW)


@contextmanager
def connection_of_owner() -> Iterator[Any]:
    """A cursor of the owner role, to do what the application cannot."""
    owner = connections["owner"]
    with owner.cursor() as cursor:
        yield cursor
    owner.close()
