"""How an installation starts: keys, the embedded server's lock, and a server of one's own."""

from __future__ import annotations

import configparser
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from kafalat.config.home import Home, open_home
from tests.interfaces.command import command, environment, kafalat


def service(home: Home, name: str) -> dict[str, str]:
    """Return one entry of the service file."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(home.service_file)
    return dict(parser[name])


def test_two_first_starts_agree_on_a_key(tmp_path: Path) -> None:
    opened = open_home(tmp_path)
    with ThreadPoolExecutor(16) as pool:
        values = set(pool.map(lambda _: opened.secret("a_key"), range(64)))
    assert len(values) == 1
    assert len(values.pop()) == 128
    assert [path.name for path in opened.keys.iterdir()] == ["a_key"]


def test_the_embedded_server_asks_for_a_password(home: Home) -> None:
    given = service(home, "kafalat_app")
    without = {key: value for key, value in given.items() if key != "password"}
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(make_conninfo("", **without, passfile="/dev/null"))
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(make_conninfo("", **{**given, "user": "postgres"}))
    with psycopg.connect(make_conninfo("", **given)) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("kafalat_app",)


def test_a_server_of_ones_own_is_used_by_its_address(home: Home, paid: str, tmp_path: Path) -> None:
    urls = {
        "KAFALAT_DATABASE_URL": make_conninfo("", **service(home, "kafalat_app")),
        "KAFALAT_OWNER_DATABASE_URL": make_conninfo("", **service(home, "kafalat_owner")),
    }
    done = subprocess.run(
        command("audit", "checkpoint"),
        env={**environment(tmp_path), **urls},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) > 10
    assert not (tmp_path / "postgres").exists()


def test_an_address_without_the_owners_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        command("ledger", "check"),
        env={**environment(tmp_path), "KAFALAT_DATABASE_URL": "postgresql://kafalat_app@127.0.0.1:9/kafalat"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "KAFALAT_OWNER_DATABASE_URL" in done.stderr


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    address = "postgresql://kafalat_app@127.0.0.1:9/kafalat"
    done = subprocess.run(
        command("ledger", "check"),
        env={
            **environment(tmp_path),
            "KAFALAT_DATABASE_URL": address,
            "KAFALAT_OWNER_DATABASE_URL": address.replace("app", "owner"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "ڈیٹا بیس" in done.stderr


def test_a_server_that_gives_up_says_why(ready_home: Path) -> None:
    """The data folder open to others: PostgreSQL refuses to start, and its reason reaches the reader."""
    (ready_home / "postgres").chmod(0o755)
    refused = kafalat(ready_home, "audit", "checkpoint")
    assert refused.code == 2
    assert "Traceback" not in refused.err
    assert "invalid permissions" in refused.err
    assert "ڈیٹا بیس" in refused.err
    (ready_home / "postgres").chmod(0o700)
    assert kafalat(ready_home, "audit", "checkpoint").code == 0
