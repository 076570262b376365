"""The shipped programme is checked once for all tests of this folder: each command would check it again."""

from __future__ import annotations

from functools import lru_cache

import pytest

from kafalat.interfaces.cli import scorecard_options
from kafalat.policy.loader import load

cached_load = lru_cache(maxsize=4)(load)


@pytest.fixture(autouse=True)
def _programme_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scorecard_options, "load", cached_load)
