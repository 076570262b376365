"""Saved simulations: history, never changed."""

import django.db.models.deletion
from django.db import migrations, models

from kafalat.core.grants import history


class Migration(migrations.Migration):
    dependencies = [("targeting", "0004_committees")]
    operations = [
        migrations.CreateModel(
            name="SavedSimulation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80, unique=True)),
                ("result", models.JSONField()),
                ("digest", models.CharField(max_length=64)),
                ("saved_at", models.DateTimeField()),
                ("saved_by", models.CharField(max_length=150)),
                (
                    "run",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="targeting.run"),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True), name="simulation_has_name"
                    )
                ]
            },
        ),
        migrations.RunSQL(history("targeting_savedsimulation"), migrations.RunSQL.noop),
    ]
