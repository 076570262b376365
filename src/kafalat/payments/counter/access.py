"""Who verifies and pays out at a counter, who allows a fallback, who blocks devices. Being a superuser adds nothing."""

from __future__ import annotations

from django.contrib.auth.models import User

from kafalat.registry.access import refusal, roles_of

OPERATORS = frozenset({"counter_operator"})
SUPERVISORS = frozenset({"counter_supervisor"})
COUNTER = OPERATORS | SUPERVISORS
DEVICE_KEEPERS = frozenset({"integrity_officer"})
# Who reads the counter's page: those who work there, and who audits them.
COUNTER_READERS = COUNTER | {"auditor"}


def may_work_at_counter(roles: frozenset[str]) -> bool:
    """Say whether these roles look up, verify and pay out."""
    return bool(roles & OPERATORS)


def may_supervise(roles: frozenset[str]) -> bool:
    """Say whether these roles allow fallbacks."""
    return bool(roles & SUPERVISORS)


def access_counter(user: User) -> None:
    """Let operators look up, verify and pay out. Raises the problem `access.refused`."""
    if not roles_of(user) & OPERATORS:
        raise refusal(OPERATORS)


def access_supervising(user: User) -> None:
    """Let supervisors answer fallbacks. Raises the problem `access.refused`."""
    if not roles_of(user) & SUPERVISORS:
        raise refusal(SUPERVISORS)


def access_receipts(user: User) -> None:
    """Let the counter and auditors read receipts. Raises the problem `access.refused`."""
    if not roles_of(user) & COUNTER_READERS:
        raise refusal(COUNTER_READERS)


def access_devices(user: User) -> None:
    """Let integrity officers register, block and unblock devices. Raises the problem `access.refused`."""
    if not roles_of(user) & DEVICE_KEEPERS:
        raise refusal(DEVICE_KEEPERS)
