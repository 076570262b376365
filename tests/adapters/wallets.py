"""A wallet client in front of a simulated provider, without sockets and without waiting."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from kafalat.adapters.banks.simulator.faults import Faults
from kafalat.adapters.banks.simulator.interface import Desk
from kafalat.adapters.banks.simulator.provider import Provider
from kafalat.adapters.wallet import link
from kafalat.adapters.wallet.client import WalletClient
from kafalat.adapters.wallet.link import Limits, Link
from kafalat.adapters.wallet.messages import Order

AT = datetime(2026, 2, 2, 9, 30, tzinfo=UTC)
SECRET = b"a key of this test alone"
PROVIDER = "easypaisa"


def orders(count: int, first: int = 0) -> list[Order]:
    """Orders of one amount for different accounts."""
    return [
        Order(f"K{number:034d}", 1_450_000, f"PK00TMFB{number:016d}", f"Payee {number}", "Kafaalat 2026Q1")
        for number in range(first, first + count)
    ]


@dataclass
class Rig:
    """A provider, its desk, a client and how long the client paused."""

    faults: Faults = field(default_factory=Faults)
    seed: int = 1
    limits: Limits = field(default_factory=Limits)
    failures: int = 1_000
    wrap: Callable[[httpx.BaseTransport], httpx.BaseTransport] = lambda transport: transport
    pauses_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.provider = Provider(PROVIDER, faults=self.faults, seed=self.seed)
        self.desk = Desk(self.provider, secret=SECRET, now=lambda: AT)
        self.link = Link(
            provider=PROVIDER,
            url="http://wallet.test",
            secret=SECRET,
            now=lambda: AT,
            clock=lambda: 0.0,
            sleep=self.pauses_s.append,
            jitter=random.Random(self.seed),  # noqa: S311 - jitter keeps no secret, and has to repeat itself
            breaker=link.breaker(PROVIDER, failures=self.failures),
            transport=self.wrap(self.desk.transport()),
            limits=self.limits,
        )
        self.client = WalletClient(self.link)

    def credited(self) -> dict[str, int]:
        """How many times each account was really credited."""
        times: dict[str, int] = {}
        for entry in self.provider.truth:
            if entry.amount_paisa > 0:
                times[entry.account] = times.get(entry.account, 0) + 1
        return times
