"""What the application role may not do, tried as the application role (promise R30)."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction

from kafalat.registry import bulk
from tests.payments.steps import connection_of_owner

HISTORY = (
    "audit_auditentry",
    "payments_transfer",
    "payments_answer",
    "payments_answerline",
    "payments_approval",
    "payments_bankfile",
    "payments_entitlement",
    "payments_resolution",
    "registry_interview",
    "registry_snapshot",
    "registry_surveysource",
    "targeting_decision",
    "targeting_familypayee",
    "targeting_run",
)
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


def refused(statement: str) -> bool:
    """Say whether PostgreSQL refuses a statement for lack of privilege."""
    try:
        with transaction.atomic():
            bulk.execute(statement)
    except ProgrammingError as error:
        return getattr(error.__cause__, "sqlstate", "") == "42501"
    return False


@pytest.mark.parametrize(
    "verb", ["UPDATE {table} SET id = id", "DELETE FROM {table}", "TRUNCATE {table} CASCADE"]
)
@pytest.mark.parametrize("table", HISTORY)
def test_history_cannot_be_changed(paid: str, table: str, verb: str) -> None:
    ((column,),) = bulk.rows(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND table_schema = 'public' LIMIT 1",
        [table],
    )
    statement = verb.replace("id = id", f"{column} = {column}").format(table=table)
    before = bulk.rows(f"SELECT count(*) FROM {table}")
    assert refused(statement), statement
    assert bulk.rows(f"SELECT count(*) FROM {table}") == before


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
    with connection_of_owner() as cursor:
        cursor.execute("DELETE FROM payments_transfer")
        assert cursor.rowcount > 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM payments_transfer")
        assert cursor.fetchone() == (0,)
