"""Alerts and decisions about them. An alert's status follows the decisions on record: the application cannot set it."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from kafalat.core.grants import grant, grant_sequence, history

GUARDS = """
-- Runs with the owner's rights, and alone moves a status.
CREATE FUNCTION integrity_alert_status() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.integrity_alert SET status = CASE NEW.act
        WHEN 'review' THEN 'in_review' WHEN 'confirm' THEN 'confirmed' ELSE 'dismissed' END
    WHERE id = NEW.alert_id AND status = CASE NEW.act WHEN 'review' THEN 'open' ELSE 'in_review' END;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'alert % is not waiting for this', NEW.alert_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_decision_in_order';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER alert_status AFTER INSERT ON integrity_alertdecision
    FOR EACH ROW EXECUTE FUNCTION integrity_alert_status();
"""

GRANTS = "".join(
    [
        grant("integrity_alert", "SELECT", "INSERT"),
        # What an open alert takes in when it is found again.
        grant("integrity_alert", "UPDATE (window_to, evidence, events, amount_paisa, measured)"),
        grant_sequence("integrity_alert"),
        history("integrity_alertdecision"),
    ]
)


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("payments", "0007_withdrawals"),
    ]

    operations = [
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rule', models.CharField(max_length=20)),
                ('subject_kind', models.CharField(max_length=10)),
                ('subject', models.CharField(max_length=150)),
                ('window_from', models.DateField()),
                ('window_to', models.DateField()),
                ('evidence', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ('events', models.PositiveIntegerField()),
                ('amount_paisa', models.BigIntegerField()),
                ('measured', models.BigIntegerField()),
                ('threshold', models.BigIntegerField()),
                ('severity', models.CharField(max_length=6)),
                ('status', models.CharField(choices=[('open', 'Open'), ('in_review', 'In Review'), ('confirmed', 'Confirmed'), ('dismissed', 'Dismissed')], default='open', max_length=9)),
                ('programme_sha256', models.CharField(max_length=64)),
                ('raised_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['status', 'severity'], name='alert_queue')],
                'constraints': [models.UniqueConstraint(fields=('rule', 'subject_kind', 'subject', 'window_from'), name='alert_once'), models.CheckConstraint(condition=models.Q(('subject_kind__in', ['device', 'operator'])), name='alert_subject_kind'), models.CheckConstraint(condition=models.Q(('severity__in', ['high', 'medium', 'low'])), name='alert_severity'), models.CheckConstraint(condition=models.Q(('status__in', ['open', 'in_review', 'confirmed', 'dismissed'])), name='alert_status'), models.CheckConstraint(condition=models.Q(('window_to__gte', models.F('window_from'))), name='alert_window')],
            },
        ),
        migrations.CreateModel(
            name='AlertDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('act', models.CharField(choices=[('review', 'Review'), ('confirm', 'Confirm'), ('dismiss', 'Dismiss')], max_length=7)),
                ('reason', models.CharField(blank=True, max_length=1000)),
                ('at', models.DateTimeField()),
                ('alert', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='integrity.alert')),
                ('by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('act__in', ['review', 'confirm', 'dismiss'])), name='alert_decision_act'), models.CheckConstraint(condition=models.Q(('act', 'review'), models.Q(('reason', ''), _negated=True), _connector='OR'), name='alert_decision_reason')],
            },
        ),
        migrations.RunSQL(GUARDS + GRANTS, migrations.RunSQL.noop),
    ]
