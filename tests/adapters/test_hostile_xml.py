"""Hostile files are refused quickly, read nothing else, and no bytes whatever lead to anything but a problem.

Every guard has a control beside it: the same attack on a parser without the guard does harm.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from xml.parsers import expat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from kafalat.adapters.iso20022 import pain001
from kafalat.core.problems import Problem
from tests.adapters.samples import (
    answers,
    detail,
    line,
    movement,
    notification,
    payment_file,
    read_notification,
    read_report,
    status_report,
)

Reader = Callable[[bytes, str], object]
REFUSED_WITHIN_S = 1.0
SECRET = "the salt of the form numbers"
GOOD = status_report(line("K1"))
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


def with_doctype(doctype: str, text: str) -> bytes:
    """Return a status report with a document type and with `text` where the message id was."""
    declared = GOOD.replace(b"?>\n", f"?>\n<!DOCTYPE Document {doctype}>\n".encode(), 1)
    return declared.replace(b"BANK-1", text.encode())


def refusal_of(content: bytes, read: Reader = read_report) -> Problem:
    """Return the problem `content` is refused with, which must come within a second."""
    started = time.perf_counter()
    with pytest.raises(Problem) as refusal:
        read(content, "answer.xml")
    assert time.perf_counter() - started < REFUSED_WITHIN_S
    return refusal.value


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file the attacker wants to read."""
    path = tmp_path / "secret.txt"
    path.write_text(SECRET)
    return path


# ---- entities and document types -------------------------------------------------------------------------------


def test_a_file_named_by_an_entity_is_not_read(secret: Path) -> None:
    attack = with_doctype(f'[<!ENTITY x SYSTEM "{secret.as_uri()}">]', "&x;")
    refusal = refusal_of(attack)
    assert refusal.code == "bank.doctype_refused"
    assert SECRET not in str(refusal.details)


def test_control_a_parser_without_the_guard_reads_the_file_for_the_attacker(secret: Path) -> None:
    attack = with_doctype(f'[<!ENTITY x SYSTEM "{secret.as_uri()}">]', "&x;")
    parser = etree.XMLParser(resolve_entities=True, load_dtd=True, no_network=False)
    assert SECRET in etree.tostring(etree.fromstring(attack, parser), encoding="unicode")


@pytest.mark.parametrize(
    ("doctype", "text"),
    [
        ("", "BANK-1"),
        ('[<!ENTITY x "BANK">]', "&x;"),
        ('SYSTEM "http://192.0.2.1/evil.dtd"', "BANK-1"),
        ('[<!ENTITY % p SYSTEM "http://192.0.2.1/evil.dtd"> %p;]', "BANK-1"),
        ('[<!ENTITY x SYSTEM "file:///etc/passwd">]', "&x;"),
        (f'[<!ENTITY l0 "ha">{LAUGHS}]', "&l9;"),
        (f'[<!ENTITY q "{"x" * 50_000}">]', "&q;" * 50_000),
        ('[<!ATTLIST MsgId kind CDATA "&x;"><!ENTITY x "y">]', "BANK-1"),
    ],
    ids=["empty", "entity", "outside", "parameter", "file", "billion laughs", "quadratic", "attribute"],
)
def test_no_document_type_of_any_kind_is_taken(doctype: str, text: str) -> None:
    assert refusal_of(with_doctype(doctype, text)).code == "bank.doctype_refused"


def test_control_a_parser_without_the_guard_grows_a_small_file_a_thousandfold() -> None:
    attack = with_doctype(f'[<!ENTITY l0 "ha">{LAUGHS}]', "&l4;")
    grown = etree.tostring(
        etree.fromstring(attack, etree.XMLParser(resolve_entities=True)), encoding="unicode"
    )
    assert grown.count("ha") >= 10_000
    assert len(attack) < 2_000


def test_an_entity_nobody_defined_is_refused_and_the_five_of_xml_are_not() -> None:
    assert refusal_of(GOOD.replace(b"BANK-1", b"&nbsp;")).code == "bank.unreadable"
    report = read_report(GOOD.replace(b"BANK-1", b"A&amp;B&#45;1"), "answer.xml")
    assert report.head.message_id == "A&B-1"


# ---- other encodings -------------------------------------------------------------------------------------------

HIDDEN = with_doctype('[<!ENTITY x "BANK">]', "&x;").decode()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_document_type_cannot_hide_in_wide_characters(encoding: str) -> None:
    text = HIDDEN.replace('encoding="utf-8"', f'encoding="{encoding[:6]}"')
    assert refusal_of(text.encode(encoding)).code in {"bank.encoding_refused", "bank.unreadable"}
    without_declaration = text.partition("?>")[2].lstrip()
    assert refusal_of(without_declaration.encode(encoding)).code in {
        "bank.encoding_refused",
        "bank.unreadable",
    }


def test_control_a_search_for_the_document_type_alone_would_miss_it() -> None:
    assert b"<!DOCTYPE" not in HIDDEN.encode("utf-16")
    parsed = etree.fromstring(HIDDEN.replace('"utf-8"', '"utf-16"').encode("utf-16"), etree.XMLParser())
    assert parsed.findtext(".//{*}MsgId") == "BANK"


