"""Sending through kills, faults, poison and two workers at once: nobody is paid twice, nobody is lost (promise R31)."""

from __future__ import annotations

import os
import resource
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, OperationalError, connection, connections

from kafalat.adapters.banks.simulator.faults import Faults
from kafalat.adapters.wallet.client import Result, WalletClient
from kafalat.adapters.wallet.messages import Order
from kafalat.audit.models import AuditEntry
from kafalat.core.problems import Problem
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.ledger.checks import check_ledger
from kafalat.payments.models import ATTEMPTS_MAX, BankFile, Delivery, Outbox, Payment
from kafalat.payments.sending import calls
from kafalat.payments.sending.outbox import lift_quarantine, outgoing_path, send_outbox, stuck
from tests.conftest import NOW
from tests.payments.senders import (
    KILLS,
    Careless,
    Picky,
    killed,
    money_is_right,
    over_http,
    sent_by_two,
)
from tests.payments.steps import approve, authorise, checked, opened, released
from tests.payments.wallets import Channel

LATER = NOW + timedelta(days=1)


@pytest.mark.parametrize(
    "faults",
    [
        Faults(reject=30),
        Faults(late=50),
        Faults(returned=40),
        Faults(drop=60),
        Faults(error=60),
        Faults(lie=60),
        Faults(busy=60),
        Faults(late=40, returned=30, duplicate=100, reorder=100),
        Faults(slow_s=60.0),
        Faults(
            reject=20, late=20, returned=20, drop=25, error=25, busy=10, lie=10, duplicate=50, forget=True
        ),
    ],
    ids=lambda f: "+".join(n for n in f.__slots__ if getattr(f, n)),
)
def test_whatever_the_provider_does_the_money_is_right(office: Office, enrolled: str, faults: Faults) -> None:
    channel = Channel(office, faults)
    channel.send_until_answered()
    assert channel.row().answered_at is not None
    refused = channel.settle()
    assert set(refused) <= {"bank.repeated", "bank.unreadable"}
    money_is_right(channel)


def test_every_call_is_written_down_before_it_is_made(office: Office, enrolled: str) -> None:
    """I10: while the provider is being called, the intent is already there for everybody to see."""
    seen: list[tuple[int, int]] = []

    class Watched(WalletClient):
        def pay(self, orders: Sequence[Order], *, doubtful: bool = False) -> list[Result]:
            with connections["owner"].cursor() as other:
                other.execute(
                    "SELECT count(*) FROM payments_delivery AS d JOIN payments_payment AS p ON p.id = d.payment_id "
                    "WHERE p.identity = ANY (%s) AND d.stage = 'intent'",
                    [[order.identity for order in orders]],
                )
                seen.append((len(orders), other.fetchone()[0]))
            return super().pay(orders, doubtful=doubtful)

    channel = Channel(office)
    channel.sender = replace(channel.sender, wallets={channel.bank: Watched(channel.rig.link)})
    channel.send()
    connections["owner"].close()
    assert seen
    assert all(asked == intended for asked, intended in seen)
    money_is_right(channel)


# ---- kills ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("point", KILLS)
def test_a_sender_killed_anywhere_is_gone_on_from(office: Office, enrolled: str, point: str) -> None:
    """SIGKILL, then another sender: nobody lost, nobody paid twice, every file sent once and whole."""
    channel = Channel(office, Faults(late=20, reject=10))
    with over_http(channel):
        status = killed(channel, *KILLS[point], NOW)
        assert os.WIFSIGNALED(status), "the point was reached"
        channel.send_until_answered()
        channel.settle()
        assert send_outbox(sender=channel.sender, at=LATER) == []
    money_is_right(channel)
    files = BankFile.objects.filter(outbox__transport="file")
    assert files.filter(outbox__sent_at__isnull=True).count() == 0
    assert list(office.outgoing.rglob("*.part")) == []
    assert Outbox.objects.exclude(attempts__lte=2).count() == 0


def test_control_a_sender_that_does_not_ask_pays_twice_after_a_kill(office: Office, enrolled: str) -> None:
    """With a provider that forgets its keys, going on without asking first pays again: the asking is what saves us."""
    channel = Channel(office, Faults(forget=True))
    with over_http(channel):
        killed(channel, *KILLS["between call and result"], NOW)
        careless = Careless(channel.rig.link)
        channel.sender = replace(channel.sender, wallets={channel.bank: careless})
        channel.send_until_answered()
    assert max(channel.rig.credited().values()) == 2


# ---- poison ----------------------------------------------------------------------------------------------------------


def test_a_poison_payment_harms_no_other_and_waits_for_a_person_after_five_tries(
    office: Office, enrolled: str
) -> None:
    channel = Channel(office)
    Picky.poison, Picky.requests = min(channel.believed()), 0
    whole = channel.sender
    channel.sender = replace(whole, wallets={channel.bank: Picky(channel.rig.link)})
    channel.send_until_answered(tries=20)
    row = channel.row()
    assert row.quarantined_at is not None
    assert row.attempts == ATTEMPTS_MAX
    assert row.problem_code == "sending.provider_failing"
    tries = Delivery.objects.filter(payment__identity=Picky.poison, stage="intent").count()
    assert tries <= ATTEMPTS_MAX
    believed = channel.believed()
    assert believed.pop(Picky.poison) == "sent"
    assert set(believed.values()) == {"paid"}
    assert channel.send(LATER) == []
    assert Delivery.objects.filter(payment__identity=Picky.poison, stage="intent").count() == tries
    assert [one.bank_file_id for one in stuck()] == [row.pk]
    assert AuditEntry.objects.filter(action="file_quarantined").count() == 1

    with pytest.raises(Problem) as caught:
        lift_quarantine(bank_file_id=row.pk, reason="seen to", user=staff("maker"), at=LATER)
    assert caught.value.code == "access.refused"
    with pytest.raises(Problem) as caught:
        lift_quarantine(bank_file_id=row.pk, reason=" ", user=staff("releaser"), at=LATER)
    assert caught.value.code == "sending.reason_missing"
    lift_quarantine(bank_file_id=row.pk, reason="the provider mended it", user=staff("releaser"), at=LATER)
    with pytest.raises(Problem) as caught:
        lift_quarantine(bank_file_id=row.pk, reason="again", user=staff("releaser"), at=LATER)
    assert caught.value.code == "sending.not_quarantined"
    channel.sender = whole
    channel.send(LATER)
    money_is_right(channel)


