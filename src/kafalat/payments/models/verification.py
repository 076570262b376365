"""Verifications at the counter, step by step, and the one-time authorisation a successful one leads to. All are history."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from kafalat.payments.models.device import Device
from kafalat.payments.models.payment import Payment


class Verification(models.Model):
    """One operator verifies the payee of one payment at one device, under the rules of a programme, until `until`."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="verifications")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, db_index=False)
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    programme_sha256 = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=F("started_at")), name="verification_ends"),
        ]
        indexes = [models.Index(fields=["operator", "started_at"], name="verification_operator")]

    def __str__(self) -> str:
        return f"verification {self.pk}"


class VerificationTry(models.Model):
    """One try and the verifier's answer. `sample_ref` is the device's reference; no sample is kept."""

    verification = models.ForeignKey(
        Verification, on_delete=models.PROTECT, related_name="tries", db_index=False
    )
    number = models.PositiveSmallIntegerField()
    means = models.CharField(max_length=11)
    finger = models.CharField(max_length=12, blank=True)
    result = models.CharField(max_length=11)
    code = models.CharField(max_length=20, blank=True)
    sample_ref = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["verification", "number"], name="verification_try_once"),
            models.UniqueConstraint(
                fields=["verification"], condition=Q(result="match"), name="verification_ends_with_match"
            ),
            models.CheckConstraint(
                condition=Q(means__in=["fingerprint", "face", "verisys"]), name="verification_means"
            ),
            models.CheckConstraint(
                condition=Q(result__in=["match", "no_match", "unavailable", "error"]),
                name="verification_result",
            ),
            models.CheckConstraint(
                condition=Q(means="fingerprint") & ~Q(finger="") | ~Q(means="fingerprint") & Q(finger=""),
                name="verification_finger",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verification_id}/{self.number} {self.means} {self.result}"


class Fallback(models.Model):
    """The operator of a verification asks to go on to a fallback, and why."""

    verification = models.ForeignKey(
        Verification, on_delete=models.PROTECT, related_name="fallbacks", db_index=False
    )
    means = models.CharField(max_length=11)
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=300)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["verification", "means"], name="fallback_once")]

    def __str__(self) -> str:
        return f"{self.verification_id} {self.means}"


class FallbackAnswer(models.Model):
    """A second person's yes or no to a fallback. A yes takes one of the operator's `slots` of the day."""

    fallback = models.OneToOneField(
        Fallback, on_delete=models.PROTECT, primary_key=True, related_name="answer"
    )
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    supervisor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    granted = models.BooleanField()
    day = models.DateField()
    slot = models.PositiveSmallIntegerField(null=True)
    slots = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(supervisor=F("operator")), name="fallback_two_people"),
            models.CheckConstraint(
                condition=Q(granted=True, slot__isnull=False) | Q(granted=False, slot__isnull=True),
                name="fallback_slot_when_granted",
            ),
            models.CheckConstraint(
                condition=Q(slot__isnull=True) | Q(slot__gte=1, slot__lte=F("slots")), name="fallback_slots"
            ),
            models.UniqueConstraint(fields=["operator", "day", "slot"], name="fallback_slot_once"),
        ]

    def __str__(self) -> str:
        return f"{self.fallback_id} {'granted' if self.granted else 'refused'}"


class Authorisation(models.Model):
    """The right to take out one payment in full, once, at one device, until it expires. Only a digest of its token is kept."""

    verification = models.OneToOneField(Verification, on_delete=models.PROTECT, related_name="authorisation")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="authorisations")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, db_index=False)
    amount_paisa = models.BigIntegerField()
    token_sha256 = models.CharField(max_length=64, unique=True)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_paisa__gt=0), name="authorisation_positive"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("issued_at")), name="authorisation_expires"),
        ]

    def __str__(self) -> str:
        return f"authorisation {self.pk}"
