"""Pages of money, counter, alerts and accounts in a real browser at 360 px, and a recall and a lifted quarantine by keyboard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from kafalat.core.quarters import Quarter
from kafalat.core.text import LANGUAGES
from kafalat.enrolment.models import Account, Beneficiary
from kafalat.enrolment.standing import suspend
from kafalat.integrity.models import Alert
from kafalat.interfaces.logins import ensure_logins, staff
from kafalat.interfaces.office import Office
from kafalat.payments.models import (
    BankFile,
    Outbox,
    Payment,
    Recall,
    RecallAgreement,
    Verification,
    Withdrawal,
)
from kafalat.payments.sending.recalls import ask_recall
from tests.conftest import NOW
from tests.interfaces.money import Clock, sent_but_one
from tests.interfaces.test_browser import PHONE, Start, faults, site, start
from tests.payments.people import keep_families
from tests.payments.steps import opened

__all__ = ["site", "start"]  # fixtures
pytestmark = pytest.mark.browser

SPRING = NOW + timedelta(days=62)  # the second quarter's first phase is open by then


@dataclass(frozen=True, slots=True)
class Desk:
    """What waits on the pages: payments that can be asked back, a recall of one, and a file in quarantine."""

    payments: list[Payment]
    recall: Recall
    kept: BankFile
    reported: Beneficiary


@pytest.fixture
def waiting(office: Office, paid: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A quarter paid months ago and not all collected, and another under way. The server of the pages starts over it."""
    ensure_logins(office.home)
    Clock(monkeypatch).months(4)
    keep_families(60)
    payments, kept = sent_but_one(office, opened(office, Quarter(2026, 2)), tmp_path / "out", at=SPRING)
    recall = ask_recall(
        identities=[payments[0].identity],
        reason_code="DUPL",
        reason="sent under two lists",
        programme_of=office.programme_of,
        user=staff("reconciler"),
        at=SPRING,
    )
    reported = Beneficiary.objects.filter(status="active").latest("pk")
    suspend(
        beneficiaries=[reported.pk],
        reason="reported_dead",
        programme=office.programme,
        today=NOW.date(),
        user=staff("accounts"),
        at=NOW,
    )
    return Desk(payments, recall, kept, reported)


def pages_of(desk: Desk) -> dict[str, dict[str, str]]:
    """The pages by who works with them, and by the name of their picture."""
    taken = Withdrawal.objects.filter(authorisation__isnull=False).latest("id")
    family = Beneficiary.objects.filter(status="active").earliest("pk").pk
    return {
        "payment_releaser": {
            "recalls": "recalls/",
            "recall": f"recalls/{desk.recall.message_id}/",
            "recall-ask": f"payments/{desk.payments[1].identity}/recall/",
            "idle": "idle/",
            "idle-payments": "idle/payments/",
            "outbox": "outbox/",
            "payment-cash": f"payments/{taken.payment.identity}/",
        },
        "account_officer": {
            "accounts": "accounts/",
            "account-title": f"accounts/titles/{Account.objects.filter(title_status='doubtful')[0].pk}/",
            "change-ask": f"accounts/of/{family}/account/",
            "life-queue": "accounts/life/",
            "family": f"accounts/of/{family}/",
            "family-reported-dead": f"accounts/of/{desk.reported.pk}/",
            "standing-suspend": f"accounts/of/{family}/standing/suspend/",
            "standing-exit": f"accounts/of/{family}/standing/exit/",
        },
        "counter_operator": {
            "counter": "counter/",
            "verification": f"counter/verifications/{Verification.objects.latest('id').pk}/",
            "receipt": f"counter/receipts/{taken.pk}/",
        },
        "counter_supervisor": {"counter-approvals": "counter/approvals/"},
        "integrity_officer": {
            "alerts": "alerts/",
            "alert": f"alerts/{Alert.objects.latest('id').pk}/",
        },
    }


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_fits_a_phone_and_axe_finds_nothing_serious(
    start: Start, waiting: Desk, language: str
) -> None:
    found = []
    for role, pages in pages_of(waiting).items():
        page = start(role, width=PHONE)
        for name, address in pages.items():
            answer = page.goto(f"/{language}/{address}")
            assert answer is not None
            assert answer.status == 200, name
            # The frame of the pages was looked at in both languages; what is in them, in the one that needs more room.
            found += faults(page, name, language, PHONE, axe=language == "ur")
    assert found == []


def reach_by_tab(page: Page, selector: str, presses: int = 80) -> None:
    """Press Tab until what the selector names has the keyboard's attention."""
    for _ in range(presses):
        page.keyboard.press("Tab")
        if page.locator(f"{selector}:focus").count():
            return
    pytest.fail(f"the keyboard does not reach {selector}")


def test_the_keyboard_alone_asks_a_payment_back_and_agrees_without_scripts(
    start: Start, waiting: Desk
) -> None:
    payment = waiting.payments[1]
    asker = start("payment_releaser", scripts=False)
    asker.goto(f"/ur/payments/{payment.identity}/")
    reach_by_tab(asker, "a[href$='/recall/']")
    asker.keyboard.press("Enter")
    asker.wait_for_url("**/recall/")
    reach_by_tab(asker, "input[name=code]")
    asker.keyboard.press("Space")
    asker.keyboard.press("Tab")
    asker.keyboard.type("دو بار بھیجی گئی")
    asker.keyboard.press("Tab")
    asker.keyboard.press("Enter")
    asker.wait_for_url("**/recalls/*/")
    expect(asker.locator("button[value=agree]")).to_have_count(0)
    recall = Recall.objects.latest("pk")
    assert (recall.reason_code, recall.reason) == ("CUST", "دو بار بھیجی گئی")
    other = start("reconciler", scripts=False)
    other.goto(f"/ur/recalls/{recall.message_id}/")
    reach_by_tab(other, "button[value=agree]")
    with other.expect_navigation():
        other.keyboard.press("Enter")
    expect(other.locator("button[value=agree]")).to_have_count(0)
    assert RecallAgreement.objects.get(recall=recall).sent_at is not None


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_quarantine_is_lifted_with_a_reason_on_its_page(start: Start, waiting: Desk, language: str) -> None:
    page = start("payment_releaser", width=PHONE, scripts=language == "en")
    page.goto(f"/{language}/outbox/")
    reach_by_tab(page, f"#reason-{waiting.kept.pk}")
    page.keyboard.type("The folder is back in its place.")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(f"#file-{waiting.kept.pk}")).to_have_count(0)
    assert Outbox.objects.get(bank_file=waiting.kept).quarantined_at is None
