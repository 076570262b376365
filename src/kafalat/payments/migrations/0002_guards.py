"""The promises about money that a single-table constraint cannot hold, and who may change what.

Composite keys tie an attempt to its entitled amount, an approval to the maker and digest of its list, and a bank
file to both approvals of exactly its list. Triggers allow only declared transitions. Column grants leave the
application nothing else to change; the ledger, answers, approvals and bank files are history.
"""

from django.db import migrations

from kafalat.core.grants import grant, grant_sequence, history

KEYS = """
ALTER TABLE payments_entitlement ADD CONSTRAINT entitlement_amount UNIQUE (id, amount_paisa);
ALTER TABLE payments_payment ADD CONSTRAINT payment_amount_entitled
    FOREIGN KEY (entitlement_id, amount_paisa) REFERENCES payments_entitlement (id, amount_paisa);

ALTER TABLE payments_paymentlist ADD CONSTRAINT payment_list_maker UNIQUE (id, maker_id);
ALTER TABLE payments_paymentlist ADD CONSTRAINT payment_list_digest UNIQUE (id, sha256);
ALTER TABLE payments_approval ADD CONSTRAINT approval_of_maker
    FOREIGN KEY (payment_list_id, maker_id) REFERENCES payments_paymentlist (id, maker_id);
ALTER TABLE payments_approval ADD CONSTRAINT approval_of_digest
    FOREIGN KEY (payment_list_id, list_sha256) REFERENCES payments_paymentlist (id, sha256);

ALTER TABLE payments_approval ADD CONSTRAINT approval_step_digest UNIQUE (payment_list_id, step, list_sha256);
ALTER TABLE payments_bankfile ADD CONSTRAINT bank_file_first_approval
    FOREIGN KEY (payment_list_id, step_1, list_sha256) REFERENCES payments_approval (payment_list_id, step, list_sha256);
ALTER TABLE payments_bankfile ADD CONSTRAINT bank_file_second_approval
    FOREIGN KEY (payment_list_id, step_2, list_sha256) REFERENCES payments_approval (payment_list_id, step, list_sha256);
"""

TRANSITIONS = """
CREATE FUNCTION payments_payment_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        ('prepared', 'sent'), ('prepared', 'cancelled'),
        ('sent', 'accepted'), ('sent', 'rejected'), ('sent', 'paid'), ('sent', 'returned'),
        ('accepted', 'rejected'), ('accepted', 'paid'), ('accepted', 'returned'), ('paid', 'returned')
    ) THEN
        RAISE EXCEPTION 'payment % cannot go from % to %', OLD.identity, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_transition';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payment_transition BEFORE UPDATE OF status ON payments_payment
    FOR EACH ROW EXECUTE FUNCTION payments_payment_transition();

CREATE FUNCTION payments_list_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        ('prepared', 'checked'), ('prepared', 'rejected'), ('checked', 'rejected'), ('checked', 'dispatched')
    ) THEN
        RAISE EXCEPTION 'payment list % cannot go from % to %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_list_transition';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payment_list_transition BEFORE UPDATE OF status ON payments_paymentlist
    FOR EACH ROW EXECUTE FUNCTION payments_list_transition();

-- An approval or rejection is said of a checked list only, in order, and never both: the list's row is locked first.
CREATE FUNCTION payments_approval_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE list_status text;
BEGIN
    SELECT status INTO list_status FROM payments_paymentlist WHERE id = NEW.payment_list_id FOR UPDATE;
    IF list_status IS DISTINCT FROM 'checked'
       OR EXISTS (SELECT FROM payments_approval WHERE payment_list_id = NEW.payment_list_id AND step IN (0, 2))
       OR (NEW.step = 2 AND NOT EXISTS (
            SELECT FROM payments_approval WHERE payment_list_id = NEW.payment_list_id AND step = 1)) THEN
        RAISE EXCEPTION 'payment list % is not waiting for step %', NEW.payment_list_id, NEW.step
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_in_order';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approval_in_order BEFORE INSERT ON payments_approval
    FOR EACH ROW EXECUTE FUNCTION payments_approval_in_order();
"""

GRANTS = "".join(
    [
        grant("payments_cycle", "SELECT", "INSERT", "UPDATE (status, closed_at)"),
        grant_sequence("payments_cycle"),
        history("payments_entitlement"),
        grant("payments_paymentlist", "SELECT", "INSERT", "UPDATE (status)"),
        grant_sequence("payments_paymentlist"),
        history("payments_approval"),
        history("payments_bankfile"),
        grant("payments_payment", "SELECT", "INSERT", "UPDATE (status)"),
        grant_sequence("payments_payment"),
        grant("payments_outbox", "SELECT", "INSERT", "UPDATE (attempts, sent_at)"),
        history("payments_answer"),
        history("payments_answerline"),
        grant("payments_resolution", "SELECT", "INSERT"),
        history("payments_transfer"),
    ]
)


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]
    operations = [migrations.RunSQL(KEYS + TRANSITIONS + GRANTS, migrations.RunSQL.noop)]
