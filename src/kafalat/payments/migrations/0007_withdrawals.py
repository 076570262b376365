"""Devices, verifications at the counter, one-time authorisations, and withdrawals.

Composite keys bind an authorisation to the payment and device of its verification, a withdrawal to exactly what was
authorised, a fallback's answer to the operator who asked. Triggers hold what spans tables: nothing is authorised
without a match, for a payment not paid or a payee not in the programme, or at a blocked device; an authorisation dies
with its minutes; no more is taken out of a payment than it holds; a device's standing follows the acts about it.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from kafalat.core.grants import grant, grant_sequence, history

KEYS = """
ALTER TABLE payments_deviceact ADD CONSTRAINT device_act_person UNIQUE (id, device_id, by_id);
ALTER TABLE payments_deviceact ADD CONSTRAINT device_act_of_request
    FOREIGN KEY (asked_id, device_id, asked_by_id) REFERENCES payments_deviceact (id, device_id, by_id);
ALTER TABLE payments_verification ADD CONSTRAINT verification_person UNIQUE (id, operator_id);
ALTER TABLE payments_verification ADD CONSTRAINT verification_object UNIQUE (id, payment_id, device_id);
ALTER TABLE payments_fallback ADD CONSTRAINT fallback_of_operator
    FOREIGN KEY (verification_id, operator_id) REFERENCES payments_verification (id, operator_id);
ALTER TABLE payments_fallback ADD CONSTRAINT fallback_person UNIQUE (id, operator_id);
ALTER TABLE payments_fallbackanswer ADD CONSTRAINT fallback_answer_of_operator
    FOREIGN KEY (fallback_id, operator_id) REFERENCES payments_fallback (id, operator_id);
ALTER TABLE payments_authorisation ADD CONSTRAINT authorisation_of_verification
    FOREIGN KEY (verification_id, payment_id, device_id) REFERENCES payments_verification (id, payment_id, device_id);
ALTER TABLE payments_authorisation ADD CONSTRAINT authorisation_object UNIQUE (id, payment_id, device_id, amount_paisa);
ALTER TABLE payments_withdrawal ADD CONSTRAINT withdrawal_as_authorised
    FOREIGN KEY (authorisation_id, payment_id, device_id, amount_paisa)
    REFERENCES payments_authorisation (id, payment_id, device_id, amount_paisa);
"""

TRIGGERS = """
-- Runs with the owner's rights: the application cannot set a device's standing except by an act on record.
CREATE FUNCTION payments_device_standing() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.act = 'unblock' AND NOT EXISTS (
        SELECT FROM public.payments_deviceact AS a WHERE a.id = NEW.asked_id AND a.act = 'ask' AND NOT EXISTS (
            SELECT FROM public.payments_deviceact AS b
            WHERE b.device_id = NEW.device_id AND b.act = 'block' AND b.id > a.id)) THEN
        RAISE EXCEPTION 'device % was not asked to be unblocked since it was last blocked', NEW.device_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'device_act_answers_request';
    END IF;
    UPDATE public.payments_device SET status = CASE NEW.act WHEN 'block' THEN 'blocked' ELSE 'active' END
    WHERE id = NEW.device_id AND NEW.act <> 'ask';
    RETURN NULL;
END $$;
CREATE TRIGGER device_standing AFTER INSERT ON payments_deviceact
    FOR EACH ROW EXECUTE FUNCTION payments_device_standing();

CREATE FUNCTION payments_fallback_before_try() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.means <> 'fingerprint' AND NOT EXISTS (
        SELECT FROM payments_fallback AS f JOIN payments_fallbackanswer AS a ON a.fallback_id = f.id
        WHERE f.verification_id = NEW.verification_id AND f.means = NEW.means AND a.granted) THEN
        RAISE EXCEPTION 'verification %: nobody granted %', NEW.verification_id, NEW.means
            USING ERRCODE = 'check_violation', CONSTRAINT = 'verification_fallback_granted';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fallback_before_try BEFORE INSERT ON payments_verificationtry
    FOR EACH ROW EXECUTE FUNCTION payments_fallback_before_try();

