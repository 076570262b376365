"""Devices at which cash is taken out, and who blocked or unblocked one."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from kafalat.registry.models import Place


class Device(models.Model):
    """A device of a bank's agent in a district. `opens` and `closes` are its own hours, where it has some.

    `status` follows the acts below by a trigger; the application cannot set it.
    """

    class Status(models.TextChoices):
        ACTIVE = "active"
        BLOCKED = "blocked"

    serial = models.CharField(max_length=40, unique=True)
    bank = models.CharField(max_length=60)
    agent = models.CharField(max_length=80)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, db_index=False)
    opens = models.TimeField(null=True)
    closes = models.TimeField(null=True)
    registered_at = models.DateTimeField()
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.ACTIVE)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=["active", "blocked"]), name="device_status"),
            models.CheckConstraint(
                condition=Q(opens__isnull=True, closes__isnull=True)
                | Q(opens__isnull=False, closes__isnull=False, opens__lt=F("closes")),
                name="device_hours",
            ),
        ]

    def __str__(self) -> str:
        return self.serial


class DeviceAct(models.Model):
    """One person blocks at once; unblocking takes two: one asks, another answers that request."""

    class Act(models.TextChoices):
        BLOCK = "block"
        ASK = "ask"
        UNBLOCK = "unblock"

    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="acts")
    act = models.CharField(max_length=7, choices=Act.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    # The request an unblocking answers, with who made it (composite key, migration 0007).
    asked = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="answer")
    asked_by_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=300)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(act__in=["block", "ask", "unblock"]), name="device_act"),
            models.CheckConstraint(
                condition=Q(act="unblock", asked__isnull=False, asked_by_id__isnull=False)
                | (~Q(act="unblock") & Q(asked__isnull=True, asked_by_id__isnull=True)),
                name="device_act_answers",
            ),
            models.CheckConstraint(
                condition=Q(asked_by_id__isnull=True) | ~Q(by_id=F("asked_by_id")),
                name="device_act_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.act}"
