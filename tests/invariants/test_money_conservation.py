"""Promise R1: whatever happens in whatever order, no rupee is made, lost or paid twice.

10,000 operations in every run of the tests, as many as fit in a time in `make prove`; every kind of operation at least
one in a hundred. Each batch of examples has a seed of its own: hypothesis draws the same examples again for the same seed.
"""

from __future__ import annotations

import os
import time
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import rule, run_state_machine_as_test

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
OPERATIONS_PROVED = 1_000_000
STEPS_EACH = 50
PROVE_S = float(os.environ.get("KAFALAT_PROVE_R1_S", "1800"))
HARMS = {
    "a paisa more in a posting": "UPDATE payments_transfer SET amount_paisa = amount_paisa + 1 "
    "WHERE id = (SELECT max(id) FROM payments_transfer)",
    "a posting taken away": "DELETE FROM payments_transfer WHERE id = (SELECT max(id) FROM payments_transfer)",
    "a payment cancelled in silence": "UPDATE payments_payment SET status = 'cancelled' WHERE status = 'prepared'",
}


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


def run(examples: int, batch: int, machine: type[Cycles] = Cycles) -> None:
    """Run a machine over so many examples, others for each batch; raises what hypothesis found."""
    run_state_machine_as_test(
        seed(SEED + batch)(machine),
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS_EACH,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
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
        batch = 0
        while (missing := OPERATIONS - sum(Cycles.calls.values())) > 0:
            run(-(-missing // STEPS_EACH) + 1, batch)
            batch += 1
    assert min(reached().values()) >= 0.01, reached()
    assert len(Cycles.states) > 100


@pytest.mark.prove
def test_money_is_conserved_counted(home: Home, office: Office, enrolled_template: str) -> None:
    started = time.monotonic()
    with clone(home, enrolled_template):
        few_families(office)
        Cycles.begin(office)
        batch = 0
        while time.monotonic() - started < PROVE_S and sum(Cycles.calls.values()) < OPERATIONS_PROVED:
            run(200, batch)
            batch += 1
        total, shares = sum(Cycles.calls.values()), reached()
        calls, refusals, states = dict(Cycles.calls), dict(Cycles.refusals), len(Cycles.states)
        caught = [name for name in HARMS if noticed(office, name)]
    report(
        "r1-money-conservation",
        promise="R1 money conservation",
        bar=f"{OPERATIONS_PROVED:,} operations, 0 violations, every rule >= 1 %",
        found=f"{total:,} operations, 0 violations, rarest rule {min(shares.values()):.1%}, {states:,} states",
        met=total >= OPERATIONS_PROVED and min(shares.values()) >= 0.01 and len(caught) == len(HARMS),
        duration_s=time.monotonic() - started,
        seed=f"{SEED} to {SEED + batch - 1}, one for each 200 examples",
        control=f"{len(caught)} of {len(HARMS)} harms are noticed: {', '.join(caught)}",
        operations=total,
        examples=200 * batch,
        violations=0,
        distinct_states=states,
        calls=dict(sorted(calls.items())),
        refusals=dict(sorted(refusals.items())),
    )
    assert min(shares.values()) >= 0.01, shares
    assert len(caught) == len(HARMS), caught


class Leaking(Cycles):
    """Control: the same machine, in which every now and then somebody changes the books by hand."""

    harm: ClassVar[str] = ""

    @rule()
    def change_by_hand(self) -> None:
        """Do the harm."""
        bulk.execute(HARMS[self.harm])


def noticed(office: Office, harm: str) -> bool:
    """Say whether the invariants after each step find a harm that is done between the steps."""
    with connection_of_owner() as cursor:
        cursor.execute("GRANT UPDATE, DELETE ON payments_transfer TO kafalat_app")
    Leaking.begin(office)
    Leaking.harm = harm
    try:
        run(20, 0, Leaking)
    except AssertionError:
        return True
    return False


@pytest.mark.parametrize("harm", HARMS)
def test_what_is_done_to_the_books_by_hand_is_noticed(
    home: Home, office: Office, enrolled_template: str, harm: str
) -> None:
    with clone(home, enrolled_template):
        few_families(office)
        assert noticed(office, harm)
