"""What cannot be trusted as a whole is refused, and what comes late or for another cycle waits for people: nothing is guessed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from benchmarks.answers import AMOUNT_PAISA, make_sent
from django.db import IntegrityError, transaction

from kafalat.core.problems import Problem
from kafalat.core.quarters import Quarter
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.ledger.checks import balances, check_ledger, check_rules
from kafalat.payments.models import BankFile, LineDecision, Payment, ReportLine
from kafalat.payments.reconciliation import idle
from kafalat.payments.reconciliation.answers import Received, receive_answer
from kafalat.payments.reconciliation.decisions import book_line, set_aside
from kafalat.payments.reconciliation.returns import resolve_returns
from kafalat.payments.reconciliation.staging import Receiver
from tests.adapters.samples import detail, movement
from tests.adapters.test_bank_answers import balance, statement
from tests.conftest import NOW
from tests.payments.people import outcome_of, person
from tests.payments.steps import answers_of, connection_of_owner, dispatched, opened
from tests.payments.test_answers import state
from tests.payments.test_reconciliation import BOOKED_ON, honest_rows, take_in

BANK = "mobilink_mfb"


def taken(office: Office, content: bytes, name: str, receiver: Receiver | None = None) -> Received:
    """Take in an answer as the reconciler."""
    return receive_answer(
        content=content, name=name, user=staff("reconciler"), at=NOW, receiver=receiver or office.receiver()
    )


def refused(office: Office, content: bytes, name: str, receiver: Receiver | None = None) -> Problem:
    """Return the problem an answer meets, having made sure that it names the file and changed nothing."""
    before = state()
    with pytest.raises(Problem) as caught:
        taken(office, content, name, receiver)
    assert state() == before
    assert name in caught.value.text("en")
    assert name in caught.value.text("ur")
    return caught.value


# ---- a file that cannot be trusted ---------------------------------------------------------------------------------------


def numbered(payment: Payment, number: int | None, message: str) -> bytes:
    """Return a day's statement of a bank: one payment paid, the statement's own number in its sequence."""
    rupees = f"{payment.amount_paisa // 100}.{payment.amount_paisa % 100:02}"
    content = statement(
        movement(rupees, f"<NtryDtls>{detail(payment.identity)}</NtryDtls>"),
        opening=balance("OPBD", rupees),
        closing=balance("CLBD", "0.00"),
        number="" if number is None else f"<ElctrncSeqNb>{number}</ElctrncSeqNb>",
    )
    return content.replace(b"2026-01-06", f"{BOOKED_ON}".encode()).replace(b"BANK-2", message.encode())


def test_a_statement_after_a_gap_waits_for_the_one_that_is_missing(office: Office, enrolled: str) -> None:
    dispatched(office, opened(office))
    payments = list(Payment.objects.filter(bank="bank_alfalah").order_by("id")[:4])
    taken(office, numbered(payments[0], 7, "DAY-7"), "day-7.xml")
    gap = refused(office, numbered(payments[2], 9, "DAY-9"), "day-9.xml")
    assert (gap.code, gap.details["expected"], gap.details["found"]) == ("bank.sequence_gap", 8, 9)
    # Going back is a gap as well: the number was used.
    assert refused(office, numbered(payments[1], 7, "DAY-7B"), "7b.xml").code == "bank.sequence_gap"
    for number, payment in ((8, payments[1]), (9, payments[2])):
        assert taken(office, numbered(payment, number, f"DAY-{number}"), f"day-{number}.xml").outcomes == {
            "paid": 1
        }
    # Control: a bank that numbers nothing leaves no gap to be seen.
    assert taken(office, numbered(payments[3], None, "DAY-X"), "day-x.xml").outcomes == {"paid": 1}
    assert [check for check in check_ledger(outgoing=office.outgoing) if not check.holds] == []


def test_an_answer_whose_bank_nobody_can_tell_is_refused(office: Office, enrolled: str) -> None:
    """Two banks take the same form and no line names a payment of ours: whose answer is it?"""
    dispatched(office, opened(office))
    payment = Payment.objects.filter(bank="bank_alfalah").order_by("id")[0]
    strange = replace_identity(numbered(payment, None, "STRANGE-1"), payment, "KNOBODYKNOWSTHISONE")
    profiles = dict(office.programme.bank_profiles)
    profiles["hbl"] = profiles["hbl"].model_copy(update={"answers": profiles["bank_alfalah"].answers})
    programme = office.programme.model_copy(update={"bank_profiles": profiles})
    both = replace(office.receiver(), programme=programme)
    refusal = refused(office, strange, "strange.xml", both)
    assert (refusal.code, refusal.details["banks"]) == ("bank.sender_unknown", "bank_alfalah, hbl")
    # Control: one line of ours tells whose answer it is; one bank alone in its form needs none, and the line is held.
    assert taken(office, numbered(payment, None, "OURS-1"), "ours.xml", both).answer.bank == "bank_alfalah"
    alone = taken(office, strange, "strange.xml")
    assert (alone.answer.bank, alone.verdicts) == ("bank_alfalah", {"unknown": 1})


def replace_identity(content: bytes, payment: Payment, identity: str) -> bytes:
    return content.replace(payment.identity.encode(), identity.encode())


def dollars(content: bytes) -> bytes:
    return content.replace(b'Ccy="PKR"', b'Ccy="USD"', 1)


def wide(content: bytes) -> bytes:
    return content.decode().encode("utf-16")


def western(content: bytes) -> bytes:
    """Say another encoding than the one bank messages are in."""
    start, end = content.split(b"?>", 1)
    assert start.startswith(b"<?xml")
    return b'<?xml version="1.0" encoding="ISO-8859-1"?>' + end


def misread(content: bytes) -> bytes:
    """Say UTF-8 and hold a letter as another encoding writes it."""
    return content.replace(b"</EndToEndId>", b"\xe9</EndToEndId>", 1)


SPOILT = (
    (dollars, "bank.currency_wrong"),
    (wide, "bank.encoding_refused"),
    (western, "bank.encoding_refused"),
    (misread, "bank.unreadable"),
)


def test_wrong_money_and_wrong_letters_are_refused_whole(office: Office, enrolled: str) -> None:
    dispatched(office, opened(office))
    file = BankFile.objects.get(bank="hbl")
    good = next(answer for answer in answers_of(office, file) if b"camt.054" in answer.content)
    for spoil, code in SPOILT:
        assert spoil(good.content) != good.content
        assert refused(office, spoil(good.content), good.name).code == code, spoil.__name__
    # Control: the same answer as the bank wrote it.
    assert taken(office, good.content, good.name).outcomes["paid"] > 0


def broken() -> list[str]:
    """What is broken in the books. Payments that were put there as sent, past the rules, come without their fund."""
    return [check.code for check in check_rules() if not check.holds]


# ---- lines of another cycle, and of one that is closed -------------------------------------------------------------------


def test_an_answer_for_another_cycle_books_nothing(office: Office, enrolled: str) -> None:
    """The bank puts payments of one quarter under the file of another."""
    first = make_sent(enrolled, opened(office), 12, at=NOW)
    second = make_sent(enrolled, opened(office, Quarter(2026, 2)), 12, at=NOW)
    assert first is not None
    assert second is not None
    before = broken()
    rows = honest_rows(office, second)
    under_first = [replace(row, batch=first.message_id) for row in rows]
    assert take_in(office, under_first, "other-cycle.csv").verdicts == {"wrong_file": 12}
    assert set(Payment.objects.values_list("status", flat=True)) == {"sent"}
    line = ReportLine.objects.first()
    assert line is not None
    booked = outcome_of(
        book_line, line_id=line.pk, payment_identity=line.reference, confidence_ppm=None,
        programme=office.programme, user=staff("reconciler"), at=NOW,
    )  # fmt: skip
    assert booked == "reconciliation.line_not_bookable"
    # Control: under their own file the same lines are booked.
    under_own = [replace(row, batch=second.message_id) for row in rows]
    assert take_in(office, under_own, "own-cycle.csv").outcomes == {"paid": 12}
    assert broken() == before


def closed(cycle_id: int) -> None:
    """Close a cycle past the rules of the application."""
    with connection_of_owner() as cursor:
        cursor.execute(
            "UPDATE payments_cycle SET status = 'closed', closed_at = %s WHERE id = %s", [NOW, cycle_id]
        )


def test_money_that_comes_back_after_the_cycle_closed_waits_for_a_person_and_finds_its_owner(
    office: Office, enrolled: str
) -> None:
    cycle = opened(office)
    file = make_sent(enrolled, cycle, 12, at=NOW)
    assert file is not None
    before, rows = broken(), honest_rows(office, file)
    take_in(office, rows, "paid.csv")
    closed(cycle.pk)
    back, mistaken = (replace(row, status="REVERSED", remarks="ACCOUNT CLOSED") for row in rows[:2])
    assert take_in(office, [back, mistaken], "after.csv").verdicts == {"late": 2}
    assert balances(cycle.pk)[f"paid:{BANK}"] == 12 * AMOUNT_PAISA
    lines = {line.reference: line for line in ReportLine.objects.filter(verdict="late")}
    decided = book_line(
        line_id=lines[back.reference].pk, payment_identity=back.reference, confidence_ppm=None,
        programme=office.programme, user=staff("reconciler"), at=NOW,
    )  # fmt: skip
    assert decided.booked
    set_aside(
        line_id=lines[mistaken.reference].pk, reason="Of another programme.", user=staff("reconciler"), at=NOW
    )
    assert resolve_returns(
        cycle_id=cycle.pk, programme=office.programme, user=staff("reconciler"), at=NOW
    ) == {"park": 1}
    found = balances(cycle.pk)
    assert (found[f"paid:{BANK}"], found["suspense"]) == (11 * AMOUNT_PAISA, AMOUNT_PAISA)
    assert broken() == before


def test_what_was_taken_back_by_order_is_not_late_when_its_cycle_is_closed(
    office: Office, enrolled: str
) -> None:
    """Nine months on every cycle is closed: the order says that the money is expected, so nobody books it line by line."""
    cycle = opened(office)
    file = make_sent(enrolled, cycle, 12, at=NOW)
    assert file is not None
    before, rows = broken(), honest_rows(office, file)
    take_in(office, rows, "paid.csv")
    closed(cycle.pk)
    months = [NOW + timedelta(days=31 * number) for number in (4, 7, 9, 11)]
    for at in months[:3]:
        idle.queue_warnings(programme=office.programme, user=staff("reconciler"), at=at)
    order = idle.order_take_back(
        programme=office.programme, bank=BANK, user=staff("reconciler"), at=months[3]
    )
    late = BOOKED_ON + timedelta(days=350)
    # Control: before the order is approved the same line is late.
    early = replace(rows[0], status="REVERSED", booked_on=late)
    assert take_in(office, [early], "early.csv").verdicts == {"late": 1}
    idle.approve_take_back(
        take_back_id=order.pk, seen_sha256=order.sha256, user=staff("releaser"), at=months[3]
    )
    back = [replace(row, status="REVERSED", booked_on=late) for row in rows[1:]]
    assert take_in(office, back, "back.csv").outcomes == {"reversed": 11}
    assert balances(cycle.pk)[f"reversed:{BANK}"] == 11 * AMOUNT_PAISA
    assert broken() == before


# ---- a second person ------------------------------------------------------------------------------------------------------


def test_above_the_amount_a_line_is_booked_by_two_people(office: Office, enrolled: str) -> None:
    file = make_sent(enrolled, opened(office), 12, at=NOW)
    assert file is not None
    assert office.programme.reconciliation is not None
    (rules,) = office.programme.reconciliation.rules
    before, other = broken(), person("second_reconciler", "reconciler")
    rows = honest_rows(office, file)[:2]
    take_in(office, [replace(row, iban=honest_rows(office, file)[5].iban) for row in rows], "other.csv")
    first, second = ReportLine.objects.filter(verdict="wrong_account").order_by("line_no")

    def decide(line: ReportLine, limit_paisa: int, user: str) -> str:
        matching = rules.matching.model_copy(update={"second_person_from_paisa": limit_paisa})
        changed = office.programme.reconciliation.model_copy(  # type: ignore[union-attr] # asserted above
            update={"rules": (rules.model_copy(update={"matching": matching}),)}
        )
        try:
            decided = book_line(
                line_id=line.pk, payment_identity=line.reference, confidence_ppm=None,
                programme=office.programme.model_copy(update={"reconciliation": changed}), user=staff(user), at=NOW,
            )  # fmt: skip
        except Problem as refusal:
            return refusal.code
        return "booked" if decided.booked else "waits"

    assert decide(first, AMOUNT_PAISA, "reconciler") == "waits"
    assert Payment.objects.get(identity=first.reference).status == "sent"
    assert decide(first, AMOUNT_PAISA, "reconciler") == "reconciliation.second_person"
    with pytest.raises(IntegrityError, match="line_decision_person_once"), transaction.atomic():
        LineDecision.objects.create(
            line=first, step=2, action="book", payment=first.payment, person=staff("reconciler"), at=NOW
        )
    assert decide(first, AMOUNT_PAISA, other.username) == "booked"
    assert Payment.objects.get(identity=first.reference).status == "paid"
    assert decide(first, AMOUNT_PAISA, other.username) == "reconciliation.line_closed"
    # Control: a paisa below the amount one person is enough.
    assert decide(second, AMOUNT_PAISA + 1, "reconciler") == "booked"
    assert broken() == before
