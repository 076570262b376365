"""What the application role may not do, tried as the application role (promise R30)."""

from __future__ import annotations

import time

import pytest
from django.db import DatabaseError, connection, transaction

from kafalat.registry import bulk
from tests.payments.steps import connection_of_owner
from tests.proof import EVERY, report

# The columns that the application may move, by table. A table that is not named here keeps history: rows are added, and
# nothing is ever changed. No table of these rooms lets a row be deleted.
ROOMS = ("audit", "enrolment", "integrity", "payments", "registry", "targeting")
MOVING: dict[str, set[str]] = {
    "enrolment_account": {
        "activation", "activation_reference", "closed_on", "mobile_sealed", "status", "status_at", "status_by",
        "status_reason", "title", "title_similarity", "title_status",
    },
    "enrolment_accountrequest": {"status", "status_at", "status_by", "status_reason"},
    "enrolment_beneficiary": {
        "standing_at", "standing_by", "standing_proof", "standing_reason", "standing_since", "standing_until", "status",
    },
    "enrolment_change": {"approved", "decided_at", "decided_by_id", "decision_reason", "status"},
    "enrolment_lifevisit": {"confirmed_at", "confirmed_by_id"},
    "integrity_alert": {"amount_paisa", "events", "evidence", "measured", "window_to"},
    "payments_claim": {"granted_at", "granted_by_id"},
    "payments_cycle": {"closed_at", "status"},
    "payments_cyclephase": {"status"},
    "payments_exception": {"cleared_at"},
    "payments_outbox": {
        "answered_at", "attempts", "next_try_at", "problem_code", "problem_details", "quarantined_at", "sent_at",
    },
    "payments_payment": {"status"},
    "payments_paymentlist": {"checked_by_id", "released_at", "status"},
    "payments_recallagreement": {"sent_at"},
    "registry_household": {"facts", "interviewed_on", "members", "place_id"},
    "targeting_committee": {"secretary_id"},
    "targeting_member": {"left_on"},
}  # fmt: skip
# A new survey of the same people updates what is known of them: these are what is known now, not what happened.
KNOWN_NOW = {"registry_person", "registry_place"}
DEFINITIONS = (
    "CREATE TABLE mine (x int)",
    "DROP TABLE payments_transfer",
    "ALTER TABLE payments_transfer DISABLE TRIGGER ALL",
    "ALTER TABLE payments_approval DROP CONSTRAINT approval_not_by_maker",
    "DROP TRIGGER payment_transition ON payments_payment",
    "CREATE OR REPLACE FUNCTION payments_payment_transition() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE ROLE friend SUPERUSER",
    "ALTER ROLE kafalat_app SUPERUSER",
    "SET ROLE kafalat_owner",
    "SET session_replication_role = replica",
    "SELECT pg_read_file('pg_hba.conf')",
    "COPY payments_transfer TO '/tmp/out'",
    "COPY payments_transfer FROM PROGRAM 'id'",
    "SELECT * FROM pg_authid",
)
COLUMNS = (
    "UPDATE payments_payment SET amount_paisa = 1",
    "UPDATE payments_payment SET account_id = 1",
    "UPDATE payments_payment SET identity = 'x'",
    "UPDATE payments_paymentlist SET maker_id = 1",
    "UPDATE payments_paymentlist SET sha256 = 'x'",
    "UPDATE enrolment_account SET iban_sealed = '\\x00'",
    "UPDATE enrolment_beneficiary SET payee_id = 1",
    "UPDATE registry_household SET form_number = '0000000000000'",
    "UPDATE payments_cycle SET programme_sha256 = 'x'",
)


KINDS = ("DELETE", "TRUNCATE", "UPDATE", "DROP TABLE")


def refused(statement: str) -> bool:
    """Say whether PostgreSQL refuses a statement for lack of privilege."""
    try:
        with transaction.atomic():
            bulk.execute(statement)
    except DatabaseError as error:
        return getattr(error.__cause__, "sqlstate", "") == "42501"
    return False


def tables() -> dict[str, list[str]]:
    """Return every table of the rooms, as the catalogue has them now, with its columns."""
    return dict(
        bulk.rows(
            """
            SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) FROM pg_class AS c
            JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
                AND split_part(c.relname, '_', 1) = ANY (%s) GROUP BY c.relname ORDER BY c.relname
            """,
            [list(ROOMS)],
        )
    )


