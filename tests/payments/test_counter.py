"""The counter: one-time authorisations, full amount or nothing, four eyes at fallbacks; in the service and in the database.

Each guard has its control: with it gone, the same attempt does the harm.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction

from kafalat.core.problems import Problem
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.counter.devices import ask_unblock, block_device, unblock_device
from kafalat.payments.counter.fallbacks import answer_fallback
from kafalat.payments.counter.selectors import receipt_of
from kafalat.payments.counter.withdrawals import reverse, withdraw
from kafalat.payments.models import (
    Authorisation,
    Device,
    FallbackAnswer,
    Payment,
    Verification,
    VerificationTry,
    Withdrawal,
)
from kafalat.registry import bulk
from tests.conftest import NOW
from tests.payments.counters import (
    LATER,
    Nobody,
    WornFingers,
    asked,
    authorised,
    begun,
    code_of,
    credited,
    device,
    fingers_failed,
    grant,
    step,
)
from tests.payments.steps import connection_of_owner

THREADS = 8


@pytest.fixture(autouse=True)
def nothing_taken_out(paid: str) -> None:
    """The demo took some money out already; here the counter opens for the first time."""
    with connection_of_owner() as cursor:
        cursor.execute("TRUNCATE payments_verification, payments_withdrawal CASCADE")


def take(token: str, at_device: Device, amount_paisa: int, at: object = NOW) -> str:
    """Try to take the money; return the refusal's code or "done"."""
    return code_of(
        withdraw,
        token=token,
        device_id=at_device.pk,
        amount_paisa=amount_paisa,
        user=staff("counter"),
        at=at,
    )


def test_a_verified_woman_gets_the_full_amount_once_and_a_receipt_she_can_check(
    office: Office, paid: str
) -> None:
    payment, here = credited(), device()
    token = authorised(office, payment, here)
    assert take(token, here, payment.amount_paisa) == "done"
    found = Withdrawal.objects.get()
    assert found.amount_paisa == payment.amount_paisa
    assert receipt_of(reference=found.reference.lower(), check_code=found.check_code) == found
    wrong = f"{(int(found.check_code) + 1) % 1_000_000:06d}"
    assert receipt_of(reference=found.reference, check_code=wrong) is None
    assert take(token, here, payment.amount_paisa) == "counter.token_used"
    assert code_of(begun, office=office, payment=payment, at_device=here) == "counter.nothing_left"
    assert Withdrawal.objects.count() == 1
    assert token not in str(list(Authorisation.objects.values_list()))


def test_an_authorisation_is_for_one_device_one_amount_and_a_few_minutes(office: Office, paid: str) -> None:
    payment, here, elsewhere = credited(), device(), device()
    token = authorised(office, payment, here)
    amount = payment.amount_paisa
    assert take("made up", here, amount) == "counter.token_unknown"
    assert take(token, elsewhere, amount) == "counter.token_unknown"
    assert take(token, here, amount - 100_000) == "counter.token_unknown"
    assert take(token, here, amount, NOW + LATER) == "counter.token_expired"
    assert take(token, here, amount, NOW - timedelta(minutes=1)) == "counter.token_expired"
    assert not Withdrawal.objects.exists()
    assert take(token, here, amount) == "done"


def test_only_the_operator_who_verified_pays_out(office: Office, paid: str) -> None:
    payment, here = credited(), device()
    token = authorised(office, payment, here)
    other = staff("supervisor")
    other.groups.add(Group.objects.get(name="counter_operator"))
    attempt = {"token": token, "device_id": here.pk, "amount_paisa": payment.amount_paisa, "at": NOW}
    assert code_of(withdraw, user=other, **attempt) == "counter.not_yours"
    assert code_of(withdraw, user=staff("auditor"), **attempt) == "access.refused"


def test_of_many_uses_at_once_exactly_one_is_paid(office: Office, paid: str) -> None:
    payment, here = credited(), device()
    token = authorised(office, payment, here)
    outcomes = _race(lambda: take(token, here, payment.amount_paisa))
    assert sorted(outcomes) == ["counter.token_used"] * (THREADS - 1) + ["done"]
    assert Withdrawal.objects.count() == 1


