"""What lists from outside said of a family is kept with its payee."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("targeting", "0002_grants")]
    operations = [
        migrations.AddField(
            model_name="familypayee",
            name="filters",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=100), default=list, size=None
            ),
        )
    ]
