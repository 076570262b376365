"""`kafalat simulate-bank` as docs/wallet-api.md has it started: a process of its own, called over sockets, that calls back."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
from django.db import connections
from django.utils import timezone

from kafalat.adapters.wallet.client import WalletClient
from kafalat.adapters.wallet.link import Limits
from kafalat.interfaces.channels import wallet_clients
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.cycles.approvals import release_list
from kafalat.payments.ledger.checks import check_ledger
from kafalat.payments.models import Outbox, Payment
from kafalat.payments.sending.outbox import send_outbox
from tests.interfaces.people import browser
from tests.payments.people import keep_families
from tests.payments.steps import approve, authorise, checked, opened

BANK = "easypaisa"
LIFETIME_S = 90
FAULTS = [
    "--late",
    "40",
    "--returned",
    "15",
    "--drop",
    "30",
    "--lie",
    "15",
    "--duplicate",
    "60",
    "--reorder",
    "50",
    "--slow-s",
    "0.05",
    "--forget",
]


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@dataclass
class Callbacks:
    """What the provider sent by itself: the status each message was answered with."""

    url: str
    statuses: list[int]


@contextmanager
def console() -> Iterator[Callbacks]:
    """The address that takes providers' messages, in this process and on this test's database."""
    taken = Callbacks("", [])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers: dict[str, Any] = {
                name: self.headers[name] for name in ("Kafalat-Time", "Kafalat-Signature")
            }
            answer = browser().post(self.path, data=body, content_type="application/json", headers=headers)
            taken.statuses.append(answer.status_code)
            self.send_response(answer.status_code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library names it
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    taken.url = f"http://127.0.0.1:{server.server_port}/callbacks/{BANK}/"

    def serve() -> None:
        server.serve_forever(poll_interval=0.1)
        connections.close_all()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield taken
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def simulated(port: int, callback_url: str) -> Iterator[subprocess.Popen[str]]:
    """Start the command and stop it by its own number."""
    words = [sys.executable, "-m", "kafalat", "simulate-bank", "--provider", BANK, "--port", str(port)]
    words += ["--lifetime-s", str(LIFETIME_S), "--callback-url", callback_url, *FAULTS]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                httpx.get(f"http://127.0.0.1:{port}/_truth", timeout=2, trust_env=False)
                break
            except httpx.TransportError:
                assert process.poll() is None, process.communicate()[0]
                time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)


def truth(port: int) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"http://127.0.0.1:{port}/_truth", trust_env=False).json()
    return found


def test_a_provider_in_a_process_of_its_own_misbehaves_and_nobody_is_paid_twice(
    office: Office, enrolled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_families(60)
    port = free_port()
    monkeypatch.setenv("KAFALAT_WALLETS", f"{BANK}=http://127.0.0.1:{port}")
    cycle = opened(office)
    payment_list = checked(office, cycle)
    approve(payment_list)
    authorise(payment_list)
    now = timezone.now()  # the provider signs by the real clock, so what is sent is sent today
    quick = Limits(tries=3, batch=4, backoff_s=0.01, backoff_max_s=1.0)
    clients = {
        code: WalletClient(replace(client._link, limits=quick))
        for code, client in wallet_clients(office.home).items()
    }
    sender = replace(office.sender(cycle.programme_sha256), wallets=clients)
    with console() as callbacks, simulated(port, callbacks.url) as process:
        release_list(
            payment_list_id=payment_list.pk, user=staff("releaser"), seen_sha256=payment_list.sha256,
            sender=sender, at=now,
        )  # fmt: skip
        row = Outbox.objects.get(bank_file__bank=BANK)
        assert row.transport == "api"
        at = now
        while row.answered_at is None and row.quarantined_at is None:
            send_outbox(sender=sender, at=at)
            row.refresh_from_db()
            at = (row.next_try_at or at) + timedelta(seconds=1)
        assert row.answered_at is not None
        # Late payments and returns come by themselves, each until it is taken.
        deadline = time.monotonic() + 30
        while Payment.objects.filter(bank=BANK, status="accepted").exists() and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(2.5)  # two rounds of messages more: nothing is left to be said
        found = truth(port)
        assert process.poll() is None
    assert found["credited_twice"] == []
    assert found["calls"]["drop"] > 0
    balance: dict[str, int] = {}
    for identity, _, paisa in found["entries"]:
        balance[identity] = balance.get(identity, 0) + paisa
    states = dict(Payment.objects.filter(bank=BANK).values_list("identity", "status"))
    assert set(states.values()) <= {"paid", "returned"}
    assert {one for one, state in states.items() if state == "paid"} == {
        one for one, paisa in balance.items() if paisa > 0
    }
    assert callbacks.statuses.count(202) > 0
    assert set(callbacks.statuses) <= {202, 422}  # 422: a message that lies about its totals
    assert [check for check in check_ledger(outgoing=office.outgoing) if not check.holds] == []


def test_it_ends_by_itself(office: Office) -> None:
    """Control of the clean-up: nobody has to stop it."""
    words = [
        sys.executable,
        "-m",
        "kafalat",
        "simulate-bank",
        "--port",
        str(free_port()),
        "--lifetime-s",
        "1",
    ]
    ended = subprocess.run(
        words, capture_output=True, text=True, timeout=60, check=False, env=dict(os.environ)
    )
    assert ended.returncode == 0, ended.stderr
    assert "Stops after 1 s" in ended.stdout
