"""Starts an installation in the order everything else relies on: home, keys, Django, then the database.

`prepare()` is cheap and needs no server: it must run before anything imports a Django model. `database()` starts
or finds the server and brings the tables up to date; every command that touches data calls it first.
"""

from __future__ import annotations

import gc
import os

import django
from django.core.management import call_command
from django.db import OperationalError, connections
from django.db.migrations.executor import MigrationExecutor

from kafalat.config import home as home_folder
from kafalat.config import postgres
from kafalat.config.home import Home
from kafalat.core.problems import problem

SETTINGS_MODULE = "kafalat.config.settings"


def prepare() -> Home:
    """Open the home folder, make missing keys and set Django up. Safe to call again."""
    home = home_folder.open_home()
    os.environ["KAFALAT_HOME"] = str(home.path)
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS_MODULE
    home.secret("django_secret_key")
    django.setup(set_prefix=False)
    return home


def database(home: Home) -> None:
    """Start or find the database server and apply migrations that are missing, as the owner role.

    Raises the problem `installation.database` when it cannot be reached.
    """
    postgres.start(home)
    connections.close_all()
    owner = connections["owner"]
    try:
        executor = MigrationExecutor(owner)
    except OperationalError as error:
        raise problem("installation.database", reason=str(error).splitlines()[0]) from error
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        _migrate()
    owner.close()


def _migrate() -> None:
    """Apply what is missing. Django draws all tables anew after every change: looking for garbage less often saves a fifth."""
    usual = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        call_command("migrate", database="owner", verbosity=0, interactive=False)
    finally:
        gc.set_threshold(*usual)