CREATE FUNCTION payments_authorisation_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM payments_payment AS p
        JOIN payments_entitlement AS e ON e.id = p.entitlement_id
        JOIN enrolment_beneficiary AS b ON b.id = e.beneficiary_id
        JOIN payments_device AS d ON d.id = NEW.device_id
        WHERE p.id = NEW.payment_id AND p.status = 'paid' AND p.amount_paisa = NEW.amount_paisa
          AND b.status = 'active' AND d.status = 'active'
          AND EXISTS (SELECT FROM payments_verificationtry AS t
                      WHERE t.verification_id = NEW.verification_id AND t.result = 'match')) THEN
        RAISE EXCEPTION 'payment % cannot be authorised under verification %', NEW.payment_id, NEW.verification_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'authorisation_holds';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER authorisation_holds BEFORE INSERT ON payments_authorisation
    FOR EACH ROW EXECUTE FUNCTION payments_authorisation_holds();

-- Checked again when the cash goes: in the minutes between, a device may be blocked and a payee suspended.
CREATE FUNCTION payments_withdrawal_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM payments_authorisation AS a
        JOIN payments_device AS d ON d.id = a.device_id
        JOIN payments_payment AS p ON p.id = a.payment_id
        JOIN payments_entitlement AS e ON e.id = p.entitlement_id
        JOIN enrolment_beneficiary AS b ON b.id = e.beneficiary_id
        WHERE a.id = NEW.authorisation_id AND NEW.at BETWEEN a.issued_at AND a.expires_at
          AND d.status = 'active' AND b.status = 'active') THEN
        RAISE EXCEPTION 'authorisation % does not hold at %', NEW.authorisation_id, NEW.at
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_in_time';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER withdrawal_in_time BEFORE INSERT ON payments_withdrawal
    FOR EACH ROW WHEN (NEW.authorisation_id IS NOT NULL) EXECUTE FUNCTION payments_withdrawal_in_time();

