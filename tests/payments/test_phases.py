"""Phases of a tranche: released in order, not before their day, each with its own lists, channels and bank files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from kafalat.core.problems import Problem
from kafalat.core.quarters import Quarter
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.cycles.approvals import check_list, release_list
from kafalat.payments.cycles.lifecycle import close_cycle, prepare_list
from kafalat.payments.models import BankFile, Cycle, CyclePhase, Entitlement, Payment
from kafalat.policy.geography import phase_by_place
from kafalat.policy.model import Phase
from kafalat.registry import bulk
from tests.conftest import NOW
from tests.payments.steps import (
    approve,
    authorise,
    checked,
    connection_of_owner,
    dispatched,
    opened,
    prepared,
    released,
)

TRANCHE = Quarter(2026, 1)


@contextmanager
def with_phases(office: Office, **change: object) -> Iterator[None]:
    """Let the second phase of the office's calendar be otherwise."""
    shipped = office.programme
    plan = shipped.calendar.phase_plans[0]
    phases: tuple[Phase, ...] = (plan.phases[0], plan.phases[1].model_copy(update=change))
    calendar = shipped.calendar.model_copy(
        update={"phase_plans": (plan.model_copy(update={"phases": phases}),)}
    )
    office.__dict__["programme"] = shipped.model_copy(update={"calendar": calendar})
    try:
        yield
    finally:
        office.__dict__["programme"] = shipped


def test_a_cycle_knows_its_phases_and_their_days(office: Office, enrolled: str) -> None:
    cycle = opened(office)
    first, second = cycle.phases.order_by("position")
    assert (first.code, str(first.opens_on), str(first.starts_on)) == ("phase_1", "2025-12-29", "2026-01-01")
    assert (second.code, str(second.opens_on), str(second.starts_on)) == (
        "phase_2",
        "2026-01-12",
        "2026-01-15",
    )
    assert (first.channels, second.channels) == (["account", "wallet"], ["account", "wallet", "camp"])
    assert "suspended" in first.holds


def test_a_list_holds_the_families_of_its_phase_alone(office: Office, enrolled: str) -> None:
    cycle = opened(office)
    places = phase_by_place(office.programme, TRANCHE.first_day())
    lists = [prepared(office, cycle, phase) for phase in ("phase_1", "phase_2")]
    for payment_list in lists:
        homes = payment_list.items.values_list(
            "entitlement__beneficiary__family__household__place_id", flat=True
        )
        assert {places[place] for place in homes} == {payment_list.phase}
    assert Payment.objects.count() == Entitlement.objects.count() == sum(found.payments for found in lists)


def test_a_later_phase_waits_for_the_one_before(office: Office, enrolled: str) -> None:
    cycle = opened(office)
    later = checked(office, cycle, "phase_2")
    approve(later)
    authorise(later)
    with pytest.raises(Problem) as caught:
        released(office, later)
    assert caught.value.code == "payments.phase_out_of_order"
    assert BankFile.objects.count() == 0
    dispatched(office, cycle, "phase_1")
    assert released(office, later).files
    assert set(cycle.phases.values_list("status", flat=True)) == {"released"}


def test_a_phase_in_which_nobody_is_due_does_not_hold_up_the_next(office: Office, enrolled: str) -> None:
    cycle = opened(office)
    places = phase_by_place(office.programme, TRANCHE.first_day())
    with connection_of_owner() as cursor:
        cursor.execute(
            """
            UPDATE enrolment_beneficiary AS b SET status = 'suspended', standing_reason = 'test'
            FROM registry_family AS f JOIN registry_household AS h ON h.id = f.household_id
            WHERE f.id = b.family_id AND h.place_id = ANY (%s)
            """,
            [[place for place, phase in places.items() if phase == "phase_1"]],
        )
    dispatched(office, cycle, "phase_2")
    assert dict(cycle.phases.values_list("code", "status")) == {"phase_1": "empty", "phase_2": "released"}


def test_nothing_leaves_before_the_day_its_phase_opens(office: Office, enrolled: str) -> None:
    cycle = opened(office)
    dispatched(office, cycle, "phase_1")
    later = checked(office, cycle, "phase_2")
    approve(later)
    authorise(later)
    opens_on = cycle.phases.get(code="phase_2").opens_on
    # 19:00 UTC is midnight in Karachi: one second earlier is the day before.
    opening = datetime.combine(opens_on, datetime.min.time(), tzinfo=UTC) - timedelta(hours=5)
    act: dict[str, Any] = {
        "payment_list_id": later.pk,
        "user": staff("releaser"),
        "seen_sha256": later.sha256,
        "sender": office.sender(cycle.programme_sha256),
    }
    with pytest.raises(Problem) as caught:
        release_list(**act, at=opening - timedelta(seconds=1))
    assert caught.value.code == "payments.phase_not_open"
    assert str(opens_on) in caught.value.text("ur")
    assert release_list(**act, at=opening).files


