"""Simulations: today's settings give the run, more generous ones never cover fewer, money and people add up, poverty by the formula."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import log
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kafalat.config.home import Home
from kafalat.core.problems import Problem
from kafalat.core.quarters import Quarter
from kafalat.engine import running
from kafalat.engine.outlook import Simulation
from kafalat.engine.poverty import Cells, Spending
from kafalat.engine.preparing import Source, prepare
from kafalat.engine.proposals import TODAY, Setting, propose, setting
from kafalat.engine.simulating import simulate
from kafalat.policy.loader import load, shipped
from kafalat.policy.model import RelationBand
from kafalat.registry.models import Snapshot
from tests.conftest import clone

DAY = date(2026, 1, 1)
LINE = 8484.0
QUICK = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def band(
    low: int, high: int, mean: float, sd: float = 0.35, replicates: tuple[float, ...] = ()
) -> RelationBand:
    """A band in which spending is log-normal."""
    return RelationBand(
        **{"from": low}, to=high, households=400, mean_ln=mean, sd_ln=sd,
        quantiles=tuple(NormalDist(mean, sd).inv_cdf(q / 20) for q in range(1, 20)), replicates=replicates,
    )  # fmt: skip


@pytest.fixture(scope="module")
def spending() -> Spending:
    bands = [
        band(low, 100 if low == 95 else low + 4, log(LINE) + 0.03 * (low - 28)) for low in range(0, 100, 5)
    ]
    return Spending(bands, LINE)


@pytest.fixture(scope="module")
def source(home: Home, enrolled_template: str, tmp_path_factory: pytest.TempPathFactory) -> Source:
    """A run on the template's snapshot."""
    programme, out = load(shipped()), tmp_path_factory.mktemp("simulated")
    with clone(home, enrolled_template):
        snapshot = home.snapshots / Snapshot.objects.latest().sha256
    running.run(programme=programme, snapshot=snapshot, out=out / "run", policy_day=DAY)
    return Source(programme=programme, policy_day=DAY, snapshot=snapshot, results=out / "run", work=out)


@pytest.fixture(scope="module")
def cells(source: Source) -> Path:
    return prepare(source)


def answer(source: Source, cells: Path, *texts: str, spending: Spending | None = None) -> Simulation:
    """Simulate settings written as `kind code=value`."""
    asked = []
    for text in texts:
        kind, _space, rest = text.partition(" ")
        asked.append(setting(kind, rest))  # type: ignore[arg-type] # a test may write any kind
    return simulate(source, cells, propose(asked, source.programme, DAY), spending=spending)


# ---- today -----------------------------------------------------------------------------------------------------


def test_at_todays_settings_the_simulation_is_the_run(source: Source, cells: Path) -> None:
    found = answer(source, cells)
    with running.open_results(source.results, source.work) as engine:
        by_outcome = dict(
            engine.execute("SELECT outcome, count(*) FROM decisions GROUP BY outcome").fetchall()
        )
        families, without = engine.execute(
            "SELECT count(person_id), count(*) - count(person_id) FROM payees"
        ).fetchall()[0]
        by_district = dict(
            engine.execute(
                "SELECT district_pcode, count(*) FROM decisions WHERE outcome = 'eligible' GROUP BY ALL"
            ).fetchall()
        )
    assert {(each.today, each.proposed) for each in found.crossings} == {(o, o) for o in by_outcome}
    assert {each.proposed: each.households for each in found.crossings} == by_outcome
    assert found.proposed == found.today
    assert (found.today.families, found.today.families_without_payee) == (families, without)
    covered = {row.pcode: row.proposed.households for row in found.districts if row.proposed.households}
    assert covered == by_district
    assert found.joining.households == found.leaving.households == 0
    assert found.settings == ()


def test_another_scorecard_that_is_the_same_decides_the_same(source: Source) -> None:
    card = source.programme.scorecard.model_copy(update={"code": "copy", "label": source.programme.label})
    found = simulate(source, prepare(source, card), scorecard=card)
    assert found.proposed == found.today


def test_another_scorecard_is_scored_anew_from_the_facts(source: Source, cells: Path) -> None:
    own = source.programme.scorecard
    card = own.model_copy(update={"code": "lenient", "base_points": own.base_points - 5})
    found = simulate(source, prepare(source, card), scorecard=card)
    as_cutoff = answer(source, cells, "cutoff general=37", "cutoff disability=42")
    assert found.proposed == as_cutoff.proposed, "five points fewer are a cut-off five points higher"
    assert found.joining.households > 0


