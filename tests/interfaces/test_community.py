"""The lists of committees: who reaches them, what never stands on them, a plain form, a tablet without a connection, paper."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils.timezone import localdate
from playwright.sync_api import Page
from pypdf import PdfReader

from kafalat.core.text import LANGUAGES
from kafalat.interfaces.logins import ensure_logins
from kafalat.interfaces.office import Office
from kafalat.registry.models import Person
from kafalat.targeting.models import Conflict, Decision, ListEntry, ValidationList, Verdict
from tests.interfaces import test_browser
from tests.interfaces.people import browser, browser_of, html, logged_in
from tests.interfaces.test_browser import DESKTOP, PHONE, Start, faults
from tests.payments.steps import connection_of_owner
from tests.targeting.committees import a_list, leader_of

# The browser, over a database with a list instead of payments.
site, start = test_browser.site, test_browser.start


@pytest.fixture
def opened(office: Office, enrolled: str) -> ValidationList:
    """The list of the demo's committee, open whatever day it is."""
    ensure_logins(office.home)
    made = a_list(office)
    with connection_of_owner() as cursor:
        cursor.execute("UPDATE targeting_validationlist SET deadline = %s", [localdate() + timedelta(days=5)])
    made.refresh_from_db()
    return made


@pytest.fixture
def waiting(opened: ValidationList) -> ValidationList:
    """What the browser's server waits for: here, the list."""
    return opened


def address(made: ValidationList, language: str = "en") -> str:
    return f"/{language}/committees/{made.pk}/"


def filled(page: str, **changes: str) -> dict[str, str]:
    """What a form would send: its hidden fields and selected options, and what is changed."""
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    fields |= dict(re.findall(r'name="(\w+)" value="(\w+)" checked', page))
    return {**fields, **changes}


def first(made: ValidationList) -> ListEntry:
    return made.entries.filter(proposed=True).order_by("number")[0]


def answers(*entries: ListEntry, verdict: str = "confirm", **more: Any) -> dict[str, Any]:
    return {
        "answers": [
            {
                "entry": entry.pk,
                "verdict": verdict,
                "reason": "",
                "note": "",
                "member": leader_of(entry.validation_list).pk,
                "replaces": None,
                "client_id": str(uuid4()),
                **more,
            }
            for entry in entries
        ]
    }


def post(client: Client, made: ValidationList, body: object) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    return client.post(f"{address(made)}verdicts/", text, content_type="application/json")


# ---- who reaches what ------------------------------------------------------------------------------------------


def test_a_secretary_reaches_the_lists_of_her_own_committee_alone(opened: ValidationList) -> None:
    stranger = User.objects.create_user("other-secretary")
    stranger.groups.add(Group.objects.get(name="committee_secretary"))
    hers, other, auditor = logged_in("committee_secretary"), browser_of(stranger), logged_in("auditor")
    assert hers.get(address(opened)).status_code == 200
    assert other.get(address(opened)).status_code == 404
    assert f"/committees/{opened.pk}/" not in html(other.get("/en/committees/"))
    assert post(other, opened, answers(first(opened))).status_code == 404
    # An auditor reads, and enters nothing.
    assert '<form method="post" class="committee"' not in html(auditor.get(address(opened)))
    assert post(auditor, opened, answers(first(opened))).status_code == 403
    for role in ("desk_clerk", "analyst", "payment_maker"):
        assert logged_in(role).get(address(opened)).status_code == 403
        assert logged_in(role).get(f"{address(opened)}paper/").status_code == 403
    assert browser().get(address(opened)).status_code == 302
    assert not Verdict.objects.exists()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_score_reason_or_identifier_stands_on_a_list(opened: ValidationList, language: str) -> None:
    page = html(logged_in("committee_secretary").get(address(opened, language)))
    paper = logged_in("committee_secretary").get(f"{address(opened, language)}paper/")
    assert paper["Content-Type"] == "application/pdf"
    reader = PdfReader(io.BytesIO(paper.content))
    printed = " ".join(sheet.extract_text() for sheet in reader.pages)
    for entry in opened.entries.select_related("household"):
        head = Person.objects.filter(household=entry.household, relationship="head").first()
        assert head is not None
        assert (head.name_ur if language == "ur" else head.name_en) in page
        if language == "en":
            assert head.name_en.split()[0] in printed
        for text in (page, printed):
            assert entry.household.form_number not in text
            assert "•" not in text
    decisions = Decision.objects.filter(run=opened.run, household__listentry__validation_list=opened)
    reasons = {code for decision in decisions for code in decision.reasons}
    assert not [code for code in reasons if code in page]
    assert "score" not in page.lower().replace("underscore", "")


# ---- the plain form --------------------------------------------------------------------------------------------


def test_the_form_saves_what_was_changed_and_says_beside_a_household_why_it_was_refused(
    opened: ValidationList,
) -> None:
    client, good, leader = logged_in("committee_secretary"), first(opened), leader_of(opened)
    bad = opened.entries.exclude(pk=good.pk).order_by("number")[0]
    wrong = "wrongly_in" if bad.proposed else "wrongly_out"
    sent = filled(html(client.get(address(opened)))) | {
        f"verdict_{good.pk}": "confirm",
        f"member_{good.pk}": str(leader.pk),
        f"verdict_{bad.pk}": wrong,
        f"member_{bad.pk}": str(leader.pk),
    }
    refused = client.post(address(opened), sent)
    assert refused.status_code == 400
    assert "give the reason" in html(refused)
    assert list(Verdict.objects.values_list("entry_id", "verdict")) == [(good.pk, "confirm")]

    # The same form once more: what was saved stays one, what is mended is added, an interest is declared.
    again = filled(html(client.get(address(opened)))) | {
        f"member_{good.pk}": str(leader.pk),
        f"verdict_{bad.pk}": wrong,
        f"reason_{bad.pk}": "moved_away",
        f"member_{bad.pk}": str(leader.pk),
        f"conflict_{good.pk}": str(opened.committee.members.filter(leader=False)[0].pk),
    }
    assert client.post(address(opened), again).status_code == 302
    assert Verdict.objects.count() == 2
    assert Conflict.objects.get().household_id == good.household_id
    assert client.post(address(opened), again).status_code in {302, 400}
    assert Verdict.objects.count() == 2


