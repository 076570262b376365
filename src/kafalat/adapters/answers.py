"""What a bank answers, whatever the form it comes in: a head, and one line for each thing said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, NamedTuple

from kafalat.core.bank_formats import AnswerKind, Outcome

Scope = Literal["payment", "block", "file"]


class AnswerLine(NamedTuple):
    """What a bank says of one payment, or of all payments of a block or file that have no line of their own.

    `line_no` counts the file's records (in a table: its lines) from 1. `reference` is our end-to-end id, for a block our
    payment information id, for a file our message id; "" where the bank gives none: then a debit that is `paid` and a
    credit that is `returned` may be anything, a fee or a transfer among them. `other` is a debit that takes a return
    back; `recalled` and `refused` are a bank's yes and no to a recall. `reason_code` has four characters at most; what is no code is NARR and stands in `text`. Texts are "" where there
    is none.
    """

    line_no: int
    scope: Scope
    reference: str
    outcome: Outcome
    reason_code: str
    amount_paisa: int | None
    account: str
    name: str
    booked_on: date | None
    text: str


COLUMNS: Final = AnswerLine._fields
# The PostgreSQL types of COLUMNS, for a table to COPY into.
COLUMN_TYPES: Final[dict[str, str]] = {
    "line_no": "integer",
    "scope": "text",
    "reference": "text",
    "outcome": "text",
    "reason_code": "text",
    "amount_paisa": "bigint",
    "account": "text",
    "name": "text",
    "booked_on": "date",
    "text": "text",
}
# What stands in a column where no line of an answer says anything of it.
DEFAULTS: Final[dict[str, str]] = {
    "scope": "payment",
    "reason_code": "",
    "account": "",
    "name": "",
    "text": "",
}


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """What stands before the lines.

    `original_message_id`, `original_count` and `original_sum_paisa` are the bank's words about the payment file it answers
    (None where it does not say). Statements (camt.053, and camt.054 that number themselves) have the account, the
    bank's `sequence` number, and camt.053 its balances, which the lines then must explain.
    """

    kind: AnswerKind
    version: str
    message_id: str
    created_at: datetime | None = None
    original_message_id: str | None = None
    original_count: int | None = None
    original_sum_paisa: int | None = None
    account_iban: str | None = None
    sequence: int | None = None
    opening_paisa: int | None = None
    closing_paisa: int | None = None


# A reason that is no code of four characters, such as a bank's own words: ISO 20022's code for "see the text".
NARRATIVE: Final = "NARR"


def reason_of(code: str | None, own_words: str | None, text: str = "") -> tuple[str, str]:
    """Return the reason code and the text of a line, from a code, the bank's own words, and further text."""
    if code or not own_words:
        return code or "", text
    if len(own_words) == 4 and own_words.isascii() and own_words.isalnum() and own_words.isupper():
        return own_words, text
    return NARRATIVE, " ".join(part for part in (own_words, text) if part)
