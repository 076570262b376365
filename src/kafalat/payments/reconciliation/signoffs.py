"""Signs the reconciliation of one bank and cycle: a reconciler states the figures, a treasury officer signs what he saw."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from kafalat.audit import services as audit
from kafalat.core.digests import value_sha256
from kafalat.core.money import rupees_text
from kafalat.core.problems import problem
from kafalat.payments.access import access_reconciling, access_treasury
from kafalat.payments.models import CounterSign, Cycle, SignOff
from kafalat.payments.reconciliation.threeway import ThreeWay, three_way


def state_figures(*, cycle_id: int, bank: str, user: User, at: datetime) -> SignOff:
    """State the three sides of a bank as they are now. Raises `reconciliation.unexplained` unless every paisa is listed."""
    access_reconciling(user)
    with transaction.atomic():
        cycle = Cycle.objects.select_for_update(no_key=True).get(pk=cycle_id)
        found = _of_bank(cycle, bank)
        if found.unexplained_paisa:
            raise problem(
                "reconciliation.unexplained",
                bank=bank,
                cycle=cycle.tranche,
                amount=rupees_text(found.unexplained_paisa),
            )
        sign_off = SignOff.objects.create(
            cycle=cycle,
            bank=bank,
            number=SignOff.objects.filter(cycle=cycle, bank=bank).count() + 1,
            figures=found.figures(),
            sha256=value_sha256(found.figures()),
            stated_by=user,
            stated_at=at,
        )
        _record("reconciliation_stated", sign_off, user, at)
    return sign_off


def counter_sign(*, sign_off_id: int, seen_sha256: str, user: User, at: datetime) -> CounterSign:
    """Sign what was stated, as the treasury officer.

    Raises `reconciliation.own_statement`, and `reconciliation.figures_changed` where another digest was seen, the figures
    are no longer so, or were stated anew since.
    """
    access_treasury(user)
    with transaction.atomic():
        sign_off = SignOff.objects.select_related("cycle").get(pk=sign_off_id)
        cycle = Cycle.objects.select_for_update(no_key=True).get(pk=sign_off.cycle_id)
        if sign_off.stated_by_id == user.pk:
            raise problem("reconciliation.own_statement", bank=sign_off.bank, cycle=cycle.tranche)
        newest = SignOff.objects.filter(cycle=cycle, bank=sign_off.bank).order_by("-number").first()
        now = value_sha256(_of_bank(cycle, sign_off.bank).figures())
        if newest != sign_off or seen_sha256 != sign_off.sha256 or now != sign_off.sha256:
            raise problem("reconciliation.figures_changed", bank=sign_off.bank, cycle=cycle.tranche)
        signature = CounterSign.objects.create(
            sign_off=sign_off, sha256=sign_off.sha256, stated_by_id=sign_off.stated_by_id, person=user, at=at
        )
        _record("reconciliation_signed", sign_off, user, at)
    return signature


def _of_bank(cycle: Cycle, bank: str) -> ThreeWay:
    found = next((entry for entry in three_way(cycle) if entry.bank == bank), None)
    if found is None:
        raise problem("console.not_found", what_en=f"bank {bank}", what_ur=f"بینک {bank}")
    return found


def _record(action: str, sign_off: SignOff, user: User, at: datetime) -> None:
    audit.record(
        at=at,
        actor=user.get_username(),
        action=action,
        object_kind="sign_off",
        object_id=sign_off.pk,
        detail={"bank": sign_off.bank, "cycle": sign_off.cycle_id, "sha256": sign_off.sha256},
    )
