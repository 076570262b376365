"""Holds releases to the calendar: in the order of phases, and not before a phase opens."""

from __future__ import annotations

from datetime import datetime

from kafalat.core.problems import problem
from kafalat.payments.cycles.calendar import local_day
from kafalat.payments.cycles.gate import somebody_due
from kafalat.payments.models import CyclePhase, PaymentList
from kafalat.policy.model import Programme


def refuse_early(payment_list: PaymentList, programme: Programme, at: datetime) -> None:
    """Refuse a release before its phase's day or before an earlier phase in which somebody is due.

    Earlier phases in which nobody is due are marked empty. Raises `payments.phase_not_open`, `payments.phase_out_of_order`.
    """
    phases = list(
        CyclePhase.objects.select_for_update().filter(cycle_id=payment_list.cycle_id).order_by("position")
    )
    own = next(phase for phase in phases if phase.code == payment_list.phase)
    if local_day(at) < own.opens_on:
        raise problem("payments.phase_not_open", number=payment_list.number, phase=own.code, day=own.opens_on)
    for phase in phases:
        if phase.position >= own.position or phase.status != CyclePhase.Status.WAITING:
            continue
        if somebody_due(payment_list.cycle, phase, programme, at):
            raise problem("payments.phase_out_of_order", number=payment_list.number, phase=phase.code)
        phase.status = CyclePhase.Status.EMPTY
        phase.save(update_fields=["status"])
