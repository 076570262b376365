"""Changes of account, CNIC and payee: two people, a match with the surveyed family, one transaction, nothing in flight touched."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from kafalat.core.identifiers import synthetic_iban
from kafalat.core.problems import Problem
from kafalat.enrolment.account_selectors import operators
from kafalat.enrolment.changes import Asked, ask_change, decide_change
from kafalat.enrolment.life import confirm_visit, record_visit
from kafalat.enrolment.models import Account, Beneficiary, Change, Event
from kafalat.enrolment.payable import reasons_of
from kafalat.enrolment.standing import reinstate, suspend
from kafalat.interfaces.office import Office
from kafalat.policy.geography import banks_by_code
from kafalat.registry.models import Person
from kafalat.registry.selectors import CNIC_PURPOSE
from tests.conftest import NOW
from tests.enrolment.steps import (
    LATER,
    TODAY,
    notice,
    noticed,
    officer,
    paid_into,
    refused_by,
    second_officer,
    with_adult,
    years_from_now,
)

VALID = years_from_now(5).isoformat()


def ask(office: Office, beneficiary_id: int, asked: Asked, user: User | None = None) -> Change:
    """Ask for a change as the first officer."""
    return ask_change(
        beneficiary_id=beneficiary_id,
        asked=asked,
        programme=office.programme,
        sealer=office.sealer,
        user=user or officer(),
        at=NOW,
    )


def decide(office: Office, change: Change, *, approve: bool = True, user: User | None = None) -> Change:
    """Decide about it as the second."""
    return decide_change(
        change_id=change.pk,
        approve=approve,
        reason="" if approve else "wrong",
        programme=office.programme,
        user=user or second_officer(),
        at=NOW,
    )


def another_account(office: Office, account: Account, number: int = 1) -> Asked:
    """What is typed to change to an account at the same bank."""
    code = banks_by_code(office.programme)[account.bank].iban_code
    iban = synthetic_iban(code, 9 * 10**15 + number)
    return Asked("account", "lost her phone", bank=account.bank, iban=iban, mobile=f"0333-900000{number}")


def card_of(office: Office, person: Person) -> str:
    """The number on a person's card."""
    return office.sealer.unseal(bytes(person.cnic_sealed or b""), CNIC_PURPOSE)


def new_card(person: Person, cnic: str) -> Asked:
    """What is typed to correct a payee's number, as printed on her own card."""
    born = person.household.interviewed_on.year - person.age_years
    return Asked(
        "cnic", "was misread", cnic=cnic, name=person.name_en, birth_year=str(born), valid_until=VALID
    )


def take_over(office: Office, found: Beneficiary) -> tuple[Person, Asked]:
    """The adult who takes over, and what is typed for it."""
    person = found.family.people.filter(age_years__gte=25, sex="male", cnic_sealed__isnull=False)[0]
    asked = Asked(
        "payee", "she has died", cnic=card_of(office, person), valid_until=VALID, line_no=str(person.line_no)
    )
    return person, asked


# ---- account ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["account", "wallet"])
def test_a_new_account_is_used_once_another_officer_approved_its_title_came_and_she_did(
    office: Office, enrolled: str, tmp_path: Path, channel: str
) -> None:
    old = paid_into(channel)
    change = ask(office, old.beneficiary_id, another_account(office, old))
    old.refresh_from_db()
    assert old.status == "active"  # asking changes nothing
    decide(office, change)
    old.refresh_from_db()
    new = Account.objects.get(beneficiary_id=old.beneficiary_id, closed_on__isnull=True)
    assert (old.status, new.status, new.title_status) == ("closed", "opened", "pending")
    assert "title_not_matched" in reasons_of(
        beneficiary_id=old.beneficiary_id, programme_code=office.programme.code, day=TODAY
    )
    noticed(office, tmp_path / "a.csv", new.bank, [notice(office, new, "titled", reason=old.payee.name_en)])
    noticed(office, tmp_path / "b.csv", new.bank, [notice(office, new, "activated", method="verisys")])
    new.refresh_from_db()
    assert (new.status, new.title_status, new.activation) == ("active", "matched", "verisys")


def test_nobody_approves_her_own_request_and_nobody_twice(office: Office, enrolled: str) -> None:
    old = paid_into()
    change = ask(office, old.beneficiary_id, another_account(office, old))
    with pytest.raises(Problem) as own:
        decide(office, change, user=officer())
    assert own.value.code == "changes.own"
    by_hand = f"UPDATE enrolment_change SET status = 'approved', approved = true, decided_by_id = asked_by_id, decided_at = now() WHERE id = {change.pk}"
    assert refused_by(by_hand) == "change_second_person"
    decide(office, change)  # control
    with pytest.raises(Problem) as again:
        decide(office, change)
    assert again.value.code == "changes.decided"
    assert refused_by("UPDATE enrolment_change SET decision_reason = 'x'") == "said_once"


