"""Home folders whose database is migrated: brought up from nothing once in a run, and copied wherever one is needed.

Bringing one up takes far longer than all a test does with it. What that start must do is shown by the demo that is
killed in its midst (`tests/interfaces/test_demo_command.py`); every other test begins where it ends.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import time
from pathlib import Path

from kafalat.config.home import Home, open_home
from tests.interfaces.command import environment

_BRING_UP = "from kafalat.config import boot; boot.database(boot.prepare())"
_SECONDS = "seconds"


def brought_up(shared: Path) -> Path:
    """Return the home folder in `shared` whose server is stopped and database migrated; the first worker makes it."""
    made = shared / "migrated"
    with (shared / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            draft = shared / "migrated.part"
            shutil.rmtree(draft, ignore_errors=True)
            started = time.monotonic()
            subprocess.run([sys.executable, "-c", _BRING_UP], env=environment(draft), check=True)
            (draft / _SECONDS).write_text(str(time.monotonic() - started))
            draft.rename(made)
    return made


def seconds_to_bring_up(made: Path) -> float:
    """Return how long bringing it up took on this machine."""
    return float((made / _SECONDS).read_text())


# What a power cut would undo is safe enough for a test; a server that is killed or stopped loses nothing by it.
_HASTY = "fsync = off\nfull_page_writes = off\nwal_compression = off\n"


def hasty(home: Home) -> None:
    """Have the server of a home folder, not started yet, not wait for the disk: tests make a database each and drop it."""
    with (home.postgres / "postgresql.conf").open("a") as settings:
        settings.write(_HASTY)


def copied(made: Path, folder: Path) -> Home:
    """Lay its database, and the keys that database opens with, into a home folder; the others are made there anew."""
    home = open_home(folder)
    # With owners and modes: where tests run as root, the server runs as somebody else.
    subprocess.run(["cp", "-Rp", str(made / "postgres"), str(home.path)], check=True)
    for key in (made / "keys").glob("postgres_*"):
        shutil.copy2(key, home.keys)
    return home
