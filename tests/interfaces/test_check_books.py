"""Books checked from the console: one press, and a page in both languages that says what holds, and what does not and where."""

from __future__ import annotations

import re

from kafalat.audit.models import AuditEntry
from kafalat.interfaces.jobs.running import run_job
from kafalat.interfaces.models import Job
from kafalat.interfaces.office import Office
from kafalat.payments.ledger.checks import CHECKED, RULES
from kafalat.payments.models import Payment
from tests.interfaces.people import html, logged_in
from tests.payments.steps import connection_of_owner


def checked(office: Office) -> tuple[str, str, Job]:
    """Have the auditor press the button, the work done, and return its page in both languages and its record."""
    auditor = logged_in("auditor")
    answer = auditor.post("/en/ledger/check/")
    assert answer.status_code == 302
    job = Job.objects.latest("id")
    assert answer["Location"] == f"/en/jobs/{job.pk}/"
    run_job(job.pk, office=office)
    job.refresh_from_db()
    return html(auditor.get(f"/en/jobs/{job.pk}/")), html(auditor.get(f"/ur/jobs/{job.pk}/")), job


def test_books_are_checked_by_one_press_and_what_breaks_is_named_with_its_place(
    office: Office, paid: str
) -> None:
    english, urdu, job = checked(office)
    assert (job.state, job.result["holds"]) == ("done", True)
    assert len(job.result["checks"]) == len(RULES) + 2  # the log and the files beside the tables
    for check in job.result["checks"]:
        assert check["en"] in re.sub(r"&#x27;", "'", english)
        assert check["ur"] in urdu
    assert AuditEntry.objects.filter(action=CHECKED).count() > 0
    # Control: a payment that is called recalled behind the guards' backs breaks the books, and the page says which.
    payment = Payment.objects.filter(status="paid").earliest("id")
    with connection_of_owner() as cursor:
        cursor.execute("ALTER TABLE payments_payment DISABLE TRIGGER USER")
        cursor.execute("UPDATE payments_payment SET status = 'recalled' WHERE id = %s", [payment.pk])
        cursor.execute("ALTER TABLE payments_payment ENABLE TRIGGER USER")
    english, urdu, job = checked(office)
    assert (job.state, job.result["holds"]) == ("done", False)
    broken = {check["code"] for check in job.result["checks"] if check["broken"]}
    assert {"I2", "I11"} <= broken
    assert payment.identity in english
    assert payment.identity in urdu
