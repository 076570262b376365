"""Payments change state by whole sets: one comparison a statement, not one call of a function for each row.

What may follow what is declared here, and nowhere else. The triggers come after the statement and see all of its rows,
old beside new; a row whose number changed has no old one, and is refused as well. A plan made for few rows is kept by the
session for many, hence no nested loops.
"""

from django.db import migrations

DECLARED = (
    ("prepared", "sent"),
    ("prepared", "cancelled"),
    ("sent", "accepted"),
    ("sent", "rejected"),
    ("sent", "paid"),
    ("sent", "returned"),
    ("sent", "recalled"),
    ("accepted", "rejected"),
    ("accepted", "paid"),
    ("accepted", "returned"),
    ("accepted", "recalled"),
    ("paid", "returned"),
    ("paid", "reversed"),
)

_PAIRS = ", ".join(f"('{before}', '{after}')" for before, after in DECLARED)


def _trigger(name: str, function: str) -> str:
    return f"""
DROP TRIGGER {name} ON payments_payment;
CREATE TRIGGER {name} AFTER UPDATE ON payments_payment
    REFERENCING OLD TABLE AS stale NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION {function}();
"""


TRANSITIONS = f"""
CREATE OR REPLACE FUNCTION payments_payment_transition() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE broken record;
BEGIN
    SELECT n.identity, o.status AS before, n.status AS after INTO broken
    FROM fresh AS n LEFT JOIN stale AS o ON o.id = n.id
    WHERE o.id IS NULL OR o.status <> n.status AND (o.status, n.status) NOT IN ({_PAIRS}) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'payment % cannot go from % to %', broken.identity, broken.before, broken.after
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_transition';
    END IF;
    RETURN NULL;
END $$;
{_trigger("payment_transition", "payments_payment_transition")}
-- A payment that is reversed already stands in its order, so that every row that is now reversed can be asked for it.
CREATE OR REPLACE FUNCTION payments_reversal_ordered() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE broken text;
BEGIN
    SELECT n.identity INTO broken FROM fresh AS n
    WHERE n.status = 'reversed' AND NOT EXISTS (
        SELECT FROM payments_takebackitem AS item
        JOIN payments_takebackapproval AS approval ON approval.take_back_id = item.take_back_id
        WHERE item.payment_id = n.id
    ) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'payment % is in no approved order to take money back', broken
            USING ERRCODE = 'check_violation', CONSTRAINT = 'reversal_ordered';
    END IF;
    RETURN NULL;
END $$;
{_trigger("reversal_ordered", "payments_reversal_ordered")}
CREATE OR REPLACE FUNCTION payments_recalled_by_two() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE broken text;
BEGIN
    SELECT n.identity INTO broken FROM (SELECT id, identity FROM fresh WHERE status = 'recalled') AS n
    LEFT JOIN stale AS o ON o.id = n.id
    WHERE o.status IS DISTINCT FROM 'recalled' AND NOT EXISTS (
        SELECT FROM payments_recallitem AS item
        JOIN payments_recallagreement AS agreed ON agreed.recall_id = item.recall_id WHERE item.payment_id = n.id
    ) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'payment % is in no recall that two people asked for', broken
            USING ERRCODE = 'check_violation', CONSTRAINT = 'recalled_by_two';
    END IF;
    RETURN NULL;
END $$;
{_trigger("recalled_by_two", "payments_recalled_by_two")}"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0008_recalls")]
    operations = [migrations.RunSQL(TRANSITIONS, migrations.RunSQL.noop)]
