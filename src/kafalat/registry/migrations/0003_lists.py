"""Lists from outside: history, like everything that decides about a family. One number stands on a list once."""

import django.db.models.deletion
from django.db import migrations, models

from kafalat.core.grants import grant, history


class Migration(migrations.Migration):
    dependencies = [("registry", "0002_guards")]
    operations = [
        migrations.CreateModel(
            name="ScreeningList",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("filter", models.CharField(max_length=60)),
                ("list_date", models.DateField()),
                ("sha256", models.CharField(max_length=64)),
                ("people", models.PositiveIntegerField()),
                ("imported_at", models.DateTimeField()),
                ("imported_by", models.CharField(max_length=150)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("filter", "list_date", "sha256"), name="list_taken_in_once"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="ScreeningEntry",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "list_id",
                        "cnic_sealed",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("cnic_sealed", models.BinaryField()),
                (
                    "list",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="registry.screeninglist",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(
            history("registry_screeninglist") + grant("registry_screeningentry", "SELECT", "INSERT"),
            migrations.RunSQL.noop,
        ),
    ]
