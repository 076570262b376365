"""The life of an account, changes of account, CNIC or payee by two people, and the history of a beneficiary's standing.

Accounts of before this migration were synthetic and paid into: they become active with a matched title. Triggers allow
declared transitions only, and write every change to the history, which the application may read and nothing else.
A payee moves through `enrolment_take_over` alone, which wants an approved change.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from kafalat.core.grants import APP_ROLE, grant, grant_sequence, history

BACKFILL = """
UPDATE enrolment_account AS a SET payee_id = b.payee_id,
    status = CASE WHEN a.closed_on IS NOT NULL THEN 'closed' WHEN a.synthetic THEN 'active' ELSE 'opened' END,
    status_reason = 'migrated', status_at = a.opened_on::timestamp AT TIME ZONE 'UTC',
    title_status = CASE WHEN a.synthetic THEN 'matched' ELSE 'pending' END,
    activation = CASE WHEN a.synthetic THEN 'synthetic' ELSE '' END
FROM enrolment_beneficiary AS b WHERE b.id = a.beneficiary_id;
-- A number that two payees share opens the wallet of neither.
UPDATE enrolment_account AS a SET mobile_sealed = p.mobile_sealed
FROM registry_person AS p WHERE p.id = a.payee_id AND a.channel = 'wallet' AND a.closed_on IS NULL
    AND NOT EXISTS (SELECT FROM registry_person AS q WHERE q.mobile_sealed = p.mobile_sealed AND q.id <> p.id);
UPDATE enrolment_beneficiary SET standing_reason = 'migrated' WHERE status <> 'active';
SET CONSTRAINTS ALL IMMEDIATE;
"""

KEYS = """
-- A change opens an account only once it is approved, for its own beneficiary, and only with the IBAN that was approved.
ALTER TABLE enrolment_change ADD CONSTRAINT change_of_account UNIQUE (id, beneficiary_id, approved, new_iban_sealed);
ALTER TABLE enrolment_account ADD CONSTRAINT account_of_approved_change
    FOREIGN KEY (change_id, beneficiary_id, change_approved, iban_sealed)
    REFERENCES enrolment_change (id, beneficiary_id, approved, new_iban_sealed);

CREATE FUNCTION enrolment_change_within_family() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM enrolment_beneficiary AS b WHERE b.id = NEW.beneficiary_id AND b.payee_id = NEW.payee_id
            AND (NEW.new_payee_id IS NULL OR EXISTS (SELECT FROM registry_person AS p
                WHERE p.id = NEW.new_payee_id AND p.family_id = b.family_id AND p.id <> b.payee_id))) THEN
        RAISE EXCEPTION 'change of beneficiary % names a person outside the family', NEW.beneficiary_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'change_within_family';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER change_within_family BEFORE INSERT ON enrolment_change
    FOR EACH ROW EXECUTE FUNCTION enrolment_change_within_family();
"""

TRANSITIONS = """
CREATE FUNCTION enrolment_request_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        ('requested', 'screened'), ('requested', 'opened'), ('requested', 'refused'),
        ('screened', 'opened'), ('screened', 'refused')
    ) THEN
        RAISE EXCEPTION 'account request % cannot go from % to %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'account_request_transition';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER account_request_transition BEFORE UPDATE OF status ON enrolment_accountrequest
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION enrolment_request_transition();

CREATE FUNCTION enrolment_account_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        ('opened', 'inactive'), ('opened', 'closed'), ('inactive', 'active'), ('inactive', 'blocked'), ('inactive', 'closed'),
        ('active', 'blocked'), ('active', 'closed'), ('blocked', 'active'), ('blocked', 'closed')
    ) THEN
        RAISE EXCEPTION 'account % cannot go from % to %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'account_transition';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER account_transition BEFORE UPDATE OF status ON enrolment_account
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION enrolment_account_transition();

CREATE FUNCTION enrolment_title_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.title_status, NEW.title_status) NOT IN (
        ('pending', 'matched'), ('pending', 'doubtful'), ('doubtful', 'matched'), ('doubtful', 'refused')
    ) THEN
        RAISE EXCEPTION 'title of account % cannot go from % to %', OLD.id, OLD.title_status, NEW.title_status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'account_title_transition';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER account_title_transition BEFORE UPDATE OF title_status ON enrolment_account
    FOR EACH ROW WHEN (OLD.title_status IS DISTINCT FROM NEW.title_status) EXECUTE FUNCTION enrolment_title_transition();

