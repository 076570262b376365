"""Who reads alerts and who decides about them. Being a superuser adds nothing."""

from __future__ import annotations

from django.contrib.auth.models import User

from kafalat.registry.access import refusal, roles_of

DECIDERS = frozenset({"integrity_officer"})
READERS = DECIDERS | {"auditor"}


def may_read_alerts(roles: frozenset[str]) -> bool:
    """Say whether these roles open the list of alerts."""
    return bool(roles & READERS)


def may_decide_alerts(roles: frozenset[str]) -> bool:
    """Say whether these roles decide about alerts and block devices."""
    return bool(roles & DECIDERS)


def access_alerts(user: User) -> None:
    """Let integrity officers and auditors read alerts. Raises the problem `access.refused`."""
    if not may_read_alerts(roles_of(user)):
        raise refusal(READERS)


def access_deciding(user: User) -> None:
    """Let integrity officers decide. Raises the problem `access.refused`."""
    if not may_decide_alerts(roles_of(user)):
        raise refusal(DECIDERS)
