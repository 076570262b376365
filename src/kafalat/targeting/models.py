"""Runs and their decisions. A decision is never changed: a new run decides anew."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from kafalat.registry.models import Family, Household, Person, Snapshot


class Run(models.Model):
    """One application of a programme to a snapshot, as of `policy_day`. `digest` covers every decision in it."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT)
    programme_code = models.CharField(max_length=60)
    programme_sha256 = models.CharField(max_length=64)
    scorecard_code = models.CharField(max_length=60)
    policy_day = models.DateField()
    digest = models.CharField(max_length=64)
    eligible = models.PositiveIntegerField()
    ineligible = models.PositiveIntegerField()
    incomplete = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    started_by = models.CharField(max_length=150)

    class Meta:
        get_latest_by = "id"
        constraints = [
            models.UniqueConstraint(
                fields=["snapshot", "programme_sha256", "policy_day"], name="run_once_per_inputs"
            )
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"


class Decision(models.Model):
    """What a run decided for one household, with every reason code and, if incomplete, the missing facts."""

    pk = models.CompositePrimaryKey("run_id", "household_id")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, db_index=False)
    household = models.ForeignKey(Household, on_delete=models.PROTECT, related_name="decisions")
    outcome = models.CharField(max_length=10)
    score = models.SmallIntegerField(null=True)
    category = models.CharField(max_length=60, null=True)
    reasons = ArrayField(models.CharField(max_length=60))
    missing_facts = ArrayField(models.CharField(max_length=60))

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=["eligible", "ineligible", "incomplete"]), name="decision_outcome"
            ),
            models.CheckConstraint(
                condition=Q(outcome="incomplete", missing_facts__len__gt=0) | (~Q(outcome="incomplete")),
                name="decision_incomplete_names_facts",
            ),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__gte=0, score__lte=100), name="decision_score_range"
            ),
            models.CheckConstraint(condition=Q(reasons__len__gt=0), name="decision_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.household_id}: {self.outcome}"


class FamilyPayee(models.Model):
    """Who in a family of an eligible household may be paid, by which rule; or the reason why nobody may."""

    pk = models.CompositePrimaryKey("run_id", "family_id")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, db_index=False)
    family = models.ForeignKey(Family, on_delete=models.PROTECT)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, db_index=False)
    reason = models.CharField(max_length=60)

    def __str__(self) -> str:
        return f"{self.run_id}/{self.family_id}: {self.reason}"
