"""The wallet providers this installation reaches: addresses from the setting, keys from the home folder."""

from __future__ import annotations

import os
import random
import re
import time
from functools import cache

from django.utils import timezone
from pybreaker import CircuitBreaker

from kafalat.adapters.wallet import link
from kafalat.adapters.wallet.client import WalletClient
from kafalat.adapters.wallet.link import Link
from kafalat.config.home import Home
from kafalat.core.problems import problem

_ENTRY = re.compile(
    r"\A([a-z][a-z0-9_]{0,59})=(https://\S+|http://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?\S*)\Z"
)


def wallet_secret(home: Home, provider: str) -> bytes:
    """Return the key this installation and a provider sign with; made at its first use, never with a default."""
    return home.key(f"wallet_{provider}")


def wallet_addresses() -> dict[str, str]:
    """Return the address of each provider's interface, from the setting KAFALAT_WALLETS.

    Raises the problem `wallet.address_invalid`: an address is encrypted or on this machine.
    """
    addresses = {}
    for entry in filter(None, (part.strip() for part in os.environ.get("KAFALAT_WALLETS", "").split(","))):
        match = _ENTRY.match(entry)
        if match is None:
            raise problem("wallet.address_invalid", entry=entry)
        addresses[match.group(1)] = match.group(2).rstrip("/")
    return addresses


def wallet_clients(home: Home) -> dict[str, WalletClient]:
    """Return a client of every provider that has an address."""
    return {
        provider: WalletClient(
            Link(
                provider=provider,
                url=address,
                secret=wallet_secret(home, provider),
                now=timezone.now,
                clock=time.monotonic,
                sleep=time.sleep,
                jitter=random.SystemRandom(),
                breaker=_breaker(provider),
            )
        )
        for provider, address in wallet_addresses().items()
    }


@cache
def _breaker(provider: str) -> CircuitBreaker:
    """Return the provider's breaker: one per process, so that what one call learns the next one knows."""
    return link.breaker(provider)
