"""Deciding about a payment list: what the page offers, what it says before, and that nobody gets round it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from kafalat.core.money import rupees_text
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.models import Approval, BankFile, Payment, PaymentList
from kafalat.payments.outbox import outgoing_path
from tests.interfaces.people import logged_in
from tests.payments.steps import approve, checked, opened, prepared


def page_of(browser: Client, payment_list: PaymentList, language: str = "en") -> str:
    return browser.get(f"/{language}/cycles/{payment_list.cycle_id}/").content.decode()


def decide(browser: Client, payment_list: PaymentList, act: str, **fields: str) -> int:
    """Post a decision as the page's form would; return the answer's status."""
    values = {"seen_sha256": payment_list.sha256, **fields}
    return browser.post(f"/en/lists/{payment_list.pk}/{act}/", values).status_code


def test_a_list_goes_from_prepared_to_approved_by_two_people(office: Office, enrolled: str) -> None:
    payment_list = prepared(office, opened(office))
    checker, releaser = logged_in("payment_checker"), logged_in("payment_releaser")
    assert decide(checker, payment_list, "check") == 302
    assert decide(checker, payment_list, "approve") == 302
    assert "A second person must approve it too" in page_of(checker, payment_list)
    assert decide(checker, payment_list, "approve") == 409 or Approval.objects.count() == 1
    assert decide(releaser, payment_list, "approve") == 302
    assert list(Approval.objects.order_by("step").values_list("step", "approver__username")) == [
        (1, "checker"),
        (2, "releaser"),
    ]
    assert "Approved, can be sent" in page_of(releaser, payment_list)
    assert "has both approvals and waits to be sent" in releaser.get("/en/").content.decode()


def test_the_releaser_sends_an_approved_list_and_nobody_else_does(office: Office, enrolled: str) -> None:
    payment_list = checked(office, opened(office))
    releaser = logged_in("payment_releaser")
    assert f"/lists/{payment_list.pk}/send/" not in page_of(releaser, payment_list)
    assert decide(releaser, payment_list, "send") == 409, "not before both approvals"
    approve(payment_list, staff("checker"))
    approve(payment_list, staff("releaser"))
    for role in ("payment_checker", "payment_maker", "reconciler", "auditor"):
        assert decide(logged_in(role), payment_list, "send") == 403
    assert f"/lists/{payment_list.pk}/send/" in page_of(releaser, payment_list)
    asked = releaser.get(f"/ur/lists/{payment_list.pk}/send/").content.decode()
    assert "ہر بینک کے لیے ادائیگی کی ایک فائل" in asked
    assert BankFile.objects.count() == 0, "asking sends nothing"
    assert decide(releaser, payment_list, "send") == 302
    files = list(BankFile.objects.filter(payment_list=payment_list))
    assert files
    assert all(outgoing_path(file, office.outgoing).exists() for file in files)
    assert set(Payment.objects.values_list("status", flat=True)) == {"sent"}
    assert decide(releaser, payment_list, "send") == 409, "and only once"


def test_the_confirmation_says_how_many_how_much_and_who_must_still_agree(
    office: Office, enrolled: str
) -> None:
    payment_list = checked(office, opened(office))
    checker = logged_in("payment_checker")
    first = checker.get(f"/en/lists/{payment_list.pk}/approve/").content.decode()
    assert f"{payment_list.payments:,} payments" in first
    assert rupees_text(payment_list.amount_paisa) in first
    assert payment_list.sha256 in first
    assert "Another person must approve the same list" in first
    assert Approval.objects.count() == 0, "asking decides nothing"
    decide(checker, payment_list, "approve")
    second = logged_in("payment_releaser").get(f"/en/lists/{payment_list.pk}/approve/").content.decode()
    assert "money moves" in second
    assert "checker" in second


def test_the_maker_is_offered_nothing_and_a_forged_form_is_refused(office: Office, enrolled: str) -> None:
    payment_list = checked(office, opened(office))
    maker = staff("maker")
    # Even with the deciders' roles: whoever made the list may not decide about it.
    maker.groups.add(Group.objects.get(name="payment_checker"), Group.objects.get(name="payment_releaser"))
    browser = logged_in("payment_maker")
    page = page_of(browser, payment_list)
    assert f"/lists/{payment_list.pk}/" not in page
    assert "You made this list" in page
    for act in ("check", "approve", "reject", "send"):
        assert browser.get(f"/en/lists/{payment_list.pk}/{act}/").status_code == 403
        assert decide(browser, payment_list, act, reason="because") == 403
    assert Approval.objects.count() == 0
    # The control: the same request by somebody else goes through, so it is the person that was refused.
    assert f"/lists/{payment_list.pk}/approve/" in page_of(logged_in("payment_checker"), payment_list)
    assert decide(logged_in("payment_checker"), payment_list, "approve") == 302


@pytest.mark.parametrize("role", ["analyst", "auditor", "desk_clerk", "payment_maker", "reconciler"])
def test_other_roles_decide_nothing(office: Office, enrolled: str, role: str) -> None:
    payment_list = prepared(office, opened(office))
    for act in ("check", "approve", "reject"):
        assert decide(logged_in(role), payment_list, act, reason="because") == 403
    payment_list.refresh_from_db()
    assert payment_list.status == PaymentList.Status.PREPARED


def test_a_list_that_is_not_the_one_seen_is_not_approved(office: Office, enrolled: str) -> None:
    payment_list = checked(office, opened(office))
    browser = logged_in("payment_checker")
    for seen in ("", "0" * 64):
        assert decide(browser, payment_list, "approve", seen_sha256=seen) >= 400
    assert Approval.objects.count() == 0


def test_a_rejection_needs_a_reason_and_cancels_every_payment(office: Office, enrolled: str) -> None:
    payment_list = checked(office, opened(office))
    browser = logged_in("payment_releaser")
    answer = browser.post(
        f"/ur/lists/{payment_list.pk}/reject/", {"seen_sha256": payment_list.sha256, "reason": " "}
    )
    assert answer.status_code == 400
    assert "لکھیں کہ آپ فہرست کیوں مسترد کر رہے ہیں" in answer.content.decode()
    assert Approval.objects.count() == 0
    assert decide(browser, payment_list, "reject", reason="Two payees share a phone") == 302
    assert set(Payment.objects.values_list("status", flat=True)) == {"cancelled"}
    page = page_of(browser, payment_list)
    assert "Two payees share a phone" in page
    assert f"/lists/{payment_list.pk}/" not in page, "nothing is left to decide"


def test_a_decision_is_never_taken_by_following_a_link(office: Office, enrolled: str) -> None:
    payment_list = prepared(office, opened(office))
    logged_in("payment_checker").get(f"/en/lists/{payment_list.pk}/check/")
    payment_list.refresh_from_db()
    assert payment_list.status == PaymentList.Status.PREPARED
