"""The steps of an account's life and of a standing as tests take them: officers, files from banks, one payee."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path

from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction

from kafalat.core.identifiers import synthetic_iban
from kafalat.enrolment import answers as bank_answers
from kafalat.enrolment import notices as bank_notices
from kafalat.enrolment.enrol import IBAN_PURPOSE
from kafalat.enrolment.models import Account, AccountRequest, Beneficiary
from kafalat.enrolment.requests import RequestFile, reference_of, request_accounts
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.policy.geography import banks_by_code
from kafalat.registry import bulk
from tests.conftest import NOW
from tests.payments.steps import connection_of_owner

TODAY = NOW.date()
LATER = NOW + timedelta(days=1)


def officer() -> User:
    """The account officer of the demo."""
    return staff("accounts")


def second_officer() -> User:
    """Another account officer."""
    user, _ = User.objects.get_or_create(username="accounts2")
    user.groups.add(Group.objects.get(name="account_officer"))
    return user


def without_accounts() -> None:
    """Take all accounts and requests away, as only the owner can."""
    with connection_of_owner() as cursor:
        cursor.execute(
            "DELETE FROM enrolment_account; DELETE FROM enrolment_accountrequest; DELETE FROM enrolment_accountfile; "
            "DELETE FROM enrolment_event"
        )


def requested(office: Office, folder: Path, *, again: bool = False) -> list[RequestFile]:
    """Ask all banks for accounts."""
    return request_accounts(
        programme=office.programme,
        sealer=office.sealer,
        folder=folder,
        asked_on=TODAY,
        user=officer(),
        at=NOW,
        again=again,
    )


def written(path: Path, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> Path:
    """Write a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def opening(office: Office, request: AccountRequest, title: str = "", mobile: str = "") -> tuple[str, ...]:
    """The line with which a bank says that it opened the account asked for."""
    code = banks_by_code(office.programme)[request.bank].iban_code
    iban = synthetic_iban(code, 7 * 10**15 + request.pk)
    return (reference_of(request.pk), "opened", iban, title or request.payee.name_en, mobile, "")


def answered(office: Office, path: Path, bank: str, rows: list[tuple[str, ...]]) -> bank_answers.Taken:
    """Take in an answer of a bank."""
    return bank_answers.receive_account_answers(
        path=written(path, bank_answers.COLUMNS, rows),
        bank=bank,
        programme=office.programme,
        sealer=office.sealer,
        received_on=TODAY,
        user=officer(),
        at=NOW,
    )


def noticed(office: Office, path: Path, bank: str, rows: list[tuple[str, ...]]) -> dict[str, int]:
    """Take in notices of a bank."""
    return bank_notices.receive_account_notices(
        path=written(path, bank_notices.COLUMNS, rows),
        bank=bank,
        programme=office.programme,
        sealer=office.sealer,
        user=officer(),
        at=NOW,
    )


def notice(
    office: Office, account: Account, event: str, *, method: str = "", reason: str = ""
) -> tuple[str, ...]:
    """The line with which a bank says what happened to an account."""
    iban = office.sealer.unseal(bytes(account.iban_sealed), IBAN_PURPOSE)
    return (iban, event, TODAY.isoformat(), method, "BV-77" if method else "", reason)


def refused_by(statement: str) -> str:
    """Run a statement as the application and return the constraint that refuses it; nothing where none does."""
    try:
        with transaction.atomic():
            bulk.execute(statement)
    except IntegrityError as error:
        return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or "another"
    return ""


def paid_into(channel: str = "") -> Account:
    """An account in use, the first of its kind."""
    found = Account.objects.filter(status="active").select_related("payee", "beneficiary__family")
    return (found.filter(channel=channel) if channel else found).order_by("pk")[0]


def with_adult(status: str = "active") -> Beneficiary:
    """A beneficiary whose family has another adult with a CNIC who is no payee."""
    return (
        Beneficiary.objects.filter(
            status=status,
            family__people__age_years__gte=25,
            family__people__cnic_sealed__isnull=False,
            family__people__sex="male",
        )
        .select_related("payee__household", "family")
        .order_by("pk")[0]
    )


def years_from_now(years: int) -> date:
    """A day some years on."""
    return TODAY.replace(year=TODAY.year + years)
