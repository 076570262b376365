"""The ladder of verification as a state machine: whatever happens on it, it ends, and only a match ends it well."""

from __future__ import annotations

from datetime import date
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kafalat.adapters.identity import FINGERS
from kafalat.payments.counter.ladder import Asked, Standing, Tried, standing
from kafalat.policy.verification import FallbackLimits, Means, Rung, VerificationRules

LIMITS = FallbackLimits(per_day=1, share_pct=10, share_from=1, seconds_between=0)


@st.composite
def ladders(draw: st.DrawFn) -> VerificationRules:
    """Any ladder of one to three rungs."""
    every: tuple[Means, ...] = ("fingerprint", "face", "verisys")
    means = draw(st.permutations(every))[: draw(st.integers(1, 3))]
    rungs = []
    for place, each in enumerate(means):
        tries = draw(st.integers(1, 16))
        rungs.append(
            Rung(
                means=each,
                fallback=place > 0,
                tries_max=tries,
                tries_per_finger_max=draw(st.integers(1, 4)),
                fingers_min=draw(st.integers(1, min(tries, 10))),
            )
        )
    return VerificationRules.model_construct(
        from_=date(2024, 1, 1),
        to=None,
        rungs=tuple(rungs),
        fallbacks=LIMITS,
        session_minutes=1,
        authorisation_minutes=1,
        reversal_minutes=1,
        source="a test",
    )


class Ladder(RuleBasedStateMachine):
    """Climbs a ladder by doing at every step one of the things it allows."""

    @initialize(rules=ladders())
    def begin(self, rules: VerificationRules) -> None:
        self.ladder, self.tries, self.asked = rules, list[Tried](), list[Asked]()

    @property
    def now(self) -> Standing:
        return standing(self.ladder, self.tries, self.asked)

    @precondition(lambda self: self.now.state == "try")
    @rule(
        result=st.sampled_from(["no_match", "no_match", "no_match", "error", "unavailable", "match"]),
        pick=st.integers(0, 9),
    )
    def attempt(self, result: str, pick: int) -> None:
        now = self.now
        assert now.means is not None
        free = [finger for finger in FINGERS if finger not in now.used_up]
        finger = free[pick % len(free)] if now.means == "fingerprint" else ""
        self.tries.append(Tried(now.means, finger, result))

    @precondition(lambda self: self.now.state == "ask")
    @rule()
    def ask(self) -> None:
        now = self.now
        assert now.means is not None
        self.asked.append(Asked(now.means, None))

    @precondition(lambda self: self.now.state == "wait")
    @rule(granted=st.sampled_from([True, True, False]))
    def answer(self, granted: Literal[True, False]) -> None:
        self.asked[-1] = Asked(self.asked[-1].means, granted)

    @precondition(lambda self: self.now.state in {"verified", "failed"})
    @rule()
    def stay_at_the_end(self) -> None:
        assert self.now.means is None

    @invariant()
    def only_a_match_verifies_and_tries_are_counted(self) -> None:
        if not hasattr(self, "ladder"):
            return
        now = self.now
        matched = any(each.result == "match" for each in self.tries)
        assert (now.state == "verified") == matched
        for rung in self.ladder.rungs:
            counted = [t for t in self.tries if t.means == rung.means and t.result != "unavailable"]
            assert len(counted) <= rung.tries_max
            if rung.fallback and counted:
                assert Asked(rung.means, granted=True) in self.asked
        if now.state == "try" and now.means == "fingerprint":
            assert len(now.used_up) < len(FINGERS)

    @invariant()
    def nobody_leaves_fingerprints_before_enough_fingers_were_tried(self) -> None:
        if not hasattr(self, "ladder"):
            return
        now = self.now
        for rung in self.ladder.rungs:
            done = [t for t in self.tries if t.means == "fingerprint" and t.result != "unavailable"]
            left_it = rung.means == "fingerprint" and done and now.means != "fingerprint"
            if left_it and now.state in {"ask", "wait", "try", "failed"}:
                refused = Asked("fingerprint", granted=False) in self.asked
                enough = len({t.finger for t in done}) >= min(rung.fingers_min, rung.tries_max)
                assert enough or refused


TestLadder = Ladder.TestCase
TestLadder.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@given(ladders())
@settings(max_examples=30, deadline=None)
def test_failing_every_step_ends_every_ladder(rules: VerificationRules) -> None:
    """Goal: no ladder runs for ever. Method: fail whatever is allowed, for as many steps as any ladder can have."""
    tries, asks = list[Tried](), list[Asked]()
    for _ in range(60):
        now = standing(rules, tries, asks)
        if now.state == "failed":
            return
        assert now.means is not None
        if now.state == "try":
            free = [finger for finger in FINGERS if finger not in now.used_up]
            tries.append(Tried(now.means, free[0] if now.means == "fingerprint" else "", "no_match"))
        else:
            asks = [*asks, Asked(now.means, granted=True)]
    raise AssertionError(rules)


def test_outages_never_open_a_fallback() -> None:
    rules = VerificationRules.model_construct(
        from_=date(2024, 1, 1),
        to=None,
        rungs=(
            Rung(means="fingerprint", fallback=False, tries_max=2),
            Rung(means="face", fallback=True, tries_max=1),
        ),
        fallbacks=LIMITS,
        session_minutes=1,
        authorisation_minutes=1,
        reversal_minutes=1,
        source="a test",
    )
    out = [Tried("fingerprint", "right_thumb", "unavailable")] * 50
    assert standing(rules, out, []).means == "fingerprint"
    # Control: as many failures do.
    failed = [Tried("fingerprint", finger, "no_match") for finger in FINGERS[:2]]
    assert standing(rules, failed, []) == Standing("ask", "face")
