"""The simulated provider behind HTTP: a web application, and the same without a socket for tests and the demo.

Both go through `answer`, so what is tried in process is what is served.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, unquote

import httpx
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from kafalat.adapters.banks.simulator.faults import mishap_of
from kafalat.adapters.banks.simulator.provider import Provider
from kafalat.adapters.wallet import messages
from kafalat.adapters.wallet.messages import Line
from kafalat.adapters.wallet.signing import is_signed
from kafalat.core.digests import canonical_json

BODY_BYTES_MAX: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, or None for `body` where the connection is cut after acting."""

    status: int
    body: bytes | None
    retry_after_s: int = 0


class Desk:
    """Answers requests to one provider, with the faults it was told to have."""

    def __init__(self, provider: Provider, *, secret: bytes, now: Callable[[], datetime]) -> None:
        self.provider, self.secret, self._now = provider, secret, now
        self._requests = 0

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Return the answer to one request. `path` has its query; `headers` are looked up as docs/wallet-api.md writes them."""
        if (method, path) == ("GET", "/_truth"):
            return _json(200, self.provider.books())
        if not is_signed(
            self.secret, subject=f"{method} {path}", body=body, headers=headers, now=self._now()
        ):
            return _json(401, {"error": "not signed"})
        route, _, query = path.partition("?")
        if method == "POST" and route in {"/v1/payments", "/v1/batches", "/v1/recalls"}:
            return self._act(route, headers, body)
        if method == "GET" and route == "/v1/payments":
            asked = [value for name, value in parse_qsl(query) if name == "identity"]
            return _lines(self.provider.know(asked))
        if method == "GET" and route.startswith("/v1/accounts/"):
            account = unquote(route.removeprefix("/v1/accounts/"))
            title = self.provider.titles.get(account)
            return _json(
                200 if title else 404, {"account": account, "title": title} if title else {"error": "unknown"}
            )
        return _json(404, {"error": "unknown"})

    def _act(self, route: str, headers: Mapping[str, str], body: bytes) -> Reply:
        key = headers.get("Idempotency-Key", "")
        act: Callable[[], list[Line]]
        try:
            if route == "/v1/recalls":
                asked = messages.RecallRequest.model_validate_json(body).recalled()
                act, named = (lambda: self.provider.take_back(asked)), key.startswith(asked[0].recall)
            else:
                orders = messages.Request.model_validate_json(body).orders()
                act, named = (
                    lambda: self.provider.take(orders),
                    route == "/v1/batches" or key == orders[0].identity,
                )
        except ValidationError:
            return _json(400, {"error": "not an order"})
        if not named:
            return _json(400, {"error": "the key is not that of the request"})
        self._requests += 1
        mishap = mishap_of(self._requests, self.provider.seed, self.provider.faults)
        self.provider.calls[mishap or "answered"] += 1
        if mishap == "busy":
            return Reply(429, b"{}", retry_after_s=1)
        if mishap == "error_before":
            return _json(500, {"error": "internal"})
        lines = act()
        if mishap == "drop":
            return Reply(200, None)
        if mishap == "error_after":
            return _json(500, {"error": "internal"})
        return _lines(lines, lie=mishap == "lie")

    def transport(self) -> httpx.MockTransport:
        """Return a transport that brings requests here without a socket."""

        def handle(request: httpx.Request) -> httpx.Response:
            named = {"Kafalat-Time", "Kafalat-Signature", "Idempotency-Key"}
            headers = {name: request.headers[name] for name in named if name in request.headers}
            reply = self.answer(request.method, request.url.raw_path.decode(), headers, request.content)
            slow = request.method == "POST" and self.provider.faults.slow_s
            if slow and slow > request.extensions["timeout"]["read"]:
                raise httpx.ReadTimeout("no answer in time", request=request)
            if reply.body is None:
                raise httpx.RemoteProtocolError("the connection was cut", request=request)
            retry = {"Retry-After": str(reply.retry_after_s)} if reply.retry_after_s else {}
            return httpx.Response(reply.status, content=reply.body, headers=retry)

        return httpx.MockTransport(handle)


class _Cut(Response):
    """Promises a body and ends without it: the caller sees its connection cut."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start the answer and leave."""
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"64")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": False})


def application(desk: Desk) -> Starlette:
    """Return the web application of a desk."""

    async def serve(request: Request) -> Response:
        body = await request.body()
        if len(body) > BODY_BYTES_MAX:
            return Response(status_code=413)
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        headers = {
            name: request.headers.get(name, "")
            for name in ("Kafalat-Time", "Kafalat-Signature", "Idempotency-Key")
        }
        await asyncio.sleep(desk.provider.faults.slow_s)
        reply = await asyncio.to_thread(desk.answer, request.method, path, headers, body)
        if reply.body is None:
            return _Cut()
        retry = {"Retry-After": str(reply.retry_after_s)} if reply.retry_after_s else {}
        return Response(reply.body, status_code=reply.status, media_type="application/json", headers=retry)

    return Starlette(routes=[Route("/{path:path}", serve, methods=["GET", "POST"])])


def _json(status: int, value: object) -> Reply:
    return Reply(status, json.dumps(value, ensure_ascii=False).encode())


def _lines(lines: list[Line], *, lie: bool = False) -> Reply:
    return Reply(
        200,
        canonical_json(
            {
                "count": len(lines) + lie,
                "sum_paisa": sum(line.amount_paisa for line in lines),
                "payments": [line.model_dump(mode="json") for line in lines],
            }
        ).encode(),
    )
