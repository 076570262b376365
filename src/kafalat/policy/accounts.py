"""How accounts are opened and changed, and how a family is suspended and leaves (`accounts.yaml`)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kafalat.core.text import Bilingual
from kafalat.policy.base import Name, Strict


class Opening(Strict):
    """From the request at a bank to the first credit. Titles are compared by `enrolment.titles`, similarity in hundredths.

    At `title_similarity_min` and above a title matches by itself; below it a person decides. A payee has `visit_days` to
    come to the bank once her account stands; an account not activated within `close_after_days` is closed.
    """

    title_similarity_min: int = Field(ge=50, le=100)
    visit_days: int = Field(ge=1)
    close_after_days: int = Field(ge=1)
    source: str = Field(min_length=3)


class ChangeRules(Strict):
    """When a card ties to a person of the family, and how many changes one operator may ask for.

    An operator stands out whose changes within `outlier_days` are more than `outlier_factor` times the median of those
    who asked for any, and at least `outlier_changes_min`; likewise whose share of refused or unmatched is above `outlier_unmatched_pct`.
    """

    name_similarity_min: int = Field(ge=50, le=100)
    birth_years_apart_max: int = Field(ge=0, le=20)
    operator_day_max: int = Field(ge=1)
    outlier_days: int = Field(ge=1)
    outlier_factor: int = Field(ge=2)
    outlier_changes_min: int = Field(ge=2)
    outlier_unmatched_pct: int = Field(ge=1, le=100)
    source: str = Field(min_length=3)


class Suspension(Strict):
    """Why payments stop for a while, what `proof` lifts it, and for how many days the family is waited for."""

    code: Name
    label: Bilingual
    proof: Literal["life", "papers"]
    answer_days: int = Field(ge=1)
    text: Bilingual
    source: str = Field(min_length=3)


class Exit(Strict):
    """Why a family leaves for good; `appeal_days` from the notice."""

    code: Name
    label: Bilingual
    appeal_days: int = Field(ge=1)
    source: str = Field(min_length=3)


class AccountRules(Strict):
    """The file `accounts.yaml`. `death` names the filters that report a death, and the suspension they lead to."""

    opening: Opening
    changes: ChangeRules
    suspensions: tuple[Suspension, ...] = Field(min_length=1)
    exits: tuple[Exit, ...] = Field(min_length=1)
    death_filters: tuple[Name, ...]
    death_suspension: Name

    def suspension(self, code: str) -> Suspension | None:
        """Return the reason of suspension `code`, or None."""
        return next((entry for entry in self.suspensions if entry.code == code), None)

    def exit(self, code: str) -> Exit | None:
        """Return the reason of leaving `code`, or None."""
        return next((entry for entry in self.exits if entry.code == code), None)