-- An exit is final. Who was reported dead comes back by a confirmed visit that found her alive, or by another payee.
CREATE FUNCTION enrolment_standing_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        ('active', 'suspended'), ('active', 'exited'), ('suspended', 'active'), ('suspended', 'exited')
    ) THEN
        RAISE EXCEPTION 'beneficiary % cannot go from % to %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'standing_transition';
    END IF;
    IF OLD.status = 'suspended' AND NEW.status = 'active' AND OLD.standing_proof = 'life' AND NOT EXISTS (
        SELECT FROM enrolment_lifevisit AS v WHERE v.beneficiary_id = OLD.id AND v.payee_id = OLD.payee_id
            AND v.outcome = 'alive' AND v.confirmed_by_id IS NOT NULL AND v.recorded_at >= OLD.standing_at
    ) AND NOT EXISTS (
        SELECT FROM enrolment_change AS c WHERE c.beneficiary_id = OLD.id AND c.kind = 'payee' AND c.approved
            AND c.new_payee_id = OLD.payee_id AND c.decided_at >= OLD.standing_at
    ) THEN
        RAISE EXCEPTION 'beneficiary % has no confirmed proof of life', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'standing_proof_of_life';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER standing_transition BEFORE UPDATE OF status ON enrolment_beneficiary
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION enrolment_standing_transition();

-- A decision and a confirmation are said once.
CREATE FUNCTION enrolment_said_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% % was decided already', TG_TABLE_NAME, OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'said_once';
END $$;
CREATE TRIGGER change_decided_once BEFORE UPDATE ON enrolment_change
    FOR EACH ROW WHEN (OLD.decided_by_id IS NOT NULL) EXECUTE FUNCTION enrolment_said_once();
CREATE TRIGGER life_visit_confirmed_once BEFORE UPDATE ON enrolment_lifevisit
    FOR EACH ROW WHEN (OLD.confirmed_by_id IS NOT NULL) EXECUTE FUNCTION enrolment_said_once();
"""


def _history_of(table: str, kind: str, beneficiary: str, column: str, prefix: str) -> str:
    """Return the trigger that writes each change of `column` to the history, as the owner, once per statement."""
    name = f"enrolment_{kind}_history"
    return f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO enrolment_event (beneficiary_id, kind, object_id, before, after, reason, by, at)
    SELECT new_row.{beneficiary}, '{kind}', new_row.id, old_row.{column}, new_row.{column}, new_row.{prefix}_reason,
        new_row.{prefix}_by, new_row.{prefix}_at
    FROM old_rows AS old_row JOIN new_rows AS new_row ON new_row.id = old_row.id
    WHERE new_row.{column} <> old_row.{column};
    RETURN NULL;
END $$;
CREATE TRIGGER {kind}_history AFTER UPDATE ON {table} REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION {name}();
"""


HISTORY = "".join(
    [
        _history_of("enrolment_beneficiary", "standing", "id", "status", "standing"),
        _history_of("enrolment_accountrequest", "request", "beneficiary_id", "status", "status"),
        _history_of("enrolment_account", "account", "beneficiary_id", "status", "status"),
        _history_of("enrolment_account", "title", "beneficiary_id", "title_status", "status"),
    ]
)

TAKE_OVER = f"""
CREATE FUNCTION enrolment_take_over(wanted bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE c record;
BEGIN
    SELECT * INTO c FROM enrolment_change WHERE id = wanted AND kind = 'payee' AND approved;
    UPDATE enrolment_beneficiary SET payee_id = c.new_payee_id, payee_rule = 'changed_payee'
    WHERE id = c.beneficiary_id AND payee_id = c.payee_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'change % is no approved change of this payee', wanted
            USING ERRCODE = 'check_violation', CONSTRAINT = 'take_over_approved';
    END IF;
    INSERT INTO enrolment_event (beneficiary_id, kind, object_id, before, after, reason, by, at)
    SELECT c.beneficiary_id, 'payee', c.id, c.payee_id::text, c.new_payee_id::text, left(c.reason, 200), u.username, c.decided_at
    FROM auth_user AS u WHERE u.id = c.decided_by_id;
END $$;
REVOKE EXECUTE ON FUNCTION enrolment_take_over(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION enrolment_take_over(bigint) TO {APP_ROLE};
"""

