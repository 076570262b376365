"""Puts a file where a bank fetches it, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO


def put_whole(path: Path, render: Callable[[IO[bytes]], object]) -> Path:
    """Write what `render` writes to `path`, on disk before it has its name; what was begun is removed. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    try:
        with draft.open("wb") as out:
            render(out)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path
