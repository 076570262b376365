"""The simulated provider itself: takes orders, keeps its own ledger of credits, answers, and calls back.

It knows no network: `interface.py` puts it behind HTTP. Everything it decides depends on its seed and on what it is
asked, so that a run can be repeated.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kafalat.adapters.banks.simulator.faults import Fate, Faults, fate_of, happens
from kafalat.adapters.wallet.messages import Line, Order, Recalling, State, message_body

REJECT_REASONS = ("AC01", "AC04", "AC06")
RETURN_REASONS = ("AC04", "MD07", "MS03")
LINES_MAX = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement on a wallet: positive when credited, negative when taken back."""

    identity: str
    account: str
    amount_paisa: int


class Provider:
    """A wallet provider. Safe to call from several threads."""

    def __init__(
        self, code: str, *, faults: Faults, seed: int, titles: Mapping[str, str] | None = None
    ) -> None:
        self.code, self.faults, self.seed = code, faults, seed
        self.titles = dict(titles or {})
        self.truth: list[Entry] = []
        self.calls: Counter[str] = Counter()
        self._lock = threading.RLock()
        self._known: dict[str, Line] = {}
        self._accounts: dict[str, str] = {}
        self._recalls: dict[tuple[str, str], Line] = {}
        self._due: list[tuple[str, Fate]] = []
        self._messages = 0

    def take(self, orders: Sequence[Order]) -> list[Line]:
        """Act on orders and return how each stands. A known identity is not acted on again unless keys are forgotten."""
        with self._lock:
            return [self._take(order) for order in orders]

    def _take(self, order: Order) -> Line:
        known = self._known.get(order.identity)
        if known is not None and not self.faults.forget:
            self.calls["repeated"] += 1
            same = known.request_sha256 == order.sha256
            return known if same else known.model_copy(update={"state": "conflict"})
        fate = fate_of(order.identity, self.seed, self.faults)
        states: dict[Fate, State] = {"rejected": "rejected", "late": "accepted"}
        reason = (
            REJECT_REASONS[len(order.identity + order.account) % len(REJECT_REASONS)]
            if fate == "rejected"
            else ""
        )
        line = Line(
            identity=order.identity,
            state=states.get(fate, "paid"),
            amount_paisa=order.amount_paisa,
            request_sha256=order.sha256,
            reason_code=reason,
        )
        self._known[order.identity], self._accounts[order.identity] = line, order.account
        if line.state == "paid":
            self.truth.append(Entry(order.identity, order.account, order.amount_paisa))
        if fate in {"late", "returned"}:
            self._due.append((order.identity, fate))
        self.calls["taken"] += 1
        return line

    def take_back(self, asked: Sequence[Recalling]) -> list[Line]:
        """Give back what was not credited yet and return what became of each; said again, it is answered as the first time."""
        with self._lock:
            return [self._take_back(one) for one in asked]

    def _take_back(self, one: Recalling) -> Line:
        said = self._recalls.get((one.recall, one.identity))
        if said is not None:
            self.calls["recall_repeated"] += 1
            return said
        known = self._known.get(one.identity)
        reason = _refusal(known, one)
        if not reason and happens(f"refuse:{self.seed}:{one.identity}", self.faults.refuse):
            reason = "CUST"
        if not reason and known is not None:
            self._known[one.identity] = known.model_copy(update={"state": "recalled"})
            self._due = [(identity, fate) for identity, fate in self._due if identity != one.identity]
        line = Line(
            identity=one.identity,
            state="refused" if reason else "recalled",
            amount_paisa=one.amount_paisa,
            request_sha256=one.sha256,
            reason_code=reason,
        )
        self._recalls[one.recall, one.identity] = line
        self.calls[line.state] += 1
        return line

    def know(self, identities: Sequence[str]) -> list[Line]:
        """Return what became of these payments, of those the provider knows."""
        with self._lock:
            return [self._known[identity] for identity in identities if identity in self._known]

    def settle(self, at: datetime) -> list[bytes]:
        """Carry out what is still due (late payments, returns) and return the messages about it, faults included."""
        with self._lock:
            due, self._due = self._due, []
            lines = [self._carry_out(identity, fate) for identity, fate in due]
            bodies = [
                self._message(lines[start : start + LINES_MAX], at)
                for start in range(0, len(lines), LINES_MAX)
            ]
        sent: list[bytes] = []
        for body in bodies:
            throw = f"{self.seed}:{body.decode()}"
            if happens(f"lie:{throw}", self.faults.lie):
                sent.append(body.replace(b'"count":', b'"count":1'))
            sent += [body, body] if happens(f"duplicate:{throw}", self.faults.duplicate) else [body]
        if happens(f"reorder:{self.seed}:{self._messages}", self.faults.reorder):
            sent.reverse()
        return sent

    def _carry_out(self, identity: str, fate: Fate) -> Line:
        was = self._known[identity]
        if fate == "late":
            line = was.model_copy(update={"state": "paid"})
            self.truth.append(Entry(identity, self._accounts[identity], was.amount_paisa))
        else:
            reason = RETURN_REASONS[len(self._accounts[identity]) % len(RETURN_REASONS)]
            line = was.model_copy(update={"state": "returned", "reason_code": reason})
            self.truth.append(Entry(identity, self._accounts[identity], -was.amount_paisa))
        self._known[identity] = line
        return line

    def _message(self, lines: Sequence[Line], at: datetime) -> bytes:
        self._messages += 1
        return message_body(
            provider=self.code,
            message_id=f"{self.code[:12].replace('_', '-').upper()}-{self.seed}-{self._messages}",
            created_at=at,
            lines=lines,
        )

    def books(self) -> dict[str, object]:
        """Return the truth: every movement on its wallets, and how often each payment was credited."""
        with self._lock:
            credited = Counter(entry.identity for entry in self.truth if entry.amount_paisa > 0)
            return {
                "entries": [[e.identity, e.account, e.amount_paisa] for e in self.truth],
                "credited_twice": sorted(identity for identity, times in credited.items() if times > 1),
                "sum_paisa": sum(entry.amount_paisa for entry in self.truth),
                "calls": dict(self.calls),
            }


def _refusal(known: Line | None, one: Recalling) -> str:
    """Return the ISO 20022 reason why a payment cannot be given back, or nothing: only what is not credited yet can."""
    if known is None or known.amount_paisa != one.amount_paisa:
        return "NOOR"
    if known.state in {"rejected", "returned"}:
        return "ARDT"
    return "" if known.state in {"accepted", "pending", "recalled"} else "CUST"
