"""Files brought through the console: known by their content, kept for one job alone, and harmless however hostile they are."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from benchmarks.answers import make_sent, table
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from typer.testing import CliRunner

from kafalat.config import boot
from kafalat.enrolment.models import Account, AccountRequest
from kafalat.interfaces import uploads
from kafalat.interfaces.cli.app import app
from kafalat.interfaces.jobs import of_files
from kafalat.interfaces.jobs.running import run_job
from kafalat.interfaces.jobs.services import cancel_job
from kafalat.interfaces.jobs.tasks import resume
from kafalat.interfaces.jobs.worker import work
from kafalat.interfaces.logins import staff
from kafalat.interfaces.models import Job
from kafalat.interfaces.office import Office
from kafalat.payments.models import Answer, AnswerLine, Cycle
from kafalat.registry import bulk
from kafalat.registry.models import Person
from kafalat.registry.selectors import CNIC_PURPOSE
from tests.conftest import NOW
from tests.enrolment.steps import opening, requested, without_accounts
from tests.interfaces.people import html, logged_in
from tests.interfaces.test_jobs import WORKER, until
from tests.payments.steps import opened
from tests.payments.test_reconciliation import honest_rows

RENEWALS = b"cnic,valid_until\n3520212345678,2040-01-01\n"


def bring(
    who: Client | str, kind: str, name: str, content: bytes, language: str = "en", **more: str
) -> tuple[int, str]:
    """Send one file by the form of its kind; return status and page."""
    client = logged_in(who) if isinstance(who, str) else who
    sent = {"kind": kind, "file": SimpleUploadedFile(name, content), **more}
    response = client.post(f"/{language}/files/", sent)
    return response.status_code, html(response)


def kept(office: Office) -> list[Path]:
    """Every file that lies where files are kept."""
    return [path for path in office.home.uploads.rglob("*") if path.is_file()]


def done(office: Office) -> Job:
    """Do the newest job, and return how it ended."""
    job = Job.objects.latest("id")
    run_job(job.pk, office=office)
    job.refresh_from_db()
    return job


@pytest.fixture(autouse=True)
def _nothing_kept(office: Office) -> None:
    for path in office.home.uploads.glob("*"):
        uploads.discard(office.home.uploads, path.name)


@pytest.fixture
def sent(office: Office, enrolled: str) -> tuple[Cycle, bytes]:
    """Eight payments on their way, and the table by which their bank says that it paid them."""
    cycle = opened(office)
    file = make_sent(enrolled, cycle, 8, at=NOW)
    assert file is not None
    return cycle, "".join(table(honest_rows(office, file))).encode()


def test_an_answer_is_kept_privately_booked_and_gone(office: Office, sent: tuple[Cycle, bytes]) -> None:
    assert bring("reconciler", "receive", "../../etc/bank one.csv", sent[1])[0] == 302
    (path,) = kept(office)
    assert path.name == "bank one.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (
        stat.S_IMODE(path.parent.stat().st_mode) == stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700
    )
    job = done(office)
    assert job.state == "done", job.problem_en
    assert AnswerLine.objects.filter(outcome="paid").count() == 8
    assert kept(office) == []
    for language, words in (("en", "Payments booked: 8."), ("ur", "درج ہونے والی ادائیگیاں: 8۔")):
        page = html(logged_in("reconciler").get(f"/{language}/jobs/{job.pk}/"))
        assert words in page
        assert "bank one.csv" in page


def test_the_same_content_is_not_taken_in_twice_at_once(office: Office, sent: tuple[Cycle, bytes]) -> None:
    assert bring("reconciler", "receive", "a.csv", sent[1])[0] == 302
    status, page = bring("reconciler", "receive", "b.csv", sent[1])
    assert status == 409
    assert "under way as job" in page
    assert len(kept(office)) == 1
    done(office)
    assert bring("reconciler", "receive", "b.csv", sent[1])[0] == 302, "it may be tried again"
    assert "repeated" in done(office).result["problem"]


FORMS = {
    "a document": (b"%PDF-1.7 and so on", "by its content"),
    "a program": (b"MZ\x90\x00\x03", "by its content"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00", "by its content"),
    "an archive": (b"\x1f\x8b\x08\x00\x00", "by its content"),
    "a message where a table is wanted": (b"<?xml version='1.0'?><Document/>", "by its content"),
    "a spreadsheet where a table is wanted": (b"PK\x03\x04....", "by its content"),
    "nothing": (b"", "is empty"),
    "too much": (RENEWALS * 100, "larger than 0 MB"),
}


def test_what_is_not_what_it_says_is_refused_before_a_job_begins(
    office: Office, enrolled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = replace(of_files.UPLOADS["renewals"], bytes_max=1000)
    monkeypatch.setitem(of_files.UPLOADS, "renewals", small)
    officer = logged_in("account_officer")
    for case, (content, words) in FORMS.items():
        status, page = bring(officer, "renewals", "renewed.csv", content)
        assert 400 <= status < 500, case
        assert words in page, case
        assert (Job.objects.count(), kept(office)) == (0, []), case
    assert bring(officer, "renewals", "picture.png", RENEWALS)[0] == 302, "control"


def archive(name: str, content: bytes, times: int = 1) -> bytes:
    """A ZIP with one member."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file,
        file.open(name, "w", force_zip64=True) as member,
    ):
        for _ in range(times):
            member.write(content)
    return target.getvalue()


