"""The programmes pages speak of: the one in force, and the one a run or cycle was made under."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from kafalat.interfaces.office import Office, office
from kafalat.policy.model import Programme
from kafalat.targeting.models import Run
from kafalat.targeting.runs import Folders


@lru_cache(maxsize=1)
def _office() -> Office:
    return office()


def in_force() -> Programme:
    """Return the programme of this installation; loaded once per process."""
    return _office().programme


@lru_cache(maxsize=8)
def _kept(sha256: str) -> Programme | None:
    folder = _office().home.programmes / sha256
    return _office().programme_of(sha256) if folder.is_dir() else None


def stamped(sha256: str) -> Programme:
    """Return the programme with this digest where it was kept, else the one in force (its words serve best then)."""
    current = in_force()
    return current if current.sha256 == sha256 else _kept(sha256) or current


def results_of(run: Run) -> Path:
    """Return the folder with the result files of a run."""
    return _office().folders.results(run)


def folders() -> Folders:
    """Return where this installation's snapshots, runs and programmes lie."""
    return _office().folders


def exactly(sha256: str) -> Programme:
    """Return the programme with this digest and no other. Raises the problem `input.not_found` where it was not kept."""
    current = in_force()
    return current if current.sha256 == sha256 else _office().programme_of(sha256)


def folder_of(programme: Programme) -> Path:
    """Return the folder a programme was read from: the one in force, or the kept copy."""
    return (
        _office().programme_folder
        if programme is in_force()
        else _office().home.programmes / programme.sha256
    )
