"""What every page test needs: nothing remembered from the database of the test before."""

from __future__ import annotations

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """Forget pictures and figures, which are remembered by what they were made from for up to an hour."""
    cache.clear()
