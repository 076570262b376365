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
from kafalat.payments.access import may_read_cycles
from kafalat.registry.access import ROLES, may_read_households, roles_of
from kafalat.targeting.access import may_read_lists

OTHER: dict[Language, Language] = {"en": "ur", "ur": "en"}
LANGUAGE_NAMES: dict[Language, str] = {"en": "English", "ur": "اردو"}


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the console's navigation."""

    label: str | Promise
    url: str
    current: bool


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
    }


def _navigation(request: HttpRequest, roles: frozenset[str]) -> list[NavItem]:
    entries = [(_("Overview"), "overview", bool(roles & ROLES.keys()))]
    entries += [
        (_("Households"), "households", may_read_households(roles)),
        (_("Runs"), "runs", bool(roles & ROLES.keys())),
        (_("Simulation"), "simulation", bool(roles & ROLES.keys())),
        (_("Lists to validate"), "committee_lists", may_read_lists(roles)),
        (_("Payment cycles"), "cycles", may_read_cycles(roles)),
    ]
    found = []
    for label, name, allowed in entries:
        if allowed:
            url = reverse(name)
            here = request.path == url or (name != "overview" and request.path.startswith(url))
            found.append(NavItem(label, url, here))
    return found


def text(value: Bilingual) -> str:
    """Return a bilingual text in the language of the page."""
    return value.in_(language_in_use(get_language()))
