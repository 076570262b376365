"""Changes of a beneficiary's account, CNIC or payee: asked for by one officer, matched to the surveyed family, decided by another.

125,714 women once had their CNIC replaced by that of somebody outside the household. So a card ties to the family by what
is printed on it: a new payee's to a surveyed adult of the family by the number, a corrected number to the payee by name and
year of birth. What does not match can be refused, never approved; the database holds that, and the second person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from kafalat.audit import services as audit
from kafalat.core.identifiers import parse_cnic, parse_iban, parse_mobile
from kafalat.core.problems import Problem, problem
from kafalat.core.sealing import Sealer
from kafalat.enrolment.access import access_account_work
from kafalat.enrolment.applying import apply_change
from kafalat.enrolment.enrol import IBAN_PURPOSE
from kafalat.enrolment.matching import match_card, match_payee
from kafalat.enrolment.models import Beneficiary, Change
from kafalat.enrolment.rules import bank_of, rules_of
from kafalat.policy.model import Programme
from kafalat.registry.models import Person
from kafalat.registry.selectors import CNIC_PURPOSE, MOBILE_PURPOSE

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form of a change holds, as typed. Which fields count depends on `kind`.

    account: bank, iban and, for a wallet, mobile. cnic: the number, name and year of birth as printed on the card, and its
    last day. payee: the person's line in the household, and the number on her card with its last day.
    """

    kind: str
    reason: str
    bank: str = ""
    iban: str = ""
    mobile: str = ""
    cnic: str = ""
    name: str = ""
    birth_year: str = ""
    valid_until: str = ""
    line_no: str = ""


def ask_change(
    *, beneficiary_id: int, asked: Asked, programme: Programme, sealer: Sealer, user: User, at: datetime
) -> Change:
    """Keep a request for a change with the finding of the family match; it waits for another officer.

    Raises `accounts.reason_missing`, `changes.value_invalid`, `changes.one_waits`, `changes.day_limit`, `changes.taken`,
    `standing.not_possible` (the family has left) and `accounts.beneficiary_unknown`.
    """
    access_account_work(user)
    rules = rules_of(programme)
    if not asked.reason.strip():
        raise problem("accounts.reason_missing")
    with transaction.atomic():
        found = Beneficiary.objects.select_for_update().filter(pk=beneficiary_id).first()
        if found is None:
            raise problem("accounts.beneficiary_unknown", number=beneficiary_id)
        if found.status == Beneficiary.Status.EXITED:
            raise problem("standing.not_possible", number=beneficiary_id, status=found.status)
        if Change.objects.filter(beneficiary=found, status="asked").exists():
            raise problem("changes.one_waits", number=beneficiary_id)
        # Who asks is locked, so that two requests at once are counted one after the other.
        User.objects.select_for_update().get(pk=user.pk)
        asked_today = Change.objects.filter(asked_by=user, asked_at__gte=at - timedelta(days=1)).count()
        if asked_today >= rules.changes.operator_day_max:
            raise problem("changes.day_limit", most=rules.changes.operator_day_max)
        change = Change(
            beneficiary=found,
            payee_id=found.payee_id,
            kind=asked.kind,
            reason=asked.reason.strip()[:500],
            asked_by=user,
            asked_at=at,
        )
        _fill(change, asked, programme, sealer, at.date())
        change.save()
        _record("change_asked", change, user, at)
    return change


def _fill(change: Change, asked: Asked, programme: Programme, sealer: Sealer, today: date) -> None:
    """Read what was typed into the change, and match it."""
    rules = rules_of(programme).changes
    if asked.kind == Change.Kind.ACCOUNT:
        bank = bank_of(programme, asked.bank)
        iban = _read(asked.iban, parse_iban, "iban")
        if iban[4:8] != bank.iban_code:
            raise _invalid("iban")
        change.new_bank, change.new_iban_last4 = bank.code, iban[-4:]
        change.new_iban_sealed = sealer.seal(iban, IBAN_PURPOSE)
        if bank.channel == "wallet":
            change.new_mobile_sealed = sealer.seal(
                _read(asked.mobile, parse_mobile, "mobile"), MOBILE_PURPOSE
            )
        # Whose account it is, its title will tell before the first credit.
        change.matched, change.findings = True, ["title_to_come"]
        return
    cnic = _read(asked.cnic, parse_cnic, "cnic")
    valid_until = _read(asked.valid_until, date.fromisoformat, "valid_until")
    if valid_until < today:
        raise _invalid("valid_until")
    change.new_cnic_sealed, change.new_cnic_valid_until = sealer.seal(cnic, CNIC_PURPOSE), valid_until
    payee = Person.objects.select_related("household").get(pk=change.payee_id)
    if asked.kind == Change.Kind.CNIC:
        year = _read(asked.birth_year, int, "birth_year")
        found = match_card(
            person=payee,
            cnic=cnic,
            sealed=change.new_cnic_sealed,
            name=asked.name,
            birth_year=year,
            rules=rules,
        )
    elif asked.kind == Change.Kind.PAYEE:
        line = _read(asked.line_no, int, "line_no")
        person = Person.objects.filter(household_id=payee.household_id, line_no=line).first()
        if person is None or person.pk == payee.pk or person.family_id != payee.family_id:
            raise _invalid("line_no")
        change.new_payee = person
        found = match_payee(person=person, sealed=change.new_cnic_sealed, programme_code=programme.code)
    else:
        raise _invalid("kind")
    change.matched, change.findings = not found.hard, [*found.hard, *found.soft]


