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

Act = Literal["check", "approve", "authorise", "release", "reject"]
ACTS: tuple[Act, ...] = ("check", "approve", "authorise", "release", "reject")

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
DECIDERS = frozenset({"payment_authoriser", "payment_checker", "payment_releaser"})
RELEASERS = frozenset({"payment_releaser"})
# Who may do what to a list; the database holds the same (migration 0003).
ROLES_OF: dict[Act, frozenset[str]] = {
    "check": frozenset({"payment_checker"}),
    "approve": frozenset({"payment_checker"}),
    "authorise": frozenset({"payment_authoriser"}),
    "release": RELEASERS,
    "reject": DECIDERS,
}
PREPARERS = frozenset({"payment_maker"})
RECONCILERS = frozenset({"reconciler"})
RECALLERS = RELEASERS | RECONCILERS
TREASURERS = frozenset({"treasury_officer"})


def may_read_cycles(roles: frozenset[str]) -> bool:
    """Say whether these roles open the pages of cycles."""
    return bool(roles & CYCLE_READERS)


def access_cycles(user: User) -> None:
    """Let those read cycles whose work needs it. Raises the problem `access.refused`."""
    if may_read_cycles(roles_of(user)):
        return
    raise refusal(CYCLE_READERS)


def access_list_act(user: User, payment_list: PaymentList, act: Act) -> None:
    """Let those take a step about a list whose role it is, but never its maker.

    Raises the problems `access.refused` and `access.own_list`.
    """
    if not roles_of(user) & ROLES_OF[act]:
        raise refusal(ROLES_OF[act])
    if payment_list.maker_id == user.pk:
        raise problem("access.own_list", cycle=payment_list.cycle.tranche, number=payment_list.number)


def next_act(payment_list: PaymentList, seats_taken: int) -> Act | None:
    """Return what the list waits for, or None where nothing more is to be decided."""
    if payment_list.status == PaymentList.Status.PREPARED:
        return "check"
    if payment_list.status != PaymentList.Status.CHECKED or seats_taken >= payment_list.seats:
        return None
    if seats_taken < payment_list.seats_approve:
        return "approve"
    if seats_taken < payment_list.seats_approve + payment_list.seats_authorise:
        return "authorise"
    return "release"


def access_preparing(user: User) -> None:
    """Let payment makers open, prepare and close. Raises the problem `access.refused`."""
    if not roles_of(user) & PREPARERS:
        raise refusal(PREPARERS)


def access_sending(user: User) -> None:
    """Let releasers decide what becomes of a file that did not leave. Raises the problem `access.refused`."""
    if not roles_of(user) & RELEASERS:
        raise refusal(RELEASERS)


def access_reconciling(user: User) -> None:
    """Let reconcilers take in bank answers and decide what becomes of returned money. Raises `access.refused`."""
    if not roles_of(user) & RECONCILERS:
        raise refusal(RECONCILERS)


def access_recalling(user: User) -> None:
    """Let releasers and reconcilers ask for and agree to a recall. Raises the problem `access.refused`."""
    if not roles_of(user) & RECALLERS:
        raise refusal(RECALLERS)


def access_treasury(user: User) -> None:
    """Let treasury officers bring statements of the programme's account and sign reconciliations. Raises `access.refused`."""
    if not roles_of(user) & TREASURERS:
        raise refusal(TREASURERS)


def access_releasing_money(user: User) -> None:
    """Let releasers approve orders to take money back, and grant claims to it. Raises `access.refused`."""
    if not roles_of(user) & RELEASERS:
        raise refusal(RELEASERS)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a page offers one person about one list, and where nothing is offered, why: a code the page has words for."""

    acts: tuple[Act, ...]
    why_not: Literal["", "role", "maker", "already", "done"] = ""


def offer(user: User, payment_list: PaymentList, approver_ids: frozenset[int]) -> Offer:
    """Return what `user` may do with the list now. `approver_ids` are the people who have said yes or no to it."""
    act = next_act(payment_list, len(approver_ids))
    roles = roles_of(user)
    if act is None:
        return Offer((), "done")
    if not roles & DECIDERS:
        return Offer((), "role")
    if payment_list.maker_id == user.pk:
        return Offer((), "maker")
    if user.pk in approver_ids:
        return Offer((), "already")
    acts: tuple[Act, ...] = (act,) if act == "check" else (act, "reject")
    allowed = tuple(each for each in acts if roles & ROLES_OF[each])
    return Offer(allowed, "" if allowed else "role")
