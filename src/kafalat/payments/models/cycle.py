"""Cycles and their phases, what each family is due, who is held back, lists of payments, and who said yes or no to them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from kafalat.enrolment.models import Beneficiary

QUARTER = r"^[0-9]{4}Q[1-4]$"


class Cycle(models.Model):
    """One tranche's work from generation to closing."""

    class Status(models.TextChoices):
        OPEN = "open"
        CLOSED = "closed"

    programme_code = models.CharField(max_length=60)
    tranche = models.CharField(max_length=6)
    programme_sha256 = models.CharField(max_length=64)
    status = models.CharField(max_length=6, choices=Status.choices, default=Status.OPEN)
    opened_by = models.CharField(max_length=150)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        get_latest_by = "id"
        constraints = [
            models.UniqueConstraint(fields=["programme_code", "tranche"], name="cycle_once"),
            models.CheckConstraint(condition=Q(tranche__regex=QUARTER), name="cycle_tranche"),
            models.CheckConstraint(
                condition=Q(status="open", closed_at__isnull=True)
                | Q(status="closed", closed_at__isnull=False),
                name="cycle_closed_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.programme_code} {self.tranche}"


class CyclePhase(models.Model):
    """A phase of a cycle as the programme had it when the cycle was opened: its place in the order, days and channels.

    `holds` are the reasons for which a family of it is held back. `empty` says that nobody was due in it when a later phase was released. A list is not released before `opens_on`.
    """

    class Status(models.TextChoices):
        WAITING = "waiting"
        RELEASED = "released"
        EMPTY = "empty"

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="phases", db_index=False)
    programme_code = models.CharField(max_length=60)
    code = models.CharField(max_length=60)
    position = models.PositiveSmallIntegerField()
    opens_on = models.DateField()
    starts_on = models.DateField()
    channels = models.JSONField()
    holds = models.JSONField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)

    class Meta:
        ordering = ["cycle_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["cycle", "code"], name="cycle_phase_once"),
            models.UniqueConstraint(fields=["cycle", "position"], name="cycle_phase_position_once"),
            models.CheckConstraint(condition=Q(opens_on__lte=F("starts_on")), name="cycle_phase_days"),
            models.CheckConstraint(
                condition=Q(status__in=["waiting", "released", "empty"]), name="cycle_phase_status"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cycle_id} {self.code}"


class Entitlement(models.Model):
    """What one beneficiary is due for one component of one quarter (integer paisa), out of one fund.

    The quarter is the cycle's tranche, or an earlier one paid late with it. Nobody is entitled twice to a quarter of a
    programme, from whatever fund and in whatever cycle: neither the family nor the person who is paid.
    """

    # Indexes that a unique key already gives are left out: keys are most of the cost of a bulk row.
    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    beneficiary = models.ForeignKey(
        Beneficiary, on_delete=models.PROTECT, related_name="entitlements", db_index=False
    )
    component = models.CharField(max_length=60)
    phase = models.CharField(max_length=60)
    amount_paisa = models.BigIntegerField()
    quarter = models.CharField(max_length=6)
    programme_code = models.CharField(max_length=60)
    # Who was to be paid when it fell due; a trigger holds it, and the programme, to her enrolment (migration 0003).
    payee_id = models.BigIntegerField()
    fund = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["beneficiary", "quarter", "component"], name="entitlement_once"),
            models.UniqueConstraint(
                fields=["payee_id", "quarter", "component", "programme_code"], name="entitlement_person_once"
            ),
            models.CheckConstraint(condition=Q(amount_paisa__gt=0), name="entitlement_positive"),
            models.CheckConstraint(condition=Q(quarter__regex=QUARTER), name="entitlement_quarter"),
        ]
        indexes = [models.Index(fields=["cycle", "phase"], name="entitlement_cycle_phase")]

    def __str__(self) -> str:
        return f"{self.cycle_id}/{self.beneficiary_id}/{self.component}"


class HeldBack(models.Model):
    """A family left out of a phase's lists, and why; `cleared_at` once a later preparation no longer found it so."""

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="held_back", db_index=False)
    phase = models.CharField(max_length=60)
    beneficiary = models.ForeignKey(Beneficiary, on_delete=models.PROTECT, related_name="held_back")
    reason = models.CharField(max_length=30)
    found_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payments_exception"
        constraints = [
            models.UniqueConstraint(fields=["cycle", "beneficiary", "reason"], name="exception_once")
        ]

    def __str__(self) -> str:
        return f"{self.cycle_id}/{self.beneficiary_id} {self.reason}"


