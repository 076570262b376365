"""Four eyes and the two approvals, in the service and in the database (promises R9, R10)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import product

import pytest
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, connection, transaction

from kafalat.core.problems import Problem
from kafalat.interfaces.logins import STAFF, staff
from kafalat.interfaces.office import Office
from kafalat.payments.approvals import approve_list, check_list, reject_list
from kafalat.payments.dispatch import dispatch_list, send_outbox
from kafalat.payments.models import Approval, BankFile, Payment, PaymentList
from kafalat.registry import bulk
from tests.conftest import NOW
from tests.payments.steps import approve, checked, connection_of_owner, opened, prepared

TRIALS = 12
THREADS = 12


def code_of(act: Callable[..., object], **kwargs: object) -> str:
    """Return the code of the problem a call raises, or "done"."""
    try:
        act(**kwargs)
    except Problem as refusal:
        return refusal.code
    return "done"


def test_a_list_leaves_under_two_approvals_only(office: Office, enrolled: str) -> None:
    cycle = opened(office)
    payment_list = checked(office, cycle)
    sender = office.sender(cycle.programme_sha256)
    send = {"payment_list_id": payment_list.pk, "user": staff("releaser"), "sender": sender, "at": NOW}
    assert code_of(dispatch_list, **send) == "payments.not_approved"
    approve(payment_list, staff("checker"))
    assert code_of(dispatch_list, **send) == "payments.not_approved"
    approve(payment_list, staff("releaser"))
    assert code_of(dispatch_list, **send) == "done"
    assert code_of(dispatch_list, **send) == "payments.list_not_waiting"


def test_nobody_approves_twice(office: Office, enrolled: str) -> None:
    payment_list = checked(office, opened(office))
    approve(payment_list, staff("checker"))
    with pytest.raises(Problem) as caught:
        approve(payment_list, staff("checker"))
    assert caught.value.code == "payments.approved_already"


def test_every_role_and_history_meets_the_rule(office: Office, enrolled: str) -> None:
    """R10 (short): each role, alone and added to the maker, against check, approve and reject of a list she made or not."""
    cycle = opened(office)
    payment_list = prepared(office, cycle)
    wrongly_accepted = []
    for (username, role), act in product(STAFF.items(), ("check", "approve", "reject")):
        for is_maker in (False, True):
            user = staff("maker") if is_maker else staff(username)
            if is_maker:
                user.groups.add(Group.objects.get(name=role))
            allowed = role in {"payment_checker", "payment_releaser"} and not is_maker
            with transaction.atomic():
                if act != "check":
                    bulk.execute(
                        "UPDATE payments_paymentlist SET status = 'checked' WHERE id = %s", [payment_list.pk]
                    )
                outcome = _try(act, payment_list, user)
                transaction.set_rollback(True)
            if (outcome == "done") != allowed:
                wrongly_accepted.append((role, act, is_maker, outcome))
            if is_maker and role != "payment_maker":
                user.groups.remove(Group.objects.get(name=role))
    assert wrongly_accepted == []


def _try(act: str, payment_list: PaymentList, user: User) -> str:
    decision = {
        "payment_list_id": payment_list.pk,
        "user": user,
        "seen_sha256": payment_list.sha256,
        "at": NOW,
    }
    if act == "check":
        return code_of(check_list, payment_list_id=payment_list.pk, user=user, at=NOW)
    if act == "approve":
        return code_of(approve_list, **decision)
    return code_of(reject_list, reason="wrong district", **decision)


def test_the_database_refuses_what_the_service_would(office: Office, enrolled: str) -> None:
    """R10: the same attempts by raw SQL as the application role."""
    payment_list = checked(office, opened(office))
    maker, checker = staff("maker"), staff("checker")
    insert = """
        INSERT INTO payments_approval (payment_list_id, step, approver_id, maker_id, list_sha256, reason, at)
        VALUES (%s, %s, %s, %s, %s, '', now())
    """
    good = [payment_list.pk, 1, checker.pk, maker.pk, payment_list.sha256]
    attempts = {
        "the maker approves": [payment_list.pk, 1, maker.pk, maker.pk, payment_list.sha256],
        "another maker is named": [payment_list.pk, 1, maker.pk, checker.pk, payment_list.sha256],
        "another digest is approved": [payment_list.pk, 1, checker.pk, maker.pk, "0" * 64],
        "the second step comes first": [payment_list.pk, 2, checker.pk, maker.pk, payment_list.sha256],
        "a third step": [payment_list.pk, 3, checker.pk, maker.pk, payment_list.sha256],
    }
    for what, values in attempts.items():
        with pytest.raises(IntegrityError), transaction.atomic():
            bulk.execute(insert, values)
        assert Approval.objects.count() == 0, what
    bulk.execute(insert, good)
    for values in (good, [payment_list.pk, 2, checker.pk, maker.pk, payment_list.sha256]):
        with pytest.raises(IntegrityError), transaction.atomic():
            bulk.execute(insert, values)
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.execute(
            """
            INSERT INTO payments_bankfile (payment_list_id, bank, message_id, created_at, sha256, transactions,
                control_sum_paisa, list_sha256, step_1, step_2)
            VALUES (%s, 'hbl', 'FORGED', now(), %s, 1, 100, %s, 1, 2)
            """,
            [payment_list.pk, "0" * 64, payment_list.sha256],
        )


def test_a_rejected_list_is_cancelled_and_may_be_prepared_anew(office: Office, enrolled: str) -> None:
    cycle = opened(office)
    payment_list = checked(office, cycle)
    reject_list(
        payment_list_id=payment_list.pk,
        user=staff("checker"),
        seen_sha256=payment_list.sha256,
        reason="wrong district",
        at=NOW,
    )
    assert set(Payment.objects.values_list("status", flat=True)) == {"cancelled"}
    again = prepared(office, cycle)
    assert again.payments == payment_list.payments
    assert set(again.items.values_list("attempt", flat=True)) == {2}


def test_a_list_changed_after_it_was_prepared_is_not_checked(office: Office, enrolled: str) -> None:
    payment_list = prepared(office, opened(office))
    # Only the owner role can do this at all: the application has no right to change an account.
    with connection_of_owner() as cursor:
        cursor.execute("UPDATE enrolment_account SET iban_sealed = iban_sealed || '\\x00'::bytea")
    assert (
        code_of(check_list, payment_list_id=payment_list.pk, user=staff("checker"), at=NOW)
        == "payments.list_changed"
    )


def test_concurrent_approvals_never_exceed_the_two_steps(office: Office, enrolled: str) -> None:
    """R9 (short): threads of many approvers and rejecters race; never more than two approvals, never both answers."""
    cycle = opened(office)
    approvers = [_approver(number) for number in range(THREADS)]
    for trial in range(TRIALS):
        payment_list = checked(office, cycle)
        rejecters = set(approvers[: trial % 3])
        _race(payment_list, approvers, rejecters)
        steps = sorted(Approval.objects.filter(payment_list=payment_list).values_list("step", flat=True))
        assert steps in ([1, 2], [0], [0, 1]), steps
        payment_list.refresh_from_db()
        if 0 in steps:
            assert payment_list.status == "rejected"
        else:
            assert payment_list.status == "checked"
            _double_dispatch(office, payment_list, cycle.programme_sha256)
            return
    pytest.fail("no trial ended with two approvals")


def _approver(number: int) -> User:
    user = User.objects.create(username=f"approver{number}")
    user.groups.add(Group.objects.get(name="payment_checker"))
    return user


def _race(payment_list: PaymentList, approvers: list[User], rejecters: set[User]) -> None:
    barrier = threading.Barrier(len(approvers))

    def decide(user: User) -> None:
        barrier.wait()
        act = "reject" if user in rejecters else "approve"
        try:
            _try(act, payment_list, user)
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=[user]) for user in approvers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _double_dispatch(office: Office, payment_list: PaymentList, programme_sha256: str) -> None:
    """Dispatch and send from several threads: each bank gets one file, sent once."""
    sender = office.sender(programme_sha256)
    user = staff("releaser")
    outcomes: list[str] = []
    sent: list[int] = []

    def work() -> None:
        try:
            outcomes.append(
                code_of(dispatch_list, payment_list_id=payment_list.pk, user=user, sender=sender, at=NOW)
            )
            sent.append(len(send_outbox(sender=sender, at=NOW)))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("done") == 1
    files = BankFile.objects.filter(payment_list=payment_list)
    assert sum(sent) == files.count()


def test_without_the_guards_the_race_is_lost(office: Office, enrolled: str) -> None:
    """Control: the same race with the row lock, trigger and unique keys gone lets too many approvals through."""
    payment_list = checked(office, opened(office))
    with connection_of_owner() as cursor:
        cursor.execute("DROP TRIGGER approval_in_order ON payments_approval")
        cursor.execute("ALTER TABLE payments_bankfile DROP CONSTRAINT bank_file_first_approval")
        cursor.execute("ALTER TABLE payments_bankfile DROP CONSTRAINT bank_file_second_approval")
        cursor.execute("ALTER TABLE payments_approval DROP CONSTRAINT approval_step_digest")
        cursor.execute("ALTER TABLE payments_approval DROP CONSTRAINT approval_step_once")
    approvers = [_approver(number) for number in range(THREADS)]
    barrier = threading.Barrier(THREADS)

    def naive(user: User) -> None:
        try:
            count = Approval.objects.filter(payment_list=payment_list).count()
            barrier.wait()
            if count < 2:
                Approval.objects.create(
                    payment_list=payment_list,
                    step=1,
                    approver=user,
                    maker_id=payment_list.maker_id,
                    list_sha256=payment_list.sha256,
                    at=NOW,
                )
        finally:
            connection.close()

    threads = [threading.Thread(target=naive, args=[user]) for user in approvers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Approval.objects.filter(payment_list=payment_list).count() > 2
