"""Quarters, phases, funds, and the quorum of an amount.

Lists of before belong to a phase of their own, `all`, and keep the two approvals they left under; lists that still wait
need three people from now on.
"""

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import F, Q

from kafalat.core.grants import grant, grant_sequence

QUARTER = r"^[0-9]{4}Q[1-4]$"

UNTIE = """
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE payments_bankfile DROP CONSTRAINT bank_file_first_approval;
ALTER TABLE payments_bankfile DROP CONSTRAINT bank_file_second_approval;
ALTER TABLE payments_approval DROP CONSTRAINT approval_step_digest;
DROP TRIGGER approval_in_order ON payments_approval;
DROP FUNCTION payments_approval_in_order();
"""

FILL = """
UPDATE payments_entitlement AS e SET quarter = c.tranche, programme_code = c.programme_code, payee_id = b.payee_id
FROM payments_cycle AS c, enrolment_beneficiary AS b WHERE c.id = e.cycle_id AND b.id = e.beneficiary_id;

INSERT INTO payments_cyclephase (cycle_id, programme_code, code, position, opens_on, starts_on, channels, holds, status)
SELECT c.id, c.programme_code, p.code, row_number() OVER (PARTITION BY c.id ORDER BY p.code), day.first, day.first,
    '["account", "wallet"]', '[]', CASE WHEN c.status = 'closed' THEN 'released' ELSE 'waiting' END
FROM payments_cycle AS c
CROSS JOIN LATERAL (SELECT make_date(left(c.tranche, 4)::int, right(c.tranche, 1)::int * 3 - 2, 1)) AS day (first)
CROSS JOIN LATERAL (
    SELECT DISTINCT phase AS code FROM payments_entitlement WHERE cycle_id = c.id
    UNION SELECT 'all' WHERE EXISTS (SELECT FROM payments_paymentlist WHERE cycle_id = c.id)
) AS p;

UPDATE payments_payment AS p SET channel = a.channel FROM enrolment_account AS a WHERE a.id = p.account_id;

UPDATE payments_paymentlist AS l SET
    released_at = (SELECT min(f.created_at) FROM payments_bankfile AS f WHERE f.payment_list_id = l.id)
WHERE status = 'dispatched';
UPDATE payments_paymentlist SET seats_authorise = 0 WHERE status IN ('dispatched', 'rejected');
UPDATE payments_paymentlist AS l SET checked_by_id = u.id
FROM audit_auditentry AS said JOIN auth_user AS u ON u.username = said.actor
WHERE said.action = 'list_checked' AND said.object_kind = 'payment_list' AND said.object_id = l.id::text;
UPDATE payments_paymentlist AS l SET maker_person = 'login ' || maker_id;
UPDATE payments_approval AS a SET person = 'login ' || a.approver_id, maker_person = 'login ' || a.maker_id,
    seats_approve = l.seats_approve, seats_authorise = l.seats_authorise,
    seats = l.seats_approve + l.seats_authorise + l.seats_release,
    act = CASE WHEN a.seat = 0 THEN 'reject' WHEN a.seat = 1 THEN 'approve' WHEN l.seats_authorise = 0 THEN 'release'
        ELSE 'authorise' END
FROM payments_paymentlist AS l WHERE l.id = a.payment_list_id;
SET CONSTRAINTS ALL IMMEDIATE;
"""

