"""pain.001, the payment file, in its versions of 2009, 2019 and 2021: written for banks, and read back to prove what was sent.

Writing is a stream of text made from one template per payment: element trees are ten times slower, and a file of a
million payments never is in memory. So counts and sums, which stand before the payments, have to be known beforehand;
whether the payments came to them is checked at the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import islice
from typing import IO, Final
from xml.sax.saxutils import escape

from kafalat.adapters.iso20022.charset import bank_text
from kafalat.adapters.iso20022.read import Message, Place
from kafalat.adapters.iso20022.values import Block, Instruction, PaymentFile, block_totals, checked_id
from kafalat.core.bank_formats import PaymentForm
from kafalat.core.money import decimal_text

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain.001.001."
CURRENCY: Final = "PKR"
DEFAULT_FORM: Final = PaymentForm()
_BATCH = 5_000
_CACHED = 1 << 16

# What a payment is while it is written: end-to-end id, paisa, name, IBAN, BIC, remittance text.
Payment = tuple[str, int, str, str, str, str]
# Each value of a batch on a line of its own: one look decides on all of them, and what passes needs no escaping.
_IDS = re.compile(r"(?:(?![/ ])(?!.*//)[A-Za-z0-9/?:().,'+ -]{1,35}+(?<![/ ])\n)*+", re.ASCII)
_IBANS = re.compile(r"(?:[A-Z]{2}[0-9]{2}[A-Za-z0-9]{1,30}+\n)*+", re.ASCII)
_BICS = re.compile(r"(?:[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?+\n)*+", re.ASCII)

# ---- write ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FileHead:
    """What stands before all blocks: who pays, from which account, how many payments and how much in all."""

    message_id: str
    created_at: datetime
    debtor_name: str
    debtor_iban: str
    debtor_bic: str
    bank_bic: str
    count: int
    sum_paisa: int


@dataclass(frozen=True, slots=True)
class BlockHead:
    """What stands before the payments of one day."""

    payment_information_id: str
    execution_date: date
    count: int
    sum_paisa: int


def write(file: PaymentFile, form: PaymentForm = DEFAULT_FORM) -> bytes:
    """Return the file's bytes; the same values always give the same bytes."""
    return b"".join(_chunks_of(file, form))


def write_to(file: PaymentFile, out: IO[bytes], form: PaymentForm = DEFAULT_FORM) -> None:
    """Write the file to `out`. Raises ValueError when a block's payments change while they are written."""
    for chunk in _chunks_of(file, form):
        out.write(chunk)


def _chunks_of(file: PaymentFile, form: PaymentForm) -> Iterator[bytes]:
    count, paisa = file.totals()
    head = FileHead(
        file.message_id, file.created_at, file.debtor_name, file.debtor_iban, file.debtor_bic, file.bank_bic,
        count, paisa,
    )  # fmt: skip
    blocks = (
        (
            BlockHead(block.payment_information_id, block.execution_date, *block_totals(block)),
            _batches(map(_payment, block.instructions)),
        )
        for block in file.blocks
    )
    return chunks(head, blocks, form)


def _batches(payments: Iterator[Payment]) -> Iterator[Sequence[Payment]]:
    while batch := list(islice(payments, _BATCH)):
        yield batch


def _payment(one: Instruction) -> Payment:
    return (
        one.end_to_end_id,
        one.amount_paisa,
        one.creditor_name,
        one.creditor_iban,
        one.creditor_bic,
        one.remittance,
    )


def chunks(
    head: FileHead,
    blocks: Iterable[tuple[BlockHead, Iterable[Sequence[Payment]]]],
    form: PaymentForm = DEFAULT_FORM,
) -> Iterator[bytes]:
    """Yield the file's bytes; payments come in batches of any size.

    Raises ValueError for a value no bank takes (an identifier, IBAN, BIC or amount), and when blocks or payments do not come
    to the counts and sums of their heads.
    """
    yield _file_head(head, form).encode()
    render = _renderer(form)
    file_count = file_paisa = 0
    for block, batches in blocks:
        yield _block_head(head, block, form).encode()
        count = paisa = 0
        for batch in batches:
            yield render(batch)
            count += len(batch)
            paisa += sum(payment[1] for payment in batch)
        if (count, paisa) != (block.count, block.sum_paisa):
            msg = f"the payments of block {block.payment_information_id} changed while it was written"
            raise ValueError(msg)
        file_count, file_paisa = file_count + count, file_paisa + paisa
        yield b"</PmtInf>"
    if (file_count, file_paisa) != (head.count, head.sum_paisa):
        msg = f"the blocks of file {head.message_id} do not come to its totals"
        raise ValueError(msg)
    yield b"</CstmrCdtTrfInitn></Document>\n"


