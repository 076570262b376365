"""The audit log: only ever longer, and anybody with yesterday's checkpoint can tell whether the past was edited."""

from __future__ import annotations

import pytest
from django.db import transaction

from kafalat.audit import services
from kafalat.audit.models import AuditEntry
from kafalat.audit.selectors import checkpoint, verify
from kafalat.core.problems import Problem
from tests.conftest import NOW
from tests.payments.steps import connection_of_owner


def fill(count: int) -> None:
    """Write a few acts."""
    for number in range(count):
        with transaction.atomic():
            services.record(
                at=NOW,
                actor="مریم",
                action="tried",
                object_kind="test",
                object_id=number,
                detail={"amount_paisa": 1_450_000, "note": "Rs 14,500 – قسط"},
            )


def test_a_checkpoint_holds_as_the_log_grows(database: str) -> None:
    fill(5)
    yesterday = checkpoint()
    fill(4)
    today = verify(size=yesterday.size, root_hex=yesterday.root_hex)
    assert (yesterday.size, today.size) == (5, 9)
    assert today.root_hex != yesterday.root_hex


def test_an_act_outside_its_transaction_is_refused(database: str) -> None:
    with pytest.raises(transaction.TransactionManagementError):
        services.record(at=NOW, actor="a", action="b", object_kind="c", object_id=1)
    assert AuditEntry.objects.count() == 0


def test_an_act_that_is_rolled_back_leaves_no_entry(database: str) -> None:
    with transaction.atomic():
        services.record(at=NOW, actor="a", action="b", object_kind="c", object_id=1)
        transaction.set_rollback(True)
    assert checkpoint().size == 0


EDITS = {
    "a detail is changed": ("UPDATE audit_auditentry SET detail = '{}' WHERE seq = 3", "audit.entry_edited"),
    "an actor is changed": ("UPDATE audit_auditentry SET actor = 'x' WHERE seq = 2", "audit.entry_edited"),
    "an entry and its leaf are changed": (
        "UPDATE audit_auditentry SET actor = 'x', leaf = replace(leaf, 'مریم', 'x') WHERE seq = 2",
        "audit.past_edited",
    ),
    "an entry is removed": ("DELETE FROM audit_auditentry WHERE seq = 1", "audit.past_edited"),
    "the end is cut off": ("DELETE FROM audit_auditentry WHERE seq > 3", "audit.past_edited"),
    "two entries change places": (
        "UPDATE audit_auditentry SET seq = CASE seq WHEN 2 THEN 103 ELSE 102 END WHERE seq IN (2, 3)",
        "audit.past_edited",
    ),
    "everything is emptied": ("TRUNCATE audit_auditentry", "audit.past_edited"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_by_the_owner_of_the_database_is_found(database: str, edit: str) -> None:
    fill(6)
    kept = checkpoint()
    statement, code = EDITS[edit]
    with connection_of_owner() as cursor:
        cursor.execute(statement)
    with pytest.raises(Problem) as caught:
        verify(size=kept.size, root_hex=kept.root_hex)
    assert caught.value.code == code


def test_without_a_checkpoint_outside_a_careful_edit_goes_unseen(database: str) -> None:
    """Control, and the honest limit: a log that stands only in the database protects against nobody who owns it."""
    fill(6)
    with connection_of_owner() as cursor:
        cursor.execute(EDITS["an entry and its leaf are changed"][0])
    fresh = checkpoint()
    assert verify(size=fresh.size, root_hex=fresh.root_hex).size == 6
