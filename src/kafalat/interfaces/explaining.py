"""A decision in sentences a family can read, in both languages: the same on the household's page and on its slip.

What a programme decides (reasons, where to appeal, whom to call) comes in its own words; here stands only how they
are put together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from kafalat.core.text import Bilingual, Language
from kafalat.engine.explanation import Change, Explanation, FilterLine, TermLine
from kafalat.interfaces.templatetags.kafalat import MONTHS
from kafalat.policy.model import Programme
from kafalat.policy.vocabulary import REASON_WITHIN, WAITING_LIST

Tone = Literal["good", "wait", "no", "ask"]

_ELIGIBLE = Bilingual(en="The household is eligible", ur="گھرانہ اہل ہے")
_HELD = Bilingual(
    en="The household is eligible, but payment is held", ur="گھرانہ اہل ہے، مگر ادائیگی رکی ہوئی ہے"
)
_WAITING = Bilingual(
    en="The household is eligible and on the waiting list", ur="گھرانہ اہل ہے اور انتظار کی فہرست میں ہے"
)
_INELIGIBLE = Bilingual(en="The household is not eligible", ur="گھرانہ اہل نہیں")
_INCOMPLETE = Bilingual(
    en="No decision yet: answers are missing", ur="ابھی فیصلہ نہیں ہوا: کچھ جواب موجود نہیں"
)
OUTCOMES = {
    "eligible": Bilingual(en="eligible", ur="اہل"),
    "ineligible": Bilingual(en="not eligible", ur="نااہل"),
    "incomplete": Bilingual(en="incomplete", ur="نامکمل"),
}
_RULE = Bilingual(
    en="The rule that decided: “{category}”. A score of {cutoff} or less is within the limit.",
    ur="فیصلہ کن اصول: «{category}»۔ {cutoff} یا اس سے کم اسکور حد کے اندر ہے۔",
)
_DISTANCE = {
    -1: Bilingual(
        en="The score of {score} is {distance} below the limit of {cutoff}.",
        ur="اسکور {score} ہے: حد {cutoff} سے {distance} کم۔",
    ),
    0: Bilingual(
        en="The score of {score} is exactly on the limit, and so within it.",
        ur="اسکور {score} عین حد پر ہے، یعنی حد کے اندر ہے۔",
    ),
    1: Bilingual(
        en="The score of {score} is {distance} above the limit of {cutoff}.",
        ur="اسکور {score} ہے: حد {cutoff} سے {distance} زیادہ۔",
    ),
}
_CHANGE = Bilingual(
    en="{question}: “{other}” instead of “{value}” would make the score {score} and the household {outcome}.",
    ur="{question}: «{value}» کی بجائے «{other}» ہوتا تو اسکور {score} اور گھرانہ {outcome} ہوتا۔",
)
_NO_CHANGE = Bilingual(
    en="No single answer of the score, were it another, would change the result.",
    ur="اسکور کا کوئی ایک جواب بدلنے سے نتیجہ نہیں بدلتا۔",
)
_FILTER = Bilingual(en="{label}: {subject}, list of {day}.", ur="{label}: {subject}، {day} کی فہرست۔")
_ASKED = Bilingual(
    en="{label}: {subject}, list of {day}; {text}", ur="{label}: {subject}، {day} کی فہرست؛ {text}"
)


@dataclass(frozen=True, slots=True)
class Scale:
    """The score on its scale, with the cut-off that decided. Numbers are points; `None` where there is none."""

    minimum: int
    maximum: int
    score: int | None
    cutoff: Decimal | None

    def share_pct(self, points: int | Decimal) -> Decimal:
        """Return how far along the scale `points` lie, 0 to 100."""
        reach = max(1, self.maximum - self.minimum)
        return round(min(Decimal(100), max(Decimal(0), (Decimal(points) - self.minimum) * 100 / reach)), 2)


@dataclass(frozen=True, slots=True)
class Told:
    """A decision as a family reads it. `appeal` is None where there is nothing to appeal against."""

    tone: Tone
    headline: Bilingual
    sentences: tuple[Bilingual, ...]
    missing: tuple[Bilingual, ...]
    filters: tuple[Bilingual, ...]
    rule: Bilingual | None
    distance: Bilingual | None
    scale: Scale
    changes: tuple[Bilingual, ...]
    no_change: Bilingual | None
    appeal_until: date
    appeal: Bilingual | None
    free: Bilingual


def tell(
    explained: Explanation,
    programme: Programme,
    *,
    decided_on: date,
    held: Sequence[Bilingual] = (),
    payable: bool = True,
) -> Told:
    """Return the decision in sentences. `held` says why a family cannot be paid yet; `payable`: some other one can."""
    tone, headline = _headline(explained, payable=payable)
    until = decided_on + timedelta(days=explained.appeal_days)
    decided = explained.outcome != "incomplete"
    return Told(
        tone=tone,
        headline=headline,
        sentences=_sentences(explained, programme, held, payable=payable),
        missing=tuple(_unasked(fact.text) for fact in explained.missing),
        filters=tuple(filter_text(found) for found in explained.filters),
        rule=_rule(explained),
        distance=_distance(explained),
        scale=Scale(
            programme.scorecard.minimum, programme.scorecard.maximum, explained.score, explained.cutoff
        ),
        changes=tuple(change_text(change) for change in explained.changes),
        no_change=_NO_CHANGE if decided and explained.score is not None and not explained.changes else None,
        appeal_until=until,
        appeal=None
        if tone == "ask" or (tone == "good" and not (held or explained.filters))
        else _filled(programme.messages["slip_appeal"], until),
        free=programme.messages["slip_free"],
    )


def largest(terms: Sequence[TermLine], most: int) -> tuple[tuple[TermLine, ...], int, int]:
    """Return the `most` lines that moved the score furthest, in the card's order, and number and points of the others.

    A line without an answer is never among the others: what is missing is told.
    """
    weight = [1_000 if term.points is None else abs(term.points) for term in terms]
    shown = set(sorted(range(len(terms)), key=lambda place: (-weight[place], place))[:most])
    rest = [term.points or 0 for place, term in enumerate(terms) if place not in shown]
    return tuple(term for place, term in enumerate(terms) if place in shown), len(rest), sum(rest)


def day_text(day: date, language: Language) -> str:
    """Write a date in words: 21 November 2026."""
    return f"{day.day} {MONTHS[language][day.month - 1]} {day.year}"


def _headline(explained: Explanation, *, payable: bool) -> tuple[Tone, Bilingual]:
    if explained.outcome == "incomplete":
        return "ask", _INCOMPLETE
    if explained.outcome == "ineligible":
        return "no", _INELIGIBLE
    if WAITING_LIST in {reason.code for reason in explained.reasons}:
        return "wait", _WAITING
    return ("good", _ELIGIBLE) if payable else ("wait", _HELD)


def _sentences(
    explained: Explanation, programme: Programme, held: Sequence[Bilingual], *, payable: bool
) -> tuple[Bilingual, ...]:
    """Return the reasons in the programme's words, and why families cannot be paid yet.

    That the score is within a limit is told with the words that nothing need be done: not so where payment is held
    or the household waits.
    """
    codes = {reason.code for reason in explained.reasons}
    quiet = payable and WAITING_LIST not in codes
    reasons = [r.text for r in explained.reasons if quiet or not r.code.startswith(REASON_WITHIN)]
    unpaid = programme.messages["status_eligible_no_payee"]
    return (*reasons, *(_both(unpaid, reason=why) for why in dict.fromkeys(held)))


def _rule(explained: Explanation) -> Bilingual | None:
    if explained.category_label is None or explained.cutoff is None:
        return None
    return _both(_RULE, category=explained.category_label, cutoff=_number(explained.cutoff))


def _distance(explained: Explanation) -> Bilingual | None:
    distance, cutoff = explained.distance, explained.cutoff
    if distance is None or cutoff is None or explained.score is None:
        return None
    side = (distance > 0) - (distance < 0)
    return _both(
        _DISTANCE[side],
        score=_number(explained.score),
        distance=_number(abs(distance)),
        cutoff=_number(cutoff),
    )


def change_text(change: Change) -> Bilingual:
    """Return in a sentence what one other answer would have come to."""
    return _both(
        _CHANGE,
        question=_unasked(change.label),
        value=change.value,
        other=change.other,
        score=_number(change.score),
        outcome=OUTCOMES[change.outcome],
    )


def filter_text(found: FilterLine) -> Bilingual:
    """Return in a sentence which list speaks of whom, and what to bring."""
    day = Bilingual(en=day_text(found.list_date, "en"), ur=day_text(found.list_date, "ur"))
    # What a hard list asks for is told with why payment is held.
    template = _FILTER if found.kind == "hard" else _ASKED
    return _both(template, label=found.label, subject=found.subject_label, day=day, text=found.text)


def _filled(template: Bilingual, until: date) -> Bilingual:
    return _both(template, appeal_until=Bilingual(en=day_text(until, "en"), ur=day_text(until, "ur")))


def _unasked(label: Bilingual) -> Bilingual:
    """Return a question as a name of what it asks, for use within a sentence."""
    return Bilingual(en=label.en.rstrip(" ?") or label.en, ur=label.ur.rstrip(" ؟?") or label.ur)


def _number(number: int | Decimal) -> Bilingual:
    """Return a number held together and apart from the direction of the words around it."""
    text = f"\u2068{number:g}\u2069" if isinstance(number, Decimal) else f"\u2068{number}\u2069"
    return Bilingual(en=text, ur=text)


def _both(template: Bilingual, **details: Bilingual) -> Bilingual:
    return Bilingual(
        en=template.en.format(**{name: text.en for name, text in details.items()}),
        ur=template.ur.format(**{name: text.ur for name, text in details.items()}),
    )
