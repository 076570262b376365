"""Sealing of personal identifiers at rest: authenticated and deterministic, so that equality look-ups still work.

AES-SIV (RFC 5297) gives the same bytes for the same value and purpose, so a UNIQUE constraint and an index over sealed
bytes are exact, and nothing but equality can be learnt without the key. The purpose ("person.cnic") is bound in as
associated data: bytes moved from one column to another do not open.
"""

from __future__ import annotations

from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kafalat.core.problems import problem

KEY_BYTES_MIN = 32


class Sealer:
    """Seals and opens short texts under one key of at least 32 random bytes (raises ValueError for fewer)."""

    def __init__(self, key: bytes) -> None:
        if len(key) < KEY_BYTES_MIN:
            msg = f"a sealing key needs at least {KEY_BYTES_MIN} bytes, not {len(key)}"
            raise ValueError(msg)
        # AES-256-SIV wants two independent 256-bit keys; HKDF makes them from whatever length the key file has.
        derived = HKDF(algorithm=SHA256(), length=64, salt=None, info=b"kafalat sealing 1").derive(key)
        self._cipher = AESSIV(derived)

    def seal(self, value: str, purpose: str) -> bytes:
        """Return the sealed bytes of `value`: its UTF-8 length plus 16; equal for equal value and purpose."""
        return self._cipher.encrypt(value.encode(), [purpose.encode()])

    def seal_many(self, values: Iterable[str | None], purpose: str) -> list[bytes | None]:
        """Return the sealed bytes of each value, None staying None."""
        encrypt, bound = self._cipher.encrypt, [purpose.encode()]
        return [None if value is None else encrypt(value.encode(), bound) for value in values]

    def unseal(self, sealed: bytes, purpose: str) -> str:
        """Return the value; raises the problem `sealing.unreadable` for another key or purpose, or altered bytes."""
        try:
            return self._cipher.decrypt(bytes(sealed), [purpose.encode()]).decode()
        except InvalidTag:
            raise problem("sealing.unreadable", purpose=purpose) from None

    def unseal_many(self, sealed: Iterable[bytes], purpose: str) -> list[str]:
        """Return the values; raises the problem `sealing.unreadable` where one does not open."""
        decrypt, bound = self._cipher.decrypt, [purpose.encode()]
        try:
            return [decrypt(one, bound).decode() for one in sealed]
        except InvalidTag:
            raise problem("sealing.unreadable", purpose=purpose) from None
