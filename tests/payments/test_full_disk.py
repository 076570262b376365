"""A full disk: what was to be written is refused in one sentence, nothing is changed, and it runs through once there is room.

Everywhere the system's own limit on the size of a file stands in for the disk; where mounting is permitted, `make prove`
tries a real disk of a few pages as well.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.answers import make_sent, table

from kafalat.adapters.banks import simulated
from kafalat.core.problems import Problem
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.ledger.checks import check_ledger, check_rules
from kafalat.payments.models import Answer, BankFile, Outbox, Payment
from kafalat.payments.reconciliation.answers import Received, receive_answer
from kafalat.payments.sending.outbox import outgoing_path, send_outbox
from tests.conftest import NOW
from tests.payments.steps import approve, authorise, checked, dispatched, opened, released
from tests.payments.test_reconciliation import honest_rows
from tests.payments.test_sending import LATER

Full = Callable[[], AbstractContextManager[None]]
FILE_BYTES_MAX = 2_000


@contextmanager
def limited() -> Iterator[None]:
    """Let no file of this process grow beyond a few bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES_MAX, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def crowded(disk: Path) -> Iterator[None]:
    """Fill a small disk to its last page."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(b"x" * 512)
            except OSError:
                break
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a disk of a few pages, or leave the test out where that is not permitted."""
    disk, mount, umount = folder / "disk", shutil.which("mount"), shutil.which("umount")
    disk.mkdir()
    if mount is None or umount is None:
        pytest.skip("this system has no mount")
    mounted = subprocess.run([mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("mounting is not permitted here; run as root to try a real disk")
    try:
        yield disk
    finally:
        subprocess.run([umount, str(disk)], check=True)


def refused_files_leave_later(office: Office, outgoing: Path, full: Full) -> None:
    """Send onto a full disk, then onto one with room."""
    cycle = opened(office)
    payment_list = checked(office, cycle)
    approve(payment_list)
    authorise(payment_list)
    released(office, payment_list)
    sender = replace(office.sender(cycle.programme_sha256), outgoing=outgoing)
    with full():
        assert send_outbox(sender=sender, at=NOW) == []
        assert [*outgoing.rglob("*.xml*"), *outgoing.rglob("*.part")] == []
    assert set(Outbox.objects.values_list("problem_code", "sent_at")) == {("sending.not_written", None)}
    assert set(Payment.objects.values_list("status", flat=True)) == {"sent"}
    assert [check for check in check_rules() if not check.holds] == []
    assert len(send_outbox(sender=sender, at=LATER)) == BankFile.objects.count()
    assert all(outgoing_path(file, outgoing).is_file() for file in BankFile.objects.all())
    assert [check for check in check_ledger(outgoing=outgoing) if not check.holds] == []


def refused_answers_are_taken_later(
    office: Office, answers: dict[str, bytes], work: Path, full: Full
) -> None:
    """Take answers in with a scratch folder on a full disk, then with room."""
    receiver = replace(office.receiver(), work=work)

    def take(name: str) -> Received:
        return receive_answer(
            content=answers[name], name=name, user=staff("reconciler"), at=NOW, receiver=receiver
        )

    broken = [check.code for check in check_rules() if not check.holds]
    for name in answers:
        before = Answer.objects.count(), list(Payment.objects.order_by("id").values_list("status", flat=True))
        with full(), pytest.raises(Problem) as caught:
            take(name)
        assert caught.value.code == "bank.not_worked_on", name
        assert str(work) in caught.value.text("en")
        assert str(work) in caught.value.text("ur")
        after = Answer.objects.count(), list(Payment.objects.order_by("id").values_list("status", flat=True))
        assert after == before
        assert list(work.glob("answer-*")) == []
        assert sum(take(name).outcomes.values()) > 0
    assert [check.code for check in check_rules() if not check.holds] == broken


def answers_to(office: Office, database: str) -> dict[str, bytes]:
    """Return answers that need a scratch file: a table as bytes, and a spreadsheet. A table's path is read where it lies."""
    cycle = opened(office)
    payment_list = dispatched(office, cycle)
    sheets = {
        file: next((form for form in profile.answers if form.format == "xlsx"), None)
        for file in BankFile.objects.filter(payment_list=payment_list)
        for profile in [office.programme.bank_profiles[file.bank]]
    }
    file, form = next((file, form) for file, form in sheets.items() if form is not None)
    spreadsheet, *_ = simulated.answer(
        outgoing_path(file, office.outgoing).read_bytes(),
        bank=file.bank, forms=(form,), seed=1, executed_at=NOW,
    )  # fmt: skip
    sent = make_sent(database, cycle, 200, at=NOW)
    assert sent is not None
    return {
        "bytes.csv": "".join(table(honest_rows(office, sent))).encode(),
        "sheet.xlsx": spreadsheet.content,
    }


def test_bank_files_wait_for_room(office: Office, enrolled: str, tmp_path: Path) -> None:
    refused_files_leave_later(office, tmp_path, limited)


def test_answers_wait_for_room(office: Office, enrolled: str, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    refused_answers_are_taken_later(office, answers_to(office, enrolled), work, limited)


@pytest.mark.prove
def test_answers_on_a_real_disk_without_room_wait(office: Office, enrolled: str, tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        answers = answers_to(office, enrolled)
        refused_answers_are_taken_later(office, answers, disk, lambda: crowded(disk))


@pytest.mark.prove
def test_bank_files_on_a_real_disk_without_room_wait(office: Office, enrolled: str, tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        refused_files_leave_later(office, disk, lambda: crowded(disk))
