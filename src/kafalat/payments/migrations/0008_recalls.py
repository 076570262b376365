"""Recalls: payments asked back from a bank by two people, and what banks answer.

Composite keys tie the second person's yes to exactly the request that was asked for; triggers let only payments on their
way be asked back, and none be recalled that two people did not ask for. All but the time of sending is history.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from kafalat.core.grants import grant, history

KEYS = """
ALTER TABLE payments_recall ADD CONSTRAINT recall_seen UNIQUE (id, sha256, asked_by_id, asked_person);
ALTER TABLE payments_recallagreement ADD CONSTRAINT recall_agreement_of_seen
    FOREIGN KEY (recall_id, sha256, asked_by_id, asked_person)
    REFERENCES payments_recall (id, sha256, asked_by_id, asked_person);
"""

TRIGGERS = """
CREATE FUNCTION payments_recall_asked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT payments_has_role(NEW.asked_by_id, 'payment_releaser', 'reconciler') THEN
        RAISE EXCEPTION 'login % may not ask for a recall', NEW.asked_by_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'recall_by_role';
    END IF;
    NEW.asked_person := payments_person(NEW.asked_by_id);
    RETURN NEW;
END $$;
CREATE TRIGGER recall_asked BEFORE INSERT ON payments_recall FOR EACH ROW EXECUTE FUNCTION payments_recall_asked();

-- Asked back are payments of the request's own file that left as a file and are on their way, and only until it is agreed to.
CREATE FUNCTION payments_recall_items() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM added JOIN payments_recall AS r ON r.id = added.recall_id
        JOIN payments_bankfile AS f ON f.id = r.bank_file_id JOIN payments_outbox AS o ON o.bank_file_id = f.id
        JOIN payments_payment AS p ON p.id = added.payment_id
        WHERE (p.payment_list_id, p.bank, p.part) <> (f.payment_list_id, f.bank, f.part)
            OR p.status NOT IN ('sent', 'accepted') OR o.sent_at IS NULL OR o.transport <> 'file'
            OR EXISTS (SELECT FROM payments_recallagreement AS a WHERE a.recall_id = r.id)
    ) THEN
        RAISE EXCEPTION 'a payment is not on its way in the file of its recall'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'recall_item_on_its_way';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER recall_items AFTER INSERT ON payments_recallitem
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION payments_recall_items();

-- The second yes locks the request, is of a person with the right to it, and covers what the request says.
CREATE FUNCTION payments_recall_agreed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT payments_has_role(NEW.agreed_by_id, 'payment_releaser', 'reconciler') THEN
        RAISE EXCEPTION 'login % may not agree to a recall', NEW.agreed_by_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'recall_by_role';
    END IF;
    IF NOT EXISTS (
        SELECT FROM payments_recall AS r WHERE r.id = NEW.recall_id AND (r.payments, r.amount_paisa) = (
            SELECT count(*), sum(p.amount_paisa) FROM payments_recallitem AS i
            JOIN payments_payment AS p ON p.id = i.payment_id WHERE i.recall_id = r.id)
    ) THEN
        RAISE EXCEPTION 'recall % does not hold what it says', NEW.recall_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'recall_totals';
    END IF;
    NEW.agreed_person := payments_person(NEW.agreed_by_id);
    RETURN NEW;
END $$;
CREATE TRIGGER recall_agreed BEFORE INSERT ON payments_recallagreement
    FOR EACH ROW EXECUTE FUNCTION payments_recall_agreed();

CREATE FUNCTION payments_recalled_by_two() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM payments_recallitem AS i JOIN payments_recallagreement AS a ON a.recall_id = i.recall_id
        WHERE i.payment_id = NEW.id
    ) THEN
        RAISE EXCEPTION 'payment % is in no recall that two people asked for', NEW.identity
            USING ERRCODE = 'check_violation', CONSTRAINT = 'recalled_by_two';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER recalled_by_two BEFORE UPDATE OF status ON payments_payment
    FOR EACH ROW WHEN (NEW.status = 'recalled' AND OLD.status <> 'recalled')
    EXECUTE FUNCTION payments_recalled_by_two();
"""

GRANTS = (
    history("payments_recall")
    + grant("payments_recallitem", "SELECT", "INSERT")
    + grant("payments_recallagreement", "SELECT", "INSERT", "UPDATE (sent_at)")
)


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0007_withdrawals'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Recall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message_id', models.CharField(max_length=35, unique=True)),
                ('reason_code', models.CharField(max_length=4)),
                ('reason', models.TextField()),
                ('payments', models.PositiveIntegerField()),
                ('amount_paisa', models.BigIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('asked_person', models.CharField(default='', max_length=254)),
                ('asked_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='RecallItem',
            fields=[
                ('payment', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='recalled', serialize=False, to='payments.payment')),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='answerline',
            name='answer_outcome',
        ),
        migrations.RemoveConstraint(
            model_name='reportline',
            name='report_line_verdict',
        ),
        migrations.AddConstraint(
            model_name='answerline',
            constraint=models.CheckConstraint(condition=models.Q(('outcome__in', ('accepted', 'rejected', 'paid', 'returned', 'recalled', 'refused'))), name='answer_outcome'),
        ),
        migrations.AddConstraint(
            model_name='reportline',
            constraint=models.CheckConstraint(condition=models.Q(('verdict__in', ('unreferenced', 'unknown', 'wrong_bank', 'wrong_file', 'amount_mismatch', 'wrong_account', 'unsent', 'duplicate', 'contradiction', 'late', 'early', 'unasked', 'pending', 'other', 'repeated'))), name='report_line_verdict'),
        ),
        migrations.AddField(
            model_name='recall',
            name='asked_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='recall',
            name='bank_file',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='recalls', to='payments.bankfile'),
        ),
        migrations.AddField(
            model_name='recallitem',
            name='recall',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='payments.recall'),
        ),
        migrations.CreateModel(
            name='RecallAgreement',
            fields=[
                ('recall', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='agreement', serialize=False, to='payments.recall')),
                ('sha256', models.CharField(max_length=64)),
                ('asked_by_id', models.BigIntegerField()),
                ('asked_person', models.CharField(max_length=254)),
                ('agreed_person', models.CharField(default='', max_length=254)),
                ('agreed_at', models.DateTimeField()),
                ('sent_at', models.DateTimeField(null=True)),
                ('agreed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddConstraint(
            model_name='recall',
            constraint=models.CheckConstraint(condition=models.Q(('reason_code__in', ['CUST', 'DUPL', 'FRAD', 'TECH', 'UPAY']), models.Q(('reason', ''), _negated=True)), name='recall_reason'),
        ),
        migrations.AddConstraint(
            model_name='recall',
            constraint=models.CheckConstraint(condition=models.Q(('amount_paisa__gt', 0), ('payments__gt', 0)), name='recall_positive'),
        ),
        migrations.AddConstraint(
            model_name='recallagreement',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('agreed_by_id', models.F('asked_by_id')), _negated=True), models.Q(('agreed_person', models.F('asked_person')), _negated=True)), name='recall_by_two'),
        ),
        migrations.RunSQL(KEYS + TRIGGERS + GRANTS, migrations.RunSQL.noop),
    ]
