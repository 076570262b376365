"""Promise R27 for payments: each guard of the database is switched off in turn, and the harm it keeps away is shown.

With the guard on, the act is refused; with it off, the same act goes through and an invariant of the books (or a count)
names what went wrong. A guard whose removal does no harm fails here: it would be no guard.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import pytest
from django.db import IntegrityError, ProgrammingError, connections, transaction

from kafalat.payments.ledger.checks import check_rules, sorted_out, statement
from kafalat.registry import bulk
from tests.payments.steps import connection_of_owner
from tests.proof import EVERY, report


class Guard(NamedTuple):
    """A guard: how its owner removes it, the act it refuses, and the harm: an invariant's code, or a query that finds it."""

    name: str
    off: str
    act: str
    harm: str


PAID = "(SELECT min(id) FROM payments_payment WHERE status = 'paid')"
COLUMNS = "entitlement_id, payment_list_id, account_id, bank, part, channel, amount_paisa"


def copied(identity: str, attempt: str, status: str, columns: str = COLUMNS) -> str:
    """Return the statement that writes a second instruction beside a paid one."""
    return (
        f"INSERT INTO payments_payment (identity, attempt, status, {COLUMNS}) "
        f"SELECT {identity}, {attempt}, '{status}', {columns} FROM payments_payment WHERE id = {PAID}"
    )


def posted(kind: str, about: str, debit: str, credit: str, amount: str = "100") -> str:
    """Return the statement that writes one row of the ledger about a list, a file or a payment."""
    return (
        f"INSERT INTO payments_transfer (cycle_id, {about}, kind, debit, credit, amount_paisa, at) "
        f"SELECT cycle_id, {about}, '{kind}', {debit}, {credit}, {amount}, now() FROM payments_transfer "
        f"WHERE {about} IS NOT NULL AND kind IN ('paid', 'due', 'released') ORDER BY id LIMIT 1"
    )


def off(table: str, name: str) -> str:
    """Return the statement that removes a key or check."""
    return f"ALTER TABLE payments_{table} DROP CONSTRAINT {name} CASCADE"


def silenced(table: str, name: str) -> str:
    """Return the statement that switches a trigger off."""
    return f"ALTER TABLE payments_{table} DISABLE TRIGGER {name}"


