"""Kills a process that generates payments at a chosen statement, and looks at what it left (promise R3)."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection, connections, transaction

from kafalat.core.problems import Problem
from kafalat.interfaces.office import Office
from kafalat.payments.ledger.checks import check_rules
from kafalat.payments.models import Cycle, Payment, PaymentList
from kafalat.registry import bulk
from tests.payments.steps import prepared

SURVIVED = 0


@dataclass
class Executioner:
    """Counts the boundaries between statements, commits included, and kills its own process at one of them."""

    at_boundary: int
    passed: int = 0

    def boundary(self) -> None:
        """Be before a statement, or after it."""
        self.passed += 1
        if self.passed == self.at_boundary:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, execute: Callable[..., Any], *rest: Any) -> Any:
        """Run one statement between two boundaries."""
        self.boundary()
        result = execute(*rest)
        self.boundary()
        return result


def killed_after(delay_s: float, act: Callable[[], object]) -> bool:
    """Run `act` in a process that is killed after a time; say whether it was still at work then."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            act()
            code = SURVIVED
        finally:
            os._exit(code)
    time.sleep(delay_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == SURVIVED
    return os.WIFSIGNALED(status)


def killed_at(boundary: int, act: Callable[[], object]) -> bool:
    """Run `act` in a process that is killed at a boundary; say whether there was one."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            executioner = Executioner(boundary)
            backend: Any = connection
            commit = backend._commit

            def counted() -> None:
                executioner.around(commit)

            backend._commit = counted  # commits pass by the wrapper of statements
            with connection.execute_wrapper(executioner.around):
                act()
            code = SURVIVED
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == SURVIVED
    return False


@dataclass(frozen=True, slots=True)
class Left:
    """What a resumed generation came to, compared with one that was never disturbed; whether it had been committed."""

    missing: int
    doubled: int
    orphans: int
    resumed_s: float = 0.0
    was_there: bool = False


def resume(office: Office, cycle: Cycle, expected: set[str]) -> Left:
    """Generate again after a kill, and compare. A generation that had been committed has nothing left to do.

    What this one writes is undone again, so that the next kill meets the same cycle, with what the killed ones left.
    """
    started = time.monotonic()
    was_there = False
    with transaction.atomic():
        try:
            prepared(office, cycle)
        except Problem as refusal:
            if refusal.code != "payments.nothing_to_pay":
                raise
            was_there = True
        bulk.execute("SET CONSTRAINTS ALL IMMEDIATE")
        resumed_s = time.monotonic() - started
        assert [check for check in check_rules() if not check.holds] == []
        assert PaymentList.objects.count() == 1
        left = replace(compare(expected), resumed_s=resumed_s, was_there=was_there)
        transaction.set_rollback(True)
    return left


def compare(expected: set[str]) -> Left:
    """Count what is missing, doubled or orphaned beside the payments that should be there."""
    found = list(Payment.objects.values_list("identity", flat=True))
    ((orphans,),) = bulk.rows(
        """
        SELECT (SELECT count(*) FROM payments_payment AS p LEFT JOIN payments_paymentlist AS l ON l.id = p.payment_list_id
                LEFT JOIN payments_entitlement AS e ON e.id = p.entitlement_id WHERE l.id IS NULL OR e.id IS NULL)
            + (SELECT count(*) FROM payments_entitlement AS e WHERE NOT EXISTS (
                SELECT FROM payments_payment AS p WHERE p.entitlement_id = e.id))
            + (SELECT count(*) FROM payments_transfer AS t WHERE NOT EXISTS (
                SELECT FROM payments_paymentlist AS l WHERE l.id = t.payment_list_id))
        """
    )
    return Left(
        missing=len(expected - set(found)),
        doubled=len(found) - len(set(found)) + len(set(found) - expected),
        orphans=orphans,
    )
