"""Payments that went to a provider's interface can be asked back as well, once it has answered for all of their file."""

from django.db import migrations

ITEMS = """
-- Asked back are payments of the request's own file that have left and are on their way, and only until it is agreed to. Of
-- a provider that is still being called nobody knows yet what it has taken.
CREATE OR REPLACE FUNCTION payments_recall_items() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM added JOIN payments_recall AS r ON r.id = added.recall_id
        JOIN payments_bankfile AS f ON f.id = r.bank_file_id JOIN payments_outbox AS o ON o.bank_file_id = f.id
        JOIN payments_payment AS p ON p.id = added.payment_id
        WHERE (p.payment_list_id, p.bank, p.part) <> (f.payment_list_id, f.bank, f.part)
            OR p.status NOT IN ('sent', 'accepted') OR o.sent_at IS NULL
            OR o.transport = 'api' AND o.answered_at IS NULL
            OR EXISTS (SELECT FROM payments_recallagreement AS a WHERE a.recall_id = r.id)
    ) THEN
        RAISE EXCEPTION 'a payment is not on its way in the file of its recall'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'recall_item_on_its_way';
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0009_transitions")]
    operations = [migrations.RunSQL(ITEMS, migrations.RunSQL.noop)]
