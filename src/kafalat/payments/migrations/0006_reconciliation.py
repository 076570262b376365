"""Lines of bank reports beside what we know, the programme's own account, sign-offs, and money taken back.

Composite keys tie a signature and an approval to exactly what was seen; a trigger lets no money be taken back without an
approved order; everything but the granting of a claim is history.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from kafalat.core.grants import grant, history

KEYS = """
ALTER TABLE payments_signoff ADD CONSTRAINT sign_off_seen UNIQUE (id, sha256, stated_by_id);
ALTER TABLE payments_countersign ADD CONSTRAINT counter_sign_of_seen
    FOREIGN KEY (sign_off_id, sha256, stated_by_id) REFERENCES payments_signoff (id, sha256, stated_by_id);
ALTER TABLE payments_takeback ADD CONSTRAINT take_back_seen UNIQUE (id, sha256, made_by_id);
ALTER TABLE payments_takebackapproval ADD CONSTRAINT take_back_approval_of_seen
    FOREIGN KEY (take_back_id, sha256, made_by_id) REFERENCES payments_takeback (id, sha256, made_by_id);

CREATE FUNCTION payments_reversal_ordered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM payments_takebackitem AS item
        JOIN payments_takebackapproval AS approval ON approval.take_back_id = item.take_back_id
        WHERE item.payment_id = NEW.id
    ) THEN
        RAISE EXCEPTION 'payment % is in no approved order to take money back', NEW.identity
            USING ERRCODE = 'check_violation', CONSTRAINT = 'reversal_ordered';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER reversal_ordered BEFORE UPDATE OF status ON payments_payment
    FOR EACH ROW WHEN (NEW.status = 'reversed' AND OLD.status <> 'reversed')
    EXECUTE FUNCTION payments_reversal_ordered();
