"""Asks somebody who knows whether a person is who she says. No biometric is ever kept: results and references alone.

`verifier` says what is asked and answered, whoever answers; `simulated` answers from a seed.
"""

from kafalat.adapters.identity.verifier import FINGERS, Finger, IdentityVerifier, Result, Verdict

__all__ = ["FINGERS", "Finger", "IdentityVerifier", "Result", "Verdict"]