# ---- what a tablet sends ---------------------------------------------------------------------------------------


def test_each_answer_of_a_tablet_stands_for_itself_and_counts_once(opened: ValidationList) -> None:
    client, one = logged_in("committee_secretary"), first(opened)
    other = opened.entries.exclude(pk=one.pk)[0]
    body = answers(one)
    body["answers"] += answers(other, verdict="unknown_household")["answers"]  # without a reason
    outcomes = post(client, opened, body).json()["outcomes"]
    assert [outcome["saved"] for outcome in outcomes] == [True, False]
    assert "reason" in outcomes[1]["sentence"]
    again = post(client, opened, body).json()["outcomes"]
    assert again[0] == outcomes[0]
    assert Verdict.objects.count() == 1
    # Another one from elsewhere, entered before this one was seen, is refused in words.
    late = post(client, opened, answers(one, verdict="unknown_household", reason="other")).json()["outcomes"]
    assert not late[0]["saved"]
    assert "meanwhile" in late[0]["sentence"]


@pytest.mark.parametrize(
    "body",
    ["", "[]", '{"answers": 3}', '{"answers": [{}]}', '{"answers": [{"entry": "x", "client_id": "y"}]}', '{"answers": [7]}',
     '{"answers": [{"entry": 1, "client_id": "00000000-0000-4000-8000-000000000000", "member": "zero"}]}'],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_whole(opened: ValidationList, body: str) -> None:
    assert post(logged_in("committee_secretary"), opened, body).status_code == 400
    assert not Verdict.objects.exists()


# ---- in a browser ----------------------------------------------------------------------------------------------


def choose(page: Page, entry: ListEntry, verdict: str) -> None:
    page.locator(f"input[name=verdict_{entry.pk}][value={verdict}]").check()


@pytest.mark.browser
def test_a_tablet_keeps_verdicts_without_a_connection_and_sends_them_once(
    start: Start, waiting: ValidationList
) -> None:
    one = first(waiting)
    other = waiting.entries.exclude(pk=one.pk).order_by("number")[0]
    page = start("committee_secretary", width=PHONE)
    page.goto(address(waiting, "ur"))
    page.wait_for_selector("form[data-ready=yes]")
    page.context.set_offline(True)
    choose(page, one, "confirm")
    page.reload()
    assert page.locator(f"input[name=verdict_{one.pk}][value=confirm]").is_checked(), "kept over a reload"
    choose(page, other, "unknown_household")
    page.locator(f"#reason_{other.pk}").select_option("moved_away")
    page.screenshot(path=test_browser.SCREENSHOTS / "committee-offline-ur-360.png", full_page=True)
    assert "رابطہ نہیں" in page.locator("#tablet-status").inner_text()
    page.locator("main form button").first.click()
    assert not Verdict.objects.exists()

    page.context.set_offline(False)
    page.wait_for_selector(f"[data-entry='{other.pk}'][data-state=saved]")
    assert sorted(Verdict.objects.values_list("entry_id", "verdict", "reason")) == sorted(
        [(one.pk, "confirm", ""), (other.pk, "unknown_household", "moved_away")]
    )
    page.locator("main form button").first.click()
    page.reload()
    page.wait_for_selector("form[data-ready=yes]")
    assert Verdict.objects.count() == 2
    # A correction, from the same tablet.
    choose(page, one, "unknown_household")
    page.locator(f"#reason_{one.pk}").select_option("never_here")
    page.locator("main form button").first.click()
    page.wait_for_selector(f"[data-entry='{one.pk}'][data-state=saved]")
    assert Verdict.objects.filter(entry=one, replaces__isnull=False).count() == 1

    page.locator("#tablet-forget").click()
    page.locator("#tablet-status", has_text="کچھ باقی نہیں").wait_for()
    assert page.evaluate("async () => [await caches.keys(), localStorage.length]") == [[], 0]


@pytest.mark.browser
def test_the_form_works_without_scripts(start: Start, waiting: ValidationList) -> None:
    one = first(waiting)
    page = start("committee_secretary", width=PHONE, scripts=False)
    page.goto(address(waiting))
    choose(page, one, "confirm")
    page.locator("main form button").first.click()
    assert page.locator(".notice-good").inner_text() == "1 answer was saved."
    assert Verdict.objects.get().entry == one


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_of_committees_fit_their_screens(
    start: Start, waiting: ValidationList, language: str
) -> None:
    found = []
    for width in (DESKTOP, PHONE):
        secretary, auditor = start("committee_secretary", width=width), start("auditor", width=width)
        for page, name, path in (
            (secretary, "committee-lists", "committees/"),
            (secretary, "committee-list", f"committees/{waiting.pk}/"),
            (auditor, "committee-list-read", f"committees/{waiting.pk}/"),
            (auditor, "committee-statistics", "committees/statistics/"),
            (auditor, "committee-interviews", "committees/interviews/"),
        ):
            page.goto(f"/{language}/{path}")
            page.evaluate("document.fonts.ready")
            found += faults(page, name, language, width, axe=width == DESKTOP)
    assert found == []
