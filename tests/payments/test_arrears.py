"""What is due of a quarter is paid once, from one fund, also late and at the rate of that quarter."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from kafalat.core.problems import Problem
from kafalat.core.quarters import Quarter
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.cycles.approvals import check_list
from kafalat.payments.cycles.held import held_back, held_families, held_list
from kafalat.payments.cycles.lifecycle import prepare_list
from kafalat.payments.models import Entitlement, HeldBack, PaymentList
from kafalat.registry import bulk
from tests.conftest import NOW
from tests.payments.people import keep_families
from tests.payments.steps import PHASE, connection_of_owner, dispatched, opened, prepared

SECOND = Quarter(2026, 2)


def unsuspend() -> None:
    bulk.execute(
        "UPDATE enrolment_beneficiary SET status = 'active', standing_reason = '' WHERE status = 'suspended'"
    )


def _enrolled_on(day: date) -> None:
    with connection_of_owner() as cursor:
        cursor.execute("UPDATE enrolment_beneficiary SET enrolled_on = %s", [day])


def test_a_quarter_missed_is_paid_with_the_next_at_its_own_rate(office: Office, enrolled: str) -> None:
    """Enrolled in October 2025 and never paid: the first tranche of 2026 pays both quarters, 13,500 and 14,500."""
    _enrolled_on(date(2025, 10, 15))
    payment_list = prepared(office, opened(office))
    by_quarter = set(Entitlement.objects.values_list("quarter", "amount_paisa"))
    assert by_quarter == {("2025Q4", 1_350_000), ("2026Q1", 1_450_000)}
    families = Entitlement.objects.values("beneficiary_id").distinct().count()
    assert payment_list.payments == 2 * families
    assert payment_list.amount_paisa == families * (1_350_000 + 1_450_000)


def test_arrears_go_back_no_further_than_enrolment_and_the_programme_say(
    office: Office, enrolled: str
) -> None:
    _enrolled_on(date(2020, 1, 1))
    prepared(office, opened(office))
    quarters = sorted(set(Entitlement.objects.values_list("quarter", flat=True)))
    assert quarters == ["2025Q1", "2025Q2", "2025Q3", "2025Q4", "2026Q1"]
    assert len(quarters) == office.programme.calendar.arrears_quarters + 1


def test_whoever_was_enrolled_after_a_quarter_has_nothing_due_of_it(office: Office, enrolled: str) -> None:
    _enrolled_on(date(2026, 1, 1))
    prepared(office, opened(office))
    assert set(Entitlement.objects.values_list("quarter", flat=True)) == {"2026Q1"}


def test_a_family_held_back_is_paid_when_it_is_settled(office: Office, enrolled: str) -> None:
    """Suspended in one tranche, it is in the queue with its age; unblocked in the next, it is paid for both."""
    keep_families(6)
    first = opened(office)
    with transaction.atomic():
        prepared(office, first)
        held = sorted(Entitlement.objects.values_list("beneficiary_id", flat=True))[:2]
        transaction.set_rollback(True)
    bulk.execute(
        "UPDATE enrolment_beneficiary SET status = 'suspended', standing_reason = 'test' WHERE id = ANY (%s)",
        [held],
    )
    dispatched(office, first)
    assert [(row.reason, row.since, row.quarters, row.families) for row in held_back(first)] == [
        ("suspended", "2026Q1", 0, 2)
    ]
    with connection_of_owner() as cursor:
        cursor.execute("UPDATE payments_cycle SET status = 'closed', closed_at = now()")
    second = opened(office, SECOND)
    prepared(office, second)
    assert [(row.reason, row.since, row.quarters, row.families) for row in held_back(second)] == [
        ("suspended", "2026Q1", 1, 2)
    ]
    assert [row.beneficiary_id for row in held_list(second, reason="suspended", limit=10)] == held
    unsuspend()
    late = prepared(office, second)
    due = sorted(late.items.values_list("entitlement__beneficiary_id", "entitlement__quarter"))
    assert due == [(who, quarter) for who in held for quarter in ("2026Q1", "2026Q2")]
    assert held_families(second) == 0
    assert not HeldBack.objects.filter(cleared_at=None).exists()


def test_a_quarter_whose_own_cycle_is_open_is_left_to_it(office: Office, enrolled: str) -> None:
    opened(office)
    later = opened(office, SECOND)
    prepared(office, later)
    assert set(Entitlement.objects.values_list("quarter", flat=True)) == {"2026Q2"}


def test_a_second_fund_pays_nobody_a_quarter_again(office: Office, enrolled: str) -> None:
    """3,622,376 women were paid one instalment from two funding sources in 2011-12: Rs 6.87 billion."""
    cycle = opened(office)
    paid_for = prepared(office, cycle)
    with pytest.raises(Problem) as caught:
        prepare_list(
            cycle_id=cycle.pk,
            phase=PHASE,
            programme=office.programme,
            user=staff("maker"),
            at=NOW,
            fund="development_partners",
        )
    assert caught.value.code == "payments.nothing_to_pay"
    assert PaymentList.objects.get() == paid_for
    assert set(Entitlement.objects.values_list("fund", flat=True)) == {"federal_budget"}


# The same family or the same payee, in the same or another cycle, from another fund: each by raw SQL as the application.
_AGAIN = """
    INSERT INTO payments_entitlement (cycle_id, beneficiary_id, component, phase, amount_paisa, quarter, programme_code,
        payee_id, fund)
    SELECT %s, b.id, e.component, e.phase, e.amount_paisa, e.quarter, e.programme_code, e.payee_id, 'development_partners'
    FROM payments_entitlement AS e JOIN enrolment_beneficiary AS b ON {which} WHERE e.id = (
        SELECT min(id) FROM payments_entitlement) LIMIT 1
