"""camt.054, the debit/credit notification: what was booked on the programme's account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from kafalat.adapters.iso20022.read import Message, Place
from kafalat.adapters.iso20022.values import Direction, Entry, Kind, Notification
from kafalat.core.problems import problem

_DIRECTIONS: Final[dict[str, Direction]] = {"DBIT": "debit", "CRDT": "credit"}
_BOOKED: Final = {"BOOK": True, "PDNG": False, "INFO": False, "FUTR": False}
_TRUE_FALSE: Final = {"true": True, "1": True, "false": False, "0": False}
_NO_ID = "NOTPROVIDED"  # what banks write where there is no end-to-end id


@dataclass(slots=True)
class _Seen:
    """Number and sum of the movements of one account, booked or not, by direction."""

    counts: dict[Direction, int] = field(default_factory=lambda: {"debit": 0, "credit": 0})
    sums_paisa: dict[Direction, int] = field(default_factory=lambda: {"debit": 0, "credit": 0})

    def add(self, direction: Direction, paisa: int) -> None:
        self.counts[direction] += 1
        self.sums_paisa[direction] += paisa


def read(data: bytes, name: str) -> Notification:
    """Return what a notification says (camt.054.001.02 and later); `name` is the file's name in problems.

    One entry per instruction, also where the bank books many in one movement. Stated totals (TxsSummry, Btch, and a
    movement's amount over its instructions) are recomputed. All notifications of a file are about one account.
    Raises the problems `bank.*`.
    """
    message = Message(data, name=name, kind="camt.054.001.", body="BkToCstmrDbtCdtNtfctn")
    entries: list[Entry] = []
    answered: set[tuple[str, str, Kind]] = set()
    account_iban, not_booked, seen = "", 0, _Seen()
    for place in message.records("Ntfctn", "Ntry"):
        if place.tag == "Ntry":
            direction, paisa = place.one_of("CdtDbtInd", _DIRECTIONS), place.amount("Amt")
            seen.add(direction, paisa)
            if not place.one_of("Sts/Cd" if place.has("Sts/Cd") else "Sts", _BOOKED):
                not_booked += 1
                continue
            for entry in _read_movement(place, direction, paisa):
                identity = (entry.reference, entry.end_to_end_id, entry.kind)
                if entry.end_to_end_id and identity in answered:
                    raise problem(
                        "bank.line_repeated", file=name, place=place.path, end_to_end_id=entry.end_to_end_id
                    )
                answered.add(identity)
                entries.append(entry)
        else:
            account_iban = _account(place, account_iban)
            _check_summary(place, seen)
            seen = _Seen()
    if not account_iban:
        message.child("Ntfctn")
    header = message.child("GrpHdr")
    return Notification(
        message_id=header.identifier("MsgId"),
        created_at=header.time("CreDtTm"),
        account_iban=account_iban,
        entries=tuple(entries),
        not_booked=not_booked,
    )


def _account(place: Place, first: str) -> str:
    """Return the account's IBAN, which must be that of the `first` notification in the file, if there was one."""
    iban = place.text("Acct/Id/IBAN")
    if first and iban != first:
        raise place.invalid("Acct/Id/IBAN", iban, first)
    return iban


def _read_movement(place: Place, direction: Direction, paisa: int) -> Iterator[Entry]:
    """Yield one entry per instruction of a booked movement, or one for the movement itself when it details none."""
    reference = place.optional("AcctSvcrRef") or place.optional("NtryRef") or ""
    booked_on = place.day("BookgDt")
    reversal = place.has("RvslInd") and place.one_of("RvslInd", _TRUE_FALSE)
    details = place.children("NtryDtls/TxDtls")
    for batch in place.children("NtryDtls/Btch"):
        batch.same_count("NbOfTxs", len(details))
        if batch.has("TtlAmt") and batch.amount("TtlAmt") != paisa:
            batch.same_sum("TtlAmt", paisa)
    if not details:
        yield Entry(reference, "", paisa, direction, "other", None, booked_on)
        return
    found_paisa = 0
    for detail in details:
        amount_paisa = _amount(detail, paisa if len(details) == 1 else None)
        found_paisa += amount_paisa
        end_to_end_id = detail.identifier("Refs/EndToEndId") if detail.has("Refs/EndToEndId") else ""
        end_to_end_id = "" if end_to_end_id == _NO_ID else end_to_end_id
        yield Entry(
            reference=detail.optional("Refs/AcctSvcrRef") or reference,
            end_to_end_id=end_to_end_id,
            amount_paisa=amount_paisa,
            direction=direction,
            kind=_kind(direction, end_to_end_id, reversed_=reversal or detail.has("RtrInf")),
            reason_code=detail.optional("RtrInf/Rsn/Cd") or detail.optional("RtrInf/Rsn/Prtry"),
            booked_on=booked_on,
        )
    place.same_sum("Amt", found_paisa)


def _amount(detail: Place, whole_paisa: int | None) -> int:
    """Return one instruction's amount; where the bank leaves it out, a movement of one instruction is that amount."""
    for path in ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt"):
        if detail.has(path):
            return detail.amount(path)
    if whole_paisa is None:
        raise detail.missing("Amt")
    return whole_paisa


def _kind(direction: Direction, end_to_end_id: str, *, reversed_: bool) -> Kind:
    """Return what the movement is to an instruction. A debit that reverses an earlier credit is no payment."""
    if not end_to_end_id or (direction == "debit" and reversed_):
        return "other"
    return "paid" if direction == "debit" else "returned"


_SUMMARIES: Final[tuple[tuple[str, tuple[Direction, ...]], ...]] = (
    ("TtlNtries", ("debit", "credit")),
    ("TtlDbtNtries", ("debit",)),
    ("TtlCdtNtries", ("credit",)),
)


def _check_summary(place: Place, seen: _Seen) -> None:
    """Compare the notification's summary with its movements; both cover movements that are not booked yet."""
    for tag, directions in _SUMMARIES:
        summary = f"TxsSummry/{tag}"
        place.same_count(f"{summary}/NbOfNtries", sum(seen.counts[direction] for direction in directions))
        place.same_sum(f"{summary}/Sum", sum(seen.sums_paisa[direction] for direction in directions))
