"""Fixtures every test may use, and the plugin that reports tests left out.

One embedded PostgreSQL server per worker, in a home folder of its own. Each test that asks for `database`,
`enrolled` or `paid` gets a copy of its own, cloned from a template in about a tenth of a second, and is free to
change it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

# Django reads the home folder's keys when it is set up, so the folder must be there before any test is imported.
HOME = Path(tempfile.mkdtemp(prefix="kafalat-test-"))
os.environ["KAFALAT_HOME"] = str(HOME)
for name in ("KAFALAT_DATABASE_URL", "KAFALAT_OWNER_DATABASE_URL", "KAFALAT_PROGRAMME"):
    os.environ.pop(name, None)

from kafalat.config import boot, postgres
from kafalat.config.home import Home

boot.prepare()

from django.db import connections

from kafalat.core.progress import silent
from kafalat.core.quarters import Quarter
from kafalat.interfaces.demo import Demo, Plan
from kafalat.interfaces.office import Office
from tests.homes import brought_up, copied, hasty

pytest_plugins = ["tests.left_out"]

NOW = datetime(2026, 2, 2, 9, 30, tzinfo=UTC)
HOUSEHOLDS = 400
SEED = 7
_numbers = count(1)


def pytest_unconfigure() -> None:
    """Remove the session's home folder; the server was stopped when its last user went."""
    shutil.rmtree(HOME, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring files with slow tests forward: one of them begun last would run while the other workers have nothing left."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder to copy (`tests.homes.copied`): its server stopped, its database migrated and empty."""
    own = tmp_path_factory.getbasetemp()
    return brought_up(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture
def ready_home(migrated: Path, tmp_path: Path) -> Path:
    """A home folder of this test's own for commands, its database migrated and empty."""
    return copied(migrated, tmp_path / "home").path


@pytest.fixture(scope="session")
def home(migrated: Path) -> Home:
    """The session's home folder, its server running and its database migrated and empty."""
    opened = copied(migrated, HOME)
    hasty(opened)
    boot.database(opened)
    connections.close_all()
    return opened


@pytest.fixture(scope="session")
def office(home: Home) -> Office:
    """The installation the tests work in."""
    return Office(home)


@contextmanager
def clone(home: Home, template: str, name: str | None = None) -> Iterator[str]:
    """Make a database from a template, point Django at it, and drop it at the end unless it was given a name to keep."""
    target = name or f"test_{next(_numbers)}"
    connections.close_all()
    with psycopg.connect("service=kafalat_superuser", autocommit=True) as connection:
        postgres.ensure_database(connection, target, template)
    _point_at(home, target)
    try:
        yield target
    finally:
        connections.close_all()
        _point_at(home, postgres.DATABASE)
        if name is None:
            with psycopg.connect("service=kafalat_superuser", autocommit=True) as connection:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(target)))


def _point_at(home: Home, database: str) -> None:
    lines = home.service_file.read_text().splitlines()
    changed = [
        f"dbname={database}" if line.startswith("dbname=") and line != "dbname=postgres" else line
        for line in lines
    ]
    home.service_file.write_text("\n".join(changed) + "\n")


@pytest.fixture
def database(home: Home) -> Iterator[str]:
    """A migrated, empty database of this test's own; its name."""
    with clone(home, postgres.DATABASE) as name:
        yield name


def small_demo(office: Office, households: int = HOUSEHOLDS) -> Demo:
    """A demo of a few hundred synthetic households whose clock stands still."""

    @contextmanager
    def stage(_name: str) -> Iterator[Callable[[float], None]]:
        yield silent

    plan = Plan(tranche=Quarter(2026, 1), households=households, seed=SEED)
    return Demo(office=office, plan=plan, clock=lambda: NOW, stage=stage)


@pytest.fixture(scope="session")
def enrolled_template(home: Home, office: Office) -> str:
    """Name of a database in which the chain was run up to enrolment."""
    with clone(home, postgres.DATABASE, "template_enrolled") as name:
        (home.path / "demo.json").write_text("{}")
        small_demo(office).to_enrolment()
    return name


@pytest.fixture
def enrolled(home: Home, enrolled_template: str) -> Iterator[str]:
    """A database of this test's own with families enrolled and no cycle opened."""
    with clone(home, enrolled_template) as name:
        yield name


@pytest.fixture(scope="session")
def paid_template(home: Home, office: Office, enrolled_template: str) -> str:
    """Name of a database in which one cycle was paid and closed."""
    with clone(home, enrolled_template, "template_paid") as name:
        small_demo(office).run()
    return name


@pytest.fixture(scope="session")
def paid_files(office: Office, paid_template: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the bank files of `paid`: other tests of the session write files of the same names over them."""
    return shutil.copytree(office.outgoing, tmp_path_factory.mktemp("paid") / "outgoing")


@pytest.fixture
def paid(home: Home, office: Office, paid_template: str, paid_files: Path) -> Iterator[str]:
    """A database of this test's own with one cycle paid and closed; its bank files lie in the home folder."""
    shutil.copytree(paid_files, office.outgoing, dirs_exist_ok=True)
    with clone(home, paid_template) as name:
        yield name
