"""What it takes to send, and by which way a bank is paid: as a file, or payment by payment to its interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from kafalat.adapters.wallet.client import Result
from kafalat.adapters.wallet.messages import Line, Order, Recalling
from kafalat.core.sealing import Sealer
from kafalat.policy.model import Programme

Transport = Literal["file", "api"]


class Wallet(Protocol):
    """A wallet provider as the outbox sees it (`adapters/wallet/client.py`)."""

    @property
    def provider(self) -> str:
        """The bank's code."""
        ...

    @property
    def batch(self) -> int:
        """How many payments one call holds at most."""
        ...

    def pay(self, orders: Sequence[Order], *, doubtful: bool = False) -> list[Result]:
        """Have orders paid and say how each stands."""
        ...

    def recall(self, asked: Sequence[Recalling]) -> list[Line]:
        """Ask for payments back and say what became of each. Raises the problem `wallet.unreachable`."""
        ...


@dataclass(frozen=True, slots=True)
class Sender:
    """What it takes to send: the programme paid under, the key to the IBANs, where files go, providers that are reached."""

    programme: Programme
    sealer: Sealer
    outgoing: Path
    wallets: Mapping[str, Wallet] = field(default_factory=dict)


def transport_of(bank: str, sender: Sender) -> Transport:
    """Return the way a bank's payments leave: by its interface where its profile has one and this installation reaches it.

    Settled once, at dispatch: what may have left one way never leaves the other.
    """
    profile = sender.programme.bank_profiles.get(bank)
    return "api" if profile is not None and profile.transport == "api" and bank in sender.wallets else "file"
