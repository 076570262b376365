"""A decision in words and figures: every term of the score, the rule that decided, the distance to the cut-off.

The points shown are the points that were added: the explanation is the calculation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from kafalat.core.text import Bilingual


@dataclass(frozen=True, slots=True)
class TermLine:
    """One line of the score: its fact or pair of facts, the household's answer in words, and the points it earned.

    `fact` is the fact's name, of a pair "a × b"; `facts` the names one by one. `value` and `points` are None where an
    answer is missing. `points_max` is the most the line gives anybody.
    """

    fact: str
    label: Bilingual
    value: Bilingual | None
    points: int | None
    facts: tuple[str, ...]
    points_max: int


@dataclass(frozen=True, slots=True)
class Reason:
    """A coded, bilingual cause of a decision."""

    code: str
    text: Bilingual


@dataclass(frozen=True, slots=True)
class Change:
    """One answer that decides: were it `other` instead of `value`, the score and outcome would be these, and the outcome another."""

    fact: str
    label: Bilingual
    value: Bilingual
    other: Bilingual
    score: int
    outcome: str


@dataclass(frozen=True, slots=True)
class FilterLine:
    """A match with a list from outside: which filter and kind ("hard" or "soft"), whom it is about, the list's date, what to do.

    `subject` is "self", "spouse" or "household"; `family_id` the family it acts on.
    """

    code: str
    kind: str
    label: Bilingual
    subject: str
    subject_label: Bilingual
    family_id: int
    list_date: date
    text: Bilingual


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that a run says about one household. Points and score are integers; lower is poorer.

    `category` is the cut-off that decided (None if incomplete), `distance` = score - cutoff (negative or zero: within).
    `base_points` includes those of the household's stratum. `changes` are all single answers of the score's lines that
    would have led to another outcome. `appeal_days` counts from the day of the decision.
    """

    household_id: int
    form_number: str
    outcome: str
    score: int | None
    base_points: int
    terms: tuple[TermLine, ...]
    category: str | None
    category_label: Bilingual | None
    cutoff: Decimal | None
    distance: Decimal | None
    reasons: tuple[Reason, ...]
    missing: tuple[Reason, ...]
    changes: tuple[Change, ...]
    filters: tuple[FilterLine, ...]
    appeal_days: int
