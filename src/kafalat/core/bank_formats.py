"""What a bank's files look like, as a programme folder states it: which messages, which columns, which words.

These values stand in the core because the policy reads them from a bank's folder and the adapters read and write by
them. `from`-`to` dates are not kept: a bank that changes its format gets another profile, and the programme's SHA-256
changes with it.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Outcome = Literal["accepted", "rejected", "paid", "returned", "recalled", "refused", "pending", "other"]
AnswerKind = Literal["pain.002", "camt.053", "camt.054", "camt.029", "csv", "xlsx", "wallet"]
PaymentVersion = Literal["03", "09", "11"]
Charset = Literal["swift_x", "latin"]
TABLE_KINDS = frozenset({"csv", "xlsx"})
RecallVersion = Literal["08"]
# Why a payment may be asked back, of ISO 20022's external cancellation reason codes: paid twice, a technical fault, fraud,
# asked for by the customer (the programme itself), not due.
RECALL_REASONS = frozenset({"DUPL", "TECH", "FRAD", "CUST", "UPAY"})


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Totals(_Strict):
    """A table's last line: its `column` holds `word`, `count` and `amount` name the columns its totals stand in."""

    column: str = Field(min_length=1)
    word: str = Field(min_length=1)
    count: str | None = None
    amount: str | None = None


class Columns(_Strict):
    """The heading of each column as the bank writes it; None where the table has no such column.

    `reference` is our end-to-end id, `message` the bank's own id of the file, `original_message` the id of our payment
    file, `currency` a column that must hold PKR.
    """

    reference: str
    amount: str
    status: str
    account: str | None = None
    name: str | None = None
    reason: str | None = None
    booked_on: str | None = None
    text: str | None = None
    currency: str | None = None
    message: str | None = None
    original_message: str | None = None

    def named(self) -> dict[str, str]:
        """Return heading by field, of the columns there are."""
        return {field: heading for field, heading in self.model_dump().items() if heading is not None}


class Table(_Strict):
    """How to read a bank's CSV or XLSX: columns by heading, and how amounts, dates and outcomes are written.

    `dates` is in the notation of strftime. Amounts have `decimal` before the paisa and may have `thousands` between
    groups; digits may be Arabic-Indic or Urdu ones. `statuses` maps each word of the status column to what it means,
    `reasons` the bank's own words to ISO 20022 reason codes. Without a `message` column the file's name is its id.
    """

    columns: Columns
    statuses: dict[str, Outcome] = Field(min_length=1)
    reasons: dict[str, str] = Field(default_factory=dict)
    delimiter: Literal[",", ";", "|", "\t"] = ","
    dates: str = "%Y-%m-%d"
    decimal: Literal[".", ",", "٫"] = "."
    thousands: Literal["", ",", ".", " ", "٬"] = ""
    totals: Totals | None = None
    sheet: str | None = None


class AnswerFormat(_Strict):
    """One form in which a bank answers: an ISO 20022 message in some versions, or a table."""

    format: AnswerKind
    versions: tuple[str, ...] = ()
    table: Table | None = None


class PaymentForm(_Strict):
    """How a bank takes payment files: version of pain.001, characters, lengths and codes."""

    version: PaymentVersion = "09"
    charset: Charset = "swift_x"
    name_max: int = Field(default=140, ge=10, le=140)
    remittance_max: int = Field(default=140, ge=0, le=140)
    purpose: str | None = Field(default="SSBE", pattern=r"\A[A-Z]{4}\z")
    category_purpose: str | None = Field(default="SSBE", pattern=r"\A[A-Z]{4}\z")
    service_level: str | None = Field(default=None, pattern=r"\A[A-Z]{4}\z")