def test_a_scorecard_that_asks_an_unknown_fact_is_refused(source: Source) -> None:
    own = source.programme.scorecard
    term = own.terms[0].model_copy(update={"fact": "shoe_size"})
    card = own.model_copy(update={"terms": (*own.terms, term)})
    with pytest.raises(Problem, match="shoe_size"):
        prepare(source, card)


# ---- more generous, less generous ------------------------------------------------------------------------------


@QUICK
@given(low=st.integers(0, 100), high=st.integers(0, 100))
def test_raising_a_cutoff_never_covers_fewer(source: Source, cells: Path, low: int, high: int) -> None:
    low, high = sorted((low, high))
    less, more = (answer(source, cells, f"cutoff general={value}") for value in (low, high))
    assert less.proposed.households <= more.proposed.households
    assert less.proposed.families <= more.proposed.families
    for before, after in zip(less.districts, more.districts, strict=True):
        assert before.proposed.households <= after.proposed.households


@QUICK
@given(
    general=st.integers(10, 60),
    disability=st.integers(10, 60),
    rupees=st.integers(1, 40_000),
    off=st.booleans(),
    phase=st.sampled_from(["phase_2=off", "phase_2=2026Q3", "phase_2=PK617", "phase_1=PK706", "phase_2=on"]),
)
def test_people_and_money_add_up(
    source: Source, cells: Path, general: int, disability: int, rupees: int, off: bool, phase: str
) -> None:
    found = answer(
        source, cells, f"cutoff general={general}", f"cutoff disability={disability}", f"amount kafalat={rupees}",
        f"category disability={'off' if off else 'on'}", f"phase {phase}",
    )  # fmt: skip
    for part in ("households", "people", "families", "families_without_payee"):
        today, proposed, joining, leaving = (
            getattr(each, part) for each in (found.today, found.proposed, found.joining, found.leaving)
        )
        assert proposed - today == joining - leaving, part
        assert proposed == sum(getattr(row.proposed, part) for row in found.districts)
    assert sum(each.households for each in found.crossings) == found.households
    assert sum(each.families for each in found.phases) == found.proposed.families
    for row in found.quarters:
        assert row.proposed_paisa == row.proposed_families * rupees * 100
        assert isinstance(row.proposed_paisa, int)
    for year in found.years:
        parts = [row for row in found.quarters if _fiscal(row.period) == year.period]
        assert (year.proposed_paisa, year.quarters) == (
            sum(row.proposed_paisa or 0 for row in parts),
            len(parts),
        )
    assert found.years[-1].quarters == 4
    assert sum(row.covered for row in found.scores) <= found.proposed.households


def _fiscal(quarter: str) -> str:
    year = int(quarter[:4]) - (1 if quarter[-1] in "12" else 0)
    return f"{year}-{(year + 1) % 100:02d}"


def test_a_phase_that_starts_later_is_paid_from_then_on(source: Source, cells: Path) -> None:
    found = answer(source, cells, "phase phase_2=2026Q3")
    second = next(phase for phase in found.phases if phase.code == "phase_2")
    paid = {row.period: row.proposed_families for row in found.quarters}
    assert second.families > 0
    assert paid["2026Q2"] == found.proposed.families - second.families
    assert paid["2026Q3"] == found.proposed.families


def test_households_of_a_phase_that_is_off_wait(source: Source, cells: Path) -> None:
    found = answer(source, cells, "phase phase_2=off")
    crossed = {(each.today, each.proposed): each.households for each in found.crossings}
    assert crossed["eligible", "waiting"] == found.leaving.households > 0


def test_without_a_spending_relation_it_says_so(source: Source, cells: Path) -> None:
    found = answer(source, cells)
    assert (found.poverty, found.errors, found.fairness) == ((), (), ())
    assert any("no survey relation" in each.en for each in found.assumptions)