def bomb() -> bytes:
    """A ZIP of about a megabyte that unpacks to more than is read."""
    return archive("xl/worksheets/sheet1.xml", bytes(1 << 20), times=260)


BILLION = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><x>&b;&c;</x></Document>"""
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "entities": (lambda: BILLION, "bank.doctype_refused"),
    "a zip bomb": (bomb, "bank.too_large"),
    "a formula": (
        lambda: archive("xl/worksheets/s.xml", b"<w xmlns='x'><row><c r='A1'><f>1</f></c></row></w>"),
        "bank.formula_refused",
    ),
    "a macro": (lambda: archive("xl/vbaProject.bin", b"x"), "bank.formula_refused"),
    "a message cut off": (
        lambda: b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>',
        "bank.unreadable",
    ),
    "UTF-16": (lambda: "<Document/>".encode("utf-16"), "bank.encoding_refused"),
    "a table of another kind": (lambda: b"a;b;c\n1;2;3\n", "bank.columns_missing"),
}  # fmt: skip


def test_a_hostile_file_ends_in_a_sentence_and_leaves_nothing(
    office: Office, sent: tuple[Cycle, bytes]
) -> None:
    reconciler = logged_in("reconciler")
    for case, (make, code) in HOSTILE.items():
        assert bring(reconciler, "receive", "answer.xml", make())[0] == 302, case
        job = done(office)
        assert (job.state, job.result) == ("failed", {"problem": code}), case
        assert job.problem_en.startswith("answer.xml"), case
        assert (Answer.objects.count(), kept(office)) == (0, []), case
    bring(reconciler, "receive", "answer.xml", sent[1])
    assert done(office).state == "done", "control: an honest file under the same name"


def test_a_request_larger_than_any_file_is_refused_unread(office: Office, enrolled: str) -> None:
    client = logged_in("reconciler")
    file = SimpleUploadedFile("a.csv", RENEWALS)
    stated = str(uploads.REQUEST_BYTES_MAX + 1)
    response = client.post("/ur/files/", {"kind": "receive", "file": file}, CONTENT_LENGTH=stated)
    assert response.status_code == 413
    assert "براؤزر" in html(response)
    assert (Job.objects.count(), kept(office)) == (0, [])


def test_everybody_brings_what_is_her_work_and_nothing_else(office: Office, enrolled: str) -> None:
    own = {
        "reconciler": {"receive"},
        "treasury_officer": {"statement"},
        "account_officer": {"account_answers", "account_notices", "renewals"},
        "payment_maker": set(),
    }
    for role, kinds in own.items():
        client = logged_in(role)
        page = html(client.get("/en/files/"))
        assert {kind for kind in of_files.UPLOADS if f'value="{kind}"' in page} == kinds
        for kind in of_files.UPLOADS.keys() - kinds:
            assert bring(client, kind, "a.csv", RENEWALS, bank="hbl")[0] == 403
    assert (Job.objects.count(), kept(office)) == (0, [])
    assert bring("account_officer", "renewals", "a.csv", RENEWALS)[0] == 302
    job = Job.objects.get()
    for role, status in (("account_officer", 200), ("auditor", 200), ("reconciler", 403), ("clerk", 403)):
        client = logged_in("desk_clerk" if role == "clerk" else role)
        assert client.get(f"/en/jobs/{job.pk}/").status_code == status
        listed = html(client.get("/en/jobs/"))
        assert (f"/jobs/{job.pk}/" in listed) is (status == 200)


def test_a_statement_and_answers_about_accounts_are_taken_in(
    office: Office, enrolled: str, tmp_path: Path
) -> None:
    line = b"booked_on,direction,amount,reference,bank,text\n2026-02-07,out,10.00,,hbl,2026Q1\n"
    bring("treasury_officer", "statement", "ours.csv", line)
    assert done(office).result["en"].endswith(": 1.")
    without_accounts()
    asked = requested(office, tmp_path)[0]
    request = AccountRequest.objects.filter(bank=asked.bank, status="requested").select_related("payee")[0]
    row = ",".join(opening(office, request))
    answer = f"reference,outcome,iban,title,mobile,reason\n{row}\n".encode()
    assert bring("account_officer", "account_answers", "a.csv", answer, bank="none")[0] == 400
    bring("account_officer", "account_answers", "a.csv", answer, bank=asked.bank)
    assert done(office).result["en"].startswith("Accounts opened: 1")
    assert Account.objects.count() == 1


def test_renewed_cards_come_by_page_and_by_command(
    office: Office, enrolled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boot, "database", lambda _home: None)
    people = Person.objects.filter(cnic_sealed__isnull=False).order_by("pk")[:2]
    numbers = [office.sealer.unseal(bytes(person.cnic_sealed or b""), CNIC_PURPOSE) for person in people]
    bring("account_officer", "renewals", "a.csv", f"cnic,valid_until\n{numbers[0]},2049-01-01\n".encode())
    assert done(office).result["en"] == "Cards renewed: 1. Numbers the registry does not know: 0."
    path = tmp_path / "b.csv"
    path.write_text(f"cnic,valid_until\n{numbers[1]},2049-01-01\n")
    ran = CliRunner().invoke(app, ["accounts", "renew", str(path)])
    assert (ran.exit_code, ran.output) == (0, "b.csv: 1 cards renewed, 0 numbers not in the registry\n")
    assert Person.objects.filter(cnic_valid_until__year=2049).count() == 2


def test_a_file_goes_with_its_job_however_that_ends(office: Office, enrolled: str) -> None:
    bring("account_officer", "renewals", "a.csv", RENEWALS)
    cancel_job(job_id=Job.objects.get().pk, user=staff("accounts"), at=NOW)
    assert len(kept(office)) == 1
    resume()
    assert kept(office) == []
    # A server that died between keeping a file and queueing its job leaves it for an hour.
    stray = uploads.keep(
        SimpleUploadedFile("a.csv", RENEWALS), forms={"csv"}, bytes_max=1000, folder=office.home.uploads
    )
    resume()
    assert len(kept(office)) == 1
    old = NOW.timestamp() - 2 * uploads.ORPHAN_AFTER_S
    os.utime(office.home.uploads / stray.token, (old, old))
    resume()
    assert kept(office) == []


def test_a_file_that_went_missing_is_said_to_be(office: Office, enrolled: str) -> None:
    bring("account_officer", "renewals", "a.csv", RENEWALS)
    uploads.discard(office.home.uploads, Job.objects.get().arguments["upload"])
    assert done(office).result == {"problem": "uploads.gone"}


def test_a_worker_killed_over_an_answer_loses_neither_file_nor_books_twice(
    office: Office, sent: tuple[Cycle, bytes]
) -> None:
    bring("reconciler", "receive", "a.csv", sent[1])
    with psycopg.connect("service=kafalat_owner") as blocker:
        # The worker has read and judged the file, and must wait where it books.
        blocker.execute("LOCK TABLE payments_answerline IN SHARE MODE")
        process = subprocess.Popen([sys.executable, "-c", WORKER])
        until(lambda: bool(bulk.rows("SELECT FROM pg_locks WHERE NOT granted")), seconds=60)
        assert resume() == 0
        process.kill()
        process.wait()
        blocker.rollback()
    until(lambda: not bulk.rows("SELECT FROM pg_locks WHERE locktype = 'advisory'"))
    assert (Answer.objects.count(), len(kept(office))) == (0, 1)
    work(wait=False, signals=False)
    job = Job.objects.get()
    assert (job.state, job.attempts, kept(office)) == ("done", 2, [])
    assert AnswerLine.objects.filter(outcome="paid").count() == 8


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\banks\\hbl.csv", "hbl.csv"),
        (".htaccess", "htaccess"),
        ("a\x00b\n<script>.xml", "a_b__script_.xml"),
        ("...", "file"),
        ("رپورٹ.csv", "رپورٹ.csv"),
        ("x" * 300 + ".csv", "x" * 76 + ".csv"),
    ],
)
def test_a_file_s_name_becomes_harmless(given: str, made: str) -> None:
    assert uploads.name_of(given) == made
