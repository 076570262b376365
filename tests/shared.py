"""Where tests find data that is kept beside the project, never in it."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


def shared_path(relative: str) -> Path:
    """Return the path of kept-apart data, or skip the test, saying what is left out."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(f"left out: needs {relative} in a folder named shared beside the project")
    return path
