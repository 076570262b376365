"""Alerts and what people decided about them."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q


class Alert(models.Model):
    """A machine's suspicion about a device or an operator in a window of days, with the events it rests on.

    `subject` is a device's key or an operator's login. `evidence` holds the first keys of withdrawals (verifications, for
    the rule about fallbacks); `events` counts all. `measured` is what the rule counted, `threshold` what it may be. Found
    again, an open alert takes in what is new; `status` follows the decisions by a trigger.
    """

    class Status(models.TextChoices):
        OPEN = "open"
        IN_REVIEW = "in_review"
        CONFIRMED = "confirmed"
        DISMISSED = "dismissed"

    rule = models.CharField(max_length=20)
    subject_kind = models.CharField(max_length=10)
    subject = models.CharField(max_length=150)
    window_from = models.DateField()
    window_to = models.DateField()
    evidence = ArrayField(models.BigIntegerField())
    events = models.PositiveIntegerField()
    amount_paisa = models.BigIntegerField()
    measured = models.BigIntegerField()
    threshold = models.BigIntegerField()
    severity = models.CharField(max_length=6)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.OPEN)
    programme_sha256 = models.CharField(max_length=64)
    raised_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "subject_kind", "subject", "window_from"], name="alert_once"
            ),
            models.CheckConstraint(
                condition=Q(subject_kind__in=["device", "operator"]), name="alert_subject_kind"
            ),
            models.CheckConstraint(
                condition=Q(severity__in=["high", "medium", "low"]), name="alert_severity"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["open", "in_review", "confirmed", "dismissed"]), name="alert_status"
            ),
            models.CheckConstraint(condition=Q(window_to__gte=F("window_from")), name="alert_window"),
        ]
        indexes = [models.Index(fields=["status", "severity"], name="alert_queue")]

    def __str__(self) -> str:
        return f"alert {self.pk}: {self.rule}"


class AlertDecision(models.Model):
    """One person takes an alert up, confirms it or dismisses it, and why."""

    class Act(models.TextChoices):
        REVIEW = "review"
        CONFIRM = "confirm"
        DISMISS = "dismiss"

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="decisions")
    act = models.CharField(max_length=7, choices=Act.choices)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(act__in=["review", "confirm", "dismiss"]), name="alert_decision_act"
            ),
            models.CheckConstraint(condition=Q(act="review") | ~Q(reason=""), name="alert_decision_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.alert_id} {self.act}"
