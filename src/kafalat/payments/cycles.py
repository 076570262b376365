"""Opens a cycle for a quarter, generates its payments, and closes it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from django.contrib.auth.models import User
from django.db import transaction

from kafalat.audit import services as audit
from kafalat.core.problems import problem
from kafalat.core.quarters import Quarter, parse_quarter
from kafalat.payments.access import access_preparing
from kafalat.payments.lists import LIST_DIGEST_SQL
from kafalat.payments.models import Cycle, PaymentList
from kafalat.policy.geography import phase_by_place
from kafalat.policy.model import Programme
from kafalat.registry import bulk
from kafalat.targeting.runs import keep_programme


def open_cycle(
    *,
    programme: Programme,
    programme_folder: Path,
    programmes: Path,
    tranche: Quarter,
    user: User,
    at: datetime,
) -> Cycle:
    """Open the cycle of a tranche, or return it where it is open or closed already. Keeps the programme it pays under."""
    access_preparing(user)
    keep_programme(programme, programme_folder, programmes)
    with transaction.atomic():
        cycle, created = Cycle.objects.get_or_create(
            programme_code=programme.code,
            tranche=str(tranche),
            defaults={
                "programme_sha256": programme.sha256,
                "opened_by": user.get_username(),
                "opened_at": at,
            },
        )
        if created:
            audit.record(
                at=at,
                actor=user.get_username(),
                action="cycle_opened",
                object_kind="cycle",
                object_id=cycle.pk,
                detail={"tranche": cycle.tranche, "programme": programme.sha256},
            )
    return cycle


def prepare_list(*, cycle_id: int, programme: Programme, user: User, at: datetime) -> PaymentList:
    """Generate the payments that are due and not yet on their way, as one list made by `user`.

    The first list holds every active beneficiary with an open account; later ones the attempts that were decided to
    be sent again. A constant number of statements, whatever the number of payments. Raises the problems
    `payments.cycle_closed`, `payments.programme_differs`, `payments.no_amount` and `payments.nothing_to_pay`.
    """
    access_preparing(user)
    with transaction.atomic():
        cycle = _locked_open_cycle(cycle_id)
        if cycle.programme_sha256 != programme.sha256:
            raise problem(
                "payments.programme_differs", cycle=cycle.tranche, recorded=cycle.programme_sha256[:12]
            )
        _entitle(cycle, programme)
        payment_list = _draft_list(cycle, user, at)
        _post_preparation(cycle, payment_list, at)
        audit.record(
            at=at,
            actor=user.get_username(),
            action="list_prepared",
            object_kind="payment_list",
            object_id=payment_list.pk,
            detail={
                "sha256": payment_list.sha256,
                "payments": payment_list.payments,
                "amount_paisa": payment_list.amount_paisa,
            },
        )
    return payment_list


def _locked_open_cycle(cycle_id: int) -> Cycle:
    cycle = Cycle.objects.select_for_update(no_key=True).get(pk=cycle_id)
    if cycle.status != Cycle.Status.OPEN:
        raise problem("payments.cycle_closed", cycle=cycle.tranche)
    return cycle


def _entitle(cycle: Cycle, programme: Programme) -> None:
    """Record what each active beneficiary with an open account is due, once per cycle and component."""
    first_day = parse_quarter(cycle.tranche).first_day()
    amounts = {c.code: programme.amount_paisa(c.code, first_day) for c in programme.components}
    due = {code: amount for code, amount in amounts.items() if amount is not None}
    if not due:
        raise problem("payments.no_amount", cycle=cycle.tranche)
    bulk.execute(
        """
        INSERT INTO payments_entitlement (cycle_id, beneficiary_id, component, phase, amount_paisa)
        SELECT %s, b.id, due.key, phase.value, due.value::bigint
        FROM enrolment_beneficiary AS b
        JOIN enrolment_account AS a ON a.beneficiary_id = b.id AND a.closed_on IS NULL
        JOIN registry_family AS f ON f.id = b.family_id JOIN registry_household AS h ON h.id = f.household_id
        JOIN jsonb_each_text(%s::jsonb) AS phase ON phase.key = h.place_id
        CROSS JOIN jsonb_each_text(%s::jsonb) AS due
        WHERE b.programme_code = %s AND b.status = 'active'
        ORDER BY b.id, due.key
        ON CONFLICT (cycle_id, beneficiary_id, component) DO NOTHING
        """,
        [
            cycle.pk,
            json.dumps(phase_by_place(programme, first_day)),
            json.dumps(due),
            cycle.programme_code,
        ],
    )


# The next attempt of every entitlement that has no live one: never tried, cancelled, or decided to be sent again.
_CANDIDATES = """
    CREATE TEMPORARY TABLE candidate ON COMMIT DROP AS
    SELECT e.id AS entitlement_id, coalesce(last.attempt, 0) + 1 AS attempt, last.id AS previous_id, last.status AS previous,
        a.id AS account_id, a.bank, a.iban_sealed, e.amount_paisa, e.phase,
        'K' || upper(left(encode(sha256(convert_to(concat_ws('|', c.programme_code, c.tranche, e.beneficiary_id,
            e.component, coalesce(last.attempt, 0) + 1), 'UTF8')), 'hex'), 32)) AS identity
    FROM payments_entitlement AS e
    JOIN payments_cycle AS c ON c.id = e.cycle_id
    JOIN enrolment_beneficiary AS b ON b.id = e.beneficiary_id AND b.status = 'active'
    JOIN enrolment_account AS a ON a.beneficiary_id = e.beneficiary_id AND a.closed_on IS NULL
    LEFT JOIN LATERAL (
        SELECT id, attempt, status FROM payments_payment AS p WHERE p.entitlement_id = e.id ORDER BY attempt DESC LIMIT 1
    ) AS last ON true
    LEFT JOIN payments_resolution AS r ON r.payment_id = last.id
    WHERE e.cycle_id = %s AND (last.id IS NULL OR last.status = 'cancelled'
        OR (last.status IN ('rejected', 'returned') AND r.action = 'reissue'))
