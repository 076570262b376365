"""Reads of accounts and changes: how far opening has come, what waits for a person, who asks for many changes, one family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from kafalat.core.problems import problem
from kafalat.enrolment.models import Account, AccountFile, AccountRequest, Beneficiary, Change, Event
from kafalat.enrolment.payable import ADULT_YEARS, reasons_of
from kafalat.enrolment.rules import rules_of
from kafalat.policy.model import Programme
from kafalat.registry import bulk
from kafalat.registry.models import Person

WAITING_SHOWN_MAX = 200


@dataclass(frozen=True, slots=True)
class Funnel:
    """Families of a programme that are in it, by how far their account has come; each has reached all that stand before."""

    enrolled: int
    requested: int
    opened: int
    matched: int
    active: int


def funnel(programme_code: str) -> Funnel:
    """Return how many families have come how far; who has left is not counted."""
    ((enrolled, requested, opened, matched, active),) = bulk.rows(
        """
        SELECT count(*), count(*) FILTER (WHERE a.id IS NOT NULL OR r.id IS NOT NULL), count(a.id),
            count(*) FILTER (WHERE a.title_status = 'matched'), count(*) FILTER (WHERE a.status = 'active')
        FROM enrolment_beneficiary AS b LEFT JOIN enrolment_account AS a ON a.beneficiary_id = b.id AND a.closed_on IS NULL
        LEFT JOIN enrolment_accountrequest AS r ON r.beneficiary_id = b.id AND r.status IN ('requested', 'screened')
        WHERE b.programme_code = %s AND b.status <> 'exited'
        """,
        [programme_code],
    )
    return Funnel(enrolled, requested, opened, matched, active)


def doubtful_titles() -> list[Account]:
    """Return open accounts whose title a person must compare, longest waiting first."""
    return list(
        Account.objects.filter(title_status=Account.Title.DOUBTFUL, closed_on__isnull=True)
        .select_related("payee", "beneficiary__family")
        .order_by("status_at", "pk")[:WAITING_SHOWN_MAX]
    )


def refused_requests() -> list[AccountRequest]:
    """Return requests that banks refused, of active families that still have no account."""
    return list(
        AccountRequest.objects.filter(status="refused", beneficiary__status="active")
        .exclude(beneficiary__accounts__closed_on__isnull=True, beneficiary__accounts__isnull=False)
        .exclude(beneficiary__requests__status__in=["requested", "screened"])
        .select_related("payee", "beneficiary__family")
        .order_by("status_at", "pk")[:WAITING_SHOWN_MAX]
    )


def late_visits(programme: Programme, today: date) -> int:
    """Return how many accounts wait for a visit longer than the programme's days."""
    latest = today - timedelta(days=rules_of(programme).opening.visit_days)
    return Account.objects.filter(status="inactive", opened_on__lt=latest).count()


def waiting_changes() -> list[Change]:
    """Return changes that wait for a second officer, longest waiting first."""
    return list(
        Change.objects.filter(status="asked")
        .select_related("payee", "asked_by", "beneficiary__family")
        .order_by("asked_at", "pk")[:WAITING_SHOWN_MAX]
    )


def change_by_id(change_id: int) -> Change:
    """Return one change. Raises the problem `changes.unknown`."""
    found = (
        Change.objects.select_related(
            "payee__household", "new_payee", "asked_by", "decided_by", "beneficiary__family"
        )
        .filter(pk=change_id)
        .first()
    )
    if found is None:
        raise problem("changes.unknown", number=change_id)
    return found


def doubtful_title(account_id: int) -> Account:
    """Return an account whose title waits for a person. Raises the problem `accounts.title_decided`."""
    found = Account.objects.select_related("payee", "beneficiary").filter(pk=account_id).first()
    if found is None or found.title_status != Account.Title.DOUBTFUL:
        raise problem("accounts.title_decided", number=account_id)
    return found


def account_in_use(beneficiary_id: int) -> Account | None:
    """Return the account that is not closed, or None."""
    return Account.objects.filter(beneficiary_id=beneficiary_id, closed_on__isnull=True).first()


def other_adults(payee: Person) -> list[Person]:
    """Return the adults of the payee's family, herself left out."""
    family = Person.objects.filter(family_id=payee.family_id, age_years__gte=ADULT_YEARS)
    return list(family.exclude(pk=payee.pk).order_by("line_no"))


def files_without_answer() -> list[AccountFile]:
    """Return the files of requests that banks have not answered in full, oldest first."""
    waiting = AccountRequest.objects.filter(status__in=["requested", "screened"]).values("file")
    return list(AccountFile.objects.filter(direction="out", pk__in=waiting).order_by("pk"))


@dataclass(frozen=True, slots=True)
class Operator:
    """What one officer asked for within the programme's days; `outlier` says whether that is looked into."""

    username: str
    asked: int
    approved: int
    unmatched: int
    outlier: bool


def operators(programme: Programme, at: datetime) -> list[Operator]:
    """Return who asked for changes lately, most first, with those who stand out by the rules of accounts.yaml."""
    rules = rules_of(programme).changes
    rows: Sequence[tuple[str, int, int, int]] = bulk.rows(
        """
        SELECT u.username, count(*), count(*) FILTER (WHERE c.approved), count(*) FILTER (WHERE NOT c.matched)
        FROM enrolment_change AS c JOIN auth_user AS u ON u.id = c.asked_by_id WHERE c.asked_at >= %s
        GROUP BY u.username ORDER BY count(*) DESC, u.username
        """,
        [at - timedelta(days=rules.outlier_days)],
    )
    if not rows:
        return []
    usual = median(asked for _, asked, _, _ in rows)
    return [
        Operator(
            username,
            asked,
            approved,
            unmatched,
            asked >= rules.outlier_changes_min
            and (
                asked > rules.outlier_factor * usual or 100 * unmatched > rules.outlier_unmatched_pct * asked
            ),
        )
        for username, asked, approved, unmatched in rows
    ]


@dataclass(frozen=True, slots=True)
class BeneficiaryView:
    """One beneficiary: all her accounts and requests, what holds her back, changes, and the history, newest first."""

    beneficiary: Beneficiary
    accounts: list[Account]
    requests: list[AccountRequest]
    changes: list[Change]
    events: list[Event]
    held_back: list[str]


def beneficiary_view(*, beneficiary_id: int, today: date) -> BeneficiaryView:
    """Return everything about one beneficiary's account and standing. Raises `accounts.beneficiary_unknown`."""
    found = Beneficiary.objects.select_related("payee", "family__household").filter(pk=beneficiary_id).first()
    if found is None:
        raise problem("accounts.beneficiary_unknown", number=beneficiary_id)
    return BeneficiaryView(
        found,
        list(found.accounts.order_by("-pk")),
        list(found.requests.order_by("-pk")),
        list(found.changes.select_related("asked_by", "decided_by").order_by("-pk")),
        list(found.events.order_by("-at", "-pk")),
        reasons_of(beneficiary_id=found.pk, programme_code=found.programme_code, day=today),
    )