def test_control_without_its_keys_an_authorisation_is_replayed(office: Office, paid: str) -> None:
    payment, here = credited(), device()
    token = authorised(office, payment, here)
    with connection_of_owner() as cursor:
        cursor.execute(
            "ALTER TABLE payments_withdrawal DROP CONSTRAINT payments_withdrawal_authorisation_id_key"
        )
        cursor.execute("ALTER TABLE payments_withdrawal DROP CONSTRAINT withdrawal_once")
        cursor.execute("DROP TRIGGER withdrawal_within ON payments_withdrawal")
    assert _race(lambda: take(token, here, payment.amount_paisa)).count("done") == THREADS


def _race(act: Callable[[], str]) -> list[str]:
    barrier, outcomes = threading.Barrier(THREADS), list[str]()

    def work() -> None:
        barrier.wait()
        try:
            outcomes.append(act())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_two_withdrawals_of_one_payment_cannot_pass_its_amount_even_by_two_authorisations(
    office: Office, paid: str
) -> None:
    """The sum is held by a trigger; its control takes it away and the second payment goes out."""
    payment, here = credited(), device()
    first = authorised(office, payment, here)
    second = authorised(office, payment, here, NOW + LATER)
    assert take(first, here, payment.amount_paisa) == "done"
    assert take(second, here, payment.amount_paisa, NOW + LATER) == "counter.nothing_left"
    with connection_of_owner() as cursor:
        cursor.execute("DROP TRIGGER withdrawal_within ON payments_withdrawal")
    assert take(second, here, payment.amount_paisa, NOW + LATER) == "done"


def test_while_an_authorisation_holds_no_second_one_is_given(office: Office, paid: str) -> None:
    payment, here = credited(), device()
    authorised(office, payment, here)
    assert code_of(begun, office=office, payment=payment, at_device=here) == "counter.waits_for_token"
    begun(office, payment, here, NOW + LATER)


def test_what_cannot_be_paid_out_is_refused_before_anybody_is_verified(office: Office, paid: str) -> None:
    here = device()
    returned = Payment.objects.filter(status__in=["returned", "rejected"]).first()
    assert returned is not None
    assert code_of(begun, office=office, payment=returned, at_device=here) == "counter.not_paid"
    payment = credited()
    block_device(device_id=here.pk, reason="two at the same second", user=staff("integrity"), at=NOW)
    assert code_of(begun, office=office, payment=payment, at_device=here) == "counter.device_blocked"
    with connection_of_owner() as cursor:
        cursor.execute("UPDATE enrolment_beneficiary SET status = 'suspended', standing_reason = 'x'")
    assert code_of(begun, office=office, payment=payment, at_device=device()) == "counter.payee_held"
    assert not Verification.objects.exists()


def test_a_device_blocked_between_verification_and_cash_pays_nothing(office: Office, paid: str) -> None:
    payment, here = credited(), device()
    token = authorised(office, payment, here)
    block_device(device_id=here.pk, reason="reported by women", user=staff("integrity"), at=NOW)
    assert take(token, here, payment.amount_paisa) == "counter.token_expired"
    assert not Withdrawal.objects.exists()


def test_the_database_refuses_what_the_service_would(office: Office, paid: str) -> None:
    """Raw SQL as the application role: nothing is authorised unverified, no fallback tried ungranted, nothing rewritten."""
    payment, here = credited(), device()
    found = begun(office, payment, here)
    authorise = [
        """INSERT INTO payments_authorisation
           (verification_id, payment_id, device_id, amount_paisa, token_sha256, issued_at, expires_at)
           VALUES (%s, %s, %s, %s, 'x', now(), now() + interval '1 hour')""",
        [found.pk, payment.pk, here.pk, payment.amount_paisa],
    ]
    attempt = """INSERT INTO payments_verificationtry (verification_id, number, means, finger, result, code, sample_ref, at)
                 VALUES (%s, 1, 'face', '', 'match', '', 'x', now())"""
    for statement, values in (authorise, [attempt, [found.pk]]):
        with pytest.raises(IntegrityError), transaction.atomic():
            bulk.execute(str(statement), list(values))
    token = step(office, found).token
    assert token
    for sql in (
        "UPDATE payments_authorisation SET expires_at = now() + interval '1 year'",
        "DELETE FROM payments_verificationtry",
        "UPDATE payments_device SET status = 'active'",
        "UPDATE payments_fallbackanswer SET granted = true",
        "DELETE FROM payments_withdrawal",
    ):
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            bulk.execute(sql)


