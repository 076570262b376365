"""A cycle begun before there were phases and programmes with approvals is paid, answered and closed after the upgrade."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.db import transaction

from kafalat.adapters.banks import simulated
from kafalat.adapters.banks.simulated import Shares
from kafalat.core.problems import Problem
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.cycles.approvals import check_list
from kafalat.payments.cycles.gate import somebody_due
from kafalat.payments.cycles.lifecycle import close_cycle, prepare_list
from kafalat.payments.cycles.lists import stored_digest
from kafalat.payments.ledger.checks import check_rules
from kafalat.payments.models import BankFile, Cycle, Payment, PaymentList
from kafalat.payments.reconciliation.answers import receive_answer
from kafalat.payments.reconciliation.returns import resolve_returns
from kafalat.payments.sending.outbox import outgoing_path, send_outbox
from kafalat.policy.files import folder_sha256, read_folder
from kafalat.policy.loader import load_kept
from kafalat.policy.model import Programme
from kafalat.targeting.runs import keep_programme
from tests.conftest import NOW
from tests.payments.steps import (
    MANY_RETURNS,
    approve,
    authorise,
    connection_of_owner,
    opened,
    prepared,
    released,
)
from tests.policy import older

RELEASED: str = import_module("kafalat.payments.migrations.0012_older_phases").RELEASED
# The rows as migrations up to 0011 leave them: one list of all phases, its money posted payment by payment.
BEFORE = """
    ALTER TABLE payments_payment DISABLE TRIGGER USER;
    ALTER TABLE payments_paymentlist DISABLE TRIGGER USER;
    DELETE FROM payments_transfer;
    DELETE FROM payments_exception;
    DELETE FROM audit_auditentry WHERE object_kind = 'payment_list' AND object_id <> '{first}';
    UPDATE payments_cycle SET programme_sha256 = '{sha256}';
    UPDATE payments_cyclephase SET position = position + 10;
    INSERT INTO payments_cyclephase (cycle_id, programme_code, code, position, opens_on, starts_on, channels, holds, status)
        SELECT cycle_id, programme_code, 'all', 1, starts_on, starts_on, '["account", "wallet"]', '[]', 'waiting'
        FROM payments_cyclephase WHERE code = 'phase_1';
    UPDATE payments_payment SET payment_list_id = {first};
    DELETE FROM payments_paymentlist WHERE id <> {first};
    UPDATE payments_paymentlist SET phase = 'all', (payments, amount_paisa) =
        (SELECT count(*), sum(amount_paisa) FROM payments_payment);
    INSERT INTO payments_transfer (cycle_id, kind, debit, credit, amount_paisa, at)
        SELECT cycle_id, 'fund', 'fund:federal_budget', 'treasury', amount_paisa, prepared_at FROM payments_paymentlist;
    INSERT INTO payments_transfer (cycle_id, payment_id, kind, debit, credit, amount_paisa, at)
        SELECT l.cycle_id, p.id, 'due', 'obligation', 'fund:federal_budget', p.amount_paisa, l.prepared_at
        FROM payments_payment AS p JOIN payments_paymentlist AS l ON l.id = p.payment_list_id;
"""
AFTER = """
    UPDATE payments_paymentlist SET sha256 = '{sha256}';
    ALTER TABLE payments_payment ENABLE TRIGGER USER;
    ALTER TABLE payments_paymentlist ENABLE TRIGGER USER;
