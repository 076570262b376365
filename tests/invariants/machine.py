"""The state machine of promise R1: people, banks and money in any order, and every invariant after each step.

The real services run on a real PostgreSQL. An example is one transaction that is thrown away at its end, so that the
next begins with the same enrolled families; keys that are checked at commit are checked after every step instead. The
rules of the books are prepared once as one statement (`ledger.statement`), which makes proving them a few milliseconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kafalat.adapters.banks.simulated import AnswerFile, Shares
from kafalat.core.problems import Problem
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.cycles.approvals import (
    approve_list,
    authorise_list,
    check_list,
    reject_list,
    release_list,
)
from kafalat.payments.cycles.lifecycle import close_cycle, prepare_list
from kafalat.payments.ledger.checks import check_log, sorted_out, statement
from kafalat.payments.ledger.postings import post_payments
from kafalat.payments.models import BankFile, PaymentList
from kafalat.payments.reconciliation.idle import (
    approve_take_back,
    grant_claim,
    order_take_back,
    queue_warnings,
    take_claim,
)
from kafalat.payments.reconciliation.returns import resolve_returns
from kafalat.payments.sending.outbox import send_outbox
from kafalat.payments.sending.transports import Sender
from kafalat.registry import bulk
from tests.conftest import NOW
from tests.payments.steps import PHASE, answers_of, opened, receive

STEPS = (
    "generate", "check", "approve", "authorise", "release", "cancel", "send", "confirm", "duplicate", "resolve", "reverse", "recredit",
    "close",
)  # fmt: skip
OFFICERS = ("checker", "authoriser", "releaser", "maker")
# What a refusal may be here: a step that does not fit the state. Anything else is a failure of the test.
EXPECTED = {
    "access.own_list",
    "access.refused",
    "bank.repeated",
    "idle.claim_refused",
    "idle.nothing",
    "payments.approved_already",
    "payments.cycle_closed",
    "payments.cycle_unfinished",
    "payments.list_not_waiting",
    "payments.nothing_to_pay",
    "payments.phase_unpaid",
    "payments.seat_not_due",
}
_NEWEST = """
    SELECT l.id, l.status, l.seats_approve, l.seats_authorise, l.seats,
        (SELECT count(*) FROM payments_approval AS a WHERE a.payment_list_id = l.id)
    FROM payments_paymentlist AS l WHERE l.cycle_id = %s ORDER BY l.id DESC LIMIT 1
"""
# What the bank's answer to an order does to the payments it sends back (`payments/reconciliation/bookings.py`).
_REVERSED = """
    UPDATE payments_payment AS p SET status = 'reversed' FROM payments_takebackitem AS item
    WHERE item.take_back_id = %s AND p.id = item.payment_id AND p.status = 'paid'
    RETURNING p.id, p.payment_list_id, p.bank, p.amount_paisa, 'paid' AS was
"""
WARNED, TAKEN_BACK = timedelta(days=400), timedelta(days=450)
_WAITING = """
    SELECT EXISTS (SELECT FROM payments_outbox WHERE sent_at IS NULL),
        EXISTS (SELECT FROM payments_payment AS p WHERE p.status IN ('rejected', 'returned')
            AND NOT EXISTS (SELECT FROM payments_resolution AS r WHERE r.payment_id = p.id)),
        EXISTS (SELECT FROM payments_payment AS p WHERE p.status = 'reversed'
            AND NOT EXISTS (SELECT FROM payments_claim AS c WHERE c.payment_id = p.id)),
        EXISTS (SELECT FROM payments_payment AS p LEFT JOIN payments_resolution AS r ON r.payment_id = p.id
            WHERE (p.status = 'cancelled' OR r.action = 'reissue') AND NOT EXISTS (SELECT FROM payments_payment AS again
                WHERE again.entitlement_id = p.entitlement_id AND again.attempt > p.attempt))
"""


def within() -> transaction.Atomic:
    """Return a transaction in which even what commits for itself (the outbox) may run, as in Django's own test cases."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined] # Django's mark for a test's transaction
    return block


