"""What an installation works with: its home, programme, keys and folders. Interfaces take these and hand them down."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kafalat.config import sealing
from kafalat.config.home import Home, default_path
from kafalat.core.sealing import Sealer
from kafalat.interfaces.channels import wallet_clients
from kafalat.payments.reconciliation.staging import Receiver
from kafalat.payments.sending.transports import Sender
from kafalat.policy.loader import load, load_kept, shipped
from kafalat.policy.model import Programme
from kafalat.registry.imports import Keys
from kafalat.targeting.runs import Folders


@dataclass(frozen=True)
class Office:
    """One installation at work. The programme is the folder `KAFALAT_PROGRAMME`, or the one that is shipped."""

    home: Home

    @cached_property
    def programme_folder(self) -> Path:
        """The programme folder in force."""
        named = os.environ.get("KAFALAT_PROGRAMME")
        return Path(named).expanduser().absolute() if named else shipped()

    @cached_property
    def programme(self) -> Programme:
        """The programme in force, loaded and checked once."""
        return load(self.programme_folder)

    def programme_of(self, sha256: str) -> Programme:
        """Return the programme of a digest: the one in force, or the copy kept when it was used."""
        if self.programme.sha256 == sha256:
            return self.programme
        return load_kept(self.home.programmes / sha256, sha256)

    @property
    def sealer(self) -> Sealer:
        """The sealer of identifiers."""
        return sealing.sealer()

    @property
    def keys(self) -> Keys:
        """What an import needs."""
        return Keys(sealer=self.sealer, form_numbers=self.home.key("form_numbers"))

    @property
    def folders(self) -> Folders:
        """Where snapshots, runs and programmes lie."""
        return Folders(
            snapshots=self.home.snapshots,
            runs=self.home.runs,
            programmes=self.home.programmes,
            work=self.home.work,
        )

    @property
    def outgoing(self) -> Path:
        """Where bank files are put for the banks."""
        return self.home.bank / "outgoing"

    @property
    def incoming(self) -> Path:
        """Where the banks' answers arrive."""
        return self.home.bank / "incoming"

    def sender(self, programme_sha256: str) -> Sender:
        """Return what it takes to write the bank files of a cycle that was opened under this programme."""
        return Sender(
            programme=self.programme_of(programme_sha256),
            sealer=self.sealer,
            outgoing=self.outgoing,
            wallets=wallet_clients(self.home),
        )

    def receiver(self, programme_sha256: str | None = None) -> Receiver:
        """Return what it takes to read the banks' answers: by the profiles in force, or by those of a cycle's programme."""
        return Receiver(
            programme=self.programme_of(programme_sha256) if programme_sha256 else self.programme,
            sealer=self.sealer,
            work=self.home.work,
        )


def office() -> Office:
    """Return the installation of the home folder in use."""
    return Office(Home(default_path()))
