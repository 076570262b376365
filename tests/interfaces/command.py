"""Runs the `kafalat` command as a person would: another process, a home folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# No bar for speed: far above what any load can do to a command, so that a run stops for what hangs alone.
TIMEOUT_S = 1_200


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended: exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """Return the JSON object on standard output."""
        assert self.code == 0, self.err
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a command that works in `home`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KAFALAT_", "PG", "DJANGO_"))
    }
    return {**kept, "KAFALAT_HOME": str(home), "PYTHONUTF8": "1"}


def command(*words: str) -> list[str]:
    """Return the command line of `kafalat` with the Python of the tests."""
    return [sys.executable, "-m", "kafalat", *words]


def kafalat(home: Path, *words: str) -> Ran:
    """Run a command to its end."""
    done = subprocess.run(
        command(*words), env=environment(home), capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    return Ran(done.returncode, done.stdout, done.stderr)


_HOLD = """
import sys
from kafalat.config import boot
boot.database(boot.prepare())
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def server_of(home: Path) -> Iterator[Path]:
    """Hold the server of a home folder: a server that stops with every command is started again by the next."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD],
        env=environment(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdin
        assert holder.stdout
        assert holder.stdout.readline() == "ready\n"
        yield home
        holder.stdin.close()