"""


@pytest.fixture
def programme(office: Office, tmp_path: Path) -> Iterator[Programme]:
    """The programme of then, kept in the home folder; it is held so that no step loads it once more."""
    folder = older.copied(office.programme_folder, tmp_path / "older")
    kept = load_kept(folder, folder_sha256(read_folder(folder)))
    keep_programme(kept, folder, office.home.programmes)
    shipped = office.programme
    yield kept
    office.__dict__["programme"] = shipped


@pytest.fixture
def waiting(office: Office, enrolled: str, programme: Programme) -> PaymentList:
    """A list of then that waits to be checked, in its open cycle."""
    cycle = opened(office)
    first, _ = (prepared(office, cycle, phase) for phase in ("phase_1", "phase_2"))
    with connection_of_owner() as cursor:
        cursor.execute(BEFORE.format(sha256=programme.sha256, first=first.pk))
        cursor.execute(AFTER.format(sha256=stored_digest(first.pk)))
    first.refresh_from_db()
    assert office.programme_of(programme.sha256) == programme
    office.__dict__["programme"] = programme
    return first


def left(office: Office, payment_list: PaymentList) -> Cycle:
    """Take a list to the banks."""
    check_list(payment_list_id=payment_list.pk, user=staff("checker"), at=NOW)
    payment_list.refresh_from_db()
    approve(payment_list)
    authorise(payment_list)
    released(office, payment_list)
    cycle = payment_list.cycle
    assert send_outbox(sender=office.sender(cycle.programme_sha256), at=NOW)
    return cycle


def answered(office: Office, payment_list: PaymentList, programme: Programme, shares: Shares) -> None:
    """Take in what the banks answer to a list, and decide on what came back."""
    for file in BankFile.objects.filter(payment_list=payment_list).order_by("id"):
        for answer in simulated.answer(
            outgoing_path(file, office.outgoing).read_bytes(),
            bank=file.bank,
            forms=programme.bank_profiles[file.bank].answers,
            seed=1,
            executed_at=file.created_at + timedelta(days=1),
            shares=shares,
        ):
            receive_answer(
                content=answer.content,
                name=answer.name,
                user=staff("reconciler"),
                at=NOW,
                receiver=office.receiver(programme.sha256),
            )
    resolve_returns(cycle_id=payment_list.cycle_id, programme=programme, user=staff("reconciler"), at=NOW)


def states(cycle: Cycle) -> dict[str, str]:
    return dict(cycle.phases.values_list("code", "status"))


def due(cycle: Cycle, programme: Programme) -> set[str]:
    with transaction.atomic():
        return {phase.code for phase in cycle.phases.all() if somebody_due(cycle, phase, programme, NOW)}


def migrate() -> None:
    with connection_of_owner() as cursor:
        cursor.execute(RELEASED)


def test_a_list_of_before_is_paid_and_its_cycle_closed(
    office: Office, waiting: PaymentList, programme: Programme
) -> None:
    cycle = left(office, waiting)
    answered(office, waiting, programme, MANY_RETURNS)
    again = Payment.objects.filter(resolution__action="reissue").values_list("entitlement__phase", flat=True)
    assert again, "control: something is to be sent again"
    for phase in sorted(set(again)):
        payment_list = prepare_list(
            cycle_id=cycle.pk, phase=phase, programme=programme, user=staff("maker"), at=NOW
        )
        left(office, payment_list)
        answered(office, payment_list, programme, Shares(rejected_pct=0, returned_pct=0))
    closed = close_cycle(cycle_id=cycle.pk, programme=programme, user=staff("maker"), at=NOW)
    assert closed.status == "closed"
    assert [check for check in check_rules() if not check.holds] == []


def test_phases_wait_while_a_list_of_before_waits(
    office: Office, waiting: PaymentList, programme: Programme
) -> None:
    migrate()
    cycle = waiting.cycle
    assert states(cycle) == dict.fromkeys(("all", "phase_1", "phase_2"), "waiting")
    assert due(cycle, programme) == {"phase_1", "phase_2"}
    with pytest.raises(Problem) as caught:
        close_cycle(cycle_id=cycle.pk, programme=programme, user=staff("maker"), at=NOW)
    assert caught.value.code == "payments.phase_unpaid"


def test_phases_whose_list_left_before_the_upgrade_are_released_by_it(
    office: Office, waiting: PaymentList, programme: Programme
) -> None:
    cycle = left(office, waiting)
    with connection_of_owner() as cursor:
        cursor.execute("UPDATE payments_cyclephase SET status = 'waiting'")
        cursor.execute(
            """
            INSERT INTO payments_entitlement (cycle_id, beneficiary_id, component, phase, amount_paisa, quarter, programme_code,
                payee_id, fund)
            SELECT cycle_id, beneficiary_id, 'other', phase, amount_paisa, quarter, programme_code, payee_id, fund
            FROM payments_entitlement WHERE phase = 'phase_2' LIMIT 1
            """
        )
    migrate()
    assert states(cycle) == {"all": "released", "phase_1": "released", "phase_2": "waiting"}
    with connection_of_owner() as cursor:
        cursor.execute("DELETE FROM payments_entitlement WHERE component = 'other'")
    assert due(cycle, programme) == set()
    migrate()
    assert states(cycle) == dict.fromkeys(("all", "phase_1", "phase_2"), "released")
