"""Who may read the registry. A person's reach follows from her roles (groups) alone; being a superuser adds nothing."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User

from kafalat.core.problems import Problem, problem
from kafalat.core.text import Bilingual

ROLES: dict[str, Bilingual] = {
    "account_officer": Bilingual(en="account officer", ur="کھاتہ افسر"),
    "analyst": Bilingual(en="analyst", ur="تجزیہ کار"),
    "auditor": Bilingual(en="auditor", ur="آڈیٹر"),
    "committee_secretary": Bilingual(en="committee secretary", ur="کمیٹی سیکریٹری"),
    "counter_operator": Bilingual(en="counter operator", ur="کاؤنٹر آپریٹر"),
    "counter_supervisor": Bilingual(en="counter supervisor", ur="کاؤنٹر نگران"),
    "desk_clerk": Bilingual(en="desk clerk", ur="ڈیسک کلرک"),
    "integrity_officer": Bilingual(en="integrity officer", ur="دیانت افسر"),
    "payment_authoriser": Bilingual(en="payment authoriser", ur="ادائیگی کا مجاز افسر"),
    "payment_checker": Bilingual(en="payment checker", ur="ادائیگی جانچنے والا"),
    "payment_maker": Bilingual(en="payment maker", ur="ادائیگی بنانے والا"),
    "payment_releaser": Bilingual(en="payment releaser", ur="ادائیگی جاری کرنے والا"),
    "reconciler": Bilingual(en="reconciler", ur="مطابقت کار"),
    "treasury_officer": Bilingual(en="treasury officer", ur="خزانہ افسر"),
}
# Analysts work with pseudonymous figures, reconcilers and treasury officers with bank lines, integrity officers with
# alerts, and a counter with the one person before it: none of them reads households.
HOUSEHOLD_READERS = frozenset(
    {
        "account_officer",
        "auditor",
        "desk_clerk",
        "payment_authoriser",
        "payment_checker",
        "payment_maker",
        "payment_releaser",
    }
)


def roles_of(user: User) -> frozenset[str]:
    """Return the names of the roles `user` holds; none for an account that was closed."""
    if not user.is_active:
        return frozenset()
    return frozenset(user.groups.values_list("name", flat=True))


def refusal(roles: Iterable[str]) -> Problem:
    """Return the problem that says which roles open what was asked for."""
    labels = [ROLES[role] for role in sorted(roles)]
    return problem(
        "access.refused",
        roles_en=", ".join(label.en for label in labels),
        roles_ur="، ".join(label.ur for label in labels),
    )


def access_figures(user: User) -> None:
    """Let everybody with a role read totals, in which nobody can be recognised. Raises the problem `access.refused`."""
    if roles_of(user) & ROLES.keys():
        return
    raise refusal(ROLES)


def may_read_households(roles: frozenset[str]) -> bool:
    """Say whether these roles open the pages where people's names stand."""
    return bool(roles & HOUSEHOLD_READERS)


def access_households(user: User) -> None:
    """Let those read households, names and masked identifiers whose work needs it. Raises the problem `access.refused`."""
    if may_read_households(roles_of(user)):
        return
    raise refusal(HOUSEHOLD_READERS)
