"""How it works: who is chosen and how, what is paid, one's rights, made from the programme itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from kafalat.core.text import Bilingual
from kafalat.interfaces import programmes
from kafalat.policy.model import Bin, Dated, Fact, Programme, in_force
from kafalat.targeting.explain import NO, YES


@dataclass(frozen=True, slots=True)
class CutoffRow:
    """One category with its cut-off today and the earlier ones."""

    label: Bilingual
    today: Dated[Decimal] | None
    earlier: tuple[Dated[Decimal], ...]


@dataclass(frozen=True, slots=True)
class BinRow:
    """Answers of a term that earn the same points."""

    answers: tuple[Bilingual, ...]
    points: int


@dataclass(frozen=True, slots=True)
class TermRow:
    """One question of the scorecard with the points of each answer."""

    label: Bilingual
    bins: tuple[BinRow, ...]


@login_not_required
@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    """Explain the programme in force to everybody."""
    programme, today = programmes.in_force(), timezone.localdate()
    context = {
        "programme": programme,
        "cutoffs": [
            _cutoff_row(programme, code, today) for code in range(len(programme.eligibility.categories))
        ],
        "exclusions": [e.label for e in programme.eligibility.exclusions if e.covers(today)],
        "payees": [p.label for p in programme.eligibility.payees if p.covers(today)],
        "amounts": [
            (c.label, in_force(c.amount_paisa, today), tuple(reversed(c.amount_paisa)))
            for c in programme.components
        ],
        "terms": [_term_row(programme.fact(term.fact), term.bins) for term in programme.scorecard.terms],
        "today": today,
    }
    return render(request, "public/guide.html", context)


def _cutoff_row(programme: Programme, place: int, today: date) -> CutoffRow:
    category = programme.eligibility.categories[place]
    now = in_force(category.cutoff, today)
    return CutoffRow(category.label, now, tuple(d for d in reversed(category.cutoff) if d is not now))


def _term_row(fact: Fact, bins: tuple[Bin, ...]) -> TermRow:
    return TermRow(fact.label, tuple(BinRow(_answers(fact, one), one.points) for one in bins))


def _answers(fact: Fact, one: Bin) -> tuple[Bilingual, ...]:
    """Return which answers a bin holds, in words."""
    if one.is_ is not None:
        return tuple(_value_text(fact, value) for value in one.is_)
    return (_range_text(one.from_, one.to, fact.minimum or 0),)


def _range_text(low: int | None, high: int | None, least: int) -> Bilingual:
    """Return a range of numbers in words; nothing is below `least`."""
    if low is None and high is not None and high > least:
        return Bilingual(en=f"{high} or fewer", ur=f"{high} یا کم")
    if high is None:
        return Bilingual(en=f"{low} or more", ur=f"{low} یا زیادہ")
    if low is None or low == high:
        return Bilingual(en=str(high), ur=str(high))
    return Bilingual(en=f"{low} to {high}", ur=f"{low} تا {high}")


def _value_text(fact: Fact, value: str | bool) -> Bilingual:
    if isinstance(value, bool):
        return YES if value else NO
    return fact.categories.get(value, Bilingual(en=value, ur=value))
