"""Promise R10: whoever prepared a list, or has a seat under it, cannot take another, whatever her roles and her login.

Every set of roles is tried with every act and every history a person can have with the list, through the service and by
raw SQL as the application's own role. What should happen is said here once, in `allowed`, in terms of people.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, combinations

import pytest
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction

from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.access import Act
from kafalat.payments.cycles.approvals import (
    approve_list,
    authorise_list,
    check_list,
    reject_list,
    release_list,
)
from kafalat.payments.models import PaymentList
from kafalat.policy.approvals import Quorum
from kafalat.registry import bulk
from tests.conftest import NOW
from tests.payments.people import keep_families, outcome_of, person, with_quorum
from tests.payments.steps import connection_of_owner, opened, prepared
from tests.proof import EVERY, report

ROLES = ("payment_maker", "payment_checker", "payment_authoriser", "payment_releaser")
ROLE_SETS = tuple(chain.from_iterable(combinations(ROLES, size) for size in range(len(ROLES) + 1)))
NEEDED: dict[Act, set[str]] = {
    "check": {"payment_checker"},
    "approve": {"payment_checker"},
    "authorise": {"payment_authoriser"},
    "release": {"payment_releaser"},
    "reject": {"payment_checker", "payment_authoriser", "payment_releaser"},
}
# Two approve, one authorises, one releases: how many seats are taken when each act is due.
SEATS = Quorum(approve=2, authorise=1, release=1)
TAKEN: dict[Act, int] = {"check": 0, "approve": 1, "authorise": 2, "release": 3, "reject": 1}
# What a person can have to do with the list before she tries: `maker` and `seated` in the variants of a login.
HISTORIES = (
    "stranger", "role lent for a day", "has left",
    "maker", "maker renamed", "maker with a new login", "maker lent another's role",
    "seated", "seated renamed", "seated with a new login",
)  # fmt: skip


@dataclass(frozen=True)
class Attempt:
    """One person's try: her roles, what she does, and what she has to do with the list."""

    roles: tuple[str, ...]
    act: Act
    history: str

    @property
    def allowed(self) -> bool:
        """Say whether it should pass: the role, for a person who neither made the list nor has a seat."""
        if not NEEDED[self.act] & set(self.roles) or self.history == "has left":
            return False
        if self.history.startswith("maker"):
            return False
        return not (self.history.startswith("seated") and TAKEN[self.act] and self.act != "check")


def attempts(role_sets: tuple[tuple[str, ...], ...]) -> Iterator[Attempt]:
    for act in NEEDED:
        for history in HISTORIES:
            for roles in role_sets:
                yield Attempt(roles, act, history)


def _seat(payment_list: PaymentList, number: int, user: User, act: str) -> None:
    bulk.execute(
        """
        INSERT INTO payments_approval (payment_list_id, seat, act, approver_id, person, maker_id, maker_person, list_sha256,
            seats_approve, seats_authorise, seats, reason, at)
        VALUES (%s, %s, %s, %s, '', %s, '', %s, %s, %s, %s, 'said', now())
        """,
        [
            payment_list.pk, number, act, user.pk, payment_list.maker_id, payment_list.sha256,
            payment_list.seats_approve, payment_list.seats_authorise, payment_list.seats,
        ],
    )  # fmt: skip


def _check(payment_list: PaymentList, user: User) -> None:
    bulk.execute(
        "UPDATE payments_paymentlist SET status = 'checked', checked_by_id = %s WHERE id = %s",
        [user.pk, payment_list.pk],
    )


class Stage:
    """A prepared list, and everybody who has ever had to do with it."""

    def __init__(self, office: Office) -> None:
        keep_families(3)
        self.office = office
        self.maker = person("the maker", "payment_maker", email="maker@example.pk")
        self.others = [
            person(f"other {number}", role)
            for number, role in enumerate(("payment_checker", "payment_checker", "payment_authoriser"))
        ]
        self.seated = person("the seated", "payment_checker", email="seated@example.pk")
        with with_quorum(office, SEATS):
            self.list = prepared(office, opened(office), user=self.maker)
        self.sender = office.sender(self.list.cycle.programme_sha256)
        self.groups = {name: Group.objects.get(name=name) for name in ROLES}

    def set_up(self, attempt: Attempt) -> User:
        """Bring the list to where the act is due, and return who tries it, with her roles as they are now."""
        acts = ("approve", "approve", "authorise")
        taken = TAKEN[attempt.act]
        if attempt.act != "check":
            _check(self.list, staff("checker"))
        holders = [self.seated, self.others[1], self.others[2]]
        if not attempt.history.startswith("seated"):
            holders[0] = self.others[0]
        for number in range(taken):
            _seat(self.list, number + 1, holders[number], acts[number])
        subject = self._subject(attempt.history)
        subject.groups.set([self.groups[name] for name in attempt.roles])
        return subject

    def _subject(self, history: str) -> User:
        known = self.maker if history.startswith("maker") else self.seated
        if history in {"stranger", "role lent for a day"}:
            return person("somebody else", email="else@example.pk")
        if history == "has left":
            return User.objects.create(username="gone", is_active=False)
        if history.endswith("renamed"):
            User.objects.filter(pk=known.pk).update(username=f"{known.username} after marriage")
            return User.objects.get(pk=known.pk)
        if history.endswith("a new login"):
            return person(f"{known.username} again", email=known.email.upper())
        return known

    def by_service(self, attempt: Attempt, subject: User) -> bool:
        """Try it through the service."""
        values: dict[str, object] = {"payment_list_id": self.list.pk, "user": subject, "at": NOW}
        seen = {**values, "seen_sha256": self.list.sha256}
        calls: dict[Act, Callable[[], str]] = {
            "check": lambda: outcome_of(check_list, **values),
            "approve": lambda: outcome_of(approve_list, **seen),
            "authorise": lambda: outcome_of(authorise_list, **seen),
            "release": lambda: outcome_of(release_list, **seen, sender=self.sender),
            "reject": lambda: outcome_of(reject_list, **seen, reason="not ours"),
        }
        return calls[attempt.act]() == "done"

    def by_sql(self, attempt: Attempt, subject: User) -> bool:
        """Try the same by raw SQL as the application's role, with every other column as it should be."""
        try:
            with transaction.atomic():
                if attempt.act == "check":
                    _check(self.list, subject)
                else:
                    number = 0 if attempt.act == "reject" else TAKEN[attempt.act] + 1
                    _seat(self.list, number, subject, attempt.act)
        except IntegrityError:
            return False
        return True


