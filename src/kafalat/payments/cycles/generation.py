"""Writes what families are due and the payments of one list: a constant number of statements."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from django.contrib.auth.models import User

from kafalat.core.problems import problem
from kafalat.core.quarters import parse_quarter
from kafalat.payments.cycles.calendar import due_by_quarter, local_day
from kafalat.payments.cycles.gate import FAMILIES_OF_PHASE, whole_tables
from kafalat.payments.cycles.lists import DRAFTED, LIST_DIGEST_SQL
from kafalat.payments.models import Cycle, CyclePhase, PaymentList
from kafalat.policy.model import Programme
from kafalat.registry import bulk

# One generation at a time: what another one is just recording is seen before anything is recorded twice.
_LOCK = 0x4B41_0009


def entitle(cycle: Cycle, values: dict[str, object], programme: Programme, fund: str) -> None:
    """Record what each payable family of the phase is due: the tranche's quarter, and earlier ones never recorded.

    A quarter is due to whoever was enrolled on or before its last day and is active now, at the quarter's own rate. An
    earlier quarter whose own cycle is still open is left to it. Raises `payments.no_amount`.
    """
    running = Cycle.objects.filter(programme_code=cycle.programme_code, status=Cycle.Status.OPEN)
    others = set(running.exclude(pk=cycle.pk).values_list("tranche", flat=True))
    due = [
        row for row in due_by_quarter(programme, parse_quarter(cycle.tranche)) if row["quarter"] not in others
    ]
    if not any(row["quarter"] == cycle.tranche for row in due):
        raise problem("payments.no_amount", cycle=cycle.tranche)
    bulk.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    with whole_tables():
        bulk.execute(
            f"""
            INSERT INTO payments_entitlement (cycle_id, beneficiary_id, component, phase, amount_paisa, quarter, programme_code,
                payee_id, fund)
            SELECT %(cycle)s, own.id, due.component, %(phase)s, due.amount_paisa, due.quarter, own.programme_code,
                own.payee_id, %(fund)s
            FROM ({FAMILIES_OF_PHASE}) AS own
            JOIN jsonb_to_recordset(%(due)s::jsonb) AS due (quarter text, component text, amount_paisa bigint, last_day date)
                ON own.enrolled_on <= due.last_day
            WHERE own.status = 'active' AND NOT EXISTS (SELECT FROM held WHERE held.beneficiary_id = own.id)
                AND NOT EXISTS (SELECT FROM payments_entitlement AS e
                    WHERE e.beneficiary_id = own.id AND e.quarter = due.quarter AND e.component = due.component)
                AND NOT EXISTS (SELECT FROM payments_entitlement AS e WHERE e.payee_id = own.payee_id
                    AND e.quarter = due.quarter AND e.component = due.component AND e.programme_code = own.programme_code)
            ORDER BY own.id, due.quarter, due.component
            """,
            {**values, "cycle": cycle.pk, "fund": fund, "due": json.dumps(due)},
        )


# What is due and has no live attempt: never tried, cancelled, or decided to be sent again. Attempts are looked for in the
# phase's own lists alone, so that the past does not make the present slower.
_DUE = """
    SELECT e.id, e.beneficiary_id, e.amount_paisa, e.programme_code, e.quarter, e.component,
        coalesce(last.attempt, 0) + 1 AS attempt
    FROM payments_entitlement AS e
    LEFT JOIN (
        SELECT DISTINCT ON (p.entitlement_id) p.id, p.entitlement_id, p.attempt, p.status
        FROM payments_payment AS p JOIN payments_paymentlist AS l ON l.id = p.payment_list_id
        WHERE l.cycle_id = %(cycle)s AND l.phase IN (%(phase)s, 'all') ORDER BY p.entitlement_id, p.attempt DESC
    ) AS last ON last.entitlement_id = e.id
    WHERE e.cycle_id = %(cycle)s AND e.phase = %(phase)s AND e.fund = %(fund)s
        AND (last.id IS NULL OR last.status = 'cancelled'
            OR (last.status IN ('rejected', 'returned', 'recalled', 'reversed')
                AND (SELECT action FROM payments_resolution AS r WHERE r.payment_id = last.id) = 'reissue'))
