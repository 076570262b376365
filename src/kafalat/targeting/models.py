"""Runs and their decisions, and what committees say of them. None is ever changed: a new run decides anew, a correction is added."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from kafalat.registry.models import Family, Household, Person, Place, Snapshot


class Run(models.Model):
    """One application of a programme to a snapshot, as of `policy_day`. `digest` covers every decision in it."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT)
    programme_code = models.CharField(max_length=60)
    programme_sha256 = models.CharField(max_length=64)
    scorecard_code = models.CharField(max_length=60)
    policy_day = models.DateField()
    # Digest of the file with what committees said, where the run's selection heard them.
    verdicts_sha256 = models.CharField(max_length=64, default="", blank=True)
    digest = models.CharField(max_length=64)
    eligible = models.PositiveIntegerField()
    ineligible = models.PositiveIntegerField()
    incomplete = models.PositiveIntegerField()
    # Of the eligible households, where a quota or a budget limits them; NULL where none waits by rule.
    selected = models.PositiveIntegerField(null=True)
    waiting = models.PositiveIntegerField(null=True)
    started_at = models.DateTimeField()
    started_by = models.CharField(max_length=150)

    class Meta:
        get_latest_by = "id"
        constraints = [
            models.UniqueConstraint(
                fields=["snapshot", "programme_sha256", "policy_day", "verdicts_sha256"],
                name="run_once_per_inputs",
            )
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"


class RunShare(models.Model):
    """How many families a place may have by the quota or budget of a run."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="shares")
    place = models.ForeignKey(Place, on_delete=models.PROTECT, db_index=False)
    families = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "place"], name="run_share_once")]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.place_id}: {self.families}"


class Decision(models.Model):
    """What a run decided for one household, with every reason code and, if incomplete, the missing facts.

    Where a quota or a budget limits the eligible, `rank` counts from 1 within `share_place`, the place that has it.
    """

    pk = models.CompositePrimaryKey("run_id", "household_id")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, db_index=False)
    household = models.ForeignKey(Household, on_delete=models.PROTECT, related_name="decisions")
    outcome = models.CharField(max_length=10)
    score = models.SmallIntegerField(null=True)
    category = models.CharField(max_length=60, null=True)
    reasons = ArrayField(models.CharField(max_length=60))
    missing_facts = ArrayField(models.CharField(max_length=60))
    standing = models.CharField(max_length=10, null=True)
    rank = models.PositiveIntegerField(null=True)
    share_place = models.ForeignKey(Place, null=True, on_delete=models.PROTECT, db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(standing__isnull=True, rank__isnull=True, share_place__isnull=True)
                | Q(
                    outcome="eligible",
                    standing__in=["selected", "waiting"],
                    rank__gte=1,
                    share_place__isnull=False,
                ),
                name="decision_standing",
            ),
            models.UniqueConstraint(
                fields=["run", "share_place", "rank"],
                condition=Q(rank__isnull=False),
                name="decision_rank_once",
            ),
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
    """Who in a family of an eligible household may be paid, by which rule; or the reason why nobody may.

    `filters` has every list from outside that speaks of the family, as "code:subject:date of the list".
    """

    pk = models.CompositePrimaryKey("run_id", "family_id")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, db_index=False)
    family = models.ForeignKey(Family, on_delete=models.PROTECT)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, db_index=False)
    reason = models.CharField(max_length=60)
    filters = ArrayField(models.CharField(max_length=100), default=list)

    def __str__(self) -> str:
        return f"{self.run_id}/{self.family_id}: {self.reason}"


class SavedSimulation(models.Model):
    """An answer to "what if" on a run, kept under a name; never changed. `digest` covers `result`, which holds the settings."""

    name = models.CharField(max_length=80, unique=True)
    run = models.ForeignKey(Run, on_delete=models.PROTECT)
    result = models.JSONField()
    digest = models.CharField(max_length=64)
    saved_at = models.DateTimeField()
    saved_by = models.CharField(max_length=150)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="simulation_has_name"),
        ]

    def __str__(self) -> str:
        return self.name


# ---- community validation -------------------------------------------------------------------------------------


class Committee(models.Model):
    """The women of a place who look at its lists. `secretary` is the login that enters what they say."""

    place = models.OneToOneField(Place, on_delete=models.PROTECT)
    formed_on = models.DateField()
    secretary = models.ForeignKey(User, null=True, on_delete=models.PROTECT)

    def __str__(self) -> str:
        return f"committee of {self.place_id}"


class Member(models.Model):
    """A member of a committee: no more of her is kept than the name she is called by, and whether she leads it."""

    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="members")
    name = models.CharField(max_length=100)
    leader = models.BooleanField(default=False)
    left_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["committee"],
                condition=Q(leader=True, left_on__isnull=True),
                name="committee_one_leader",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="member_has_name"),
        ]

    def __str__(self) -> str:
        return f"member {self.pk}"


class ValidationList(models.Model):
    """The households of a place a committee is asked about after a run; verdicts are taken up to and on `deadline`."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT)
    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="lists")
    deadline = models.DateField()
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=150)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "committee"], name="validation_list_once")]

    def __str__(self) -> str:
        return f"list {self.pk}"


