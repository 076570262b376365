"""Roles of the payment room."""

from django.db import migrations

ROLES = (
    "account_officer",
    "counter_operator",
    "counter_supervisor",
    "integrity_officer",
    "payment_authoriser",
    "treasury_officer",
)
SQL = "".join(f"INSERT INTO auth_group (name) VALUES ('{role}');" for role in ROLES)


class Migration(migrations.Migration):
    dependencies = [("interfaces", "0003_committee_secretary")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
