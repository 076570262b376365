"""What left before there were phases was of all of them: migration 0003 made the phases of open cycles wait for it once more.

In a cycle that is open, the phase of every list that left is released, and so is each in which somebody was entitled and
everybody entitled stands in a list that left.
"""

from django.db import migrations

RELEASED = """
UPDATE payments_cyclephase AS phase SET status = 'released'
FROM payments_cycle AS c
WHERE c.id = phase.cycle_id AND c.status = 'open' AND phase.status = 'waiting' AND (
    EXISTS (SELECT FROM payments_paymentlist AS l
        WHERE l.cycle_id = phase.cycle_id AND l.phase = phase.code AND l.status = 'dispatched')
    OR (EXISTS (SELECT FROM payments_entitlement AS e WHERE e.cycle_id = phase.cycle_id AND e.phase = phase.code)
        AND NOT EXISTS (
            SELECT FROM payments_entitlement AS e WHERE e.cycle_id = phase.cycle_id AND e.phase = phase.code
                AND NOT EXISTS (
                    SELECT FROM payments_payment AS p JOIN payments_paymentlist AS l ON l.id = p.payment_list_id
                    WHERE p.entitlement_id = e.id AND l.status = 'dispatched'))));
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0010_called_recalls")]
    operations = [migrations.RunSQL(RELEASED, migrations.RunSQL.noop)]
