"""Words of a programme that several payment pages show."""

from __future__ import annotations

from kafalat.core.text import Bilingual
from kafalat.interfaces import programmes
from kafalat.interfaces.context import text
from kafalat.payments.models import Cycle


def bank_labels() -> dict[str, Bilingual]:
    """Return the banks of the programme in force by code."""
    return {bank.code: bank.label for bank in programmes.in_force().banks.banks}


def hold_texts(cycle: Cycle) -> dict[str, str]:
    """Return why families are held back, in words of the programme the cycle pays under."""
    holds = programmes.stamped(cycle.programme_sha256).approvals.holds
    return {hold.code: text(hold.text) for hold in holds}
