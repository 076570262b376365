"""Bank answers: booked once, whole or not at all (promise R5)."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from kafalat.core.problems import Problem
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.ledger.checks import balances, check_ledger
from kafalat.payments.models import Answer, AnswerLine, BankFile, Payment, Transfer
from kafalat.payments.reconciliation.answers import receive_answer
from tests.conftest import NOW
from tests.payments.steps import answers_of, dispatched, opened, receive


@pytest.fixture
def files(office: Office, enrolled: str) -> list[BankFile]:
    """The bank files of a cycle, sent and not yet answered."""
    payment_list = dispatched(office, opened(office))
    return list(BankFile.objects.filter(payment_list=payment_list).order_by("bank"))


def state() -> tuple[int, int, int, dict[str, int], list[str]]:
    """Return everything an answer may change."""
    return (
        Answer.objects.count(),
        AnswerLine.objects.count(),
        Transfer.objects.count(),
        balances(),
        list(Payment.objects.order_by("id").values_list("status", flat=True)),
    )


def refused(content: bytes, name: str) -> str:
    """Return the code of the problem an answer meets, having made sure that it changed nothing."""
    before = state()
    with pytest.raises(Problem) as caught:
        receive_answer(content=content, name=name, user=staff("reconciler"), at=NOW)
    assert state() == before
    assert name in caught.value.text("en")
    assert name in caught.value.text("ur")
    return caught.value.code


def test_answers_move_payments_and_money_once(office: Office, files: list[BankFile]) -> None:
    for file in files:
        for answer in answers_of(office, file):
            receive(answer)
    states = set(Payment.objects.values_list("status", flat=True))
    assert {"paid", "returned", "rejected"} <= states
    assert not states & {"prepared", "sent", "accepted"}
    assert all(check.holds for check in check_ledger(outgoing=office.outgoing))


@pytest.mark.parametrize("copies", [2, 5])
def test_a_repeated_answer_is_refused_and_changes_nothing(
    office: Office, files: list[BankFile], copies: int
) -> None:
    answer = answers_of(office, files[0])[0]
    receive(answer)
    for _ in range(copies):
        assert refused(answer.content, answer.name) == "bank.repeated"


def test_fifty_copies_at_once_have_one_effect(office: Office, files: list[BankFile]) -> None:
    """R5: the same answer delivered by 50 threads is booked by exactly one of them."""
    answer = answers_of(office, files[0])[0]
    outcomes: list[str] = []
    user = staff("reconciler")

    def deliver() -> None:
        try:
            receive_answer(content=answer.content, name=answer.name, user=user, at=NOW)
            outcomes.append("booked")
        except Problem as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=deliver) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["bank.repeated"] * 49 + ["booked"]
    assert Answer.objects.count() == 1
    assert all(check.holds for check in check_ledger(outgoing=office.outgoing))


def test_a_message_with_altered_bytes_is_refused(office: Office, files: list[BankFile]) -> None:
    answer = answers_of(office, files[0])[0]
    receive(answer)
    assert refused(answer.content + b"\n", answer.name) == "bank.altered"


def test_a_truncated_answer_is_refused(office: Office, files: list[BankFile]) -> None:
    answer = answers_of(office, files[0])[0]
    assert refused(answer.content[: len(answer.content) * 2 // 3], answer.name) == "bank.unreadable"


def test_an_answer_whose_totals_do_not_match_is_refused(office: Office, files: list[BankFile]) -> None:
    answer = answers_of(office, files[0])[0]
    count = f"<OrgnlNbOfTxs>{files[0].transactions}</OrgnlNbOfTxs>".encode()
    assert count in answer.content
    wrong = answer.content.replace(count, b"<OrgnlNbOfTxs>999999</OrgnlNbOfTxs>")
    assert refused(wrong, answer.name) == "bank.totals_differ"


def test_an_answer_to_a_file_we_never_sent_is_refused(office: Office, files: list[BankFile]) -> None:
    answer = answers_of(office, files[0])[0]
    stranger = answer.content.replace(files[0].message_id.encode(), b"KFLT-NEVER-SENT")
    assert refused(stranger, answer.name) == "bank.unknown_file"


def test_an_answer_with_another_amount_is_refused(office: Office, files: list[BankFile]) -> None:
    """A paid amount that is not the amount sent is never booked, even when the message's own totals agree."""
    paid = next(a for a in answers_of(office, files[0]) if a.kind == "camt.054")
    wrong = paid.content.replace(b"14500.00", b"14600.00").replace(b">14500<", b">14600<")
    assert wrong != paid.content
    assert refused(wrong, paid.name) in {"bank.line_refused", "bank.totals_differ"}


def test_the_order_of_answers_does_not_matter(office: Office, files: list[BankFile]) -> None:
    """Returns before payments, payments before acceptances: the books end the same."""
    for file in files:
        for answer in reversed(answers_of(office, file)):
            receive(answer)
    backwards = (balances(), sorted(Payment.objects.values_list("identity", "status")))
    assert not set(Payment.objects.values_list("status", flat=True)) & {"sent", "accepted"}
    assert all(check.holds for check in check_ledger(outgoing=office.outgoing))
    expected = {
        status: Payment.objects.filter(status=status).count() for status in ("paid", "returned", "rejected")
    }
    assert sum(expected.values()) == len(backwards[1])


def test_the_lock_is_what_keeps_copies_apart(
    office: Office, files: list[BankFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: without the look-up of the digest the database still lets a message in only once."""
    answer = answers_of(office, files[0])[0]
    receive(answer)
    before = state()
    monkeypatch.setattr(Answer.objects, "filter", lambda **_: Answer.objects.none())
    with pytest.raises(Exception, match="unique"):
        receive(answer)
    monkeypatch.undo()
    assert state() == before