KEYS = """
ALTER TABLE payments_cycle ADD CONSTRAINT cycle_of_programme UNIQUE (id, programme_code);
ALTER TABLE payments_cyclephase ADD CONSTRAINT cycle_phase_of_programme
    FOREIGN KEY (cycle_id, programme_code) REFERENCES payments_cycle (id, programme_code);
ALTER TABLE payments_cyclephase ADD CONSTRAINT cycle_phase_code UNIQUE (cycle_id, code, programme_code);
ALTER TABLE payments_entitlement ADD CONSTRAINT entitlement_of_phase
    FOREIGN KEY (cycle_id, phase, programme_code) REFERENCES payments_cyclephase (cycle_id, code, programme_code);
ALTER TABLE payments_paymentlist ADD CONSTRAINT payment_list_of_phase
    FOREIGN KEY (cycle_id, phase) REFERENCES payments_cyclephase (cycle_id, code);
ALTER TABLE payments_exception ADD CONSTRAINT exception_of_phase
    FOREIGN KEY (cycle_id, phase) REFERENCES payments_cyclephase (cycle_id, code);

ALTER TABLE payments_paymentlist ADD CONSTRAINT payment_list_quorum UNIQUE (id, seats, seats_approve, seats_authorise);
ALTER TABLE payments_paymentlist ADD CONSTRAINT payment_list_all_seats UNIQUE (id, seats);
ALTER TABLE payments_approval ADD CONSTRAINT approval_of_quorum
    FOREIGN KEY (payment_list_id, seats, seats_approve, seats_authorise)
    REFERENCES payments_paymentlist (id, seats, seats_approve, seats_authorise);
ALTER TABLE payments_approval ADD CONSTRAINT approval_after_seat
    FOREIGN KEY (payment_list_id, after_seat) REFERENCES payments_approval (payment_list_id, seat);
ALTER TABLE payments_approval ADD CONSTRAINT approval_seat_digest UNIQUE (payment_list_id, seat, list_sha256);
ALTER TABLE payments_bankfile ADD CONSTRAINT bank_file_all_seats
    FOREIGN KEY (payment_list_id, seats) REFERENCES payments_paymentlist (id, seats);
ALTER TABLE payments_bankfile ADD CONSTRAINT bank_file_last_seat
    FOREIGN KEY (payment_list_id, seats, list_sha256) REFERENCES payments_approval (payment_list_id, seat, list_sha256);
"""

TRIGGERS = """
-- Who a login belongs to: two logins with one address are one person.
CREATE FUNCTION payments_person(login bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(lower(trim(email)), ''), 'login ' || id) FROM auth_user WHERE id = login
$$;
CREATE FUNCTION payments_has_role(login bigint, VARIADIC roles text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM auth_user AS u JOIN auth_user_groups AS m ON m.user_id = u.id JOIN auth_group AS g
        ON g.id = m.group_id WHERE u.id = login AND u.is_active AND g.name = ANY (roles))
$$;

CREATE FUNCTION payments_list_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT payments_has_role(NEW.maker_id, 'payment_maker') THEN
        RAISE EXCEPTION 'login % may not prepare payment lists', NEW.maker_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_list_by_maker';
    END IF;
    NEW.maker_person := payments_person(NEW.maker_id);
    RETURN NEW;
END $$;
CREATE TRIGGER payment_list_made BEFORE INSERT ON payments_paymentlist
    FOR EACH ROW EXECUTE FUNCTION payments_list_made();

-- A list leaves with its last seat taken, in the order of phases, not before its phase opens; its phase is then released.
CREATE OR REPLACE FUNCTION payments_list_transition() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE phase_now payments_cyclephase;
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        ('prepared', 'checked'), ('prepared', 'rejected'), ('checked', 'rejected'), ('checked', 'dispatched')
    ) THEN
        RAISE EXCEPTION 'payment list % cannot go from % to %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_list_transition';
    END IF;
    IF NEW.status = 'checked' AND (NOT payments_has_role(NEW.checked_by_id, 'payment_checker')
            OR payments_person(NEW.checked_by_id) = OLD.maker_person) THEN
        RAISE EXCEPTION 'login % may not check payment list %', NEW.checked_by_id, OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_list_not_checked_by_maker';
    END IF;
    IF NEW.status = 'dispatched' THEN
        IF NOT EXISTS (SELECT FROM payments_approval WHERE payment_list_id = OLD.id AND seat = OLD.seats) THEN
            RAISE EXCEPTION 'payment list % has empty seats', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_list_quorum';
        END IF;
        SELECT * INTO phase_now FROM payments_cyclephase WHERE cycle_id = OLD.cycle_id AND code = OLD.phase;
        IF (NEW.released_at AT TIME ZONE 'Asia/Karachi')::date < phase_now.opens_on THEN
            RAISE EXCEPTION 'payment list % cannot leave before %', OLD.id, phase_now.opens_on
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_list_phase_day';
        END IF;
        PERFORM FROM payments_cyclephase WHERE cycle_id = OLD.cycle_id ORDER BY position FOR UPDATE;
        IF EXISTS (SELECT FROM payments_cyclephase WHERE cycle_id = OLD.cycle_id AND position < phase_now.position
                AND status = 'waiting') THEN
            RAISE EXCEPTION 'payment list % is of a later phase than one that waits', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_list_phase_order';
        END IF;
        UPDATE payments_cyclephase SET status = 'released' WHERE id = phase_now.id AND status <> 'released';
    END IF;
    RETURN NEW;
END $$;

-- A seat is taken of a checked list only, before a no and before the last seat, by somebody of the role it needs: the
-- list's row is locked first. Whose seat it is, is written by the database.
CREATE FUNCTION payments_approval_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE list payments_paymentlist;
BEGIN
    SELECT * INTO list FROM payments_paymentlist WHERE id = NEW.payment_list_id FOR UPDATE;
    IF list.status IS DISTINCT FROM 'checked'
       OR EXISTS (SELECT FROM payments_approval WHERE payment_list_id = NEW.payment_list_id AND seat IN (0, list.seats)) THEN
        RAISE EXCEPTION 'payment list % is not waiting for seat %', NEW.payment_list_id, NEW.seat
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_in_order';
    END IF;
    IF NOT (CASE NEW.act
        WHEN 'approve' THEN payments_has_role(NEW.approver_id, 'payment_checker')
        WHEN 'authorise' THEN payments_has_role(NEW.approver_id, 'payment_authoriser')
        WHEN 'release' THEN payments_has_role(NEW.approver_id, 'payment_releaser')
        ELSE payments_has_role(NEW.approver_id, 'payment_checker', 'payment_authoriser', 'payment_releaser') END) THEN
        RAISE EXCEPTION 'login % may not % payment list %', NEW.approver_id, NEW.act, NEW.payment_list_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_by_role';
    END IF;
    NEW.person := payments_person(NEW.approver_id);
    NEW.maker_person := list.maker_person;
    RETURN NEW;
END $$;
CREATE TRIGGER approval_in_order BEFORE INSERT ON payments_approval
    FOR EACH ROW EXECUTE FUNCTION payments_approval_in_order();

-- What a family is due is due to the payee and programme it is enrolled with, and never for a quarter to come.
CREATE FUNCTION payments_entitlement_as_enrolled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM added AS e LEFT JOIN enrolment_beneficiary AS b ON b.id = e.beneficiary_id
        LEFT JOIN payments_cycle AS c ON c.id = e.cycle_id
        WHERE (e.payee_id, e.programme_code) IS DISTINCT FROM (b.payee_id, b.programme_code) OR e.quarter > c.tranche
    ) THEN
        RAISE EXCEPTION 'an entitlement is not that of an enrolled payee, or of a quarter to come'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entitlement_as_enrolled';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER entitlement_as_enrolled AFTER INSERT ON payments_entitlement
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION payments_entitlement_as_enrolled();

CREATE OR REPLACE FUNCTION payments_payment_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        ('prepared', 'sent'), ('prepared', 'cancelled'),
        ('sent', 'accepted'), ('sent', 'rejected'), ('sent', 'paid'), ('sent', 'returned'), ('sent', 'recalled'),
        ('accepted', 'rejected'), ('accepted', 'paid'), ('accepted', 'returned'), ('accepted', 'recalled'),
        ('paid', 'returned'), ('paid', 'reversed')
    ) THEN
        RAISE EXCEPTION 'payment % cannot go from % to %', OLD.identity, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_transition';
    END IF;
    RETURN NEW;
END $$;
"""

