"""Remembers what is dear to make (pictures, figures by place) within the process, until what it was made from is new."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Final, TypeVar

from django.core.cache import cache

KEPT_S: Final = 3600
T = TypeVar("T")


def remembered(key: str, made_from: object, make: Callable[[], T]) -> T:
    """Return what `make` returned for the same `key` and `made_from` (anything whose `repr` shows its value), or make it."""
    full = f"{key}:{sha256(repr(made_from).encode()).hexdigest()}"
    found: T | None = cache.get(full)
    if found is None:
        found = make()
        cache.set(full, found, KEPT_S)
    return found