class PaymentList(models.Model):
    """Payments of one phase prepared together by one maker, approved as a whole by its digest.

    How many people must approve, authorise and release it follows from its amount when it is prepared, and is sealed
    with it: `seats` is their sum. Nobody takes two seats, and the maker takes none. `person` columns hold who a login
    belongs to (migration 0003), so that a second login of the same person changes nothing.
    """

    class Status(models.TextChoices):
        PREPARED = "prepared"
        CHECKED = "checked"
        REJECTED = "rejected"
        DISPATCHED = "dispatched"

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="lists")
    number = models.PositiveSmallIntegerField()
    phase = models.CharField(max_length=60)
    fund = models.CharField(max_length=60)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PREPARED)
    maker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    maker_person = models.CharField(max_length=254, default="")
    prepared_at = models.DateTimeField()
    payments = models.PositiveIntegerField()
    amount_paisa = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    seats_approve = models.PositiveSmallIntegerField()
    seats_authorise = models.PositiveSmallIntegerField()
    seats_release = models.PositiveSmallIntegerField()
    seats = models.GeneratedField(
        expression=F("seats_approve") + F("seats_authorise") + F("seats_release"),
        output_field=models.PositiveSmallIntegerField(),
        db_persist=True,
    )
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cycle", "number"], name="payment_list_once"),
            models.CheckConstraint(
                condition=Q(status__in=["prepared", "checked", "rejected", "dispatched"]),
                name="payment_list_status",
            ),
            models.CheckConstraint(
                condition=Q(seats_approve__gte=1, seats_authorise__gte=1, seats_release__gte=1),
                name="payment_list_seats",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["prepared", "rejected"]) | Q(checked_by__isnull=False),
                name="payment_list_checked",
            ),
            models.CheckConstraint(
                condition=Q(checked_by__isnull=True) | ~Q(checked_by=F("maker")),
                name="payment_list_not_checked_by_maker",
            ),
            models.CheckConstraint(
                condition=Q(status="dispatched", released_at__isnull=False)
                | (~Q(status="dispatched") & Q(released_at__isnull=True)),
                name="payment_list_released_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cycle_id} list {self.number}"


class Approval(models.Model):
    """One person's seat under a list, by the digest she saw: an approval, an authorisation, a release; or, in seat 0, a no.

    Seats are taken in order without a gap: each refers to the one before it, so whoever holds the last seat proves all
    the others. What a seat does follows from its number and the list's own counts, which it repeats under a key.
    """

    class Act(models.TextChoices):
        APPROVE = "approve"
        AUTHORISE = "authorise"
        RELEASE = "release"
        REJECT = "reject"

    payment_list = models.ForeignKey(PaymentList, on_delete=models.PROTECT, related_name="approvals")
    seat = models.PositiveSmallIntegerField()
    act = models.CharField(max_length=10, choices=Act.choices)
    approver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    person = models.CharField(max_length=254, default="")
    maker_id = models.BigIntegerField()
    maker_person = models.CharField(max_length=254, default="")
    list_sha256 = models.CharField(max_length=64)
    seats_approve = models.PositiveSmallIntegerField()
    seats_authorise = models.PositiveSmallIntegerField()
    seats = models.PositiveSmallIntegerField()
    after_seat = models.GeneratedField(
        expression=models.Case(models.When(seat__gt=1, then=F("seat") - 1)),
        output_field=models.PositiveSmallIntegerField(null=True),
        db_persist=True,
    )
    reason = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(seat__lte=F("seats")), name="approval_seat"),
            models.CheckConstraint(
                condition=Q(seat=0, act="reject")
                | Q(seat__gte=1, seat__lte=F("seats_approve"), act="approve")
                | Q(
                    seat__gt=F("seats_approve"),
                    seat__lte=F("seats_approve") + F("seats_authorise"),
                    act="authorise",
                )
                | Q(seat__gt=F("seats_approve") + F("seats_authorise"), act="release"),
                name="approval_act",
            ),
            models.CheckConstraint(
                condition=~Q(approver_id=F("maker_id")) & ~Q(person=F("maker_person")),
                name="approval_not_by_maker",
            ),
            models.UniqueConstraint(fields=["payment_list", "seat"], name="approval_seat_once"),
            models.UniqueConstraint(fields=["payment_list", "approver"], name="approval_login_once"),
            models.UniqueConstraint(fields=["payment_list", "person"], name="approval_person_once"),
        ]

    def __str__(self) -> str:
        return f"{self.payment_list_id} seat {self.seat}"
