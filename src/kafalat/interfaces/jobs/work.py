"""What a kind of job is, what its work is handed, and how it says what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User

from kafalat.core.progress import Progress
from kafalat.core.text import Bilingual
from kafalat.interfaces import uploads
from kafalat.interfaces.office import Office
from kafalat.payments.access import CYCLE_READERS

# Values a job is started with and what it leaves behind: JSON, small.
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Work:
    """What a job's service is handed. `user` is who started it; nobody where the clock did."""

    office: Office
    arguments: Values
    user: User | None
    at: datetime
    progress: Progress

    @property
    def person(self) -> User:
        """Return who started it. Raises ValueError for work that the clock started but only people may do."""
        if self.user is None:
            raise ValueError
        return self.user

    @property
    def file(self) -> Path:
        """Return where the file lies that was brought for this work. Raises the problem `uploads.gone`."""
        return uploads.path_of(self.office.home.uploads, self.arguments["upload"], self.arguments["name"])


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of job. `whole`: the service's changes and the job's end are one transaction, so it is done once or not at all.

    A kind that is not whole acts on the world outside in several transactions, and goes on where it was stopped. `roles`
    start and stop it, `readers` follow it.
    """

    title: Bilingual
    roles: frozenset[str]
    run: Callable[[Work], Values]
    whole: bool = True
    readers: frozenset[str] = CYCLE_READERS


def said(en: str, ur: str, **more: object) -> Values:
    """Return what a job leaves behind: the sentence that says what came of it, in both languages, and more for its page."""
    return {"en": en, "ur": ur, **more}