# ---- the ladder ------------------------------------------------------------------------------------------------


def test_worn_fingers_lead_over_a_second_person_to_the_face(office: Office, paid: str) -> None:
    payment, here = credited(), device()
    found = begun(office, payment, here)
    fingers_failed(office, found)
    assert code_of(step, office=office, found=found, finger=None) == "counter.step_refused"
    asked_for = asked(office, found)
    assert code_of(step, office=office, found=found, finger=None) == "counter.step_refused"
    grant(office, asked_for)
    stepped = step(office, found, None, WornFingers())
    assert (stepped.standing.state, bool(stepped.token)) == ("verified", True)
    assert VerificationTry.objects.filter(verification=found, means="face", result="match").count() == 1
    assert len(set(VerificationTry.objects.filter(means="fingerprint").values_list("finger"))) >= 3


def test_the_end_of_the_ladder_pays_nothing(office: Office, paid: str) -> None:
    payment, here = credited(), device()
    found = begun(office, payment, here)
    fingers_failed(office, found)
    grant(office, asked(office, found))
    for _ in range(3):
        stepped = step(office, found, None, Nobody())
    assert stepped.standing.state == "ask"
    grant(office, asked(office, found), NOW + timedelta(seconds=90))
    stepped = step(office, found, None, Nobody())
    assert (stepped.standing.state, stepped.token) == ("failed", "")
    assert not Authorisation.objects.exists()


def test_an_outage_is_no_try_and_opens_no_fallback(office: Office, paid: str) -> None:
    found = begun(office, credited(), device())
    with connection_of_owner() as cursor:
        for number in range(1, 30):
            cursor.execute(
                "INSERT INTO payments_verificationtry (verification_id, number, means, finger, result, code, sample_ref, at) "
                "VALUES (%s, %s, 'fingerprint', 'right_thumb', 'unavailable', '', 'x', now())",
                [found.pk, number],
            )
    assert code_of(asked, office=office, found=found) == "counter.step_refused"
    assert step(office, found).standing.state == "verified"


