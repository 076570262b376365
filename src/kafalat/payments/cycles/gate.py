"""The gate before a list: who of a phase cannot be paid now and why, written down for a clerk, never let through.

The facts come from enrolment (`enrolment/payable.py`); which of them hold a family back stands with the cycle's phase.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from kafalat.core.quarters import parse_quarter
from kafalat.enrolment.payable import HELD_BACK_SQL
from kafalat.payments.cycles.calendar import local_day
from kafalat.payments.models import Cycle, CyclePhase, PaymentList
from kafalat.policy.geography import phase_by_place
from kafalat.policy.model import Programme
from kafalat.registry import bulk

# Parameters: programme, day, channels and reasons. A camp site takes whoever's own channel is not open in the phase.
_REASONS = f"""
    SELECT h.beneficiary_id, h.reason FROM (
        {HELD_BACK_SQL}
        UNION ALL
        SELECT a.beneficiary_id, 'channel_closed' FROM enrolment_account AS a
        WHERE a.closed_on IS NULL AND NOT (a.channel = ANY (%(channels)s) OR 'camp' = ANY (%(channels)s))
    ) AS h WHERE h.reason = ANY (%(reasons)s)
"""
# The families of a phase. Parameters: programme, and places (those of the phase).
FAMILIES_OF_PHASE = """
    SELECT b.id, b.payee_id, b.programme_code, b.status, b.enrolled_on FROM enrolment_beneficiary AS b
    JOIN registry_family AS f ON f.id = b.family_id JOIN registry_household AS h ON h.id = f.household_id
    WHERE b.programme_code = %(programme)s AND h.place_id = ANY (%(places)s)
"""

_LEFT = """SELECT FROM payments_payment AS p
    JOIN payments_paymentlist AS l ON l.id = p.payment_list_id AND l.status = 'dispatched'"""


@contextmanager
def whole_tables() -> Iterator[None]:
    """Let the statements inside join whole tables within the transaction.

    What was just written has no statistics: PostgreSQL takes it for a few rows, and would look a million up one by one.
    A million rows are sorted in memory: one generation runs at a time.
    """
    bulk.execute("SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '256MB'")
    yield
    bulk.execute("SET LOCAL enable_nestloop = on; SET LOCAL work_mem TO DEFAULT")


def phase_values(cycle: Cycle, phase: CyclePhase, programme: Programme, at: datetime) -> dict[str, object]:
    """Return the parameters by which statements find the families of a phase and what holds them back."""
    phases = phase_by_place(programme, parse_quarter(cycle.tranche).first_day())
    places = [place for place, code in phases.items() if code == phase.code]
    return {**_gate(phase, at), "places": places, "phase": phase.code}


def _gate(phase: CyclePhase, at: datetime) -> dict[str, object]:
    return {
        "programme": phase.programme_code,
        "day": local_day(at),
        "channels": list(phase.channels),
        "reasons": list(phase.holds),
    }


def find_held(values: dict[str, object]) -> None:
    """Find who of the phase cannot be paid, and why, into the temporary table `held`."""
    with whole_tables():
        bulk.execute(
            f"""
            CREATE TEMPORARY TABLE held ON COMMIT DROP AS
            SELECT held.* FROM ({_REASONS}) AS held JOIN ({FAMILIES_OF_PHASE}) AS own ON own.id = held.beneficiary_id
            """,
            values,
        )
    bulk.execute("CREATE INDEX ON held (beneficiary_id)")
    bulk.execute("ANALYZE held")


def hold_back(cycle: Cycle, phase: CyclePhase, values: dict[str, object], at: datetime) -> None:
    """Write down who of the phase is left out and why, and who no longer is. Leaves the temporary table `held`."""
    find_held(values)
    bulk.execute(
        """
        UPDATE payments_exception AS x SET cleared_at = %s FROM payments_cycle AS c
        WHERE c.id = x.cycle_id AND c.programme_code = %s AND x.phase = %s AND x.cleared_at IS NULL
            AND NOT EXISTS (SELECT FROM held WHERE held.beneficiary_id = x.beneficiary_id AND held.reason = x.reason)
        """,
        [at, cycle.programme_code, phase.code],
    )
    bulk.execute(
        """
        INSERT INTO payments_exception (cycle_id, phase, beneficiary_id, reason, found_at)
        SELECT %s, %s, held.beneficiary_id, held.reason, %s FROM held ORDER BY held.beneficiary_id, held.reason
        ON CONFLICT (cycle_id, beneficiary_id, reason) DO UPDATE SET cleared_at = NULL
        """,
        [cycle.pk, phase.code, at],
    )


def held_in_list(payment_list: PaymentList, at: datetime) -> str | None:
    """Return the identity of a payment whose family is to be held back now that its list is made, or None."""
    phase = CyclePhase.objects.get(cycle_id=payment_list.cycle_id, code=payment_list.phase)
    with whole_tables():
        found = bulk.rows(
            f"""
            SELECT p.identity FROM payments_payment AS p JOIN payments_entitlement AS e ON e.id = p.entitlement_id
            JOIN ({_REASONS}) AS held ON held.beneficiary_id = e.beneficiary_id
            WHERE p.payment_list_id = %(list)s ORDER BY p.identity LIMIT 1
            """,
            {**_gate(phase, at), "list": payment_list.pk},
        )
    return str(found[0][0]) if found else None


def somebody_due(cycle: Cycle, phase: CyclePhase, programme: Programme, at: datetime) -> bool:
    """Say whether a phase would pay somebody now: a family that can be paid, or one that was entitled already.

    Who stands in a list that left is not due any more, be it another phase's: a list from before there were phases was of
    all of them.
    """
    values = phase_values(cycle, phase, programme, at)
    values |= {"cycle": cycle.pk, "last_day": parse_quarter(cycle.tranche).last_day()}
    find_held(values)
    ((found,),) = bulk.rows(
        f"""
        SELECT EXISTS (
            SELECT FROM payments_entitlement AS e WHERE e.cycle_id = %(cycle)s AND e.phase = %(phase)s
                AND NOT EXISTS ({_LEFT} WHERE p.entitlement_id = e.id)
        ) OR EXISTS (
            SELECT FROM ({FAMILIES_OF_PHASE}) AS own
            WHERE own.status = 'active' AND own.enrolled_on <= %(last_day)s
                AND NOT EXISTS (SELECT FROM held WHERE held.beneficiary_id = own.id)
                AND NOT EXISTS ({_LEFT} JOIN payments_entitlement AS e ON e.id = p.entitlement_id
                    WHERE e.beneficiary_id = own.id AND e.cycle_id = %(cycle)s))
        """,
        values,
    )
    bulk.execute("DROP TABLE held")
    return bool(found)
