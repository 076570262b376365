"""Reads of the audit log."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from kafalat.audit.models import AuditEntry
from kafalat.core import merkle


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Size and RFC 9162 root of the log: printed and sent outside, it shows later whether the past was edited."""

    size: int
    root_hex: str


def checkpoint() -> Checkpoint:
    """Return the log's size and Merkle root as it stands."""
    leaves = [leaf.encode() for leaf in AuditEntry.objects.order_by("seq").values_list("leaf", flat=True)]
    return Checkpoint(size=len(leaves), root_hex=merkle.root(leaves).hex())


def entries_of(object_kind: str, object_id: str | int) -> QuerySet[AuditEntry]:
    """Return the entries about one object, oldest first."""
    return AuditEntry.objects.filter(object_kind=object_kind, object_id=str(object_id)).order_by("seq")
