"""pain.002, the payment status report, as lines: what a bank accepted and rejected of a payment file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final, Literal

from lxml import etree

from kafalat.adapters.answers import AnswerHead, AnswerLine, Scope, reason_of
from kafalat.adapters.iso20022.alike import Alike
from kafalat.adapters.iso20022.read import Message, Place
from kafalat.core.problems import problem

Status = Literal["accepted", "rejected", "pending"]

# ISO's external code list of payment transaction statuses, by what each means to a payee. Accepted is not yet paid.
STATUSES: Final[dict[str, Status]] = {
    "ACCC": "accepted",  # settled on the payee's account
    "ACCP": "accepted",
    "ACFC": "accepted",
    "ACSC": "accepted",  # settled on the payer's account
    "ACSP": "accepted",
    "ACTC": "accepted",
    "ACWC": "accepted",
    "ACWP": "accepted",
    "RJCT": "rejected",
    "CANC": "rejected",
    "BLCK": "rejected",
    "PDNG": "pending",
    "RCVD": "pending",
    "PATC": "pending",
}
# A group or block can also be partly accepted, which says nothing about any one line.
_WHOLE: Final[dict[str, Status | None]] = {**STATUSES, "PART": None}
_TEXT_LENGTH_MAX: Final = 500
_BODY: Final = "CstmrPmtStsRpt"


@dataclass(slots=True)
class _Seen:
    """The lines of one block or of the whole report so far, by ISO status; `unlisted` are payments a status covers without lines."""

    counts: Counter[str] = field(default_factory=Counter)
    sums_paisa: Counter[str] = field(default_factory=Counter)
    amounts_known: bool = True
    unlisted: int = 0
    unlisted_known: bool = True

    def add(self, iso_status: str, amount_paisa: int | None) -> None:
        self.counts[iso_status] += 1
        self.sums_paisa[iso_status] += amount_paisa or 0
        self.amounts_known = self.amounts_known and amount_paisa is not None

    def add_block(self, block: _Seen) -> None:
        self.counts.update(block.counts)
        self.sums_paisa.update(block.sums_paisa)
        self.amounts_known = self.amounts_known and block.amounts_known
        self.unlisted += block.unlisted
        self.unlisted_known = self.unlisted_known and block.unlisted_known


class StatusReport:
    """A status report open for reading: its head at once, its lines as a stream.

    Totals it states are recomputed from its lines at their end. It may list exceptions only, if it states per status how
    many payments the others are, or the status of their block; payments nobody speaks for are a difference.
    Raises the problems `bank.*`.
    """

    def __init__(self, source: Path | bytes, name: str, schema: etree.XMLSchema | None = None) -> None:
        self._name = name
        self._message = Message(source, name=name, kind="pain.002.001.", body=_BODY, schema=schema)
        records = self._message.records_or_alike("OrgnlPmtInfAndSts", "TxInfAndSts", _read)
        first = next(records, None)
        self._records = records if first is None else chain([first], records)
        with self._message.damage_first():
            self.head = self._head()

    def _head(self) -> AnswerHead:
        group, header = self._message.child("OrgnlGrpInfAndSts"), self._message.child("GrpHdr")
        return AnswerHead(
            kind="pain.002",
            version=self._message.version,
            message_id=header.identifier("MsgId"),
            created_at=header.time("CreDtTm"),
            original_message_id=group.identifier("OrgnlMsgId"),
            original_count=group.count("OrgnlNbOfTxs"),
            original_sum_paisa=group.sum_paisa("OrgnlCtrlSum"),
        )

    def lines(self) -> Iterator[AnswerLine]:
        """Yield a line for each payment named, then for the others of its block, and at last of the file."""
        with self._message.damage_first():
            yield from self._lines()

    def _lines(self) -> Iterator[AnswerLine]:
        total, block, number = _Seen(), _Seen(), 0
        for place in self._records:
            if isinstance(place, Alike) or place.tag == "TxInfAndSts":
                if isinstance(place, Alike):
                    iso_status, lines = place.fact, place.lines(number)
                else:
                    iso_status, lines = _read(place, number)
                for line in lines:
                    block.add(iso_status, line.amount_paisa)
                yield from lines
                number += len(lines)
                continue
            others = _others(place, "PmtInfSts", block, self._name)
            total.add_block(block)
            if others is not None:
                number += 1
                yield _line_of_others(place, number, "block", place.identifier("OrgnlPmtInfId"), others)
            block = _Seen()
        group = self._message.child("OrgnlGrpInfAndSts")
        rest = _others(group, "GrpSts", total, self._name)
        if rest is not None:
            original = group.identifier("OrgnlMsgId")
            yield _line_of_others(group, number + 1, "file", original, rest)
        elif number == 0:
            raise problem("bank.no_lines", name=self._name, message=self.head.message_id)


def _read(place: Place, after: int = 0) -> tuple[str, list[AnswerLine]]:
    """Return the ISO status of one payment, and its line, numbered `after` + 1."""
    iso_status = place.text("TxSts")
    amount = "OrgnlTxRef/Amt/InstdAmt"
    amount_paisa = place.amount(amount) if place.has(amount) else None
    line = _line(
        place, after + 1, "payment", place.identifier("OrgnlEndToEndId"), place.one_of("TxSts", STATUSES), amount_paisa
    )  # fmt: skip
    return iso_status, [line]


def _line_of_others(place: Place, number: int, scope: Scope, reference: str, status: Status) -> AnswerLine:
    return _line(place, number, scope, reference, status, None)


def _line(
    place: Place, number: int, scope: Scope, reference: str, status: Status, amount_paisa: int | None
) -> AnswerLine:
    further = " ".join(text for one in place.children("StsRsnInf/AddtlInf") if (text := one.optional("")))
    code, text = reason_of(place.optional("StsRsnInf/Rsn/Cd"), place.optional("StsRsnInf/Rsn/Prtry"), further)
    return AnswerLine(
        line_no=number,
        scope=scope,
        reference=reference,
        outcome=status,
        reason_code=code,
        amount_paisa=amount_paisa,
        account=place.first("OrgnlTxRef/CdtrAcct/Id/IBAN"),
        name=place.first("OrgnlTxRef/Cdtr/Nm", "OrgnlTxRef/Cdtr/Pty/Nm"),
        booked_on=None,
        text=text[:_TEXT_LENGTH_MAX],
    )


def _others(place: Place, path: str, seen: _Seen, name: str) -> Status | None:
    """Return what a block or the group says of its payments without a line, None where nothing; check its totals.

    Counts in `seen` what the statuses cover without lines.
    """
    whole = place.one_of(path, _WHOLE) if place.has(path) else None
    _refuse_contradiction(place, path, whole, seen.counts, name)
    unlisted, meanings = 0, set[Status]()
    for stated in place.children("NbOfTxsPerSts"):
        meaning, iso_status = stated.one_of("DtldSts", STATUSES), stated.text("DtldSts")
        if seen.counts[iso_status] or meaning == "rejected":  # each rejection has to be named
            stated.same_count("DtldNbOfTxs", seen.counts[iso_status])
            if seen.amounts_known:
                stated.same_sum("DtldCtrlSum", seen.sums_paisa[iso_status])
        elif more := stated.count("DtldNbOfTxs") or 0:
            unlisted += more
            meanings.add(meaning)
    listed = seen.counts.total()
    stated_count = place.count("OrgnlNbOfTxs")
    if not listed and not unlisted and not seen.unlisted and whole is not None:
        unlisted = stated_count or 0
        seen.unlisted_known = seen.unlisted_known and stated_count is not None
    seen.unlisted = max(seen.unlisted, unlisted)
    if (listed or seen.unlisted) and seen.unlisted_known:
        place.same_count("OrgnlNbOfTxs", listed + seen.unlisted)
    if listed and not seen.unlisted and seen.unlisted_known and seen.amounts_known:
        place.same_sum("OrgnlCtrlSum", seen.sums_paisa.total())
    if listed and not seen.unlisted:
        return None  # who is listed speaks for herself, and there are no others
    return whole if whole is not None else meanings.pop() if len(meanings) == 1 else None


def _refuse_contradiction(
    place: Place, path: str, whole: Status | None, counts: Counter[str], name: str
) -> None:
    """Refuse lines that contradict the status of the whole: an accepted line of a rejected file, or the reverse."""
    opposite = {"accepted": "rejected", "rejected": "accepted"}.get(whole or "")
    for iso_status in counts:
        if STATUSES[iso_status] == opposite:
            raise problem(
                "bank.status_contradicts",
                file=name,
                place=place.path,
                above=place.text(path),
                below=iso_status,
            )
