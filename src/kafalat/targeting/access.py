"""Who may do what in targeting. A person's reach follows from her roles alone; being a superuser adds nothing."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import QuerySet

from kafalat.core.problems import problem
from kafalat.registry.access import refusal, roles_of
from kafalat.targeting.models import ValidationList

# Everybody with a role may try a simulation; keeping one under a name puts it on record.
SIMULATION_KEEPERS = frozenset({"analyst"})
# Names stand in the lists that committees validate, so it is few who reach them.
SECRETARIES = frozenset({"committee_secretary"})
LIST_READERS = SECRETARIES | {"auditor"}


def may_save_simulations(roles: frozenset[str]) -> bool:
    """Say whether these roles may keep simulations."""
    return bool(roles & SIMULATION_KEEPERS)


def access_saving_simulations(user: User) -> None:
    """Let analysts keep simulations. Raises the problem `access.refused`."""
    if not may_save_simulations(roles_of(user)):
        raise refusal(SIMULATION_KEEPERS)


def may_read_lists(roles: frozenset[str]) -> bool:
    """Say whether these roles open the pages of committees' lists."""
    return bool(roles & LIST_READERS)


def access_lists(user: User) -> QuerySet[ValidationList]:
    """Return the lists a person may read, newest first: a secretary those of her own committees, an auditor all.

    Raises the problem `access.refused`.
    """
    roles = roles_of(user)
    if not may_read_lists(roles):
        raise refusal(LIST_READERS)
    lists = ValidationList.objects.select_related("run", "committee__place").order_by("-id")
    return lists if "auditor" in roles else lists.filter(committee__secretary=user)


def access_list(user: User, list_id: int) -> ValidationList:
    """Return one list a person may read. Raises the problems `access.refused` and `community.list_unknown`."""
    found = access_lists(user).filter(pk=list_id).first()
    if found is None:
        raise problem("community.list_unknown", number=list_id)
    return found


def may_enter(user: User, validation_list: ValidationList) -> bool:
    """Say whether a person enters the verdicts of this list: the secretary of its committee alone."""
    return bool(roles_of(user) & SECRETARIES) and validation_list.committee.secretary_id == user.pk


def access_entering(user: User, list_id: int) -> ValidationList:
    """Return a list whose verdicts a person may enter. Raises the problems `access.refused` and `community.list_unknown`."""
    found = access_list(user, list_id)
    if not may_enter(user, found):
        raise refusal(SECRETARIES)
    return found
