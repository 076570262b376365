"""The outbox: what waits is sent once, and only by the programme it was dispatched under."""

from __future__ import annotations

from dataclasses import replace

from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.dispatch import dispatch_list, send_outbox
from kafalat.payments.models import Outbox
from tests.conftest import NOW
from tests.payments.steps import approve, checked, opened


def test_files_of_another_programme_are_left_to_its_own_sender(office: Office, enrolled: str) -> None:
    cycle = opened(office)
    payment_list = checked(office, cycle)
    approve(payment_list, staff("checker"))
    approve(payment_list, staff("releaser"))
    sender = office.sender(cycle.programme_sha256)
    files = dispatch_list(payment_list_id=payment_list.pk, user=staff("releaser"), sender=sender, at=NOW)
    other = replace(sender, programme=sender.programme.model_copy(update={"sha256": "0" * 64}))
    assert send_outbox(sender=other, at=NOW) == []
    assert Outbox.objects.filter(sent_at__isnull=True).count() == len(files)
    assert len(send_outbox(sender=sender, at=NOW)) == len(files)
    assert send_outbox(sender=sender, at=NOW) == []
