"""Senders that are killed, that meet a poisoned payment, or that work side by side; and what became of the money (R31)."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from django.db import IntegrityError, connection, connections

from kafalat.adapters.wallet.client import Result, WalletClient
from kafalat.adapters.wallet.messages import Order
from kafalat.payments.ledger.checks import check_ledger
from kafalat.payments.models import Outbox
from tests.payments.wallets import Channel


@dataclass(slots=True)
class Money:
    """What went wrong with the money of one sending, or of many: nothing, if all are 0.

    `lost` are payments nobody answers for and files that did not leave; `doubled` accounts credited more than once and
    files half written; `misbelieved` payments that the provider paid and we think otherwise, or the reverse;
    `broken` invariants of the books.
    """

    lost: int = 0
    doubled: int = 0
    misbelieved: int = 0
    broken: int = 0

    def add(self, other: Money) -> None:
        """Count another sending in."""
        self.lost += other.lost
        self.doubled += other.doubled
        self.misbelieved += other.misbelieved
        self.broken += other.broken


def counted(channel: Channel) -> Money:
    """Compare what we believe of each payment with what the provider really did, and prove the books."""
    believed, provider = channel.believed(), channel.rig.provider
    balance: dict[str, int] = {}
    for entry in provider.truth:
        balance[entry.identity] = balance.get(entry.identity, 0) + entry.amount_paisa
    paid = {identity for identity, state in believed.items() if state == "paid"}
    unsent = Outbox.objects.filter(transport="file", sent_at__isnull=True).count()
    outgoing = channel.sender.outgoing
    return Money(
        lost=unsent + sum(state in {"sent", "prepared"} for state in believed.values()),
        doubled=sum(times > 1 for times in channel.rig.credited().values())
        + len(list(outgoing.rglob("*.part"))),
        misbelieved=len(paid ^ {identity for identity, paisa in balance.items() if paisa > 0}),
        broken=sum(not check.holds for check in check_ledger(outgoing=outgoing)),
    )


def money_is_right(channel: Channel) -> None:
    """Raise AssertionError unless nobody was paid twice or lost, and we believe what is true."""
    assert counted(channel) == Money()


# The function whose call, or whose return, the process does not live to see.
KILLS = {
    "between commit and send": ("kafalat.payments.sending.outbox.call_provider", "before"),
    "before the intent": ("kafalat.payments.sending.calls._intend", "before"),
    "between intent and call": ("kafalat.payments.sending.calls._pay", "before"),
    "between call and result": ("kafalat.payments.sending.calls._pay", "after"),
    "between send and mark": ("kafalat.payments.sending.calls._conclude", "after"),
    "while a result is booked": ("kafalat.payments.sending.calls.take_in", "after"),
    "while a file is written": ("kafalat.payments.sending.outbox._render", "after"),
    "between file and mark": ("kafalat.payments.sending.outbox._write", "after"),
}


@contextmanager
def over_http(channel: Channel) -> Iterator[None]:
    """Put the provider behind a socket, so that what it did outlives a sender that is killed."""
    desk = channel.rig.desk

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = desk.answer(self.command, self.path, dict(self.headers.items()), body)
            if reply.body is None:
                self.close_connection = True
                return
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = _answer  # noqa: N815 - the names the library calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library names it
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    channel.rig.link = replace(channel.rig.link, url=f"http://127.0.0.1:{server.server_port}", transport=None)
    channel.sender = replace(channel.sender, wallets={channel.bank: WalletClient(channel.rig.link)})
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def killed(channel: Channel, target: str, moment: str, at: datetime) -> int:
    """Run the sender in a process of its own that is killed at a point; return how it ended."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        module, _, name = target.rpartition(".")
        real = getattr(sys.modules[module], name)

        def dying(*args: object, **kwargs: object) -> object:
            if moment == "after":
                real(*args, **kwargs)
            os.kill(os.getpid(), signal.SIGKILL)
            return None

        setattr(sys.modules[module], name, dying)
        try:
            channel.send(at)
        finally:
            os._exit(0)
    return os.waitpid(pid, 0)[1]


class Careless(WalletClient):
    """A client that does not ask about a payment before it repeats the call."""

    def pay(self, orders: Sequence[Order], *, doubtful: bool = False) -> list[Result]:
        return super().pay(orders, doubtful=False)


class Picky(WalletClient):
    """A provider's interface that refuses every request in which one payment stands."""

    poison: ClassVar[str] = ""
    requests: ClassVar[int] = 0

    def pay(self, orders: Sequence[Order], *, doubtful: bool = False) -> list[Result]:
        if any(order.identity == self.poison for order in orders):
            type(self).requests += 1
            return [Result(order, "refused", status=400, reason="it answered 400") for order in orders]
        return super().pay(orders, doubtful=doubtful)


def sent_by_two(channel: Channel) -> list[str]:
    """Run two senders at once; return what left, and the names of what they failed with."""
    left: list[str] = []
    start = threading.Barrier(2)

    def work() -> None:
        try:
            start.wait(10)
            left.extend(departure.place for departure in channel.send())
        except IntegrityError as error:
            left.append(f"refused: {type(error).__name__}")
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return left
