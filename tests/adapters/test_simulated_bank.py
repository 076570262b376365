"""The simulated bank: its answers are valid messages, add up, and are the same each time they are asked for."""

from __future__ import annotations

from collections import Counter

import pytest
from lxml import etree

from kafalat.adapters.banks.simulated import AnswerFile, Scenario, Shares, answer
from kafalat.adapters.iso20022 import pain001
from kafalat.adapters.iso20022.values import PaymentFile
from kafalat.core.problems import Problem
from tests.adapters.samples import (
    EXECUTED_AT,
    Whole,
    answers,
    assert_valid,
    libxml2_schema,
    payment_file,
    read_notification,
    read_report,
)

MESSAGES = {"pain.002": "pain.002.001.12", "camt.054": "camt.054.001.08"}


def read(file: AnswerFile) -> Whole:
    """Read an answer as the kind it says it is."""
    return (read_report if file.kind == "pain.002" else read_notification)(file.content, file.name)


def amounts(file: PaymentFile) -> dict[str, int]:
    return {one.end_to_end_id: one.amount_paisa for block in file.blocks for one in block.instructions}


def test_every_answer_is_valid_by_its_schema() -> None:
    for file in answers():
        assert_valid(file.content, MESSAGES[file.kind])


def test_every_payment_has_one_status_and_the_accepted_ones_are_booked_for_what_they_are() -> None:
    sent = amounts(payment_file(300))
    report, paid, returned = (read(file) for file in answers())
    assert (report.head.original_count, report.head.original_sum_paisa) == (300, sum(sent.values()))
    status = {one.reference: one.outcome for one in report.lines if one.scope == "payment"}
    assert status.keys() == sent.keys()
    debits = {one.reference: one.amount_paisa for one in paid.lines}
    credits_ = {one.reference: one.amount_paisa for one in returned.lines}
    assert {one.outcome for one in paid.lines} == {"paid"}
    assert {one.outcome for one in returned.lines} == {"returned"}
    assert all(one.reason_code for one in returned.lines)
    assert all(sent[identity] == amount for identity, amount in (debits | credits_).items())
    assert (
        credits_.keys() < debits.keys() < {identity for identity in status if status[identity] == "accepted"}
    )


def test_the_shares_come_out_about_as_asked_for_and_a_reissue_mostly_succeeds() -> None:
    content = pain001.write(payment_file(2_000))
    shares = Shares(rejected_pct=20, returned_pct=20)

    def rejected(*, reissue: bool) -> int:
        first, *_ = answer(
            content, bank="hbl", seed=1, executed_at=EXECUTED_AT, shares=shares, is_reissue=lambda _: reissue
        )
        return Counter(one.outcome for one in read(first).lines)["rejected"]

    assert 340 < rejected(reissue=False) < 460
    assert 20 < rejected(reissue=True) < 65


def test_the_same_file_is_answered_the_same_way_again_and_another_seed_differs() -> None:
    content = pain001.write(payment_file(60))
    shares = Shares(rejected_pct=30, returned_pct=30)
    first, again = (
        answer(content, bank="hbl", seed=1, executed_at=EXECUTED_AT, shares=shares) for _ in range(2)
    )
    assert first == again
    assert answer(content, bank="hbl", seed=2, executed_at=EXECUTED_AT, shares=shares) != first


def test_names_and_message_ids_tell_the_answers_apart() -> None:
    files = answers()
    assert len({file.name for file in files}) == len({read(file).head.message_id for file in files}) == 3
    assert all(file.name.startswith("hbl-KAF-2026Q1-HBL-1-") for file in files)


def test_a_bank_rejects_a_whole_file_that_is_not_valid() -> None:
    content = pain001.write(payment_file()).replace(b"<ChrgBr>DEBT</ChrgBr>", b"<ChrgBr>SOME</ChrgBr>", 1)
    (file,) = answer(content, bank="hbl", seed=1, executed_at=EXECUTED_AT)
    (line,) = read(file).lines
    assert (line.scope, line.outcome) == ("file", "rejected")
    assert libxml2_schema("pain.002.001.12").validate(etree.fromstring(file.content))


@pytest.mark.parametrize(
    ("scenario", "code"), [("truncated", "bank.unreadable"), ("totals_wrong", "bank.totals_differ")]
)
def test_a_faulty_answer_is_refused(scenario: Scenario, code: str) -> None:
    for file in answers(40, scenario):
        with pytest.raises(Problem) as refusal:
            read(file)
        assert refusal.value.code == code
        assert refusal.value.details["file"] == file.name


def test_a_duplicated_answer_comes_twice_with_the_same_message_id() -> None:
    files = answers(40, "duplicated")
    assert files[0] == files[1]
    assert [file for file in files[::2]] == list(answers(40))  # noqa: C416 - spelled out
