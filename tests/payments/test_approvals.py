"""The seats under a list: taken in order by different people, never by its maker, and the last one sends it."""

from __future__ import annotations

import threading

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from kafalat.core.problems import Problem
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.access import next_act, offer
from kafalat.payments.cycles.approvals import (
    approve_list,
    authorise_list,
    check_list,
    reject_list,
    release_list,
)
from kafalat.payments.ledger.checks import balances
from kafalat.payments.models import Approval, BankFile, Payment, PaymentList
from kafalat.policy.approvals import Quorum
from kafalat.registry import bulk
from tests.conftest import NOW
from tests.payments.people import outcome_of, person, with_quorum
from tests.payments.steps import (
    approve,
    authorise,
    checked,
    connection_of_owner,
    opened,
    prepared,
    released,
)


def test_a_list_leaves_under_three_people_in_order(office: Office, enrolled: str) -> None:
    payment_list = checked(office, opened(office))
    decision = {"payment_list_id": payment_list.pk, "seen_sha256": payment_list.sha256, "at": NOW}
    release = {
        **decision,
        "user": staff("releaser"),
        "sender": office.sender(payment_list.cycle.programme_sha256),
    }
    assert outcome_of(release_list, **release) == "payments.seat_not_due"
    assert outcome_of(authorise_list, user=staff("authoriser"), **decision) == "payments.seat_not_due"
    approve(payment_list)
    assert outcome_of(release_list, **release) == "payments.seat_not_due"
    authorise(payment_list)
    assert BankFile.objects.count() == 0
    assert outcome_of(release_list, **release) == "done"
    assert BankFile.objects.filter(payment_list=payment_list, seats=3).exists()
    assert outcome_of(release_list, **release) == "payments.list_not_waiting"
    acts = Approval.objects.order_by("seat").values_list("seat", "act", "approver__username")
    assert list(acts) == [
        (1, "approve", "checker"),
        (2, "authorise", "authoriser"),
        (3, "release", "releaser"),
    ]


def test_more_money_needs_more_people(office: Office, enrolled: str) -> None:
    """The shipped quorums: from one person of each kind to two who approve and two who authorise."""
    plan = office.programme.approvals
    day = NOW.date()
    small, middle, large = (plan.quorum(rupees * 100, day) for rupees in (10**9, 10**9 + 1, 10**10 + 1))
    assert small is not None
    assert middle is not None
    assert large is not None
    assert (small.approve, small.authorise, small.release) == (1, 1, 1)
    assert (middle.approve, middle.authorise, middle.release) == (1, 2, 1)
    assert (large.approve, large.authorise, large.release) == (2, 2, 1)


def test_a_larger_quorum_is_sealed_with_the_list(office: Office, enrolled: str) -> None:
    with with_quorum(office, Quorum(approve=2, authorise=1, release=2)):
        payment_list = checked(office, opened(office))
    assert payment_list.seats == 5
    approve(payment_list)
    assert (
        outcome_of(
            authorise_list,
            payment_list_id=payment_list.pk,
            user=staff("authoriser"),
            seen_sha256=payment_list.sha256,
            at=NOW,
        )
        == "payments.seat_not_due"
    )
    approve(payment_list, person("second checker", "payment_checker"))
    authorise(payment_list)
    first = released(office, payment_list)
    assert first.files == ()
    payment_list.refresh_from_db()
    assert payment_list.status == "checked"
    last = released(office, payment_list, person("second releaser", "payment_releaser"))
    assert last.files
    with pytest.raises(IntegrityError), transaction.atomic(), connection_of_owner() as cursor:
        cursor.execute("UPDATE payments_paymentlist SET seats_release = 1 WHERE id = %s", [payment_list.pk])


def test_nobody_takes_two_seats(office: Office, enrolled: str) -> None:
    everything = person("everything", "payment_checker", "payment_authoriser", "payment_releaser")
    payment_list = checked(office, opened(office))
    approve(payment_list, everything)
    with pytest.raises(Problem) as caught:
        authorise(payment_list, everything)
    assert caught.value.code == "payments.approved_already"


def test_a_page_offers_what_the_service_would_let_pass(office: Office, enrolled: str) -> None:
    payment_list = prepared(office, opened(office))
    nobody: frozenset[int] = frozenset()
    assert offer(staff("checker"), payment_list, nobody).acts == ("check",)
    assert offer(staff("releaser"), payment_list, nobody).why_not == "role"
    assert offer(staff("maker"), payment_list, nobody).why_not == "role"
    check_list(payment_list_id=payment_list.pk, user=staff("checker"), at=NOW)
    payment_list.refresh_from_db()
    assert offer(staff("checker"), payment_list, nobody).acts == ("approve", "reject")
    assert offer(staff("releaser"), payment_list, nobody).acts == ("reject",)
    taken = frozenset({staff("checker").pk})
    assert offer(staff("checker"), payment_list, taken).why_not == "already"
    assert offer(staff("authoriser"), payment_list, taken).acts == ("authorise", "reject")
    assert next_act(payment_list, 3) is None