GRANTS = "".join(
    [
        grant("payments_cyclephase", "SELECT", "INSERT", "UPDATE (status)"),
        grant_sequence("payments_cyclephase"),
        grant("payments_exception", "SELECT", "INSERT", "UPDATE (cleared_at)"),
        grant_sequence("payments_exception"),
        grant("payments_paymentlist", "UPDATE (status, checked_by_id, released_at)"),
    ]
)


def added(model: str, name: str, field: "models.Field[Any, Any]") -> migrations.AddField:
    """Return the operation that adds a column whose default is only for rows that are there already."""
    return migrations.AddField(model, name, field, preserve_default=False)


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_grants"),
        ("enrolment", "0002_grants"),
        ("payments", "0002_guards"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.RunSQL(UNTIE, migrations.RunSQL.noop),
        migrations.RemoveConstraint("bankfile", "bank_file_once"),
        migrations.RemoveConstraint("bankfile", "bank_file_two_approvals"),
        migrations.RemoveField("bankfile", "step_1"),
        migrations.RemoveField("bankfile", "step_2"),
        migrations.RemoveConstraint("approval", "approval_step"),
        migrations.RemoveConstraint("approval", "approval_step_once"),
        migrations.RemoveConstraint("approval", "approval_person_once"),
        migrations.RemoveConstraint("approval", "approval_not_by_maker"),
        migrations.RenameField("approval", "step", "seat"),
        migrations.RemoveConstraint("entitlement", "entitlement_once"),
        migrations.RemoveConstraint("payment", "payment_positive"),
        migrations.RemoveIndex("payment", "payment_list_bank"),
        migrations.CreateModel(
            name="CyclePhase",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("programme_code", models.CharField(max_length=60)),
                ("code", models.CharField(max_length=60)),
                ("position", models.PositiveSmallIntegerField()),
                ("opens_on", models.DateField()),
                ("starts_on", models.DateField()),
                ("channels", models.JSONField()),
                ("holds", models.JSONField()),
                (
                    "status",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("released", "Released"), ("empty", "Empty")],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                (
                    "cycle",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="phases",
                        to="payments.cycle",
                    ),
                ),
            ],
            options={"ordering": ["cycle_id", "position"]},
        ),
        migrations.CreateModel(
            name="HeldBack",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("phase", models.CharField(max_length=60)),
                ("reason", models.CharField(max_length=30)),
                ("found_at", models.DateTimeField()),
                ("cleared_at", models.DateTimeField(null=True)),
                (
                    "beneficiary",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="held_back",
                        to="enrolment.beneficiary",
                    ),
                ),
                (
                    "cycle",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="held_back",
                        to="payments.cycle",
                    ),
                ),
            ],
            options={"db_table": "payments_exception"},
        ),
        added("entitlement", "quarter", models.CharField(default="", max_length=6)),
        added("entitlement", "programme_code", models.CharField(default="", max_length=60)),
        added("entitlement", "payee_id", models.BigIntegerField(default=0)),
        added("entitlement", "fund", models.CharField(default="federal_budget", max_length=60)),
        migrations.AlterField(
            "entitlement",
            "cycle",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                to="payments.cycle",
            ),
        ),
        migrations.AlterField(
            "entitlement",
            "beneficiary",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entitlements",
                to="enrolment.beneficiary",
            ),
        ),
        added("paymentlist", "phase", models.CharField(default="all", max_length=60)),
        added("paymentlist", "fund", models.CharField(default="federal_budget", max_length=60)),
        migrations.AddField("paymentlist", "maker_person", models.CharField(default="", max_length=254)),
        added("paymentlist", "seats_approve", models.PositiveSmallIntegerField(default=1)),
        added("paymentlist", "seats_authorise", models.PositiveSmallIntegerField(default=1)),
        added("paymentlist", "seats_release", models.PositiveSmallIntegerField(default=1)),
        migrations.AddField(
            "paymentlist",
            "checked_by",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField("paymentlist", "released_at", models.DateTimeField(null=True)),
        added(
            "approval",
            "act",
            models.CharField(
                choices=[
                    ("approve", "Approve"),
                    ("authorise", "Authorise"),
                    ("release", "Release"),
                    ("reject", "Reject"),
                ],
                default="approve",
                max_length=10,
            ),
        ),
        migrations.AddField("approval", "person", models.CharField(default="", max_length=254)),
        migrations.AddField("approval", "maker_person", models.CharField(default="", max_length=254)),
        added("approval", "seats_approve", models.PositiveSmallIntegerField(default=1)),
        added("approval", "seats_authorise", models.PositiveSmallIntegerField(default=1)),
        added("approval", "seats", models.PositiveSmallIntegerField(default=3)),
        added("payment", "part", models.PositiveSmallIntegerField(default=1)),
        added("payment", "channel", models.CharField(default="account", max_length=7)),
        migrations.AlterField(
            "payment",
            "status",
            models.CharField(
                choices=[
                    ("prepared", "Prepared"),
                    ("sent", "Sent"),
                    ("accepted", "Accepted"),
                    ("paid", "Paid"),
                    ("rejected", "Rejected"),
                    ("returned", "Returned"),
                    ("cancelled", "Cancelled"),
                    ("recalled", "Recalled"),
                    ("reversed", "Reversed"),
                ],
                default="prepared",
                max_length=10,
            ),
        ),
        migrations.AddField("bankfile", "part", models.PositiveSmallIntegerField(default=1)),
        added("bankfile", "seats", models.PositiveSmallIntegerField(default=2)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddField(
            "paymentlist",
            "seats",
            models.GeneratedField(
                db_persist=True,
                expression=F("seats_approve") + F("seats_authorise") + F("seats_release"),
                output_field=models.PositiveSmallIntegerField(),
            ),
        ),
        migrations.AddField(
            "approval",
            "after_seat",
            models.GeneratedField(
                db_persist=True,
                expression=models.Case(models.When(seat__gt=1, then=F("seat") - 1)),
                output_field=models.PositiveSmallIntegerField(null=True),
            ),
        ),
        migrations.AddConstraint(
            "cyclephase", models.UniqueConstraint(fields=("cycle", "code"), name="cycle_phase_once")
        ),
        migrations.AddConstraint(
            "cyclephase",
            models.UniqueConstraint(fields=("cycle", "position"), name="cycle_phase_position_once"),
        ),
        migrations.AddConstraint(
            "cyclephase",
            models.CheckConstraint(condition=Q(opens_on__lte=F("starts_on")), name="cycle_phase_days"),
        ),
        migrations.AddConstraint(
            "cyclephase",
            models.CheckConstraint(
                condition=Q(status__in=["waiting", "released", "empty"]), name="cycle_phase_status"
            ),
        ),
        migrations.AddConstraint(
            "heldback",
            models.UniqueConstraint(fields=("cycle", "beneficiary", "reason"), name="exception_once"),
        ),
        migrations.AddConstraint(
            "entitlement",
            models.UniqueConstraint(fields=("beneficiary", "quarter", "component"), name="entitlement_once"),
        ),
        migrations.AddConstraint(
            "entitlement",
            models.UniqueConstraint(
                fields=("payee_id", "quarter", "component", "programme_code"), name="entitlement_person_once"
            ),
        ),
        migrations.AddConstraint(
            "entitlement",
            models.CheckConstraint(condition=Q(quarter__regex=QUARTER), name="entitlement_quarter"),
        ),
        migrations.AddIndex(
            "entitlement", models.Index(fields=["cycle", "phase"], name="entitlement_cycle_phase")
        ),
        AddConstraintNotValid(
            "paymentlist",
            models.CheckConstraint(
                condition=Q(seats_approve__gte=1, seats_authorise__gte=1, seats_release__gte=1),
                name="payment_list_seats",
            ),
        ),
        AddConstraintNotValid(
            "paymentlist",
            models.CheckConstraint(
                condition=Q(status__in=["prepared", "rejected"]) | Q(checked_by__isnull=False),
                name="payment_list_checked",
            ),
        ),
        migrations.AddConstraint(
            "paymentlist",
            models.CheckConstraint(
                condition=Q(checked_by__isnull=True) | ~Q(checked_by=F("maker")),
                name="payment_list_not_checked_by_maker",
            ),
        ),
        AddConstraintNotValid(
            "paymentlist",
            models.CheckConstraint(
                condition=Q(status="dispatched", released_at__isnull=False)
                | (~Q(status="dispatched") & Q(released_at__isnull=True)),
                name="payment_list_released_when",
            ),
        ),
        migrations.AddConstraint(
            "approval", models.CheckConstraint(condition=Q(seat__lte=F("seats")), name="approval_seat")
        ),
        migrations.AddConstraint(
            "approval",
            models.CheckConstraint(
                condition=Q(seat=0, act="reject")
                | Q(seat__gte=1, seat__lte=F("seats_approve"), act="approve")
                | Q(
                    seat__gt=F("seats_approve"),
                    seat__lte=F("seats_approve") + F("seats_authorise"),
                    act="authorise",
                )
                | Q(seat__gt=F("seats_approve") + F("seats_authorise"), act="release"),
                name="approval_act",
            ),
        ),
        migrations.AddConstraint(
            "approval",
            models.CheckConstraint(
                condition=~Q(approver_id=F("maker_id")) & ~Q(person=F("maker_person")),
                name="approval_not_by_maker",
            ),
        ),
        migrations.AddConstraint(
            "approval", models.UniqueConstraint(fields=("payment_list", "seat"), name="approval_seat_once")
        ),
        migrations.AddConstraint(
            "approval",
            models.UniqueConstraint(fields=("payment_list", "approver"), name="approval_login_once"),
        ),
        migrations.AddConstraint(
            "approval",
            models.UniqueConstraint(fields=("payment_list", "person"), name="approval_person_once"),
        ),
        migrations.AddConstraint(
            "bankfile",
            models.UniqueConstraint(fields=("payment_list", "bank", "part"), name="bank_file_once"),
        ),
        migrations.AddConstraint(
            "payment",
            models.CheckConstraint(
                condition=Q(amount_paisa__gt=0, attempt__gte=1, part__gte=1), name="payment_positive"
            ),
        ),
        migrations.AddIndex(
            "payment", models.Index(fields=["payment_list", "bank", "part"], name="payment_list_bank")
        ),
        migrations.RunSQL(KEYS + TRIGGERS + GRANTS, migrations.RunSQL.noop),
    ]