"""
_SAME = "b.id = e.beneficiary_id"
_OTHER_FAMILY = "b.id <> e.beneficiary_id AND NOT EXISTS (SELECT FROM payments_entitlement AS x WHERE x.beneficiary_id = b.id)"


def test_the_database_refuses_a_second_payment_of_a_quarter(office: Office, enrolled: str) -> None:
    cycle = opened(office)
    prepared(office, cycle)
    other = opened(office, SECOND)
    for which in (_SAME, _OTHER_FAMILY):
        for into in (cycle, other):
            with (
                pytest.raises(
                    IntegrityError,
                    match=r"entitlement_(once|person_once|as_enrolled)|not that of an enrolled",
                ),
                transaction.atomic(),
            ):
                bulk.execute(_AGAIN.format(which=which), [into.pk])


def test_without_the_keys_the_second_fund_would_pay(office: Office, enrolled: str) -> None:
    """Control: the same statement goes through once the two unique keys are gone."""
    cycle = opened(office)
    prepared(office, cycle)
    other = opened(office, SECOND)
    with connection_of_owner() as cursor:
        for key in ("entitlement_once", "entitlement_person_once"):
            cursor.execute(f"ALTER TABLE payments_entitlement DROP CONSTRAINT {key}")
    assert bulk.execute(_AGAIN.format(which=_SAME), [other.pk]) == 1


def test_nothing_is_due_of_a_quarter_to_come_or_to_somebody_else(office: Office, enrolled: str) -> None:
    cycle = opened(office)
    prepared(office, cycle)
    for change in ("quarter = '2026Q2'", "payee_id = e.payee_id + 1", "programme_code = 'other'"):
        column, value = change.split(" = ", 1)
        columns = [
            "cycle_id",
            "beneficiary_id",
            "component",
            "phase",
            "amount_paisa",
            "quarter",
            "programme_code",
            "payee_id",
        ]
        chosen = ", ".join(value if name == column else f"e.{name}" for name in columns)
        with pytest.raises(IntegrityError), transaction.atomic():
            bulk.execute(
                f"INSERT INTO payments_entitlement ({', '.join(columns)}, fund) SELECT {chosen}, 'x' "
                "FROM payments_entitlement AS e ORDER BY e.id LIMIT 1"
            )


@pytest.mark.parametrize("act", ["prepare", "check"])
def test_a_list_takes_the_same_number_of_statements_at_any_size(
    office: Office, enrolled: str, act: str
) -> None:
    counts = []
    for families in (4, 60):
        with transaction.atomic():
            bulk.execute(
                "UPDATE enrolment_beneficiary SET status = 'suspended', standing_reason = 'test' WHERE id NOT IN "
                "(SELECT id FROM enrolment_beneficiary ORDER BY id LIMIT %s)",
                [families],
            )
            cycle = opened(office)
            payment_list = prepared(office, cycle) if act == "check" else None
            with CaptureQueriesContext(connection) as captured:
                if payment_list is None:
                    payment_list = prepared(office, cycle)
                else:
                    check_list(payment_list_id=payment_list.pk, user=staff("checker"), at=NOW)
            counts.append((payment_list.payments, len(captured)))
            transaction.set_rollback(True)
    (few, once), (many, again) = counts
    assert few < many
    assert once == again