class Cycles(RuleBasedStateMachine):
    """One programme's cycle, its people, and banks that answer when and as often as they like."""

    office: ClassVar[Office]
    people: ClassVar[dict[str, User]]
    banks: ClassVar[list[str]]
    sender: ClassVar[Sender]
    calls: ClassVar[Counter[str]] = Counter()
    refusals: ClassVar[Counter[str]] = Counter()
    states: ClassVar[set[tuple[object, ...]]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.stack.enter_context(within())
        self.answers: list[AnswerFile] = []
        self.taken: list[AnswerFile] = []
        self.answered: set[int] = set()
        self.cycle = opened(self.office)
        type(self).sender = self.office.sender(self.cycle.programme_sha256)

    def teardown(self) -> None:
        """Throw the example's transaction away."""
        transaction.set_rollback(True)
        self.stack.close()

    @classmethod
    def begin(cls, office: Office) -> None:
        """Forget earlier runs, and prepare the statement of all rules on this connection."""
        cls.office = office
        cls.people = {name: staff(name) for name in (*OFFICERS, "reconciler")}
        cls.banks = [
            bank
            for (bank,) in bulk.rows(
                "SELECT DISTINCT a.bank FROM enrolment_account AS a JOIN enrolment_beneficiary AS b ON b.id = a.beneficiary_id WHERE b.status = 'active' ORDER BY 1"
            )
        ]
        cls.calls.clear()
        cls.refusals.clear()
        cls.states.clear()
        connection.close()  # another run of this process prepared the statement under the same name
        bulk.execute("SET synchronous_commit = off")
        bulk.execute("PREPARE books AS " + statement().replace("%", "%%"))

    def attempt(self, name: str, act: Callable[[], object]) -> None:
        """Take one step; a refusal that says the step does not fit is fine, anything else is not."""
        self.calls[name] += 1
        try:
            with within():
                act()
                # What a service leaves to the end of its transaction to drop must not meet the next one here.
                bulk.execute("DISCARD TEMP")
        except Problem as refusal:
            if refusal.code not in EXPECTED:
                raise
            self.refusals[f"{name}: {refusal.code}"] += 1

    def fitting(self) -> list[str]:
        """Return the steps that would get somewhere now: drawn more often than the others, or deep states are never met."""
        steps = []
        found = bulk.rows(_NEWEST, [self.cycle.pk])
        ((unsent, undecided, reversed_, due_again),) = bulk.rows(_WAITING)
        if not found or (found[0][1] in {"dispatched", "rejected"} and due_again):
            steps.append("generate")
        elif found[0][1] in {"dispatched", "rejected"}:
            pass
        elif found[0][1] == "prepared":
            steps.append("check")
        else:
            _, _, approve, authorise, _, taken = found[0]
            due = "approve" if taken < approve else "authorise" if taken < approve + authorise else "release"
            steps += [due, due, due, "cancel"]
        if unsent:
            steps += ["send", "send"]
        if self.answers:
            steps += ["confirm", "confirm", "confirm"]
        if self.taken:
            steps += ["duplicate", "duplicate"]
        if undecided:
            steps.append("resolve")
        if reversed_:
            steps.append("recredit")
        if set(steps) <= {"duplicate"}:
            steps += ["close", "reverse"]
        return steps

    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        """Somebody does something: mostly what fits, sometimes anything at all."""
        fitting = self.fitting()
        name = data.draw(st.sampled_from([*fitting, *fitting, *fitting, *STEPS]), label="step")
        getattr(self, name)(data)

    def newest(self) -> PaymentList | None:
        """Return the newest list."""
        return PaymentList.objects.filter(cycle=self.cycle).order_by("id").last()

    def somebody(self, data: st.DataObject, fitting: str) -> User:
        """Return the person whose work it is, or now and then another."""
        return self.people[data.draw(st.sampled_from([fitting, fitting, fitting, *OFFICERS]), label="who")]

    def generate(self, _data: st.DataObject) -> None:
        """The maker generates a list: its money moves from the treasury through the fund to what is owed."""
        self.attempt(
            "generate",
            lambda: prepare_list(
                cycle_id=self.cycle.pk,
                phase=PHASE,
                programme=self.office.programme,
                user=self.people["maker"],
                at=NOW,
            ),
        )

    def check(self, data: st.DataObject) -> None:
        """Somebody checks the newest list."""
        who, newest = self.somebody(data, "checker"), self.newest()
        if newest is not None:
            self.attempt("check", lambda: check_list(payment_list_id=newest.pk, user=who, at=NOW))

    def approve(self, data: st.DataObject) -> None:
        """Somebody takes a seat of those who approve."""
        who, newest = self.somebody(data, "checker"), self.newest()
        if newest is not None:
            seen: dict[str, Any] = {
                "payment_list_id": newest.pk,
                "user": who,
                "seen_sha256": newest.sha256,
                "at": NOW,
            }
            self.attempt("approve", lambda: approve_list(**seen))

    def authorise(self, data: st.DataObject) -> None:
        """Somebody takes a seat of those who authorise."""
        who, newest = self.somebody(data, "authoriser"), self.newest()
        if newest is not None:
            seen: dict[str, Any] = {
                "payment_list_id": newest.pk,
                "user": who,
                "seen_sha256": newest.sha256,
                "at": NOW,
            }
            self.attempt("authorise", lambda: authorise_list(**seen))

    def release(self, data: st.DataObject) -> None:
        """Somebody takes a seat of those who release; with the last one the list is dispatched."""
        who, newest = self.somebody(data, "releaser"), self.newest()
        if newest is not None:
            seen: dict[str, Any] = {
                "payment_list_id": newest.pk,
                "user": who,
                "seen_sha256": newest.sha256,
                "at": NOW,
            }
            self.attempt("release", lambda: release_list(sender=self.sender, **seen))

    def cancel(self, data: st.DataObject) -> None:
        """Somebody says no to the newest list: its payments are cancelled and their money goes back to the fund."""
        who, newest = self.somebody(data, "authoriser"), self.newest()
        if newest is not None:
            seen: dict[str, Any] = {
                "payment_list_id": newest.pk,
                "user": who,
                "seen_sha256": newest.sha256,
                "at": NOW,
            }
            self.attempt("cancel", lambda: reject_list(reason="to be done again", **seen))

    def send(self, data: st.DataObject) -> None:
        """What waits in the outbox is sent; the banks write their answers, which nobody has taken in yet."""
        self.attempt("send", lambda: send_outbox(sender=self.sender, at=NOW))
        shares = data.draw(st.sampled_from(FATES), label="fates")
        sent = BankFile.objects.filter(outbox__sent_at__isnull=False).exclude(pk__in=self.answered)
        # The same draw for the same file, or hypothesis cannot repeat an example.
        for file in sent.order_by("id"):
            self.answers += answers_of(self.office, file, shares, seed=data.draw(st.integers(0, 3)))
            self.answered.add(file.pk)

    def confirm(self, data: st.DataObject) -> None:
        """An answer arrives: paid, returned, rejected or accepted, in any order."""
        if self.answers:
            answer = self.answers.pop(data.draw(st.integers(0, len(self.answers) - 1), label="answer"))
            self.taken.append(answer)
            self.attempt("confirm", lambda: receive(answer))

    def duplicate(self, data: st.DataObject) -> None:
        """An answer that was taken in comes again."""
        if self.taken:
            answer = data.draw(st.sampled_from(self.taken), label="again")
            self.attempt("duplicate", lambda: receive(answer))

    def resolve(self, _data: st.DataObject) -> None:
        """The reconciler decides on what came back: to be paid again, or parked."""
        self.attempt(
            "resolve",
            lambda: resolve_returns(
                cycle_id=self.cycle.pk,
                programme=self.office.programme,
                user=self.people["reconciler"],
                at=NOW,
            ),
        )

    def reverse(self, data: st.DataObject) -> None:
        """Money that nobody collected is taken back from one bank: payees warned, an order, a second person's yes."""
        bank = data.draw(st.sampled_from(self.banks), label="bank")
        programme, reconciler = self.office.programme, self.people["reconciler"]

        def act() -> None:
            queue_warnings(programme=programme, user=reconciler, at=NOW + WARNED)
            order = order_take_back(programme=programme, bank=bank, user=reconciler, at=NOW + TAKEN_BACK)
            approve_take_back(
                take_back_id=order.pk,
                seen_sha256=order.sha256,
                user=self.people["releaser"],
                at=NOW + TAKEN_BACK,
            )
            post_payments(kind="reversed", moved=_REVERSED, parameters=[order.pk], at=NOW + TAKEN_BACK)

        self.attempt("reverse", act)

    def recredit(self, _data: st.DataObject) -> None:
        """A payee claims what was taken back, another person grants it: it is paid again with the next list."""
        found = bulk.rows(
            "SELECT p.identity FROM payments_payment AS p WHERE p.status = 'reversed' AND NOT EXISTS "
            "(SELECT FROM payments_claim AS c WHERE c.payment_id = p.id) ORDER BY p.id LIMIT 1"
        )
        identity = str(found[0][0]) if found else "K-NOBODY"

        def act() -> None:
            taker, granter = self.people["reconciler"], self.people["releaser"]
            take_claim(payment_identity=identity, reason="she was ill", user=taker, at=NOW)
            grant_claim(payment_identity=identity, user=granter, at=NOW)

        self.attempt("recredit", act)

    def close(self, _data: st.DataObject) -> None:
        """The maker tries to close."""
        self.attempt(
            "close",
            lambda: close_cycle(
                cycle_id=self.cycle.pk, programme=self.office.programme, user=self.people["maker"], at=NOW
            ),
        )

    @invariant()
    def books_hold(self) -> None:
        """Every invariant holds, keys included that the database checks at commit."""
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            cursor.execute("EXECUTE books")
            found = cursor.fetchall()
        assert [check for check in sorted_out(found) if not check.holds] == []
        assert check_log().holds
        counts = bulk.rows("SELECT status, count(*) FROM payments_payment GROUP BY status ORDER BY status")
        lists = bulk.rows(
            "SELECT l.status, (SELECT count(*) FROM payments_approval AS a WHERE a.payment_list_id = l.id) "
            "FROM payments_paymentlist AS l WHERE l.cycle_id = %s ORDER BY l.id",
            [self.cycle.pk],
        )
        self.states.add((tuple(counts), tuple(lists)))


# How the banks treat a file: everything paid, some of everything, much rejected, much returned, much never answered.
FATES = (
    Shares(0, 0),
    Shares(20, 30),
    Shares(60, 20),
    Shares(0, 70),
    Shares(10, 10, 50),
)
