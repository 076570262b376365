"""The audit log's one table. The application role may add to it and read it, nothing else."""

from __future__ import annotations

from django.db import models


class AuditEntry(models.Model):
    """One act: who, what, on which object, with what details. `leaf` is the canonical text that was hashed."""

    seq = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=60)
    object_id = models.CharField(max_length=80)
    detail = models.JSONField()
    leaf = models.TextField()

    class Meta:
        ordering = ["seq"]
        indexes = [models.Index(fields=["object_kind", "object_id"], name="audit_entry_object")]

    def __str__(self) -> str:
        return f"{self.seq} {self.action} {self.object_kind} {self.object_id}"
