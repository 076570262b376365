"""Who may do what in targeting. A person's reach follows from her roles alone; being a superuser adds nothing."""

from __future__ import annotations

from django.contrib.auth.models import User

from kafalat.registry.access import refusal, roles_of

# Everybody with a role may try a simulation; keeping one under a name puts it on record.
SIMULATION_KEEPERS = frozenset({"analyst"})


def may_save_simulations(roles: frozenset[str]) -> bool:
    """Say whether these roles may keep simulations."""
    return bool(roles & SIMULATION_KEEPERS)


def access_saving_simulations(user: User) -> None:
    """Let analysts keep simulations. Raises the problem `access.refused`."""
    if not may_save_simulations(roles_of(user)):
        raise refusal(SIMULATION_KEEPERS)
