"""Reads of the queue of families held back: how many for which reason, since which quarter, and who they are."""

from __future__ import annotations

from dataclasses import dataclass

from kafalat.core.quarters import parse_quarter
from kafalat.payments.models import Cycle
from kafalat.registry import bulk

# Each open entry of a cycle, with the first tranche in which the family was held back for the same reason and not since
# found payable: preparing a list clears what no longer holds, in this cycle and in those before it.
_OPEN = """
    SELECT x.id, x.phase, x.beneficiary_id, x.reason, (
        SELECT min(c.tranche) FROM payments_exception AS o JOIN payments_cycle AS c ON c.id = o.cycle_id
        WHERE o.beneficiary_id = x.beneficiary_id AND o.reason = x.reason AND o.cleared_at IS NULL
            AND c.programme_code = own.programme_code
    ) AS since
    FROM payments_exception AS x JOIN payments_cycle AS own ON own.id = x.cycle_id
    WHERE x.cycle_id = %s AND x.cleared_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class HeldCount:
    """Families of one phase held back for one reason since one tranche, `quarters` ago (0: this one)."""

    phase: str
    reason: str
    since: str
    quarters: int
    families: int


def held_back(cycle: Cycle) -> list[HeldCount]:
    """Return who is held back from a cycle, oldest first, counted by phase, reason and the tranche it began in.

    A family held back for two reasons counts in both.
    """
    found = bulk.rows(
        f"SELECT phase, reason, since, count(*) FROM ({_OPEN}) AS open GROUP BY phase, reason, since ORDER BY since, 4 DESC, 1, 2",
        [cycle.pk],
    )
    return [
        HeldCount(phase, reason, since, _quarters(since, cycle.tranche), families)
        for phase, reason, since, families in found
    ]


def _quarters(since: str, until: str) -> int:
    first, last = parse_quarter(since), parse_quarter(until)
    return 4 * (last.year - first.year) + last.number - first.number


def held_families(cycle: Cycle) -> int:
    """Return how many families are held back from a cycle, each counted once."""
    ((families,),) = bulk.rows(f"SELECT count(DISTINCT beneficiary_id) FROM ({_OPEN}) AS open", [cycle.pk])
    return int(families)


@dataclass(frozen=True, slots=True)
class HeldFamily:
    """One family held back: whose household to open, and why."""

    beneficiary_id: int
    household_id: int
    form_number: str
    phase: str
    reason: str
    since: str


def held_list(
    cycle: Cycle, *, reason: str = "", phase: str = "", limit: int, offset: int = 0
) -> list[HeldFamily]:
    """Return up to `limit` families held back from a cycle, oldest first, narrowed to a reason and a phase."""
    found = bulk.rows(
        f"""
        SELECT open.beneficiary_id, h.id, h.form_number, open.phase, open.reason, open.since
        FROM ({_OPEN}) AS open JOIN enrolment_beneficiary AS b ON b.id = open.beneficiary_id
        JOIN registry_family AS f ON f.id = b.family_id JOIN registry_household AS h ON h.id = f.household_id
        WHERE (%s = '' OR open.reason = %s) AND (%s = '' OR open.phase = %s)
        ORDER BY open.since, open.id LIMIT %s OFFSET %s
        """,
        [cycle.pk, reason, reason, phase, phase, limit, offset],
    )
    return [HeldFamily(*row) for row in found]
