"""What the tests of the money pages start from: files that left and one that could not, at a clock of their own."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from kafalat.interfaces.console import idle as idle_page
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.cycles.approvals import release_list
from kafalat.payments.models import BankFile, Cycle, Payment
from kafalat.payments.models.delivery import ATTEMPTS_MAX
from kafalat.payments.sending.outbox import send_outbox
from tests.conftest import NOW
from tests.payments.people import keep_families
from tests.payments.steps import approve, authorise, checked, opened

RECALLING_BANK = "hbl"


def sent_but_one(
    office: Office, cycle: Cycle, folder: Path, at: datetime = NOW
) -> tuple[list[Payment], BankFile]:
    """Send a list from `at` on; return its payments at the bank that takes recalls, and the file that ended in quarantine.

    Where that file's bank fetches its files a file stands in the folder's place, as after somebody's mistake.
    """
    payment_list = checked(office, cycle)
    approve(payment_list)
    authorise(payment_list)
    sender = replace(office.sender(cycle.programme_sha256), outgoing=folder)
    release_list(
        payment_list_id=payment_list.pk,
        user=staff("releaser"),
        seen_sha256=payment_list.sha256,
        sender=sender,
        at=at,
    )
    kept = BankFile.objects.filter(payment_list=payment_list).exclude(bank=RECALLING_BANK).earliest("id")
    folder.mkdir(exist_ok=True)
    (folder / kept.bank).write_text("no folder")
    for attempt in range(ATTEMPTS_MAX):
        send_outbox(sender=sender, at=at + attempt * timedelta(hours=1))
    found = Payment.objects.filter(payment_list=payment_list, bank=RECALLING_BANK).order_by("identity")
    return list(found), kept


def few_sent(office: Office, folder: Path) -> tuple[list[Payment], BankFile]:
    """Send the list of a few families, all but one file."""
    keep_families(60)
    return sent_but_one(office, opened(office), folder)


class Clock:
    """What the page of idle money takes for now."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at: datetime = NOW
        monkeypatch.setattr(idle_page, "timezone", SimpleNamespace(now=lambda: self.at))

    def months(self, number: int) -> None:
        """Let so many months have passed since the payments were made."""
        self.at = NOW + timedelta(days=31 * number)