def test_an_account_opens_for_the_change_that_was_approved_and_for_no_other(
    office: Office, enrolled: str
) -> None:
    """By raw SQL: neither before the approval, nor with another IBAN, nor for another beneficiary."""
    old = paid_into("account")
    change = ask(office, old.beneficiary_id, another_account(office, old))
    close = "UPDATE enrolment_account SET status = 'closed', closed_on = opened_on WHERE id IN ({ids})"
    other = Account.objects.filter(status="active").exclude(pk=old.pk).order_by("pk")[0]
    assert refused_by(close.format(ids=f"{old.pk}, {other.pk}")) == ""

    def insert(beneficiary: int, iban: str) -> str:
        return (
            "INSERT INTO enrolment_account (beneficiary_id, payee_id, bank, bank_bic, channel, iban_sealed, iban_last4, "
            "synthetic, opened_on, change_id, change_approved) SELECT b.id, b.payee_id, c.new_bank, 'HABBPKKA', 'account', "
            f"{iban}, '0001', false, now()::date, c.id, true FROM enrolment_change AS c, enrolment_beneficiary AS b "
            f"WHERE c.id = {change.pk} AND b.id = {beneficiary}"
        )

    key = "account_of_approved_change"
    assert refused_by(insert(old.beneficiary_id, "c.new_iban_sealed")) == key
    Change.objects.filter(pk=change.pk).update(
        status="approved", approved=True, decided_by=second_officer(), decided_at=LATER
    )
    assert refused_by(insert(old.beneficiary_id, "'\\x05'::bytea")) == key
    assert refused_by(insert(other.beneficiary_id, "c.new_iban_sealed")) == key
    assert refused_by(insert(old.beneficiary_id, "c.new_iban_sealed")) == ""  # control


def test_a_number_that_is_taken_is_refused_with_a_sentence_and_nothing_changes(
    office: Office, enrolled: str
) -> None:
    first, second = Account.objects.filter(status="active", channel="account").order_by("pk")[:2]
    asked = another_account(office, first)
    decide(office, ask(office, first.beneficiary_id, asked))
    change = ask(office, second.beneficiary_id, replace(asked, bank=first.bank))
    with pytest.raises(Problem) as caught:
        decide(office, change)
    assert caught.value.code == "changes.taken"
    change.refresh_from_db()
    second.refresh_from_db()
    assert (change.status, second.status) == ("asked", "active")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("iban", "PK00HABB0000000000000001"),
        ("iban", ""),
        ("mobile", "12"),
        ("reason", " "),
        ("bank", "moon"),
        ("kind", "colour"),
    ],
)
def test_what_cannot_be_read_asks_for_nothing(office: Office, enrolled: str, field: str, value: str) -> None:
    wallet = paid_into("wallet")
    good = another_account(office, wallet)
    with pytest.raises(Problem):
        ask(office, wallet.beneficiary_id, replace(good, **{field: value}))
    assert not Change.objects.exists()
    ask(office, wallet.beneficiary_id, good)  # control
    with pytest.raises(Problem, match="waits for its second officer"):
        ask(office, wallet.beneficiary_id, good)


# ---- CNIC ------------------------------------------------------------------------------------------------------


def test_a_corrected_number_ties_to_the_payee_by_name_and_birth(office: Office, enrolled: str) -> None:
    payee = paid_into().beneficiary.payee
    beneficiary = Beneficiary.objects.get(payee=payee)
    decide(office, ask(office, beneficiary.pk, new_card(payee, "61101-7654321-2")))
    payee.refresh_from_db()
    assert card_of(office, payee) == "6110176543212"
    assert payee.cnic_valid_until == years_from_now(5)


def test_a_card_of_somebody_outside_the_family_is_never_put_in_her_place(
    office: Office, enrolled: str
) -> None:
    """The finding of 125,714 substitutions: another name, another age, or a number that is another person's."""
    account = paid_into()
    payee, stranger = (
        account.beneficiary.payee,
        Person.objects.exclude(household=account.payee.household_id).filter(cnic_sealed__isnull=False)[0],
    )
    good = new_card(payee, "61101-7654321-1")
    for wrong, finding in (
        (replace(good, name="Muhammad Aslam Qureshi"), "other_name"),
        (replace(good, birth_year="1930"), "other_birth_year"),
        (replace(good, cnic=card_of(office, stranger)), "cnic_of_another"),
    ):
        change = ask(office, account.beneficiary_id, wrong)
        assert not change.matched
        assert finding in change.findings
        with pytest.raises(Problem, match="does not match"):
            decide(office, change)
        by_hand = (
            "UPDATE enrolment_change SET status = 'approved', approved = true, decided_at = now(), "
            f"decided_by_id = {second_officer().pk} WHERE id = {change.pk}"
        )
        assert refused_by(by_hand) == "change_approved_matches"
        decide(office, change, approve=False)
    odd = ask(
        office, account.beneficiary_id, good
    )  # control: hers matches, an odd last digit is a hint alone
    assert (odd.matched, odd.findings) == (True, ["other_parity"])