def _text(tag: str, text: str) -> str:
    return f"<{tag}>{escape(text)}</{tag}>"


def _bic(form: PaymentForm, bic: str) -> str:
    _all_match(_BICS, [bic], "BIC")
    return f"<FinInstnId>{_text('BIC' if form.version == '03' else 'BICFI', bic)}</FinInstnId>"


def _name(text: str, form: PaymentForm) -> str:
    """Return a name as the bank takes it, never empty even if nothing of it can be rendered."""
    return bank_text(text, form.name_max, form.charset) or "."


def _file_head(head: FileHead, form: PaymentForm) -> str:
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        f'<Document xmlns="{NAMESPACE}{form.version}"><CstmrCdtTrfInitn><GrpHdr>'
        + _text("MsgId", checked_id(head.message_id, "the message id"))
        + _text("CreDtTm", head.created_at.isoformat(timespec="seconds"))
        + _text("NbOfTxs", str(head.count))
        + _text("CtrlSum", decimal_text(head.sum_paisa))
        + f"<InitgPty>{_text('Nm', _name(head.debtor_name, form))}</InitgPty>"
        + f"<FwdgAgt>{_bic(form, head.bank_bic)}</FwdgAgt></GrpHdr>\n"
    )


def _block_head(head: FileHead, block: BlockHead, form: PaymentForm) -> str:
    _all_match(_IBANS, [head.debtor_iban], "IBAN")
    day = block.execution_date.isoformat()
    service = f"<SvcLvl>{_text('Cd', form.service_level)}</SvcLvl>" if form.service_level else ""
    purpose = f"<CtgyPurp>{_text('Cd', form.category_purpose)}</CtgyPurp>" if form.category_purpose else ""
    return (
        "<PmtInf>"
        + _text("PmtInfId", checked_id(block.payment_information_id, "the payment information id"))
        + _text("PmtMtd", "TRF")
        + _text("BtchBookg", "false")  # one booking per payment, so that each can be followed on the account
        + _text("NbOfTxs", str(block.count))
        + _text("CtrlSum", decimal_text(block.sum_paisa))
        + (f"<PmtTpInf>{service}{purpose}</PmtTpInf>" if service or purpose else "")
        + f"<ReqdExctnDt>{day if form.version == '03' else _text('Dt', day)}</ReqdExctnDt>"
        + f"<Dbtr>{_text('Nm', _name(head.debtor_name, form))}</Dbtr>"
        + f"<DbtrAcct><Id>{_text('IBAN', head.debtor_iban)}</Id></DbtrAcct>"
        + f"<DbtrAgt>{_bic(form, head.debtor_bic)}</DbtrAgt>"
        + _text("ChrgBr", "DEBT")  # the payee receives the whole amount
        + "\n"
    )


def _renderer(form: PaymentForm) -> Callable[[Sequence[Payment]], bytes]:
    """Return what turns a batch into its elements. Names, texts and amounts repeat, so each is brought into form once."""
    bic = "BIC" if form.version == "03" else "BICFI"
    purpose = f"<Purp><Cd>{form.purpose}</Cd></Purp>" if form.purpose else ""
    template = (
        "<CdtTrfTxInf><PmtId><EndToEndId>%s</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="{CURRENCY}">%s</InstdAmt></Amt>'
        f"<CdtrAgt><FinInstnId><{bic}>%s</{bic}></FinInstnId></CdtrAgt>"
        f"<Cdtr><Nm>%s</Nm></Cdtr><CdtrAcct><Id><IBAN>%s</IBAN></Id></CdtrAcct>{purpose}%s</CdtTrfTxInf>\n"
    )

    @lru_cache(_CACHED)
    def name_of(name: str) -> str:
        return escape(_name(name, form))

    @lru_cache(_CACHED)
    def remittance_of(remittance: str) -> str:
        text = bank_text(remittance, form.remittance_max, form.charset)
        return f"<RmtInf>{_text('Ustrd', text)}</RmtInf>" if text else ""

    @lru_cache(_CACHED)
    def amount_of(paisa: int) -> str:
        if paisa <= 0:
            msg = f"a payment is of a positive amount, not {paisa} paisa"
            raise ValueError(msg)
        return decimal_text(paisa)

    def render(batch: Sequence[Payment]) -> bytes:
        _all_match(_IDS, [payment[0] for payment in batch], "end-to-end id")
        _all_match(_IBANS, [payment[3] for payment in batch], "IBAN")
        _all_match(_BICS, [payment[4] for payment in batch], "BIC")
        return "".join(
            [
                template % (identity, amount_of(paisa), bank, name_of(name), iban, remittance_of(remittance))
                for identity, paisa, name, iban, bank, remittance in batch
            ]
        ).encode()

    return render


