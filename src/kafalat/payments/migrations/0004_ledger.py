"""Postings of whole lists and files beside those of single payments, and accounts by who has the money.

Rows of older books stay: their accounts get the names of today (`due` was the obligation, `back:<bank>` what returned,
`fund` the fund of what the cycle pays), and two rows are added that older versions did not post: a rejected list gives its
money back to the fund, and the list that takes up its payments again draws it anew.
"""

import django.db.models.deletion
from django.db import migrations, models

RENAME = """
UPDATE payments_transfer AS t SET
    debit = CASE WHEN debit = 'due' THEN 'obligation' WHEN debit = 'fund' THEN 'fund:' || f.fund
        WHEN debit LIKE 'back:%' THEN 'returned:' || substr(debit, 6) ELSE debit END,
    credit = CASE WHEN credit = 'due' THEN 'obligation' WHEN credit = 'fund' THEN 'fund:' || f.fund
        WHEN credit LIKE 'back:%' THEN 'returned:' || substr(credit, 6) ELSE credit END
FROM (SELECT cycle_id, min(fund) AS fund FROM payments_paymentlist GROUP BY cycle_id) AS f WHERE f.cycle_id = t.cycle_id;

INSERT INTO payments_transfer (cycle_id, payment_list_id, kind, debit, credit, amount_paisa, at)
SELECT l.cycle_id, l.id, 'cancelled', 'fund:' || l.fund, 'obligation', sum(p.amount_paisa)::bigint, l.prepared_at
FROM payments_paymentlist AS l JOIN payments_payment AS p ON p.payment_list_id = l.id AND p.status = 'cancelled' GROUP BY l.id;

INSERT INTO payments_transfer (cycle_id, payment_list_id, kind, debit, credit, amount_paisa, at)
SELECT l.cycle_id, l.id, 'due', 'obligation', 'fund:' || l.fund, sum(p.amount_paisa)::bigint, l.prepared_at
FROM payments_paymentlist AS l JOIN payments_payment AS p ON p.payment_list_id = l.id
JOIN payments_payment AS previous
    ON previous.entitlement_id = p.entitlement_id AND previous.attempt = p.attempt - 1 AND previous.status = 'cancelled' GROUP BY l.id;

SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_cycles")]
    operations = [
        migrations.RemoveConstraint(model_name="transfer", name="transfer_kind"),
        migrations.AddField(
            model_name="transfer",
            name="bank_file",
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="transfers", to="payments.bankfile"),
        ),
        migrations.AddField(
            model_name="transfer",
            name="payment_list",
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="transfers", to="payments.paymentlist"),
        ),
        migrations.RunSQL(RENAME, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.UniqueConstraint(condition=models.Q(("payment_list__isnull", False)), fields=("payment_list", "kind", "debit", "credit"), name="transfer_list_once"),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.UniqueConstraint(condition=models.Q(("bank_file__isnull", False)), fields=("bank_file", "kind"), name="transfer_file_once"),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(condition=models.Q(
                models.Q(("kind", "paid"), ("bank_file__isnull", True), ("payment__isnull", False), ("payment_list__isnull", True), ("debit__startswith", "paid:"), ("credit__startswith", "in_flight:")),
                models.Q(("kind", "returned"), ("bank_file__isnull", True), ("payment__isnull", False), ("payment_list__isnull", True), ("debit__startswith", "returned:"), models.Q(("credit__startswith", "in_flight:"), ("credit__startswith", "paid:"), _connector="OR")),
                models.Q(("kind", "rejected"), ("bank_file__isnull", True), ("payment__isnull", False), ("payment_list__isnull", True), ("debit__startswith", "returned:"), ("credit__startswith", "in_flight:")),
                models.Q(("kind", "recalled"), ("bank_file__isnull", True), ("payment__isnull", False), ("payment_list__isnull", True), ("debit__startswith", "returned:"), models.Q(("credit__startswith", "in_flight:"), ("credit__startswith", "settlement:"), _connector="OR")),
                models.Q(("kind", "reissued"), ("bank_file__isnull", True), ("payment__isnull", False), ("payment_list__isnull", True), ("debit", "obligation"), models.Q(("credit__startswith", "returned:"), ("credit", "suspense"), _connector="OR")),
                models.Q(("kind", "parked"), ("bank_file__isnull", True), ("payment__isnull", False), ("payment_list__isnull", True), ("debit", "suspense"), ("credit__startswith", "returned:")),
                models.Q(("kind", "reversed"), ("bank_file__isnull", True), ("payment__isnull", False), ("payment_list__isnull", True), ("debit__startswith", "reversed:"), ("credit__startswith", "paid:")),
                models.Q(("kind", "recredited"), ("bank_file__isnull", True), ("payment__isnull", False), ("payment_list__isnull", True), ("debit", "obligation"), models.Q(("credit__startswith", "reversed:"), ("credit", "treasury"), _connector="OR")),
                models.Q(("kind", "refunded"), ("bank_file__isnull", True), ("payment__isnull", False), ("payment_list__isnull", True), ("debit", "treasury"), models.Q(("credit__startswith", "reversed:"), ("credit", "suspense"), _connector="OR")),
                models.Q(("kind", "fund"), models.Q(models.Q(("bank_file__isnull", True), ("payment__isnull", True), ("payment_list__isnull", False)), models.Q(("bank_file__isnull", True), ("payment__isnull", True), ("payment_list__isnull", True)), _connector="OR"), ("debit__startswith", "fund:"), ("credit", "treasury")),
                models.Q(("kind", "due"), models.Q(models.Q(("bank_file__isnull", True), ("payment__isnull", True), ("payment_list__isnull", False)), models.Q(("bank_file__isnull", True), ("payment__isnull", False), ("payment_list__isnull", True)), _connector="OR"), ("debit", "obligation"), ("credit__startswith", "fund:")),
                models.Q(("kind", "cancelled"), models.Q(models.Q(("bank_file__isnull", True), ("payment__isnull", True), ("payment_list__isnull", False)), models.Q(("bank_file__isnull", True), ("payment__isnull", False), ("payment_list__isnull", True)), _connector="OR"), ("debit__startswith", "fund:"), models.Q(("credit", "obligation"), ("credit__startswith", "settlement:"), _connector="OR")),
                models.Q(("kind", "released"), ("bank_file__isnull", False), ("payment__isnull", True), ("payment_list__isnull", True), ("debit__startswith", "settlement:"), ("credit", "obligation")),
                models.Q(("kind", "sent"), models.Q(models.Q(("bank_file__isnull", False), ("payment__isnull", True), ("payment_list__isnull", True)), models.Q(("bank_file__isnull", True), ("payment__isnull", False), ("payment_list__isnull", True)), _connector="OR"), ("debit__startswith", "in_flight:"), models.Q(("credit__startswith", "settlement:"), ("credit", "obligation"), _connector="OR")), _connector="OR"), name="transfer_kind"),
        ),
    ]
