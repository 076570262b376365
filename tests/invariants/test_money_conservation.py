"""Promise R1: whatever happens in whatever order, no rupee is made, lost or paid twice.

A Hypothesis state machine drives the real services on a real PostgreSQL through cycles: prepare, check, approve,
reject, dispatch, bank answers in any order and repeated, decisions on returns, closing. After every step the whole
ledger is proved again. The short form runs in `make test`; `make prove` runs it for as long as it is told and writes
what it counted under docs/proof/.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kafalat.adapters.banks import simulated
from kafalat.adapters.banks.simulated import AnswerFile, Shares
from kafalat.config.home import Home
from kafalat.core.problems import Problem
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.approvals import approve_list, check_list, reject_list
from kafalat.payments.cycles import close_cycle, prepare_list
from kafalat.payments.dispatch import dispatch_list, outgoing_path, send_outbox
from kafalat.payments.ledger import balances, check_ledger
from kafalat.payments.models import Approval, BankFile, Payment, PaymentList
from kafalat.payments.returns import resolve_returns
from kafalat.registry import bulk
from tests.conftest import NOW, clone
from tests.payments.steps import opened, receive

# Few families, so that each step is quick and every rule is reached often.
FAMILIES = 12
# What a refusal may be here: a step that does not fit the state. Anything else is a failure of the test.
EXPECTED = {
    "payments.nothing_to_pay",
    "payments.list_not_waiting",
    "payments.approved_already",
    "payments.not_approved",
    "payments.cycle_closed",
    "payments.cycle_unfinished",
    "bank.repeated",
    "access.own_list",
}


class Cycles(RuleBasedStateMachine):
    """One programme's cycle, its people, and banks that answer when and as often as they like."""

    office: ClassVar[Office]
    home: ClassVar[Home]
    template: ClassVar[str]
    calls: ClassVar[Counter[str]] = Counter()
    refusals: ClassVar[Counter[str]] = Counter()
    states: ClassVar[set[tuple[object, ...]]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.stack.enter_context(clone(self.home, self.template))
        self.answers: list[AnswerFile] = []
        self.answered: set[int] = set()

    def teardown(self) -> None:
        """Drop the example's database."""
        self.stack.close()

    def attempt(self, name: str, act: Callable[[], object]) -> None:
        """Take one step; a refusal that says the step does not fit is fine, anything else is not."""
        self.calls[name] += 1
        try:
            act()
        except Problem as refusal:
            assert refusal.code in EXPECTED, refusal.both()
            self.refusals[f"{name}: {refusal.code}"] += 1

    @initialize()
    def open(self) -> None:
        """Open the cycle."""
        self.cycle = opened(self.office)

    def lists(self) -> list[int]:
        """Return the lists of the cycle."""
        return list(PaymentList.objects.filter(cycle=self.cycle).order_by("id").values_list("pk", flat=True))

    @rule()
    def prepare(self) -> None:
        """The maker generates a list."""
        self.attempt(
            "prepare",
            lambda: prepare_list(
                cycle_id=self.cycle.pk, programme=self.office.programme, user=staff("maker"), at=NOW
            ),
        )

    @precondition(lambda self: self.lists())
    @rule(who=st.sampled_from(["checker", "releaser"]))
    def check(self, who: str) -> None:
        """Somebody checks the newest list."""
        self.attempt("check", lambda: check_list(payment_list_id=self.lists()[-1], user=staff(who), at=NOW))

    @precondition(lambda self: self.lists())
    @rule(who=st.sampled_from(["checker", "releaser", "releaser", "checker"]))
    def approve(self, who: str) -> None:
        """Somebody approves the newest list."""
        newest = PaymentList.objects.get(pk=self.lists()[-1])
        self.attempt(
            "approve",
            lambda: approve_list(
                payment_list_id=newest.pk, user=staff(who), seen_sha256=newest.sha256, at=NOW
            ),
        )

    @precondition(lambda self: self.lists())
    @rule(really=st.integers(0, 3))
    def reject(self, really: int) -> None:
        """Somebody rejects the newest list, less often than others approve it."""
        newest = PaymentList.objects.get(pk=self.lists()[-1])
        if really:
            self.calls["reject (passed over)"] += 1
            return
        self.attempt(
            "reject",
            lambda: reject_list(
                payment_list_id=newest.pk,
                user=staff("releaser"),
                seen_sha256=newest.sha256,
                reason="to be done again",
                at=NOW,
            ),
        )

    @precondition(lambda self: self.lists())
    @rule()
    def dispatch(self) -> None:
        """The releaser dispatches the newest list; what waits in the outbox is sent, twice."""
        sender = self.office.sender(self.cycle.programme_sha256)
        newest = self.lists()[-1]

        def act() -> None:
            dispatch_list(payment_list_id=newest, user=staff("releaser"), sender=sender, at=NOW)
            send_outbox(sender=sender, at=NOW)
            assert send_outbox(sender=sender, at=NOW) == []

        self.attempt("dispatch", act)

    @precondition(lambda self: BankFile.objects.exclude(pk__in=self.answered).exists())
    @rule(seed=st.integers(0, 5), rejected=st.integers(0, 40), returned=st.integers(0, 60))
    def banks_answer(self, seed: int, rejected: int, returned: int) -> None:
        """The banks write their answers; nobody has taken them in yet."""
        self.calls["banks_answer"] += 1
        for file in BankFile.objects.exclude(pk__in=self.answered):
            self.answers += simulated.answer(
                outgoing_path(file, self.office.outgoing).read_bytes(),
                bank=file.bank,
                seed=seed,
                executed_at=file.created_at + timedelta(days=1),
                shares=Shares(rejected_pct=rejected, returned_pct=returned),
            )
            self.answered.add(file.pk)

    @precondition(lambda self: self.answers)
    @rule(data=st.data())
    def take_in(self, data: st.DataObject) -> None:
        """An answer arrives: any of those written, in any order, perhaps again."""
        answer = data.draw(st.sampled_from(self.answers), label="answer")
        self.attempt("take_in", lambda: receive(answer))

    @rule()
    def resolve(self) -> None:
        """The reconciler decides on what came back."""
        self.attempt(
            "resolve",
            lambda: resolve_returns(
                cycle_id=self.cycle.pk,
                programme=self.office.programme,
                user=staff("reconciler"),
                at=NOW,
            ),
        )

    @rule()
    def close(self) -> None:
        """The maker tries to close."""
        self.attempt(
            "close", lambda: close_cycle(cycle_id=self.cycle.pk, user=staff("maker"), at=NOW)
        )

    @invariant()
    def books_balance(self) -> None:
        """Every invariant of the ledger holds, and the money that left the treasury is all accounted for."""
        violated = [check for check in check_ledger(outgoing=self.office.outgoing) if not check.holds]
        assert violated == []
        accounts = balances()
        assert sum(accounts.values()) == 0
        counts = dict(bulk.rows("SELECT status, count(*) FROM payments_payment GROUP BY status"))
        lists = tuple(PaymentList.objects.order_by("id").values_list("status", flat=True))
        approvals = tuple(Approval.objects.order_by("id").values_list("step", flat=True))
        self.states.add((tuple(sorted(counts.items())), lists, approvals))
        paid = sum(paisa for account, paisa in accounts.items() if account.startswith("paid:"))
        assert paid == sum(Payment.objects.filter(status="paid").values_list("amount_paisa", flat=True))


def _shrink_population() -> None:
    """Leave only a few families enrolled: all else is the same."""
    bulk.execute(
        "UPDATE enrolment_beneficiary SET status = 'suspended' WHERE id NOT IN "
        "(SELECT id FROM enrolment_beneficiary ORDER BY id LIMIT %s)",
        [FAMILIES],
    )


def test_money_is_conserved(home: Home, office: Office, enrolled_template: str) -> None:
    examples = int(os.environ.get("KAFALAT_PROVE_EXAMPLES", "20"))
    steps = int(os.environ.get("KAFALAT_PROVE_STEPS", "40"))
    with clone(home, enrolled_template, f"template_few_{os.getpid()}") as template:
        _shrink_population()
    Cycles.home, Cycles.office, Cycles.template = home, office, template
    Cycles.calls.clear()
    Cycles.refusals.clear()
    Cycles.states.clear()
    run_state_machine_as_test(
        Cycles,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize="KAFALAT_PROVE_EXAMPLES" not in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )
    total = sum(Cycles.calls.values())
    rules = {"prepare", "check", "approve", "reject", "dispatch", "banks_answer", "take_in", "resolve", "close"}
    reached = {name: Cycles.calls[name] / total for name in rules}
    assert min(reached.values()) >= 0.005, reached
    assert len(Cycles.states) > examples