"""


def _draft_list(cycle: Cycle, user: User, at: datetime) -> PaymentList:
    """Write the list and its payments; the list's digest covers identity, bank, account, amount and phase of each."""
    bulk.execute(_CANDIDATES, [cycle.pk])
    ((payments, amount_paisa),) = bulk.rows(
        "SELECT count(*), coalesce(sum(amount_paisa), 0)::bigint FROM candidate"
    )
    if payments == 0:
        raise problem("payments.nothing_to_pay", cycle=cycle.tranche)
    ((sha256,),) = bulk.rows(LIST_DIGEST_SQL.format(source="candidate"))
    payment_list = PaymentList.objects.create(
        cycle=cycle,
        number=cycle.lists.count() + 1,
        maker=user,
        prepared_at=at,
        payments=payments,
        amount_paisa=amount_paisa,
        sha256=sha256,
    )
    bulk.execute(
        """
        INSERT INTO payments_payment (identity, entitlement_id, attempt, payment_list_id, account_id, bank, amount_paisa, status)
        SELECT identity, entitlement_id, attempt, %s, account_id, bank, amount_paisa, 'prepared'
        FROM candidate ORDER BY entitlement_id
        """,
        [payment_list.pk],
    )
    return payment_list


def _post_preparation(cycle: Cycle, payment_list: PaymentList, at: datetime) -> None:
    """Post to the ledger: money for first attempts from the treasury through the fund, for later ones back to due."""
    ((first_paisa,),) = bulk.rows(
        "SELECT coalesce(sum(amount_paisa) FILTER (WHERE attempt = 1), 0)::bigint FROM candidate"
    )
    if first_paisa:
        bulk.execute(
            """
            INSERT INTO payments_transfer (cycle_id, kind, debit, credit, amount_paisa, at)
            VALUES (%s, 'fund', 'fund', 'treasury', %s, %s)
            """,
            [cycle.pk, first_paisa, at],
        )
    bulk.execute(
        """
        INSERT INTO payments_transfer (cycle_id, payment_id, kind, debit, credit, amount_paisa, at)
        SELECT %s, id, 'due', 'due', 'fund', amount_paisa, %s
        FROM payments_payment WHERE payment_list_id = %s AND attempt = 1 ORDER BY id
        """,
        [cycle.pk, at, payment_list.pk],
    )
    bulk.execute(
        """
        INSERT INTO payments_transfer (cycle_id, payment_id, kind, debit, credit, amount_paisa, at)
        SELECT %s, previous.id, 'reissued', 'due', 'back:' || previous.bank, previous.amount_paisa, %s
        FROM candidate JOIN payments_payment AS previous ON previous.id = candidate.previous_id
        WHERE candidate.previous IN ('rejected', 'returned') ORDER BY previous.id
        """,
        [cycle.pk, at],
    )


def close_cycle(*, cycle_id: int, user: User, at: datetime) -> Cycle:
    """Close a cycle in which every payment has come to an end. Raises `payments.cycle_closed`, `payments.cycle_unfinished`."""
    access_preparing(user)
    with transaction.atomic():
        cycle = _locked_open_cycle(cycle_id)
        ((unfinished,),) = bulk.rows(
            """
            SELECT count(*) FROM payments_payment AS p JOIN payments_entitlement AS e ON e.id = p.entitlement_id
            LEFT JOIN payments_resolution AS r ON r.payment_id = p.id
            WHERE e.cycle_id = %s AND (p.status IN ('prepared', 'sent', 'accepted')
                OR (p.status IN ('rejected', 'returned') AND (r.payment_id IS NULL OR (r.action = 'reissue' AND NOT EXISTS (
                    SELECT FROM payments_payment AS next
                    WHERE next.entitlement_id = p.entitlement_id AND next.attempt > p.attempt)))))
            """,
            [cycle.pk],
        )
        if unfinished:
            raise problem("payments.cycle_unfinished", cycle=cycle.tranche, payments=unfinished)
        cycle.status = Cycle.Status.CLOSED
        cycle.closed_at = at
        cycle.save(update_fields=["status", "closed_at"])
        audit.record(
            at=at, actor=user.get_username(), action="cycle_closed", object_kind="cycle", object_id=cycle.pk
        )
    return cycle
