"""Selection and committees: standing and rank of a decision, the places' shares, lists, verdicts and declared interests.

What a committee said is history. The triggers hold what no single-table constraint can: only a member of the list's
committee who is still in it speaks, never of a household she has declared an interest in; a verdict fits the entry it is
about; a correction replaces a verdict of the same entry.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from kafalat.core.grants import grant, grant_sequence, history

GUARDS = """
CREATE FUNCTION targeting_verdict_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    entry record;
BEGIN
    SELECT e.household_id, e.proposed, l.committee_id INTO STRICT entry
    FROM targeting_listentry AS e JOIN targeting_validationlist AS l ON l.id = e.validation_list_id WHERE e.id = NEW.entry_id;
    IF NOT EXISTS (SELECT FROM targeting_member AS m
        WHERE m.id = NEW.member_id AND m.committee_id = entry.committee_id AND m.left_on IS NULL) THEN
        RAISE EXCEPTION 'member % is not in the committee of the list', NEW.member_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'verdict_of_member';
    END IF;
    IF EXISTS (SELECT FROM targeting_conflict AS c
        WHERE c.member_id = NEW.member_id AND c.household_id = entry.household_id) THEN
        RAISE EXCEPTION 'member % has declared an interest', NEW.member_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'verdict_without_interest';
    END IF;
    IF (NEW.verdict = 'wrongly_in' AND NOT entry.proposed) OR (NEW.verdict = 'wrongly_out' AND entry.proposed) THEN
        RAISE EXCEPTION 'verdict % does not fit entry %', NEW.verdict, NEW.entry_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'verdict_fits_entry';
    END IF;
    IF NEW.replaces_id IS NOT NULL AND NOT EXISTS (SELECT FROM targeting_verdict AS v
        WHERE v.id = NEW.replaces_id AND v.entry_id = NEW.entry_id) THEN
        RAISE EXCEPTION 'verdict % is of another household', NEW.replaces_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'verdict_replaces_its_own';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER verdict_fits BEFORE INSERT ON targeting_verdict
    FOR EACH ROW EXECUTE FUNCTION targeting_verdict_fits();

CREATE FUNCTION targeting_member_leaves_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.left_on IS NOT NULL THEN
        RAISE EXCEPTION 'member % has left already', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'member_leaves_once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER member_leaves_once BEFORE UPDATE ON targeting_member
    FOR EACH ROW EXECUTE FUNCTION targeting_member_leaves_once();