def test_the_operator_cannot_allow_her_own_fallback_and_a_control_shows_the_key_holds_it(
    office: Office, paid: str
) -> None:
    found = begun(office, credited(), device())
    fingers_failed(office, found)
    asked_for = asked(office, found)
    operator = staff("counter")
    operator.groups.add(Group.objects.get(name="counter_supervisor"))
    own = {
        "fallback_id": asked_for.pk,
        "granted": True,
        "reason": "",
        "programme": office.programme,
        "user": operator,
        "at": NOW,
    }
    assert code_of(answer_fallback, **own) == "counter.own_fallback"
    insert = """INSERT INTO payments_fallbackanswer
        (fallback_id, operator_id, supervisor_id, granted, day, slot, slots, reason, at)
        VALUES (%s, %s, %s, true, '2026-02-02', 1, 30, '', now())"""
    supervisor = staff("supervisor")
    for values in (
        [asked_for.pk, operator.pk, operator.pk],  # herself
        [asked_for.pk, supervisor.pk, operator.pk],  # under another's name
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            bulk.execute(insert, values)
    with connection_of_owner() as cursor:
        cursor.execute("ALTER TABLE payments_fallbackanswer DROP CONSTRAINT fallback_two_people")
    assert bulk.execute(insert, [asked_for.pk, operator.pk, operator.pk]) == 1


def test_fallbacks_of_one_operator_are_limited_by_day_share_and_pace(office: Office, paid: str) -> None:
    here = device()
    first, second = (begun(office, credited(skip), here) for skip in (0, 1))
    for found in (first, second):
        fingers_failed(office, found)
    requests = [asked(office, first), asked(office, second)]
    grant(office, requests[0])
    with pytest.raises(Problem, match="60 seconds"):
        grant(office, requests[1], NOW + timedelta(seconds=30))
    operator, supervisor = staff("counter"), staff("supervisor")
    _others_granted(first, operator.pk, supervisor.pk, 29)
    with pytest.raises(Problem, match="30 a day"):
        grant(office, requests[1], NOW + timedelta(minutes=20))
    assert FallbackAnswer.objects.filter(granted=True).count() == 30


def test_the_share_of_fallbacks_is_limited_too(office: Office, paid: str) -> None:
    here = device()
    found = begun(office, credited(), here)
    fingers_failed(office, found)
    request = asked(office, found)
    operator = staff("counter")
    _others_granted(found, operator.pk, staff("supervisor").pk, 4, first_slot=1)
    Verification.objects.bulk_create(
        Verification(
            payment=found.payment,
            device=here,
            operator=operator,
            programme_sha256="0" * 64,
            started_at=NOW - timedelta(hours=1),
            until=NOW,
        )
        for _ in range(15)
    )  # 20 verifications that day: 4 of them by fallback are a fifth, one more passes it
    with pytest.raises(Problem, match="20 of 100"):
        grant(office, request, NOW + timedelta(minutes=5))


def _others_granted(
    found: Verification, operator: int, supervisor: int, count: int, first_slot: int = 2
) -> None:
    """Put further granted fallbacks of the same operator and day on record, of verifications of the same kind."""
    for slot in range(first_slot, first_slot + count):
        bulk.execute(
            """
            WITH v AS (INSERT INTO payments_verification (payment_id, device_id, operator_id, programme_sha256, started_at, until)
                       SELECT payment_id, device_id, operator_id, programme_sha256, started_at, until
                       FROM payments_verification WHERE id = %s RETURNING id),
                 f AS (INSERT INTO payments_fallback (verification_id, means, operator_id, reason, at)
                       SELECT id, 'face', %s, 'worn', %s FROM v RETURNING id)
            SELECT id FROM f
            """,
            [found.pk, operator, NOW],
        )
        bulk.execute(
            """INSERT INTO payments_fallbackanswer (fallback_id, operator_id, supervisor_id, granted, day, slot, slots, reason, at)
               SELECT max(id), %s, %s, true, %s, %s, 30, '', %s FROM payments_fallback""",
            [operator, supervisor, NOW.date(), slot, NOW - timedelta(minutes=10)],
        )


# ---- cash that did not come out, and devices -----------------------------------------------------------------------


def test_a_withdrawal_without_cash_is_reversed_within_minutes_and_the_money_stays_hers(
    office: Office, paid: str
) -> None:
    payment, here = credited(), device()
    take(authorised(office, payment, here), here, payment.amount_paisa)
    found = Withdrawal.objects.get()
    said = {"withdrawal_id": found.pk, "programme": office.programme, "user": staff("counter")}
    assert code_of(reverse, reason="", at=NOW, **said) == "counter.reason_missing"
    late = NOW + timedelta(minutes=31)
    assert code_of(reverse, reason="no_cash", at=late, **said) == "counter.reversal_late"
    assert code_of(reverse, reason="no_cash", at=NOW + LATER, **said) == "done"
    assert code_of(reverse, reason="no_cash", at=NOW + LATER, **said) == "counter.reversal_late"
    again = NOW + 2 * LATER
    assert take(authorised(office, payment, here, again), here, payment.amount_paisa, again) == "done"


def test_one_person_blocks_a_device_and_two_open_it_again(office: Office, paid: str) -> None:
    here, first, second = device(), staff("integrity"), staff("auditor")
    second.groups.add(Group.objects.get(name="integrity_officer"))
    said = {"reason": "same second, many times", "at": NOW}
    assert code_of(ask_unblock, device_id=here.pk, user=first, **said) == "devices.standing"
    block_device(device_id=here.pk, user=first, reason="same second", at=NOW)
    assert code_of(block_device, device_id=here.pk, user=second, **said) == "devices.standing"
    request = ask_unblock(device_id=here.pk, user=first, reason="repaired", at=NOW)
    assert code_of(unblock_device, asked_id=request.pk, user=first, **said) == "devices.two_people"
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.execute(
            "INSERT INTO payments_deviceact (device_id, act, by_id, asked_id, asked_by_id, reason, at) "
            "VALUES (%s, 'unblock', %s, %s, %s, 'x', now())",
            [here.pk, first.pk, request.pk, second.pk],
        )
    unblock_device(asked_id=request.pk, user=second, reason="seen", at=NOW)
    here.refresh_from_db()
    assert here.status == "active"
    block_device(device_id=here.pk, user=second, reason="again", at=NOW)
    assert code_of(unblock_device, asked_id=request.pk, user=second, **said) == "devices.standing"
