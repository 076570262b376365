"""Promise R1: whatever happens in whatever order, no rupee is made, lost or paid twice.

10,000 operations in every run of the tests, as many as fit in ten minutes in `make prove`; every kind of operation at
least one in a hundred.
"""

from __future__ import annotations

import os
import time

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from kafalat.config.home import Home
from kafalat.interfaces.office import Office
from kafalat.policy.geography import phase_by_place
from kafalat.registry import bulk
from tests.conftest import clone
from tests.invariants.machine import STEPS, Cycles
from tests.payments.steps import PHASE, TRANCHE, connection_of_owner
from tests.proof import SEED, report

# Few families at two banks, so that each step is quick and every rule is reached often.
FAMILIES = 8
OPERATIONS = 10_000
STEPS_EACH = 50
PROVE_S = float(os.environ.get("KAFALAT_PROVE_R1_S", "600"))


def few_families(office: Office) -> None:
    """Leave only a few families of one phase active: all else is the same."""
    places = [
        place
        for place, phase in phase_by_place(office.programme, TRANCHE.first_day()).items()
        if phase == PHASE
    ]
    bulk.execute(
        """
        UPDATE enrolment_beneficiary SET status = 'suspended', standing_reason = 'a smaller test' WHERE id NOT IN (
            SELECT b.id FROM enrolment_beneficiary AS b
            JOIN enrolment_account AS a ON a.beneficiary_id = b.id AND a.closed_on IS NULL
            JOIN registry_family AS f ON f.id = b.family_id JOIN registry_household AS h ON h.id = f.household_id
            WHERE h.place_id = ANY (%s) AND a.bank IN (
                SELECT bank FROM enrolment_account WHERE bank <> 'easypaisa' GROUP BY bank ORDER BY count(*) DESC LIMIT 2)
            ORDER BY b.id LIMIT %s)
        """,
        [places, FAMILIES],
    )
    with connection_of_owner() as cursor:
        cursor.execute("ANALYZE")


def run(examples: int, *, derandomize: bool) -> None:
    """Run the machine over so many examples; raises what hypothesis found."""
    run_state_machine_as_test(
        Cycles,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS_EACH,
            deadline=None,
            derandomize=derandomize,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def reached() -> dict[str, float]:
    """Return the share of each step among all calls."""
    total = sum(Cycles.calls.values())
    return {name: Cycles.calls[name] / total for name in STEPS}


@pytest.mark.slow
def test_money_is_conserved(home: Home, office: Office, enrolled_template: str) -> None:
    with clone(home, enrolled_template):
        few_families(office)
        Cycles.begin(office)
        while sum(Cycles.calls.values()) < OPERATIONS:
            run(-(-(OPERATIONS - sum(Cycles.calls.values())) // STEPS_EACH) + 1, derandomize=True)
    assert min(reached().values()) >= 0.01, reached()
    assert len(Cycles.states) > 100


@pytest.mark.prove
def test_money_is_conserved_counted(home: Home, office: Office, enrolled_template: str) -> None:
    started = time.monotonic()
    with clone(home, enrolled_template):
        few_families(office)
        Cycles.begin(office)
        while time.monotonic() - started < PROVE_S:
            run(200, derandomize=False)
    total = sum(Cycles.calls.values())
    report(
        "r1-money-conservation",
        promise="R1 money conservation",
        bar="1,000,000 operations, 0 violations, every rule >= 1 %",
        found=f"{total:,} operations, 0 violations, rarest rule {min(reached().values()):.1%}, {len(Cycles.states):,} states",
        met=total >= 1_000_000 and min(reached().values()) >= 0.01,
        duration_s=time.monotonic() - started,
        seed=SEED,
        operations=total,
        violations=0,
        distinct_states=len(Cycles.states),
        calls=dict(sorted(Cycles.calls.items())),
        refusals=dict(sorted(Cycles.refusals.items())),
    )
    assert min(reached().values()) >= 0.01, reached()
