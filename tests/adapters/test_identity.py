"""The simulated verifier: the same question gets the same answer, about seven women in a hundred fail with their fingers."""

from __future__ import annotations

from kafalat.adapters.identity import FINGERS, IdentityVerifier
from kafalat.adapters.identity.simulated import OTHER, OUTAGE, SimulatedVerifier

CNICS = [f"35202{number:07d}2" for number in range(4000)]


def test_the_same_seed_answers_the_same_and_another_differs() -> None:
    def answers(seed: int) -> list[str]:
        verifier: IdentityVerifier = SimulatedVerifier(seed)
        return [
            verifier.fingerprint(cnic=cnic, finger="right_thumb", sample_ref="s").result
            for cnic in CNICS[:300]
        ]

    assert answers(1) == answers(1) != answers(2)


def test_about_seven_in_a_hundred_fail_with_every_finger_and_the_face_knows_most_of_them() -> None:
    verifier = SimulatedVerifier(1)
    failed = [
        cnic
        for cnic in CNICS
        if all(
            verifier.fingerprint(cnic=cnic, finger=finger, sample_ref=f"{number}").result != "match"
            for number, finger in enumerate(FINGERS[:4])
        )
    ]
    assert 0.05 < len(failed) / len(CNICS) < 0.08
    by_face = sum(verifier.face(cnic=cnic, sample_ref="f").result == "match" for cnic in failed)
    assert by_face > 0.8 * len(failed)


def test_somebody_else_never_matches_and_an_outage_says_nothing_of_her() -> None:
    verifier = SimulatedVerifier(1)
    for cnic in CNICS[:200]:
        assert verifier.verisys(cnic=cnic, sample_ref="v").result == "match"
        assert verifier.verisys(cnic=cnic, sample_ref=f"{OTHER}v").result == "no_match"
        assert verifier.face(cnic=cnic, sample_ref=f"{OUTAGE}v").result == "unavailable"