def attempts() -> list[str]:
    """Return every statement that would change what must stay, over every table and column there is."""
    statements = []
    for table, columns in tables().items():
        statements += [f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE", f"DROP TABLE {table} CASCADE"]
        sealed = [] if table in KNOWN_NOW else [c for c in columns if c not in MOVING.get(table, set())]
        statements += [f"UPDATE {table} SET {column} = DEFAULT" for column in sealed]
    return statements


def test_no_table_of_ours_can_be_changed_but_where_it_is_declared(paid: str) -> None:
    """R30: a new table, or a new column that moves, fails here until somebody decides about it."""
    tried = attempts()
    before = {table: bulk.rows(f"SELECT count(*) FROM {table}") for table in tables() if _readable(table)}
    allowed = [statement for statement in tried if not refused(statement)]
    assert allowed == []
    assert {table: bulk.rows(f"SELECT count(*) FROM {table}") for table in before} == before
    assert len(tried) > 300
    assert MOVING.keys() <= tables().keys()


def _readable(table: str) -> bool:
    return bool(bulk.rows("SELECT has_table_privilege(%s, 'SELECT')", [table])[0][0])


def test_what_is_declared_to_move_is_all_that_moves(paid: str) -> None:
    """The other direction: every column named above can be moved, so that the table stays true."""
    for table, columns in MOVING.items():
        for column in columns:
            assert bulk.rows("SELECT has_column_privilege(%s, %s, 'UPDATE')", [table, column]) == [(True,)], (
                table,
                column,
            )


@pytest.mark.prove
def test_least_privilege_counted(paid: str) -> None:
    started = time.monotonic()
    tried = [*attempts(), *DEFINITIONS, *COLUMNS]
    allowed = [statement for statement in tried if not refused(statement)]
    gone = deleted_by_owner()
    report(
        "r30-least-privilege",
        promise="R30 least privilege",
        bar="0 statements allowed",
        found=f"{len(allowed)} of {len(tried):,} allowed, over {len(tables())} tables",
        met=not allowed and gone > 0,
        duration_s=time.monotonic() - started,
        seed=EVERY,
        control=f"the same DELETE by the owner removes {gone:,} rows of the ledger",
        tables=sorted(tables()),
        statements={kind: sum(one.startswith(kind) for one in tried) for kind in KINDS}
        | {"definitions and the server": len(DEFINITIONS)},
        columns_that_may_move=sum(map(len, MOVING.values())),
        allowed=allowed,
    )
    assert allowed == []


@pytest.mark.parametrize("statement", DEFINITIONS)
def test_definitions_and_the_server_are_out_of_reach(paid: str, statement: str) -> None:
    assert refused(statement), statement


@pytest.mark.parametrize("statement", COLUMNS)
def test_only_declared_columns_change(paid: str, statement: str) -> None:
    assert refused(statement), statement


def test_the_application_cannot_give_itself_rights(paid: str) -> None:
    """PostgreSQL answers such a GRANT with a warning, so what counts is that nothing was given."""
    bulk.execute("GRANT UPDATE, DELETE ON payments_transfer TO kafalat_app")
    rights = "SELECT has_table_privilege('payments_transfer', 'UPDATE'), has_table_privilege('payments_transfer', 'DELETE')"
    assert bulk.rows(rights) == [(False, False)]


def test_no_table_is_open_by_default(paid: str) -> None:
    """Every right the application role holds on a table stands in a migration; DELETE only where nothing is history."""
    deletable = bulk.rows(
        """
        SELECT table_name FROM information_schema.role_table_grants
        WHERE grantee = 'kafalat_app' AND privilege_type IN ('DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES') ORDER BY 1
        """
    )
    assert [name for (name,) in deletable] == [
        "auth_user_groups",
        "django_session",
        "interfaces_lookupbudget",
        "procrastinate_periodic_defers",
        "procrastinate_workers",
    ]


def test_the_owner_could(paid: str) -> None:
    """Control: the same statement goes through for a role with the right, so the refusals above are refusals of right."""
    assert deleted_by_owner() > 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM payments_transfer")
        assert cursor.fetchone() == (0,)


def deleted_by_owner() -> int:
    """Delete the ledger as the role that may; return how many rows are gone."""
    with connection_of_owner() as cursor:
        cursor.execute("DELETE FROM payments_transfer")
        return int(cursor.rowcount)
