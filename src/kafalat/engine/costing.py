"""What a proposal costs: families paid by phase, quarter and fiscal year, in whole paisa."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kafalat.core.quarters import Quarter, parse_quarter, quarter_of
from kafalat.engine.outlook import Budget, Coverage, PhaseOutlook, Status
from kafalat.engine.preparing import Source
from kafalat.engine.proposals import TODAY, Proposal
from kafalat.policy.geography import phases_in_force
from kafalat.policy.model import Programme

_NO_PHASE = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """Households of one district that go from one status to another: who they are today, and as proposed."""

    district: str
    today: Status
    proposed: Status
    before: Coverage
    after: Coverage


def _paid_families(flows: Sequence[Flow], phase_of: Mapping[str, str], status: str) -> dict[str, int]:
    """Return the families paid in each phase; where there are no phases all are in one without a name."""
    found: dict[str, int] = {}
    for row in flows:
        covered, families = (
            (row.today, row.before.families) if status == "today" else (row.proposed, row.after.families)
        )
        if covered == "eligible":
            phase = phase_of.get(row.district, _NO_PHASE)
            found[phase] = found.get(phase, 0) + families
    return found


def budget_by_quarter(source: Source, proposal: Proposal, flows: Sequence[Flow]) -> tuple[Budget, ...]:
    """Return the budget of each quarter from that of the run to the end of the next fiscal year."""
    programme, day = source.programme, source.policy_day
    today = sum(_paid_families(flows, TODAY.phase_by_place(programme, day), "today").values())
    by_phase = _paid_families(flows, proposal.phase_by_place(programme, day), "proposed")
    quarter = quarter_of(day)
    last_year = _fiscal_year(programme, quarter) + 1
    found = []
    while _fiscal_year(programme, quarter) <= last_year:
        first_day = quarter.first_day()
        paid = sum(
            families
            for phase, families in by_phase.items()
            if (proposal.phase_starts.get(phase) or quarter) <= quarter
        )
        before, after = TODAY.amount_paisa(programme, first_day), proposal.amount_paisa(programme, first_day)
        found.append(
            Budget(
                period=str(quarter),
                quarters=1,
                today_families=today,
                proposed_families=paid,
                today_paisa=None if before is None else before * today,
                proposed_paisa=None if after is None else after * paid,
            )
        )
        quarter = quarter.following()
    return tuple(found)


def _fiscal_year(programme: Programme, quarter: Quarter) -> int:
    """Return the year in which the fiscal year of a quarter starts."""
    starts = programme.calendar.fiscal_year_starts_month
    return quarter.year if quarter.first_day().month >= starts else quarter.year - 1


def budget_by_year(programme: Programme, quarters: Sequence[Budget]) -> tuple[Budget, ...]:
    """Return the quarters added up to fiscal years; families are those of the year's last quarter."""
    by_year: dict[int, list[Budget]] = {}
    for row in quarters:
        by_year.setdefault(_fiscal_year(programme, parse_quarter(row.period)), []).append(row)
    return tuple(
        Budget(
            period=f"{year}-{(year + 1) % 100:02d}",
            quarters=len(rows),
            today_families=rows[-1].today_families,
            proposed_families=rows[-1].proposed_families,
            today_paisa=_sum(row.today_paisa for row in rows),
            proposed_paisa=_sum(row.proposed_paisa for row in rows),
        )
        for year, rows in sorted(by_year.items())
    )


def _sum(amounts_paisa: Iterable[int | None]) -> int | None:
    """Return the sum, or None where one is not known."""
    total = 0
    for amount in amounts_paisa:
        if amount is None:
            return None
        total += amount
    return total


def phases_proposed(source: Source, proposal: Proposal, flows: Sequence[Flow]) -> tuple[PhaseOutlook, ...]:
    """Return every phase as proposed, with the families it pays."""
    programme, day = source.programme, source.policy_day
    phase_of = proposal.phase_by_place(programme, day)
    families = _paid_families(flows, phase_of, "proposed")
    districts = {row.district for row in flows}
    amount = proposal.amount_paisa(programme, quarter_of(day).first_day())
    found = []
    for phase in phases_in_force(programme, day):
        starts = proposal.phase_starts.get(phase.code, quarter_of(day))
        count = families.get(phase.code, 0)
        found.append(
            PhaseOutlook(
                code=phase.code,
                label=phase.label,
                starts=None if starts is None else str(starts),
                districts=sum(1 for pcode in districts if phase_of.get(pcode) == phase.code),
                families=count,
                quarter_paisa=None if amount is None else amount * count,
            )
        )
    return tuple(found)
