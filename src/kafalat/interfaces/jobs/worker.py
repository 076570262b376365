"""The process that does the work: by itself (`kafalat worker`), or kept alive beside the web server."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
from types import TracebackType
from typing import Self

from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from kafalat.interfaces.jobs.tasks import resume

# What a job that runs gets to end by itself when its worker is asked to stop; after that its work is undone.
GRACE_S = 5.0
END_S = 15.0
LONGEST_S = 7 * 86_400.0  # no job is begun again because it takes long
PAUSE_S = 2.0


def work(*, wait: bool = True, signals: bool = True) -> None:
    """Do what is queued, one job after the other, until asked to stop; without `wait`, until nothing is queued."""
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # the record of a job tells how it ended
    resume()
    connector = app.connector
    if not isinstance(connector, DjangoConnector):
        raise TypeError(connector)
    # Tasks keep the application's connection; only the worker's own talk with the queue needs another.
    worker = app.with_connector(connector.get_worker_connector())
    asyncio.run(_run(worker, wait=wait, signals=signals))


async def _run(worker: App, *, wait: bool, signals: bool) -> None:
    async with worker.open_async():
        await worker.run_worker_async(
            wait=wait,
            install_signal_handlers=signals,
            listen_notify=wait,
            # Without waiting the worker begins to end once nothing more is queued: what it has begun it does.
            shutdown_graceful_timeout=GRACE_S if wait else LONGEST_S,
        )


class BesideServer:
    """Keeps one worker process alive while the web server runs: `with BesideServer(): serve()`."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    def __enter__(self) -> Self:
        self._keeper.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._process is not None:
            self._process.terminate()
        self._keeper.join(timeout=END_S)
        if self._process is not None and self._process.poll() is None:
            self._process.kill()  # what it was doing is rolled back, and begun again at the next start

    def _keep(self) -> None:
        while not self._over.is_set():
            command = [sys.executable, "-m", "kafalat", "worker"]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own command
            self._process.wait()
            self._over.wait(PAUSE_S)
