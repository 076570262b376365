"""camt.055 is what its XSD and another reader take it for; camt.029 is read payment by payment, and refused where it is not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from kafalat.adapters.answers import AnswerHead, AnswerLine
from kafalat.adapters.banks.reading import read_answer
from kafalat.adapters.iso20022.camt055 import RecallHead, chunks
from kafalat.core.bank_formats import RECALL_REASONS, AnswerFormat
from kafalat.core.problems import Problem
from tests.adapters.recalls import request_of, resolution
from tests.adapters.samples import CREATED_AT
from tests.shared import shared_path

PAYMENTS = [(f"K{number:010d}", 1_450_000 + number) for number in range(1, 6)]
HEAD = RecallHead(
    message_id="KFLT-CXL-7-1",
    created_at=CREATED_AT + timedelta(days=1),
    debtor_name="Benazir Income Support & Co",
    bank_bic="HABBPKKA",
    original_message_id="KFLT-2026Q1-1-HABBPKKA",
    original_message="pain.001.001.09",
    original_created_at=CREATED_AT,
    payment_information_id="KFLT-2026Q1-1-HABBPKKA-1",
    reason_code="DUPL",
    count=len(PAYMENTS),
    sum_paisa=sum(paisa for _, paisa in PAYMENTS),
)


def written(head: RecallHead = HEAD, *batches: Iterable[tuple[str, int]]) -> bytes:
    return b"".join(chunks(head, [list(batch) for batch in batches or (PAYMENTS,)]))


def read(content: bytes, folder: Path, name: str = "answer.xml") -> tuple[AnswerHead, list[AnswerLine]]:
    formats = {"hbl": (AnswerFormat(format="camt.029", versions=("09",)),)}
    with read_answer(content, name=name, formats=formats, work=folder) as answer:
        return answer.head, [line for batch in answer.batches() for line in batch]


def refusal_of(content: bytes, folder: Path) -> str:
    with pytest.raises(Problem) as refusal:
        read(content, folder)
    return refusal.value.code


def test_a_request_is_valid_by_its_schema_and_the_schema_can_refuse() -> None:
    schema = xmlschema.XMLSchema(shared_path("specs/iso20022/xsd/camt.055.001.08.xsd"))
    for code in sorted(RECALL_REASONS):
        schema.validate(written(replace(HEAD, reason_code=code)).decode())
    assert not schema.is_valid(
        written().replace(b"<CtrlData>", b"<CtrlDate>").decode().replace("</CtrlData>", "</CtrlDate>")
    )


@settings(max_examples=20)
@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=30), st.integers(1, 7))
def test_another_reader_finds_every_payment_and_the_sum(amounts: list[int], size: int) -> None:
    payments = [(f"P{number}", paisa) for number, paisa in enumerate(amounts)]
    head = replace(HEAD, count=len(payments), sum_paisa=sum(amounts))
    batches = [payments[start : start + size] for start in range(0, len(payments), size)]
    asked = request_of(written(head, *batches))
    (block,) = asked.undrlyg[0].orgnl_pmt_inf_and_cxl
    assert asked.ctrl_data is not None
    assert (asked.ctrl_data.nb_of_txs, asked.ctrl_data.ctrl_sum) == (
        str(len(amounts)),
        Decimal(sum(amounts)) / 100,
    )
    found = [
        (one.orgnl_end_to_end_id, one.orgnl_instd_amt.value * 100)
        for one in block.tx_inf
        if one.orgnl_instd_amt
    ]
    assert found == payments
    assert {one.cxl_rsn_inf[0].rsn.cd for one in block.tx_inf if one.cxl_rsn_inf[0].rsn} == {"DUPL"}


@pytest.mark.parametrize(
    "head",
    [
        replace(HEAD, count=4),
        replace(HEAD, sum_paisa=HEAD.sum_paisa + 1),
        replace(HEAD, reason_code="WHIM"),
        replace(HEAD, bank_bic="habb"),
        replace(HEAD, message_id="<Id>"),
    ],
    ids=["count", "sum", "reason", "bic", "id"],
)
def test_a_request_that_is_not_what_it_says_is_not_ended(head: RecallHead) -> None:
    assert written().endswith(b"</Document>\n")
    with pytest.raises(ValueError, match=r"totals|reason|BIC|identifier"):
        written(head)


def test_each_payment_of_a_resolution_is_a_line(tmp_path: Path) -> None:
    statuses = {PAYMENTS[1][0]: "RJCR", PAYMENTS[2][0]: "PDCR"}
    head, lines = read(resolution(written(), statuses), tmp_path)
    assert (head.kind, head.message_id, head.original_message_id) == ("camt.029", "RES-1-KFLT-CXL-7-1", None)
    assert [(line.reference, line.amount_paisa) for line in lines] == PAYMENTS
    assert [line.outcome for line in lines] == ["recalled", "refused", "pending", "recalled", "recalled"]
    assert (lines[1].reason_code, lines[1].text) == ("ARDT", "already returned")


def test_what_is_wrong_in_a_resolution_is_refused_by_name(tmp_path: Path) -> None:
    whole = resolution(written(), {PAYMENTS[1][0]: "RJCR"})
    read(whole, tmp_path)
    assert refusal_of(whole[: len(whole) * 2 // 3], tmp_path) == "bank.unreadable"
    assert refusal_of(whole.replace(b"<DtldNbOfTxs>4<", b"<DtldNbOfTxs>5<"), tmp_path) == "bank.totals_differ"
    assert refusal_of(whole.replace(b'Ccy="PKR"', b'Ccy="USD"', 1), tmp_path) == "bank.currency_wrong"
    assert (
        refusal_of(whole.replace(b">ACCR</TxCxlSts>", b">GONE</TxCxlSts>", 1), tmp_path)
        == "bank.value_invalid"
    )
    assert (
        refusal_of(whole.replace(b"camt.029.001.09", b"camt.029.001.12"), tmp_path) == "bank.form_undeclared"
    )
    contradicted = resolution(written(), {PAYMENTS[1][0]: "RJCR"}, confirmed="CNCL")
    assert refusal_of(contradicted, tmp_path) == "bank.status_contradicts"
    start, end = whole.index(b"<TxInfAndSts>"), whole.rindex(b"</TxInfAndSts>") + len(b"</TxInfAndSts>")
    unnamed = whole[:start] + whole[end:]
    assert refusal_of(unnamed, tmp_path) in {"bank.no_lines", "bank.totals_differ"}
    astray = whole.replace(b"<OrgnlPmtInfAndSts>", b"<Else>").replace(b"</OrgnlPmtInfAndSts>", b"</Else>")
    assert refusal_of(astray, tmp_path) == "bank.unreadable"
