"""The application role may add to the log and read it; the log is history."""

from django.db import migrations

from kafalat.core.grants import history


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunSQL(history("audit_auditentry", "seq"), migrations.RunSQL.noop)]
