"""pain.002, the payment status report: what a bank accepted and rejected of a payment file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from kafalat.adapters.iso20022.read import Message, Place
from kafalat.adapters.iso20022.values import BlockStatus, Status, StatusLine, StatusReport
from kafalat.core.money import decimal_text
from kafalat.core.problems import problem

# ISO's external code list of payment transaction statuses, by what each means to a payee.
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
_REASON_LENGTH_MAX = 500


@dataclass(slots=True)
class _Seen:
    """The lines of one block or of the whole report so far, by ISO status."""

    counts: Counter[str] = field(default_factory=Counter)
    sums_paisa: Counter[str] = field(default_factory=Counter)
    amounts_known: bool = True

    def add(self, line: StatusLine) -> None:
        self.counts[line.iso_status] += 1
        self.sums_paisa[line.iso_status] += line.amount_paisa or 0
        self.amounts_known = self.amounts_known and line.amount_paisa is not None

    def add_all(self, other: _Seen) -> None:
        self.counts.update(other.counts)
        self.sums_paisa.update(other.sums_paisa)
        self.amounts_known = self.amounts_known and other.amounts_known


def read(data: bytes, name: str) -> StatusReport:
    """Return what a status report says (pain.002.001.03 and later); `name` is the file's name in problems.

    Totals the report states are recomputed from its lines. A report may list exceptions only, if it states per status
    how many instructions the others are; instructions nobody speaks for are a difference. Raises the problems `bank.*`.
    """
    message = Message(data, name=name, kind="pain.002.001.", body="CstmrPmtStsRpt")
    lines: list[StatusLine] = []
    blocks: list[BlockStatus] = []
    in_block: list[StatusLine] = []
    answered: set[str] = set()
    total = _Seen()
    for place in message.records("OrgnlPmtInfAndSts", "TxInfAndSts"):
        if place.tag == "TxInfAndSts":
            line = _read_line(place)
            if line.end_to_end_id in answered:
                raise problem(
                    "bank.line_repeated", file=name, place=place.path, end_to_end_id=line.end_to_end_id
                )
            answered.add(line.end_to_end_id)
            in_block.append(line)
        else:
            total.add_all(_check_block(place, in_block, name))
            blocks.append(_read_block(place))
            lines.extend(in_block)
            in_block = []
    group = message.child("OrgnlGrpInfAndSts")
    if group.has("GrpSts"):
        _check_whole(group, "GrpSts", total.counts, name)
    _check_totals(group, total)
    header = message.child("GrpHdr")
    return StatusReport(
        message_id=header.identifier("MsgId"),
        created_at=header.time("CreDtTm"),
        original_message_id=group.identifier("OrgnlMsgId"),
        group_status=group.optional("GrpSts"),
        group_reason=_reason_code(group),
        original_count=group.count("OrgnlNbOfTxs"),
        original_sum_paisa=group.sum_paisa("OrgnlCtrlSum"),
        blocks=tuple(blocks),
        lines=tuple(lines),
    )


def check_against_sent(report: StatusReport, *, name: str, count: int, sum_paisa: int) -> None:
    """Raise the problem `bank.totals_differ` when the bank says it received another file than the one sent.

    `count` and `sum_paisa` are what was sent; what the report leaves out is not compared.
    """
    group = "CstmrPmtStsRpt/OrgnlGrpInfAndSts/"
    pairs = (
        ("OrgnlNbOfTxs", report.original_count, count, str),
        ("OrgnlCtrlSum", report.original_sum_paisa, sum_paisa, decimal_text),
    )
    for tag, stated, sent, shown in pairs:
        if stated is not None and stated != sent:
            raise problem(
                "bank.totals_differ", file=name, place=group + tag, stated=shown(stated), found=shown(sent)
            )


def _reason_code(place: Place) -> str | None:
    return place.optional("StsRsnInf/Rsn/Cd") or place.optional("StsRsnInf/Rsn/Prtry")


def _read_line(place: Place) -> StatusLine:
    reason = " ".join(text for one in place.children("StsRsnInf/AddtlInf") if (text := one.optional("")))
    return StatusLine(
        end_to_end_id=place.identifier("OrgnlEndToEndId"),
        status=place.one_of("TxSts", STATUSES),
        iso_status=place.text("TxSts"),
        reason_code=_reason_code(place),
        reason_text=reason[:_REASON_LENGTH_MAX] or None,
        amount_paisa=place.amount("OrgnlTxRef/Amt/InstdAmt")
        if place.has("OrgnlTxRef/Amt/InstdAmt")
        else None,
    )


def _read_block(place: Place) -> BlockStatus:
    return BlockStatus(
        payment_information_id=place.identifier("OrgnlPmtInfId"),
        status=place.one_of("PmtInfSts", _WHOLE) if place.has("PmtInfSts") else None,
        iso_status=place.optional("PmtInfSts"),
        reason_code=_reason_code(place),
    )


def _check_block(place: Place, lines: list[StatusLine], name: str) -> _Seen:
    """Return the block's lines by status, after comparing them with the block's own status and totals."""
    seen = _Seen()
    for line in lines:
        seen.add(line)
    if place.has("PmtInfSts"):
        _check_whole(place, "PmtInfSts", seen.counts, name)
    _check_totals(place, seen)
    return seen


def _check_whole(place: Place, path: str, counts: Counter[str], name: str) -> None:
    """Refuse lines that contradict the status of the whole: an accepted line of a rejected file, or the reverse."""
    whole = place.one_of(path, _WHOLE)
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


def _check_totals(place: Place, seen: _Seen) -> None:
    """Compare what the group or block states per status and in total with its lines."""
    unlisted = 0
    for stated in place.children("NbOfTxsPerSts"):
        meaning, iso_status = stated.one_of("DtldSts", STATUSES), stated.text("DtldSts")
        if seen.counts[iso_status] or meaning == "rejected":  # each rejection has to be named
            stated.same_count("DtldNbOfTxs", seen.counts[iso_status])
            if seen.amounts_known:
                stated.same_sum("DtldCtrlSum", seen.sums_paisa[iso_status])
        else:
            unlisted += stated.count("DtldNbOfTxs") or 0
    listed = seen.counts.total()
    if listed or unlisted:
        place.same_count("OrgnlNbOfTxs", listed + unlisted)
    if listed and not unlisted and seen.amounts_known:
        place.same_sum("OrgnlCtrlSum", seen.sums_paisa.total())
