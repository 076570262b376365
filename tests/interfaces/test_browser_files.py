"""A file's way through a real browser: chosen, kept, taken in by a worker, its result read; and the steps of a cycle."""

from __future__ import annotations

import pytest
from benchmarks.answers import make_sent, table
from playwright.sync_api import expect

from kafalat.core.text import LANGUAGES
from kafalat.interfaces.logins import ensure_logins
from kafalat.interfaces.models import Job
from kafalat.interfaces.office import Office
from kafalat.payments.models import AnswerLine, Cycle
from tests.conftest import NOW
from tests.interfaces.test_browser import DESKTOP, PHONE, Start, faults, site, start
from tests.interfaces.test_browser_payments import do_what_waits
from tests.payments.steps import opened
from tests.payments.test_reconciliation import honest_rows

__all__ = ["site", "start"]  # fixtures
pytestmark = pytest.mark.browser


@pytest.fixture
def waiting(office: Office, enrolled: str) -> tuple[Cycle, bytes]:
    """A cycle with eight payments on their way, and what their bank says of them. The pages' server starts over it."""
    ensure_logins(office.home)
    cycle = opened(office)
    file = make_sent(enrolled, cycle, 8, at=NOW)
    assert file is not None
    return cycle, "".join(table(honest_rows(office, file))).encode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_is_brought_followed_and_read(
    start: Start, office: Office, waiting: tuple[Cycle, bytes], language: str
) -> None:
    cycle, content = waiting
    page = start("reconciler")
    page.goto(f"/{language}/reconciliation/")
    page.locator("main a[href*='/files/']").click()
    page.set_input_files("#file-receive", {"name": "a.pdf", "mimeType": "text/csv", "buffer": b"%PDF-1.7"})
    page.locator("#receive + form .btn-primary, main form .btn-primary").first.click()
    expect(page.locator("[role=alert]")).to_be_visible()
    assert faults(page, "files-refused", language, DESKTOP) == []
    page.set_input_files("#file-receive", {"name": "bank.csv", "mimeType": "text/csv", "buffer": content})
    page.locator("main form .btn-primary").first.click()
    expect(page.locator(".state-waiting")).to_be_visible()
    page.evaluate("window.same_page = true")
    assert do_what_waits(office).state == Job.State.DONE
    expect(page.locator(".state-done")).to_be_visible()
    expect(page.locator(".notice-good")).to_contain_text("8")
    assert page.evaluate("window.same_page") is True, "the page saw the end by itself"
    assert faults(page, "files-done", language, DESKTOP) == []
    assert AnswerLine.objects.filter(outcome="paid").count() == 8

    officer = start("account_officer", width=PHONE, scripts=False)
    officer.goto(f"/{language}/files/")
    assert faults(officer, "files-accounts", language, PHONE, axe=False) == []
    maker = start("payment_maker", width=PHONE)
    for name, address in (
        ("cycle-close", f"cycles/{cycle.pk}/close/"),
        ("cycle-open", "cycles/open/2026Q2/"),
    ):
        maker.goto(f"/{language}/{address}")
        assert maker.locator("main form .btn-primary").count() == 1
        assert faults(maker, name, language, PHONE) == []
    maker.goto(f"/{language}/cycles/open/2026Q2/")
    maker.keyboard.press("Tab")
    maker.locator("main form .btn-primary").focus()
    maker.keyboard.press("Enter")
    maker.wait_for_url("**/cycles/*/")
    assert Cycle.objects.filter(tranche="2026Q2").exists()