@pytest.mark.parametrize("encoding", ["UTF-7", "ISO-8859-1", "windows-1256", "EBCDIC-CP-US", "no such thing"])
def test_a_declared_encoding_other_than_utf_8_is_refused_by_its_name(encoding: str) -> None:
    refusal = refusal_of(GOOD.replace(b"utf-8", encoding.encode(), 1))
    assert (refusal.code, refusal.details["encoding"]) == ("bank.encoding_refused", encoding)


def test_bytes_that_are_no_utf_8_are_refused() -> None:
    assert refusal_of(GOOD.replace(b"BANK-1", b"\xff\xfe\x80")).code == "bank.unreadable"


def test_utf_8_with_its_byte_order_mark_is_taken() -> None:
    assert read_report(b"\xef\xbb\xbf" + GOOD, "answer.xml").head.message_id == "BANK-1"


# ---- size and depth --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"<a>" * 100_000,
        GOOD.replace(b"BANK-1", b"<a>" * 100_000 + b"</a>" * 100_000),
        GOOD.replace(b"<MsgId>", b'<MsgId a="' + b"x" * 11_000_000 + b'">'),
        GOOD.replace(b"<MsgId>", b"<MsgId " + b" ".join(b'a%d="1"' % n for n in range(200_000)) + b">", 1)[
            :2_000_000
        ],
        GOOD.replace(b"BANK-1", b"x" * 5_000_000),
    ],
    ids=["100,000 deep", "100,000 deep and closed", "huge attribute", "many attributes", "huge text"],
)
def test_a_monstrous_file_is_refused_at_once(content: bytes) -> None:
    assert refusal_of(content).code in {"bank.unreadable", "bank.value_invalid"}


def test_control_a_parser_without_a_limit_takes_the_deep_file_whole() -> None:
    opened = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, _attributes: opened.append(tag)
    parser.Parse(b"<a>" * 100_000 + b"</a>" * 100_000, True)  # noqa: FBT003 - the C function takes it by place
    assert len(opened) == 100_000


# ---- any bytes at all ------------------------------------------------------------------------------------------

CORPUS: tuple[tuple[Reader, bytes], ...] = (
    (pain001.read, pain001.write(payment_file(4))),
    (read_report, GOOD),
    (read_report, status_report(line("K1") + line("K2", "RJCT"), group="<OrgnlNbOfTxs>2</OrgnlNbOfTxs>")),
    (
        read_notification,
        notification(movement("14500.00", f"<NtryDtls>{detail('K1', '14500.00')}</NtryDtls>")),
    ),
    *((read_report if one.kind == "pain.002" else read_notification, one.content) for one in answers(12)),
)


def mutated(content: bytes, data: st.DataObject) -> bytes:
    """Return `content` cut, with a stretch doubled, removed or overwritten, or with one of its words changed."""
    how = data.draw(st.sampled_from(["cut", "drop", "double", "overwrite", "insert", "swap tag"]))
    first, last = sorted(data.draw(st.tuples(st.integers(0, len(content)), st.integers(0, len(content)))))
    if how == "cut":
        return content[:first]
    if how == "drop":
        return content[:first] + content[last:]
    if how == "double":
        return content[:last] + content[first:last] + content[last:]
    if how == "swap tag":
        tags = sorted(set(content.split(b"<")))
        return content.replace(data.draw(st.sampled_from(tags)), data.draw(st.sampled_from(tags)), 1)
    extra = data.draw(
        st.binary(min_size=1, max_size=6)
        | st.sampled_from([b"<", b">", b"&", b"\0", b"-1", b"9" * 20, b"<!--"])
    )
    return content[:first] + extra + content[first + (len(extra) if how == "overwrite" else 0) :]


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(CORPUS), st.data())
def test_a_damaged_file_is_read_or_refused_with_a_problem_and_never_anything_else(
    sample: tuple[Reader, bytes], data: st.DataObject
) -> None:
    read, content = sample
    refusal: Problem | None = None
    try:
        read(mutated(content, data), "answer.xml")
    except Problem as raised:
        refusal = raised
    assert refusal is None or (refusal.code.startswith("bank.") and len(refusal.both().splitlines()) == 2)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([pain001.read, read_report, read_notification]), st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(read: Reader, content: bytes) -> None:
    assert refusal_of(content, read).code.startswith("bank.")


@pytest.mark.parametrize("read", [pain001.read, read_report, read_notification])
def test_an_empty_file_is_refused(read: Reader) -> None:
    assert refusal_of(b"", read).code == "bank.unreadable"


def test_a_file_cut_anywhere_is_refused_as_cut_off() -> None:
    codes = {refusal_of(GOOD[:end]).code for end in range(len(GOOD.rstrip()) - 1)}
    assert codes == {"bank.unreadable"}
    refusal = refusal_of(GOOD[: GOOD.index(b"<OrgnlPmtInfId>")])
    assert refusal.details["line"] == 9
