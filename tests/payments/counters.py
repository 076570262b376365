"""A counter as tests use one: devices, a woman whose fingers are good or worn, and the steps of her verification."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

from kafalat.adapters.identity import FINGERS, Finger, Verdict
from kafalat.config.sealing import sealer
from kafalat.core.problems import Problem
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.counter.devices import NewDevice, register_devices
from kafalat.payments.counter.fallbacks import answer_fallback
from kafalat.payments.counter.verifying import Stepped, ask_fallback, start_verification, try_next
from kafalat.payments.models import Device, Fallback, Payment, Verification
from tests.conftest import NOW

_numbers = count(1)


class Yes:
    """A verifier that knows everybody."""

    result = "match"

    def fingerprint(self, *, cnic: str, finger: Finger, sample_ref: str) -> Verdict:
        return Verdict("match")

    def face(self, *, cnic: str, sample_ref: str) -> Verdict:
        return Verdict("match")

    def verisys(self, *, cnic: str, sample_ref: str) -> Verdict:
        return Verdict("match")


class WornFingers(Yes):
    """A verifier that knows her face and not her fingers."""

    def fingerprint(self, *, cnic: str, finger: Finger, sample_ref: str) -> Verdict:
        return Verdict("no_match")


class Nobody(WornFingers):
    """A verifier that knows nobody."""

    def face(self, *, cnic: str, sample_ref: str) -> Verdict:
        return Verdict("error", "938")

    def verisys(self, *, cnic: str, sample_ref: str) -> Verdict:
        return Verdict("no_match")


def code_of(act: Callable[..., object], /, **kwargs: object) -> str:
    """The code of the problem a call raises, or "done"."""
    try:
        act(**kwargs)
    except Problem as refusal:
        return refusal.code
    return "done"


def device(district: str = "PK617", bank: str = "hbl") -> Device:
    """A new device."""
    serial = f"POS-{next(_numbers):05d}"
    register_devices(
        devices=[NewDevice(serial, bank, "agent of a test", district)], user=staff("integrity"), at=NOW
    )
    return Device.objects.get(serial=serial)


def credited(skip: int = 0) -> Payment:
    """A payment whose money is in the account, all of it: the demo took some out already."""
    found = Payment.objects.filter(
        status="paid", entitlement__beneficiary__status="active", withdrawals__isnull=True
    )
    return found.select_related("entitlement__beneficiary__payee").order_by("id")[skip]


def begun(office: Office, payment: Payment, at_device: Device, at: datetime = NOW) -> Verification:
    """Begin a verification."""
    return start_verification(
        payment_id=payment.pk,
        device_id=at_device.pk,
        programme=office.programme,
        user=staff("counter"),
        at=at,
    )


def step(
    office: Office,
    found: Verification,
    finger: Finger | None = "right_thumb",
    verifier: Yes | None = None,
    at: datetime = NOW,
) -> Stepped:
    """Make one try."""
    return try_next(
        verification_id=found.pk,
        finger=finger,
        sample_ref=f"sample-{next(_numbers)}",
        verifier=verifier or Yes(),
        sealer=sealer(),
        programme=office.programme,
        user=staff("counter"),
        at=at,
    )


def authorised(office: Office, payment: Payment, at_device: Device, at: datetime = NOW) -> str:
    """Verify by the first finger and return the token."""
    token = step(office, begun(office, payment, at_device, at), at=at).token
    assert token
    return token


def fingers_failed(office: Office, found: Verification, at: datetime = NOW) -> None:
    """Fail with finger after finger until the ladder leaves fingerprints."""
    for number in range(16):
        stepped = step(office, found, FINGERS[number % 4], WornFingers(), at)
        if stepped.standing.state == "ask":
            return


def asked(office: Office, found: Verification, at: datetime = NOW) -> Fallback:
    """Ask for the next fallback."""
    return ask_fallback(
        verification_id=found.pk,
        reason="fingers worn by work",
        programme=office.programme,
        user=staff("counter"),
        at=at,
    )


def grant(office: Office, fallback: Fallback, at: datetime = NOW) -> None:
    """Let the supervisor allow it."""
    answer_fallback(
        fallback_id=fallback.pk,
        granted=True,
        reason="",
        programme=office.programme,
        user=staff("supervisor"),
        at=at,
    )


LATER = timedelta(minutes=6)
