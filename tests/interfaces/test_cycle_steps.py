"""A cycle from the console: opened from the calendar, what came back decided, what waits sent, and closed when nothing is left."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User

from kafalat.interfaces.jobs.running import run_job
from kafalat.interfaces.models import Job
from kafalat.interfaces.office import Office
from kafalat.payments.models import BankFile, Cycle, Resolution
from kafalat.payments.selectors import came_back
from tests.interfaces.people import html, logged_in
from tests.payments.steps import (
    answers_of,
    approve,
    authorise,
    checked,
    dispatched,
    opened,
    receive,
    released,
)

MAKER = "payment_maker"


def last_job(office: Office) -> Job:
    """Do the newest job and return how it ended."""
    job = Job.objects.latest("id")
    run_job(job.pk, office=office)
    job.refresh_from_db()
    return job


@pytest.fixture
def emptied(database: str) -> None:
    """A maker in an installation without families."""
    User.objects.create(username="maker").groups.add(Group.objects.get(name=MAKER))


def test_the_next_cycle_and_no_other_is_opened_from_the_calendar(paid: str) -> None:
    maker = logged_in(MAKER)
    page = html(maker.get("/en/calendar/"))
    assert page.count("/cycles/open/") == 1
    assert "/en/cycles/open/2026Q2/" in page
    assert "/cycles/open/" not in html(logged_in("auditor").get("/en/calendar/"))
    asked = html(maker.get("/ur/cycles/open/2026Q2/"))
    assert "phase_1" in asked or "مرحلہ" in asked
    assert Cycle.objects.count() == 1, "to ask changes nothing"
    assert maker.post("/en/cycles/open/2026Q3/").status_code == 409
    assert logged_in("payment_checker").post("/en/cycles/open/2026Q2/").status_code == 403
    assert Cycle.objects.count() == 1
    for _twice in range(2):
        answer = maker.post("/en/cycles/open/2026Q2/")
        cycle = Cycle.objects.get(tranche="2026Q2")
        assert answer["Location"] == f"/en/cycles/{cycle.pk}/"
    assert cycle.phases.count() > 0
    assert Cycle.objects.count() == 2


def test_a_cycle_with_payments_on_their_way_is_not_closed_and_the_page_leads_to_them(
    office: Office, enrolled: str
) -> None:
    cycle = opened(office)
    dispatched(office, cycle)
    maker = logged_in(MAKER)
    page = html(maker.get(f"/en/cycles/{cycle.pk}/close/"))
    assert f"/en/payments/?cycle={cycle.pk}&amp;status=sent" in page
    assert f"/en/ledger/rows/?cycle={cycle.pk}&amp;account=in_flight%3A" in page
    assert logged_in("reconciler").post(f"/en/cycles/{cycle.pk}/close/").status_code == 403
    maker.post(f"/en/cycles/{cycle.pk}/close/")
    job = last_job(office)
    assert job.state == "failed"
    refused = {"payments.cycle_unfinished", "payments.phase_unpaid"}
    assert job.result["problem"] in refused
    for language in ("en", "ur"):
        ended = html(maker.get(f"/{language}/jobs/{job.pk}/"))
        assert f'href="/{language}/cycles/{cycle.pk}/close/"' in ended
    cycle.refresh_from_db()
    assert cycle.status == "open"


def test_a_cycle_in_which_nothing_is_left_is_closed_by_its_page(
    office: Office, database: str, emptied: None
) -> None:
    cycle = opened(office)
    maker = logged_in(MAKER)
    maker.post(f"/ur/cycles/{cycle.pk}/close/")
    job = last_job(office)
    assert job.state == "done", job.problem_en
    cycle.refresh_from_db()
    assert cycle.status == "closed"
    assert "بند ہو گیا" in html(maker.get(f"/ur/jobs/{job.pk}/"))
    assert "<form method" not in html(maker.get(f"/en/cycles/{cycle.pk}/close/")).partition("<main")[2]


def test_what_came_back_is_decided_in_the_background(office: Office, enrolled: str) -> None:
    cycle = opened(office)
    dispatched(office, cycle)
    file = BankFile.objects.filter(outbox__transport="file").earliest("id")
    for answer in answers_of(office, file):
        receive(answer)
    undecided = sum(row.undecided for row in came_back(cycle))
    assert undecided > 0
    reconciler = logged_in("reconciler")
    assert f"/cycles/{cycle.pk}/returns/" in html(reconciler.get(f"/en/cycles/{cycle.pk}/"))
    assert f"/cycles/{cycle.pk}/returns/" not in html(logged_in(MAKER).get(f"/en/cycles/{cycle.pk}/"))
    assert "What will become of them" in html(reconciler.get(f"/en/cycles/{cycle.pk}/returns/"))
    assert Resolution.objects.count() == 0
    reconciler.post(f"/en/cycles/{cycle.pk}/returns/")
    job = last_job(office)
    assert job.state == "done", job.problem_en
    assert Resolution.objects.count() == undecided
    assert "To be sent again" in html(reconciler.get(f"/en/jobs/{job.pk}/"))
    assert f"/cycles/{cycle.pk}/returns/" not in html(reconciler.get(f"/en/cycles/{cycle.pk}/"))


def test_files_that_wait_are_sent_by_whom_it_is_the_work_of(office: Office, enrolled: str) -> None:
    cycle = opened(office)
    listed = checked(office, cycle)
    approve(listed)
    authorise(listed)
    released(office, listed)
    address = f"/en/cycles/{cycle.pk}/send/"
    assert logged_in(MAKER).post(address).status_code == 403
    releaser = logged_in("payment_releaser")
    assert address in html(releaser.get(f"/en/cycles/{cycle.pk}/"))
    releaser.post(address)
    job = last_job(office)
    assert (job.state, job.result["files"] > 0) == ("done", True)
    assert not BankFile.objects.filter(outbox__transport="file", outbox__sent_at__isnull=True).exists()
