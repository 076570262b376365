"""What a simulation answers: coverage, who joins and who leaves, budget, poverty, errors and fairness, as typed values.

One JSON form serves the command line, the saved simulation, the page and the export.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from kafalat.core.text import Bilingual
from kafalat.engine.poverty import Estimate
from kafalat.engine.proposals import Setting

Status = Literal["eligible", "waiting", "ineligible", "incomplete"]
STATUSES: tuple[Status, ...] = ("eligible", "waiting", "ineligible", "incomplete")
FORMAT = 1


class Value(BaseModel):
    """Base of all parts: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Coverage(Value):
    """Households covered, the people in them, and their families with a payee (who are paid) and without one."""

    households: int = 0
    people: int = 0
    families: int = 0
    families_without_payee: int = 0

    def plus(self, other: Coverage) -> Coverage:
        """Return both together."""
        return Coverage(
            households=self.households + other.households,
            people=self.people + other.people,
            families=self.families + other.families,
            families_without_payee=self.families_without_payee + other.families_without_payee,
        )


class District(Value):
    """One district, today and as proposed. `joining` are covered as proposed and not today, `leaving` the reverse."""

    pcode: str
    households: int
    today: Coverage
    proposed: Coverage
    joining: Coverage
    leaving: Coverage


class Crossing(Value):
    """Households that are `today` one and as `proposed` another (or the same)."""

    today: Status
    proposed: Status
    households: int


class Budget(Value):
    """What families are paid in one quarter (2026Q1) or fiscal year (2026-27); None where the programme has no amount."""

    period: str
    quarters: int
    today_paisa: int | None
    proposed_paisa: int | None
    today_families: int
    proposed_families: int


class PhaseOutlook(Value):
    """A phase as proposed: from which quarter it is paid (None: not), and what it comes to in a quarter."""

    code: str
    label: Bilingual
    starts: str | None
    districts: int
    families: int
    quarter_paisa: int | None


class ScoreCount(Value):
    """Households with one score, covered and not, as proposed."""

    score: int
    covered: int
    others: int


class Line(Value):
    """A category's cut-off, today and as proposed; None where it selects nobody."""

    code: str
    label: Bilingual
    today: str | None
    proposed: str | None


class Measure(Value):
    """One measure today and as proposed, and for poverty also without any transfer and the change."""

    code: str
    label: Bilingual
    without: Estimate | None = None
    today: Estimate | None
    proposed: Estimate | None
    change: Estimate | None = None


class Group(Value):
    """One group: households, those expected to be poor, those covered, and the ratio of both shares to the average.

    `ratio_…` is covered over expected poor households of the group, divided by the same of all; `low` marks a
    proposed ratio under four fifths: a hint to look, no verdict.
    """

    fact: str
    fact_label: Bilingual
    code: str
    label: Bilingual
    households: int
    expected_poor: float
    covered_today: int
    covered_proposed: int
    ratio_today: float | None
    ratio_proposed: float | None
    low: bool


class Simulation(Value):
    """The whole answer."""

    format: int = FORMAT
    policy_day: str
    programme_sha256: str
    scorecard: str
    scorecard_today: str
    settings: tuple[Setting, ...]
    lines: tuple[Line, ...]
    households: int
    today: Coverage
    proposed: Coverage
    joining: Coverage
    leaving: Coverage
    crossings: tuple[Crossing, ...]
    districts: tuple[District, ...]
    amount_today_paisa: int | None
    amount_proposed_paisa: int | None
    quarters: tuple[Budget, ...]
    years: tuple[Budget, ...]
    phases: tuple[PhaseOutlook, ...]
    scores: tuple[ScoreCount, ...]
    poverty_line_rupees_month: float | None
    errors: tuple[Measure, ...]
    poverty: tuple[Measure, ...]
    fairness: tuple[Group, ...]
    assumptions: tuple[Bilingual, ...]
