"""What is said between Kafalat and a wallet provider: orders to pay or to give back, and what it says became of them.

Every answer states how many payments it speaks of and their sum; an answer whose totals are not those of its lines is
not believed. Nothing is guessed: a field too many, a fraction of a paisa or a repeated payment is no message of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from kafalat.core.digests import canonical_json, value_sha256

CURRENCY = "PKR"
PAYMENTS_MAX = 10_000
# accepted: taken, money will follow; pending: taken, not looked at yet; conflict: the identity is known with another
# order, which was not acted on; recalled, refused: what became of the request to give it back.
State = Literal["pending", "accepted", "paid", "rejected", "returned", "conflict", "recalled", "refused"]
OF_ORDERS: Final = frozenset({"pending", "accepted", "paid", "rejected", "returned", "conflict"})
OF_RECALLS: Final = frozenset({"pending", "recalled", "refused"})

Identity = Annotated[str, StringConstraints(pattern=r"\A[A-Za-z0-9-]{1,35}\z")]
Digest = Annotated[str, StringConstraints(pattern=r"\A[0-9a-f]{64}\z")]
Paisa = Annotated[int, Field(ge=0, le=10**15)]


@dataclass(frozen=True)
class Order:
    """One payment as the provider is asked to make it. `identity` is the payment's own and the idempotency key."""

    identity: str
    amount_paisa: int
    account: str
    name: str
    remittance: str

    def fields(self) -> dict[str, object]:
        """Return the order as it stands in a request."""
        return {
            "identity": self.identity,
            "amount_paisa": self.amount_paisa,
            "currency": CURRENCY,
            "account": self.account,
            "name": self.name,
            "remittance": self.remittance,
        }

    @cached_property
    def sha256(self) -> str:
        """The request hash: SHA-256 of the order's canonical JSON, which the provider computes too and sends back."""
        return value_sha256(self.fields())


@dataclass(frozen=True)
class Recalling:
    """One payment as the provider is asked to give it back, by the request `recall` and for its ISO 20022 reason."""

    identity: str
    amount_paisa: int
    recall: str
    reason_code: str

    def fields(self) -> dict[str, object]:
        """Return what stands in a request."""
        return {
            "identity": self.identity,
            "amount_paisa": self.amount_paisa,
            "currency": CURRENCY,
            "recall": self.recall,
            "reason_code": self.reason_code,
        }

    @cached_property
    def sha256(self) -> str:
        """The request hash: SHA-256 of the canonical JSON, which the provider computes too and sends back."""
        return value_sha256(self.fields())


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Line(_Said):
    """What a provider says of one payment."""

    identity: Identity
    state: State
    amount_paisa: Paisa
    request_sha256: Digest
    reason_code: Annotated[str, StringConstraints(pattern=r"\A[A-Z0-9]{0,10}\z")] = ""


class Lines(_Said):
    """An answer: lines, their number and their sum. Raises ValueError (pydantic) where they do not agree."""

    count: int = Field(ge=0)
    sum_paisa: Paisa
    payments: tuple[Line, ...] = Field(max_length=PAYMENTS_MAX)

    @model_validator(mode="after")
    def _add_up(self) -> Self:
        if self.count != len(self.payments) or self.sum_paisa != sum(p.amount_paisa for p in self.payments):
            msg = f"states {self.count} payments of {self.sum_paisa} paisa, which its lines are not"
            raise ValueError(msg)
        if len({line.identity for line in self.payments}) != len(self.payments):
            raise ValueError("names a payment twice")
        return self


class Message(Lines):
    """A message the provider sends by itself, or what it answered to a request, kept in the same form."""

    provider: Annotated[str, StringConstraints(pattern=r"\A[a-z][a-z0-9_]{0,59}\z")]
    message_id: Annotated[str, StringConstraints(pattern=r"\A[A-Za-z0-9-]{1,35}\z")]
    created_at: Annotated[datetime, Field(strict=False)]


class _Asked(_Said):
    identity: Identity
    amount_paisa: Paisa
    currency: Literal["PKR"]
    account: Annotated[str, StringConstraints(min_length=1, max_length=34)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=140)]
    remittance: Annotated[str, StringConstraints(max_length=140)]


class Request(_Said):
    """What a provider is asked to pay, as it reads it. Raises ValueError (pydantic) where totals and lines differ."""

    count: int = Field(ge=1)
    sum_paisa: Paisa
    payments: tuple[_Asked, ...] = Field(min_length=1, max_length=PAYMENTS_MAX)

    @model_validator(mode="after")
    def _add_up(self) -> Self:
        if self.count != len(self.payments) or self.sum_paisa != sum(p.amount_paisa for p in self.payments):
            raise ValueError("totals that are not those of the payments")
        return self

    def orders(self) -> list[Order]:
        """Return the orders."""
        return [Order(**one.model_dump(exclude={"currency"})) for one in self.payments]


class _AskedBack(_Said):
    identity: Identity
    amount_paisa: Paisa
    currency: Literal["PKR"]
    recall: Identity
    reason_code: Annotated[str, StringConstraints(pattern=r"\A[A-Z0-9]{4}\z")]


class RecallRequest(_Said):
    """What a provider is asked to give back, as it reads it. Raises ValueError (pydantic) where totals and lines differ."""

    count: int = Field(ge=1)
    sum_paisa: Paisa
    payments: tuple[_AskedBack, ...] = Field(min_length=1, max_length=PAYMENTS_MAX)

    @model_validator(mode="after")
    def _add_up(self) -> Self:
        if self.count != len(self.payments) or self.sum_paisa != sum(p.amount_paisa for p in self.payments):
            raise ValueError("totals that are not those of the payments")
        if len({one.recall for one in self.payments}) != 1:
            raise ValueError("payments of several requests")
        return self

    def recalled(self) -> list[Recalling]:
        """Return what is asked back."""
        return [Recalling(**one.model_dump(exclude={"currency"})) for one in self.payments]


def request_body(orders: Sequence[Order] | Sequence[Recalling]) -> bytes:
    """Return the body of a request about several payments."""
    return canonical_json(
        {
            "count": len(orders),
            "sum_paisa": sum(order.amount_paisa for order in orders),
            "payments": [order.fields() for order in orders],
        }
    ).encode()


def message_body(*, provider: str, message_id: str, created_at: datetime, lines: Iterable[Line]) -> bytes:
    """Return the bytes of a message, the same for the same lines."""
    kept = tuple(lines)
    message = Message(
        provider=provider,
        message_id=message_id,
        created_at=created_at,
        count=len(kept),
        sum_paisa=sum(line.amount_paisa for line in kept),
        payments=kept,
    )
    return canonical_json(message.model_dump(mode="json")).encode()