# ---- settings --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cutoff general", "code=value"),
        ("cutoff =34", "code=value"),
        ("cutoff genral=34", "Nearest valid name: 'general'"),
        ("cutoff general=101", "0 to 100"),
        ("cutoff general=-1", "0 to 100"),
        ("cutoff general=nan", "0 to 100"),
        ("cutoff general=3e1", "0 to 100"),
        ("amount kafalat=0", "whole rupees"),
        ("amount kafalat=14500.50", "whole rupees"),
        ("amount stipend=15000", "component"),
        ("category disability=maybe", "on or off"),
        ("filter vehicle=off", "hard filter"),
        ("phase phase_9=off", "phase"),
        ("phase phase_2=2025Q4", "quarter not before"),
        ("phase phase_2=9999Q4", "quarter not before"),
        ("phase phase_2=PK9999", "PK9999"),
        ("phase phase_2=lahore", "P-codes"),
        ("phase phase_2=,", "P-codes"),
    ],
)
def test_a_bad_setting_is_refused_in_both_languages(
    source: Source, cells: Path, text: str, says: str
) -> None:
    with pytest.raises(Problem) as refused:
        answer(source, cells, text)
    assert says in refused.value.text("en")
    assert refused.value.entry.exit_code == 2
    assert any("\u0600" <= letter <= "\u06ff" for letter in refused.value.text("ur"))


def test_a_district_belongs_to_one_phase(source: Source, cells: Path) -> None:
    with pytest.raises(Problem, match="phase_1 and phase_2"):
        answer(source, cells, "phase phase_1=PK617", "phase phase_2=PK617,PK706")


def test_what_is_as_today_is_no_change(source: Source) -> None:
    programme = source.programme
    amount = programme.amount_paisa("kafalat", DAY) or 0
    same = [
        setting("cutoff", "general=32"), setting("cutoff", "disability=۳۷"), setting("amount", f"kafalat={amount // 100}"),
        setting("category", "disability=on"), setting("phase", "phase_2=2026Q1"),
    ]  # fmt: skip
    assert propose(same, programme, DAY) == TODAY


def test_settings_of_a_proposal_make_it_again(source: Source) -> None:
    asked = [
        Setting("cutoff", "general", "34.5"),
        Setting("phase", "phase_2", "2026Q2"),
        Setting("phase", "phase_2", "PK617"),
    ]
    proposal = propose(asked, source.programme, DAY)
    assert proposal.cutoffs == {"general": Decimal("34.5")}
    assert proposal.phase_starts == {"phase_2": Quarter(2026, 2)}
    assert propose(proposal.settings, source.programme, DAY) == proposal


# ---- poverty ---------------------------------------------------------------------------------------------------


def by_hand(mean: float, sd: float, transfer: float, order: int) -> float:
    """FGT of one band by brute force: many evenly spaced shares of a log-normal spending."""
    shares = (np.arange(400_000) + 0.5) / 400_000
    knots = np.array([NormalDist(mean, sd).inv_cdf(q / 20) for q in range(1, 20)])
    low, high = knots[0] - 2.3 * (knots[1] - knots[0]), knots[-1] + 2.3 * (knots[-1] - knots[-2])
    logs = np.interp(shares, np.linspace(0, 1, 21), np.concatenate([[low], knots, [high]]))
    after = np.exp(logs) + transfer
    gaps = np.where(after < LINE, (LINE - after) / LINE, 0.0)
    return float(((after < LINE) if order == 0 else gaps**order).mean())


@settings(max_examples=15, deadline=None)
@given(
    mean=st.floats(log(LINE) - 1, log(LINE) + 1),
    sd=st.floats(0.1, 0.6),
    transfer=st.floats(0, 9000),
    order=st.sampled_from([0, 1, 2]),
)
def test_expected_poverty_is_that_of_many_households(
    mean: float, sd: float, transfer: float, order: int
) -> None:
    model = Spending([band(0, 100, mean, sd)], LINE)
    found = model.fgt(np.array([0]), np.array([transfer]), order)[0]
    assert found == pytest.approx(by_hand(mean, sd, transfer, order), abs=1e-4)


def test_expected_poverty_is_near_that_of_a_lognormal_population() -> None:
    rng = np.random.default_rng(3)
    spent = np.exp(rng.normal(log(LINE) + 0.1, 0.35, 500_000))
    model = Spending([band(0, 100, log(LINE) + 0.1)], LINE)
    for order in (0, 1, 2):
        drawn = np.where(spent < LINE, ((LINE - spent) / LINE) ** order, 0.0).mean()
        assert model.fgt(np.array([0]), np.array([0.0]), order)[0] == pytest.approx(drawn, abs=0.003)