def test_a_file_that_is_no_longer_what_was_dispatched_never_leaves(office: Office, enrolled: str) -> None:
    channel = Channel(office)
    changed = {**channel.sender.programme.bank_profiles}
    own = changed[channel.bank]
    changed[channel.bank] = own.model_copy(update={"name_max": own.name_max - 30})
    programme = channel.sender.programme.model_copy(update={"bank_profiles": changed})
    send_outbox(sender=replace(channel.sender, programme=programme), at=NOW)
    row = channel.row()
    assert (row.problem_code, row.attempts) == ("payments.file_changed", 1)
    assert row.quarantined_at == NOW
    assert channel.rig.provider.truth == []
    assert Outbox.objects.filter(sent_at__isnull=False).exists(), "the other banks do not wait for it"


def test_a_file_that_kills_its_sender_each_time_ends_in_quarantine(office: Office, enrolled: str) -> None:
    channel = Channel(office)
    for number in range(ATTEMPTS_MAX):
        assert os.WIFSIGNALED(
            killed(channel, "kafalat.payments.sending.calls._intend", "before", NOW + timedelta(hours=number))
        )
    channel.send(LATER)
    row = channel.row()
    assert (row.problem_code, row.attempts) == ("sending.died", ATTEMPTS_MAX)
    assert row.quarantined_at is not None
    assert channel.rig.provider.truth == []


# ---- two workers -------------------------------------------------------------------------------------------------------


def test_two_workers_share_the_rows_and_send_each_once(office: Office, enrolled: str) -> None:
    channel = Channel(office)
    left = sent_by_two(channel)
    assert len(left) == len(set(left)) == Outbox.objects.count()
    assert channel.rig.provider.calls["repeated"] == 0
    assert Outbox.objects.exclude(attempts=1).count() == 0
    money_is_right(channel)


def test_control_without_the_claim_two_workers_are_stopped_by_the_intents_alone(
    office: Office, enrolled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the claim off, both go for the same payments; the unique intent lets only one of them call."""
    channel = Channel(office)
    row = channel.row()
    both = threading.Barrier(2)

    def call_without_claim() -> str:
        try:
            both.wait(10)
            return calls.call_provider(row, channel.sender, NOW)
        except IntegrityError:
            return "refused"
        finally:
            connection.close()

    real = calls._intend

    def together(*args: Any) -> None:
        with suppress(threading.BrokenBarrierError):
            both.wait(2)
        real(*args)

    monkeypatch.setattr(calls, "_intend", together)
    with ThreadPoolExecutor(2) as pool:
        ended = [done.result() for done in [pool.submit(call_without_claim) for _ in range(2)]]
    assert "refused" in ended, "the harm the claim spares us is real"
    assert channel.rig.provider.calls["repeated"] == 0
    assert set(channel.rig.credited().values()) == {1}


# ---- a full disk, a database that goes away -----------------------------------------------------------------------------


def test_a_full_disk_leaves_no_half_file_and_is_tried_again(
    office: Office, enrolled: str, tmp_path: Path
) -> None:
    """The system refuses to write beyond 2,000 bytes: the file waits with its reason, and leaves when there is room."""
    cycle = opened(office)
    payment_list = checked(office, cycle)
    approve(payment_list)
    authorise(payment_list)
    released(office, payment_list)
    sender = replace(office.sender(cycle.programme_sha256), outgoing=tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))
    try:
        assert send_outbox(sender=sender, at=NOW) == []
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    waiting = Outbox.objects.filter(sent_at__isnull=True)
    assert {row.problem_code for row in waiting} == {"sending.not_written"}
    assert Payment.objects.exclude(status="sent").count() == 0
    assert send_outbox(sender=sender, at=NOW) == [], "not before its pause is over"
    departures = send_outbox(sender=sender, at=LATER)
    assert len(departures) == BankFile.objects.count()
    assert all(outgoing_path(file, tmp_path).is_file() for file in BankFile.objects.all())
    assert [c for c in check_ledger(outgoing=tmp_path) if not c.holds] == []


def test_a_database_that_goes_away_in_mid_work_is_gone_on_from(office: Office, enrolled: str) -> None:
    """Every connection is cut after the provider acted: the sender fails, the next one asks and goes on."""

    class CutOff(WalletClient):
        def pay(self, orders: Sequence[Order], *, doubtful: bool = False) -> list[Result]:
            results = super().pay(orders, doubtful=doubtful)
            with psycopg.connect("service=kafalat_superuser", autocommit=True) as superuser:
                superuser.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                    [enrolled],
                )
            return results

    channel = Channel(office, Faults(late=30))
    whole = channel.sender
    channel.sender = replace(whole, wallets={channel.bank: CutOff(channel.rig.link)})
    with pytest.raises(OperationalError):
        channel.send()
    connections.close_all()
    channel.sender = whole
    channel.send_until_answered()
    channel.settle()
    assert channel.rig.provider.calls["repeated"] == 0
    money_is_right(channel)
