"""What payment files say, as frozen values without any XML.

Amounts are integer paisa, times carry their offset, identifiers are at most 35 characters (ISO 20022's Max35Text).
A value that could not be written to a bank is refused with ValueError when it is made: that is a programming error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

# EPC/SWIFT rule for identifiers: the safe characters, no slash at either end and no two in a row.
_ID = re.compile(r"\A(?!/)(?!.*//)[A-Za-z0-9/?:().,'+ -]{1,35}(?<!/)\Z", re.ASCII)

# ---- out: payment file ---------------------------------------------------------------------------------------


def checked_id(text: str, what: str) -> str:
    """Return `text` if a bank accepts it as an identifier; raises ValueError naming `what` otherwise."""
    if _ID.match(text) is None or text != text.strip():
        msg = f"{what} is not an identifier of 1 to 35 safe characters: {text!r}"
        raise ValueError(msg)
    return text


@dataclass(frozen=True, slots=True)
class Instruction:
    """Pay one payee once. `remittance` is the free text she sees beside the credit, at most 140 characters."""

    end_to_end_id: str
    amount_paisa: int
    creditor_name: str
    creditor_iban: str
    creditor_bic: str
    remittance: str = ""

    def __post_init__(self) -> None:
        checked_id(self.end_to_end_id, "the end-to-end id")
        if self.amount_paisa <= 0:
            msg = f"an instruction pays a positive amount: {self.end_to_end_id}, {self.amount_paisa} paisa"
            raise ValueError(msg)
        if not self.creditor_name.strip():
            msg = f"an instruction names its payee: {self.end_to_end_id}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Block:
    """Instructions executed on one day (a PmtInf): one per phase. The sequence may load its items lazily."""

    payment_information_id: str
    execution_date: date
    instructions: Sequence[Instruction]

    def __post_init__(self) -> None:
        checked_id(self.payment_information_id, "the payment information id")
        if not self.instructions:
            msg = f"a block has at least one instruction: {self.payment_information_id}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class PaymentFile:
    """One file to one bank: who pays from which account, and the blocks to execute."""

    message_id: str
    created_at: datetime
    debtor_name: str
    debtor_iban: str
    debtor_bic: str
    bank_bic: str
    blocks: Sequence[Block]

    def __post_init__(self) -> None:
        checked_id(self.message_id, "the message id")
        if self.created_at.utcoffset() is None:
            msg = "the creation time of a payment file needs an offset"
            raise ValueError(msg)
        if not self.blocks:
            msg = f"a payment file has at least one block: {self.message_id}"
            raise ValueError(msg)

    def totals(self) -> tuple[int, int]:
        """Return the number of instructions and their sum in paisa."""
        counts_sums = [block_totals(block) for block in self.blocks]
        return sum(count for count, _ in counts_sums), sum(paisa for _, paisa in counts_sums)


def block_totals(block: Block) -> tuple[int, int]:
    """Return the number of instructions of a block and their sum in paisa."""
    return len(block.instructions), sum(instruction.amount_paisa for instruction in block.instructions)