"""
# A bank that takes only so many payments in a file gets them in parts, in the order of their identities.
_CANDIDATES = f"""
    CREATE TEMPORARY TABLE candidate ON COMMIT DROP AS
    SELECT c.*, ((row_number() OVER (PARTITION BY c.bank ORDER BY c.identity) - 1)
        / coalesce((%(limits)s::jsonb ->> c.bank)::bigint, 2147483647))::smallint + 1 AS part
    FROM (
        SELECT e.id AS entitlement_id, e.attempt, a.id AS account_id, a.bank, a.iban_sealed,
            e.amount_paisa, CASE WHEN a.channel = ANY (%(channels)s) THEN a.channel ELSE 'camp' END AS channel,
            'K' || upper(left(encode(sha256(convert_to(concat_ws('|', e.programme_code, e.quarter, e.beneficiary_id,
                e.component, e.attempt), 'UTF8')), 'hex'), 32)) AS identity
        FROM ({_DUE}) AS e
        JOIN enrolment_beneficiary AS b ON b.id = e.beneficiary_id AND b.status = 'active'
        JOIN enrolment_account AS a ON a.beneficiary_id = e.beneficiary_id AND a.closed_on IS NULL
        WHERE NOT EXISTS (SELECT FROM held WHERE held.beneficiary_id = e.beneficiary_id)
    ) AS c
"""


def draft_list(
    cycle: Cycle, phase: CyclePhase, programme: Programme, fund: str, *, user: User, at: datetime
) -> PaymentList:
    """Write the list and its payments; the list's digest covers bank, file, identity, account and amount of each.

    Raises `payments.nothing_to_pay` and `payments.no_quorum`.
    """
    with whole_tables():
        bulk.execute(
            _CANDIDATES,
            {
                "cycle": cycle.pk,
                "phase": phase.code,
                "fund": fund,
                "channels": list(phase.channels),
                "limits": json.dumps(file_limits(programme)),
            },
        )
    ((payments, amount_paisa),) = bulk.rows(
        "SELECT count(*), coalesce(sum(amount_paisa), 0)::bigint FROM candidate"
    )
    if payments == 0:
        raise problem("payments.nothing_to_pay", cycle=cycle.tranche)
    quorum = programme.approvals.quorum(amount_paisa, local_day(at))
    if quorum is None:
        raise problem("payments.no_quorum", cycle=cycle.tranche, day=local_day(at))
    ((sha256,),) = bulk.rows(LIST_DIGEST_SQL.format(source=DRAFTED))
    payment_list = PaymentList.objects.create(
        cycle=cycle,
        number=cycle.lists.count() + 1,
        phase=phase.code,
        fund=fund,
        maker=user,
        prepared_at=at,
        payments=payments,
        amount_paisa=amount_paisa,
        sha256=sha256,
        seats_approve=quorum.approve,
        seats_authorise=quorum.authorise,
        seats_release=quorum.release,
    )
    bulk.execute(
        """
        INSERT INTO payments_payment (identity, entitlement_id, attempt, payment_list_id, account_id, bank, part, channel,
            amount_paisa, status)
        SELECT identity, entitlement_id, attempt, %s, account_id, bank, part, channel, amount_paisa, 'prepared'
        FROM candidate ORDER BY entitlement_id
        """,
        [payment_list.pk],
    )
    return payment_list


def file_limits(programme: Programme) -> Mapping[str, int]:
    """Return how many payments one file of each bank may hold, by bank code."""
    return {code: profile.payments_per_file_max for code, profile in programme.bank_profiles.items()}
