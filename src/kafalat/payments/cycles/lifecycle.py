"""Opens a cycle for a quarter with its phases, prepares lists of payments phase by phase, and closes it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from django.contrib.auth.models import User
from django.db import transaction

from kafalat.audit import services as audit
from kafalat.core.money import rupees_text
from kafalat.core.problems import problem
from kafalat.core.progress import Progress, silent
from kafalat.core.quarters import Quarter, parse_quarter
from kafalat.payments.access import access_preparing
from kafalat.payments.cycles.calendar import fund_of, phase_rows
from kafalat.payments.cycles.closing import adrift, unfinished
from kafalat.payments.cycles.gate import hold_back, phase_values, somebody_due, whole_tables
from kafalat.payments.cycles.generation import draft_list, entitle
from kafalat.payments.ledger.postings import post_list
from kafalat.payments.models import Cycle, CyclePhase, PaymentList
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
    """Open the cycle of a tranche, or return it where it is open or closed already. Keeps the programme it pays under.

    Raises `payments.no_phases` where the calendar has none for the tranche.
    """
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
            CyclePhase.objects.bulk_create(phase_rows(cycle, programme))
            audit.record(
                at=at,
                actor=user.get_username(),
                action="cycle_opened",
                object_kind="cycle",
                object_id=cycle.pk,
                detail={"tranche": cycle.tranche, "programme": programme.sha256},
            )
    return cycle


def prepare_list(
    *,
    cycle_id: int,
    phase: str,
    programme: Programme,
    user: User,
    at: datetime,
    fund: str | None = None,
    progress: Progress = silent,
) -> PaymentList:
    """Generate the payments of a phase that are due and not yet on their way, as one list made by `user`.

    The first list of a phase holds every payable family, with its arrears; later ones whoever became payable since, and
    the attempts that were decided to be sent again. Who is held back is written down with the reason. `fund` pays what
    is newly due (the programme's first in force without). A constant number of statements, whatever the number of
    payments. Raises the problems `payments.cycle_closed`, `payments.programme_differs`, `payments.phase_unknown`,
    `payments.fund_unknown`, `payments.no_amount`, `payments.no_quorum` and `payments.nothing_to_pay`.
    """
    access_preparing(user)
    with transaction.atomic():
        cycle = locked_open_cycle(cycle_id)
        if cycle.programme_sha256 != programme.sha256:
            raise problem(
                "payments.programme_differs", cycle=cycle.tranche, recorded=cycle.programme_sha256[:12]
            )
        chosen = cycle.phases.filter(code=phase).first()
        if chosen is None:
            raise problem("payments.phase_unknown", phase=phase, cycle=cycle.tranche)
        source = fund_of(programme, parse_quarter(cycle.tranche), fund).code
        values = phase_values(cycle, chosen, programme, at)
        hold_back(cycle, chosen, values, at)
        progress(0.2)
        entitle(cycle, values, programme, source)
        progress(0.4)
        payment_list = draft_list(cycle, chosen, programme, source, user=user, at=at)
        progress(0.8)
        bulk.execute("DROP TABLE held, candidate")
        with whole_tables():
            post_list(payment_list_id=payment_list.pk, at=at)
        progress(0.95)
        audit.record(
            at=at,
            actor=user.get_username(),
            action="list_prepared",
            object_kind="payment_list",
            object_id=payment_list.pk,
            detail={
                "sha256": payment_list.sha256,
                "phase": phase,
                "fund": source,
                "payments": payment_list.payments,
                "amount_paisa": payment_list.amount_paisa,
            },
        )
    return payment_list


def locked_open_cycle(cycle_id: int) -> Cycle:
    """Return the cycle, its row locked until the transaction ends. Raises `payments.cycle_closed`."""
    cycle = Cycle.objects.select_for_update(no_key=True).get(pk=cycle_id)
    if cycle.status != Cycle.Status.OPEN:
        raise problem("payments.cycle_closed", cycle=cycle.tranche)
    return cycle


def close_cycle(
    *, cycle_id: int, programme: Programme, user: User, at: datetime, progress: Progress = silent
) -> Cycle:
    """Close a cycle in which every phase was paid, every payment has come to an end and every paisa has an owner (I12).

    Families held back do not keep it open: their quarter is paid later, as arrears. Raises `payments.cycle_closed`,
    `payments.phase_unpaid`, `payments.cycle_unfinished` and `payments.money_without_owner`.
    """
    access_preparing(user)
    with transaction.atomic():
        cycle = locked_open_cycle(cycle_id)
        waiting = list(cycle.phases.filter(status=CyclePhase.Status.WAITING).order_by("position"))
        for number, phase in enumerate(waiting, start=1):
            if somebody_due(cycle, phase, programme, at):
                raise problem("payments.phase_unpaid", cycle=cycle.tranche, phase=phase.code)
            progress(0.8 * number / len(waiting))
        _refuse_unfinished(cycle)
        progress(0.95)
        cycle.status = Cycle.Status.CLOSED
        cycle.closed_at = at
        cycle.save(update_fields=["status", "closed_at"])
        audit.record(
            at=at, actor=user.get_username(), action="cycle_closed", object_kind="cycle", object_id=cycle.pk
        )
    return cycle


def _refuse_unfinished(cycle: Cycle) -> None:
    """Refuse while a payment is on its way or undecided, or money stands where it belongs to nobody."""
    payments = sum(one.count for one in unfinished(cycle))
    if payments:
        raise problem("payments.cycle_unfinished", cycle=cycle.tranche, payments=payments)
    for one in adrift(cycle):
        amount = rupees_text(one.amount_paisa)
        raise problem("payments.money_without_owner", cycle=cycle.tranche, account=one.code, amount=amount)
