"""The days of a cycle: which phases a tranche is paid in, when each may be released, and for which quarters it pays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from kafalat.core.problems import problem
from kafalat.core.quarters import Quarter, parse_quarter
from kafalat.payments.models import Cycle, CyclePhase
from kafalat.policy.geography import phases_in_force
from kafalat.policy.model import Fund, PhasePlan, Programme


def plan_of(programme: Programme, tranche: Quarter) -> PhasePlan | None:
    """Return the plan of phases in force on the tranche's first day, or None."""
    day = tranche.first_day()
    return next((plan for plan in programme.calendar.phase_plans if plan.covers(day)), None)


def phase_rows(cycle: Cycle, programme: Programme) -> list[CyclePhase]:
    """Return the phases of a new cycle, unsaved, in order. Raises `payments.no_phases` where no plan covers its tranche."""
    tranche = parse_quarter(cycle.tranche)
    plan = plan_of(programme, tranche)
    if plan is None:
        raise problem("payments.no_phases", cycle=cycle.tranche)
    rows = []
    for position, phase in enumerate(phases_in_force(programme, tranche.first_day()), start=1):
        starts_on = tranche.first_day() + timedelta(days=phase.starts_after_days)
        rows.append(
            CyclePhase(
                cycle=cycle,
                programme_code=cycle.programme_code,
                code=phase.code,
                position=position,
                opens_on=starts_on - timedelta(days=plan.release_days_before),
                starts_on=starts_on,
                channels=list(phase.channels),
                holds=[hold.code for hold in programme.approvals.holds_on(tranche.first_day())],
            )
        )
    return rows


def quarters_due(tranche: Quarter, arrears_quarters: int) -> Iterator[Quarter]:
    """Yield the tranche's own quarter and, newest first, those before it whose arrears it pays."""
    quarter = tranche
    for _ in range(arrears_quarters + 1):
        yield quarter
        quarter = quarter.preceding()


def due_by_quarter(programme: Programme, tranche: Quarter) -> list[dict[str, str | int]]:
    """Return each quarter's components with the amount in force on its first day and its last day, newest quarter first.

    A quarter without an amount is left out: nothing can be due of it.
    """
    rows: list[dict[str, str | int]] = []
    for quarter in quarters_due(tranche, programme.calendar.arrears_quarters):
        for component in programme.components:
            amount_paisa = programme.amount_paisa(component.code, quarter.first_day())
            if amount_paisa is not None:
                rows.append(
                    {
                        "quarter": str(quarter),
                        "component": component.code,
                        "amount_paisa": amount_paisa,
                        "last_day": quarter.last_day().isoformat(),
                    }
                )
    return rows


def fund_of(programme: Programme, tranche: Quarter, named: str | None) -> Fund:
    """Return the fund named, or the first in force on the tranche's first day. Raises `payments.fund_unknown`."""
    running = [fund for fund in programme.calendar.funds if fund.covers(tranche.first_day())]
    for fund in running:
        if named in (None, fund.code):
            return fund
    raise problem("payments.fund_unknown", fund=named or "-", cycle=str(tranche))


def local_day(at: datetime) -> date:
    """Return the day of a moment where the programme is."""
    return at.astimezone(timezone.get_current_timezone()).date()


def local_day_sql(moment: str) -> str:
    """Return SQL for the day of `moment` (a column or expression of ours) where the programme is."""
    return f"({moment} AT TIME ZONE '{settings.TIME_ZONE}')::date"
