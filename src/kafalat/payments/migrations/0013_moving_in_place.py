"""What each line of an answer costs the database: payments change state where they lie, and keys are asked by whole sets.

A row that changes no indexed column stays on its page and out of every index. So the promise of one live payment per
entitlement is a key over a column of its own, which most changes leave as it is, and half of each page waits for the
next state. What may follow what is a condition on the row, asked before any function is called.

Answer lines and postings are written by the hundred thousand: what they name is looked up by one join for a whole
statement, not by a look-up and a lock for each row. From the other side nothing they name can be deleted; the application
may delete or renumber none of it anyway. They stay declared as foreign keys, so that the catalogue tells what belongs to what.
"""

from django.db import migrations, models

# The commonest first: PostgreSQL tries them in this order.
DECLARED = (
    ("sent", "paid"),
    ("prepared", "sent"),
    ("accepted", "paid"),
    ("sent", "accepted"),
    ("sent", "rejected"),
    ("sent", "returned"),
    ("paid", "returned"),
    ("paid", "reversed"),
    ("accepted", "rejected"),
    ("accepted", "returned"),
    ("sent", "recalled"),
    ("accepted", "recalled"),
    ("prepared", "cancelled"),
)

_PAIRS = ", ".join(f"('{before}', '{after}')" for before, after in DECLARED)


def _trigger(name: str, function: str, condition: str) -> str:
    return f"""
DROP TRIGGER {name} ON payments_payment;
CREATE TRIGGER {name} AFTER UPDATE ON payments_payment FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION {function}();
"""


TRANSITIONS = f"""
CREATE OR REPLACE FUNCTION payments_payment_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'payment % cannot go from % to %', NEW.identity, OLD.status, NEW.status
        USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_transition';
END $$;
CREATE OR REPLACE FUNCTION payments_reversal_ordered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM payments_takebackitem AS item
        JOIN payments_takebackapproval AS approval ON approval.take_back_id = item.take_back_id
        WHERE item.payment_id = NEW.id
    ) THEN
        RAISE EXCEPTION 'payment % is in no approved order to take money back', NEW.identity
            USING ERRCODE = 'check_violation', CONSTRAINT = 'reversal_ordered';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION payments_recalled_by_two() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM payments_recallitem AS item
        JOIN payments_recallagreement AS agreed ON agreed.recall_id = item.recall_id WHERE item.payment_id = NEW.id
    ) THEN
        RAISE EXCEPTION 'payment % is in no recall that two people asked for', NEW.identity
            USING ERRCODE = 'check_violation', CONSTRAINT = 'recalled_by_two';
    END IF;
    RETURN NULL;
END $$;
{_trigger(
    "payment_transition",
    "payments_payment_transition",
    f"OLD.id <> NEW.id OR OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN ({_PAIRS})",
)}
{_trigger(
    "reversal_ordered",
    "payments_reversal_ordered",
    "NEW.status = 'reversed' AND OLD.status <> 'reversed'",
)}
{_trigger(
    "recalled_by_two",
    "payments_recalled_by_two",
    "NEW.status = 'recalled' AND OLD.status <> 'recalled'",
)}
"""

