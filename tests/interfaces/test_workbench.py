"""The reconciliation workbench in a real browser, in both languages: find a held line, look at whom it may mean, decide."""

from __future__ import annotations

from dataclasses import replace

import pytest
from benchmarks.answers import make_sent
from playwright.sync_api import expect

from kafalat.core.text import LANGUAGES
from kafalat.interfaces.logins import ensure_logins
from kafalat.interfaces.office import Office
from kafalat.payments.models import Cycle, Payment, ReportLine, SignOff
from tests.conftest import NOW
from tests.interfaces.people import html, logged_in
from tests.interfaces.test_browser import DESKTOP, PHONE, Start, faults, site, start
from tests.payments.steps import opened
from tests.payments.test_reconciliation import honest_rows, take_in

__all__ = ["site", "start"]  # fixtures


@pytest.fixture
def waiting(office: Office, enrolled: str) -> Cycle:
    """A cycle in which one bank left out a reference, wrote a wrong amount, and put a formula into a name."""
    ensure_logins(office.home)
    cycle = opened(office)
    file = make_sent(enrolled, cycle, 8, at=NOW)
    assert file is not None
    rows = honest_rows(office, file)
    take_in(
        office,
        [
            *rows[:5],
            replace(rows[5], reference=""),
            replace(rows[6], amount_paisa=rows[6].amount_paisa - 100_000),
            replace(rows[7], reference="KUNKNOWN", name="=HYPERLINK(1)"),
        ],
        "bank.csv",
    )
    return cycle


def test_every_held_line_is_exported_with_its_filters_and_runs_nothing(waiting: Cycle) -> None:
    file = logged_in("reconciler").get("/en/reconciliation/lines/?verdict=unknown&form=csv")
    text = b"".join(file.streaming_content).decode()  # type: ignore[attr-defined]  # a streamed answer
    assert "it names a payment we do not know" in text
    assert "'=HYPERLINK(1)" in text
    assert "amount" not in text.partition("KUNKNOWN")[2]


def test_an_auditor_reads_but_decides_nothing(waiting: Cycle) -> None:
    line = ReportLine.objects.get(verdict="unreferenced")
    auditor = logged_in("auditor")
    assert "<button" not in html(auditor.get(f"/en/reconciliation/lines/{line.pk}/")).partition("<main")[2]
    refused = auditor.post(f"/en/reconciliation/lines/{line.pk}/", {"act": "set_aside", "reason": "x"})
    assert refused.status_code == 400
    assert not line.decisions.exists()
    assert logged_in("analyst").get(f"/en/reconciliation/lines/{line.pk}/").status_code == 403


@pytest.mark.browser
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_line_is_found_and_booked_and_the_figures_are_stated_and_signed(
    start: Start, waiting: Cycle, language: str
) -> None:
    scripts = language == "en"  # the Urdu pages without any
    reconciler = start("reconciler", scripts=scripts)
    reconciler.goto(f"/{language}/reconciliation/")
    assert faults(reconciler, "reconciliation", language, DESKTOP, axe=scripts) == []
    reconciler.locator("a[href*='verdict=unreferenced']").click()
    reconciler.locator("main tbody th a").first.click()
    assert faults(reconciler, "reconciliation-line", language, DESKTOP, axe=scripts) == []
    reconciler.locator("main tbody form button").first.click()
    expect(reconciler.locator("main tbody form")).to_have_count(0)
    assert Payment.objects.filter(status="paid").count() == 6
    reconciler.goto(f"/{language}/reconciliation/")
    reconciler.locator("button[value=state]").click()
    assert SignOff.objects.count() == 1
    officer = start("treasury_officer", width=PHONE, scripts=scripts)
    officer.goto(f"/{language}/reconciliation/")
    assert faults(officer, "reconciliation", language, PHONE, axe=scripts) == []
    officer.locator("button[value=sign]").click()
    expect(officer.locator("button[value=sign]")).to_have_count(0)
    assert SignOff.objects.get().countersign.person.username == "treasury"
