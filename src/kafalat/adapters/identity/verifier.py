"""What a verifier of identity is asked and what it answers.

A sample never reaches us: the device sends it to the verifier and hands on a reference (`sample_ref`), which is all that
is kept beside the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Protocol, get_args

Result = Literal["match", "no_match", "unavailable", "error"]
Finger = Literal[
    "right_thumb", "right_index", "right_middle", "right_ring", "right_little",
    "left_thumb", "left_index", "left_middle", "left_ring", "left_little",
]  # fmt: skip
FINGERS: Final[tuple[Finger, ...]] = get_args(Finger)
SAMPLE_REF_LENGTH_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer: `code` is the verifier's own, empty where it gave none.

    match: it is she. no_match: it is not, or the print is too worn to tell. error: the sample could not be read, e.g.
    938 on agents' devices. unavailable: the verifier did not answer, which says nothing about her.
    """

    result: Result
    code: str = ""


class IdentityVerifier(Protocol):
    """Somebody who can tell by CNIC (13 digits) whether a sample is this person's. A failure to reach them is an
    `unavailable` verdict, never an exception."""

    def fingerprint(self, *, cnic: str, finger: Finger, sample_ref: str) -> Verdict:
        """Compare one finger."""

    def face(self, *, cnic: str, sample_ref: str) -> Verdict:
        """Compare a picture of the face."""

    def verisys(self, *, cnic: str, sample_ref: str) -> Verdict:
        """Compare the person, her papers and her answers with the record, by hand."""
