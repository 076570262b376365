"""Who tells the counter whether a person is who she says: in a demo a simulated verifier, else nobody yet."""

from __future__ import annotations

from uuid import uuid4

from kafalat.adapters.identity import IdentityVerifier
from kafalat.adapters.identity.simulated import OTHER, OUTAGE, SimulatedVerifier
from kafalat.core.problems import problem
from kafalat.interfaces.office import Office

_SEED = 938
# Who stands before the demo's counter.
WHO = {"": "", "other": OTHER, "outage": OUTAGE}


def is_demo(office: Office) -> bool:
    """Say whether this home folder holds a demo."""
    return (office.home.path / "demo.json").exists()


def verifier_of(office: Office) -> IdentityVerifier:
    """Return the verifier at work. Raises the problem `counter.no_verifier` where none is connected."""
    if is_demo(office):
        return SimulatedVerifier(_SEED)
    raise problem("counter.no_verifier")


def sample_reference(who: str) -> str:
    """Return the reference of a sample taken now; in a demo it tells who was there."""
    return f"{WHO.get(who, '')}{uuid4().hex[:16]}"
