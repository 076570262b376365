"""The programmes pages speak of: the one in force, and the one a run or cycle was made under."""

from __future__ import annotations

from functools import lru_cache

from kafalat.config.home import Home, default_path
from kafalat.policy.loader import load, shipped
from kafalat.policy.model import Programme


@lru_cache(maxsize=1)
def in_force() -> Programme:
    """Return the programme that comes with this installation; read once per process."""
    return load(shipped())


@lru_cache(maxsize=8)
def _kept(sha256: str) -> Programme | None:
    folder = Home(default_path()).programmes / sha256
    return load(folder) if folder.is_dir() else None


def stamped(sha256: str) -> Programme:
    """Return the programme with this digest where it was kept, else the one in force (its words serve best then)."""
    current = in_force()
    return current if current.sha256 == sha256 else _kept(sha256) or current
