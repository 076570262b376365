"""Signatures between Kafalat and a wallet provider: HMAC-SHA256 over time, subject and body, with a key both keep.

The time is signed too, and what is older than the window (or from the future) is refused, so that a message taken from
the wire cannot be sent again another day. Comparison takes the same time whatever is wrong.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

TIME_HEADER = "Kafalat-Time"
SIGNATURE_HEADER = "Kafalat-Signature"
WINDOW = timedelta(minutes=5)


def callback_subject(provider: str) -> str:
    """Return the subject of what a provider sends by itself: whatever address it comes in by, it is from this provider."""
    return f"callback {provider}"


def signature_headers(secret: bytes, *, subject: str, body: bytes, at: datetime) -> dict[str, str]:
    """Return the two headers of a signed message. `subject` is what it is for, as in "POST /v1/payments"."""
    seconds = str(int(at.timestamp()))
    return {TIME_HEADER: seconds, SIGNATURE_HEADER: _signature(secret, seconds, subject, body)}


def is_signed(
    secret: bytes,
    *,
    subject: str,
    body: bytes,
    headers: Mapping[str, str],
    now: datetime,
    window: timedelta = WINDOW,
) -> bool:
    """Say whether a message carries a valid signature of a time within the window. `headers` are looked up as written."""
    seconds, given = headers.get(TIME_HEADER, ""), headers.get(SIGNATURE_HEADER, "")
    expected = _signature(secret, seconds, subject, body)
    genuine = hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
    if not genuine or not seconds.isascii() or not seconds.isdigit():
        return False
    return abs(now.timestamp() - int(seconds)) <= window.total_seconds()


def _signature(secret: bytes, seconds: str, subject: str, body: bytes) -> str:
    signed = f"{seconds}\n{subject}\n".encode("utf-8", "replace") + body
    return hmac.new(secret, signed, hashlib.sha256).hexdigest()
