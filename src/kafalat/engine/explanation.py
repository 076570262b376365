"""A decision in words and figures: every term of the score, the rule that decided, the distance to the cut-off.

The points shown are the points that were added: the explanation is the calculation.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from kafalat.core.text import Bilingual


@dataclass(frozen=True, slots=True)
class TermLine:
    """One line of the score: the fact, the household's value in words, and the points it earned (None if missing)."""

    fact: str
    label: Bilingual
    value: Bilingual | None
    points: int | None


@dataclass(frozen=True, slots=True)
class Reason:
    """A coded, bilingual cause of a decision."""

    code: str
    text: Bilingual


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that a run says about one household. Points and score are integers; lower is poorer.

    `category` is the cut-off that decided (None if incomplete), `distance` = score - cutoff (negative or zero: within).
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
