"""What a simulated provider does wrong, how often, and the seeded dice that decide."""

from __future__ import annotations

from dataclasses import dataclass, fields
from hashlib import blake2b
from typing import Literal

# What befalls one payment, decided by its identity alone, so that the same payment is treated alike in any order.
Fate = Literal["paid", "late", "returned", "rejected"]
# What befalls one request: dropped (acted on, then the connection is cut), an error before or after acting, refused for
# being too busy, answered with totals that are not those of its lines.
Mishap = Literal["", "drop", "error_before", "error_after", "busy", "lie"]


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares in percent of payments, of requests and of messages, and a pause.

    Of payments: `reject`, `late` (accepted, paid later by a message), `returned` (paid, then returned by a message).
    Of recalls that could be granted: `refuse`. Of requests: `drop`, `error`, `busy`, `lie`. Of messages: `duplicate`,
    `reorder`, `lie`. `slow_s` is waited before
    each answer. With `forget` the provider does not know its idempotency keys again, so a repeated call pays again,
    though it still answers by identity what it did last.
    """

    reject: int = 0
    late: int = 0
    returned: int = 0
    refuse: int = 0
    drop: int = 0
    error: int = 0
    busy: int = 0
    lie: int = 0
    duplicate: int = 0
    reorder: int = 0
    slow_s: float = 0.0
    forget: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError for a share that is none."""
        for one in fields(self):
            value = getattr(self, one.name)
            if not 0 <= value <= 100:
                msg = f"{one.name} is {value}; shares lie between 0 and 100"
                raise ValueError(msg)


def drawn(text: str) -> int:
    """Return a number from 0 to 9,999 that depends on `text` alone."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") % 10_000


def happens(text: str, share_pct: int) -> bool:
    """Say whether something of this share happens at the throw named `text`."""
    return drawn(text) < share_pct * 100


def fate_of(identity: str, seed: int, faults: Faults) -> Fate:
    """Return what becomes of a payment."""
    left = drawn(f"fate:{seed}:{identity}")
    steps: tuple[tuple[Fate, int], ...] = (
        ("rejected", faults.reject),
        ("returned", faults.returned),
        ("late", faults.late),
    )
    for fate, share_pct in steps:
        left -= share_pct * 100
        if left < 0:
            return fate
    return "paid"


def mishap_of(request: int, seed: int, faults: Faults) -> Mishap:
    """Return what befalls the request of this number."""
    left = drawn(f"request:{seed}:{request}")
    steps: tuple[tuple[Mishap, int], ...] = (
        ("busy", faults.busy * 100),
        ("drop", faults.drop * 100),
        ("error_before", faults.error * 50),
        ("error_after", faults.error * 50),
        ("lie", faults.lie * 100),
    )
    for mishap, share in steps:
        left -= share
        if left < 0:
            return mishap
    return ""