class ListEntry(models.Model):
    """A household of a list. `number` follows from a hash alone; `proposed` says that the run selected it."""

    validation_list = models.ForeignKey(ValidationList, on_delete=models.PROTECT, related_name="entries")
    household = models.ForeignKey(Household, on_delete=models.PROTECT)
    number = models.PositiveSmallIntegerField()
    proposed = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["validation_list", "number"], name="list_entry_number_once"),
            models.UniqueConstraint(
                fields=["validation_list", "household"], name="list_entry_household_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.validation_list_id}/{self.number}"


class Conflict(models.Model):
    """A member's declaration that she has an interest in a household (kin, employer, dispute): she does not speak of it."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False)
    household = models.ForeignKey(Household, on_delete=models.PROTECT)
    declared_at = models.DateTimeField()
    declared_by = models.CharField(max_length=150)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "household"], name="conflict_once")]

    def __str__(self) -> str:
        return f"{self.member_id}/{self.household_id}"


class Verdict(models.Model):
    """What a committee says of one household, by the member who speaks for it. A correction names the verdict it replaces.

    `effect` and `shift_points` are what the programme gave such a verdict when it was given. `client_id` is made where
    the verdict is entered, so that one sent twice is one.
    """

    class Choice(models.TextChoices):
        CONFIRM = "confirm"
        WRONGLY_IN = "wrongly_in"
        WRONGLY_OUT = "wrongly_out"
        UNKNOWN_HOUSEHOLD = "unknown_household"

    entry = models.ForeignKey(ListEntry, on_delete=models.PROTECT, related_name="verdicts")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False)
    verdict = models.CharField(max_length=20, choices=Choice.choices)
    reason = models.CharField(max_length=60, blank=True)
    note = models.CharField(max_length=200, blank=True)
    effect = models.CharField(max_length=10)
    shift_points = models.SmallIntegerField(default=0)
    replaces = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="replaced_by")
    client_id = models.UUIDField(unique=True)
    entered_at = models.DateTimeField()
    entered_by = models.CharField(max_length=150)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["entry"], condition=Q(replaces__isnull=True), name="verdict_first_once"
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=["confirm", "wrongly_in", "wrongly_out", "unknown_household"]),
                name="verdict_choice",
            ),
            models.CheckConstraint(condition=Q(verdict="confirm") | ~Q(reason=""), name="verdict_has_reason"),
            models.CheckConstraint(
                condition=Q(effect__in=["none", "resurvey"], shift_points=0)
                | Q(effect="shift", shift_points__gte=-20, shift_points__lte=20),
                name="verdict_effect",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id}: {self.verdict}"