"""

GRANTS = "".join(
    [
        *(history(f"targeting_{name}") for name in ("runshare", "validationlist", "listentry", "conflict", "verdict")),
        grant("targeting_committee", "SELECT", "INSERT", "UPDATE (secretary_id)"),
        grant_sequence("targeting_committee"),
        grant("targeting_member", "SELECT", "INSERT", "UPDATE (left_on)"),
        grant_sequence("targeting_member"),
    ]
)


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0002_guards'),
        ('targeting', '0003_filters'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Committee',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('formed_on', models.DateField()),
            ],
        ),
        migrations.CreateModel(
            name='Conflict',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('declared_at', models.DateTimeField()),
                ('declared_by', models.CharField(max_length=150)),
            ],
        ),
        migrations.CreateModel(
            name='ListEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField()),
                ('proposed', models.BooleanField()),
            ],
        ),
        migrations.CreateModel(
            name='Member',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('leader', models.BooleanField(default=False)),
                ('left_on', models.DateField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='RunShare',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('families', models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='ValidationList',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('deadline', models.DateField()),
                ('opened_at', models.DateTimeField()),
                ('opened_by', models.CharField(max_length=150)),
            ],
        ),
        migrations.CreateModel(
            name='Verdict',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verdict', models.CharField(choices=[('confirm', 'Confirm'), ('wrongly_in', 'Wrongly In'), ('wrongly_out', 'Wrongly Out'), ('unknown_household', 'Unknown Household')], max_length=20)),
                ('reason', models.CharField(blank=True, max_length=60)),
                ('note', models.CharField(blank=True, max_length=200)),
                ('effect', models.CharField(max_length=10)),
                ('shift_points', models.SmallIntegerField(default=0)),
                ('client_id', models.UUIDField(unique=True)),
                ('entered_at', models.DateTimeField()),
                ('entered_by', models.CharField(max_length=150)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='run',
            name='run_once_per_inputs',
        ),
        migrations.AddField(
            model_name='decision',
            name='rank',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='decision',
            name='share_place',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='registry.place'),
        ),
        migrations.AddField(
            model_name='decision',
            name='standing',
            field=models.CharField(max_length=10, null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='selected',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='verdicts_sha256',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='run',
            name='waiting',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('rank__isnull', True), ('share_place__isnull', True), ('standing__isnull', True)), models.Q(('outcome', 'eligible'), ('rank__gte', 1), ('share_place__isnull', False), ('standing__in', ['selected', 'waiting'])), _connector='OR'), name='decision_standing'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.UniqueConstraint(condition=models.Q(('rank__isnull', False)), fields=('run', 'share_place', 'rank'), name='decision_rank_once'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.UniqueConstraint(fields=('snapshot', 'programme_sha256', 'policy_day', 'verdicts_sha256'), name='run_once_per_inputs'),
        ),
        migrations.AddField(
            model_name='committee',
            name='place',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to='registry.place'),
        ),
        migrations.AddField(
            model_name='committee',
            name='secretary',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='conflict',
            name='household',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='registry.household'),
        ),
        migrations.AddField(
            model_name='listentry',
            name='household',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='registry.household'),
        ),
        migrations.AddField(
            model_name='member',
            name='committee',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='members', to='targeting.committee'),
        ),
        migrations.AddField(
            model_name='conflict',
            name='member',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='targeting.member'),
        ),
        migrations.AddField(
            model_name='runshare',
            name='place',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='registry.place'),
        ),
        migrations.AddField(
            model_name='runshare',
            name='run',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='targeting.run'),
        ),
        migrations.AddField(
            model_name='validationlist',
            name='committee',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lists', to='targeting.committee'),
        ),
        migrations.AddField(
            model_name='validationlist',
            name='run',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='targeting.run'),
        ),
        migrations.AddField(
            model_name='listentry',
            name='validation_list',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='targeting.validationlist'),
        ),
        migrations.AddField(
            model_name='verdict',
            name='entry',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='verdicts', to='targeting.listentry'),
        ),
        migrations.AddField(
            model_name='verdict',
            name='member',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='targeting.member'),
        ),
        migrations.AddField(
            model_name='verdict',
            name='replaces',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_by', to='targeting.verdict'),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.UniqueConstraint(condition=models.Q(('leader', True), ('left_on__isnull', True)), fields=('committee',), name='committee_one_leader'),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='member_has_name'),
        ),
        migrations.AddConstraint(
            model_name='conflict',
            constraint=models.UniqueConstraint(fields=('member', 'household'), name='conflict_once'),
        ),
        migrations.AddConstraint(
            model_name='runshare',
            constraint=models.UniqueConstraint(fields=('run', 'place'), name='run_share_once'),
        ),
        migrations.AddConstraint(
            model_name='validationlist',
            constraint=models.UniqueConstraint(fields=('run', 'committee'), name='validation_list_once'),
        ),
        migrations.AddConstraint(
            model_name='listentry',
            constraint=models.UniqueConstraint(fields=('validation_list', 'number'), name='list_entry_number_once'),
        ),
        migrations.AddConstraint(
            model_name='listentry',
            constraint=models.UniqueConstraint(fields=('validation_list', 'household'), name='list_entry_household_once'),
        ),
        migrations.AddConstraint(
            model_name='verdict',
            constraint=models.UniqueConstraint(condition=models.Q(('replaces__isnull', True)), fields=('entry',), name='verdict_first_once'),
        ),
        migrations.AddConstraint(
            model_name='verdict',
            constraint=models.CheckConstraint(condition=models.Q(('verdict__in', ['confirm', 'wrongly_in', 'wrongly_out', 'unknown_household'])), name='verdict_choice'),
        ),
        migrations.AddConstraint(
            model_name='verdict',
            constraint=models.CheckConstraint(condition=models.Q(('verdict', 'confirm'), models.Q(('reason', ''), _negated=True), _connector='OR'), name='verdict_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='verdict',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('effect__in', ['none', 'resurvey']), ('shift_points', 0)), models.Q(('effect', 'shift'), ('shift_points__gte', -20), ('shift_points__lte', 20)), _connector='OR'), name='verdict_effect'),
        ),
        migrations.RunSQL(GUARDS + GRANTS, migrations.RunSQL.noop),
    ]
