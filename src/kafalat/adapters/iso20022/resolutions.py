"""camt.029, the resolution of an investigation, as lines: which payments a bank recalled, and which it refused to recall.

Only a status of a payment itself counts. A word about a whole request or block that names no payment is refused: it does
not say whose money comes back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

from lxml import etree

from kafalat.adapters.answers import AnswerHead, AnswerLine, reason_of
from kafalat.adapters.iso20022.read import Message, Place
from kafalat.core.bank_formats import Outcome
from kafalat.core.problems import problem

# ISO's statuses of a single cancellation.
STATUSES: Final[dict[str, Outcome]] = {"ACCR": "recalled", "RJCR": "refused", "PDCR": "pending"}
# What the confirmation of the whole case leaves room for among its payments; any other word says nothing about them.
_CONFIRMED: Final[dict[str, frozenset[str]]] = {"CNCL": frozenset({"ACCR"}), "RJCR": frozenset({"RJCR"})}
_AMOUNTS: Final = ("OrgnlInstdAmt", "OrgnlTxRef/Amt/InstdAmt", "OrgnlIntrBkSttlmAmt")
_TEXT_LENGTH_MAX: Final = 500


class Resolution:
    """A resolution open for reading: its head at once, its lines as a stream. Raises the problems `bank.*`."""

    def __init__(self, source: Path | bytes, name: str, schema: etree.XMLSchema | None = None) -> None:
        self._name = name
        self._message = Message(
            source, name=name, kind="camt.029.001.", body="RsltnOfInvstgtn", schema=schema, between="OrgnlPmtInfAndSts"
        )  # fmt: skip
        records = self._message.records("CxlDtls", "TxInfAndSts")
        first = next(records, None)
        self._records = records if first is None else chain([first], records)
        with self._message.damage_first():
            self.head = self._head()

    def _head(self) -> AnswerHead:
        assignment, details = self._message.child("Assgnmt"), self._message.child("CxlDtls")
        group = "OrgnlGrpInfAndSts/OrgnlMsgId"
        return AnswerHead(
            kind="camt.029",
            version=self._message.version,
            message_id=assignment.identifier("Id"),
            created_at=assignment.time("CreDtTm"),
            original_message_id=details.identifier(group) if details.has(group) else None,
        )

    def lines(self) -> Iterator[AnswerLine]:
        """Yield a line for each payment named; totals the bank states by status are recomputed at their end."""
        with self._message.damage_first():
            yield from self._lines()

    def _lines(self) -> Iterator[AnswerLine]:
        confirmed = self._message.child("Sts").optional("Conf") or ""
        within, number = Counter[str](), 0
        for place in self._records:
            if place.tag == "CxlDtls":
                _same_totals(place, within)
                within = Counter()
                continue
            number += 1
            status = place.text("TxCxlSts")
            outcome = place.one_of("TxCxlSts", STATUSES)
            if status not in _CONFIRMED.get(confirmed, STATUSES):
                raise problem(
                    "bank.status_contradicts",
                    file=self._name,
                    place=place.path,
                    above=confirmed,
                    below=status,
                )
            within[status] += 1
            yield _line(place, number, outcome)
        if number == 0:
            raise problem("bank.no_lines", name=self._name, message=self.head.message_id)


def _line(place: Place, number: int, outcome: Outcome) -> AnswerLine:
    further = " ".join(text for one in place.children("CxlStsRsnInf/AddtlInf") if (text := one.optional("")))
    code, text = reason_of(
        place.optional("CxlStsRsnInf/Rsn/Cd"), place.optional("CxlStsRsnInf/Rsn/Prtry"), further
    )
    amount = next((path for path in _AMOUNTS if place.has(path)), None)
    return AnswerLine(
        line_no=number,
        scope="payment",
        reference=place.identifier("OrgnlEndToEndId"),
        outcome=outcome,
        reason_code=code,
        amount_paisa=None if amount is None else place.amount(amount),
        account=place.first("OrgnlTxRef/CdtrAcct/Id/IBAN"),
        name=place.first("OrgnlTxRef/Cdtr/Pty/Nm"),
        booked_on=None,
        text=text[:_TEXT_LENGTH_MAX],
    )


def _same_totals(details: Place, found: Counter[str]) -> None:
    """Compare what blocks state by status with their payments: all blocks together, since payments were read on the way."""
    stated = Counter[str]()
    blocks = details.children("OrgnlPmtInfAndSts/NbOfTxsPerCxlSts")
    for block in blocks:
        stated[block.text("DtldSts")] += block.count("DtldNbOfTxs") or 0
    for status in stated:
        if stated[status] != found[status]:
            raise details.differ_in_count("NbOfTxsPerCxlSts", stated[status], found[status])
