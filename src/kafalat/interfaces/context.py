"""What every page knows: its language and direction, the same page in the other language, and the way around."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, get_language_from_path
from django.utils.translation import gettext_lazy as _

from kafalat.core.text import Bilingual, Language
from kafalat.enrolment.access import may_read_accounts
from kafalat.integrity.access import may_read_alerts
from kafalat.payments.access import may_read_cycles
from kafalat.payments.counter.access import may_supervise, may_work_at_counter
from kafalat.payments.reconciliation.workbench import may_read_workbench
from kafalat.registry.access import ROLES, may_read_households, roles_of
from kafalat.targeting.access import may_read_lists

OTHER: dict[Language, Language] = {"en": "ur", "ur": "en"}
LANGUAGE_NAMES: dict[Language, str] = {"en": "English", "ur": "اردو"}


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the console's navigation; `parts` are the pages of a group, shown once the group is entered."""

    label: str | Promise
    url: str
    current: bool
    parts: tuple[NavItem, ...] = ()


def language_in_use(code: str | None) -> Language:
    """Return the language of a tag such as "ur" or "en-gb"; English for everything else."""
    return "ur" if (code or "").partition("-")[0] == "ur" else "en"


def in_other_language(full_path: str, language: Language) -> str:
    """Return the same page, with its query, in the other language.

    >>> in_other_language("/en/households/?q=Lahore", "en")
    '/ur/households/?q=Lahore'
    """
    other = OTHER[language]
    prefix = f"/{language}/"
    return f"/{other}/{full_path[len(prefix) :]}" if full_path.startswith(prefix) else f"/{other}/"


def plain(request: HttpRequest) -> dict[str, Any]:
    """Return what a page needs at least, found without the database."""
    language = language_in_use(get_language_from_path(request.path_info) or get_language())
    other = OTHER[language]
    return {
        "language": language,
        "direction": "rtl" if language == "ur" else "ltr",
        "other_language": other,
        "other_language_name": LANGUAGE_NAMES[other],
        "other_language_url": in_other_language(request.get_full_path(), language),
        "bare": True,
    }


def page(request: HttpRequest) -> dict[str, Any]:
    """Return what templates of all pages use: language, direction, navigation and the roles of who is logged in."""
    values = plain(request)
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {**values, "bare": False}
    roles = roles_of(user)
    return {
        **values,
        "bare": False,
        "navigation": _navigation(request, roles),
        "role_labels": [ROLES[role] for role in sorted(roles & ROLES.keys())],
        "reads_households": may_read_households(roles),
        "reads_cycles": may_read_cycles(roles),
        "reads_accounts": may_read_accounts(roles),
    }


def _navigation(request: HttpRequest, roles: frozenset[str]) -> list[NavItem]:
    """Return the groups a reader has a page in. A group leads to its first page; a page is (label, name, may open)."""
    staff, cycles = bool(roles & ROLES.keys()), may_read_cycles(roles)
    groups: list[tuple[str | Promise, list[tuple[str | Promise, str, bool]]]] = [
        (_("Overview"), [(_("Overview"), "overview", staff)]),
        (
            _("Households"),
            [
                (_("Households"), "households", may_read_households(roles)),
                (_("Accounts"), "accounts", may_read_accounts(roles)),
                (_("Background work"), "jobs", may_read_accounts(roles) and not cycles),
            ],
        ),
        (
            _("Programme"),
            [
                (_("Runs"), "runs", staff),
                (_("Simulation"), "simulation", staff),
                (_("Lists to validate"), "committee_lists", may_read_lists(roles)),
            ],
        ),
        (
            _("Payments"),
            [
                (_("Payment cycles"), "cycles", cycles),
                (_("Calendar"), "calendar", cycles),
                (_("Ledger"), "ledger", cycles),
                (_("Reconciliation"), "reconciliation", may_read_workbench(roles)),
                (_("Not sent yet"), "outbox", cycles),
                (_("Recalls"), "recalls", cycles),
                (_("Money nobody collects"), "idle", cycles),
                (_("Banks"), "banks", cycles),
                (_("Background work"), "jobs", cycles),
            ],
        ),
        (
            _("Counter"),
            [
                (_("Counter"), "counter", may_work_at_counter(roles)),
                (_("Fallbacks to allow"), "counter_approvals", may_supervise(roles)),
            ],
        ),
        (_("Alerts"), [(_("Alerts"), "alerts", may_read_alerts(roles))]),
    ]
    found = []
    for label, pages in groups:
        items = [_item(request, words, name) for words, name, allowed in pages if allowed]
        if items:
            here = any(item.current for item in items)
            found.append(NavItem(label, items[0].url, here, tuple(items) if len(items) > 1 else ()))
    return found


# Pages that belong to an entry without standing under its address.
_BESIDE = {"cycles": ("lists/", "payments/")}


def _item(request: HttpRequest, label: str | Promise, name: str) -> NavItem:
    url = reverse(name)
    under = [url, *(f"{reverse('overview')}{beside}" for beside in _BESIDE.get(name, ()))]
    here = request.path == url or (name != "overview" and request.path.startswith(tuple(under)))
    return NavItem(label, url, here)


def text(value: Bilingual) -> str:
    """Return a bilingual text in the language of the page."""
    return value.in_(language_in_use(get_language()))
