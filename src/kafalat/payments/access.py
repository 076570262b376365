"""Who may read cycles and who may decide about a payment list. Being a superuser adds nothing.

These functions decide what pages offer and refuse; the database refuses the maker and a second yes of one person again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.contrib.auth.models import User

from kafalat.core.problems import problem
from kafalat.payments.models import PaymentList
from kafalat.registry.access import refusal, roles_of

Act = Literal["check", "approve", "reject", "send"]
ACTS: tuple[Act, ...] = ("check", "approve", "reject", "send")

CYCLE_READERS = frozenset(
    {
        "analyst",
        "auditor",
        "payment_authoriser",
        "payment_checker",
        "payment_maker",
        "payment_releaser",
        "reconciler",
        "treasury_officer",
    }
)
DECIDERS = frozenset({"payment_checker", "payment_releaser"})
RELEASERS = frozenset({"payment_releaser"})
PREPARERS = frozenset({"payment_maker"})
RECONCILERS = frozenset({"reconciler"})
APPROVALS_NEEDED = 2


def may_read_cycles(roles: frozenset[str]) -> bool:
    """Say whether these roles open the pages of cycles."""
    return bool(roles & CYCLE_READERS)


def access_cycles(user: User) -> None:
    """Let those read cycles whose work needs it. Raises the problem `access.refused`."""
    if may_read_cycles(roles_of(user)):
        return
    raise refusal(CYCLE_READERS)


def access_list_act(user: User, payment_list: PaymentList) -> None:
    """Let checkers and releasers decide about a list, but never its maker.

    Raises the problems `access.refused` and `access.own_list`.
    """
    if not roles_of(user) & DECIDERS:
        raise refusal(DECIDERS)
    if payment_list.maker_id == user.pk:
        raise problem("access.own_list", cycle=payment_list.cycle.tranche, number=payment_list.number)


def access_releasing(user: User, payment_list: PaymentList) -> None:
    """Let releasers send an approved list to the banks, but never its maker.

    Raises the problems `access.refused` and `access.own_list`.
    """
    if not roles_of(user) & RELEASERS:
        raise refusal(RELEASERS)
    access_list_act(user, payment_list)


def access_preparing(user: User) -> None:
    """Let payment makers open, prepare and close. Raises the problem `access.refused`."""
    if not roles_of(user) & PREPARERS:
        raise refusal(PREPARERS)


def access_reconciling(user: User) -> None:
    """Let reconcilers take in bank answers and decide what becomes of returned money. Raises `access.refused`."""
    if not roles_of(user) & RECONCILERS:
        raise refusal(RECONCILERS)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a page offers one person about one list, and where nothing is offered, why: a code the page has words for."""

    acts: tuple[Act, ...]
    why_not: Literal["", "role", "maker", "already", "done"] = ""


def offer(user: User, payment_list: PaymentList, approver_ids: frozenset[int]) -> Offer:
    """Return what `user` may do with the list now. `approver_ids` are the people who have said yes or no to it."""
    waiting = payment_list.status in {PaymentList.Status.PREPARED, PaymentList.Status.CHECKED}
    approved = len(approver_ids) >= APPROVALS_NEEDED
    if not waiting:
        return Offer((), "done")
    if not roles_of(user) & (RELEASERS if approved else DECIDERS):
        return Offer((), "done" if approved else "role")
    if payment_list.maker_id == user.pk:
        return Offer((), "maker")
    if approved:
        return Offer(("send",))
    if user.pk in approver_ids:
        return Offer((), "already")
    if payment_list.status == PaymentList.Status.PREPARED:
        return Offer(("check",))
    return Offer(("approve", "reject"))
