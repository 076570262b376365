"""One signed exchange with a wallet provider, and what its failure says about whether the provider acted.

`NotSentError`: nothing reached it. `DoubtError`: it may have acted. `BusyError`: it said that it did not act and when to come back.
`RefusedError`: it said that it will never act on this.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import httpx
from pybreaker import CircuitBreaker, CircuitBreakerError

from kafalat.adapters.wallet.signing import signature_headers

_BUSY = 429
_CLIENT_FAULT, _SERVER_FAULT = 400, 500


class CallError(Exception):
    """An exchange that brought no usable answer. `status` is the HTTP status, 0 without one."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


class NotSentError(CallError):
    """Nothing reached the provider."""


class RestingError(CallError):
    """Nothing was sent: the provider kept failing and is left alone for a while."""


class DoubtError(CallError):
    """The provider may have acted."""


class BusyError(CallError):
    """The provider did not act, and asks for `after_s` seconds of patience."""

    def __init__(self, reason: str, status: int, after_s: float) -> None:
        super().__init__(reason, status)
        self.after_s = after_s


class RefusedError(CallError):
    """The provider will never act on this request as it is."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how often a provider is tried, in seconds and tries, and how much it may answer."""

    connect_s: float = 5.0
    answer_s: float = 20.0
    answer_bytes: int = 4_000_000
    batch: int = 50
    tries: int = 4
    backoff_s: float = 0.5
    backoff_max_s: float = 20.0


@dataclass(frozen=True)
class Link:
    """What it takes to speak with one provider. `clock` counts seconds, `now` is the time of day signed into requests."""

    provider: str
    url: str
    secret: bytes
    now: Callable[[], datetime]
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    jitter: random.Random
    breaker: CircuitBreaker
    transport: httpx.BaseTransport | None = None
    limits: Limits = Limits()

    def exchange(self, method: str, path: str, *, body: bytes = b"", key: str = "") -> bytes:
        """Send one request and return the body of a 2xx answer. Raises the failures of this module."""
        try:
            answer: bytes = self.breaker.call(self._exchange, method, path, body, key)
        except CircuitBreakerError as error:
            raise RestingError("it kept failing and is left alone for a while") from error
        return answer

    def _exchange(self, method: str, path: str, body: bytes, key: str) -> bytes:
        headers = signature_headers(self.secret, subject=f"{method} {path}", body=body, at=self.now())
        if body:
            headers["Content-Type"] = "application/json"
        if key:
            headers["Idempotency-Key"] = key
        timeout = httpx.Timeout(self.limits.answer_s, connect=self.limits.connect_s)
        try:
            with (
                httpx.Client(transport=self.transport, timeout=timeout, trust_env=False) as client,
                client.stream(method, self.url + path, content=body, headers=headers) as response,
            ):
                return self._read(response)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as error:
            raise NotSentError(str(error) or type(error).__name__) from error
        except httpx.TransportError as error:
            raise DoubtError(str(error) or type(error).__name__) from error

    def _read(self, response: httpx.Response) -> bytes:
        """Return the body, within size and time: a provider that sends a byte a second is not waited for."""
        status, until = response.status_code, self.clock() + self.limits.answer_s
        if status == _BUSY:
            raise BusyError("it is busy", status, _seconds(response.headers.get("Retry-After", "")))
        if _CLIENT_FAULT <= status < _SERVER_FAULT:
            raise RefusedError(f"it answered {status}", status)
        if not response.is_success:
            raise DoubtError(f"it answered {status}", status)
        answer = bytearray()
        for part in response.iter_bytes():
            answer += part
            if len(answer) > self.limits.answer_bytes:
                raise DoubtError("its answer is too long", status)
            if self.clock() > until:
                raise DoubtError("its answer took too long", status)
        return bytes(answer)


def breaker(provider: str, *, failures: int = 5, rest_s: float = 30.0) -> CircuitBreaker:
    """Return a breaker that leaves a provider alone for `rest_s` after so many failures in a row.

    What the provider itself answers with a reason (busy, refused) is no failure. It counts its rest by the real clock.
    """
    return CircuitBreaker(
        fail_max=failures,
        reset_timeout=rest_s,
        exclude=[BusyError, RefusedError],
        name=provider,
        throw_new_error_on_trip=False,
    )


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() else 0.0
