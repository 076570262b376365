"""camt.053 and camt.054, the account statement and the debit/credit notification, as lines: what was booked.

A statement is numbered and has balances, which its movements must explain; a notification need have neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final, Literal, NamedTuple

from lxml import etree

from kafalat.adapters.answers import AnswerHead, AnswerLine, reason_of
from kafalat.adapters.iso20022.alike import Alike
from kafalat.adapters.iso20022.read import Message, Place
from kafalat.core.bank_formats import Outcome

Direction = Literal["debit", "credit"]
StatementKind = Literal["camt.053", "camt.054"]

_FRAMES: Final[dict[StatementKind, tuple[str, str]]] = {
    "camt.053": ("BkToCstmrStmt", "Stmt"),
    "camt.054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}
_DIRECTIONS: Final[dict[str, Direction]] = {"DBIT": "debit", "CRDT": "credit"}
_BOOKED: Final = {"BOOK": True, "PDNG": False, "INFO": False, "FUTR": False}
_TRUE_FALSE: Final = {"true": True, "1": True, "false": False, "0": False}
_NO_ID: Final = "NOTPROVIDED"  # what banks write where there is no end-to-end id
_TEXT_LENGTH_MAX: Final = 500
_OPENING: Final = ("OPBD", "PRCD")
_CLOSING: Final = ("CLBD",)


class _Movement(NamedTuple):
    direction: Direction
    paisa: int
    booked: bool


@dataclass(slots=True)
class _Seen:
    """Number and sum of the movements of one account by direction; `booked_paisa` is what they changed its balance by."""

    counts: dict[Direction, int] = field(default_factory=lambda: {"debit": 0, "credit": 0})
    sums_paisa: dict[Direction, int] = field(default_factory=lambda: {"debit": 0, "credit": 0})
    booked_paisa: int = 0

    def add(self, movement: _Movement) -> None:
        self.counts[movement.direction] += 1
        self.sums_paisa[movement.direction] += movement.paisa
        if movement.booked:
            self.booked_paisa += movement.paisa if movement.direction == "credit" else -movement.paisa


class AccountReport:
    """A statement or notification open for reading: its head at once, its lines as a stream.

    One line per instruction, also where the bank books many in one movement; movements not booked yet are pending.
    Totals it states (summary, batch, a movement over its instructions, balances) are recomputed. All of a file is
    about one account, and a file holds one statement. Raises the problems `bank.*`.
    """

    def __init__(
        self, source: Path | bytes, name: str, kind: StatementKind, schema: etree.XMLSchema | None = None
    ) -> None:
        self._kind: StatementKind = kind
        body, self._container = _FRAMES[kind]
        self._message = Message(source, name=name, kind=f"{kind}.001.", body=body, schema=schema)
        records = self._message.records_or_alike(self._container, "Ntry", _read)
        first = next(records, None)
        self._records = records if first is None else chain([first], records)
        with self._message.damage_first():
            self.head = self._head()

    def _head(self) -> AnswerHead:
        header, report = self._message.child("GrpHdr"), self._message.child(self._container)
        with_balances = self._kind == "camt.053"
        sequence = report.count("ElctrncSeqNb")
        return AnswerHead(
            kind=self._kind,
            version=self._message.version,
            message_id=header.identifier("MsgId"),
            created_at=header.time("CreDtTm"),
            account_iban=report.text("Acct/Id/IBAN"),
            sequence=sequence if sequence is not None else report.count("LglSeqNb"),
            opening_paisa=_balance(report, _OPENING) if with_balances else None,
            closing_paisa=_balance(report, _CLOSING) if with_balances else None,
        )

    def lines(self) -> Iterator[AnswerLine]:
        """Yield a line for each instruction, or for each movement that details none."""
        with self._message.damage_first():
            seen, number, reports = _Seen(), 0, 0
            for record in self._records:
                if isinstance(record, Alike):
                    movement, lines = record.fact, record.lines(number)
                elif record.tag == self._container:
                    reports += 1
                    self._check_report(record, seen, reports)
                    seen = _Seen()
                    continue
                else:
                    movement, lines = _read(record, number)
                seen.add(movement)
                yield from lines
                number += len(lines)

    def _check_report(self, place: Place, seen: _Seen, reports: int) -> None:
        iban = place.text("Acct/Id/IBAN")
        if iban != self.head.account_iban:
            raise place.invalid("Acct/Id/IBAN", iban, self.head.account_iban or "")
        _check_summary(place, seen)
        if self._kind == "camt.053":
            if reports > 1:
                raise place.invalid("Id", place.text("Id"), "Stmt[1]")
            _check_balances(place, self.head, seen)


# ---- balances and totals ----------------------------------------------------------------------------------------


def _balances(report: Place, codes: tuple[str, ...]) -> list[Place]:
    return [one for one in report.children("Bal") if one.optional("Tp/CdOrPrtry/Cd") in codes]


def _balance(report: Place, codes: tuple[str, ...]) -> int:
    """Return a balance in paisa, negative where the account is overdrawn; a statement must have it."""
    found = _balances(report, codes)
    if not found:
        raise report.missing(f"Bal[{codes[0]}]/Amt")
    paisa = found[0].amount("Amt", least_paisa=0)
    return paisa if found[0].one_of("CdtDbtInd", _DIRECTIONS) == "credit" else -paisa


def _check_balances(place: Place, head: AnswerHead, seen: _Seen) -> None:
    """Compare the closing balance with the opening one and what was booked between them."""
    closing_paisa = (head.opening_paisa or 0) + seen.booked_paisa
    if closing_paisa != head.closing_paisa:
        raise place.differ(f"Bal[{_CLOSING[0]}]/Amt", head.closing_paisa or 0, closing_paisa)


_SUMMARIES: Final[tuple[tuple[str, tuple[Direction, ...]], ...]] = (
    ("TtlNtries", ("debit", "credit")),
    ("TtlDbtNtries", ("debit",)),
    ("TtlCdtNtries", ("credit",)),
)


def _check_summary(place: Place, seen: _Seen) -> None:
    """Compare the summary with the movements; both cover movements that are not booked yet."""
    for tag, directions in _SUMMARIES:
        summary = f"TxsSummry/{tag}"
        place.same_count(f"{summary}/NbOfNtries", sum(seen.counts[direction] for direction in directions))
        place.same_sum(f"{summary}/Sum", sum(seen.sums_paisa[direction] for direction in directions))


# ---- movements ---------------------------------------------------------------------------------------------------


def _read(place: Place, after: int = 0) -> tuple[_Movement, list[AnswerLine]]:
    """Return a movement, and one line per instruction of it, or one for the movement itself when it details none.

    Lines are numbered from `after` + 1.
    """
    direction, paisa = place.one_of("CdtDbtInd", _DIRECTIONS), place.amount("Amt")
    booked = place.one_of("Sts/Cd" if place.has("Sts/Cd") else "Sts", _BOOKED)
    movement = _Movement(direction, paisa, booked)
    return movement, list(_lines(place, movement, after))


def _lines(place: Place, movement: _Movement, after: int) -> Iterator[AnswerLine]:
    direction, paisa, booked = movement
    booked_on = place.day("BookgDt") if booked or place.has("BookgDt") else None
    reversal = place.has("RvslInd") and place.one_of("RvslInd", _TRUE_FALSE)
    details = place.children("NtryDtls/TxDtls")
    for batch in place.children("NtryDtls/Btch"):
        batch.same_count("NbOfTxs", len(details))
        if batch.has("TtlAmt") and batch.amount("TtlAmt") != paisa:
            batch.same_sum("TtlAmt", paisa)
    found_paisa = 0
    for number, detail in enumerate(details or [place], after + 1):
        amount_paisa = paisa if detail is place else _amount(detail, paisa if len(details) == 1 else None)
        found_paisa += amount_paisa
        reference = detail.identifier("Refs/EndToEndId") if detail.has("Refs/EndToEndId") else ""
        party = "Cdtr" if direction == "debit" else "Dbtr"
        text = " ".join(one for part in detail.children("RmtInf/Ustrd") if (one := part.optional("")))
        code, text = reason_of(
            detail.optional("RtrInf/Rsn/Cd"),
            detail.optional("RtrInf/Rsn/Prtry"),
            text or detail.optional("AddtlTxInf") or place.optional("AddtlNtryInf") or "",
        )
        yield AnswerLine(
            line_no=number,
            scope="payment",
            reference="" if reference == _NO_ID else reference,
            outcome=_outcome(direction, reversed_=reversal or detail.has("RtrInf")) if booked else "pending",
            reason_code=code,
            amount_paisa=amount_paisa,
            account=detail.first(f"RltdPties/{party}Acct/Id/IBAN"),
            name=detail.first(f"RltdPties/{party}/Pty/Nm", f"RltdPties/{party}/Nm"),
            booked_on=booked_on,
            text=text[:_TEXT_LENGTH_MAX],
        )
    if details:
        place.same_sum("Amt", found_paisa)


def _amount(detail: Place, whole_paisa: int | None) -> int:
    """Return one instruction's amount; where the bank leaves it out, a movement of one instruction is that amount."""
    for path in ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt"):
        if detail.has(path):
            return detail.amount(path)
    if whole_paisa is None:
        raise detail.missing("Amt")
    return whole_paisa


def _outcome(direction: Direction, *, reversed_: bool) -> Outcome:
    """Return what the movement is. A debit that reverses an earlier credit is no payment."""
    if direction == "debit":
        return "other" if reversed_ else "paid"
    return "returned"
