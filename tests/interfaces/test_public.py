"""The public page: one sentence for each standing, nothing told to whoever does not hold both numbers, no trace."""

from __future__ import annotations

import logging
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kafalat.core.identifiers import form_number, format_cnic
from kafalat.engine.scoring import lines
from kafalat.enrolment.models import Beneficiary
from kafalat.interfaces.models import LookupBudget
from kafalat.interfaces.office import Office
from kafalat.interfaces.public import budget
from kafalat.payments.models import Payment
from kafalat.registry.models import Family
from kafalat.targeting.models import Decision, FamilyPayee
from tests.conftest import NOW
from tests.interfaces.people import Known, browser, somebody
from tests.payments.steps import dispatched, opened, prepared

UNKNOWN_CNIC = "7999999999998"
UNKNOWN_FORM = form_number(999_999_999, b"a key that no installation uses..")


def ask(cnic: str, number: str, language: str = "en") -> tuple[int, str]:
    """Ask the public page; return its status and its page without the form token."""
    response = browser().post(f"/{language}/status/", {"cnic": cnic, "form_number": number})
    return response.status_code, re.sub(
        r'name="csrfmiddlewaretoken" value="[^"]*"', "", response.content.decode()
    )


def answer(known: Known, language: str = "en") -> str:
    status, page = ask(known.cnic, known.form_number, language)
    assert status == 200
    found = re.search(r'class="answer-text">(.*?)</p>', page, flags=re.DOTALL)
    assert found is not None
    return found[1].replace("\u2068", "").replace("\u2069", "").replace("\u00a0", " ")


@pytest.mark.parametrize("language", ["en", "ur"])
def test_a_wrong_pair_answers_the_same_page_as_an_unknown_one(paid: str, language: str) -> None:
    known, other = somebody("eligible"), somebody("ineligible")
    assert known.household_id != other.household_id
    answers = {
        "unknown": ask(UNKNOWN_CNIC, UNKNOWN_FORM, language),
        "her number, unknown form": ask(known.cnic, UNKNOWN_FORM, language),
        "unknown number, real form": ask(UNKNOWN_CNIC, known.form_number, language),
        "two real numbers of different households": ask(known.cnic, other.form_number, language),
    }
    assert len(set(answers.values())) == 1, answers
    right = ask(known.cnic, known.form_number, language)
    assert right not in answers.values(), "the control: the right pair is answered"


def test_a_wrong_pair_costs_the_same_questions_as_an_unknown_one(paid: str) -> None:
    known, other = somebody("eligible"), somebody("ineligible")
    asked = []
    for pair in (
        (UNKNOWN_CNIC, UNKNOWN_FORM),
        (known.cnic, UNKNOWN_FORM),
        (UNKNOWN_CNIC, known.form_number),
        (known.cnic, other.form_number),
    ):
        ask(*pair)  # the hour's first look-up also tidies up
        with CaptureQueriesContext(connection) as queries:
            ask(*pair)
        asked.append([re.sub(r"'[^']*'|\d+|\\\\x\w+", "?", query["sql"]) for query in queries])
    assert all(queries == asked[0] for queries in asked)


def test_both_digit_sets_and_any_dashes_are_read(paid: str) -> None:
    known = somebody("ineligible")
    urdu = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
    plain = ask(known.cnic, known.form_number)
    assert ask(format_cnic(known.cnic), known.form_number.translate(urdu)) == plain
    assert ask(known.cnic.translate(urdu), known.form_number) == plain


def test_numbers_that_cannot_be_right_are_named_and_cost_nothing(paid: str) -> None:
    status, page = ask("12", "1234567890123")
    assert status == 400
    assert "Write all 13 digits of the identity card" in page
    assert "form number on your survey slip" in page
    assert LookupBudget.objects.count() == 0


def test_each_decision_has_its_sentence(paid: str) -> None:
    assert "not eligible" in answer(somebody("ineligible"))
    assert "You can appeal until" in answer(somebody("ineligible"))
    assert "اپیل" in answer(somebody("ineligible"), "ur")
    incomplete = answer(somebody("incomplete"))
    assert "answers are missing" in incomplete
    assert "{" not in incomplete


def holder_of(beneficiary: Beneficiary) -> Known:
    """The payee of a beneficiary, with both her numbers."""
    people = (somebody("eligible", skip=place) for place in range(5000))
    return next(known for known in people if known.person.pk == beneficiary.payee_id)


