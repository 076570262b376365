"""Reads of the audit log."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from kafalat.audit.models import AuditEntry
from kafalat.audit.services import leaf_of
from kafalat.core import merkle
from kafalat.core.problems import problem


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Size and RFC 9162 root of the log: printed and sent outside, it shows later whether the past was edited."""

    size: int
    root_hex: str


def checkpoint() -> Checkpoint:
    """Return the log's size and Merkle root as it stands."""
    leaves = [leaf.encode() for leaf in AuditEntry.objects.order_by("seq").values_list("leaf", flat=True)]
    return Checkpoint(size=len(leaves), root_hex=merkle.root(leaves).hex())


def verify(*, size: int, root_hex: str) -> Checkpoint:
    """Compare the log with a checkpoint kept outside and return the checkpoint of today.

    Raises the problems `audit.entry_edited` (an entry's columns are not what was sealed) and `audit.past_edited` (the
    first `size` entries are not those the checkpoint covered).
    """
    leaves: list[bytes] = []
    for entry in AuditEntry.objects.order_by("seq").iterator():
        if (
            leaf_of(
                at=entry.at,
                actor=entry.actor,
                action=entry.action,
                object_kind=entry.object_kind,
                object_id=entry.object_id,
                detail=entry.detail,
            )
            != entry.leaf
        ):
            raise problem("audit.entry_edited", seq=entry.seq)
        leaves.append(entry.leaf.encode())
    found = merkle.root(leaves[:size]).hex()
    if len(leaves) < size or found != root_hex.lower():
        raise problem("audit.past_edited", size=size, root=root_hex, found=found)
    return Checkpoint(size=len(leaves), root_hex=merkle.root(leaves).hex())


def entries_of(object_kind: str, object_id: str | int) -> QuerySet[AuditEntry]:
    """Return the entries about one object, oldest first."""
    return AuditEntry.objects.filter(object_kind=object_kind, object_id=str(object_id)).order_by("seq")