GRANTS = "".join(
    [
        grant(
            "enrolment_beneficiary",
            "UPDATE (status, standing_reason, standing_since, standing_proof, standing_until, standing_by, standing_at)",
        ),
        grant(
            "enrolment_account",
            "UPDATE (status, status_reason, status_by, status_at, title, title_status, title_similarity, activation, "
            "activation_reference, closed_on, mobile_sealed)",
        ),
        history("enrolment_accountfile"),
        grant("enrolment_accountrequest", "SELECT", "INSERT", "UPDATE (status, status_reason, status_by, status_at)"),
        grant_sequence("enrolment_accountrequest"),
        grant(
            "enrolment_change", "SELECT", "INSERT", "UPDATE (status, approved, decided_by_id, decided_at, decision_reason)"
        ),
        grant_sequence("enrolment_change"),
        grant("enrolment_lifevisit", "SELECT", "INSERT", "UPDATE (confirmed_by_id, confirmed_at)"),
        grant_sequence("enrolment_lifevisit"),
        grant("enrolment_event", "SELECT"),
    ]
)


class Migration(migrations.Migration):
    dependencies = [
        ("enrolment", "0002_grants"),
        ("registry", "0003_lists"),
        ("targeting", "0005_simulations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name='AccountFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('bank', models.CharField(max_length=60)),
                ('direction', models.CharField(choices=[('out', 'Out'), ('in', 'In')], max_length=3)),
                ('name', models.CharField(max_length=120)),
                ('sha256', models.CharField(max_length=64)),
                ('lines', models.PositiveIntegerField()),
                ('at', models.DateTimeField()),
                ('by', models.CharField(max_length=150)),
            ],
        ),
        migrations.CreateModel(
            name='AccountRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('bank', models.CharField(max_length=60)),
                ('bank_bic', models.CharField(max_length=11)),
                ('channel', models.CharField(choices=[('account', 'Account'), ('wallet', 'Wallet')], max_length=10)),
                ('status', models.CharField(choices=[('requested', 'Requested'), ('screened', 'Screened'), ('opened', 'Opened'), ('refused', 'Refused')], default='requested', max_length=10)),
                ('status_reason', models.CharField(blank=True, default='', max_length=200)),
                ('status_by', models.CharField(max_length=150)),
                ('status_at', models.DateTimeField()),
                ('requested_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Change',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('account', 'Account'), ('cnic', 'Cnic'), ('payee', 'Payee')], max_length=10)),
                ('reason', models.CharField(max_length=500)),
                ('new_bank', models.CharField(blank=True, default='', max_length=60)),
                ('new_iban_sealed', models.BinaryField(null=True)),
                ('new_iban_last4', models.CharField(blank=True, default='', max_length=4)),
                ('new_mobile_sealed', models.BinaryField(null=True)),
                ('new_cnic_sealed', models.BinaryField(null=True)),
                ('new_cnic_valid_until', models.DateField(null=True)),
                ('matched', models.BooleanField()),
                ('findings', models.JSONField(default=list)),
                ('status', models.CharField(choices=[('asked', 'Asked'), ('approved', 'Approved'), ('refused', 'Refused')], default='asked', max_length=10)),
                ('approved', models.BooleanField(default=False)),
                ('asked_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(null=True)),
                ('decision_reason', models.CharField(blank=True, default='', max_length=500)),
            ],
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('standing', 'Standing'), ('payee', 'Payee'), ('request', 'Request'), ('account', 'Account'), ('title', 'Title')], max_length=10)),
                ('object_id', models.BigIntegerField()),
                ('before', models.CharField(max_length=20)),
                ('after', models.CharField(max_length=20)),
                ('reason', models.CharField(max_length=200)),
                ('by', models.CharField(max_length=150)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='LifeVisit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('visited_on', models.DateField()),
                ('outcome', models.CharField(choices=[('alive', 'Alive'), ('dead', 'Dead'), ('not_found', 'Not Found')], max_length=10)),
                ('note', models.CharField(blank=True, default='', max_length=500)),
                ('recorded_at', models.DateTimeField()),
                ('confirmed_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name='account',
            name='activation',
            field=models.CharField(blank=True, choices=[('', 'None'), ('biometric', 'Biometric'), ('verisys', 'Verisys'), ('synthetic', 'Synthetic')], db_default='', default='', max_length=10),
        ),
        migrations.AddField(
            model_name='account',
            name='activation_reference',
            field=models.CharField(blank=True, db_default='', default='', max_length=60),
        ),
        migrations.AddField(
            model_name='account',
            name='change_approved',
            field=models.BooleanField(null=True),
        ),
        migrations.AddField(
            model_name='account',
            name='mobile_sealed',
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name='account',
            name='payee',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.person'),
        ),
        migrations.AddField(
            model_name='account',
            name='status',
            field=models.CharField(choices=[('opened', 'Opened'), ('inactive', 'Inactive'), ('active', 'Active'), ('blocked', 'Blocked'), ('closed', 'Closed')], db_default='opened', default='opened', max_length=10),
        ),
        migrations.AddField(
            model_name='account',
            name='status_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddField(
            model_name='account',
            name='status_by',
            field=models.CharField(blank=True, db_default='', default='', max_length=150),
        ),
        migrations.AddField(
            model_name='account',
            name='status_reason',
            field=models.CharField(blank=True, db_default='', default='', max_length=200),
        ),
        migrations.AddField(
            model_name='account',
            name='title',
            field=models.CharField(blank=True, db_default='', default='', max_length=140),
        ),
        migrations.AddField(
            model_name='account',
            name='title_similarity',
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='account',
            name='title_status',
            field=models.CharField(choices=[('pending', 'Pending'), ('matched', 'Matched'), ('doubtful', 'Doubtful'), ('refused', 'Refused')], db_default='pending', default='pending', max_length=10),
        ),
        migrations.AddField(
            model_name='beneficiary',
            name='standing_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddField(
            model_name='beneficiary',
            name='standing_by',
            field=models.CharField(blank=True, db_default='', default='', max_length=150),
        ),
        migrations.AddField(
            model_name='beneficiary',
            name='standing_proof',
            field=models.CharField(blank=True, db_default='', default='', max_length=10),
        ),
        migrations.AddField(
            model_name='beneficiary',
            name='standing_reason',
            field=models.CharField(blank=True, db_default='', default='', max_length=60),
        ),
        migrations.AddField(
            model_name='beneficiary',
            name='standing_since',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='beneficiary',
            name='standing_until',
            field=models.DateField(null=True),
        ),
        migrations.AddConstraint(
            model_name='accountfile',
            constraint=models.UniqueConstraint(fields=('bank', 'direction', 'sha256'), name='account_file_once'),
        ),
        migrations.AddConstraint(
            model_name='accountfile',
            constraint=models.CheckConstraint(condition=models.Q(('direction__in', ['out', 'in'])), name='account_file_direction'),
        ),
        migrations.AddField(
            model_name='accountrequest',
            name='beneficiary',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='enrolment.beneficiary'),
        ),
        migrations.AddField(
            model_name='accountrequest',
            name='file',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='enrolment.accountfile'),
        ),
        migrations.AddField(
            model_name='accountrequest',
            name='payee',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.person'),
        ),
        migrations.AddField(
            model_name='account',
            name='request',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, to='enrolment.accountrequest'),
        ),
        migrations.AddField(
            model_name='change',
            name='asked_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='change',
            name='beneficiary',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='enrolment.beneficiary'),
        ),
        migrations.AddField(
            model_name='change',
            name='decided_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='change',
            name='new_payee',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.person'),
        ),
        migrations.AddField(
            model_name='change',
            name='payee',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.person'),
        ),
        migrations.AddField(
            model_name='account',
            name='change',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, to='enrolment.change'),
        ),
        migrations.AddField(
            model_name='event',
            name='beneficiary',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='enrolment.beneficiary'),
        ),
        migrations.AddField(
            model_name='lifevisit',
            name='beneficiary',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='enrolment.beneficiary'),
        ),
        migrations.AddField(
            model_name='lifevisit',
            name='confirmed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='lifevisit',
            name='payee',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.person'),
        ),
        migrations.AddField(
            model_name='lifevisit',
            name='recorded_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='accountrequest',
            index=models.Index(fields=['beneficiary'], name='account_request_of'),
        ),
        migrations.AddConstraint(
            model_name='accountrequest',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['requested', 'screened'])), fields=('beneficiary',), name='account_request_one_waiting'),
        ),
        migrations.AddConstraint(
            model_name='accountrequest',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['requested', 'screened', 'opened', 'refused'])), name='account_request_status'),
        ),
        migrations.AddConstraint(
            model_name='accountrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'refused'), _negated=True), models.Q(('status_reason', ''), _negated=True), _connector='OR'), name='account_request_refused_why'),
        ),
        migrations.AddConstraint(
            model_name='change',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'asked')), fields=('beneficiary',), name='change_one_waiting'),
        ),
        migrations.AddConstraint(
            model_name='change',
            constraint=models.CheckConstraint(condition=models.Q(('decided_by__isnull', True), models.Q(('decided_by', models.F('asked_by')), _negated=True), _connector='OR'), name='change_second_person'),
        ),
        migrations.AddConstraint(
            model_name='change',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True), ('status', 'asked')), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('status__in', ['approved', 'refused'])), _connector='OR'), name='change_decided_by'),
        ),
        migrations.AddConstraint(
            model_name='change',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('approved', True), ('matched', True), ('status', 'approved')), models.Q(models.Q(('status', 'approved'), _negated=True), ('approved', False)), _connector='OR'), name='change_approved_matches'),
        ),
        migrations.AddConstraint(
            model_name='change',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'account'), ('new_iban_sealed__isnull', False), ('new_payee__isnull', True)), models.Q(('kind', 'cnic'), ('new_cnic_sealed__isnull', False), ('new_payee__isnull', True)), models.Q(('kind', 'payee'), ('new_payee__isnull', False)), _connector='OR'), name='change_says_what'),
        ),
        migrations.AddConstraint(
            model_name='lifevisit',
            constraint=models.CheckConstraint(condition=models.Q(('outcome__in', ['alive', 'dead', 'not_found'])), name='life_visit_outcome'),
        ),
        migrations.AddConstraint(
            model_name='lifevisit',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('confirmed_at__isnull', True), ('confirmed_by__isnull', True)), models.Q(('confirmed_at__isnull', False), ('confirmed_by__isnull', False), models.Q(('confirmed_by', models.F('recorded_by')), _negated=True)), _connector='OR'), name='life_visit_second_person'),
        ),
        migrations.AddConstraint(
            model_name='lifevisit',
            constraint=models.UniqueConstraint(condition=models.Q(('confirmed_by__isnull', True)), fields=('beneficiary',), name='life_visit_one_waiting'),
        ),
        migrations.RunSQL(BACKFILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='account',
            name='payee',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.person'),
        ),
        migrations.AddConstraint(
            model_name='beneficiary',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'active'), models.Q(('standing_reason', ''), _negated=True), _connector='OR'), name='beneficiary_standing_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='beneficiary',
            constraint=models.CheckConstraint(condition=models.Q(('standing_proof__in', ['', 'life', 'papers'])), name='beneficiary_standing_proof'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.UniqueConstraint(condition=models.Q(('channel', 'wallet'), ('closed_on__isnull', True)), fields=('payee',), name='account_one_wallet_per_payee'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.UniqueConstraint(condition=models.Q(('channel', 'wallet'), ('closed_on__isnull', True)), fields=('mobile_sealed',), name='account_one_wallet_per_mobile'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['opened', 'inactive', 'active', 'blocked', 'closed'])), name='account_status'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_on__isnull', False), ('status', 'closed')), models.Q(models.Q(('status', 'closed'), _negated=True), ('closed_on__isnull', True)), _connector='OR'), name='account_closed_when'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('title_status__in', ['pending', 'matched', 'doubtful', 'refused'])), name='account_title_status'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ['inactive', 'active']), _negated=True), ('title_status', 'matched'), _connector='OR'), name='account_title_before_use'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'active'), _negated=True), models.Q(('activation', ''), _negated=True), _connector='OR'), name='account_visit_before_use'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('activation', ''), ('activation_reference', '')), models.Q(('activation', 'synthetic'), ('synthetic', True)), models.Q(('activation__in', ['biometric', 'verisys']), models.Q(('activation_reference', ''), _negated=True)), _connector='OR'), name='account_visit_reference'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('synthetic', True), ('request__isnull', False), ('change__isnull', False), _connector='OR'), name='account_has_origin'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('change__isnull', True), ('change_approved__isnull', True)), models.Q(('change__isnull', False), ('change_approved', True)), _connector='OR'), name='account_change_approved'),
        ),
        migrations.RunSQL(KEYS + TRANSITIONS + HISTORY + TAKE_OVER + GRANTS, migrations.RunSQL.noop),
    ]
