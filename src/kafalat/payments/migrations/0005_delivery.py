"""How files and calls leave, and how often they were tried."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

from kafalat.core.grants import grant, history

# A result follows its intent, so that no call is made that nobody wrote down before (I10).
KEYS = """
ALTER TABLE payments_delivery ADD COLUMN intent text GENERATED ALWAYS AS
    (CASE WHEN stage = 'result' THEN 'intent' END) STORED;
ALTER TABLE payments_delivery ADD CONSTRAINT delivery_after_intent
    FOREIGN KEY (payment_id, attempt, intent) REFERENCES payments_delivery (payment_id, attempt, stage);
"""
GRANTS = (
    grant(
        "payments_outbox",
        "UPDATE (attempts, next_try_at, sent_at, answered_at, quarantined_at, problem_code, problem_details)",
    )
    + history("payments_delivery")
)
OUTCOMES = ["pending", "accepted", "paid", "rejected", "returned", "conflict", "unsent", "unknown", "refused"]


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_ledger")]
    operations = [
        migrations.AddField("outbox", "transport", models.CharField(default="file", max_length=4)),
        migrations.AddField("outbox", "next_try_at", models.DateTimeField(null=True)),
        migrations.AddField("outbox", "answered_at", models.DateTimeField(null=True)),
        migrations.AddField("outbox", "quarantined_at", models.DateTimeField(null=True)),
        migrations.AddField("outbox", "problem_code", models.CharField(blank=True, max_length=60)),
        migrations.AddField("outbox", "problem_details", models.JSONField(default=dict)),
        migrations.RunSQL(
            "UPDATE payments_outbox SET attempts = least(attempts, 5); SET CONSTRAINTS ALL IMMEDIATE;",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            "outbox", models.CheckConstraint(condition=Q(transport__in=["file", "api"]), name="outbox_transport")
        ),
        migrations.AddConstraint(
            "outbox", models.CheckConstraint(condition=Q(attempts__lte=5), name="outbox_attempts")
        ),
        migrations.AddConstraint(
            "outbox",
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True) | Q(transport="api", sent_at__isnull=False), name="outbox_answered"
            ),
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("attempt", models.PositiveSmallIntegerField()),
                ("stage", models.CharField(max_length=6)),
                ("outcome", models.CharField(blank=True, max_length=10)),
                ("http_status", models.PositiveSmallIntegerField(default=0)),
                ("request_sha256", models.CharField(max_length=64)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("at", models.DateTimeField()),
                ("payment", models.ForeignKey(
                    db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="deliveries",
                    to="payments.payment")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("payment", "attempt", "stage"), name="delivery_once"),
                    models.CheckConstraint(
                        condition=Q(stage="intent", outcome="") | Q(stage="result", outcome__in=OUTCOMES),
                        name="delivery_outcome",
                    ),
                ],
            },
        ),
        migrations.RunSQL(KEYS + GRANTS, migrations.RunSQL.noop),
    ]