def test_each_state_of_a_payment_has_its_sentence(office: Office, enrolled: str) -> None:
    beneficiary = Beneficiary.objects.order_by("family__household_id", "id").first()
    assert beneficiary is not None
    payee = holder_of(beneficiary)
    assert "will be paid through" in answer(payee)
    cycle = opened(office)
    prepared(office, cycle)
    assert "will be paid through" in answer(payee), "what nobody has approved is not told"
    Payment.objects.all().update(status="cancelled")
    dispatched(office, cycle)
    assert "is on its way" in answer(payee)
    assert "Rs 14,500 for January to March 2026" in answer(payee)
    assert "جنوری تا مارچ 2026" in answer(payee, "ur")
    for status, words in (("paid", "has been paid"), ("returned", "came back")):
        Payment.objects.filter(entitlement__beneficiary=beneficiary, status__in=["sent", "paid"]).update(
            status=status
        )
        assert words in answer(payee)
    for status, words in (("suspended", "suspended for now"), ("exited", "no longer in the programme")):
        Beneficiary.objects.filter(pk=beneficiary.pk).update(status=status, standing_reason="left_programme")
        assert words in answer(payee)


def test_an_eligible_family_without_a_payee_learns_why(paid: str) -> None:
    enrolled = Beneficiary.objects.values("family__household_id")
    unpaid = FamilyPayee.objects.filter(person__isnull=True).exclude(family__household_id__in=enrolled)
    households = set(
        Family.objects.filter(pk__in=unpaid.values("family_id")).values_list("household_id", flat=True)
    )
    count = Decision.objects.filter(outcome="eligible").count()
    for place in range(count * 4):
        known = somebody("eligible", skip=place)
        if known.household_id in households:
            assert "cannot be paid yet" in answer(known)
            return
    pytest.fail("the small demo has no eligible household without any payee who has a CNIC")


def test_nothing_that_was_typed_is_kept_or_shown_again(paid: str, caplog: pytest.LogCaptureFixture) -> None:
    known = somebody("eligible")
    with caplog.at_level(logging.DEBUG):
        page = ask(known.cnic, known.form_number)[1]
    everything = page + caplog.text + "".join(str(row) for row in LookupBudget.objects.values_list())
    for secret in (known.cnic, known.form_number, known.person.name_en, known.person.name_ur, "127.0.0.1"):
        assert secret not in everything
    client = browser()
    client.post("/en/status/", {"cnic": known.cnic, "form_number": known.form_number})
    assert "sessionid" not in client.cookies
    assert client.get("/en/status/")["Cache-Control"].startswith("max-age=0")


# ---- the budget ------------------------------------------------------------------------------------------------


def test_an_address_has_a_budget_per_hour(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "LOOKUPS_PER_ADDRESS_PER_HOUR", 3)
    assert [budget.spend(address="192.0.2.1", at=NOW) for _ in range(5)] == [True, True, True, False, False]
    assert budget.spend(address="192.0.2.2", at=NOW), "another address still asks"
    assert budget.spend(address="192.0.2.1", at=NOW + timedelta(hours=1)), "the next hour begins anew"


def test_everybody_together_has_a_budget_too(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "LOOKUPS_PER_HOUR", 3)
    assert [budget.spend(address=f"192.0.2.{n}", at=NOW) for n in range(5)] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_one_customer_s_many_ipv6_addresses_count_as_one() -> None:
    assert budget.bucket_of("2001:db8:1:2::1") == budget.bucket_of("2001:db8:1:2:ffff::9")
    assert budget.bucket_of("2001:db8:1:2::1") != budget.bucket_of("2001:db8:1:3::1")
    assert "192.0.2.1" not in budget.bucket_of("192.0.2.1")


def test_old_hours_are_forgotten(database: str) -> None:
    budget.spend(address="192.0.2.1", at=NOW - timedelta(days=2))
    budget.spend(address="192.0.2.1", at=NOW)
    assert LookupBudget.objects.filter(window_start__lt=NOW - timedelta(days=1)).count() == 0


def test_a_spent_budget_answers_so_without_looking_anything_up(
    paid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "LOOKUPS_PER_HOUR", 0)
    known = somebody("eligible")
    status, page = ask(known.cnic, known.form_number)
    assert status == 429
    assert (status, page) == ask(UNKNOWN_CNIC, UNKNOWN_FORM)
    assert "Try again in an hour" in page


# ---- how it works ----------------------------------------------------------------------------------------------


def test_how_it_works_is_made_from_the_programme(database: str, office: Office) -> None:
    for language in ("en", "ur"):
        page = browser().get(f"/{language}/guide/").content.decode()
        assert "32" in page
        assert "37" in page
        for line in lines(office.programme.scorecard):
            label = office.programme.fact(line.facts[-1]).label
            assert label.in_(language).replace("'", "&#x27;") in page
        for dated in office.programme.components[0].amount_paisa:
            assert f"Rs {dated.value // 100:,}" in page
