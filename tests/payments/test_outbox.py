"""The outbox: what waits leaves once, and only by the programme it was dispatched under (promise R31)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from kafalat.interfaces.office import Office
from kafalat.payments.ledger.checks import check_ledger
from kafalat.payments.models import BankFile, Delivery, Outbox
from kafalat.payments.sending.outbox import send_outbox
from tests.conftest import NOW
from tests.payments.steps import approve, authorise, checked, opened, released
from tests.payments.wallets import Channel


def test_files_of_another_programme_are_left_to_its_own_sender(office: Office, enrolled: str) -> None:
    cycle = opened(office)
    payment_list = checked(office, cycle)
    approve(payment_list)
    authorise(payment_list)
    released(office, payment_list)
    files = BankFile.objects.count()
    sender = office.sender(cycle.programme_sha256)
    other = replace(sender, programme=sender.programme.model_copy(update={"sha256": "0" * 64}))
    assert send_outbox(sender=other, at=NOW) == []
    assert Outbox.objects.filter(sent_at__isnull=True).count() == files
    assert len(send_outbox(sender=sender, at=NOW)) == files
    assert send_outbox(sender=sender, at=NOW) == []


def test_a_provider_is_called_once_for_each_payment(office: Office, enrolled: str) -> None:
    channel = Channel(office)
    channel.send()
    believed = channel.believed()
    assert believed
    assert set(believed.values()) == {"paid"}
    assert set(channel.rig.credited().values()) == {1}
    assert len(channel.rig.credited()) == len(believed)
    assert Delivery.objects.count() == 2 * len(believed)
    assert channel.row().answered_at == NOW
    assert channel.send(NOW + timedelta(days=1)) == []
    assert Delivery.objects.count() == 2 * len(believed)
    assert [c for c in check_ledger(outgoing=office.outgoing) if not c.holds] == []
