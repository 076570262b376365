"""What every entry of a programme folder is made of: strictness, names, and values that hold for a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"\A[a-z][a-z0-9_]*\z", max_length=60)]
T = TypeVar("T")


class Strict(BaseModel):
    """Base of all entries: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class InForce(Strict):
    """Something in force from one day, up to and including another (open-ended without `to`)."""

    from_: date = Field(alias="from")
    to: date | None = None

    def covers(self, day: date) -> bool:
        """Say whether it is in force on `day`."""
        return self.from_ <= day and (self.to is None or day <= self.to)


class Dated(InForce, Generic[T]):
    """A value in force for a time, with its source."""

    value: T
    source: str = Field(min_length=3)


def in_force(values: Sequence[Dated[T]], day: date) -> Dated[T] | None:
    """Return the value in force on `day`, or None. Ranges never overlap: the loader refuses that."""
    return next((dated for dated in values if dated.covers(day)), None)
