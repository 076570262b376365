"""A list's way through a real browser: prepared in the background, then yes from three people, in both languages."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from kafalat.core.text import LANGUAGES
from kafalat.interfaces.jobs.running import run_job
from kafalat.interfaces.logins import ensure_logins
from kafalat.interfaces.models import Job
from kafalat.interfaces.office import Office
from kafalat.payments.models import Approval, BankFile, Cycle, PaymentList
from tests.interfaces.test_browser import (
    DESKTOP,
    PHONE,
    Start,
    faults,
    site,
    start,
)
from tests.payments.steps import PHASE, opened

__all__ = ["site", "start"]  # fixtures
pytestmark = pytest.mark.browser


@pytest.fixture
def waiting(office: Office, enrolled: str) -> Cycle:
    """An open cycle without a list. The server of the pages starts over it."""
    ensure_logins(office.home)
    return opened(office)


def do_what_waits(office: Office) -> Job:
    """Do the work that was started, as the worker beside the server does; return the last of it."""
    for job in Job.objects.filter(state=Job.State.WAITING):
        run_job(job.pk, office=office)
    return Job.objects.latest("id")


def press(page: Page) -> None:
    """Press the one primary button of the page."""
    page.locator("main form .btn-primary").click()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_needs_three_people_and_neither_its_maker_nor_one_person_twice(
    start: Start, office: Office, waiting: Cycle, language: str
) -> None:
    home = f"/{language}/cycles/{waiting.pk}/"
    maker = start("payment_maker")
    maker.goto(home)
    maker.locator(f"a[href$='/prepare/{PHASE}/']").click()
    press(maker)
    assert "/jobs/" in maker.url
    assert faults(maker, "job-waiting", language, DESKTOP) == []
    maker.close()
    assert do_what_waits(office).state == Job.State.DONE, "closing the page lost nothing"
    again = start("payment_maker", width=PHONE)
    again.goto(f"/{language}/jobs/")
    again.locator("main tbody a").first.click()
    expect(again.locator(".state-done")).to_be_visible()
    assert faults(again, "job-done", language, PHONE) == []
    listed = PaymentList.objects.get(cycle=waiting)

    checker, authoriser, releaser = map(start, ("payment_checker", "payment_authoriser", "payment_releaser"))
    checker.goto(home)
    checker.locator(f"a[href$='/lists/{listed.pk}/check/']").click()
    press(checker)
    assert do_what_waits(office).state == Job.State.DONE
    for person, act in ((checker, "approve"), (authoriser, "authorise"), (releaser, "release")):
        # Whoever made the list, or has said yes to it, is refused; and so is who is not yet due.
        address = f"/{language}/lists/{listed.pk}/{act}/"
        again.goto(address)
        assert again.locator("main form .btn-primary").count() == 0
        person.goto(home)
        person.locator(f"a[href$='/lists/{listed.pk}/{act}/']").click()
        assert faults(person, act, language, DESKTOP) == []
        press(person)
        person.goto(address)
        assert person.locator("main form[method=post] .btn-primary").count() == 0, "nobody says yes twice"
    assert BankFile.objects.count() == 0, "the release is under way"
    releaser.goto(home)
    expect(releaser.locator("#under-way progress")).to_be_visible()
    assert do_what_waits(office).state == Job.State.DONE
    assert list(Approval.objects.order_by("seat").values_list("act", flat=True)) == [
        "approve",
        "authorise",
        "release",
    ]
    assert BankFile.objects.filter(payment_list=listed).exists()


def test_a_page_left_open_sees_its_work_end_by_itself(start: Start, office: Office, waiting: Cycle) -> None:
    page = start("payment_maker")
    page.goto(f"/en/cycles/{waiting.pk}/prepare/{PHASE}/")
    press(page)
    expect(page.locator(".state-waiting")).to_be_visible()
    page.evaluate("window.same_page = true")
    do_what_waits(office)
    expect(page.locator(".state-done")).to_be_visible()
    assert page.evaluate("window.same_page") is True
    page.goto("/en/jobs/")


def test_work_that_waits_is_stopped_from_its_page(start: Start, office: Office, waiting: Cycle) -> None:
    page = start("payment_maker", scripts=False)
    page.goto(f"/ur/cycles/{waiting.pk}/prepare/{PHASE}/")
    press(page)
    page.locator("form[action$='/cancel/'] button").click()
    expect(page.locator(".state-cancelled")).to_be_visible()
    assert do_what_waits(office).state == Job.State.CANCELLED
    assert PaymentList.objects.count() == 0