_FIELDS = {
    "kind": ("What is to change", "تبدیلی کی قسم", "choose one of the three", "تینوں میں سے ایک چنیں"),
    "iban": (
        "The IBAN",
        "IBAN",
        "it has 24 characters, begins with PK and is of the bank chosen",
        "یہ 24 حروف کا، PK سے شروع اور منتخب بینک کا ہوتا ہے",
    ),
    "mobile": ("The mobile number", "موبائل نمبر", "write it as 0300-1234567", "یوں لکھیں: 0300-1234567"),
    "cnic": ("The CNIC", "شناختی کارڈ نمبر", "write it as 35202-1234567-8", "یوں لکھیں: 35202-1234567-8"),
    "valid_until": (
        "The card's last day",
        "کارڈ کی آخری تاریخ",
        "write a day to come as 2030-12-31",
        "آنے والی تاریخ یوں لکھیں: 2030-12-31",
    ),
    "birth_year": ("The year of birth", "سالِ پیدائش", "write it as 1985", "یوں لکھیں: 1985"),
    "line_no": (
        "The new payee",
        "نئی وصول کنندہ",
        "choose another member of the same family",
        "اسی خاندان کا کوئی اور فرد چنیں",
    ),
}


def _invalid(field: str) -> Problem:
    en, ur, expected_en, expected_ur = _FIELDS[field]
    return problem(
        "changes.value_invalid", field_en=en, field_ur=ur, expected_en=expected_en, expected_ur=expected_ur
    )


def _read(text: str, parse: Callable[[str], T], field: str) -> T:
    try:
        return parse(text.strip())
    except ValueError:
        raise _invalid(field) from None


def decide_change(
    *, change_id: int, approve: bool, reason: str, programme: Programme, user: User, at: datetime
) -> Change:
    """Approve and apply a change, or refuse it with a reason: all in one transaction, by another officer than asked for it.

    The next list pays by what was approved; payments on their way are not touched. Raises `changes.unknown`,
    `changes.decided`, `changes.own`, `changes.no_match`, `changes.taken`, `accounts.reason_missing`.
    """
    access_account_work(user)
    with transaction.atomic():
        # The beneficiary first, as everywhere: who changes her standing at the same time waits, or is waited for.
        of = Change.objects.filter(pk=change_id).values_list("beneficiary_id", flat=True).first()
        if of is None:
            raise problem("changes.unknown", number=change_id)
        Beneficiary.objects.select_for_update().get(pk=of)
        change = Change.objects.select_for_update().select_related("beneficiary").get(pk=change_id)
        if change.status != Change.Status.ASKED:
            raise problem("changes.decided", number=change_id)
        if change.asked_by_id == user.pk:
            raise problem("changes.own")
        if approve and not change.matched:
            raise problem("changes.no_match", number=change_id)
        if not approve and not reason.strip():
            raise problem("accounts.reason_missing")
        change.status = Change.Status.APPROVED if approve else Change.Status.REFUSED
        change.approved, change.decision_reason = approve, reason.strip()[:500]
        change.decided_by, change.decided_at = user, at
        change.save(update_fields=["status", "approved", "decision_reason", "decided_by", "decided_at"])
        if approve:
            try:
                with transaction.atomic():
                    apply_change(change, programme=programme, user=user, at=at)
            except IntegrityError as error:
                raise _taken(error) from error
        _record("change_approved" if approve else "change_refused", change, user, at)
    return change


_TAKEN = {
    "enrolment_account_iban_sealed": ("The IBAN", "IBAN"),
    "account_one_wallet_per_mobile": ("The mobile number", "موبائل نمبر"),
    "registry_person_cnic_sealed": ("The CNIC", "شناختی کارڈ نمبر"),
    "beneficiary_payee_once": ("The new payee", "نئی وصول کنندہ"),
    "account_one_wallet_per_payee": ("The wallet", "والٹ"),
}


def _taken(error: IntegrityError) -> Exception:
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
    for start, (en, ur) in _TAKEN.items():
        if name.startswith(start):
            return problem("changes.taken", what_en=en, what_ur=ur)
    return error


def _record(action: str, change: Change, user: User, at: datetime) -> None:
    audit.record(
        at=at,
        actor=user.get_username(),
        action=action,
        object_kind="beneficiary",
        object_id=change.beneficiary_id,
        detail={
            "change": change.pk,
            "kind": change.kind,
            "matched": change.matched,
            "findings": change.findings,
        },
    )
