"""One way to read what any bank answers: a head, and lines in batches or as a stream for COPY.

    with read_answer(path, name="hbl-status.xml", formats={"hbl": profile.answers}, work=home.work) as answer:
        answer.head.message_id, answer.banks
        for chunk in answer.copy_chunks():      # rows of COLUMNS, for COPY ... FROM STDIN (FORMAT csv, NULL '\\N')
            copy.write(chunk)

Faults of the file as a whole raise problems `bank.*`: what the head shows when it is opened, the rest (cut off, sums,
counts, currencies) at the latest when the last line was read. So book nothing before the lines are at their end; the
transaction around COPY does that by itself. Whether a line is true (known, of this amount, answered once) is not
the reader's to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple, Protocol

from kafalat.core.bank_formats import AnswerFormat, AnswerKind, Outcome

Scope = Literal["payment", "block", "file"]


class AnswerLine(NamedTuple):
    """What a bank says of one payment, or of all payments of a block or file that have no line of their own.

    `line_no` counts the file's records (in a table: its lines) from 1. `reference` is our end-to-end id, for a block our
    payment information id, for a file our message id; "" where the bank gives none. Texts are "" where there is none.
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


class Answer(Protocol):
    """An answer that is open for reading; its lines can be read once."""

    head: AnswerHead
    banks: tuple[str, ...]  # the banks whose profile declares this form

    def batches(self) -> Iterator[list[AnswerLine]]:
        """Yield the lines, some thousands at a time. Raises the problems `bank.*`."""
        ...

    def copy_chunks(self) -> Iterator[bytes]:
        """Yield the lines as CSV of COLUMNS, NULL written \\N. Raises the problems `bank.*`."""
        ...


@contextmanager
def read_answer(
    source: Path | bytes, *, name: str, formats: Mapping[str, Sequence[AnswerFormat]], work: Path
) -> Iterator[Answer]:
    """Open an answer. `name` is what problems call it, `formats` what each bank that may have sent it declares.

    `work` is a folder for scratch files; they are gone when the answer is closed. Raises the problems `bank.*`.
    """
    raise NotImplementedError
    yield