def _all_match(pattern: re.Pattern[str], values: Sequence[str], what: str) -> None:
    """Refuse a value that is no such thing, or is two because it holds a line break."""
    joined = "\n".join(values) + "\n"
    if pattern.fullmatch(joined) is None or joined.count("\n") != len(values):
        wrong = next((value for value in values if pattern.fullmatch(value + "\n") is None), values)
        msg = f"no bank takes this {what}: {wrong!r}"
        raise ValueError(msg)


# ---- read back -----------------------------------------------------------------------------------------------

_DEBTOR = ("Dbtr/Nm", "DbtrAcct/Id/IBAN")


def read(data: bytes, name: str) -> PaymentFile:
    """Return what a payment file of ours says, its counts and sums recomputed; `name` is used in problems.

    Raises the problems `bank.*` for a file that was altered, cut off, or is no pain.001 as `write` makes them.
    """
    message = Message(data, name=name, kind="pain.001.001.", body="CstmrCdtTrfInitn")
    blocks: list[Block] = []
    instructions: list[Instruction] = []
    debtor: tuple[str, ...] = ()
    for place in message.records("PmtInf", "CdtTrfTxInf"):
        if place.tag == "CdtTrfTxInf":
            instructions.append(_read_instruction(place))
        else:
            debtor = _read_debtor(place, debtor)
            blocks.append(_read_block(place, tuple(instructions)))
            instructions = []
    if not blocks:
        message.child("PmtInf")
    header = message.child("GrpHdr")
    file = PaymentFile(
        message_id=header.own_identifier("MsgId"),
        created_at=header.time("CreDtTm"),
        debtor_name=debtor[0],
        debtor_iban=debtor[1],
        debtor_bic=debtor[2],
        bank_bic=_read_bic(header, "FwdgAgt"),
        blocks=tuple(blocks),
    )
    count, paisa = file.totals()
    header.same_count("NbOfTxs", count)
    header.same_sum("CtrlSum", paisa)
    return file


def _read_bic(place: Place, agent: str) -> str:
    """Return an agent's BIC: the version of 2009 names it BIC, later ones BICFI."""
    old = f"{agent}/FinInstnId/BIC"
    return place.text(old if place.has(old) else f"{agent}/FinInstnId/BICFI")


def _read_debtor(place: Place, first: tuple[str, ...]) -> tuple[str, ...]:
    """Return the block's debtor, which must be that of the `first` block."""
    found = (*(place.text(path) for path in _DEBTOR), _read_bic(place, "DbtrAgt"))
    for path, value, expected in zip((*_DEBTOR, "DbtrAgt"), found, first or found, strict=True):
        if value != expected:
            raise place.invalid(path, value, expected)
    return found


def _read_block(place: Place, instructions: tuple[Instruction, ...]) -> Block:
    if not instructions:
        raise place.missing("CdtTrfTxInf")
    block = Block(
        payment_information_id=place.own_identifier("PmtInfId"),
        execution_date=place.day("ReqdExctnDt"),
        instructions=instructions,
    )
    count, paisa = block_totals(block)
    place.same_count("NbOfTxs", count)
    place.same_sum("CtrlSum", paisa)
    return block


def _read_instruction(place: Place) -> Instruction:
    return Instruction(
        end_to_end_id=place.own_identifier("PmtId/EndToEndId"),
        amount_paisa=place.amount("Amt/InstdAmt"),
        creditor_name=place.text("Cdtr/Nm"),
        creditor_iban=place.text("CdtrAcct/Id/IBAN"),
        creditor_bic=_read_bic(place, "CdtrAgt"),
        remittance=place.optional("RmtInf/Ustrd") or "",
    )
