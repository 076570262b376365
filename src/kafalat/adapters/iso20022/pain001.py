"""pain.001.001.09, the payment file: written for banks, and read back to prove what was sent."""

from __future__ import annotations

from io import BytesIO
from typing import IO, Any

from lxml import etree

from kafalat.adapters.iso20022.charset import bank_text
from kafalat.adapters.iso20022.read import Message, Place
from kafalat.adapters.iso20022.values import Block, Instruction, PaymentFile, block_totals
from kafalat.core.money import decimal_text

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
PURPOSE = "SSBE"  # social security benefit, in ISO's external code lists of purposes and category purposes
CURRENCY = "PKR"

# ---- write ---------------------------------------------------------------------------------------------------


def write(file: PaymentFile) -> bytes:
    """Return the file's bytes; the same values always give the same bytes."""
    out = BytesIO()
    write_to(file, out)
    return out.getvalue()


def write_to(file: PaymentFile, out: IO[bytes]) -> None:
    """Write the file to `out` instruction by instruction, so that memory does not grow with their number.

    Raises ValueError when a block yields other instructions on the second reading than it did for the totals.
    """
    count, paisa = file.totals()
    # The elements below are made without a namespace and written inside Document's default one: were they made with
    # it, each would repeat the declaration.
    with etree.xmlfile(out, encoding="UTF-8") as xml:
        xml.write_declaration()
        with xml.element("Document", nsmap={None: NAMESPACE}), xml.element("CstmrCdtTrfInitn"):
            xml.write(_group_header(file, count, paisa), "\n")
            for block in file.blocks:
                with xml.element("PmtInf"):
                    _write_block(xml, file, block)


def _leaf(parent: Any, path: str, text: str) -> Any:
    """Append the elements of `path` below `parent`, the last holding `text`; return that one."""
    for tag in path.split("/"):
        parent = etree.SubElement(parent, tag)
    parent.text = text
    return parent


def _name(text: str) -> str:
    """Return a name as banks take it, never empty even if nothing of it can be rendered."""
    return bank_text(text, 140) or "."


def _group_header(file: PaymentFile, count: int, paisa: int) -> Any:
    header = etree.Element("GrpHdr")
    _leaf(header, "MsgId", file.message_id)
    _leaf(header, "CreDtTm", file.created_at.isoformat(timespec="seconds"))
    _leaf(header, "NbOfTxs", str(count))
    _leaf(header, "CtrlSum", decimal_text(paisa))
    _leaf(header, "InitgPty/Nm", _name(file.debtor_name))
    _leaf(header, "FwdgAgt/FinInstnId/BICFI", file.bank_bic)
    return header


def _write_block(xml: Any, file: PaymentFile, block: Block) -> None:
    count, paisa = block_totals(block)
    head = etree.Element("PmtInf")
    _leaf(head, "PmtInfId", block.payment_information_id)
    _leaf(head, "PmtMtd", "TRF")
    _leaf(head, "BtchBookg", "false")  # one booking per payment, so that each can be followed on the account
    _leaf(head, "NbOfTxs", str(count))
    _leaf(head, "CtrlSum", decimal_text(paisa))
    _leaf(head, "PmtTpInf/CtgyPurp/Cd", PURPOSE)
    _leaf(head, "ReqdExctnDt/Dt", block.execution_date.isoformat())
    _leaf(head, "Dbtr/Nm", _name(file.debtor_name))
    _leaf(head, "DbtrAcct/Id/IBAN", file.debtor_iban)
    _leaf(head, "DbtrAgt/FinInstnId/BICFI", file.debtor_bic)
    _leaf(head, "ChrgBr", "DEBT")  # the payee receives the whole amount
    for element in head:
        xml.write(element)
    xml.write("\n")
    written_count = written_paisa = 0
    for instruction in block.instructions:
        xml.write(_transaction(instruction), "\n")
        written_count, written_paisa = written_count + 1, written_paisa + instruction.amount_paisa
    if (written_count, written_paisa) != (count, paisa):
        msg = f"the instructions of block {block.payment_information_id} changed while it was written"
        raise ValueError(msg)


def _transaction(instruction: Instruction) -> Any:
    transaction = etree.Element("CdtTrfTxInf")
    _leaf(transaction, "PmtId/EndToEndId", instruction.end_to_end_id)
    _leaf(transaction, "Amt/InstdAmt", decimal_text(instruction.amount_paisa)).set("Ccy", CURRENCY)
    _leaf(transaction, "CdtrAgt/FinInstnId/BICFI", instruction.creditor_bic)
    _leaf(transaction, "Cdtr/Nm", _name(instruction.creditor_name))
    _leaf(transaction, "CdtrAcct/Id/IBAN", instruction.creditor_iban)
    _leaf(transaction, "Purp/Cd", PURPOSE)
    remittance = bank_text(instruction.remittance, 140)
    if remittance:
        _leaf(transaction, "RmtInf/Ustrd", remittance)
    return transaction


# ---- read back -----------------------------------------------------------------------------------------------

_DEBTOR = ("Dbtr/Nm", "DbtrAcct/Id/IBAN", "DbtrAgt/FinInstnId/BICFI")


def read(data: bytes, name: str) -> PaymentFile:
    """Return what a payment file of ours says, its counts and sums recomputed; `name` is used in problems.

    Raises the problems `bank.*` for a file that was altered, cut off, or is no pain.001.001.09 as `write` makes them.
    """
    message = Message(data, name=name, kind="pain.001.001.09", body="CstmrCdtTrfInitn")
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
        bank_bic=header.text("FwdgAgt/FinInstnId/BICFI"),
        blocks=tuple(blocks),
    )
    count, paisa = file.totals()
    header.same_count("NbOfTxs", count)
    header.same_sum("CtrlSum", paisa)
    return file


def _read_debtor(place: Place, first: tuple[str, ...]) -> tuple[str, ...]:
    """Return the block's debtor, which must be that of the `first` block."""
    found = tuple(place.text(path) for path in _DEBTOR)
    for path, value, expected in zip(_DEBTOR, found, first or found, strict=True):
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
        creditor_bic=place.text("CdtrAgt/FinInstnId/BICFI"),
        remittance=place.optional("RmtInf/Ustrd") or "",
    )