"""

GRANTS = "".join(
    [
        history("payments_reportline"),
        history("payments_linedecision"),
        history("payments_statement"),
        history("payments_statementline"),
        history("payments_signoff"),
        grant("payments_countersign", "SELECT", "INSERT"),
        history("payments_notice"),
        history("payments_takeback"),
        grant("payments_takebackitem", "SELECT", "INSERT"),
        grant("payments_takebackapproval", "SELECT", "INSERT"),
        grant("payments_claim", "SELECT", "INSERT", "UPDATE (granted_by_id, granted_at)"),
    ]
)


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0005_delivery"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="Claim",
            fields=[
                (
                    "payment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="claim",
                        serialize=False,
                        to="payments.payment",
                    ),
                ),
                ("reason", models.TextField()),
                ("taken_at", models.DateTimeField()),
                ("granted_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="SignOff",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("bank", models.CharField(max_length=60)),
                ("number", models.PositiveSmallIntegerField()),
                ("figures", models.JSONField()),
                ("sha256", models.CharField(max_length=64)),
                ("stated_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="LineDecision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("step", models.PositiveSmallIntegerField()),
                ("action", models.CharField(max_length=10)),
                ("confidence_ppm", models.PositiveIntegerField(null=True)),
                ("reason", models.TextField(blank=True)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("months", models.PositiveSmallIntegerField()),
                ("text_en", models.TextField()),
                ("text_ur", models.TextField()),
                ("due_on", models.DateField()),
                ("queued_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ReportLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("line_no", models.PositiveIntegerField()),
                ("verdict", models.CharField(max_length=16)),
                ("outcome", models.CharField(max_length=10)),
                ("reference", models.CharField(blank=True, max_length=140)),
                ("reason_code", models.CharField(blank=True, max_length=10)),
                ("amount_paisa", models.BigIntegerField(null=True)),
                ("account_last4", models.CharField(blank=True, max_length=4)),
                ("name", models.CharField(blank=True, max_length=140)),
                ("text", models.CharField(blank=True, max_length=500)),
                ("booked_on", models.DateField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Statement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=10)),
                ("name", models.CharField(max_length=200)),
                ("message_id", models.CharField(max_length=35, unique=True)),
                ("sha256", models.CharField(max_length=64, unique=True)),
                ("imported_at", models.DateTimeField()),
                ("imported_by", models.CharField(max_length=150)),
                ("lines", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="StatementLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("line_no", models.PositiveIntegerField()),
                ("direction", models.CharField(max_length=4)),
                ("amount_paisa", models.BigIntegerField()),
                ("reference", models.CharField(blank=True, max_length=140)),
                ("text", models.CharField(blank=True, max_length=500)),
                ("booked_on", models.DateField(null=True)),
                ("bank", models.CharField(blank=True, max_length=60)),
            ],
        ),
        migrations.CreateModel(
            name="TakeBack",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("bank", models.CharField(max_length=60)),
                ("message_id", models.CharField(max_length=35, unique=True)),
                ("clause", models.TextField()),
                ("paid_until", models.DateField()),
                ("payments", models.PositiveIntegerField()),
                ("amount_paisa", models.BigIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("made_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="TakeBackItem",
            fields=[
                (
                    "payment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="taken",
                        serialize=False,
                        to="payments.payment",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="answer",
            name="account_last4",
            field=models.CharField(default="", max_length=4),
        ),
        migrations.AddField(
            model_name="answer",
            name="original",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="answers",
                to="payments.bankfile",
            ),
        ),
        migrations.AddField(
            model_name="answer",
            name="sequence",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="answerline",
            name="booked_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="answerline",
            name="line_no",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddConstraint(
            model_name="answer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("sequence__isnull", False)),
                fields=("bank", "kind", "account_last4", "sequence"),
                name="answer_sequence_once",
            ),
        ),
        migrations.AddField(
            model_name="claim",
            name="granted_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="claim",
            name="taken_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.CreateModel(
            name="CounterSign",
            fields=[
                (
                    "sign_off",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="payments.signoff",
                    ),
                ),
                ("sha256", models.CharField(max_length=64)),
                ("stated_by_id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="signoff",
            name="cycle",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="sign_offs", to="payments.cycle"
            ),
        ),
        migrations.AddField(
            model_name="signoff",
            name="stated_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="linedecision",
            name="payment",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="payments.payment",
            ),
        ),
        migrations.AddField(
            model_name="linedecision",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="payment",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="notices",
                to="payments.payment",
            ),
        ),
        migrations.AddField(
            model_name="reportline",
            name="answer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="report_lines", to="payments.answer"
            ),
        ),
        migrations.AddField(
            model_name="reportline",
            name="payment",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="report_lines",
                to="payments.payment",
            ),
        ),
        migrations.AddField(
            model_name="linedecision",
            name="line",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="decisions",
                to="payments.reportline",
            ),
        ),
        migrations.AddField(
            model_name="statementline",
            name="cycle",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="payments.cycle"
            ),
        ),
        migrations.AddField(
            model_name="statementline",
            name="file",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="payments.bankfile",
            ),
        ),
        migrations.AddField(
            model_name="statementline",
            name="payment",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="statement_lines",
                to="payments.payment",
            ),
        ),
        migrations.AddField(
            model_name="statementline",
            name="statement",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="statement_lines",
                to="payments.statement",
            ),
        ),
        migrations.CreateModel(
            name="TakeBackApproval",
            fields=[
                (
                    "take_back",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="payments.takeback",
                    ),
                ),
                ("sha256", models.CharField(max_length=64)),
                ("made_by_id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="takeback",
            name="made_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="takebackitem",
            name="take_back",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="items", to="payments.takeback"
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("granted_at__isnull", True), ("granted_by__isnull", True)),
                    models.Q(
                        ("granted_at__isnull", False),
                        models.Q(("granted_by", models.F("taken_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="claim_by_two",
            ),
        ),
        migrations.AddField(
            model_name="countersign",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="signoff",
            constraint=models.UniqueConstraint(fields=("cycle", "bank", "number"), name="sign_off_once"),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(fields=("payment", "months"), name="notice_once"),
        ),
        migrations.AddIndex(
            model_name="reportline",
            index=models.Index(fields=["verdict", "answer"], name="report_line_verdict_answer"),
        ),
        migrations.AddConstraint(
            model_name="reportline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "verdict__in",
                        (
                            "unreferenced",
                            "unknown",
                            "wrong_bank",
                            "wrong_file",
                            "amount_mismatch",
                            "wrong_account",
                            "unsent",
                            "duplicate",
                            "contradiction",
                            "late",
                            "early",
                            "pending",
                            "other",
                            "repeated",
                        ),
                    )
                ),
                name="report_line_verdict",
            ),
        ),
        migrations.AddConstraint(
            model_name="linedecision",
            constraint=models.UniqueConstraint(fields=("line", "step"), name="line_decision_step_once"),
        ),
        migrations.AddConstraint(
            model_name="linedecision",
            constraint=models.UniqueConstraint(fields=("line", "person"), name="line_decision_person_once"),
        ),
        migrations.AddConstraint(
            model_name="linedecision",
            constraint=models.CheckConstraint(
                condition=models.Q(("step__in", [1, 2])), name="line_decision_step"
            ),
        ),
        migrations.AddConstraint(
            model_name="linedecision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("action", "book"), ("payment__isnull", False)),
                    models.Q(
                        ("action", "set_aside"),
                        ("payment__isnull", True),
                        models.Q(("reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="line_decision_action",
            ),
        ),
        migrations.AddIndex(
            model_name="statementline",
            index=models.Index(fields=["cycle", "bank"], name="statement_line_cycle_bank"),
        ),
        migrations.AddConstraint(
            model_name="statementline",
            constraint=models.UniqueConstraint(fields=("statement", "line_no"), name="statement_line_once"),
        ),
        migrations.AddConstraint(
            model_name="statementline",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_paisa__gt", 0), ("direction__in", ["out", "back"])),
                name="statement_line_moves",
            ),
        ),
        migrations.AddField(
            model_name="takebackapproval",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="takeback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("clause", ""), _negated=True), ("amount_paisa__gt", 0), ("payments__gt", 0)
                ),
                name="take_back_clause",
            ),
        ),
        migrations.AddConstraint(
            model_name="countersign",
            constraint=models.CheckConstraint(
                condition=models.Q(("person_id", models.F("stated_by_id")), _negated=True),
                name="counter_sign_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="takebackapproval",
            constraint=models.CheckConstraint(
                condition=models.Q(("person_id", models.F("made_by_id")), _negated=True),
                name="take_back_by_two",
            ),
        ),
        migrations.RunSQL(KEYS + GRANTS, migrations.RunSQL.noop),
    ]
