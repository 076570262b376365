"""Reads what a wallet provider says, a message of its own or its answer to a call, as any bank's answer is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import ValidationError

from kafalat.adapters.answers import AnswerHead, AnswerLine
from kafalat.adapters.wallet.messages import Message, State
from kafalat.core.bank_formats import Outcome
from kafalat.core.problems import problem

VERSION: Final = "1"
BYTES_MAX: Final = 4_000_000
# A conflict is nothing that happened to our payment: a person has to ask the provider what it did under this identity.
_OUTCOMES: Final[dict[State, Outcome]] = {
    "pending": "pending",
    "accepted": "accepted",
    "paid": "paid",
    "rejected": "rejected",
    "returned": "returned",
    "conflict": "other",
    "recalled": "recalled",
    "refused": "refused",
}


def read_message(data: bytes, name: str) -> tuple[Message, AnswerHead, Iterator[AnswerLine]]:
    """Return the message, its head and its lines. Raises the problem `bank.unreadable`, also where totals do not add up."""
    if len(data) > BYTES_MAX:
        raise problem("bank.unreadable", file=name, line=1, reason=f"more than {BYTES_MAX} bytes")
    try:
        message = Message.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise problem(
            "bank.unreadable", file=name, line=1, reason=f"{place}: {first['msg']}".strip(": ")
        ) from None
    head = AnswerHead("wallet", VERSION, message.message_id, created_at=message.created_at)
    return message, head, _lines(message)


def _lines(message: Message) -> Iterator[AnswerLine]:
    for number, line in enumerate(message.payments, start=1):
        yield AnswerLine(
            line_no=number,
            scope="payment",
            reference=line.identity,
            outcome=_OUTCOMES[line.state],
            reason_code=line.reason_code,
            amount_paisa=line.amount_paisa,
            account="",
            name="",
            booked_on=None,
            text="known to the provider with another order" if line.state == "conflict" else "",
        )
