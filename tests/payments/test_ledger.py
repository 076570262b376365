"""The books' check: it finds nothing in good books, and whatever the owner of the tables breaks, it names with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from django.db import IntegrityError, connections, transaction

from kafalat.audit.models import AuditEntry
from kafalat.audit.services import leaf_of
from kafalat.interfaces.office import Office
from kafalat.payments.ledger.checks import (
    CHECKED,
    balances,
    check_and_record,
    check_ledger,
    sorted_out,
    statement,
)
from kafalat.payments.ledger.rule import Check
from kafalat.payments.models import BankFile, PaymentList
from kafalat.payments.sending.outbox import outgoing_path
from kafalat.registry import bulk
from tests.conftest import NOW

AsOwner = tuple[Any, Callable[[], list[Check]]]


class Harm(NamedTuple):
    """What a person with all rights over the tables does, which invariant must say so, and what it must name."""

    what: str
    code: str
    names: str
    statements: tuple[str, ...]


_PAID = "(SELECT min(id) FROM payments_payment WHERE status = 'paid')"
_OF_PAID = f"payment_id = {_PAID}"
HARMS = (
    Harm(
        "a posting changes sign",
        "I1",
        "payment",
        (
            "ALTER TABLE payments_transfer DROP CONSTRAINT transfer_positive",
            f"UPDATE payments_transfer SET amount_paisa = -amount_paisa WHERE kind = 'paid' AND {_OF_PAID}",
        ),
    ),
    Harm(
        "a posting pays less than the payment",
        "I1",
        "payment",
        (f"UPDATE payments_transfer SET amount_paisa = amount_paisa - 1 WHERE kind = 'paid' AND {_OF_PAID}",),
    ),
    Harm(
        "money is booked to another bank",
        "I2",
        "payment",
        (f"UPDATE payments_transfer SET debit = 'paid:elsewhere' WHERE kind = 'paid' AND {_OF_PAID}",),
    ),
    Harm(
        "a payment's posting is gone",
        "I2",
        "payment",
        (f"DELETE FROM payments_transfer WHERE kind = 'paid' AND {_OF_PAID}",),
    ),
    Harm(
        "a list draws more than it pays",
        "I2",
        "list_id",
        ("UPDATE payments_transfer SET amount_paisa = amount_paisa + 100 WHERE kind IN ('fund', 'due')",),
    ),
    Harm(
        "one person has two entitlements",
        "I3",
        "payment",
        (
            "ALTER TABLE payments_entitlement DROP CONSTRAINT entitlement_person_once",
            (
                "UPDATE payments_entitlement SET payee_id = (SELECT payee_id FROM payments_entitlement WHERE id = "
                f"(SELECT entitlement_id FROM payments_payment WHERE id = {_PAID}))"
            ),
        ),
    ),
    Harm(
        "an entitlement is paid twice",
        "I4",
        "payment",
        (
            "DROP INDEX payment_one_live_attempt",
            (
                "INSERT INTO payments_payment (identity, entitlement_id, attempt, payment_list_id, account_id, bank, part, "
                "channel, amount_paisa, status) SELECT 'KAGAIN', entitlement_id, 90, payment_list_id, account_id, bank, part, "
                f"channel, amount_paisa, 'prepared' FROM payments_payment WHERE id = {_PAID}"
            ),
        ),
    ),
    Harm(
        "a paid payment goes back on its way",
        "I5",
        "payment",
        (
            "ALTER TABLE payments_payment DISABLE TRIGGER USER",
            f"UPDATE payments_payment SET status = 'sent' WHERE id = {_PAID}",
        ),
    ),
    Harm(
        "a guard is switched off",
        "I5",
        "what",
        ("ALTER TABLE payments_payment DISABLE TRIGGER payment_transition",),
    ),
    Harm(
        "a payment goes to another account",
        "I6",
        "list_id",
        (
            (
                "UPDATE payments_payment SET account_id = (SELECT max(id) FROM enrolment_account WHERE id <> account_id) "
                f"WHERE id = {_PAID}"
            ),
        ),
    ),
    Harm(
        "a bank file claims more",
        "I6",
        "file",
        ("UPDATE payments_bankfile SET control_sum_paisa = control_sum_paisa + 1",),
    ),
    Harm(
        "an answer is lost",
        "I6",
        "payment",
        (f"DELETE FROM payments_answerline WHERE {_OF_PAID} AND outcome = 'paid'",),
    ),
    Harm(
        "money is spent that nobody gave",
        "I7",
        "cycle_id",
        ("DELETE FROM payments_transfer WHERE kind = 'fund'",),
    ),
    Harm(
        "an act is struck from the log",
        "I8",
        "what",
        ("DELETE FROM audit_auditentry WHERE action = 'list_dispatched'",),
    ),
    Harm(
        "an act is in the log that never was",
        "I8",
        "list_id",
        ("UPDATE audit_auditentry SET object_id = '999999' WHERE action = 'list_checked'",),
    ),
    Harm(
        "the maker approved",
        "I9",
        "list_id",
        (
            "ALTER TABLE payments_approval DROP CONSTRAINT approval_not_by_maker",
            "UPDATE payments_approval SET approver_id = maker_id, person = maker_person WHERE seat = 1",
        ),
    ),
    Harm(
        "a seat is emptied",
        "I9",
        "list_id",
        (
            "ALTER TABLE payments_approval DROP CONSTRAINT approval_after_seat",
            "DELETE FROM payments_approval WHERE seat = 1",
        ),
    ),
    Harm("a file left without an outbox row", "I10", "file", ("DELETE FROM payments_outbox",)),
    Harm(
        "a state that no event led to",
        "I11",
        "payment",
        (f"DELETE FROM payments_answerline WHERE {_OF_PAID}",),
    ),
    Harm(
        "a list in a state the log does not know",
        "I11",
        "list_id",
        (
            "ALTER TABLE payments_paymentlist DISABLE TRIGGER USER",
            "UPDATE payments_paymentlist SET status = 'checked', released_at = NULL",
        ),
    ),
    Harm(
        "money lies nowhere",
        "I12",
        "what",
        ("DELETE FROM payments_transfer WHERE kind = 'released'",),
    ),
    Harm(
        "money is parked by nobody",
        "I12",
        "payment",
        ("UPDATE payments_resolution SET decided_by = '' WHERE action = 'park'",),
    ),
)


@pytest.fixture
def as_owner(paid: str) -> Iterator[AsOwner]:
    """What to run as the owner in a transaction that is thrown away."""
    owner = connections["owner"]
    with transaction.atomic(using="owner"), owner.cursor() as cursor:
        # Deferred keys would refuse the owner's later changes of a table whose earlier ones are not yet checked.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

        def found() -> list[Check]:
            cursor.execute(statement())
            return sorted_out(cursor.fetchall())

        yield cursor, found
        transaction.set_rollback(True, using="owner")
    owner.close()


@pytest.mark.parametrize("harm", HARMS, ids=[harm.what for harm in HARMS])
def test_whatever_is_broken_is_named_with_its_place(harm: Harm, as_owner: AsOwner) -> None:
    cursor, found = as_owner
    assert all(check.holds for check in found())
    for text in harm.statements:
        cursor.execute(text)
    places = [place for check in found() if check.code == harm.code for place in check.broken]
    assert places, f"{harm.code} does not see it"
    assert any(getattr(place, harm.names) for place in places), places
    for language in ("en", "ur"):
        assert all(place.text(language) for place in places)


def test_every_invariant_has_a_harm_that_it_sees() -> None:
    assert {harm.code for harm in HARMS} == {f"I{number}" for number in range(1, 13)}


def test_a_file_changed_on_disk_is_named(office: Office, paid: str) -> None:
    file = BankFile.objects.order_by("id")[0]
    path = outgoing_path(file, office.outgoing)
    kept = path.read_bytes()
    try:
        path.write_bytes(kept.replace(b"14500.00", b"99999.00", 1))
        broken = [check for check in check_ledger(outgoing=office.outgoing) if not check.holds]
    finally:
        path.write_bytes(kept)
    assert [(check.code, check.broken[0].file) for check in broken] == [("I6", file.message_id)]
    assert all(check.holds for check in check_ledger(outgoing=office.outgoing))


def test_the_check_is_recorded_and_the_next_one_starts_from_its_checkpoint(office: Office, paid: str) -> None:
    """A log rewritten whole, every entry sealed anew, still shows: it does not extend the checkpoint of last night."""
    assert all(check.holds for check in check_and_record(outgoing=office.outgoing, actor="night", at=NOW))
    last = AuditEntry.objects.order_by("seq").last()
    assert last is not None
    assert (last.action, last.detail["broken"]) == (CHECKED, [])
    entry = AuditEntry.objects.filter(action="list_approved").order_by("seq")[0]
    leaf = leaf_of(
        at=entry.at,
        actor="somebody else",
        action=entry.action,
        object_kind=entry.object_kind,
        object_id=entry.object_id,
        detail=entry.detail,
    )
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE audit_auditentry SET actor = 'somebody else', leaf = %s WHERE seq = %s", [leaf, entry.seq]
        )
    connections["owner"].close()
    broken = [
        check
        for check in check_and_record(outgoing=office.outgoing, actor="night", at=NOW)
        if not check.holds
    ]
    assert [check.code for check in broken] == ["I8"]
    again = AuditEntry.objects.order_by("seq").last()
    assert again is not None
    assert again.detail["broken"] == ["I8"]


def test_what_happens_to_a_whole_list_is_a_constant_number_of_postings(office: Office, paid: str) -> None:
    """One row per list and one per file, and they add up: the sum over all accounts is zero."""
    counts = dict(
        bulk.rows("SELECT kind, count(*) FROM payments_transfer WHERE payment_id IS NULL GROUP BY kind")
    )
    first = PaymentList.objects.filter(items__attempt=1).distinct().count()
    assert counts["fund"] == first
    assert counts["released"] == counts["sent"] == BankFile.objects.count()
    assert sum(balances().values()) == 0


def test_the_database_refuses_a_posting_that_says_something_else(paid: str) -> None:
    """A kind is about one sort of thing, moves between its own accounts, and happens once."""
    insert = (
        "INSERT INTO payments_transfer (cycle_id, payment_list_id, bank_file_id, payment_id, kind, debit, credit, "
        "amount_paisa, at) VALUES ((SELECT min(id) FROM payments_cycle), {list}, {file}, {payment}, '{kind}', '{debit}', "
        "'{credit}', 100, now())"
    )
    nothing = {"list": "NULL", "file": "NULL", "payment": "NULL"}
    one_list = {**nothing, "list": "(SELECT min(id) FROM payments_paymentlist)"}
    one_file = {**nothing, "file": "(SELECT min(id) FROM payments_bankfile)"}
    one_payment = {**nothing, "payment": _PAID}
    wrong = (
        {**one_payment, "kind": "paid", "debit": "paid:x", "credit": "in_flight:x"},  # a second time
        {**one_file, "kind": "paid", "debit": "paid:x", "credit": "in_flight:x"},  # of a file
        {**one_payment, "kind": "parked", "debit": "paid:x", "credit": "returned:x"},  # to the wrong account
        {**one_payment, "kind": "bonus", "debit": "paid:x", "credit": "treasury"},  # of no kind
        {**one_list, "kind": "due", "debit": "obligation", "credit": "treasury"},  # past the fund
        {**one_file, "kind": "released", "debit": "settlement:x", "credit": "obligation"},  # a second time
        {**nothing, "kind": "released", "debit": "settlement:x", "credit": "obligation"},  # of nothing
    )
    for values in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            bulk.execute(insert.format(**values))
