"""Where families stand: suspended with a reason and a proof asked for, reinstated, or left for good. For one as for a list.

A suspension is no exit: the place stays, money waits as arrears, and the family has days to answer. An exit is final, gives
the place free (`enrol.promote`), and says until when to appeal. History is written by the database with every change.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from kafalat.audit import services as audit
from kafalat.core.problems import Problem, problem
from kafalat.enrolment.access import access_account_work
from kafalat.enrolment.models import Beneficiary
from kafalat.enrolment.rules import rules_of
from kafalat.policy.model import Programme
from kafalat.registry import bulk

_MOVE = """
    UPDATE enrolment_beneficiary SET status = %(status)s, standing_reason = %(reason)s, standing_since = %(since)s,
        standing_proof = %(proof)s, standing_until = %(until)s, standing_by = %(by)s, standing_at = %(at)s
    WHERE id = ANY(%(ids)s)
"""


def suspend(
    *,
    beneficiaries: Sequence[int],
    reason: str,
    programme: Programme,
    today: date,
    user: User,
    at: datetime,
) -> int:
    """Suspend active families for a reason of accounts.yaml, from `today` until they bring the proof it asks for.

    All of them or none: raises `standing.reason_unknown`, and `standing.not_possible` naming the first who is not active.
    """
    access_account_work(user)
    rules = rules_of(programme)
    rule = rules.suspension(reason)
    if rule is None:
        known = ", ".join(entry.code for entry in rules.suspensions)
        raise problem("standing.reason_unknown", reason=reason, known=known)
    with transaction.atomic():
        _locked(beneficiaries, ("active",))
        return _move(
            beneficiaries,
            user,
            at,
            {
                "status": "suspended",
                "reason": reason,
                "since": today,
                "proof": rule.proof,
                "until": today + timedelta(days=rule.answer_days),
            },
        )


def reinstate(*, beneficiaries: Sequence[int], reason: str, today: date, user: User, at: datetime) -> int:
    """Take suspended families back; what was held back meanwhile may be paid as arrears.

    Who was reported dead needs a visit confirmed by a second officer, or another payee: raises `standing.proof_missing`.
    Also raises `standing.not_possible` and `accounts.reason_missing`; nobody is taken back then.
    """
    access_account_work(user)
    if not reason.strip():
        raise problem("accounts.reason_missing")
    with transaction.atomic():
        _locked(beneficiaries, ("suspended",))
        return _move(
            beneficiaries,
            user,
            at,
            {
                "status": "active",
                "reason": reason.strip()[:60],
                "since": today,
                "proof": "",
                "until": None,
            },
        )


def exit_families(
    *,
    beneficiaries: Sequence[int],
    reason: str,
    programme: Programme,
    today: date,
    user: User,
    at: datetime,
) -> int:
    """Let families leave for good, for a reason of accounts.yaml; they may appeal for the days it gives.

    Raises `standing.reason_unknown` and `standing.not_possible` (who has left already); all leave or none.
    """
    access_account_work(user)
    rules = rules_of(programme)
    rule = rules.exit(reason)
    if rule is None:
        raise problem(
            "standing.reason_unknown", reason=reason, known=", ".join(entry.code for entry in rules.exits)
        )
    with transaction.atomic():
        _locked(beneficiaries, ("active", "suspended"))
        return _move(
            beneficiaries,
            user,
            at,
            {
                "status": "exited",
                "reason": reason,
                "since": today,
                "proof": "",
                "until": today + timedelta(days=rule.appeal_days),
            },
        )


def suspend_reported_dead(*, programme: Programme, today: date, user: User, at: datetime) -> int:
    """Suspend every active family whose payee stands on a list of deaths in force; return how many.

    Whom a confirmed visit found alive after the list was taken in is left alone: of those so listed most are alive.
    """
    access_account_work(user)
    rules = rules_of(programme)
    found = [
        beneficiary
        for (beneficiary,) in bulk.rows(
            """
            SELECT b.id FROM (
                SELECT DISTINCT ON (filter) id, imported_at FROM registry_screeninglist WHERE filter = ANY(%s)
                ORDER BY filter, list_date DESC, id DESC
            ) AS l
            JOIN registry_screeningentry AS e ON e.list_id = l.id
            JOIN registry_person AS p ON p.cnic_sealed = e.cnic_sealed
            JOIN enrolment_beneficiary AS b ON b.payee_id = p.id AND b.programme_code = %s AND b.status = 'active'
            WHERE NOT EXISTS (SELECT FROM enrolment_lifevisit AS v WHERE v.beneficiary_id = b.id AND v.payee_id = b.payee_id
                AND v.outcome = 'alive' AND v.confirmed_at >= l.imported_at)
            GROUP BY b.id ORDER BY b.id
            """,
            [list(rules.death_filters), programme.code],
        )
    ]
    if not found:
        return 0
    return suspend(
        beneficiaries=found,
        reason=rules.death_suspension,
        programme=programme,
        today=today,
        user=user,
        at=at,
    )


def _locked(beneficiaries: Sequence[int], states: Sequence[str]) -> None:
    """Lock the families' rows, in order; refuse all where one is unknown or not in one of `states`."""
    rows = dict(
        Beneficiary.objects.select_for_update()
        .filter(pk__in=beneficiaries)
        .order_by("pk")
        .values_list("pk", "status")
    )
    for number in beneficiaries:
        if number not in rows:
            raise problem("accounts.beneficiary_unknown", number=number)
        if rows[number] not in states:
            raise problem("standing.not_possible", number=number, status=rows[number])


def _move(beneficiaries: Sequence[int], user: User, at: datetime, values: dict[str, object]) -> int:
    try:
        with transaction.atomic():
            moved = bulk.execute(
                _MOVE, {**values, "ids": list(beneficiaries), "by": user.get_username(), "at": at}
            )
    except IntegrityError as error:
        raise _sentence(error, beneficiaries) from error
    audit.record(
        at=at,
        actor=user.get_username(),
        action="standing_changed",
        object_kind="beneficiary",
        object_id=beneficiaries[0] if len(beneficiaries) == 1 else "list",
        detail={"status": values["status"], "reason": values["reason"], "families": moved},
    )
    return moved


def _sentence(error: IntegrityError, beneficiaries: Sequence[int]) -> Problem:
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
    if name == "standing_proof_of_life":
        text = str(error)
        number = next((one for one in beneficiaries if f"beneficiary {one} " in text), beneficiaries[0])
        return problem("standing.proof_missing", number=number)
    raise error
