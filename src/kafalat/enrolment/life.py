"""Proof of life: a payee reported dead is visited by one officer, and another confirms. Nobody is deleted on a report.

Found alive, she is taken back in the confirming transaction. Found dead, the family stays suspended and stands in the
queue of families to look at: another payee of the family (`changes`), a new interview, or an exit. Not found, she waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from kafalat.audit import services as audit
from kafalat.core.problems import problem
from kafalat.enrolment.access import access_account_work
from kafalat.enrolment.models import Beneficiary, LifeVisit
from kafalat.enrolment.standing import reinstate
from kafalat.policy.model import Programme

FOUND_ALIVE = "found_alive"


def record_visit(
    *, beneficiary_id: int, outcome: str, visited_on: date, note: str, user: User, at: datetime
) -> LifeVisit:
    """Record what an officer found; it counts once another confirms it.

    Raises `standing.no_visit` unless the family is suspended until proof of life and no visit waits for confirmation.
    """
    access_account_work(user)
    with transaction.atomic():
        found = _waiting(beneficiary_id)
        waits = LifeVisit.objects.filter(beneficiary=found, confirmed_by=None).exists()
        if waits or outcome not in LifeVisit.Outcome.values or visited_on > at.date():
            raise problem("standing.no_visit", number=beneficiary_id)
        visit = LifeVisit.objects.create(
            beneficiary=found,
            payee_id=found.payee_id,
            visited_on=visited_on,
            outcome=outcome,
            note=note.strip()[:500],
            recorded_by=user,
            recorded_at=at,
        )
        _record("life_visit_recorded", visit, user, at)
    return visit


def confirm_visit(*, visit_id: int, today: date, user: User, at: datetime) -> LifeVisit:
    """Confirm another officer's visit. Found alive, the family is taken back at once.

    Raises `standing.own_visit`, and `standing.no_visit` where it was confirmed or the family is no longer suspended.
    """
    access_account_work(user)
    with transaction.atomic():
        visit = LifeVisit.objects.select_for_update().filter(pk=visit_id, confirmed_by=None).first()
        if visit is None:
            raise problem("standing.no_visit", number=visit_id)
        if visit.recorded_by_id == user.pk:
            raise problem("standing.own_visit")
        _waiting(visit.beneficiary_id)
        visit.confirmed_by, visit.confirmed_at = user, at
        visit.save(update_fields=["confirmed_by", "confirmed_at"])
        _record("life_visit_confirmed", visit, user, at)
        if visit.outcome == LifeVisit.Outcome.ALIVE:
            reinstate(beneficiaries=[visit.beneficiary_id], reason=FOUND_ALIVE, today=today, user=user, at=at)
    return visit


def _waiting(beneficiary_id: int) -> Beneficiary:
    """Return the locked beneficiary if a proof of life is asked for."""
    found = Beneficiary.objects.select_for_update().filter(pk=beneficiary_id).first()
    if found is None:
        raise problem("accounts.beneficiary_unknown", number=beneficiary_id)
    if found.status != Beneficiary.Status.SUSPENDED or found.standing_proof != "life":
        raise problem("standing.no_visit", number=beneficiary_id)
    return found


def _record(action: str, visit: LifeVisit, user: User, at: datetime) -> None:
    audit.record(
        at=at,
        actor=user.get_username(),
        action=action,
        object_kind="beneficiary",
        object_id=visit.beneficiary_id,
        detail={"visit": visit.pk, "outcome": visit.outcome, "on": visit.visited_on},
    )


@dataclass(frozen=True, slots=True)
class LifeCase:
    """A family that waits for a proof of life, with the newest visit (None before the first)."""

    beneficiary: Beneficiary
    visit: LifeVisit | None


def life_queue(programme: Programme) -> list[LifeCase]:
    """Return families that wait for a proof of life, whoever has waited longest first, but those found dead."""
    waiting = _suspended(programme).exclude(Exists(_found_dead()))
    return [
        LifeCase(one, one.visits.order_by("-id").select_related("recorded_by").first()) for one in waiting
    ]


def life_case(beneficiary: Beneficiary) -> LifeCase | None:
    """Return the family's proof of life with its newest visit, or None where none is asked for."""
    if beneficiary.status != Beneficiary.Status.SUSPENDED or beneficiary.standing_proof != "life":
        return None
    return LifeCase(beneficiary, beneficiary.visits.order_by("-id").select_related("recorded_by").first())


def families_to_review(programme: Programme) -> list[Beneficiary]:
    """Return families whose payee was found dead: another payee, a new interview, or an exit is to be decided."""
    return list(_suspended(programme).filter(Exists(_found_dead())))


def _suspended(programme: Programme) -> QuerySet[Beneficiary]:
    return (
        Beneficiary.objects.filter(
            programme_code=programme.code, status=Beneficiary.Status.SUSPENDED, standing_proof="life"
        )
        .select_related("payee", "family__household")
        .order_by("standing_since", "pk")
    )


def _found_dead() -> QuerySet[LifeVisit]:
    return LifeVisit.objects.filter(
        beneficiary=OuterRef("pk"),
        payee=OuterRef("payee"),
        outcome=LifeVisit.Outcome.DEAD,
        confirmed_by__isnull=False,
    )
