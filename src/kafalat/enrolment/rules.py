"""The programme's rules about accounts, or a refusal where it has none."""

from __future__ import annotations

from kafalat.core.problems import problem
from kafalat.policy.accounts import AccountRules
from kafalat.policy.geography import banks_by_code
from kafalat.policy.model import Bank, Programme


def rules_of(programme: Programme) -> AccountRules:
    """Return what accounts.yaml says. Raises the problem `accounts.no_rules`."""
    if programme.accounts is None:
        raise problem("accounts.no_rules")
    return programme.accounts


def bank_of(programme: Programme, code: str) -> Bank:
    """Return the bank `code`. Raises the problem `accounts.bank_unknown`."""
    bank = banks_by_code(programme).get(code)
    if bank is None:
        raise problem("accounts.bank_unknown", bank=code)
    return bank
