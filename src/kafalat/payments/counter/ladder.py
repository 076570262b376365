"""The ladder of verification as a state machine: from the rules and what happened so far to what may happen next.

Pure: the counter asks it before every step, and again inside the transaction that writes one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kafalat.adapters.identity import FINGERS
from kafalat.policy.verification import Means, Rung, VerificationRules

State = Literal["try", "ask", "wait", "verified", "failed"]


@dataclass(frozen=True, slots=True)
class Tried:
    """One try: its rung's means, the finger (empty for other means), and the verifier's result."""

    means: str
    finger: str
    result: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A fallback that was asked for; `granted` is None until a second person has answered."""

    means: str
    granted: bool | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a verification stands.

    try: one more try by `means`, with a finger not in `used_up`. ask: `means` is a fallback nobody has asked for. wait: a
    second person has not answered yet. verified and failed are the end.
    """

    state: State
    means: Means | None = None
    tries_left: int = 0
    used_up: frozenset[str] = frozenset()


def standing(rules: VerificationRules, tries: Sequence[Tried], fallbacks: Sequence[Asked]) -> Standing:
    """Return where a verification stands after these tries and fallbacks, in the order in which they happened."""
    if any(each.result == "match" for each in tries):
        return Standing("verified")
    for rung in rules.rungs:
        answered = {each.means: each.granted for each in fallbacks}
        if rung.fallback:
            if rung.means not in answered:
                return Standing("ask", rung.means)
            if answered[rung.means] is None:
                return Standing("wait", rung.means)
            if answered[rung.means] is False:
                return Standing("failed")
        left, used_up = _left(rung, tries)
        if left:
            return Standing("try", rung.means, left, used_up)
    return Standing("failed")


def _left(rung: Rung, tries: Sequence[Tried]) -> tuple[int, frozenset[str]]:
    """Return how many tries a rung has left, and the fingers that may not be tried again. An outage is no try."""
    counted = [each for each in tries if each.means == rung.means and each.result != "unavailable"]
    if rung.means != "fingerprint":
        return rung.tries_max - len(counted), frozenset()
    left = min(rung.tries_max, len(FINGERS) * rung.tries_per_finger_max) - len(counted)
    fingers = [each.finger for each in counted]
    used_up = {each for each in fingers if fingers.count(each) >= rung.tries_per_finger_max}
    # The last tries are kept for fingers not tried at all, so that enough of them are tried.
    if left <= rung.fingers_min - len(set(fingers)):
        used_up |= set(fingers)
    return left, frozenset(used_up)
