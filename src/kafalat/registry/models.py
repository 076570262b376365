"""The registry's tables: places, survey sources, households, interviews, families, people, snapshots.

Rows arrive in bulk by COPY (`registry.imports`); the constraints here and in the migrations are the last word on
what may stand. Identifiers are sealed (`core.sealing`): equal values have equal bytes, so they can be unique and
looked up, and nobody without the key can read them.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Place(models.Model):
    """A place of the P-code hierarchy, in force from `valid_from` to `valid_to` (open-ended without)."""

    class Level(models.TextChoices):
        COUNTRY = "country"
        PROVINCE = "province"
        DISTRICT = "district"
        TEHSIL = "tehsil"

    pcode = models.CharField(primary_key=True, max_length=12)
    level = models.CharField(max_length=10, choices=Level.choices)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    name_en = models.CharField(max_length=80)
    name_ur = models.CharField(max_length=80)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    population = models.PositiveBigIntegerField(null=True)
    households = models.PositiveBigIntegerField(null=True)
    tile_row = models.PositiveSmallIntegerField(null=True)
    tile_col = models.PositiveSmallIntegerField(null=True)
    # GeoJSON geometry, where `kafalat places import` brought one.
    boundary = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")), name="place_validity"
            ),
            models.CheckConstraint(
                condition=Q(level="country", parent__isnull=True)
                | (~Q(level="country") & Q(parent__isnull=False)),
                name="place_has_parent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name_en} ({self.pcode})"


class SurveySource(models.Model):
    """One survey as it arrived: the profile that read it and the digest of its files. Arrives once."""

    profile = models.CharField(max_length=80)
    sha256 = models.CharField(max_length=64, unique=True)
    programme_sha256 = models.CharField(max_length=64)
    households = models.PositiveIntegerField()
    people = models.PositiveIntegerField()
    synthetic_population = models.BooleanField()
    people_columns = models.JSONField()
    imported_at = models.DateTimeField()
    imported_by = models.CharField(max_length=150)

    def __str__(self) -> str:
        return f"{self.profile} {self.sha256[:12]}"


class Household(models.Model):
    """People who live together and eat from one kitchen. `facts` follow from the interview `facts_from`."""

    # Indexes are named one by one where a query needs them: keys are most of the cost of a bulk row.
    source = models.ForeignKey(SurveySource, on_delete=models.PROTECT, db_index=False)
    source_key = models.CharField(max_length=60)
    form_number = models.CharField(max_length=13)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, db_index=False)
    interviewed_on = models.DateField()
    members = models.PositiveSmallIntegerField()
    facts = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "source_key"], name="household_once_per_source"),
            models.UniqueConstraint(fields=["form_number"], name="household_form_number_once"),
            models.CheckConstraint(condition=Q(members__gte=1), name="household_has_members"),
            models.CheckConstraint(
                condition=Q(form_number__regex=r"^[0-9]{13}$"), name="household_form_number_digits"
            ),
        ]
        indexes = [
            models.Index(fields=["source_key"], name="household_source_key"),
            models.Index(fields=["place"], name="household_place"),
        ]

    def __str__(self) -> str:
        return self.form_number


class Interview(models.Model):
    """One survey visit as received: the answers of the household and of each person. Never changed.

    `received` is JSON text: {"household": {column: value}, "people": [[value, ...], ...]}, each person's values in the
    order of `source.people_columns`. CNIC and mobile are not in it: they stand sealed with the person.
    """

    household = models.ForeignKey(Household, on_delete=models.PROTECT, related_name="interviews")
    source = models.ForeignKey(SurveySource, on_delete=models.PROTECT, db_index=False)
    interviewed_on = models.DateField()
    received = models.TextField()

    def __str__(self) -> str:
        return f"{self.household_id} {self.interviewed_on}"


class Family(models.Model):
    """A married couple or parent with children inside a household: the unit that is paid."""

    class Kind(models.TextChoices):
        EVER_MARRIED_WOMAN = "ever_married_woman"
        TRANSGENDER_PERSON = "transgender_person"
        OTHER = "other"

    household = models.ForeignKey(
        Household, on_delete=models.PROTECT, related_name="families", db_index=False
    )
    family_no = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=20, choices=Kind.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["household", "family_no"], name="family_number_once")]

    def __str__(self) -> str:
        return f"{self.household_id}/{self.family_no}"


class Person(models.Model):
    """A member of a household. A missing answer is NULL or absent from `facts`, never zero."""

    # One composite key to the family and its household (migration 0002) stands for both.
    household = models.ForeignKey(
        Household, on_delete=models.PROTECT, related_name="people", db_index=False, db_constraint=False
    )
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="people", db_constraint=False)
    line_no = models.PositiveSmallIntegerField()
    relationship = models.CharField(max_length=20)
    sex = models.CharField(max_length=12)
    age_years = models.PositiveSmallIntegerField()
    marital_status = models.CharField(max_length=15)
    spouse_line = models.PositiveSmallIntegerField(null=True)
    father_line = models.PositiveSmallIntegerField(null=True)
    mother_line = models.PositiveSmallIntegerField(null=True)
    name_en = models.CharField(max_length=100)
    name_ur = models.CharField(max_length=100)
    cnic_sealed = models.BinaryField(null=True, unique=True)
    cnic_valid_until = models.DateField(null=True)
    cnic_gender_updated = models.BooleanField(null=True)
    mobile_sealed = models.BinaryField(null=True)
    # Names, CNIC and mobile were generated, because no survey publishes them.
    identity_synthetic = models.BooleanField()
    facts = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["household", "line_no"], name="person_line_once"),
            models.CheckConstraint(condition=Q(age_years__lte=130), name="person_age"),
            models.CheckConstraint(condition=Q(sex__in=["female", "male", "transgender"]), name="person_sex"),
            models.CheckConstraint(
                condition=Q(marital_status__in=["never_married", "married", "widowed", "divorced"]),
                name="person_marital_status",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.household_id}/{self.line_no}"


class ScreeningList(models.Model):
    """One list from outside as it was taken in for a filter of the programme. The newest of a filter is in force."""

    filter = models.CharField(max_length=60)
    list_date = models.DateField()
    sha256 = models.CharField(max_length=64)
    people = models.PositiveIntegerField()
    imported_at = models.DateTimeField()
    imported_by = models.CharField(max_length=150)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["filter", "list_date", "sha256"], name="list_taken_in_once")
        ]

    def __str__(self) -> str:
        return f"{self.filter} {self.list_date}"


class ScreeningEntry(models.Model):
    """One person's sealed CNIC on a list, whether or not the registry knows her."""

    pk = models.CompositePrimaryKey("list_id", "cnic_sealed")
    list = models.ForeignKey(ScreeningList, on_delete=models.PROTECT, db_index=False)
    cnic_sealed = models.BinaryField()

    def __str__(self) -> str:
        return f"list {self.list_id}"


class Snapshot(models.Model):
    """The registry frozen as Parquet files: `sha256` is the digest of the manifest, which names each file's digest."""

    sha256 = models.CharField(max_length=64, unique=True)
    as_of = models.DateTimeField()
    households = models.PositiveIntegerField()
    people = models.PositiveIntegerField()
    manifest = models.JSONField()

    class Meta:
        get_latest_by = "id"

    def __str__(self) -> str:
        return self.sha256[:12]
