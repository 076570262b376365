"""Made-up withdrawals after a demo's payments, so that the counter's and the alerts' pages have something to show.

Devices, times and amounts are made up, and say so: an agent's name and every reference begin with the word. On a few
devices fraud is planted.
"""

from __future__ import annotations

import csv
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from django.utils import timezone

from kafalat.adapters.identity import FINGERS
from kafalat.core.money import decimal_text
from kafalat.integrity.services import scan
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.interfaces.verifiers import sample_reference, verifier_of
from kafalat.payments.counter.devices import NewDevice, register_devices
from kafalat.payments.counter.reports import COLUMNS, receive_withdrawals
from kafalat.payments.counter.verifying import ask_fallback, standing_of, start_verification, try_next
from kafalat.payments.counter.verifying import rules_on as ladder_on
from kafalat.payments.counter.withdrawals import withdraw
from kafalat.payments.models import Verification
from kafalat.registry import bulk

MARK = "SYNTHETIC"
TAKEN_PCT = 75  # of a tranche, some forty days after its start (docs/integrity.md)
DAYS = 20
PLANTED = 8  # withdrawals on each device with something wrong
COUNTER_SERIAL = f"{MARK}-COUNTER-1"

_PAID = """
SELECT p.identity, p.bank, p.amount_paisa, CASE WHEN pl.level = 'tehsil' THEN pl.parent_id ELSE pl.pcode END
FROM payments_payment AS p
JOIN payments_entitlement AS e ON e.id = p.entitlement_id
JOIN enrolment_beneficiary AS b ON b.id = e.beneficiary_id
JOIN registry_family AS f ON f.id = b.family_id
JOIN registry_household AS h ON h.id = f.household_id
JOIN registry_place AS pl ON pl.pcode = h.place_id
WHERE p.status = 'paid' ORDER BY p.identity
"""


_FREE = """
SELECT p.id, p.amount_paisa
FROM payments_payment AS p
JOIN payments_entitlement AS e ON e.id = p.entitlement_id
JOIN enrolment_beneficiary AS b ON b.id = e.beneficiary_id
JOIN registry_person AS r ON r.id = b.payee_id
WHERE p.status = 'paid' AND b.status = 'active' AND r.cnic_sealed IS NOT NULL
  AND NOT EXISTS (SELECT FROM payments_withdrawal AS w WHERE w.payment_id = p.id)
ORDER BY p.id LIMIT 3
"""


class _Paid(NamedTuple):
    identity: str
    bank: str
    amount_paisa: int
    district: str


def make_withdrawals(*, office: Office, actor: str, at: datetime) -> None:
    """Make the demo's devices, withdrawals, verifications and alerts; done again, it changes nothing."""
    paid = [_Paid(*row) for row in bulk.rows(_PAID)]
    if not paid or bulk.rows("SELECT 1 FROM payments_device LIMIT 1"):
        return
    _register(paid, at)
    today = timezone.localtime(at).date()
    by_bank: dict[str, list[list[str]]] = defaultdict(list)
    groups: dict[tuple[str, str], list[_Paid]] = defaultdict(list)
    for each in paid:
        if _drawn(each.identity, "taken", 100) < TAKEN_PCT:
            groups[each.bank, each.district].append(each)
    _fill_first(groups)
    busiest = sorted(groups, key=lambda key: (-len(groups[key]), key))
    for place, key in enumerate(busiest):
        by_bank[key[0]] += list(_events(groups[key], _serial(*key), place, today))
    with tempfile.TemporaryDirectory(prefix="withdrawals-", dir=office.home.work) as folder:
        for bank, lines in sorted(by_bank.items()):
            path = Path(folder) / f"{MARK.lower()}-{bank}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([COLUMNS, *lines])
            receive_withdrawals(path=path, bank=bank, user=staff("reconciler"), at=at)
    _counter(office, at)
    scan(programme=office.programme, since=at - timedelta(days=DAYS), until=at, actor=actor, at=at)


