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
from kafalat.policy.model import Bin, Dated, Fact, Pair, Programme, Scorecard, Span, Stratum, in_force
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


@dataclass(frozen=True, slots=True)
class PairTable:
    """Two questions of the scorecard whose points depend on both answers: a row for each answer to the first."""

    first: Bilingual
    second: Bilingual
    columns: tuple[tuple[Bilingual, ...], ...]
    rows: tuple[tuple[tuple[Bilingual, ...], tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class CardPart:
    """The lines of the card for all households, or with a `heading` those for the answers it names, and where they start."""

    heading: tuple[Bilingual, ...]
    base_points: int
    terms: tuple[TermRow, ...]
    pairs: tuple[PairTable, ...]


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
        "parts": _card_parts(programme),
        "today": today,
    }
    return render(request, "public/guide.html", context)


def _cutoff_row(programme: Programme, place: int, today: date) -> CutoffRow:
    category = programme.eligibility.categories[place]
    now = in_force(category.cutoff, today)
    return CutoffRow(category.label, now, tuple(d for d in reversed(category.cutoff) if d is not now))


def _card_parts(programme: Programme) -> list[CardPart]:
    card = programme.scorecard
    found = [_card_part(programme, card, (), card.base_points)]
    for stratum in card.strata:
        codes = programme.fact(card.stratum or "").categories
        heading = tuple(codes[code] for code in stratum.is_)
        found.append(_card_part(programme, stratum, heading, card.base_points + stratum.base_points))
    return found


def _card_part(
    programme: Programme, part: Scorecard | Stratum, heading: tuple[Bilingual, ...], base_points: int
) -> CardPart:
    return CardPart(
        heading,
        base_points,
        tuple(_term_row(programme.fact(term.fact), term.bins) for term in part.terms),
        tuple(_pair_table(programme, pair) for pair in part.pairs),
    )


def _pair_table(programme: Programme, pair: Pair) -> PairTable:
    first, second = (programme.fact(name) for name in pair.facts)
    return PairTable(
        first.label,
        second.label,
        tuple(_answers(second, column) for column in pair.columns),
        tuple((_answers(first, row), points) for row, points in zip(pair.rows, pair.points, strict=True)),
    )


def _term_row(fact: Fact, bins: tuple[Bin, ...]) -> TermRow:
    return TermRow(fact.label, tuple(BinRow(_answers(fact, one), one.points) for one in bins))


def _answers(fact: Fact, one: Span) -> tuple[Bilingual, ...]:
    """Return which answers a bin, row or column holds, in words."""
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
