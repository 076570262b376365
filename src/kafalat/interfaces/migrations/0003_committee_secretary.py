"""The role of those who enter what committees say."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("interfaces", "0002_grants")]
    operations = [
        migrations.RunSQL("INSERT INTO auth_group (name) VALUES ('committee_secretary');", migrations.RunSQL.noop)
    ]