def _tried(stage: Stage, role_sets: tuple[tuple[str, ...], ...]) -> tuple[Counter[str], list[str]]:
    """Try everything both ways, each undone again; return the counts and what did not go as it should."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for attempt in attempts(role_sets):
        for way, act in (("service", stage.by_service), ("database", stage.by_sql)):
            with transaction.atomic():
                accepted = act(attempt, stage.set_up(attempt))
                transaction.set_rollback(True)
            counts[f"{way} {'accepted' if accepted else 'refused'}"] += 1
            if accepted != attempt.allowed:
                wrong.append(f"{way}: {attempt} accepted={accepted}")
    return counts, wrong


def test_no_login_gets_round_four_eyes(office: Office, enrolled: str) -> None:
    """One role at a time, and all of them together."""
    _counts, wrong = _tried(Stage(office), tuple(roles for roles in ROLE_SETS if len(roles) in (1, 4)))
    assert wrong == []


@pytest.mark.prove
def test_no_set_of_roles_gets_round_four_eyes(office: Office, enrolled: str) -> None:
    started = time.monotonic()
    stage = Stage(office)
    counts, wrong = _tried(stage, ROLE_SETS)
    makers_may_approve()
    tried, lost = _tried(stage, (ROLES,))
    report(
        "r10-four-eyes",
        promise="R10 four eyes: every set of roles, act and history with the list, by service and by SQL",
        bar="0 wrongly accepted in service and database",
        found=f"{len(wrong)} of {counts.total()} not as they should be",
        met=not wrong and bool(lost),
        duration_s=time.monotonic() - started,
        seed=EVERY,
        control=f"without the key against makers, {len(lost)} of {tried.total()} wrongly accepted",
        combinations=len(ROLE_SETS) * len(NEEDED) * len(HISTORIES),
        role_sets=len(ROLE_SETS),
        acts=list(NEEDED),
        histories=list(HISTORIES),
        outcomes=dict(sorted(counts.items())),
        wrong=wrong,
    )
    assert wrong == []
    assert lost


def makers_may_approve() -> None:
    """Take away, as the owner, what keeps makers from the seats under their own lists."""
    with connection_of_owner() as cursor:
        cursor.execute("ALTER TABLE payments_approval DROP CONSTRAINT approval_not_by_maker")


def test_only_makers_prepare_lists(office: Office, enrolled: str) -> None:
    """Also by raw SQL: a list cannot be made in the name of somebody who is no maker."""
    stage = Stage(office)
    for role in ROLES[1:]:
        with pytest.raises(IntegrityError) as caught, transaction.atomic():
            bulk.execute(
                """
                INSERT INTO payments_paymentlist (cycle_id, number, phase, fund, status, maker_id, maker_person, prepared_at,
                    payments, amount_paisa, sha256, seats_approve, seats_authorise, seats_release)
                SELECT cycle_id, 99, phase, fund, 'prepared', %s, '', prepared_at, payments, amount_paisa, sha256, 1, 1, 1
                FROM payments_paymentlist WHERE id = %s
                """,
                [person(f"no maker, {role}", role).pk, stage.list.pk],
            )
        assert "may not prepare payment lists" in str(caught.value)


def test_without_the_guards_the_maker_could_approve(office: Office, enrolled: str) -> None:
    """Control: with the constraint and trigger gone, raw SQL takes what it refuses otherwise; the attempts are real."""
    stage = Stage(office)
    attempt = Attempt(ROLES, "approve", "maker")
    assert not attempt.allowed
    makers_may_approve()
    with transaction.atomic():
        assert stage.by_sql(attempt, stage.set_up(attempt))
        transaction.set_rollback(True)
