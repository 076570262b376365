"""`kafalat simulate-bank`: a wallet provider on this machine that misbehaves as told, for tests and rehearsals."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Annotated

import httpx
import typer
from django.utils import timezone
from granian.constants import Interfaces
from granian.server.embed import Server

from kafalat.adapters.banks.simulator.faults import Faults
from kafalat.adapters.banks.simulator.interface import Desk, application
from kafalat.adapters.banks.simulator.provider import Provider
from kafalat.adapters.wallet.signing import callback_subject, signature_headers
from kafalat.core.problems import problem
from kafalat.interfaces.channels import wallet_secret
from kafalat.interfaces.cli.output import print_lines
from kafalat.interfaces.office import office

ADDRESS = "127.0.0.1"  # a machine's own callers alone: this provider is nobody's bank
CALLBACK_EVERY_S = 1.0
CALLBACK_TRIES = 5

Share = Annotated[int, typer.Option(min=0, max=100, help="Percent.")]

app = typer.Typer()


@app.command("simulate-bank")
def simulate_bank(
    provider: Annotated[str, typer.Option(help="Code of the bank it stands for.")] = "easypaisa",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8180,
    seed: Annotated[int, typer.Option(help="The same seed misbehaves in the same way.")] = 1,
    lifetime_s: Annotated[int, typer.Option(min=1, help="It stops by itself after so many seconds.")] = 3600,
    callback_url: Annotated[str, typer.Option(help="Where it reports late payments and returns.")] = "",
    titles: Annotated[
        Path | None, typer.Option(help="JSON file: account to the name it is held under.")
    ] = None,
    reject: Share = 0,
    late: Share = 0,
    returned: Share = 0,
    refuse: Share = 0,
    drop: Share = 0,
    error: Share = 0,
    busy: Share = 0,
    lie: Share = 0,
    duplicate: Share = 0,
    reorder: Share = 0,
    slow_s: Annotated[float, typer.Option(min=0, max=60, help="Seconds before each answer.")] = 0.0,
    forget: Annotated[
        bool, typer.Option("--forget", help="Does not know its idempotency keys again.")
    ] = False,
) -> None:
    """Serve a simulated wallet provider on this machine until it is stopped or its lifetime is over (docs/wallet-api.md).

    Of payments: --reject, --late (paid later), --returned. Of recalls: --refuse. Of requests: --drop (acts, then cuts the connection), --error,
    --busy, --lie (totals). Of its messages: --duplicate, --reorder, --lie. GET /_truth shows what it has really credited.
    """
    faults = Faults(
        reject=reject, late=late, returned=returned, refuse=refuse, drop=drop, error=error, busy=busy, lie=lie, duplicate=duplicate,
        reorder=reorder, slow_s=slow_s, forget=forget,
    )  # fmt: skip
    bank = Provider(provider, faults=faults, seed=seed, titles=_titles(titles))
    desk = Desk(bank, secret=wallet_secret(office().home, provider), now=timezone.now)
    print_lines(
        f"{provider}: http://{ADDRESS}:{port}/v1/  truth: http://{ADDRESS}:{port}/_truth",
        f"Stops after {lifetime_s} s, or with Ctrl-C.",
    )
    asyncio.run(_serve(desk, port, lifetime_s, callback_url))


def _titles(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    if not path.is_file():
        raise problem("input.not_found", path=path)
    return {
        str(account): str(title) for account, title in json.loads(path.read_text(encoding="utf-8")).items()
    }


async def _serve(desk: Desk, port: int, lifetime_s: int, callback_url: str) -> None:
    """Serve until a signal or the end of the lifetime."""
    server = Server(
        application(desk),
        address=ADDRESS,
        port=port,
        interface=Interfaces.ASGI,
        websockets=False,
        log_enabled=False,
    )
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    serving = asyncio.create_task(server.serve())
    reporting = asyncio.create_task(_report(desk, callback_url)) if callback_url else None
    try:
        await asyncio.wait(
            [asyncio.create_task(stopped.wait()), serving],
            timeout=lifetime_s,
            return_when=asyncio.FIRST_COMPLETED,
        )
    finally:
        if reporting is not None:
            reporting.cancel()
        server.stop()  # type: ignore[no-untyped-call] # granian leaves it untyped
        await asyncio.wait([serving], timeout=5)


async def _report(desk: Desk, url: str) -> None:
    """Carry out what is due every second and send the messages about it; one that is not taken is sent again."""
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        while True:
            await asyncio.sleep(CALLBACK_EVERY_S)
            for body in desk.provider.settle(timezone.now()):
                for attempt in range(CALLBACK_TRIES):
                    headers = signature_headers(
                        desk.secret,
                        subject=callback_subject(desk.provider.code),
                        body=body,
                        at=timezone.now(),
                    )
                    try:
                        response = await client.post(url, content=body, headers=headers)
                    except httpx.TransportError:
                        await asyncio.sleep(2**attempt)
                        continue
                    if response.status_code < 500:
                        break
                    await asyncio.sleep(2**attempt)