# ---- payee -----------------------------------------------------------------------------------------------------


def test_another_adult_of_the_family_takes_over_and_the_old_account_closes(
    office: Office, enrolled: str
) -> None:
    found = with_adult()
    person, asked = take_over(office, found)
    decide(office, ask(office, found.pk, asked))
    found.refresh_from_db()
    assert found.payee_id == person.pk
    assert not Account.objects.filter(beneficiary=found, closed_on__isnull=True).exists()
    event = Event.objects.get(beneficiary=found, kind="payee")
    assert (event.after, event.by, event.reason) == (str(person.pk), "accounts2", "she has died")
    assert reasons_of(beneficiary_id=found.pk, programme_code=office.programme.code, day=TODAY)[-1:] == [
        "no_account"
    ]


def test_nobody_outside_the_family_takes_over(office: Office, enrolled: str) -> None:
    found = with_adult()
    person, asked = take_over(office, found)
    stranger = Person.objects.exclude(household=found.family.household_id)[0]
    with pytest.raises(Problem):
        ask(office, found.pk, replace(asked, line_no="99"))
    wrong_card = ask(office, found.pk, replace(asked, cnic="61101-7654321-1"))
    assert wrong_card.findings[0] == "cnic_not_of_family"
    decide(office, wrong_card, approve=False)
    insert = (
        "INSERT INTO enrolment_change (beneficiary_id, payee_id, kind, reason, new_bank, new_iban_last4, new_payee_id, matched, "
        "findings, status, approved, asked_by_id, asked_at, decision_reason) SELECT id, payee_id, 'payee', 'x', '', '', "
        f"{{payee}}, true, '[]', 'asked', false, {officer().pk}, now(), '' FROM enrolment_beneficiary WHERE id = {found.pk}"
    )
    assert refused_by(insert.format(payee=stranger.pk)) == "change_within_family"
    assert refused_by(insert.format(payee=person.pk)) == ""  # control
    change = Change.objects.latest("id")
    assert refused_by(f"SELECT enrolment_take_over({change.pk})") == "take_over_approved"


def test_a_family_whose_payee_has_died_goes_on_with_another(office: Office, enrolled: str) -> None:
    found = with_adult()
    suspend(
        beneficiaries=[found.pk],
        reason="reported_dead",
        programme=office.programme,
        today=TODAY,
        user=officer(),
        at=NOW,
    )
    visit = record_visit(
        beneficiary_id=found.pk, outcome="dead", visited_on=TODAY, note="", user=officer(), at=LATER
    )
    confirm_visit(visit_id=visit.pk, today=TODAY, user=second_officer(), at=LATER)
    again: dict[str, Any] = {
        "beneficiaries": [found.pk],
        "reason": "new_payee",
        "today": TODAY,
        "user": officer(),
    }
    with pytest.raises(Problem):
        reinstate(at=LATER, **again)
    decide(office, ask(office, found.pk, take_over(office, found)[1]))
    assert reinstate(at=LATER + timedelta(hours=1), **again) == 1


# ---- operators -------------------------------------------------------------------------------------------------


def test_an_operator_asks_for_so_many_a_day_and_stands_out_above_the_usual(
    office: Office, enrolled: str
) -> None:
    accounts = list(Account.objects.filter(status="active").order_by("pk")[:31])
    rules = office.programme.accounts
    assert rules is not None
    most = rules.changes.operator_day_max
    for number, account in enumerate(accounts[:most]):
        ask(office, account.beneficiary_id, another_account(office, account, number % 9 + 1))
    with pytest.raises(Problem, match=str(most)):
        ask(office, accounts[most].beneficiary_id, another_account(office, accounts[most]))
    for number, account in enumerate(accounts[most : most + 4]):
        who = User.objects.create(username=f"other{number}")
        who.groups.add(*officer().groups.all())
        ask(office, account.beneficiary_id, another_account(office, account), who)
    found = {one.username: one for one in operators(office.programme, LATER)}
    assert (found["accounts"].asked, found["accounts"].outlier) == (most, True)
    assert [one.username for one in found.values() if one.outlier] == ["accounts"]
