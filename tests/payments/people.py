"""People and few families for tests of who may do what to a payment list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

from django.contrib.auth.models import Group, User

from kafalat.core.problems import Problem
from kafalat.interfaces.office import Office
from kafalat.policy.approvals import Quorum, QuorumPlan
from tests.payments.steps import connection_of_owner


def person(username: str, *roles: str, email: str = "") -> User:
    """Make a login with roles."""
    user = User.objects.create(username=username, email=email)
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def outcome_of(act: Callable[..., object], **kwargs: object) -> str:
    """Return the code of the problem a call raises, or "done"."""
    try:
        act(**kwargs)
    except Problem as refusal:
        return refusal.code
    return "done"


def keep_families(count: int) -> None:
    """Let all but so many families have left the programme, so that each step is quick; no CNIC of theirs expires."""
    with connection_of_owner() as cursor:
        cursor.execute(
            "UPDATE enrolment_beneficiary SET status = 'exited', standing_reason = 'test' WHERE id NOT IN "
            "(SELECT id FROM enrolment_beneficiary WHERE status = 'active' ORDER BY id LIMIT %s)",
            [count],
        )
        cursor.execute(
            "UPDATE registry_person AS p SET cnic_valid_until = '2199-12-31' FROM enrolment_beneficiary AS b "
            "WHERE b.payee_id = p.id AND b.status = 'active'"
        )


@contextmanager
def with_quorum(office: Office, quorum: Quorum) -> Iterator[None]:
    """Let every list of the office need so many people, whatever its amount."""
    shipped = office.programme
    plan = QuorumPlan.model_validate({"from": date(2000, 1, 1), "levels": (quorum,), "source": "a test"})
    approvals = shipped.approvals.model_copy(update={"quorums": (plan,)})
    office.__dict__["programme"] = shipped.model_copy(update={"approvals": approvals})
    try:
        yield
    finally:
        office.__dict__["programme"] = shipped
