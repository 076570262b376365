"""The database server restarts in mid-work: what was begun is undone or done, never half, and doing it again ends it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.answers import make_sent, table

from kafalat.adapters.banks.simulator.faults import Faults
from kafalat.adapters.banks.tables import TableAnswer
from kafalat.config import boot
from kafalat.config.home import Home
from kafalat.core.problems import Problem
from kafalat.interfaces.cli.app import run
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.ledger.checks import check_rules
from kafalat.payments.ledger.rule import Check
from kafalat.payments.models import AnswerLine, Payment, PaymentList
from kafalat.payments.reconciliation.answers import receive_answer
from tests.conftest import NOW
from tests.payments.restarts import boundaries, disturbed, restart
from tests.payments.senders import money_is_right
from tests.payments.steps import opened, prepared
from tests.payments.test_reconciliation import honest_rows
from tests.payments.wallets import Channel

LINES = 3_000
# Shares of the statements of the work; the last is the commit itself, once before it and once after.
HALF, LATE, BEFORE_COMMIT, AFTER_COMMIT = 0.5, 0.8, 1.0, 1.1


def boundary(share: float, of: int) -> int:
    """Return the number of a boundary."""
    return {BEFORE_COMMIT: of - 1, AFTER_COMMIT: of}.get(share, round(share * of))


def broken() -> list[Check]:
    """What is broken in the books. Payments that were put there as sent, past the rules, come without their fund."""
    return [check for check in check_rules() if not check.holds]


def codes() -> list[str]:
    return [check.code for check in broken()]


@pytest.mark.parametrize("share", [HALF, BEFORE_COMMIT, AFTER_COMMIT])
def test_a_generation_is_whole_or_not_there(home: Home, office: Office, enrolled: str, share: float) -> None:
    cycle = opened(office)
    expected: set[str] = set()

    def generate() -> None:
        prepared(office, cycle)
        expected.update(Payment.objects.values_list("identity", flat=True))

    of = boundaries(generate) - 2  # reading them is no part of it
    assert expected
    through = disturbed(home, boundary(share, of), lambda: prepared(office, cycle))
    assert through == (share == AFTER_COMMIT)
    found = set(Payment.objects.values_list("identity", flat=True))
    assert found == (expected if share == AFTER_COMMIT else set())
    assert broken() == []
    if share == AFTER_COMMIT:
        with pytest.raises(Problem) as caught:
            prepared(office, cycle)
        assert caught.value.code == "payments.nothing_to_pay"
    else:
        prepared(office, cycle)
    assert set(Payment.objects.values_list("identity", flat=True)) == expected
    assert PaymentList.objects.count() == 1
    assert broken() == []


@pytest.fixture
def answer(office: Office, enrolled: str, tmp_path: Path) -> Path:
    """A bank's table about three thousand payments that were sent."""
    file = make_sent(enrolled, opened(office), LINES, at=NOW)
    assert file is not None
    path = tmp_path / "large.csv"
    path.write_text("".join(table(honest_rows(office, file))), encoding="utf-8")
    return path


def receive(office: Office, path: Path) -> str:
    """Take an answer in and return "booked", or the code of the problem it met."""
    try:
        receive_answer(
            content=path, name=path.name, user=staff("reconciler"), at=NOW, receiver=office.receiver()
        )
    except Problem as refusal:
        return refusal.code
    return "booked"


@pytest.mark.parametrize("share", [LATE, BEFORE_COMMIT, AFTER_COMMIT])
def test_a_large_answer_is_booked_whole_or_not_at_all(
    home: Home, office: Office, answer: Path, share: float
) -> None:
    before = codes()
    of = boundaries(lambda: receive(office, answer))
    through = disturbed(home, boundary(share, of), lambda: receive(office, answer))
    assert through == (share == AFTER_COMMIT)
    assert AnswerLine.objects.count() == (LINES if share == AFTER_COMMIT else 0)
    assert codes() == before
    assert receive(office, answer) == ("bank.repeated" if share == AFTER_COMMIT else "booked")
    assert AnswerLine.objects.count() == LINES
    assert set(Payment.objects.values_list("status", flat=True)) == {"paid"}
    assert codes() == before


def test_a_server_that_goes_while_lines_stream_in_is_told_in_one_sentence(
    home: Home,
    office: Office,
    answer: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The command line: half of the lines are with the server when it goes."""
    before, whole = codes(), TableAnswer.copy_chunks

    def halved(self: TableAnswer) -> Iterator[bytes]:
        for chunk in whole(self):
            yield chunk[: len(chunk) // 2]
            restart(home)
            yield chunk[len(chunk) // 2 :]

    # The command would first point everything at the installation's own database.
    monkeypatch.setattr(boot, "database", lambda _home: None)
    monkeypatch.setattr("sys.argv", ["kafalat", "payments", "receive", str(answer)])
    with monkeypatch.context() as going:
        going.setattr(TableAnswer, "copy_chunks", halved)
        with pytest.raises(SystemExit) as ended:
            run()
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert "The database cannot be reached" in said.out + said.err
    assert "Traceback" not in said.out + said.err
    assert AnswerLine.objects.count() == 0
    assert codes() == before
    assert receive(office, answer) == "booked"
    assert set(Payment.objects.values_list("status", flat=True)) == {"paid"}
    assert codes() == before


@pytest.mark.parametrize("at_boundary", [25, 60])
def test_a_sender_goes_on_after_the_server_came_back(
    home: Home, office: Office, enrolled: str, at_boundary: int
) -> None:
    """Files and calls: the provider forgets its keys, so only what the sender keeps and asks spares a second payment."""
    channel = Channel(office, Faults(late=30, forget=True))
    assert not disturbed(home, at_boundary, channel.send)
    channel.send_until_answered()
    channel.settle()
    money_is_right(channel)