ENTITLED = (
    "INSERT INTO payments_entitlement (cycle_id, beneficiary_id, component, phase, amount_paisa, quarter, programme_code, "
    "payee_id, fund) SELECT cycle_id, beneficiary_id, component, phase, amount_paisa, quarter, programme_code, payee_id, "
    "fund FROM payments_entitlement ORDER BY id LIMIT 1"
)
GUARDS = (
    Guard(
        "payment_identity_once",
        off("payment", "payment_identity_once"),
        copied("identity", "90", "cancelled"),
        "SELECT identity FROM payments_payment GROUP BY identity HAVING count(*) > 1",
    ),
    Guard(
        "payment_attempt_once",
        off("payment", "payment_attempt_once"),
        copied("'K-TWICE'", "attempt", "cancelled"),
        "SELECT entitlement_id FROM payments_payment GROUP BY entitlement_id, attempt HAVING count(*) > 1",
    ),
    Guard(
        "payment_one_live_attempt",
        "DROP INDEX payment_one_live_attempt",
        copied("'K-LIVE'", "90", "prepared"),
        "I4",
    ),
    Guard(
        "payment_amount_entitled",
        off("payment", "payment_amount_entitled"),
        f"UPDATE payments_payment SET amount_paisa = amount_paisa + 1 WHERE id = {PAID}",
        "I3",
    ),
    Guard(
        "entitlement_person_once",
        off("entitlement", "entitlement_person_once"),
        "UPDATE payments_entitlement SET payee_id = (SELECT min(payee_id) FROM payments_entitlement)",
        "I3",
    ),
    Guard(
        "entitlement_once",
        off("entitlement", "entitlement_person_once")
        + ";"
        + off("entitlement", "entitlement_once"),
        ENTITLED,
        "SELECT beneficiary_id FROM payments_entitlement GROUP BY beneficiary_id, quarter, component HAVING count(*) > 1",
    ),
    Guard(
        "payment_transition",
        silenced("payment", "payment_transition"),
        f"UPDATE payments_payment SET status = 'sent' WHERE id = {PAID}",
        "I5",
    ),
    Guard(
        "payment_list_transition",
        silenced("paymentlist", "payment_list_transition"),
        "UPDATE payments_paymentlist SET status = 'checked', released_at = NULL",
        "I11",
    ),
    Guard(
        "reversal_ordered",
        silenced("payment", "reversal_ordered"),
        f"UPDATE payments_payment SET status = 'reversed' WHERE id = {PAID}",
        "I2",
    ),
    # Beside the declared changes, which keep a paid payment from it as well; a sent one is tried in test_recalls.py.
    Guard(
        "recalled_by_two",
        silenced("payment", "payment_transition") + ";" + silenced("payment", "recalled_by_two"),
        f"UPDATE payments_payment SET status = 'recalled' WHERE id = {PAID}",
        "I2",
    ),
    Guard(
        "approval_not_by_maker",
        off("approval", "approval_not_by_maker"),
        "UPDATE payments_approval SET approver_id = maker_id, person = maker_person WHERE seat = 1",
        "I9",
    ),
    Guard(
        "approval_person_once",
        off("approval", "approval_person_once"),
        "UPDATE payments_approval AS a SET person = b.person FROM payments_approval AS b "
        "WHERE b.payment_list_id = a.payment_list_id AND b.seat = 1 AND a.seat = 2",
        "I9",
    ),
    Guard(
        "approval_after_seat",
        off("approval", "approval_after_seat"),
        "DELETE FROM payments_approval WHERE seat = 1",
        "I9",
    ),
    Guard(
        "bank_file_last_seat",
        off("bankfile", "bank_file_last_seat"),
        "UPDATE payments_bankfile SET list_sha256 = repeat('0', 64)",
        "I6",
    ),
    Guard(
        "approval_of_digest",
        off("approval", "approval_of_digest") + ";" + off("bankfile", "bank_file_last_seat"),
        "UPDATE payments_approval SET list_sha256 = repeat('0', 64)",
        "I6",
    ),
    Guard(
        "transfer_once",
        off("transfer", "transfer_once"),
        posted("paid", "payment_id", "debit", "credit", "amount_paisa"),
        "I2",
    ),
    Guard(
        "transfer_list_once",
        "DROP INDEX transfer_list_once",
        posted("due", "payment_list_id", "'obligation'", "'fund:federal_budget'"),
        "I2",
    ),
    Guard(
        "transfer_file_once",
        "DROP INDEX transfer_file_once",
        posted("released", "bank_file_id", "debit", "credit"),
        "I6",
    ),
    Guard(
        "transfer_kind",
        off("transfer", "transfer_kind"),
        f"UPDATE payments_transfer SET debit = 'nobody' WHERE kind = 'paid' AND payment_id = {PAID}",
        "I12",
    ),
    Guard(
        "transfer_positive",
        off("transfer", "transfer_positive"),
        "UPDATE payments_transfer SET amount_paisa = -amount_paisa WHERE kind = 'paid'",
        "I1",
    ),
    Guard(
        "transfer_two_accounts",
        off("transfer", "transfer_kind") + ";" + off("transfer", "transfer_two_accounts"),
        "UPDATE payments_transfer SET credit = debit WHERE kind = 'paid'",
        "I1",
    ),
    Guard(
        "transfer_names",
        silenced("transfer", "transfer_names"),
        "INSERT INTO payments_transfer (cycle_id, payment_id, kind, debit, credit, amount_paisa, at) "
        "SELECT cycle_id, -1, kind, debit, credit, amount_paisa, now() FROM payments_transfer WHERE kind = 'paid' LIMIT 1",
        "SELECT t.id FROM payments_transfer AS t LEFT JOIN payments_payment AS p ON p.id = t.payment_id "
        "WHERE t.payment_id IS NOT NULL AND p.id IS NULL",
    ),
    Guard(
        "answer_line_names",
        silenced("answerline", "answer_line_names"),
        "INSERT INTO payments_answerline (answer_id, payment_id, outcome, reason_code, amount_paisa, line_no) "
        "SELECT -1, payment_id, 'refused', '', amount_paisa, line_no FROM payments_answerline LIMIT 1",
        "SELECT l.id FROM payments_answerline AS l LEFT JOIN payments_answer AS a ON a.id = l.answer_id WHERE a.id IS NULL",
    ),
    Guard(
        "payment_named",
        # Beside the foreign keys of other tables, which drop with the key they name.
        silenced("payment", "payment_named") + ";" + off("payment", "payments_payment_pkey"),
        f"DELETE FROM payments_payment WHERE id = {PAID}",
        "SELECT l.id FROM payments_answerline AS l LEFT JOIN payments_payment AS p ON p.id = l.payment_id WHERE p.id IS NULL",
    ),
    Guard(
        "answer_named",
        silenced("answer", "answer_named"),
        "DELETE FROM payments_answer WHERE id = (SELECT min(answer_id) FROM payments_answerline)",
        "SELECT l.id FROM payments_answerline AS l LEFT JOIN payments_answer AS a ON a.id = l.answer_id WHERE a.id IS NULL",
    ),
    Guard(
        "cycle_named",
        silenced("cycle", "cycle_named") + ";" + off("cycle", "payments_cycle_pkey") + ";" + off("cycle", "cycle_of_programme"),
        "DELETE FROM payments_cycle WHERE id = (SELECT min(cycle_id) FROM payments_transfer)",
        "SELECT t.id FROM payments_transfer AS t LEFT JOIN payments_cycle AS c ON c.id = t.cycle_id WHERE c.id IS NULL",
    ),
    Guard(
        "payment_list_named",
        ";".join(
            (
                silenced("paymentlist", "payment_list_named"),
                off("paymentlist", "payments_paymentlist_pkey"),
                off("paymentlist", "payment_list_quorum"),
                off("paymentlist", "payment_list_all_seats"),
                off("paymentlist", "payment_list_maker"),
                off("paymentlist", "payment_list_digest"),
            )
        ),
        "DELETE FROM payments_paymentlist WHERE id = (SELECT min(payment_list_id) FROM payments_transfer)",
        "SELECT t.id FROM payments_transfer AS t LEFT JOIN payments_paymentlist AS l ON l.id = t.payment_list_id "
        "WHERE t.payment_list_id IS NOT NULL AND l.id IS NULL",
    ),
    Guard(
        "bank_file_named",
        silenced("bankfile", "bank_file_named") + ";" + off("bankfile", "payments_bankfile_pkey"),
        "DELETE FROM payments_bankfile WHERE id = (SELECT min(bank_file_id) FROM payments_transfer)",
        "SELECT t.id FROM payments_transfer AS t LEFT JOIN payments_bankfile AS f ON f.id = t.bank_file_id "
        "WHERE t.bank_file_id IS NOT NULL AND f.id IS NULL",
    ),
    Guard(
        "answer_outcome_once",
        off("answerline", "answer_outcome_once"),
        "INSERT INTO payments_answerline (answer_id, payment_id, outcome, reason_code, amount_paisa, line_no) "
        "SELECT answer_id, payment_id, outcome, reason_code, amount_paisa, line_no FROM payments_answerline LIMIT 1",
        "SELECT payment_id FROM payments_answerline GROUP BY payment_id, outcome HAVING count(*) > 1",
    ),
    Guard(
        "cycle_once",
        off("cycle", "cycle_once"),
        "INSERT INTO payments_cycle (programme_code, tranche, programme_sha256, status, opened_by, opened_at) "
        "SELECT programme_code, tranche, programme_sha256, 'open', opened_by, opened_at FROM payments_cycle LIMIT 1",
        "I8",
    ),
)  # fmt: skip


