"""Who may read accounts and standing, and who may ask for changes and decide about them. Being a superuser adds nothing."""

from __future__ import annotations

from django.contrib.auth.models import User

from kafalat.registry.access import refusal, roles_of

ACCOUNT_WORKERS = frozenset({"account_officer"})
ACCOUNT_READERS = ACCOUNT_WORKERS | {"auditor"}


def may_read_accounts(roles: frozenset[str]) -> bool:
    """Say whether these roles open the pages of accounts."""
    return bool(roles & ACCOUNT_READERS)


def access_accounts(user: User) -> None:
    """Let account officers and auditors read accounts, changes and standing. Raises the problem `access.refused`."""
    if not may_read_accounts(roles_of(user)):
        raise refusal(ACCOUNT_READERS)


def access_account_work(user: User) -> None:
    """Let account officers work on accounts, changes and standing. Raises the problem `access.refused`."""
    if not roles_of(user) & ACCOUNT_WORKERS:
        raise refusal(ACCOUNT_WORKERS)
