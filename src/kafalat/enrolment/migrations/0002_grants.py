"""A beneficiary's status and an account's closing may change; who was enrolled and where she is paid may not."""

from django.db import migrations

from kafalat.core.grants import grant, grant_sequence

GRANTS = (
    grant("enrolment_beneficiary", "SELECT", "INSERT", "UPDATE (status)")
    + grant_sequence("enrolment_beneficiary")
    + grant("enrolment_account", "SELECT", "INSERT", "UPDATE (closed_on)")
    + grant_sequence("enrolment_account")
)


class Migration(migrations.Migration):
    dependencies = [("enrolment", "0001_initial")]
    operations = [migrations.RunSQL(GRANTS, migrations.RunSQL.noop)]
