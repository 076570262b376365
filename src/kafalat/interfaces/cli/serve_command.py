"""Serves the console and the public pages, with a worker beside them."""

from __future__ import annotations

from typing import Annotated

import typer
from django.db import connections
from granian import Granian
from granian.constants import Interfaces

from kafalat.config import boot
from kafalat.interfaces.cli.output import print_lines
from kafalat.interfaces.jobs.worker import BesideServer
from kafalat.interfaces.office import office

# Requests answered at once; more wait in line. Each holds one database connection.
THREADS = 4
WSGI = "kafalat.config.wsgi:application"

app = typer.Typer()


@app.command("serve")
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8171,
) -> None:
    """Serve the console (staff) and the status page (public) until Ctrl-C."""
    boot.database(office().home)
    serve_forever(host, port)


def serve_forever(host: str, port: int) -> None:
    """Run the web server in the foreground; the database must be running."""
    connections.close_all()
    print_lines(
        f"Console:      http://{host}:{port}/en/",
        f"Status page:  http://{host}:{port}/ur/status/",
        "Stop with Ctrl-C.",
    )
    server = Granian(
        WSGI,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        backpressure=4 * THREADS,
        websockets=False,
        log_access=False,
    )
    with BesideServer():
        server.serve()
