"""What banks report of cash taken out: a file whole or not at all, and never more than a payment holds."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from kafalat.core.problems import Problem
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.counter.reports import COLUMNS, receive_withdrawals
from kafalat.payments.models import Device, Payment, Withdrawal, WithdrawalReport
from tests.conftest import NOW
from tests.payments.counters import code_of, device


def free() -> tuple[Payment, Device]:
    """A credited payment nobody took out, and a device of its bank."""
    payment = Payment.objects.filter(
        status="paid", withdrawals__isnull=True, verifications__isnull=True
    ).earliest("id")
    return payment, device(bank=payment.bank)


def written(path: Path, *rows: tuple[object, ...]) -> Path:
    """A report."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return path


def receive(path: Path, bank: str) -> WithdrawalReport:
    """Take a report in."""
    return receive_withdrawals(path=path, bank=bank, user=staff("reconciler"), at=NOW)


def test_parts_of_a_payment_are_taken_in_up_to_its_amount_and_a_file_once(
    office: Office, paid: str, tmp_path: Path
) -> None:
    payment, here = free()
    rupees = payment.amount_paisa // 100
    said = (payment.identity, here.serial, "op")
    first = written(tmp_path / "a.csv", ("r1", *said, "2026-02-01T10:00:00", f"{rupees - 1000}.00"))
    assert receive(first, here.bank).lines == 1
    found = Withdrawal.objects.get(device=here)
    assert (found.amount_paisa, found.at.isoformat()) == (
        payment.amount_paisa - 100_000,
        "2026-02-01T05:00:00+00:00",
    )
    again = {"path": first, "bank": here.bank}
    assert code_of(receive, **again) == "withdrawals.file_invalid", "its reference is known"
    more = written(tmp_path / "b.csv", ("r2", *said, "2026-02-01T11:00:00+05:00", "1000.01"))
    with pytest.raises(Problem, match="more was taken out"):
        receive(more, here.bank)
    rest = written(tmp_path / "c.csv", ("r3", *said, "2026-02-01T11:00:00Z", "1000"))
    receive(rest, here.bank)
    assert Withdrawal.objects.filter(device=here).count() == 2


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("reference", "", "reference"),
        ("reference", "twice", "twice"),
        ("payment", "KFLT-unknown", "no payment"),
        ("device", "POS-unknown", "no device"),
        ("at", "2026-02-30T10:00:00", "the time"),
        ("at", "2026-02-02T23:00:00", "the time"),
        ("at", "yesterday", "the time"),
        ("amount", "-5", "amount"),
        ("amount", "0.00", "amount"),
        ("amount", "14,500", "amount"),
        ("amount", "99999999", "more was taken out"),
        ("operator", "x" * 200, "columns"),
    ],
)
def test_one_wrong_line_refuses_the_file_and_is_named(
    office: Office, paid: str, tmp_path: Path, column: str, value: str, says: str
) -> None:
    payment, here = free()
    before = Withdrawal.objects.count()
    good = dict(
        zip(
            COLUMNS,
            ("twice", payment.identity, here.serial, "op", "2026-02-01T10:00:00", "10.00"),
            strict=True,
        )
    )
    bad = {**good, "reference": "other", column: value}
    path = written(tmp_path / "bad.csv", tuple(good.values()), tuple(bad.values()))
    with pytest.raises(Problem, match=says) as caught:
        receive(path, here.bank)
    assert "line 3" in str(caught.value) or (column, value) == ("reference", "twice")
    assert Withdrawal.objects.count() == before
    assert not WithdrawalReport.objects.filter(name="bad.csv").exists()
    # Control: without the wrong line the same file is taken in.
    assert receive(written(tmp_path / "good.csv", tuple(good.values())), here.bank).lines == 1


def test_what_is_no_report_is_refused(office: Office, paid: str, tmp_path: Path) -> None:
    for name, content in (
        ("heading.csv", b"a,b\n1,2\n"),
        ("bytes.csv", b"reference,payment,device,operator,at,amount\n\xff\xfe\n"),
        ("short.csv", b"reference,payment,device,operator,at,amount\n1,2\n"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        assert code_of(receive, path=path, bank="hbl") == "withdrawals.file_invalid"
    assert code_of(receive, path=tmp_path / "none.csv", bank="hbl") == "input.not_found"