def test_the_database_holds_day_and_order_by_itself(office: Office, enrolled: str) -> None:
    """By raw SQL: a list whose seats are all taken cannot leave early or before its turn either."""
    cycle = opened(office)
    later = checked(office, cycle, "phase_2")
    approve(later)
    authorise(later)
    seat = """
        INSERT INTO payments_approval (payment_list_id, seat, act, approver_id, person, maker_id, maker_person, list_sha256,
            seats_approve, seats_authorise, seats, reason, at)
        VALUES (%s, 3, 'release', %s, '', %s, '', %s, 1, 1, 3, '', now())
    """
    bulk.execute(seat, [later.pk, staff("releaser").pk, later.maker_id, later.sha256])
    leave = "UPDATE payments_paymentlist SET status = 'dispatched', released_at = %s WHERE id = %s"
    for at, why in ((NOW, "later phase"), (datetime(2026, 1, 1, tzinfo=UTC), "cannot leave before")):
        with pytest.raises(IntegrityError, match=why), transaction.atomic():
            bulk.execute(leave, [at, later.pk])
    cycle.phases.filter(code="phase_1").update(status=CyclePhase.Status.EMPTY)
    assert bulk.execute(leave, [NOW, later.pk]) == 1, "control: with both right, it leaves"


def test_whose_channel_is_not_open_in_the_phase_is_paid_at_a_camp_or_waits(
    office: Office, enrolled: str
) -> None:
    with with_phases(office, channels=("account", "camp")):
        cycle = opened(office)
        channels = set(prepared(office, cycle, "phase_2").items.values_list("account__channel", "channel"))
    assert channels == {("account", "account"), ("wallet", "camp")}


def test_without_a_camp_they_are_held_back(office: Office, enrolled: str) -> None:
    with with_phases(office, channels=("account",)):
        cycle = opened(office)
        payment_list = prepared(office, cycle, "phase_2")
    assert set(payment_list.items.values_list("account__channel", flat=True)) == {"account"}
    assert cycle.held_back.filter(reason="channel_closed", cleared_at=None).exists()


def test_a_bank_gets_as_many_files_as_its_limit_asks_for(office: Office, enrolled: str) -> None:
    shipped = office.programme
    profiles = {
        code: profile.model_copy(update={"payments_per_file_max": 3})
        for code, profile in shipped.bank_profiles.items()
    }
    office.__dict__["programme"] = shipped.model_copy(update={"bank_profiles": profiles})
    try:
        payment_list = dispatched(office, opened(office))
    finally:
        office.__dict__["programme"] = shipped
    files = BankFile.objects.filter(payment_list=payment_list)
    assert max(file.transactions for file in files) == 3
    assert sum(file.transactions for file in files) == payment_list.payments
    for bank in {file.bank for file in files}:
        parts = [file.part for file in files.filter(bank=bank).order_by("part")]
        assert parts == list(range(1, len(parts) + 1))
        held = [payment_list.items.filter(bank=bank, part=part).count() for part in parts]
        assert held[:-1] == [3] * (len(parts) - 1)


def test_a_cycle_closes_when_every_phase_was_paid(office: Office, enrolled: str) -> None:
    cycle = opened(office)
    dispatched(office, cycle, "phase_1")
    with pytest.raises(Problem) as caught:
        _close(office, cycle)
    assert caught.value.code == "payments.phase_unpaid"
    dispatched(office, cycle, "phase_2")
    with pytest.raises(Problem) as caught:
        _close(office, cycle)
    assert caught.value.code == "payments.cycle_unfinished"


def test_a_cycle_with_money_that_belongs_to_nobody_does_not_close(office: Office, paid: str) -> None:
    cycle = Cycle.objects.get()
    assert cycle.status == "closed", "control: the same cycle closed when its money was all accounted for"
    with connection_of_owner() as cursor:
        cursor.execute("UPDATE payments_cycle SET status = 'open', closed_at = NULL")
        cursor.execute(
            "DELETE FROM payments_transfer WHERE id = (SELECT min(id) FROM payments_transfer WHERE kind = 'paid')"
        )
    with pytest.raises(Problem) as caught:
        _close(office, cycle)
    assert caught.value.code == "payments.money_without_owner"


def _close(office: Office, cycle: Cycle) -> Cycle:
    return close_cycle(cycle_id=cycle.pk, programme=office.programme, user=staff("maker"), at=NOW)


def test_an_unknown_phase_or_fund_prepares_nothing(office: Office, enrolled: str) -> None:
    cycle = opened(office)
    values: dict[str, Any] = {
        "cycle_id": cycle.pk,
        "programme": office.programme,
        "user": staff("maker"),
        "at": NOW,
    }
    wrongs: tuple[tuple[dict[str, Any], str], ...] = (
        ({"phase": "phase_9"}, "payments.phase_unknown"),
        ({"phase": "phase_1", "fund": "lottery"}, "payments.fund_unknown"),
    )
    for wrong, code in wrongs:
        with pytest.raises(Problem) as caught:
            prepare_list(**values, **wrong)
        assert caught.value.code == code
    assert Entitlement.objects.count() == 0


def test_a_family_suspended_after_preparing_stops_the_list_at_the_check(
    office: Office, enrolled: str
) -> None:
    payment_list = prepared(office, opened(office))
    bulk.execute(
        "UPDATE enrolment_beneficiary SET status = 'suspended', standing_reason = 'reported dead' WHERE id = "
        "(SELECT min(e.beneficiary_id) FROM payments_entitlement AS e)"
    )
    with pytest.raises(Problem) as caught:
        check_list(payment_list_id=payment_list.pk, user=staff("checker"), at=NOW)
    assert caught.value.code == "payments.list_exception"
