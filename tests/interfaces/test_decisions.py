"""Deciding about a payment list: what the page offers, what it says before, and that nobody gets round it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from kafalat.audit.selectors import checkpoint
from kafalat.core.money import rupees_text
from kafalat.interfaces.cover_sheet import marks_of
from kafalat.interfaces.jobs.running import run_job
from kafalat.interfaces.logins import staff
from kafalat.interfaces.models import Job
from kafalat.interfaces.office import Office
from kafalat.payments.drill import shares_of
from kafalat.payments.models import Approval, BankFile, Payment, PaymentList
from tests.interfaces.people import logged_in
from tests.payments.steps import checked, opened, prepared


def page_of(browser: Client, payment_list: PaymentList, language: str = "en") -> str:
    return browser.get(f"/{language}/cycles/{payment_list.cycle_id}/").content.decode()


def decide(browser: Client, office: Office, payment_list: PaymentList, act: str, **fields: str) -> int:
    """Post a decision as the page's form would, do the work it starts, and return the answer's status."""
    values = {"seen_sha256": payment_list.sha256, **fields}
    status = browser.post(f"/en/lists/{payment_list.pk}/{act}/", values).status_code
    for job in Job.objects.filter(state=Job.State.WAITING):
        run_job(job.pk, office=office)
        job.refresh_from_db()
        assert job.state == Job.State.DONE, job.problem_en
    return status


def test_a_list_is_checked_approved_authorised_and_released_by_three_people(
    office: Office, enrolled: str
) -> None:
    payment_list = prepared(office, opened(office))
    checker, authoriser, releaser = map(
        logged_in, ("payment_checker", "payment_authoriser", "payment_releaser")
    )
    assert decide(checker, office, payment_list, "check") == 302
    assert decide(authoriser, office, payment_list, "authorise") == 409, "not before the approval"
    assert decide(checker, office, payment_list, "approve") == 302
    assert "You have said yes to this list" in page_of(checker, payment_list)
    assert decide(checker, office, payment_list, "approve") == 409
    assert decide(releaser, office, payment_list, "release") == 409, "not before the authorisation"
    assert decide(authoriser, office, payment_list, "authorise") == 302
    for role in ("payment_checker", "payment_authoriser", "payment_maker", "reconciler", "auditor"):
        assert decide(logged_in(role), office, payment_list, "release") == 403
    asked = releaser.get(f"/ur/lists/{payment_list.pk}/release/").content.decode()
    assert "ہر بینک کے لیے ادائیگی کی ایک فائل" in asked
    assert BankFile.objects.count() == 0, "asking sends nothing"
    assert decide(releaser, office, payment_list, "release") == 302
    assert list(Approval.objects.order_by("seat").values_list("act", "approver__username")) == [
        ("approve", "checker"),
        ("authorise", "authoriser"),
        ("release", "releaser"),
    ]
    assert BankFile.objects.filter(payment_list=payment_list).exists()
    assert decide(releaser, office, payment_list, "release") == 409, "and only once"


def test_the_page_says_on_one_screen_what_will_change_and_who_must_still_agree(
    office: Office, enrolled: str
) -> None:
    payment_list = checked(office, opened(office))
    checker = logged_in("payment_checker")
    mark = checkpoint()
    first = checker.get(f"/en/lists/{payment_list.pk}/approve/").content.decode()
    for words in (
        f"{payment_list.payments:,} payments",
        rupees_text(payment_list.amount_paisa),
        payment_list.sha256,
        mark.root_hex,
        "There is no tranche before it",
        f"/cycles/{payment_list.cycle_id}/held-back/",
    ):
        assert words in first
    for share in shares_of(payment_list):
        assert rupees_text(share.amount_paisa) in first
    assert first.count("must still say yes") == 3
    assert Approval.objects.count() == 0, "asking decides nothing"
    fields = {"log_size": str(mark.size), "log_root": mark.root_hex}
    assert decide(checker, office, payment_list, "approve", **fields) == 302
    assert marks_of(payment_list)["checker"] == mark
    second = logged_in("payment_authoriser").get(f"/en/lists/{payment_list.pk}/authorise/").content.decode()
    assert second.count("must still say yes") == 2
    assert "checker" in second


def test_a_log_that_is_not_the_one_shown_is_refused(office: Office, enrolled: str) -> None:
    payment_list = checked(office, opened(office))
    fields = {"log_size": "3", "log_root": "0" * 64}
    assert decide(logged_in("payment_checker"), office, payment_list, "approve", **fields) >= 400
    assert Approval.objects.count() == 0


def test_the_maker_is_offered_nothing_and_a_forged_form_is_refused(office: Office, enrolled: str) -> None:
    payment_list = checked(office, opened(office))
    maker = staff("maker")
    # Even with the deciders' roles: whoever made the list may not decide about it.
    maker.groups.add(Group.objects.get(name="payment_checker"), Group.objects.get(name="payment_releaser"))
    browser = logged_in("payment_maker")
    page = page_of(browser, payment_list)
    assert f"/lists/{payment_list.pk}/approve/" not in page
    assert "You made this list" in page
    maker.groups.add(Group.objects.get(name="payment_authoriser"))
    for act in ("check", "approve", "authorise", "release", "reject"):
        assert browser.get(f"/en/lists/{payment_list.pk}/{act}/").status_code == 403
        assert decide(browser, office, payment_list, act, reason="because") == 403
    assert Approval.objects.count() == 0
    # The control: the same request by somebody else goes through, so it is the person that was refused.
    assert f"/lists/{payment_list.pk}/approve/" in page_of(logged_in("payment_checker"), payment_list)
    assert decide(logged_in("payment_checker"), office, payment_list, "approve") == 302


@pytest.mark.parametrize("role", ["analyst", "auditor", "desk_clerk", "payment_maker", "reconciler"])
def test_other_roles_decide_nothing(office: Office, enrolled: str, role: str) -> None:
    payment_list = prepared(office, opened(office))
    for act in ("check", "approve", "authorise", "release", "reject"):
        assert decide(logged_in(role), office, payment_list, act, reason="because") == 403
    payment_list.refresh_from_db()
    assert payment_list.status == PaymentList.Status.PREPARED


def test_a_list_that_is_not_the_one_seen_is_not_approved(office: Office, enrolled: str) -> None:
    payment_list = checked(office, opened(office))
    browser = logged_in("payment_checker")
    for seen in ("", "0" * 64):
        assert decide(browser, office, payment_list, "approve", seen_sha256=seen) >= 400
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
    assert decide(browser, office, payment_list, "reject", reason="Two payees share a phone") == 302
    assert set(Payment.objects.values_list("status", flat=True)) == {"cancelled"}
    page = page_of(browser, payment_list)
    assert "Two payees share a phone" in page
    assert f"/lists/{payment_list.pk}/approve/" not in page, "nothing is left to decide"


def test_a_decision_is_never_taken_by_following_a_link(office: Office, enrolled: str) -> None:
    payment_list = prepared(office, opened(office))
    logged_in("payment_checker").get(f"/en/lists/{payment_list.pk}/check/")
    payment_list.refresh_from_db()
    assert payment_list.status == PaymentList.Status.PREPARED