def goes_through(cursor: Any, act: str) -> bool:
    """Say whether the database lets an act happen, its deferred keys included."""
    try:
        with transaction.atomic(using="owner"):
            cursor.execute(act)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except IntegrityError:
        return False
    return True


def harmed(cursor: Any, harm: str) -> bool:
    """Say whether the harm is there: the invariant is broken, or the query finds something."""
    if harm.startswith("SELECT"):
        cursor.execute(harm)
        return cursor.fetchone() is not None
    cursor.execute(statement())
    return any(check.code == harm and not check.holds for check in sorted_out(cursor.fetchall()))


def try_without(guard: Guard) -> tuple[bool, bool, bool]:
    """Return whether the guard refuses the act, whether without it the act goes through, and whether the harm shows."""
    owner = connections["owner"]
    with transaction.atomic(using="owner"), owner.cursor() as cursor:
        refused = not goes_through(cursor, guard.act)
        for each in guard.off.split(";"):
            cursor.execute(each)
        through = goes_through(cursor, guard.act)
        harm = through and harmed(cursor, guard.harm)
        transaction.set_rollback(True, using="owner")
    owner.close()
    return refused, through, harm


@pytest.mark.parametrize("guard", GUARDS, ids=[guard.name for guard in GUARDS])
def test_without_the_guard_there_is_harm(guard: Guard, paid: str) -> None:
    assert try_without(guard) == (True, True, True)


