"""A cycle whose payments go to a simulated wallet provider, call by call, with whatever faults a test asks for."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from kafalat.adapters.banks.simulator.faults import Faults
from kafalat.adapters.wallet.link import Limits
from kafalat.core.problems import Problem
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.cycles.approvals import release_list
from kafalat.payments.models import BankFile, Outbox, Payment
from kafalat.payments.reconciliation.answers import take_in
from kafalat.payments.reconciliation.staging import Receiver
from kafalat.payments.sending.outbox import Departure, send_outbox
from tests.adapters.wallets import AT, Rig
from tests.conftest import NOW
from tests.payments.steps import approve, authorise, checked, opened

BANK = "easypaisa"


@dataclass
class Channel:
    """A released list whose files all go to one simulated provider, and the sender that takes them there."""

    office: Office
    faults: Faults = field(default_factory=Faults)
    seed: int = 1
    limits: Limits = field(default_factory=lambda: Limits(tries=2, batch=5))

    def __post_init__(self) -> None:
        cycle = opened(self.office)
        self.rig = Rig(self.faults, seed=self.seed, limits=self.limits)
        payment_list = checked(self.office, cycle)
        approve(payment_list)
        authorise(payment_list)
        plain = self.office.sender(cycle.programme_sha256)
        banks = sorted(set(Payment.objects.values_list("bank", flat=True)))
        self.bank = BANK if BANK in banks else banks[0]
        self.sender = replace(plain, wallets={self.bank: self.rig.client})
        if self.bank != BANK:
            profiles = {**plain.programme.bank_profiles, self.bank: plain.programme.bank_profiles[BANK]}
            programme = plain.programme.model_copy(update={"bank_profiles": profiles})
            self.sender = replace(self.sender, programme=programme)
        self.list = payment_list
        release_list(
            payment_list_id=payment_list.pk,
            user=staff("releaser"),
            seen_sha256=payment_list.sha256,
            sender=self.sender,
            at=NOW,
        )

    def anew(self, faults: Faults, seed: int, outgoing: Path) -> Channel:
        """Return the same released list before another provider, its files going elsewhere: for a copy of its database."""
        again = copy(self)
        again.rig = Rig(faults, seed=seed, limits=self.limits)
        again.sender = replace(self.sender, outgoing=outgoing, wallets={self.bank: again.rig.client})
        return again

    def file(self) -> BankFile:
        """The bank file that goes by interface."""
        return BankFile.objects.get(payment_list=self.list, bank=self.bank)

    def row(self) -> Outbox:
        """Its row in the outbox."""
        return Outbox.objects.get(bank_file=self.file())

    def send(self, at: datetime = NOW) -> list[Departure]:
        """Run the sender once."""
        return send_outbox(sender=self.sender, at=at)

    def send_until_answered(self, tries: int = 12) -> None:
        """Run the sender as often as its pauses say, until the provider has answered for all."""
        at = NOW
        for _ in range(tries):
            self.send(at)
            row = self.row()
            if row.answered_at is not None or row.quarantined_at is not None:
                return
            at = (row.next_try_at or at) + timedelta(seconds=1)

    def settle(self) -> list[str]:
        """Let the provider carry out what is due and take its messages in; return why some were refused."""
        receiver = Receiver(programme=self.sender.programme, sealer=self.sender.sealer)
        refused = []
        for number, body in enumerate(self.rig.provider.settle(AT)):
            try:
                take_in(content=body, name=f"message {number}", actor="test", receiver=receiver, at=NOW)
            except Problem as refusal:
                refused.append(refusal.code)
        return refused

    def believed(self) -> dict[str, str]:
        """The state of each payment that goes by interface, by identity."""
        return dict(
            Payment.objects.filter(payment_list=self.list, bank=self.bank).values_list("identity", "status")
        )
