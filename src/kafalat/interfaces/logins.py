"""The demo's staff: one login per role, with random passwords kept in the home folder for its owner to read."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

from django.contrib.auth.models import Group, User
from django.db import transaction

from kafalat.config.home import Home, private_write

# One person per role: nobody who makes a list can approve it.
STAFF = {
    "maker": "payment_maker",
    "checker": "payment_checker",
    "authoriser": "payment_authoriser",
    "releaser": "payment_releaser",
    "reconciler": "reconciler",
    "treasury": "treasury_officer",
    "accounts": "account_officer",
    "counter": "counter_operator",
    "supervisor": "counter_supervisor",
    "integrity": "integrity_officer",
    "clerk": "desk_clerk",
    "secretary": "committee_secretary",
    "analyst": "analyst",
    "auditor": "auditor",
}


@dataclass(frozen=True, slots=True)
class Login:
    """A demo login. The password is random, made when the login was."""

    username: str
    role: str
    password: str


def ensure_logins(home: Home) -> list[Login]:
    """Make the demo's logins where they are missing and return them all."""
    kept = home.keys / "demo_logins.json"
    passwords: dict[str, str] = json.loads(kept.read_text()) if kept.exists() else {}
    new = STAFF.keys() - passwords.keys()
    passwords |= {username: secrets.token_urlsafe(12) for username in new}
    private_write(kept, json.dumps(passwords, indent=1))
    for username, role in STAFF.items():
        _ensure_user(username, role, passwords[username], renew=username in new)
    return [Login(username, role, passwords[username]) for username, role in STAFF.items()]


def _ensure_user(username: str, role: str, password: str, *, renew: bool) -> None:
    with transaction.atomic():
        user, created = User.objects.get_or_create(username=username)
        if created or renew:
            user.set_password(password)
            user.save(update_fields=["password"])
        user.groups.add(Group.objects.get(name=role))


def staff(username: str) -> User:
    """Return a demo user by name. Raises User.DoesNotExist."""
    return User.objects.get(username=username)