def test_without_the_grants_the_ledger_can_be_rewritten(paid: str) -> None:
    """The rights are a guard as well: given UPDATE, the application changes a posting, and the books say which."""
    change = f"UPDATE payments_transfer SET amount_paisa = amount_paisa - 1 WHERE kind = 'paid' AND payment_id = {PAID}"
    with pytest.raises(ProgrammingError), transaction.atomic():
        bulk.execute(change)
    with connection_of_owner() as cursor:
        cursor.execute("GRANT UPDATE ON payments_transfer TO kafalat_app")
    assert bulk.execute(change) == 1
    broken = {check.code for check in check_rules() if not check.holds}
    assert {"I1", "I2"} <= broken


def test_no_key_or_trigger_of_the_ledger_is_left_untried(paid: str) -> None:
    """Every unique key and trigger on payments and postings stands in the table above."""
    found = bulk.rows(
        """
        SELECT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indisunique AND NOT i.indisprimary
            AND i.indrelid IN ('payments_payment'::regclass, 'payments_transfer'::regclass)
        UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
            AND tgrelid IN ('payments_payment'::regclass, 'payments_transfer'::regclass, 'payments_answerline'::regclass)
        """
    )
    assert {name for (name,) in found} <= {guard.name for guard in GUARDS}


@pytest.mark.prove
def test_guards_counted(paid: str) -> None:
    started = time.monotonic()
    results = {guard.name: try_without(guard) for guard in GUARDS}
    harmless = sorted(name for name, result in results.items() if result != (True, True, True))
    report(
        "r27-payment-guards",
        promise="R27 payment guards",
        bar="0 guards whose removal does no harm",
        found=f"{len(harmless)} of {len(GUARDS)} guards harmless to remove",
        met=not harmless,
        duration_s=time.monotonic() - started,
        seed=EVERY,
        control=f"with the guard on, {sum(refused for refused, _, _ in results.values())} of {len(GUARDS)} acts are refused; "
        f"with it off, {sum(through for _, through, _ in results.values())} go through and "
        f"{sum(harm for _, _, harm in results.values())} do harm that is named",
        guards=sorted(results),
        harmless=harmless,
    )
    assert harmless == []
