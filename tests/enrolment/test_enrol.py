"""Enrolment: one benefit per family, one open account each, at the bank of her place."""

from __future__ import annotations

from collections import Counter

import pytest
from django.db import IntegrityError, transaction

from kafalat.audit.models import AuditEntry
from kafalat.core.identifiers import parse_iban, synthetic_iban
from kafalat.core.problems import Problem
from kafalat.enrolment.enrol import IBAN_PURPOSE, enrol, open_accounts
from kafalat.enrolment.models import Account, Beneficiary
from kafalat.interfaces.office import Office
from kafalat.policy.model import Programme
from kafalat.registry import bulk
from kafalat.targeting.models import FamilyPayee
from kafalat.targeting.runs import find_run
from tests.conftest import NOW
from tests.enrolment.steps import without_accounts
from tests.payments.steps import connection_of_owner

TODAY = NOW.date()


def enrol_again() -> int:
    return enrol(run=find_run("latest"), enrolled_on=TODAY, actor="test", at=NOW)


def open_for_all(office: Office, programme: Programme | None = None) -> int:
    return open_accounts(
        programme=programme or office.programme,
        sealer=office.sealer,
        issue_iban=synthetic_iban,
        synthetic=True,
        opened_on=TODAY,
        actor="test",
        at=NOW,
    )


def ibans(office: Office) -> list[str]:
    sealed = Account.objects.order_by("id").values_list("iban_sealed", flat=True)
    return [office.sealer.unseal(bytes(value), IBAN_PURPOSE) for value in sealed]


def everybody_has_one(office: Office) -> None:
    """Give every beneficiary a made-up account in place of what the demo's banks made of their requests."""
    without_accounts()
    open_for_all(office)


# ---- beneficiaries ---------------------------------------------------------------------------------------------


def test_each_family_with_a_payee_is_enrolled_once_and_no_other(enrolled: str) -> None:
    payees = FamilyPayee.objects.filter(person__isnull=False).values_list("family_id", "person_id", "reason")
    found = Beneficiary.objects.values_list("family_id", "payee_id", "payee_rule")
    assert sorted(found) == sorted(payees)
    assert len({family for family, _, _ in found}) == len({payee for _, payee, _ in found}) == len(found) > 20
    assert FamilyPayee.objects.filter(person__isnull=True).exists()
    assert set(Beneficiary.objects.values_list("status", flat=True)) == {"active"}
    assert all(b.payee.family_id == b.family_id for b in Beneficiary.objects.select_related("payee"))


def test_enrolling_again_adds_nobody(enrolled: str) -> None:
    before = (list(Beneficiary.objects.order_by("id").values()), AuditEntry.objects.count())
    assert enrol_again() == 0
    assert (list(Beneficiary.objects.order_by("id").values()), AuditEntry.objects.count()) == before


def test_who_is_not_enrolled_yet_is(enrolled: str) -> None:
    """Control of the test above: enrolling again does add, where somebody is missing."""
    count = Beneficiary.objects.count()
    without_accounts()
    with connection_of_owner() as cursor:
        cursor.execute("DELETE FROM enrolment_beneficiary WHERE id % 2 = 0")
        missing = cursor.rowcount
    assert enrol_again() == missing > 5
    assert Beneficiary.objects.count() == count


@pytest.mark.parametrize(
    ("family", "payee", "constraint"),
    [
        ("b.family_id", "p.person_id", "beneficiary_family_once"),
        ("p.family_id", "b.payee_id", "beneficiary_payee_once"),
    ],
)
def test_the_database_refuses_a_second_benefit(
    enrolled: str, family: str, payee: str, constraint: str
) -> None:
    """To raw SQL as well: one per family, and one per payee whatever the family."""
    nobody = "SELECT family_id, id AS person_id FROM registry_person WHERE family_id NOT IN (SELECT family_id FROM enrolment_beneficiary)"
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        bulk.execute(
            "INSERT INTO enrolment_beneficiary (programme_code, family_id, payee_id, payee_rule, run_id, status, enrolled_on) "
            f"SELECT programme_code, {family}, {payee}, payee_rule, run_id, status, enrolled_on "
            f"FROM enrolment_beneficiary AS b CROSS JOIN ({nobody}) AS p LIMIT 1"
        )


# ---- accounts --------------------------------------------------------------------------------------------------


def banks_named(programme: Programme) -> dict[str, str]:
    """The reference: walk up from each place to the first that a cluster of the day names."""
    parents = {place.pcode: place.parent for place in programme.places}
    clusters = [c for c in programme.banks.clusters if c.from_ <= TODAY and (c.to is None or c.to >= TODAY)]
    named = {pcode: cluster.bank for cluster in clusters for pcode in cluster.places}
    found = {}
    for pcode in parents:
        above: str | None = pcode
        while above is not None and above not in named:
            above = parents[above]
        if above is not None:
            found[pcode] = named[above]
    return found


