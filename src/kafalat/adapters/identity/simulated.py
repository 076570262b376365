"""A verifier that answers from a seed, for demos and tests: the same question always gets the same answer.

About 7 women in 100 have fingers too worn to be told (Biometric Update 2021-12-07), the same women every time; a good
finger fails now and then. Who stands before the counter is read from the beginning of the sample's reference: `other:`
is somebody else, `outage:` a verifier that does not answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from kafalat.adapters.identity.verifier import Finger, Verdict

OTHER: Final = "other:"
OUTAGE: Final = "outage:"
WORN_PCT: Final = 7
GOOD_FINGER_PCT: Final = 93
WORN_FINGER_PCT: Final = 4
FACE_PCT: Final = 88
UNREADABLE: Final = "938"


@dataclass(frozen=True, slots=True)
class SimulatedVerifier:
    """Answers from `seed`."""

    seed: int

    def worn(self, cnic: str) -> bool:
        """Say whether this person's fingers are too worn."""
        return self._percent("worn", cnic) < WORN_PCT

    def fingerprint(self, *, cnic: str, finger: Finger, sample_ref: str) -> Verdict:
        """Compare one finger."""
        chance = WORN_FINGER_PCT if self.worn(cnic) else GOOD_FINGER_PCT
        return self._verdict("finger", cnic, f"{finger} {sample_ref}", chance, sample_ref)

    def face(self, *, cnic: str, sample_ref: str) -> Verdict:
        """Compare a picture of the face."""
        return self._verdict("face", cnic, sample_ref, FACE_PCT, sample_ref)

    def verisys(self, *, cnic: str, sample_ref: str) -> Verdict:
        """Compare the person with the record: it always tells."""
        return self._verdict("verisys", cnic, sample_ref, 100, sample_ref)

    def _verdict(self, kind: str, cnic: str, sample: str, chance_pct: int, sample_ref: str) -> Verdict:
        if sample_ref.startswith(OUTAGE):
            return Verdict("unavailable", "timeout")
        if sample_ref.startswith(OTHER):
            return Verdict("no_match")
        drawn = self._percent(kind, f"{cnic} {sample}")
        if drawn < chance_pct:
            return Verdict("match")
        # Half of what is not told cannot be read at all.
        return Verdict("error", UNREADABLE) if drawn % 2 else Verdict("no_match")

    def _percent(self, kind: str, what: str) -> int:
        """Return a number from 0 to 99 that depends on the seed and the question alone."""
        drawn = blake2b(f"{self.seed} {kind} {what}".encode(), digest_size=8).digest()
        return int.from_bytes(drawn) % 100