def test_a_rejected_list_gives_its_money_back_and_may_be_prepared_anew(office: Office, enrolled: str) -> None:
    cycle = opened(office)
    payment_list = checked(office, cycle)
    assert balances(cycle.pk)["obligation"] == payment_list.amount_paisa
    reject_list(
        payment_list_id=payment_list.pk,
        user=staff("authoriser"),
        seen_sha256=payment_list.sha256,
        reason="wrong district",
        at=NOW,
    )
    assert set(Payment.objects.values_list("status", flat=True)) == {"cancelled"}
    assert balances(cycle.pk).get("obligation", 0) == 0
    again = prepared(office, cycle)
    assert again.payments == payment_list.payments
    assert set(again.items.values_list("attempt", flat=True)) == {2}


def test_a_rejection_needs_a_reason(office: Office, enrolled: str) -> None:
    payment_list = checked(office, opened(office))
    refusal = outcome_of(
        reject_list,
        payment_list_id=payment_list.pk,
        user=staff("checker"),
        seen_sha256=payment_list.sha256,
        reason=" ",
        at=NOW,
    )
    assert refusal == "payments.reason_missing"
    payment_list.refresh_from_db()
    assert payment_list.status == "checked"


def test_a_list_changed_after_it_was_prepared_is_not_checked(office: Office, enrolled: str) -> None:
    payment_list = prepared(office, opened(office))
    # Only the owner role can do this at all: the application has no right to change an account.
    with connection_of_owner() as cursor:
        cursor.execute("UPDATE enrolment_account SET iban_sealed = iban_sealed || '\\x00'::bytea")
    outcome = outcome_of(check_list, payment_list_id=payment_list.pk, user=staff("checker"), at=NOW)
    assert outcome == "payments.list_changed"


def test_a_list_changed_after_it_was_approved_does_not_leave(office: Office, enrolled: str) -> None:
    payment_list = checked(office, opened(office))
    approve(payment_list)
    authorise(payment_list)
    with connection_of_owner() as cursor:
        cursor.execute("UPDATE enrolment_account SET iban_sealed = iban_sealed || '\\x00'::bytea")
    with pytest.raises(Problem) as caught:
        released(office, payment_list)
    assert caught.value.code == "payments.list_changed"
    assert not Approval.objects.filter(act="release").exists()
    assert BankFile.objects.count() == 0


def test_a_digest_nobody_saw_is_not_approved(office: Office, enrolled: str) -> None:
    payment_list = checked(office, opened(office))
    outcome = outcome_of(
        approve_list, payment_list_id=payment_list.pk, user=staff("checker"), seen_sha256="0" * 64, at=NOW
    )
    assert outcome == "payments.list_changed"


def test_a_bank_file_cannot_stand_without_its_seats(office: Office, enrolled: str) -> None:
    """By raw SQL as the application: under no approval, under too few, and under fewer seats than the list has."""
    payment_list = checked(office, opened(office))
    forged = """
        INSERT INTO payments_bankfile (payment_list_id, bank, part, message_id, created_at, sha256, transactions,
            control_sum_paisa, list_sha256, seats) VALUES (%s, 'hbl', 1, 'FORGED', now(), %s, 1, 100, %s, %s)
    """
    for seats_taken in range(3):
        for seats in range(1, 4):
            with pytest.raises(IntegrityError), transaction.atomic():
                bulk.execute(forged, [payment_list.pk, "0" * 64, payment_list.sha256, seats])
        (approve, authorise, lambda found: None)[seats_taken](payment_list)
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.execute(
            "UPDATE payments_paymentlist SET status = 'dispatched', released_at = now() WHERE id = %s",
            [payment_list.pk],
        )


@pytest.mark.parametrize("pressed", ["check", "approve", "release", "prepare"])
def test_two_people_press_the_same_button(office: Office, enrolled: str, pressed: str) -> None:
    """One of them does it, the other is told that it is done; nothing is done twice."""
    cycle = opened(office)
    outcomes: list[str] = []
    payment_list: PaymentList | None = None
    role = {"check": "payment_checker", "approve": "payment_checker", "release": "payment_releaser"}
    people = [person(f"{pressed} {number}", role.get(pressed, "payment_maker")) for number in range(2)]
    if pressed != "prepare":
        payment_list = prepared(office, cycle) if pressed == "check" else checked(office, cycle)
    if payment_list is not None and pressed == "release":
        approve(payment_list)
        authorise(payment_list)
    barrier = threading.Barrier(2)

    def press(user: User) -> None:
        try:
            barrier.wait()
            if payment_list is None:
                outcomes.append(outcome_of(prepared, office=office, cycle=cycle, user=user))
            elif pressed == "check":
                outcomes.append(outcome_of(check_list, payment_list_id=payment_list.pk, user=user, at=NOW))
            else:
                step = approve if pressed == "approve" else (lambda found, who: released(office, found, who))
                outcomes.append(outcome_of(lambda: step(payment_list, user)))
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=[user]) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("done") == 1, outcomes
    assert set(outcomes) - {"done"} <= {
        "payments.list_not_waiting",
        "payments.seat_not_due",
        "payments.nothing_to_pay",
    }
    assert PaymentList.objects.count() == 1
    assert Approval.objects.count() == {"check": 0, "approve": 1, "release": 3, "prepare": 0}[pressed]
