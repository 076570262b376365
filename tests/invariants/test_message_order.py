"""Promise R6: messages of a bank may come in any order; the books end the same, or the disagreement waits for a person.

Each order of six status messages about one payment is taken in from the same start, within a transaction that is then
undone. `make prove` tries all 720 orders of each set, and every message again after the cycle was closed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice, permutations
from math import factorial

import pytest
from django.db import transaction

from kafalat.adapters.banks.simulator.faults import Faults
from kafalat.adapters.wallet.messages import Line, State, message_body
from kafalat.core.digests import value_sha256
from kafalat.interfaces.office import Office
from kafalat.payments.ledger.checks import balances
from kafalat.payments.models import Delivery, Payment
from kafalat.payments.reconciliation.answers import take_in
from kafalat.payments.reconciliation.staging import Receiver
from kafalat.registry import bulk
from tests.adapters.wallets import AT
from tests.conftest import NOW
from tests.payments.wallets import Channel
from tests.proof import EVERY, report

# Six messages each. The second set contradicts itself: a payment cannot be both paid and rejected.
SETS: dict[str, tuple[State, ...]] = {
    "paid, then returned": ("pending", "accepted", "accepted", "paid", "paid", "returned"),
    "paid and rejected": ("pending", "accepted", "accepted", "paid", "paid", "rejected"),
}


class Undo(Exception):  # noqa: N818 - no error: it ends a trial
    """Ends a trial without a trace."""


@contextmanager
def trial() -> Iterator[None]:
    """Undo everything done within."""
    try:
        with transaction.atomic():
            yield
            raise Undo
    except Undo:
        pass


@pytest.fixture
def channel(office: Office, enrolled: str) -> Channel:
    """A list whose calls are on their way: nothing was answered yet."""
    return Channel(office, Faults(busy=100))


class Desk:
    """Takes in messages about one payment in an order, and says how the books end."""

    def __init__(self, channel: Channel) -> None:
        channel.send()
        self.receiver = Receiver(programme=channel.sender.programme, sealer=channel.sender.sealer)
        self.bank = channel.bank
        self.payment = Payment.objects.filter(status="sent", bank=channel.bank).order_by("id")[0]
        self.sha256 = Delivery.objects.filter(payment=self.payment)[0].request_sha256

    def take(self, number: int, state: State) -> None:
        """Take in one message."""
        line = Line(
            identity=self.payment.identity,
            state=state,
            amount_paisa=self.payment.amount_paisa,
            request_sha256=self.sha256,
        )
        take_in(
            content=message_body(provider=self.bank, message_id=f"R6-{number}", created_at=AT, lines=[line]),
            name=f"message {number}",
            actor="test",
            receiver=self.receiver,
            at=NOW,
        )
        # The tables of one taking in live as long as its transaction, which here is the whole trial.
        bulk.execute("DROP TABLE IF EXISTS line, sealed, judged")

    def end(self) -> tuple[str, tuple[str, ...]]:
        """The hash of the books and of the payment's state, and what waits for a person about it."""
        self.payment.refresh_from_db()
        held = bulk.rows(
            "SELECT verdict FROM payments_reportline WHERE payment_id = %s AND verdict NOT IN ('pending', 'repeated') ORDER BY 1",
            [self.payment.pk],
        )
        books = {account: paisa for account, paisa in balances().items() if paisa}
        return value_sha256([self.payment.status, books]), tuple(verdict for (verdict,) in held)


def ends(desk: Desk, messages: Sequence[State], orders: int) -> Counter[tuple[str, tuple[str, ...]]]:
    """Take the messages in, in so many orders; return how often each end was reached."""
    found: Counter[tuple[str, tuple[str, ...]]] = Counter()
    step = max(1, factorial(len(messages)) // orders)
    for order in islice(permutations(range(len(messages))), 0, None, step):
        with trial():
            for number in order:
                desk.take(number, messages[number])
            found[desk.end()] += 1
    return found


def test_some_orders_of_six_messages_end_alike_or_wait_for_a_person(channel: Channel) -> None:
    desk = Desk(channel)
    agreeing = ends(desk, SETS["paid, then returned"], 12)
    assert len({books for books, _ in agreeing}) == 1
    assert {held for _, held in agreeing} == {()}
    contradicting = ends(desk, SETS["paid and rejected"], 12)
    assert all("contradiction" in held for _, held in contradicting), "no contradiction is passed over"


@pytest.mark.prove
def test_every_order_of_six_messages_and_late_ones_counted(channel: Channel) -> None:
    """R6 in full: 720 orders of each set, then each message of each set after the cycle was closed."""
    started = time.monotonic()
    desk = Desk(channel)
    found = {name: ends(desk, messages, 720) for name, messages in SETS.items()}
    hashes = {name: len({books for books, _ in outcome}) for name, outcome in found.items()}
    unheld = sum(times for (_, held), times in found["paid and rejected"].items() if not held)
    late = late_held = late_moved = 0
    for messages in SETS.values():
        for number, state in enumerate(messages):
            with trial():
                bulk.execute("UPDATE payments_cycle SET status = 'closed', closed_at = %s", [NOW])
                before, _ = desk.end()
                desk.take(number, state)
                after, held = desk.end()
                late += 1
                late_moved += before != after
                late_held += state == "pending" or bool(held)
    shorter = ends(desk, SETS["paid, then returned"][:-1], 120)
    told_apart = {books for books, _ in shorter}.isdisjoint(
        books for books, _ in found["paid, then returned"]
    )
    met = (
        hashes["paid, then returned"] == 1
        and unheld == 0
        and late_moved == 0
        and late_held == late
        and told_apart
    )
    report(
        "r6-message-order",
        promise="R6 messages in any order",
        bar="1 ledger hash over 720 orders, or explicit quarantine; late ones change nothing",
        found=f"{hashes['paid, then returned']} hash over 720 orders; {720 - unheld} of 720 contradicting orders held; "
        f"{late - late_moved} of {late} late messages changed nothing",
        met=met,
        duration_s=time.monotonic() - started,
        seed=EVERY,
        control="without the last message the books end "
        + ("otherwise: the hash tells them apart" if told_apart else "the same: the hash is blind"),
        orders={name: sum(outcome.values()) for name, outcome in found.items()},
        distinct_hashes=hashes,
        held={
            name: {", ".join(held) or "nothing": times for held, times in _by_held(outcome).items()}
            for name, outcome in found.items()
        },
        late_messages=late,
        late_messages_held=late_held,
        late_messages_that_moved_money=late_moved,
    )
    assert met


def _by_held(outcome: Counter[tuple[str, tuple[str, ...]]]) -> Counter[tuple[str, ...]]:
    counted: Counter[tuple[str, ...]] = Counter()
    for (_, held), times in outcome.items():
        counted[held] += times
    return counted
