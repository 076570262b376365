"""Where a family stands: suspended is not exited, a report of death is not a death, an expired card waits for its renewal."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from kafalat.core.problems import Problem
from kafalat.enrolment.enrol import promote
from kafalat.enrolment.life import confirm_visit, families_to_review, life_queue, record_visit
from kafalat.enrolment.models import Account, Beneficiary, Event, LifeVisit
from kafalat.enrolment.payable import HELD_BACK_SQL, reasons_of
from kafalat.enrolment.renewals import import_renewals
from kafalat.enrolment.standing import exit_families, reinstate, suspend, suspend_reported_dead
from kafalat.interfaces.office import Office
from kafalat.registry import bulk
from kafalat.registry.lists import import_list
from kafalat.registry.models import Person
from kafalat.registry.selectors import CNIC_PURPOSE
from kafalat.targeting.runs import find_run
from tests.conftest import NOW
from tests.enrolment.steps import (
    LATER,
    TODAY,
    officer,
    paid_into,
    refused_by,
    second_officer,
    years_from_now,
)


def payable(office: Office, count: int) -> list[int]:
    """The first families that can be paid today."""
    parameters = {"programme": office.programme.code, "day": TODAY}
    held = {beneficiary for beneficiary, _ in bulk.rows(HELD_BACK_SQL, parameters)}
    active = Beneficiary.objects.filter(status="active").order_by("pk").values_list("pk", flat=True)
    return [number for number in active if number not in held][:count]


def suspended(office: Office, reason: str = "under_inquiry", count: int = 1) -> list[int]:
    """Suspend the first families that can be paid."""
    ids = payable(office, count)
    suspend(beneficiaries=ids, reason=reason, programme=office.programme, today=TODAY, user=officer(), at=NOW)
    return ids


def reasons(office: Office, beneficiary_id: int, day: date = TODAY) -> list[str]:
    """Why a family is not payable."""
    return reasons_of(beneficiary_id=beneficiary_id, programme_code=office.programme.code, day=day)


def visited(beneficiary_id: int, outcome: str) -> LifeVisit:
    """Record a visit as the first officer."""
    return record_visit(
        beneficiary_id=beneficiary_id,
        outcome=outcome,
        visited_on=TODAY,
        note="",
        user=officer(),
        at=LATER,
    )


def test_a_suspension_holds_back_keeps_the_place_and_is_lifted(office: Office, enrolled: str) -> None:
    first, second = suspended(office, count=2)
    assert reasons(office, first) == ["suspended"]
    found = Beneficiary.objects.get(pk=first)
    assert (found.standing_since, found.standing_until) == (TODAY, TODAY + timedelta(days=30))
    assert promote(run=find_run("latest"), enrolled_on=TODAY, actor="test", at=NOW) == 0
    reinstate(beneficiaries=[first, second], reason="papers_shown", today=TODAY, user=officer(), at=LATER)
    assert reasons(office, first) == []
    history = Event.objects.filter(beneficiary_id=first, kind="standing").order_by("pk")
    assert [(e.before, e.after, e.reason, e.by) for e in history] == [
        ("active", "suspended", "under_inquiry", "accounts"),
        ("suspended", "active", "papers_shown", "accounts"),
    ]


def test_an_exit_is_final_and_says_until_when_to_appeal(office: Office, enrolled: str) -> None:
    (gone,) = suspended(office)
    exit_families(
        beneficiaries=[gone],
        reason="no_answer",
        programme=office.programme,
        today=TODAY,
        user=officer(),
        at=NOW,
    )
    found = Beneficiary.objects.get(pk=gone)
    assert (found.status, found.standing_until) == ("exited", TODAY + timedelta(days=60))
    with pytest.raises(Problem, match="exited"):
        reinstate(beneficiaries=[gone], reason="sorry", today=TODAY, user=officer(), at=LATER)
    back = f"UPDATE enrolment_beneficiary SET status = 'active' WHERE id = {gone}"
    assert refused_by(back) == "standing_transition"


def test_a_list_of_families_is_moved_whole_or_not_at_all(office: Office, enrolled: str) -> None:
    (out,) = suspended(office)
    active = list(Beneficiary.objects.filter(status="active").order_by("pk").values_list("pk", flat=True)[:5])
    for wrong in (out, 10**9):
        with pytest.raises(Problem, match=str(wrong)):
            suspend(
                beneficiaries=[*active, wrong],
                reason="under_inquiry",
                programme=office.programme,
                today=TODAY,
                user=officer(),
                at=NOW,
            )
    assert Beneficiary.objects.filter(status="suspended").count() == 1
    with pytest.raises(Problem, match="no reason"):
        suspended(office, reason="because")
    assert len(suspended(office, count=5)) == 5  # control
    reasonless = (
        "UPDATE enrolment_beneficiary SET status = 'suspended', standing_reason = '' WHERE status = 'active'"
    )
    assert refused_by(reasonless) == "beneficiary_standing_has_reason"


# ---- death -----------------------------------------------------------------------------------------------------


def test_who_stands_on_a_list_of_deaths_is_suspended_until_two_officers_find_her_alive(
    office: Office, enrolled: str, tmp_path: Path
) -> None:
    payees = [one.payee for one in Beneficiary.objects.filter(pk__in=payable(office, 2))]
    listed = tmp_path / "deaths.csv"
    numbers = [office.sealer.unseal(bytes(p.cnic_sealed or b""), CNIC_PURPOSE) for p in payees]
    listed.write_text("\n".join(["cnic", *numbers]) + "\n")
    import_list(
        path=listed,
        code="deceased",
        list_date=TODAY,
        programme=office.programme,
        sealer=office.sealer,
        work=office.home.work,
        actor="test",
        at=NOW,
    )
    flag: dict[str, Any] = {"programme": office.programme, "today": TODAY, "user": officer()}
    assert suspend_reported_dead(at=NOW, **flag) == 2
    assert suspend_reported_dead(at=NOW, **flag) == 0
    alive, dead = Beneficiary.objects.filter(payee__in=payees).order_by("payee_id")
    assert {alive.status, dead.status} == {"suspended"}  # and nobody is gone
    assert [case.beneficiary.pk for case in life_queue(office.programme)] == sorted([alive.pk, dead.pk])
    for found, outcome in ((alive, "alive"), (dead, "dead")):
        visit = visited(found.pk, outcome)
        assert Beneficiary.objects.get(pk=found.pk).status == "suspended"  # one officer is not enough
        with pytest.raises(Problem, match="yourself"):
            confirm_visit(visit_id=visit.pk, today=TODAY, user=officer(), at=LATER)
        confirm_visit(visit_id=visit.pk, today=TODAY, user=second_officer(), at=LATER)
        with pytest.raises(Problem):
            confirm_visit(visit_id=visit.pk, today=TODAY, user=second_officer(), at=LATER)
    assert reasons(office, alive.pk) == []
    assert reasons(office, dead.pk) == ["suspended"]
    assert [found.pk for found in families_to_review(office.programme)] == [dead.pk]
    assert life_queue(office.programme) == []
    # The same list does not flag her again; a newer one would.
    assert suspend_reported_dead(at=LATER, **flag) == 0


def test_nobody_reported_dead_comes_back_without_a_confirmed_visit(office: Office, enrolled: str) -> None:
    (reported,) = suspended(office, reason="reported_dead")
    with pytest.raises(Problem, match="no visit confirmed"):
        reinstate(beneficiaries=[reported], reason="he said so", today=TODAY, user=officer(), at=LATER)
    visited(reported, "alive")
    back = f"UPDATE enrolment_beneficiary SET status = 'active' WHERE id = {reported}"
    assert (
        refused_by(back) == "standing_proof_of_life"
    )  # by raw SQL neither, and an unconfirmed visit is none
    own = "UPDATE enrolment_lifevisit SET confirmed_by_id = recorded_by_id, confirmed_at = recorded_at"
    assert refused_by(own) == "life_visit_second_person"
    visit = LifeVisit.objects.get()
    confirm_visit(visit_id=visit.pk, today=TODAY, user=second_officer(), at=LATER)
    assert Beneficiary.objects.get(pk=reported).status == "active"  # control
    assert refused_by("UPDATE enrolment_lifevisit SET confirmed_at = now()") == "said_once"


def test_a_visit_of_before_the_report_proves_nothing(office: Office, enrolled: str) -> None:
    (reported,) = suspended(office, reason="reported_dead")
    confirm_visit(visit_id=visited(reported, "alive").pk, today=TODAY, user=second_officer(), at=LATER)
    suspend(
        beneficiaries=[reported],
        reason="reported_dead",
        programme=office.programme,
        today=TODAY,
        user=officer(),
        at=LATER + timedelta(days=1),
    )
    with pytest.raises(Problem, match="no visit confirmed"):
        reinstate(
            beneficiaries=[reported],
            reason="still alive",
            today=TODAY,
            user=officer(),
            at=LATER + timedelta(days=2),
        )


# ---- cards -----------------------------------------------------------------------------------------------------


def test_an_expired_card_blocks_and_its_renewal_unblocks(
    office: Office, enrolled: str, tmp_path: Path
) -> None:
    account = next(
        one
        for one in Account.objects.filter(status="active").select_related("payee").order_by("pk")
        if reasons(office, one.beneficiary_id) == []
    )
    payee = account.payee
    last = payee.cnic_valid_until
    assert last is not None
    assert reasons(office, account.beneficiary_id, last) == []  # the card's last day is still a day of it
    after = last + timedelta(days=1)
    assert reasons(office, account.beneficiary_id, after) == ["payee_cnic_expired"]
    cnic = office.sealer.unseal(bytes(payee.cnic_sealed or b""), CNIC_PURPOSE)
    path = tmp_path / "renewed.csv"
    path.write_text(f"cnic,valid_until\n{cnic},{years_from_now(20)}\n61101-7777777-1,2040-01-01\n")
    found = import_renewals(path=path, sealer=office.sealer, user=officer(), at=NOW)
    assert (found.renewed, found.unknown) == (1, 1)
    assert reasons(office, account.beneficiary_id, after) == []
    path.write_text(f"cnic,valid_until\n{cnic},2020-01-01\n")  # an older list takes nothing back
    assert import_renewals(path=path, sealer=office.sealer, user=officer(), at=NOW).renewed == 0


@pytest.mark.parametrize(
    "line", ["35202-1234567,2040-01-01", "3520212345678,soon", "3520212345678,2040-01-01"]
)
def test_a_list_of_renewals_with_a_wrong_line_changes_nothing(
    office: Office, enrolled: str, tmp_path: Path, line: str
) -> None:
    payee = paid_into().payee
    cnic = office.sealer.unseal(bytes(payee.cnic_sealed or b""), CNIC_PURPOSE)
    path = tmp_path / "renewed.csv"
    path.write_text(f"cnic,valid_until\n{cnic},2049-01-01\n3520212345678,2040-01-01\n{line}\n")
    with pytest.raises(Problem, match="line 4"):
        import_renewals(path=path, sealer=office.sealer, user=officer(), at=NOW)
    assert not Person.objects.filter(cnic_valid_until=date(2049, 1, 1)).exists()
