"""Runs and decisions are history: a new run decides anew, none is rewritten."""

from django.db import migrations

from kafalat.core.grants import grant, history

GRANTS = (
    history("targeting_run")
    + grant("targeting_decision", "SELECT", "INSERT")
    + grant("targeting_familypayee", "SELECT", "INSERT")
)


class Migration(migrations.Migration):
    dependencies = [("targeting", "0001_initial")]
    operations = [migrations.RunSQL(GRANTS, migrations.RunSQL.noop)]
