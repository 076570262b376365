"""The bytes of a programme folder, read once, and their SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from kafalat.core.problems import problem


def read_folder(folder: Path) -> dict[str, bytes]:
    """Return the content of each file by relative path (with `/`), in path order.

    Hidden files and editors' backups (`.name`, `name~`) are no part of a programme. Raises `input.not_found`.
    """
    if not folder.is_dir():
        raise problem("input.not_found", path=folder)
    files: dict[str, bytes] = {}
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") or part.endswith("~") for part in relative.parts):
            files[relative.as_posix()] = path.read_bytes()
    return dict(sorted(files.items()))


def folder_sha256(files: Mapping[str, bytes]) -> str:
    """Return the SHA-256 over the lines `<sha256 of file>  <relative path>`, in path order, each ended by a newline."""
    lines = (f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in sorted(files.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()
