"""Calls a wallet provider so that nobody is paid twice, whatever the line does.

Each order carries its payment's identity as idempotency key. After every outcome that leaves in doubt whether the
provider acted (time-out, connection lost, server error, an answer that does not add up) it is asked by identity before
anything is sent again; what stays in doubt is reported as such and asked about first the next time. Retries back off
with jitter, and a circuit breaker per provider stops calling one that keeps failing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, ValidationError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from kafalat.adapters.wallet.link import BusyError, CallError, DoubtError, Link, NotSentError, RefusedError
from kafalat.adapters.wallet.messages import (
    OF_ORDERS,
    OF_RECALLS,
    Line,
    Lines,
    Order,
    Recalling,
    request_body,
)
from kafalat.core.problems import problem

_NOT_FOUND: Final = 404

Standing = Literal["answered", "unsent", "unknown", "refused"]


@dataclass(frozen=True, slots=True)
class Result:
    """How one order stands after a call: what the provider said of it, or why it said nothing.

    `unsent`: it never reached the provider. `unknown`: it may have; ask before sending again. `refused`: the provider
    will not take the request as it is. `status` is the HTTP status of the last exchange, 0 without one.
    """

    order: Order
    standing: Standing
    line: Line | None = None
    status: int = 200
    reason: str = ""


@dataclass(slots=True)
class _Call:
    """Orders on their way: those without an answer yet, and whether the provider may have acted on them."""

    waiting: dict[str, Order]
    doubtful: bool
    lines: dict[str, Line] = field(default_factory=dict)


class _Title(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    account: str
    title: str


class WalletClient:
    """One provider's interface."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._limits = link.limits

    @property
    def provider(self) -> str:
        """The provider's code."""
        return self._link.provider

    @property
    def batch(self) -> int:
        """How many orders one call holds at most."""
        return self._limits.batch

    def pay(self, orders: Sequence[Order], *, doubtful: bool = False) -> list[Result]:
        """Have at most `Limits.batch` orders paid and say how each stands; raises nothing for the line's faults.

        `doubtful` says that an earlier call with these orders may have reached the provider: it is asked first.
        """
        call = _Call({order.identity: order for order in orders}, doubtful)
        failure: CallError | None = None
        try:
            for attempt in self._retrying():
                with attempt:
                    self._round(call)
        except CallError as error:
            failure = error
        rest: Standing = (
            "unknown" if call.doubtful else "refused" if isinstance(failure, RefusedError) else "unsent"
        )
        return [
            Result(order, "answered", line=call.lines[order.identity])
            if order.identity in call.lines
            else Result(
                order, rest, status=failure.status if failure else 0, reason=str(failure) if failure else ""
            )
            for order in orders
        ]

    def _round(self, call: _Call) -> None:
        """Ask where there is doubt, then send what the provider does not know of."""
        if call.doubtful:
            self._take(call, self.ask(call.waiting))
            call.doubtful = False
        if not call.waiting:
            return
        orders = list(call.waiting.values())
        try:
            answer = self._post(orders)
        except DoubtError:
            call.doubtful = True
            raise
        lines = _parsed(answer, OF_ORDERS)
        if lines is None or {line.identity for line in lines.payments} != call.waiting.keys():
            call.doubtful = True
            raise DoubtError("its answer does not add up")
        self._take(call, {line.identity: line for line in lines.payments})

    def _post(self, orders: Sequence[Order]) -> bytes:
        """Send one order under its own key, several as a batch in which each has its own."""
        path = "/v1/payments" if len(orders) == 1 else "/v1/batches"
        key = orders[0].identity if len(orders) == 1 else ""
        return self._link.exchange("POST", path, body=request_body(orders), key=key)

    @staticmethod
    def _take(call: _Call, lines: Mapping[str, Line]) -> None:
        for identity, line in lines.items():
            order = call.waiting.pop(identity)
            same = line.request_sha256 == order.sha256 and line.amount_paisa == order.amount_paisa
            call.lines[identity] = line if same else line.model_copy(update={"state": "conflict"})

    def ask(self, identities: Iterable[str]) -> dict[str, Line]:
        """Return what the provider knows of these payments; those it does not know are left out. Raises `CallError`."""
        found: dict[str, Line] = {}
        wanted = list(identities)
        for start in range(0, len(wanted), self._limits.batch):
            some = wanted[start : start + self._limits.batch]
            query = "&".join(f"identity={quote(identity, safe='')}" for identity in some)
            lines = _parsed(self._link.exchange("GET", f"/v1/payments?{query}"), OF_ORDERS)
            if lines is None or not {line.identity for line in lines.payments} <= set(some):
                raise DoubtError("its answer does not add up")
            found |= {line.identity: line for line in lines.payments}
        return found

    def recall(self, asked: Sequence[Recalling]) -> list[Line]:
        """Ask for payments of one request back; return what the provider says of each: recalled, refused or pending.

        A part of at most `Limits.batch` payments has a key of its own. Where there is doubt it is sent again as it was:
        taking back twice takes nothing twice. Raises the problem `wallet.unreachable`; parts may have been acted on then.
        """
        lines: list[Line] = []
        parts = [
            asked[start : start + self._limits.batch] for start in range(0, len(asked), self._limits.batch)
        ]
        try:
            for number, part in enumerate(parts, start=1):
                for attempt in self._retrying():
                    with attempt:
                        lines += self._recall(part, key=f"{part[0].recall}-{number}")
        except CallError as failure:
            raise problem("wallet.unreachable", provider=self.provider, reason=str(failure)) from failure
        return lines

    def _recall(self, part: Sequence[Recalling], *, key: str) -> Sequence[Line]:
        answer = self._link.exchange("POST", "/v1/recalls", body=request_body(part), key=key)
        lines = _parsed(answer, OF_RECALLS)
        said = (
            {(line.identity, line.amount_paisa, line.request_sha256) for line in lines.payments}
            if lines
            else set()
        )
        if lines is None or said != {(one.identity, one.amount_paisa, one.sha256) for one in part}:
            raise DoubtError("its answer does not add up")
        return lines.payments

    def title(self, account: str) -> str | None:
        """Return the name the account is held under, None where the provider has no such account.

        Raises the problem `wallet.unreachable`.
        """
        try:
            for attempt in self._retrying():
                with attempt:
                    answer = self._link.exchange("GET", f"/v1/accounts/{quote(account, safe='')}")
                    try:
                        return _Title.model_validate_json(answer).title
                    except ValidationError as error:
                        raise DoubtError("its answer cannot be read") from error
        except RefusedError as refusal:
            if refusal.status == _NOT_FOUND:
                return None
            raise problem("wallet.unreachable", provider=self.provider, reason=str(refusal)) from refusal
        except CallError as failure:
            raise problem("wallet.unreachable", provider=self.provider, reason=str(failure)) from failure
        return None

    def _retrying(self) -> Retrying:
        return Retrying(
            stop=stop_after_attempt(self._limits.tries),
            wait=self._wait_s,
            sleep=self._link.sleep,
            retry=retry_if_exception_type((BusyError, DoubtError, NotSentError)),
            reraise=True,
        )

    def _wait_s(self, state: RetryCallState) -> float:
        """Return the pause before the next try: doubled each time, half of it random, never less than was asked for."""
        pause_s: float = min(
            self._limits.backoff_max_s, self._limits.backoff_s * 2 ** (state.attempt_number - 1)
        )
        pause_s *= 0.5 + self._link.jitter.random() / 2
        failure = state.outcome.exception() if state.outcome else None
        return (
            max(pause_s, min(failure.after_s, self._limits.backoff_max_s))
            if isinstance(failure, BusyError)
            else pause_s
        )


def _parsed(answer: bytes, states: frozenset[str]) -> Lines | None:
    """Return an answer whose totals are those of its lines, each in one of these states, else None."""
    try:
        lines = Lines.model_validate_json(answer)
    except ValidationError:
        return None
    return lines if all(line.state in states for line in lines.payments) else None