@st.composite
def populations(draw: st.DrawFn) -> Cells:
    """A few kinds of households over four bands, some without a score."""
    count = draw(st.integers(1, 12))

    def numbers(low: int, high: int) -> NDArray[np.int64]:
        return np.array(draw(st.lists(st.integers(low, high), min_size=count, max_size=count)))

    covered = {name: numbers(0, 1).astype(bool) for name in ("today", "proposed")}
    paid = numbers(0, 3) * 4833.0
    return Cells(
        band=numbers(-1, 3), members=numbers(1, 12), households=numbers(1, 500),
        transfers={"none": np.zeros(count), **{name: np.where(is_in, paid, 0.0) for name, is_in in covered.items()}},
        covered=covered,
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(cells=populations(), replicated=st.booleans())
def test_intervals_hold_the_point_and_shares_stay_shares(cells: Cells, replicated: bool) -> None:
    rng = np.random.default_rng(1)
    bands = [
        band(25 * n, 24 + 25 * n + (n == 3), log(LINE) - 0.6 + 0.4 * n,
             replicates=tuple(log(LINE) - 0.6 + 0.4 * n + rng.normal(0, 0.02, 30)) if replicated else ())
        for n in range(4)
    ]  # fmt: skip
    model = Spending(bands, LINE)
    found = [
        model.poverty(cells, name, order) for name in ("none", "today", "proposed") for order in (0, 1, 2)
    ]
    found += [
        each
        for name in ("today", "proposed")
        for each in (model.inclusion_error(cells, name), model.exclusion_error(cells, name))
        if each
    ]
    for each in found:
        assert 0 <= each.low <= each.value <= each.high <= 1
    for order in (0, 1, 2):
        change = model.change(cells, "none", "today", order)
        assert change.low <= change.value <= change.high
        assert change.value <= 1e-12, "money never makes poorer"
        levels = [model.poverty(cells, name, order).value for name in ("none", "today")]
        assert change.value == pytest.approx(levels[1] - levels[0], abs=1e-9)


def test_errors_by_hand() -> None:
    """Two bands, shares of poor p and q: 30 and 70 households, the first band covered."""
    model = Spending([band(0, 49, log(LINE) - 0.5), band(50, 100, log(LINE) + 0.5)], LINE)
    p, q = model.poor_share()
    cells = Cells(
        band=np.array([0, 1]), members=np.array([5, 5]), households=np.array([30, 70]), transfers={},
        covered={"today": np.array([True, False])},
    )  # fmt: skip
    inclusion, exclusion = model.inclusion_error(cells, "today"), model.exclusion_error(cells, "today")
    assert inclusion is not None
    assert exclusion is not None
    assert inclusion.value == pytest.approx(1 - p)
    assert exclusion.value == pytest.approx(70 * q / (30 * p + 70 * q))


def test_a_transfer_is_shared_by_all_members(source: Source, cells: Path, spending: Spending) -> None:
    small = answer(source, cells, "amount kafalat=1000", spending=spending)
    large = answer(source, cells, "amount kafalat=30000", spending=spending)
    for less, more in zip(small.poverty, large.poverty, strict=True):
        assert less.without == more.without
        assert less.proposed is not None
        assert more.proposed is not None
        assert more.proposed.value < less.proposed.value


def test_fairness_is_one_on_average_and_groups_add_up(
    source: Source, cells: Path, spending: Spending
) -> None:
    found = answer(source, cells, "cutoff general=36", spending=spending)
    facts = {group.fact for group in found.fairness}
    assert facts == {"province", "region", "head_sex", "disabled_members", "household_size"}
    regions = [group for group in found.fairness if group.fact == "region"]
    poor = sum(group.expected_poor for group in regions)
    mean = sum((group.ratio_proposed or 0) * group.expected_poor for group in regions) / poor
    assert mean == pytest.approx(1, abs=0.01)
    assert all(group.low == ((group.ratio_proposed or 1) < 0.8) for group in found.fairness)


def test_an_answer_survives_being_kept(source: Source, cells: Path, spending: Spending) -> None:
    found = answer(source, cells, "cutoff general=34", "phase phase_2=off", spending=spending)
    assert Simulation.model_validate_json(found.model_dump_json()) == found
    assert Simulation.model_validate(found.model_dump(mode="json")) == found


def test_control_a_cell_counted_twice_is_seen(source: Source, cells: Path, tmp_path: Path) -> None:
    """The equality with the run would notice a household lost or doubled on the way to the cells."""
    doubled = tmp_path / "cells.parquet"
    with running.open_results(source.results, tmp_path) as engine:
        engine.execute(
            f"COPY (SELECT * FROM read_parquet('{cells}') UNION ALL (SELECT * FROM read_parquet('{cells}') LIMIT 1)) "
            f"TO '{doubled}' (FORMAT parquet)"
        )
    assert answer(source, doubled).households != answer(source, cells).households
