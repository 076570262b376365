"""Answers what a proposal would come to on a run's households: a pure function on the prepared table, within seconds.

The decision is the run's own: selected by a category, not excluded, three-valued. So at today's settings the answer
is the run to the household. Covered are the eligible whose district is in a phase that is paid; eligible others wait.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import cast

import duckdb
import numpy as np

from kafalat.core.money import PAISA_PER_RUPEE
from kafalat.core.quarters import quarter_of
from kafalat.engine import assumptions
from kafalat.engine.costing import Flow, budget_by_quarter, budget_by_year, phases_proposed
from kafalat.engine.deciding import categories_in_force
from kafalat.engine.fairness import fairness
from kafalat.engine.outlook import (
    Coverage,
    Crossing,
    District,
    Line,
    Measure,
    ScoreCount,
    Simulation,
    Status,
)
from kafalat.engine.poverty import Cells, Spending
from kafalat.engine.preparing import Source, groups_of
from kafalat.engine.proposals import TODAY, Proposal
from kafalat.engine.sql import choice, literal
from kafalat.policy.geography import phases_in_force
from kafalat.policy.model import Scorecard, in_force

MONTHS_PER_QUARTER = 3


def simulate(
    source: Source,
    cells: Path,
    proposal: Proposal = TODAY,
    *,
    scorecard: Scorecard | None = None,
    spending: Spending | None = None,
    threads: int | None = None,
) -> Simulation:
    """Return what `proposal` comes to. `cells` is what `prepare` made for the same `scorecard` (default: the run's own).

    `spending` belongs to that scorecard; without it, poverty, errors and fairness are left out and it is said so.
    """
    programme = source.programme
    card = scorecard or programme.scorecard
    with duckdb.connect() as engine:
        if threads is not None:
            engine.execute(f"SET threads = {int(threads)}")
        _judge(engine, cells, source, proposal)
        flows = _flows(engine)
        scores = _scores(engine)
        kinds = None if spending is None else _kinds(engine, spending, source, proposal)
        groups = () if spending is None else fairness(engine, programme, groups_of(programme), spending)
    districts = _districts(flows)
    quarters = budget_by_quarter(source, proposal, flows)
    day = quarter_of(source.policy_day).first_day()
    total = _total(row.after for row in flows)
    return Simulation(
        policy_day=source.policy_day.isoformat(),
        programme_sha256=programme.sha256,
        scorecard=card.code,
        scorecard_today=programme.scorecard.code,
        settings=proposal.settings,
        lines=_lines(source, proposal),
        households=total.households,
        today=_total(row.before for row in flows if row.today == "eligible"),
        proposed=_total(row.after for row in flows if row.proposed == "eligible"),
        joining=_total(row.joining for row in districts),
        leaving=_total(row.leaving for row in districts),
        crossings=_crossings(flows),
        districts=districts,
        amount_today_paisa=TODAY.amount_paisa(programme, day),
        amount_proposed_paisa=proposal.amount_paisa(programme, day),
        quarters=quarters,
        years=budget_by_year(programme, quarters),
        phases=phases_proposed(source, proposal, flows),
        scores=scores,
        poverty_line_rupees_month=None if spending is None else spending.line,
        errors=() if kinds is None or spending is None else _errors(spending, kinds),
        poverty=() if kinds is None or spending is None else _poverty(spending, kinds),
        fairness=groups,
        assumptions=assumptions.stated(
            spending is not None,
            scored=sum(row.covered + row.others for row in scores),
            households=total.households,
            day=source.policy_day,
        ),
    )


def _judge(engine: duckdb.DuckDBPyConnection, cells: Path, source: Source, proposal: Proposal) -> None:
    """Make the table `judged`: the cells with their status today and as proposed."""
    programme, day = source.programme, source.policy_day
    as_proposed = {
        pcode: phase
        for pcode, phase in proposal.phase_by_place(programme, day).items()
        if proposal.phase_starts.get(phase, quarter_of(day)) is not None
    }
    planned = bool(phases_in_force(programme, day))
    name = str(cells).replace("'", "''")
    within = [
        f"(in_{number} AND score <= {literal(cutoff)})"
        for number, category in enumerate(
            entry for entry in programme.eligibility.categories if in_force(entry.cutoff, day) is not None
        )
        if (cutoff := proposal.cutoff(category, day)) is not None
    ]
    selected = " OR ".join(within) or "FALSE"
    belongs = [f"in_{number}" for number, _category in enumerate(categories_in_force(programme, day))]
    spent = ", ".join(
        ["outcome", "outcome_today", "excluded", "held", *belongs]
    )  # a narrow table is read faster
    # Without a plan of phases every place is paid.
    reached_today = f"district IN ({_listed(TODAY.phase_by_place(programme, day))})" if planned else "TRUE"
    reached = f"district IN ({_listed(as_proposed)})" if planned else "TRUE"
    engine.execute(
        f"""
        CREATE TABLE judged AS
        WITH read AS (SELECT * FROM read_parquet('{name}')),
        decided AS (SELECT * EXCLUDE (today), today AS outcome_today, ({selected}) AND NOT excluded AS outcome FROM read)
        SELECT * EXCLUDE ({spent}), {_released_sql(engine, name, proposal)} AS released,
            CASE WHEN outcome_today = 'eligible' AND NOT {reached_today} THEN 'waiting' ELSE outcome_today END AS today,
            CASE WHEN outcome IS NULL THEN 'incomplete' WHEN NOT outcome THEN 'ineligible'
                 WHEN {reached} THEN 'eligible' ELSE 'waiting' END AS proposed
        FROM decided
        """
    )


def _listed(pcodes: Iterable[str]) -> str:
    return ", ".join(literal(pcode) for pcode in sorted(pcodes)) or "NULL"


def _released_sql(engine: duckdb.DuckDBPyConnection, cells: str, proposal: Proposal) -> str:
    """Return the number of families of a household that are paid once the filters that are off hold nobody back."""
    if not proposal.filters_off:
        return "0"
    held = engine.execute(
        f"SELECT DISTINCT held FROM read_parquet('{cells}') WHERE held IS NOT NULL ORDER BY held"
    )
    counted = {
        text: sum(1 for codes in text.split(";") if set(codes.split(",")) <= proposal.filters_off)
        for (text,) in held.fetchall()
    }
    return choice(
        ((f"held = {literal(text)}", str(count)) for text, count in counted.items() if count), otherwise="0"
    )


def _flows(engine: duckdb.DuckDBPyConnection) -> list[Flow]:
    rows = engine.execute(
        """
        SELECT district, today, proposed, CAST(sum(households) AS BIGINT), CAST(sum(households * members) AS BIGINT),
            CAST(sum(households * payable) AS BIGINT), CAST(sum(households * unpayable) AS BIGINT),
            CAST(sum(households * released) AS BIGINT)
        FROM judged GROUP BY ALL ORDER BY ALL
        """
    ).fetchall()

    def coverage(households: int, people: int, paid: int, unpaid: int) -> Coverage:
        return Coverage(households=households, people=people, families=paid, families_without_payee=unpaid)

    return [
        Flow(
            district=district,
            today=today,
            proposed=proposed,
            before=coverage(households, people, paid, unpaid),
            after=coverage(households, people, paid + released, unpaid - released),
        )
        for district, today, proposed, households, people, paid, unpaid, released in rows
    ]


def _total(parts: Iterable[Coverage]) -> Coverage:
    total = Coverage()
    for part in parts:
        total = total.plus(part)
    return total


def _districts(flows: list[Flow]) -> tuple[District, ...]:
    by_code: dict[str, list[Flow]] = {}
    for row in flows:
        by_code.setdefault(row.district, []).append(row)
    found = []
    for pcode, rows in sorted(by_code.items()):
        today = [row for row in rows if row.today == "eligible"]
        proposed = [row for row in rows if row.proposed == "eligible"]
        found.append(
            District(
                pcode=pcode,
                households=sum(row.after.households for row in rows),
                today=_total(row.before for row in today),
                proposed=_total(row.after for row in proposed),
                joining=_total(row.after for row in proposed if row.today != "eligible"),
                leaving=_total(row.before for row in today if row.proposed != "eligible"),
            )
        )
    return tuple(found)


def _crossings(flows: list[Flow]) -> tuple[Crossing, ...]:
    counts: dict[tuple[Status, Status], int] = {}
    for row in flows:
        key = (row.today, row.proposed)
        counts[key] = counts.get(key, 0) + row.after.households
    return tuple(
        Crossing(today=today, proposed=proposed, households=count)
        for (today, proposed), count in sorted(counts.items())
    )


def _scores(engine: duckdb.DuckDBPyConnection) -> tuple[ScoreCount, ...]:
    rows = engine.execute(
        """
        SELECT score, CAST(coalesce(sum(households) FILTER (WHERE proposed = 'eligible'), 0) AS BIGINT),
            CAST(coalesce(sum(households) FILTER (WHERE proposed <> 'eligible'), 0) AS BIGINT)
        FROM judged WHERE score IS NOT NULL GROUP BY score ORDER BY score
        """
    ).fetchall()
    return tuple(ScoreCount(score=score, covered=covered, others=others) for score, covered, others in rows)


def _lines(source: Source, proposal: Proposal) -> tuple[Line, ...]:
    day = source.policy_day
    found = []
    for category in source.programme.eligibility.categories:
        if in_force(category.cutoff, day) is not None:
            today, proposed = TODAY.cutoff(category, day), proposal.cutoff(category, day)
            found.append(
                Line(
                    code=category.code,
                    label=category.label,
                    today=None if today is None else f"{today}",
                    proposed=None if proposed is None else f"{proposed}",
                )
            )
    return tuple(found)


# ---- poverty and errors ----------------------------------------------------------------------------------------


def _kinds(
    engine: duckdb.DuckDBPyConnection, spending: Spending, source: Source, proposal: Proposal
) -> Cells:
    """Return the households in kinds that are alike for poverty, with what each is paid a month, in rupees."""
    columns = engine.execute(
        """
        SELECT CAST(coalesce(score, -1) AS BIGINT) AS score, CAST(members AS BIGINT) AS members,
            CAST(payable AS BIGINT) AS payable, CAST(payable + released AS BIGINT) AS payable_proposed, today = 'eligible' AS today, proposed = 'eligible' AS proposed,
            CAST(sum(households) AS BIGINT) AS households
        FROM judged GROUP BY ALL ORDER BY ALL
        """
    ).fetchnumpy()
    plain = {name: np.asarray(column) for name, column in columns.items()}
    day = quarter_of(source.policy_day).first_day()

    def monthly(asked: Proposal, covered: str, payable: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        amount_paisa = asked.amount_paisa(source.programme, day) or 0
        rupees = amount_paisa / PAISA_PER_RUPEE / MONTHS_PER_QUARTER
        return cast(
            "np.ndarray[tuple[int], np.dtype[np.float64]]",
            np.where(plain[covered], plain[payable] * rupees, 0.0),
        )

    return Cells(
        band=spending.band_of(plain["score"]),
        members=np.maximum(plain["members"], 1),
        households=plain["households"],
        transfers={
            "none": np.zeros(len(plain["score"])),
            "today": monthly(TODAY, "today", "payable"),
            "proposed": monthly(proposal, "proposed", "payable_proposed"),
        },
        covered={"today": plain["today"], "proposed": plain["proposed"]},
    )


def _errors(spending: Spending, kinds: Cells) -> tuple[Measure, ...]:
    return (
        Measure(
            code="exclusion_error",
            label=assumptions.LABELS["exclusion_error"],
            today=spending.exclusion_error(kinds, "today"),
            proposed=spending.exclusion_error(kinds, "proposed"),
        ),
        Measure(
            code="inclusion_error",
            label=assumptions.LABELS["inclusion_error"],
            today=spending.inclusion_error(kinds, "today"),
            proposed=spending.inclusion_error(kinds, "proposed"),
        ),
    )


def _poverty(spending: Spending, kinds: Cells) -> tuple[Measure, ...]:
    return tuple(
        Measure(
            code=f"fgt{order}",
            label=assumptions.LABELS[f"fgt{order}"],
            without=spending.poverty(kinds, "none", order),
            today=spending.poverty(kinds, "today", order),
            proposed=spending.poverty(kinds, "proposed", order),
            change=spending.change(kinds, "today", "proposed", order),
        )
        for order in (0, 1, 2)
    )
