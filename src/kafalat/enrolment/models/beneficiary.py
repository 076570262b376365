"""Beneficiaries (families enrolled) with where they stand, and the history of everything that moves about them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from kafalat.registry.models import Family, Person
from kafalat.targeting.models import Run


class Beneficiary(models.Model):
    """A family enrolled in a programme by a run. One per family and programme, for ever.

    The `standing_*` columns say of the newest change of status why, since when, what proof ends it, until which day the
    family may answer (a suspension) or appeal (an exit), who did it and when. Triggers of migration 0003 write each
    change to `Event`; `payee` moves only through an approved `Change`.
    """

    class Status(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"
        EXITED = "exited"

    programme_code = models.CharField(max_length=60)
    family = models.ForeignKey(Family, on_delete=models.PROTECT)
    payee = models.ForeignKey(Person, on_delete=models.PROTECT, db_index=False)
    payee_rule = models.CharField(max_length=60)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, db_index=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    enrolled_on = models.DateField()
    standing_reason = models.CharField(max_length=60, blank=True, default="", db_default="")
    standing_since = models.DateField(null=True)
    standing_proof = models.CharField(max_length=10, blank=True, default="", db_default="")
    standing_until = models.DateField(null=True)
    standing_by = models.CharField(max_length=150, blank=True, default="", db_default="")
    standing_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["programme_code", "family"], name="beneficiary_family_once"),
            models.UniqueConstraint(fields=["programme_code", "payee"], name="beneficiary_payee_once"),
            models.CheckConstraint(
                condition=Q(status__in=["active", "suspended", "exited"]), name="beneficiary_status"
            ),
            models.CheckConstraint(
                condition=Q(status="active") | ~Q(standing_reason=""), name="beneficiary_standing_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(standing_proof__in=["", "life", "papers"]), name="beneficiary_standing_proof"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.programme_code} {self.family_id}"


class Event(models.Model):
    """One change of a beneficiary's standing, payee, account request, account or title: what it was, what it became.

    Written by triggers alone, so that no change is without its row; the application may read it, and nothing else.
    """

    class Kind(models.TextChoices):
        STANDING = "standing"
        PAYEE = "payee"
        REQUEST = "request"
        ACCOUNT = "account"
        TITLE = "title"

    beneficiary = models.ForeignKey(Beneficiary, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    object_id = models.BigIntegerField()
    before = models.CharField(max_length=20)
    after = models.CharField(max_length=20)
    reason = models.CharField(max_length=200)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.beneficiary_id} {self.kind}: {self.before} -> {self.after}"
