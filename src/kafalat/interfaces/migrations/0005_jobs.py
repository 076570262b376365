"""The record of work in the background, and what the application role may do with the queue."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from kafalat.core.grants import grant, grant_sequence

MOVING = "state, progress, attempts, begun_at, ended_at, cancel_requested, result, problem_en, problem_ur"
GRANTS = "".join(
    [
        grant("interfaces_job", "SELECT", "INSERT", f"UPDATE ({MOVING})"),
        grant_sequence("interfaces_job"),
        # The queue is no history: a worker signs on and off, and the clock's marks are cleared.
        grant("procrastinate_jobs", "SELECT", "INSERT", "UPDATE"),
        grant_sequence("procrastinate_jobs"),
        grant("procrastinate_events", "SELECT", "INSERT"),
        grant_sequence("procrastinate_events"),
        grant("procrastinate_workers", "SELECT", "INSERT", "UPDATE", "DELETE"),
        grant("procrastinate_periodic_defers", "SELECT", "INSERT", "UPDATE", "DELETE"),
        grant_sequence("procrastinate_periodic_defers"),
    ]
)


class Migration(migrations.Migration):
    dependencies = [
        ("interfaces", "0004_payment_roles"),
        ("procrastinate", "0041_post_retry_failed_job"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=30)),
                ('subject', models.CharField(blank=True, max_length=80)),
                ('arguments', models.JSONField(default=dict)),
                ('key', models.CharField(max_length=120)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='waiting', max_length=10)),
                ('progress', models.FloatField(default=0)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('queued_at', models.DateTimeField()),
                ('begun_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('cancel_requested', models.BooleanField(default=False)),
                ('result', models.JSONField(default=dict)),
                ('problem_en', models.TextField(blank=True)),
                ('problem_ur', models.TextField(blank=True)),
                ('started_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['waiting', 'running'])), fields=('key',), name='job_key_once'), models.CheckConstraint(condition=models.Q(('progress__gte', 0), ('progress__lte', 1)), name='job_progress_is_share'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('state__in', ['waiting', 'running'])), models.Q(('ended_at__isnull', False), ('state__in', ['done', 'failed', 'cancelled'])), _connector='OR'), name='job_end_has_moment')],
            },
        ),
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
    ]
