"""People decide about held lines; sides are reconciled and signed; idle money is taken back and claimed, each by two."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from benchmarks.answers import AMOUNT_PAISA, make_sent
from django.db import IntegrityError, transaction

from kafalat.core.problems import Problem
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.ledger.checks import balances
from kafalat.payments.models import BankFile, Cycle, Notice, Payment, ReportLine
from kafalat.payments.reconciliation import idle
from kafalat.payments.reconciliation.candidates import candidates
from kafalat.payments.reconciliation.decisions import book_line, book_sure_lines, rules_of, set_aside
from kafalat.payments.reconciliation.signoffs import counter_sign, state_figures
from kafalat.payments.reconciliation.threeway import three_way
from kafalat.payments.reconciliation.treasury import receive_statement
from kafalat.registry import bulk
from tests.conftest import NOW
from tests.payments.steps import opened
from tests.payments.test_reconciliation import honest_rows, take_in

BANK = "mobilink_mfb"


@pytest.fixture
def sent(office: Office, enrolled: str) -> tuple[Cycle, BankFile]:
    """A cycle with twelve payments at one bank, sent and not answered."""
    cycle = opened(office)
    file = make_sent(enrolled, cycle, 12, at=NOW)
    assert file is not None
    return cycle, file


def code_of(act: object) -> str:
    """The code of the problem an act meets."""
    assert callable(act)
    with pytest.raises(Problem) as caught:
        act()
    return caught.value.code


def test_a_line_without_reference_finds_its_payment_by_name_and_account(
    office: Office, sent: tuple[Cycle, BankFile]
) -> None:
    cycle, file = sent
    rows = honest_rows(office, file)
    target = rows[3]
    take_in(office, [replace(target, reference="")], "one.csv")
    line = ReportLine.objects.get()
    matching = rules_of(office.programme, NOW)
    offers = candidates(matching=matching)[line.pk]
    # Several payments go to one payee here: the line fits each of hers equally, and none is sure.
    names = {offer.name for offer in offers}
    assert names == {target.name}
    assert sum(offer.confidence_ppm for offer in offers) <= 1_000_000
    assert Payment.objects.filter(status="paid").count() == 0
    decided = book_line(
        line_id=line.pk, payment_identity=target.reference, confidence_ppm=None, programme=office.programme,
        user=staff("reconciler"), at=NOW,
    )  # fmt: skip
    assert decided.booked
    assert Payment.objects.get(identity=target.reference).status == "paid"
    assert balances(cycle.pk)[f"paid:{BANK}"] == AMOUNT_PAISA
    again = lambda: book_line(  # noqa: E731 - said once more
        line_id=line.pk, payment_identity=target.reference, confidence_ppm=None, programme=office.programme,
        user=staff("reconciler"), at=NOW,
    )  # fmt: skip
    assert code_of(again) == "reconciliation.line_closed"


def test_what_disagrees_about_money_is_set_aside_not_booked(
    office: Office, sent: tuple[Cycle, BankFile]
) -> None:
    _, file = sent
    row = honest_rows(office, file)[0]
    take_in(office, [replace(row, amount_paisa=row.amount_paisa + 100)], "more.csv")
    line = ReportLine.objects.get(verdict="amount_mismatch")
    book = lambda: book_line(  # noqa: E731 - tried and refused
        line_id=line.pk, payment_identity=row.reference, confidence_ppm=None, programme=office.programme,
        user=staff("reconciler"), at=NOW,
    )  # fmt: skip
    assert code_of(book) == "reconciliation.line_not_bookable"
    quiet = lambda: set_aside(line_id=line.pk, reason=" ", user=staff("reconciler"), at=NOW)  # noqa: E731 - tried, and refused
    assert code_of(quiet) == "reconciliation.reason_missing"
    set_aside(line_id=line.pk, reason="The bank corrects it.", user=staff("reconciler"), at=NOW)
    closed = lambda: set_aside(line_id=line.pk, reason="Again.", user=staff("reconciler"), at=NOW)  # noqa: E731 - tried, and refused
    assert code_of(closed) == "reconciliation.line_closed"
    assert Payment.objects.get(identity=row.reference).status == "sent"


def test_only_who_reconciles_decides_and_nothing_unsure_is_booked_at_once(
    office: Office, sent: tuple[Cycle, BankFile]
) -> None:
    _, file = sent
    take_in(
        office, [replace(honest_rows(office, file)[0], reference="", iban="", name="SOMEBODY ELSE")], "x.csv"
    )
    assert book_sure_lines(programme=office.programme, user=staff("reconciler"), at=NOW) == 0
    by_auditor = lambda: book_sure_lines(programme=office.programme, user=staff("auditor"), at=NOW)  # noqa: E731 - tried, and refused
    assert code_of(by_auditor) == "access.refused"


def statement(*lines: str) -> bytes:
    """A CSV statement."""
    return ("booked_on,direction,amount,reference,bank,text\n" + "\n".join(lines) + "\n").encode()


def test_three_sides_agree_to_the_paisa_and_two_people_sign(
    office: Office, sent: tuple[Cycle, BankFile]
) -> None:
    """Payroll 12, bank paid 9, silent about 1, returned 2: one refund came, one is missing, and one came unnamed."""
    cycle, file = sent
    rows = honest_rows(office, file)
    returned = [replace(row, status="REVERSED") for row in rows[9:11]]
    take_in(office, [*rows[:9], *returned], "bank.csv")
    receive_statement(
        content=statement(
            f"2026-02-03,out,174000.00,{file.message_id},,",
            f"2026-02-05,back,14500.00,{rows[9].reference},,",
            f"2026-02-06,back,999.00,,{BANK},refund 2026Q1",
            "2026-02-06,back,5.00,,,nobody knows",
        ),
        name="treasury.csv",
        user=staff("treasury"),
        at=NOW,
    )
    (side,) = three_way(cycle)
    assert side.released_paisa == 12 * AMOUNT_PAISA
    assert side.paid_paisa == 9 * AMOUNT_PAISA
    assert side.net_out_paisa == 11 * AMOUNT_PAISA - 99_900
    found = {(item.side, item.kind): (item.count, item.amount_paisa) for item in side.items}
    assert found == {
        ("bank", "open_returned"): (2, 2 * AMOUNT_PAISA),
        ("bank", "open_sent"): (1, AMOUNT_PAISA),
        ("treasury", "refund_missing"): (1, AMOUNT_PAISA),
        ("treasury", "unanswered"): (1, AMOUNT_PAISA),
        ("treasury", "refund_unnamed"): (1, -99_900),
    }
    assert side.unexplained_paisa == 0
    stated = state_figures(cycle_id=cycle.pk, bank=BANK, user=staff("reconciler"), at=NOW)
    by_maker = lambda: counter_sign(  # noqa: E731 - not his to sign
        sign_off_id=stated.pk, seen_sha256=stated.sha256, user=staff("reconciler"), at=NOW
    )
    assert code_of(by_maker) == "access.refused"
    counter_sign(sign_off_id=stated.pk, seen_sha256=stated.sha256, user=staff("treasury"), at=NOW)
    # Figures that changed after they were stated are not signed.
    take_in(office, [replace(rows[11])], "late-one.csv")
    anew = state_figures(cycle_id=cycle.pk, bank=BANK, user=staff("reconciler"), at=NOW)
    receive_statement(
        content=statement(f"2026-02-07,back,14500.00,{rows[10].reference},,"),
        name="t2.csv",
        user=staff("treasury"),
        at=NOW,
    )
    changed = lambda: counter_sign(  # noqa: E731 - other figures than he saw
        sign_off_id=anew.pk, seen_sha256=anew.sha256, user=staff("treasury"), at=NOW
    )
    assert code_of(changed) == "reconciliation.figures_changed"


@pytest.mark.parametrize(
    "line",
    ["2026-02-30,out,1,,,", "2026-02-03,in,1,,,", "2026-02-03,out,1.234,,,", "2026-02-03,out,0,,,", "short"],
)
def test_a_statement_with_one_bad_line_changes_nothing(
    office: Office, sent: tuple[Cycle, BankFile], line: str
) -> None:
    content = statement("2026-02-03,out,10.00,,mobilink_mfb,2026Q1", line)
    refused = lambda: receive_statement(content=content, name="bad.csv", user=staff("treasury"), at=NOW)  # noqa: E731 - tried, and refused
    assert code_of(refused) == "statement.line_invalid"
    assert bulk.rows("SELECT count(*) FROM payments_statementline") == [(0,)]


def test_idle_money_is_warned_about_taken_back_by_two_and_given_again_on_a_claim(
    office: Office, sent: tuple[Cycle, BankFile]
) -> None:
    cycle, file = sent
    rows = honest_rows(office, file)
    take_in(office, rows, "paid.csv")

    def months(number: int) -> datetime:
        return NOW + timedelta(days=31 * number)

    reconciler, releaser = staff("reconciler"), staff("releaser")

    def order(at: datetime) -> object:
        return idle.order_take_back(programme=office.programme, bank=BANK, user=reconciler, at=at)

    assert idle.queue_warnings(programme=office.programme, user=reconciler, at=months(2)) == 0
    assert idle.queue_warnings(programme=office.programme, user=reconciler, at=months(4)) == 12
    assert idle.queue_warnings(programme=office.programme, user=reconciler, at=months(4)) == 0
    # Nine months alone are not enough: every warning comes first, the last a month before.
    assert code_of(lambda: order(months(10))) == "idle.nothing"
    idle.queue_warnings(programme=office.programme, user=reconciler, at=months(9))
    assert Notice.objects.filter(text_en__contains="Rs 14,500").count() == 36
    taken = idle.order_take_back(programme=office.programme, bank=BANK, user=reconciler, at=months(11))
    assert taken.payments == 12
    with pytest.raises(LookupError):
        idle.take_back_csv(taken, office.sealer)
    # Control: without an approved order the database lets no payment be reversed.
    with pytest.raises(IntegrityError, match="no approved order"), transaction.atomic():
        bulk.execute(
            "UPDATE payments_payment SET status = 'reversed' WHERE identity = %s", [rows[0].reference]
        )
    by_maker = lambda: idle.approve_take_back(  # noqa: E731 - not a releaser
        take_back_id=taken.pk, seen_sha256=taken.sha256, user=reconciler, at=months(11)
    )
    assert code_of(by_maker) == "access.refused"
    idle.approve_take_back(take_back_id=taken.pk, seen_sha256=taken.sha256, user=releaser, at=months(11))
    assert idle.take_back_csv(taken, office.sealer).count(taken.message_id.encode()) == 12
    take_in(office, [replace(row, status="REVERSED") for row in rows], "back.csv")
    assert balances(cycle.pk)[f"reversed:{BANK}"] == 12 * AMOUNT_PAISA
    receive_statement(
        content=statement(f"2027-01-20,back,174000.00,{taken.message_id},,"),
        name="refund.csv",
        user=staff("treasury"),
        at=NOW,
    )
    assert balances(cycle.pk)[f"reversed:{BANK}"] == 0
    identity = rows[0].reference
    idle.take_claim(payment_identity=identity, reason="She was in hospital.", user=reconciler, at=months(12))
    idle.grant_claim(payment_identity=identity, user=releaser, at=months(12))
    twice = lambda: idle.take_claim(payment_identity=identity, reason="Again.", user=reconciler, at=NOW)  # noqa: E731 - tried, and refused
    assert code_of(twice) == "idle.claim_refused"
    assert bulk.rows(
        "SELECT action FROM payments_resolution AS r JOIN payments_payment AS p ON p.id = r.payment_id WHERE p.identity = %s",
        [identity],
    ) == [("reissue",)]
