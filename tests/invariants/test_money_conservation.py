"""Promise R1: whatever happens in whatever order, no rupee is made, lost or paid twice.

A Hypothesis state machine drives the real services on a real PostgreSQL through cycles: prepare, check, approve,
reject, dispatch, bank answers in any order and repeated, decisions on returns, closing. After every step the whole
ledger is proved again. The short form runs in `make test`; `make prove` runs it for as long as it is told and writes
what it counted under docs/proof/.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from kafalat.adapters.banks.simulated import AnswerFile, Shares
from kafalat.config.home import Home
from kafalat.core.problems import Problem
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.approvals import approve_list, check_list, reject_list
from kafalat.payments.cycles import close_cycle, prepare_list
from kafalat.payments.dispatch import dispatch_list
from kafalat.payments.ledger import balances, check_ledger
from kafalat.payments.models import Approval, BankFile, Payment, PaymentList
from kafalat.payments.outbox import send_outbox
from kafalat.payments.returns import resolve_returns
from kafalat.registry import bulk
from tests.conftest import NOW, clone
from tests.payments.steps import answers_of, opened, receive

# Few families, so that each step is quick and every rule is reached often.
FAMILIES = 12
DECIDERS = ("checker", "releaser")
STEPS = ("prepare", "check", "approve", "reject", "dispatch", "banks_answer", "take_in", "resolve", "close")
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
            if refusal.code not in EXPECTED:
                raise
            self.refusals[f"{name}: {refusal.code}"] += 1

    @initialize()
    def open(self) -> None:
        """Open the cycle."""
        self.cycle = opened(self.office)

    def newest(self) -> PaymentList | None:
        """Return the newest list."""
        return PaymentList.objects.filter(cycle=self.cycle).order_by("id").last()

    def fitting(self) -> list[str]:
        """Return the steps that would get somewhere now: drawn more often than the others, or deep states are never met."""
        steps = []
        newest = self.newest()
        approvals = 0 if newest is None else Approval.objects.filter(payment_list=newest, step__gt=0).count()
        if newest is None or newest.status in {"dispatched", "rejected"}:
            steps.append("prepare")
        elif newest.status == "prepared":
            steps.append("check")
        elif approvals < 2:
            steps += ["approve", "approve", "reject"]
        else:
            steps.append("dispatch")
        if BankFile.objects.exclude(pk__in=self.answered).exists():
            steps.append("banks_answer")
        if self.answers:
            steps += ["take_in", "take_in"]
        if Payment.objects.filter(status__in=["rejected", "returned"], resolution__isnull=True).exists():
            steps.append("resolve")
        return steps

    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        """Somebody does something: mostly what fits, sometimes anything at all."""
        fitting = self.fitting()
        name = data.draw(st.sampled_from([*fitting, *fitting, *STEPS]), label="step")
        getattr(self, name)(data)

    def prepare(self, _data: st.DataObject) -> None:
        """The maker generates a list."""
        self.attempt(
            "prepare",
            lambda: prepare_list(
                cycle_id=self.cycle.pk, programme=self.office.programme, user=staff("maker"), at=NOW
            ),
        )

    def check(self, data: st.DataObject) -> None:
        """Somebody checks the newest list."""
        who, newest = staff(data.draw(st.sampled_from(DECIDERS))), self.newest()
        if newest is not None:
            self.attempt("check", lambda: check_list(payment_list_id=newest.pk, user=who, at=NOW))

    def approve(self, data: st.DataObject) -> None:
        """Somebody approves the newest list."""
        who, newest = staff(data.draw(st.sampled_from(DECIDERS))), self.newest()
        if newest is not None:
            self.attempt(
                "approve",
                lambda: approve_list(payment_list_id=newest.pk, user=who, seen_sha256=newest.sha256, at=NOW),
            )

    def reject(self, _data: st.DataObject) -> None:
        """The releaser rejects the newest list."""
        newest = self.newest()
        if newest is not None:
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

    def dispatch(self, _data: st.DataObject) -> None:
        """The releaser dispatches the newest list; what waits in the outbox is sent, twice."""
        newest = self.newest()
        sender = self.office.sender(self.cycle.programme_sha256)

        def act() -> None:
            assert newest is not None
            dispatch_list(payment_list_id=newest.pk, user=staff("releaser"), sender=sender, at=NOW)
            send_outbox(sender=sender, at=NOW)
            assert send_outbox(sender=sender, at=NOW) == []

        if newest is not None:
            self.attempt("dispatch", act)

    def banks_answer(self, data: st.DataObject) -> None:
        """The banks write their answers; nobody has taken them in yet."""
        shares = Shares(
            rejected_pct=data.draw(st.integers(0, 40)), returned_pct=data.draw(st.integers(0, 60))
        )
        for file in BankFile.objects.exclude(pk__in=self.answered):
            self.calls["banks_answer"] += 1
            self.answers += answers_of(self.office, file, shares, seed=data.draw(st.integers(0, 5)))
            self.answered.add(file.pk)

    def take_in(self, data: st.DataObject) -> None:
        """An answer arrives: any of those written, in any order, perhaps again."""
        if self.answers:
            answer = data.draw(st.sampled_from(self.answers), label="answer")
            self.attempt("take_in", lambda: receive(answer))

    def resolve(self, _data: st.DataObject) -> None:
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

    def close(self, _data: st.DataObject) -> None:
        """The maker tries to close."""
        self.attempt("close", lambda: close_cycle(cycle_id=self.cycle.pk, user=staff("maker"), at=NOW))

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
        "UPDATE enrolment_beneficiary SET status = 'suspended', standing_reason = 'test' WHERE id NOT IN "
        "(SELECT id FROM enrolment_beneficiary ORDER BY id LIMIT %s)",
        [FAMILIES],
    )


def test_money_is_conserved(
    home: Home, office: Office, enrolled_template: str, pytestconfig: pytest.Config
) -> None:
    started = time.monotonic()
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
    reached = {name: round(Cycles.calls[name] / total, 4) for name in STEPS}
    assert min(reached.values()) >= 0.01, reached
    # With a dozen families the states there are run out before the examples do.
    assert len(Cycles.states) > min(examples, 100)
    report = os.environ.get("KAFALAT_PROVE_REPORT")
    if report:
        _write_report(Path(report), pytestconfig, examples, total, time.monotonic() - started)


def _write_report(path: Path, config: pytest.Config, examples: int, total: int, duration_s: float) -> None:
    """Write what a long run counted; it gets here only without a violation."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figures = {
        "promise": "R1 money conservation",
        "commit": commit.stdout.strip(),
        "seed": config.getoption("--hypothesis-seed"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "duration_s": round(duration_s),
        "examples": examples,
        "operations": total,
        "violations": 0,
        "distinct_states": len(Cycles.states),
        "calls": dict(sorted(Cycles.calls.items())),
        "refusals": dict(sorted(Cycles.refusals.items())),
    }
    path.write_text(json.dumps(figures, indent=1) + "\n")