-- One statement for all rows that came together; the payments' rows are locked first, so that two at once count each other.
CREATE FUNCTION payments_withdrawal_within() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE over bigint;
BEGIN
    PERFORM 1 FROM payments_payment WHERE id IN (SELECT payment_id FROM fresh) ORDER BY id FOR NO KEY UPDATE;
    SELECT p.id INTO over
    FROM payments_payment AS p
    JOIN payments_withdrawal AS w ON w.payment_id = p.id
    WHERE p.id IN (SELECT payment_id FROM fresh)
      AND NOT EXISTS (SELECT FROM payments_reversal AS r WHERE r.withdrawal_id = w.id)
    GROUP BY p.id HAVING sum(w.amount_paisa) > p.amount_paisa OR p.status <> 'paid' LIMIT 1;
    IF over IS NOT NULL THEN
        RAISE EXCEPTION 'more would be taken out of payment % than it holds', over
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_within_payment';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER withdrawal_within AFTER INSERT ON payments_withdrawal REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION payments_withdrawal_within();
"""

GRANTS = "".join(
    [
        grant("payments_device", "SELECT", "INSERT"),
        grant_sequence("payments_device"),
        history("payments_deviceact"),
        history("payments_verification"),
        history("payments_verificationtry"),
        history("payments_fallback"),
        grant("payments_fallbackanswer", "SELECT", "INSERT"),
        history("payments_authorisation"),
        history("payments_withdrawalreport"),
        history("payments_withdrawal"),
        grant("payments_reversal", "SELECT", "INSERT"),
    ]
)


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0006_reconciliation"),
        ("registry", "0003_lists"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Fallback',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('means', models.CharField(max_length=11)),
                ('reason', models.CharField(max_length=300)),
                ('at', models.DateTimeField()),
                ('operator', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Withdrawal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('operator', models.CharField(max_length=150)),
                ('reference', models.CharField(max_length=60)),
                ('amount_paisa', models.BigIntegerField()),
                ('at', models.DateTimeField()),
                ('check_code', models.CharField(blank=True, max_length=6)),
            ],
        ),
        migrations.CreateModel(
            name='WithdrawalReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('bank', models.CharField(max_length=60)),
                ('name', models.CharField(max_length=200)),
                ('sha256', models.CharField(max_length=64, unique=True)),
                ('lines', models.PositiveIntegerField()),
                ('amount_paisa', models.BigIntegerField()),
                ('received_at', models.DateTimeField()),
                ('received_by', models.CharField(max_length=150)),
            ],
        ),
        migrations.CreateModel(
            name='Device',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('serial', models.CharField(max_length=40, unique=True)),
                ('bank', models.CharField(max_length=60)),
                ('agent', models.CharField(max_length=80)),
                ('opens', models.TimeField(null=True)),
                ('closes', models.TimeField(null=True)),
                ('registered_at', models.DateTimeField()),
                ('status', models.CharField(choices=[('active', 'Active'), ('blocked', 'Blocked')], default='active', max_length=7)),
                ('place', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='registry.place')),
            ],
        ),
        migrations.CreateModel(
            name='Authorisation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount_paisa', models.BigIntegerField()),
                ('token_sha256', models.CharField(max_length=64, unique=True)),
                ('issued_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='authorisations', to='payments.payment')),
                ('device', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='payments.device')),
            ],
        ),
        migrations.CreateModel(
            name='DeviceAct',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('act', models.CharField(choices=[('block', 'Block'), ('ask', 'Ask'), ('unblock', 'Unblock')], max_length=7)),
                ('asked_by_id', models.BigIntegerField(null=True)),
                ('reason', models.CharField(max_length=300)),
                ('at', models.DateTimeField()),
                ('asked', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='answer', to='payments.deviceact')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('device', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acts', to='payments.device')),
            ],
        ),
        migrations.CreateModel(
            name='FallbackAnswer',
            fields=[
                ('fallback', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='answer', serialize=False, to='payments.fallback')),
                ('granted', models.BooleanField()),
                ('day', models.DateField()),
                ('slot', models.PositiveSmallIntegerField(null=True)),
                ('slots', models.PositiveSmallIntegerField()),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Reversal',
            fields=[
                ('withdrawal', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='reversal', serialize=False, to='payments.withdrawal')),
                ('reason', models.CharField(choices=[('no_cash', 'No Cash'), ('machine_down', 'Machine Down'), ('left', 'Left')], max_length=12)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name='withdrawal',
            name='authorisation',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='withdrawal', to='payments.authorisation'),
        ),
        migrations.AddField(
            model_name='withdrawal',
            name='device',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='withdrawals', to='payments.device'),
        ),
        migrations.AddField(
            model_name='withdrawal',
            name='payment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='withdrawals', to='payments.payment'),
        ),
        migrations.CreateModel(
            name='Verification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('programme_sha256', models.CharField(max_length=64)),
                ('started_at', models.DateTimeField()),
                ('until', models.DateTimeField()),
                ('device', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='payments.device')),
                ('operator', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='verifications', to='payments.payment')),
            ],
        ),
        migrations.AddField(
            model_name='fallback',
            name='verification',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='fallbacks', to='payments.verification'),
        ),
        migrations.AddField(
            model_name='authorisation',
            name='verification',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='authorisation', to='payments.verification'),
        ),
        migrations.CreateModel(
            name='VerificationTry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField()),
                ('means', models.CharField(max_length=11)),
                ('finger', models.CharField(blank=True, max_length=12)),
                ('result', models.CharField(max_length=11)),
                ('code', models.CharField(blank=True, max_length=20)),
                ('sample_ref', models.CharField(max_length=60)),
                ('at', models.DateTimeField()),
                ('verification', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='tries', to='payments.verification')),
            ],
        ),
        migrations.AddField(
            model_name='withdrawal',
            name='report',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='payments.withdrawalreport'),
        ),
        migrations.AddConstraint(
            model_name='device',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['active', 'blocked'])), name='device_status'),
        ),
        migrations.AddConstraint(
            model_name='device',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closes__isnull', True), ('opens__isnull', True)), models.Q(('closes__isnull', False), ('opens__isnull', False), ('opens__lt', models.F('closes'))), _connector='OR'), name='device_hours'),
        ),
        migrations.AddConstraint(
            model_name='deviceact',
            constraint=models.CheckConstraint(condition=models.Q(('act__in', ['block', 'ask', 'unblock'])), name='device_act'),
        ),
        migrations.AddConstraint(
            model_name='deviceact',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('act', 'unblock'), ('asked__isnull', False), ('asked_by_id__isnull', False)), models.Q(models.Q(('act', 'unblock'), _negated=True), ('asked__isnull', True), ('asked_by_id__isnull', True)), _connector='OR'), name='device_act_answers'),
        ),
        migrations.AddConstraint(
            model_name='deviceact',
            constraint=models.CheckConstraint(condition=models.Q(('asked_by_id__isnull', True), models.Q(('by_id', models.F('asked_by_id')), _negated=True), _connector='OR'), name='device_act_two_people'),
        ),
        migrations.AddField(
            model_name='fallbackanswer',
            name='operator',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='fallbackanswer',
            name='supervisor',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='reversal',
            name='by',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='verification',
            index=models.Index(fields=['operator', 'started_at'], name='verification_operator'),
        ),
        migrations.AddConstraint(
            model_name='verification',
            constraint=models.CheckConstraint(condition=models.Q(('until__gt', models.F('started_at'))), name='verification_ends'),
        ),
        migrations.AddConstraint(
            model_name='fallback',
            constraint=models.UniqueConstraint(fields=('verification', 'means'), name='fallback_once'),
        ),
        migrations.AddConstraint(
            model_name='authorisation',
            constraint=models.CheckConstraint(condition=models.Q(('amount_paisa__gt', 0)), name='authorisation_positive'),
        ),
        migrations.AddConstraint(
            model_name='authorisation',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('issued_at'))), name='authorisation_expires'),
        ),
        migrations.AddConstraint(
            model_name='verificationtry',
            constraint=models.UniqueConstraint(fields=('verification', 'number'), name='verification_try_once'),
        ),
        migrations.AddConstraint(
            model_name='verificationtry',
            constraint=models.UniqueConstraint(condition=models.Q(('result', 'match')), fields=('verification',), name='verification_ends_with_match'),
        ),
        migrations.AddConstraint(
            model_name='verificationtry',
            constraint=models.CheckConstraint(condition=models.Q(('means__in', ['fingerprint', 'face', 'verisys'])), name='verification_means'),
        ),
        migrations.AddConstraint(
            model_name='verificationtry',
            constraint=models.CheckConstraint(condition=models.Q(('result__in', ['match', 'no_match', 'unavailable', 'error'])), name='verification_result'),
        ),
        migrations.AddConstraint(
            model_name='verificationtry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('means', 'fingerprint'), models.Q(('finger', ''), _negated=True)), models.Q(models.Q(('means', 'fingerprint'), _negated=True), ('finger', '')), _connector='OR'), name='verification_finger'),
        ),
        migrations.AddIndex(
            model_name='withdrawal',
            index=models.Index(fields=['device', 'at'], name='withdrawal_device_at'),
        ),
        migrations.AddConstraint(
            model_name='withdrawal',
            constraint=models.CheckConstraint(condition=models.Q(('amount_paisa__gt', 0)), name='withdrawal_positive'),
        ),
        migrations.AddConstraint(
            model_name='withdrawal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('authorisation__isnull', True), ('report__isnull', False)), models.Q(('authorisation__isnull', False), ('report__isnull', True)), _connector='OR'), name='withdrawal_authorised_or_reported'),
        ),
        migrations.AddConstraint(
            model_name='withdrawal',
            constraint=models.UniqueConstraint(fields=('device', 'reference'), name='withdrawal_once'),
        ),
        migrations.AddConstraint(
            model_name='fallbackanswer',
            constraint=models.CheckConstraint(condition=models.Q(('supervisor', models.F('operator')), _negated=True), name='fallback_two_people'),
        ),
        migrations.AddConstraint(
            model_name='fallbackanswer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('granted', True), ('slot__isnull', False)), models.Q(('granted', False), ('slot__isnull', True)), _connector='OR'), name='fallback_slot_when_granted'),
        ),
        migrations.AddConstraint(
            model_name='fallbackanswer',
            constraint=models.CheckConstraint(condition=models.Q(('slot__isnull', True), models.Q(('slot__gte', 1), ('slot__lte', models.F('slots'))), _connector='OR'), name='fallback_slots'),
        ),
        migrations.AddConstraint(
            model_name='fallbackanswer',
            constraint=models.UniqueConstraint(fields=('operator', 'day', 'slot'), name='fallback_slot_once'),
        ),
        migrations.AddConstraint(
            model_name='reversal',
            constraint=models.CheckConstraint(condition=models.Q(('reason__in', ['no_cash', 'machine_down', 'left'])), name='reversal_reason'),
        ),
        migrations.RunSQL(KEYS + TRIGGERS + GRANTS, migrations.RunSQL.noop),
    ]