def _fill_first(groups: dict[tuple[str, str], list[_Paid]]) -> None:
    """Let the busiest device serve so many of its bank's other payees that something can be planted there."""
    busiest = sorted(groups, key=lambda key: (-len(groups[key]), key))
    for key in reversed(busiest[1:]):
        if len(groups[busiest[0]]) < PLANTED and key[0] == busiest[0][0]:
            groups[busiest[0]] += groups.pop(key)


def _serial(bank: str, district: str) -> str:
    return f"{MARK}-{bank}-{district}".upper()


def _register(paid: list[_Paid], at: datetime) -> None:
    places = sorted({(each.bank, each.district) for each in paid})
    bank, district = places[0]
    new = [
        NewDevice(_serial(*key), key[0], f"{MARK} agent {number}", key[1])
        for number, key in enumerate(places, 1)
    ]
    new.append(NewDevice(COUNTER_SERIAL, bank, f"{MARK} counter", district, time(8), time(17)))
    register_devices(devices=new, user=staff("integrity"), at=at)


def _drawn(identity: str, what: str, below: int) -> int:
    return int.from_bytes(blake2b(f"{what} {identity}".encode(), digest_size=8).digest()) % below


def _events(paid: list[_Paid], serial: str, place: int, today: object) -> Iterator[list[str]]:
    """Yield a device's withdrawals as lines of a bank's report. The three busiest devices have something planted."""
    for number, each in enumerate(paid):
        day = datetime.fromisoformat(str(today)) - timedelta(days=1 + _drawn(each.identity, "day", DAYS - 1))
        at = day + timedelta(hours=9, seconds=_drawn(each.identity, "second", 8 * 3600))
        amount_paisa = each.amount_paisa
        planted = number < PLANTED
        if planted and place == 0:  # in pairs, at the same second of one day
            at = datetime.fromisoformat(str(today)) - timedelta(days=3, hours=-11, minutes=-(number // 2))
        elif planted and place == 1:  # by night
            at = datetime.fromisoformat(str(today)) - timedelta(days=5, hours=-2, minutes=-17 * number)
        elif planted and place == 2:  # Rs 1,000 stay with the agent
            at = at.replace(day=at.day) - timedelta(days=3)
            amount_paisa -= 100_000
        yield [
            f"{MARK}-{each.identity}", each.identity, serial, f"{MARK} operator", at.isoformat(),
            decimal_text(amount_paisa),
        ]  # fmt: skip


def _counter(office: Office, at: datetime) -> None:
    """Let one woman be verified and paid out at a counter of ours, and another wait for a supervisor."""
    ((device_id,),) = bulk.rows("SELECT id FROM payments_device WHERE serial = %s", [COUNTER_SERIAL])
    paid_out = False
    for payment_id, amount_paisa in bulk.rows(_FREE):
        found = start_verification(
            payment_id=payment_id,
            device_id=device_id,
            programme=office.programme,
            user=staff("counter"),
            at=at,
        )
        token = "" if paid_out else _verify(office, found, at, "")
        if token:
            withdraw(
                token=token,
                device_id=device_id,
                amount_paisa=amount_paisa,
                user=staff("counter"),
                at=at,
            )
            paid_out = True
        elif paid_out:
            _verify(office, found, at, "other")
            return


def _verify(office: Office, found: Verification, at: datetime, who: str) -> str:
    """Try finger after finger; return the token of a match, or ask for the fallback and return nothing."""
    ladder = ladder_on(office.programme, timezone.localtime(at).date())
    while (now := standing_of(found, ladder)).state == "try" and now.means == "fingerprint":
        finger = next(each for each in FINGERS if each not in now.used_up)
        stepped = try_next(
            verification_id=found.pk,
            finger=finger,
            sample_ref=sample_reference(who),
            verifier=verifier_of(office),
            sealer=office.sealer,
            programme=office.programme,
            user=staff("counter"),
            at=at,
        )
        if stepped.token:
            return stepped.token
    ask_fallback(
        verification_id=found.pk,
        reason="Her fingers are worn; she was here last quarter.",
        programme=office.programme,
        user=staff("counter"),
        at=at,
    )
    return ""