def test_every_account_is_at_the_bank_of_the_place(office: Office, enrolled: str) -> None:
    everybody_has_one(office)
    named, banks = banks_named(office.programme), {bank.code: bank for bank in office.programme.banks.banks}
    accounts = Account.objects.select_related("beneficiary__family__household")
    for account, iban in zip(accounts.order_by("id"), ibans(office), strict=True):
        bank = banks[account.bank]
        assert account.bank == named[account.beneficiary.family.household.place_id]
        assert (account.bank_bic, account.channel) == (bank.bic, bank.channel)
        assert iban[4:8] == bank.iban_code
        assert account.synthetic
    assert len({account.bank for account in accounts}) >= 4


def test_every_beneficiary_has_one_open_account_with_an_iban_of_its_own(
    office: Office, enrolled: str
) -> None:
    everybody_has_one(office)
    opened = Counter(Account.objects.filter(closed_on__isnull=True).values_list("beneficiary_id", flat=True))
    assert opened == dict.fromkeys(Beneficiary.objects.values_list("id", flat=True), 1)
    numbers = ibans(office)
    assert [parse_iban(number) for number in numbers] == numbers
    assert len(set(numbers)) == len(numbers)
    shown = Account.objects.order_by("id").values_list("iban_last4", flat=True)
    assert list(shown) == [number[-4:] for number in numbers]


def test_opening_again_opens_nothing(office: Office, enrolled: str) -> None:
    everybody_has_one(office)
    before = (list(Account.objects.order_by("id").values_list("id")), AuditEntry.objects.count())
    assert open_for_all(office) == 0
    assert (list(Account.objects.order_by("id").values_list("id")), AuditEntry.objects.count()) == before


def test_who_closed_her_account_gets_another_with_another_iban(office: Office, enrolled: str) -> None:
    everybody_has_one(office)
    first = Account.objects.order_by("id")[0]
    Account.objects.filter(pk=first.pk).update(closed_on=TODAY, status="closed")
    assert open_for_all(office) == 1
    hers = Account.objects.filter(beneficiary_id=first.beneficiary_id)
    assert (hers.count(), hers.filter(closed_on__isnull=True).count()) == (2, 1)
    numbers = ibans(office)
    assert len(set(numbers)) == len(numbers)


def test_nobody_who_left_gets_an_account(office: Office, enrolled: str) -> None:
    without_accounts()
    left = Beneficiary.objects.order_by("id")[0]
    Beneficiary.objects.filter(pk=left.pk).update(status="exited", standing_reason="own_wish")
    assert open_for_all(office) == Beneficiary.objects.count() - 1
    assert not Account.objects.filter(beneficiary=left).exists()


def test_a_place_without_bank_is_named_and_no_account_opened(office: Office, enrolled: str) -> None:
    named = banks_named(office.programme)
    without_accounts()
    last = Beneficiary.objects.select_related("family__household").order_by("-id")[0]
    gone = named[last.family.household.place_id]
    clusters = tuple(cluster for cluster in office.programme.banks.clusters if cluster.bank != gone)
    banks = office.programme.banks.model_copy(update={"clusters": clusters})
    before = AuditEntry.objects.count()
    with pytest.raises(Problem) as caught:
        open_for_all(office, office.programme.model_copy(update={"banks": banks}))
    place = str(caught.value.details["place"])
    assert (caught.value.code, named[place]) == ("enrolment.no_bank", gone)
    assert all(place in caught.value.text(language) for language in ("en", "ur"))
    assert (Account.objects.count(), AuditEntry.objects.count()) == (0, before)
    assert open_for_all(office) == Beneficiary.objects.count()  # control: with all banks it goes through


def test_the_database_refuses_a_second_open_account_and_a_second_use_of_an_iban(enrolled: str) -> None:
    columns = "payee_id, bank, bank_bic, channel, iban_last4, synthetic, opened_on"
    insert = f"INSERT INTO enrolment_account (beneficiary_id, iban_sealed, {columns})"
    with pytest.raises(IntegrityError, match="account_one_open"), transaction.atomic():
        bulk.execute(
            f"{insert} SELECT beneficiary_id, '\\x00'::bytea, {columns} FROM enrolment_account LIMIT 1"
        )
    bulk.execute("UPDATE enrolment_account SET closed_on = opened_on, status = 'closed'")
    with pytest.raises(IntegrityError, match="iban_sealed"), transaction.atomic():
        bulk.execute(
            f"{insert} SELECT b.id, a.iban_sealed, a.{columns} FROM enrolment_account AS a "
            "JOIN enrolment_beneficiary AS b ON b.id <> a.beneficiary_id LIMIT 1"
        )
