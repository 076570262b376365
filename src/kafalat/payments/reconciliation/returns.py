"""Decides what becomes of payments that came back: send again where the programme says so, else park with the reason."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from kafalat.audit import services as audit
from kafalat.core.progress import Progress, silent
from kafalat.payments.access import access_reconciling
from kafalat.payments.ledger.postings import insert_of_payments
from kafalat.policy.model import Programme
from kafalat.registry import bulk


def resolve_returns(
    *, cycle_id: int, programme: Programme, user: User, at: datetime, progress: Progress = silent
) -> dict[str, int]:
    """Decide on every rejected or returned payment of the cycle that has no decision yet; return how many of each.

    A payment is sent again when its bank code is among the programme's reissue codes and attempts are left; otherwise
    its money goes to suspense, under the bank's code, until a person decides.
    """
    access_reconciling(user)
    with transaction.atomic():
        decided = dict(
            bulk.rows(
                f"""
                WITH undecided AS (
                    SELECT p.id, p.attempt, coalesce((SELECT l.reason_code FROM payments_answerline AS l
                        WHERE l.payment_id = p.id AND l.outcome = p.status), '') AS reason_code
                    FROM payments_payment AS p JOIN payments_entitlement AS e ON e.id = p.entitlement_id
                    WHERE e.cycle_id = %s AND p.status IN ('rejected', 'returned')
                        AND NOT EXISTS (SELECT FROM payments_resolution AS r WHERE r.payment_id = p.id)
                    FOR UPDATE OF p
                ), resolved AS (
                    INSERT INTO payments_resolution (payment_id, action, reason_code, decided_by, decided_at)
                    SELECT id, CASE WHEN reason_code = ANY (%s) AND attempt < %s THEN 'reissue' ELSE 'park' END,
                        reason_code, %s, %s
                    FROM undecided ORDER BY id
                    RETURNING payment_id, action
                ), to_park AS (
                    SELECT p.id, p.payment_list_id, p.bank, p.amount_paisa, p.status AS was
                    FROM resolved JOIN payments_payment AS p ON p.id = resolved.payment_id
                    WHERE resolved.action = 'park'
                ), parked AS (
                    {insert_of_payments("parked", "to_park")}
                )
                SELECT action, count(*) FROM resolved GROUP BY action
                """,
                [
                    cycle_id,
                    list(programme.banks.reissue_codes),
                    programme.banks.attempts_max,
                    user.get_username(),
                    at,
                    at,
                ],
            )
        )
        progress(0.9)
        if decided:
            audit.record(
                at=at,
                actor=user.get_username(),
                action="returns_resolved",
                object_kind="cycle",
                object_id=cycle_id,
                detail=dict(decided),
            )
    return decided
