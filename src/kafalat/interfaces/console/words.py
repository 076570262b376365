"""What several payment pages share: words of a programme, and how a refusal stands on the page it was asked from."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from kafalat.core.problems import Problem
from kafalat.core.text import Bilingual
from kafalat.interfaces import programmes
from kafalat.interfaces.context import language_in_use, text
from kafalat.payments.models import Cycle


def bank_labels() -> dict[str, Bilingual]:
    """Return the banks of the programme in force by code."""
    return {bank.code: bank.label for bank in programmes.in_force().banks.banks}


def hold_texts(cycle: Cycle) -> dict[str, str]:
    """Return why families are held back, in words of the programme the cycle pays under."""
    holds = programmes.stamped(cycle.programme_sha256).approvals.holds
    return {hold.code: text(hold.text) for hold in holds}


def with_refusal(
    request: HttpRequest, template: str, context: Mapping[str, object], refusal: Problem | None
) -> HttpResponse:
    """Render a page with the sentence of what was refused above its form (`refused`), and with that problem's status."""
    said = refusal.text(language_in_use(get_language())) if refusal else ""
    status = refusal.entry.http_status if refusal else 200
    return render(request, template, {**context, "refused": said}, status=status)


def number(text: str) -> int:
    """Return the key a form sent, 0 for anything that is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
