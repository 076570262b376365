"""Writes to the audit log, in the same transaction as the act they record."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from django.db import connection, transaction

from kafalat.audit.models import AuditEntry
from kafalat.core.digests import canonical_json

# One writer at a time: the order of entries is then the order of commits, and the log only ever grows at its end.
_LOCK = 0x4B41_0001


def record(
    *,
    at: datetime,
    actor: str,
    action: str,
    object_kind: str,
    object_id: str | int,
    detail: dict[str, object] | None = None,
) -> AuditEntry:
    """Append one entry. Must run inside the transaction of the act itself; raises TransactionManagementError outside one."""
    if not connection.in_atomic_block:
        msg = "an audit entry belongs to the transaction of the act it records"
        raise transaction.TransactionManagementError(msg)
    # Kept as JSON keeps it, so that the leaf can be made again from the columns.
    kept: dict[str, object] = json.loads(json.dumps(detail or {}, default=str))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    return AuditEntry.objects.create(
        at=at,
        actor=actor,
        action=action,
        object_kind=object_kind,
        object_id=str(object_id),
        detail=kept,
        leaf=leaf_of(
            at=at,
            actor=actor,
            action=action,
            object_kind=object_kind,
            object_id=str(object_id),
            detail=kept,
        ),
    )


def leaf_of(
    *, at: datetime, actor: str, action: str, object_kind: str, object_id: str, detail: dict[str, object]
) -> str:
    """Return the canonical text of an entry: what is hashed into the log."""
    return canonical_json(
        {
            "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": actor,
            "action": action,
            "object_kind": object_kind,
            "object_id": object_id,
            "detail": detail,
        }
    )
