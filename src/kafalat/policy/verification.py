"""How a payee is verified at the counter (`verification.yaml`): the rungs of the ladder, their tries, and who may go round one."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kafalat.policy.base import InForce, Strict

Means = Literal["fingerprint", "face", "verisys"]


class Rung(Strict):
    """One means of verification. A rung that is a `fallback` needs a second person before its first try.

    `tries_max` tries in all, at most `tries_per_finger_max` of them with one finger, and no fewer than `fingers_min`
    fingers, before the next rung opens (fingers are of the fingerprint alone). An outage of the verifier is no try.
    """

    means: Means
    fallback: bool
    tries_max: int = Field(ge=1, le=16)
    tries_per_finger_max: int = Field(default=1, ge=1, le=16)
    fingers_min: int = Field(default=1, ge=1, le=10)


class FallbackLimits(Strict):
    """How often fallbacks may be granted to one operator.

    At most `per_day`; with `share_from` verifications of his that day and more, in at most `share_pct` of a hundred; and
    not within `seconds_between` of the one before.
    """

    per_day: int = Field(ge=1)
    share_pct: int = Field(ge=1, le=100)
    share_from: int = Field(ge=1)
    seconds_between: int = Field(ge=0)


class VerificationRules(InForce):
    """The ladder in force for a time. A verification ends after `session_minutes`, an authorisation after
    `authorisation_minutes`; a withdrawal whose cash did not come out may be reversed for `reversal_minutes`."""

    rungs: tuple[Rung, ...] = Field(min_length=1)
    fallbacks: FallbackLimits
    session_minutes: int = Field(ge=1)
    authorisation_minutes: int = Field(ge=1)
    reversal_minutes: int = Field(ge=1)
    source: str = Field(min_length=3)


class Verification(Strict):
    """All ladders there were and are."""

    rules: tuple[VerificationRules, ...] = Field(min_length=1)
