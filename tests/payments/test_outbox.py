"""The outbox: what waits leaves once, and only by the programme it was dispatched under (promise R31).

`make prove` kills the sender at every statement boundary of a sending, at named points and at random moments, poisons
payments, and lets two workers go for the same rows; `test_sending.py` tries each once.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from kafalat.adapters.banks.simulator.faults import Faults
from kafalat.adapters.wallet.link import Limits
from kafalat.config.home import Home
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.ledger.checks import check_ledger
from kafalat.payments.models import ATTEMPTS_MAX, BankFile, Delivery, Outbox
from kafalat.payments.sending.outbox import lift_quarantine, send_outbox
from tests.conftest import NOW, clone
from tests.payments.killing import killed_after, killed_at
from tests.payments.senders import KILLS, Careless, Money, Picky, counted, killed, over_http, sent_by_two
from tests.payments.steps import approve, authorise, checked, connection_of_owner, opened, released
from tests.payments.wallets import BANK, Channel
from tests.proof import SEED, report

RELEASED = "template_released"
LATER = NOW + timedelta(days=30)
RANDOM_KILLS = 50
PAIRS = 20
# A provider that keeps our keys, and one that forgets them: then only asking before sending again keeps us from paying twice.
KEEPS = Faults(late=20, reject=10)
FORGETS = Faults(late=20, reject=10, forget=True)


def test_files_of_another_programme_are_left_to_its_own_sender(office: Office, enrolled: str) -> None:
    cycle = opened(office)
    payment_list = checked(office, cycle)
    approve(payment_list)
    authorise(payment_list)
    released(office, payment_list)
    files = BankFile.objects.count()
    sender = office.sender(cycle.programme_sha256)
    other = replace(sender, programme=sender.programme.model_copy(update={"sha256": "0" * 64}))
    assert send_outbox(sender=other, at=NOW) == []
    assert Outbox.objects.filter(sent_at__isnull=True).count() == files
    assert len(send_outbox(sender=sender, at=NOW)) == files
    assert send_outbox(sender=sender, at=NOW) == []


def test_a_provider_is_called_once_for_each_payment(office: Office, enrolled: str) -> None:
    channel = Channel(office)
    channel.send()
    believed = channel.believed()
    assert believed
    assert set(believed.values()) == {"paid"}
    assert set(channel.rig.credited().values()) == {1}
    assert len(channel.rig.credited()) == len(believed)
    assert Delivery.objects.count() == 2 * len(believed)
    assert channel.row().answered_at == NOW
    assert channel.send(NOW + timedelta(days=1)) == []
    assert Delivery.objects.count() == 2 * len(believed)
    assert [c for c in check_ledger(outgoing=office.outgoing) if not c.holds] == []


def keep_two_banks() -> None:
    """Leave the families of the provider and of one bank that is sent a file: as many calls and files as it takes."""
    with connection_of_owner() as cursor:
        cursor.execute(
            """
            UPDATE enrolment_beneficiary SET status = 'exited', standing_reason = 'test' WHERE id NOT IN (
                SELECT beneficiary_id FROM enrolment_account WHERE closed_on IS NULL AND bank IN (%(bank)s, (
                    SELECT bank FROM enrolment_account WHERE bank <> %(bank)s GROUP BY bank ORDER BY count(*) LIMIT 1)))
            """,
            {"bank": BANK},
        )


class Trials:
    """Sendings of the same released list, each in a copy of its database, to a provider and a folder of its own."""

    def __init__(self, home: Home, office: Office, template: str, folder: Path) -> None:
        self.home, self.folder = home, folder
        self.money = Money()
        self.run = Counter[str]()
        self.tries: list[int] = []
        self.tries_of_poison: list[int] = []
        self._numbers = count(1)
        with clone(home, template, RELEASED):
            keep_two_banks()
            self.released = Channel(office, limits=Limits(tries=2, batch=6))

    @contextmanager
    def one(self, kind: str, faults: Faults) -> Iterator[Channel]:
        """Let a test disturb a sending; then go on until the provider has answered, and count what went wrong."""
        with clone(self.home, RELEASED):
            number = next(self._numbers)
            channel = self.released.anew(faults, number, self.folder / str(number))
            with over_http(channel):
                yield channel
                channel.send_until_answered()
                channel.settle()
                again = send_outbox(sender=channel.sender, at=LATER)
            found = counted(channel)
            found.doubled += len(again)
            self.money.add(found)
            self.run[kind] += 1

    def kill_at_every_boundary(self) -> int:
        """Kill at the first, second, third ... boundary of statements until the sender gets through; return how many."""
        for boundary in count(1):
            with self.one("killed at a boundary", FORGETS) as channel:
                struck = killed_at(boundary, channel.send)
            if not struck:
                break
        return boundary - 1

    def kill_at_points(self) -> None:
        """Kill where a promise names it, with both kinds of provider."""
        for faults in (KEEPS, FORGETS):
            for point, (target, moment) in KILLS.items():
                with self.one(f"killed {point}", faults) as channel:
                    assert os.WIFSIGNALED(killed(channel, target, moment, NOW)), point

    def kill_at_random(self, kills: int) -> None:
        """Kill at random moments, in the midst of a call as well: whether it acted the provider alone knows."""
        moments = random.Random(SEED)  # noqa: S311 - moments to kill at, not secrets
        with self.one("not disturbed", KEEPS) as channel:
            started = time.monotonic()
            channel.send()
            longest_s = 1.2 * (time.monotonic() - started)  # a new process connects first
        while self.run["killed at a random moment"] < kills:
            with self.one("begun to be killed", KEEPS) as channel:
                struck = killed_after(moments.uniform(0, longest_s), channel.send)
            self.run["killed at a random moment"] += struck

    def poison(self) -> None:
        """Let the provider refuse whatever a payment stands in: the first, one in the middle, the last."""
        identities = sorted(self._identities())
        for identity in (identities[0], identities[len(identities) // 2], identities[-1]):
            with self.one("poisoned payment", KEEPS) as channel:
                Picky.poison, whole = identity, channel.sender
                channel.sender = replace(whole, wallets={channel.bank: Picky(channel.rig.link)})
                channel.send_until_answered(tries=20)
                self._lift(channel)
                made = Delivery.objects.filter(payment__identity=identity, stage="intent").count()
                self.tries_of_poison.append(made)
                channel.sender = whole
                channel.send(LATER)

    def kill_every_try(self) -> None:
        """Let a file kill its sender whenever it is tried."""
        with self.one("file that kills its sender", KEEPS) as channel:
            for number in range(2 * ATTEMPTS_MAX):
                target = "kafalat.payments.sending.calls._intend"
                if not os.WIFSIGNALED(killed(channel, target, "before", NOW + timedelta(hours=number))):
                    break
            self._lift(channel)
            channel.send(LATER)

    def go_in_pairs(self, pairs: int) -> int:
        """Let two workers go for the same rows; return how many files left twice or were tried twice."""
        twice = 0
        for _ in range(pairs):
            with self.one("two workers", KEEPS) as channel:
                left = sent_by_two(channel)
                twice += len(left) - len(set(left))
                twice += Outbox.objects.exclude(attempts=1).count()
                twice += channel.rig.provider.calls["repeated"]
        return twice

    def without_asking(self) -> int:
        """Control: go on after a kill without asking a provider that forgets; return how often one account was credited."""
        with clone(self.home, RELEASED):
            channel = self.released.anew(FORGETS, 1, self.folder / "control")
            with over_http(channel):
                killed(channel, *KILLS["between call and result"], NOW)
                careless = Careless(channel.rig.link)
                channel.sender = replace(channel.sender, wallets={channel.bank: careless})
                channel.send_until_answered()
            return max(channel.rig.credited().values())

    def _identities(self) -> list[str]:
        with clone(self.home, RELEASED):
            return list(self.released.believed())

    def _lift(self, channel: Channel) -> None:
        """Keep how often a file was tried before it was put aside, and let it go again."""
        row = channel.row()
        assert row.quarantined_at is not None
        self.tries.append(row.attempts)
        lift_quarantine(bank_file_id=row.pk, reason="mended", user=staff("releaser"), at=LATER)


@pytest.mark.prove
def test_a_sending_disturbed_in_every_way_counted(
    home: Home, office: Office, enrolled_template: str, tmp_path: Path
) -> None:
    started = time.monotonic()
    trials = Trials(home, office, enrolled_template, tmp_path)
    boundaries = trials.kill_at_every_boundary()
    trials.kill_at_points()
    trials.kill_at_random(RANDOM_KILLS)
    trials.poison()
    trials.kill_every_try()
    twice = trials.go_in_pairs(PAIRS)
    credited = trials.without_asking()
    money, most = trials.money, max(trials.tries + trials.tries_of_poison)
    kills = boundaries + 2 * len(KILLS) + RANDOM_KILLS
    met = money == Money() and twice == 0 and most <= ATTEMPTS_MAX == 5 and credited > 1
    report(
        "r31-outbox",
        promise="R31 outbox and workers: killed senders, poison, two workers on one row",
        bar="0 lost, 0 doubled effects, at most 5 tries before quarantine",
        found=f"{kills} kills, {len(trials.tries)} poisons, {PAIRS} pairs: {money.lost} lost, "
        f"{money.doubled + twice} doubled, {most} tries before quarantine",
        met=met,
        duration_s=time.monotonic() - started,
        seed=SEED,
        control=f"a sender that does not ask before it repeats credits one account {credited} times",
        boundaries_hit=boundaries,
        boundaries_existing=boundaries,
        sendings=dict(sorted(trials.run.items())),
        lost=money.lost,
        doubled=money.doubled,
        believed_otherwise_than_true=money.misbelieved,
        invariants_broken=money.broken,
        sent_or_tried_twice_by_pairs=twice,
        tries_before_quarantine=trials.tries,
        tries_of_the_poisoned_payment=trials.tries_of_poison,
    )
    assert met, (money, twice, trials.tries, credited)
