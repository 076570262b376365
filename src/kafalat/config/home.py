"""The home folder of an installation: where it is, what lies in it, and the keys made at first start.

`KAFALAT_HOME` names it; without it, `.kafalat` beside the virtual environment in use, or in the user's own
folder. Keys are random, one file each, readable by the owner alone; none has a default.
"""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

KEY_BYTES = 64


def default_path() -> Path:
    """Return the home folder in use (not necessarily existing yet)."""
    named = os.environ.get("KAFALAT_HOME")
    if named:
        return Path(named).expanduser().absolute()
    beside = Path(sys.prefix).parent if sys.prefix != sys.base_prefix else Path.home()
    return beside / ".kafalat"


@dataclass(frozen=True, slots=True)
class Home:
    """Paths inside one home folder. `open_home` makes the folders."""

    path: Path

    @property
    def keys(self) -> Path:
        """Folder of the keys, readable by the owner alone."""
        return self.path / "keys"

    @property
    def snapshots(self) -> Path:
        """Snapshots, one folder each, named by their digest."""
        return self.path / "snapshots"

    @property
    def runs(self) -> Path:
        """Result files of the engine, one folder per run."""
        return self.path / "runs"

    @property
    def programmes(self) -> Path:
        """Copies of the programme folders that runs were made under, named by their digest."""
        return self.path / "programmes"

    @property
    def bank(self) -> Path:
        """Bank files: `outgoing/<bank>/` and `incoming/<bank>/`."""
        return self.path / "bank"

    @property
    def work(self) -> Path:
        """Scratch space of bulk steps, on the same disk as their results."""
        return self.path / "work"

    @property
    def uploads(self) -> Path:
        """Files people brought through the console, each in a folder of its own until the job it is for is over."""
        return self.path / "uploads"

    @property
    def postgres(self) -> Path:
        """Data folder of the embedded PostgreSQL server."""
        return self.path / "postgres"

    @property
    def service_file(self) -> Path:
        """libpq service file with the connections of the owner and the application role."""
        return self.keys / "pg_service.conf"

    def key(self, name: str) -> bytes:
        """Return the key `name`, making it at its first use: 64 random bytes."""
        return bytes.fromhex(self.secret(name))

    def secret(self, name: str) -> str:
        """Return the secret `name` as 128 hexadecimal digits, making it at its first use.

        The file appears whole or not at all, and two first starts at once agree on one value.
        """
        path = self.keys / name
        if not path.exists():
            draft = self.keys / f".{name}.{os.getpid()}.{secrets.token_hex(4)}"
            private_write(draft, secrets.token_hex(KEY_BYTES))
            try:
                os.link(draft, path)
            except FileExistsError:
                pass  # another process made it first: its value is the one
            finally:
                draft.unlink()
        return path.read_text(encoding="ascii").strip()


def private_write(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def open_home(path: Path | None = None) -> Home:
    """Make the folders of the home at `path` (default: `default_path()`) and return it."""
    home = Home(path or default_path())
    home.path.mkdir(parents=True, exist_ok=True)
    own = (home.keys, home.snapshots, home.runs, home.programmes, home.bank, home.work, home.uploads)
    for folder in own:
        folder.mkdir(exist_ok=True, mode=0o700)
    return home
