"""Loads a programme folder: reads each file once, checks all of it, and stamps it with its SHA-256."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kafalat.core.problems import problem
from kafalat.policy.check import examine
from kafalat.policy.files import folder_sha256, read_folder
from kafalat.policy.model import Programme
from kafalat.policy.older import completed


def load(folder: Path) -> Programme:
    """Return the programme of `folder`.

    Raises the problem `input.not_found` where there is no such folder, and `programme.invalid` with the first finding
    where anything in it is wrong: nothing is loaded in part.
    """
    files = read_folder(folder)
    return _whole(folder, files, folder_sha256(files))


def load_kept(folder: Path, sha256: str) -> Programme:
    """Return the programme of a copy that was kept when it was used, and recorded by its SHA-256.

    What was unknown in its day is put in (`policy/older.py`); a folder that is not the recorded one is read as strictly as
    any. Raises what `load` raises.
    """
    files = read_folder(folder)
    found = folder_sha256(files)
    return _whole(folder, completed(files) if found == sha256 else files, found)


def _whole(folder: Path, files: Mapping[str, bytes], sha256: str) -> Programme:
    programme, findings = examine(files, sha256)
    if programme is not None and not findings:
        return programme
    first, more = findings[0], len(findings) - 1
    raise problem(
        "programme.invalid",
        folder=folder,
        first_en=first.text("en"),
        first_ur=first.text("ur"),
        more_en=f" There are {more} more." if more else "",
        more_ur=f" مزید {more} غلطیاں ہیں۔" if more else "",
    )


def shipped(code: str = "benazir-kafalat") -> Path:
    """Return the folder of a programme that comes with Kafalat: inside the package, or of the source checkout.

    Raises the problem `input.not_found`.
    """
    package = Path(__file__).resolve().parent.parent
    candidates = (package / "programmes" / code, package.parent.parent / "programmes" / code)
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    raise problem("input.not_found", path=candidates[-1])
