"""What staff and a family read where places are limited: how many are selected, who waits, and with which rank."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.utils.html import escape

from kafalat.core.text import LANGUAGES, Language
from kafalat.interfaces.logins import ensure_logins
from kafalat.interfaces.office import Office
from kafalat.policy.loader import load
from kafalat.registry.models import Person
from kafalat.registry.selectors import CNIC_PURPOSE
from kafalat.targeting.models import Decision, Run
from kafalat.targeting.runs import find_run, start_run
from tests.conftest import NOW
from tests.enrolment.steps import without_accounts
from tests.interfaces.people import browser, html, logged_in
from tests.payments.steps import connection_of_owner
from tests.targeting.test_selection import by_quota


@pytest.fixture
def limited(office: Office, enrolled: str, tmp_path: Path) -> Run:
    """A run by quota after which nobody is enrolled yet."""
    ensure_logins(office.home)
    first, folder = find_run("latest"), by_quota(office, tmp_path / "by-quota")
    without_accounts()
    with connection_of_owner() as cursor:
        cursor.execute("DELETE FROM enrolment_beneficiary")
    return start_run(
        programme=load(folder),
        programme_folder=folder,
        snapshot=first.snapshot,
        policy_day=first.policy_day,
        folders=office.folders,
        actor="test",
        at=NOW,
    )


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_tell_how_many_wait_and_the_rank_of_one(
    office: Office, limited: Run, language: Language
) -> None:
    clerk = logged_in("desk_clerk")
    said = (
        f"{limited.selected} selected, {limited.waiting} in the waiting list"
        if language == "en"
        else f"{limited.selected} منتخب، {limited.waiting} فہرستِ انتظار میں"
    )
    for address in ("", f"runs/{limited.pk}/"):
        assert said in words(html(clerk.get(f"/{language}/{address}")))
    waiting = Decision.objects.filter(run=limited, standing="waiting").order_by("rank")[0]
    rank = (
        f"Rank {waiting.rank} in the waiting list"
        if language == "en"
        else f"فہرستِ انتظار میں نمبر {waiting.rank}"
    )
    page = words(html(clerk.get(f"/{language}/households/{waiting.household_id}/")))
    assert rank in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_family_that_waits_is_told_so_and_promised_nothing(
    office: Office, limited: Run, language: Language
) -> None:
    def answer(standing: str) -> str:
        person = (
            Person.objects.filter(
                cnic_sealed__isnull=False,
                household__decisions__run=limited,
                household__decisions__standing=standing,
                household__families__familypayee__person__isnull=False,
            )
            .select_related("household")
            .order_by("id")[0]
        )
        assert person.cnic_sealed is not None
        cnic = office.sealer.unseal(bytes(person.cnic_sealed), CNIC_PURPOSE)
        sent = {"cnic": cnic, "form_number": person.household.form_number}
        return html(browser().post(f"/{language}/status/", sent))

    text = office.programme.eligibility.reasons["waiting_list"].in_(language)
    assert escape(text) in answer("waiting")
    assert escape(text) not in answer("selected")