# The statement is planned anew each time, for as many rows as there are.
NAMED = """
CREATE FUNCTION payments_named_exist() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    place int := 0;
    lost bigint;
BEGIN
    WHILE place < TG_NARGS LOOP
        EXECUTE format(
            'SELECT min(added.%1$I) FROM added LEFT JOIN %2$I AS named ON named.id = added.%1$I '
            'WHERE added.%1$I IS NOT NULL AND named.id IS NULL', TG_ARGV[place], TG_ARGV[place + 1]) INTO lost;
        IF lost IS NOT NULL THEN
            RAISE EXCEPTION '% names % % of %, which is not there', TG_TABLE_NAME, TG_ARGV[place], lost, TG_ARGV[place + 1]
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = TG_NAME;
        END IF;
        place := place + 2;
    END LOOP;
    RETURN NULL;
END $$;
CREATE FUNCTION payments_still_named() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    place int := 0;
    found bigint;
BEGIN
    WHILE place < TG_NARGS LOOP
        EXECUTE format(
            'SELECT min(gone.id) FROM gone WHERE EXISTS (SELECT FROM %1$I AS naming WHERE naming.%2$I = gone.id)',
            TG_ARGV[place], TG_ARGV[place + 1]) INTO found;
        IF found IS NOT NULL THEN
            RAISE EXCEPTION '% % is still named in % of %', TG_TABLE_NAME, found, TG_ARGV[place + 1], TG_ARGV[place]
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = TG_NAME;
        END IF;
        place := place + 2;
    END LOOP;
    RETURN NULL;
END $$;
"""

# Each key that is written a row a payment: the table, its column, and the table it names.
KEYS = (
    ("payments_answerline", "answer_id", "payments_answer"),
    ("payments_answerline", "payment_id", "payments_payment"),
    ("payments_transfer", "cycle_id", "payments_cycle"),
    ("payments_transfer", "payment_list_id", "payments_paymentlist"),
    ("payments_transfer", "bank_file_id", "payments_bankfile"),
    ("payments_transfer", "payment_id", "payments_payment"),
)
_INSERTED = {"payments_answerline": "answer_line_names", "payments_transfer": "transfer_names"}
_DELETED = {
    "payments_answer": "answer_named",
    "payments_payment": "payment_named",
    "payments_cycle": "cycle_named",
    "payments_paymentlist": "payment_list_named",
    "payments_bankfile": "bank_file_named",
}


def _by_sets() -> str:
    """Return the statements that let triggers ask what the foreign keys asked row by row."""
    statements = [
        # The names of foreign keys are Django's, with a digest in them.
        f"""
        DO $$ BEGIN EXECUTE (
            SELECT string_agg(format('ALTER TABLE {table} ALTER CONSTRAINT %I NOT ENFORCED', conname), ';')
            FROM pg_constraint WHERE contype = 'f' AND conrelid = '{table}'::regclass); END $$;
        """
        for table in _INSERTED
    ]
    for table, name in _INSERTED.items():
        words = ", ".join(f"'{column}', '{named}'" for of, column, named in KEYS if of == table)
        statements.append(
            f"CREATE TRIGGER {name} AFTER INSERT ON {table} REFERENCING NEW TABLE AS added "
            f"FOR EACH STATEMENT EXECUTE FUNCTION payments_named_exist({words});"
        )
    for table, name in _DELETED.items():
        words = ", ".join(f"'{of}', '{column}'" for of, column, named in KEYS if named == table)
        statements.append(
            f"CREATE TRIGGER {name} AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone "
            f"FOR EACH STATEMENT EXECUTE FUNCTION payments_still_named({words});"
        )
    return "\n".join(statements)


class Migration(migrations.Migration):
    dependencies = [("payments", "0012_older_phases")]
    operations = [
        migrations.RunSQL("ALTER TABLE payments_payment SET (fillfactor = 50)", migrations.RunSQL.noop),
        migrations.RemoveConstraint("payment", "payment_one_live_attempt"),
        migrations.AddField(
            "payment",
            "live",
            models.GeneratedField(
                expression=models.ExpressionWrapper(
                    models.Q(status__in=("prepared", "sent", "accepted", "paid")),
                    output_field=models.BooleanField(),
                ),
                output_field=models.BooleanField(),
                db_persist=True,
            ),
        ),
        migrations.AddConstraint(
            "payment",
            models.UniqueConstraint(
                fields=["entitlement"], condition=models.Q(live=True), name="payment_one_live_attempt"
            ),
        ),
        migrations.RunSQL(TRANSITIONS + NAMED + _by_sets(), migrations.RunSQL.noop),
    ]
