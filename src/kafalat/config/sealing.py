"""The sealer of this installation, under the key `identifiers` of its home folder."""

from __future__ import annotations

from functools import lru_cache

from kafalat.config.home import Home, default_path
from kafalat.core.sealing import Sealer


@lru_cache(maxsize=1)
def sealer() -> Sealer:
    """Return the sealer of people's identifiers; the key is read once per process."""
    return Sealer(Home(default_path()).key("identifiers"))
