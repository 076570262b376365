"""How often the public page may be asked: a budget per address and one for everybody, each per hour.

A CNIC has at most a few times 10^7 values in one locality, so a limit per address alone holds nobody back who has
many addresses; the second thing asked for (a form number, one in 10^12) is what protects, and this budget keeps
trials of both far below what could ever find a pair. Addresses are kept as keyed digests, for a day at most.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from django.db import connection
from django.utils.crypto import salted_hmac

# A carrier's network address can hide a whole village, so one address may ask often; everybody together, bounded.
LOOKUPS_PER_ADDRESS_PER_HOUR: Final = 120
LOOKUPS_PER_HOUR: Final = 20_000
EVERYBODY: Final = "everybody"
_KEPT = timedelta(days=1)
_IPV6_HOME_BYTES = 8  # a /64, the least a provider gives one customer

_COUNT = """
INSERT INTO interfaces_lookupbudget (bucket, window_start, lookups) VALUES (%s, %s, 1), (%s, %s, 1)
ON CONFLICT (bucket, window_start) DO UPDATE SET lookups = interfaces_lookupbudget.lookups + 1
RETURNING bucket, lookups
"""


def spend(*, address: str, at: datetime) -> bool:
    """Count one look-up from `address` and say whether both budgets still allowed it.

    One statement, so that look-ups at the same moment are each counted. The row of everybody is taken last in each
    statement: two of them never wait for each other in a circle.
    """
    window = at.replace(minute=0, second=0, microsecond=0)
    bucket = bucket_of(address)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [bucket, window, EVERYBODY, window])
        lookups: dict[str, int] = dict(cursor.fetchall())
        if lookups[EVERYBODY] == 1:
            cursor.execute("DELETE FROM interfaces_lookupbudget WHERE window_start < %s", [window - _KEPT])
    return lookups[bucket] <= LOOKUPS_PER_ADDRESS_PER_HOUR and lookups[EVERYBODY] <= LOOKUPS_PER_HOUR


def bucket_of(address: str) -> str:
    """Return the keyed digest an address is counted under; the addresses of one IPv6 customer count together."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "address:unknown"
    counted = parsed.packed[:_IPV6_HOME_BYTES] if parsed.version == 6 else parsed.packed
    return "address:" + salted_hmac("kafalat.lookup", counted.hex(), algorithm="sha256").hexdigest()[:32]
