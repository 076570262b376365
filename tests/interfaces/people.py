"""The cast of the page tests: one login per role, and what the tests know of one household."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from django.contrib.auth.models import User
from django.test import Client

from kafalat.config.sealing import sealer
from kafalat.interfaces.logins import STAFF, staff
from kafalat.registry.models import Person
from kafalat.registry.selectors import CNIC_PURPOSE
from kafalat.targeting.models import Decision

USERNAMES = {role: username for username, role in STAFF.items()}


class Answered(Protocol):
    """An answer whose page can be read."""

    @property
    def content(self) -> bytes:
        """The page's bytes."""
        ...


def html(response: Answered) -> str:
    """The page of an answer."""
    return response.content.decode()


def logged_in(role: str) -> Client:
    """A browser in which the person with this role is logged in."""
    return browser_of(staff(USERNAMES[role]))


def browser(*, enforce_csrf_checks: bool = False) -> Client:
    """A browser in which nobody is logged in."""
    return Client(enforce_csrf_checks=enforce_csrf_checks, SERVER_NAME="127.0.0.1")


def browser_of(user: User) -> Client:
    """A browser in which `user` is logged in."""
    client = browser()
    client.force_login(user)
    return client


@dataclass(frozen=True, slots=True)
class Known:
    """A person with a CNIC: her numbers in clear, her name, her household and what was decided about it."""

    cnic: str
    form_number: str
    household_id: int
    person: Person


def somebody(outcome: str, *, skip: int = 0) -> Known:
    """A person with a CNIC who lives in a household with this outcome; `skip` leaves the first few out."""
    people = Person.objects.filter(
        cnic_sealed__isnull=False,
        household_id__in=Decision.objects.filter(outcome=outcome).values("household_id"),
    ).select_related("household")
    person = people.order_by("household_id", "line_no")[skip]
    assert person.cnic_sealed is not None
    return Known(
        cnic=sealer().unseal(bytes(person.cnic_sealed), CNIC_PURPOSE),
        form_number=person.household.form_number,
        household_id=person.household_id,
        person=person,
    )
