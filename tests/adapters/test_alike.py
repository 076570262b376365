"""Records that are alike are read once, and a message read so is the message read record by record, whatever is in it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafalat.adapters.banks.reading import read_answer
from kafalat.adapters.iso20022 import alike, read
from kafalat.core.problems import Problem
from tests import proof
from tests.adapters.mutations import mutated
from tests.adapters.samples import (
    Whole,
    detail,
    line,
    movement,
    notification,
    read_notification,
    read_report,
    status_report,
)
from tests.adapters.test_mutated_files import corpus, formats


def said(reader: Callable[[bytes, str], Whole], content: bytes) -> Whole | str:
    """Return what a message is read as, or what refuses it."""
    try:
        return reader(content, "bank.xml")
    except Problem as refusal:
        return refusal.text("en")


def one_by_one(reader: Callable[[bytes, str], Whole], content: bytes) -> Whole | str:
    """Return the same with every record read by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alike.Alikes, "start", lambda self: None)
        return said(reader, content)


def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the paths of the records that will be read by themselves, filled while messages are read."""
    paths: list[str] = []
    first: Callable[..., None] = read.Place.__init__

    def noted(self: read.Place, *args: object, **kwargs: object) -> None:
        first(self, *args, **kwargs)
        if self.path.rpartition("/")[2].startswith(("Ntry[", "TxInfAndSts[")):
            paths.append(self.path)

    monkeypatch.setattr(read.Place, "__init__", noted)
    return paths


def many(count: int, *, amounts: int = 3) -> str:
    return "\n".join(
        movement(f"{1000 + number % amounts}.00", f"<NtryDtls>{detail(f'K{number:032d}')}</NtryDtls>")
        for number in range(count)
    )


def test_of_many_movements_alike_few_are_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    content = notification(many(4_000))
    expected = one_by_one(read_notification, content)
    paths = parsed(monkeypatch)
    whole = read_notification(content, "bank.xml")
    assert whole == expected
    assert [one.line_no for one in whole.lines] == list(range(1, 4_001))
    assert len(paths) <= 5


def test_of_many_statuses_alike_few_are_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = "<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf>"
    lines = "".join(
        line(f"K{number}", "RJCT", refused) if number % 7 == 0 else line(f"K{number}")
        for number in range(3_000)
    )
    content = status_report(lines, group="<OrgnlNbOfTxs>3000</OrgnlNbOfTxs><GrpSts>PART</GrpSts>")
    expected = one_by_one(read_report, content)
    paths = parsed(monkeypatch)
    assert read_report(content, "bank.xml") == expected
    assert len(paths) <= 5


def test_shapes_without_end_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alike, "_SHAPES_MAX", 50)
    monkeypatch.setattr(alike, "_CHUNK_BYTES", 4_000)
    content = notification(many(2_000, amounts=2_000))
    paths = parsed(monkeypatch)
    assert len(read_notification(content, "bank.xml").lines) == 2_000
    assert len(paths) > 1_900


ALIKE = [movement("1000.00", f"<NtryDtls>{detail(f'K{number}')}</NtryDtls>") for number in range(20)]
PARTS = "<NtryDtls>" + detail("K1", "400.00") + detail("{}", "600.00") + "</NtryDtls>"
ANOTHER_REPORT = (
    "</Ntfctn><Ntfctn><Id>2</Id><Acct><Id><IBAN>PK36SCBL0000001123456702</IBAN></Id></Acct>" + ALIKE[0]
)


def as_plain(reference: str) -> str:
    """Return a movement of the same shape as all of ALIKE, as far as bytes tell."""
    return ALIKE[0].replace("K0", reference)


TRAPS = {
    "a comment around a record": f"<!-- {ALIKE[0]} -->",
    "a record that ends a comment": "<!-- </Ntry>" + ALIKE[0].replace("G2P", "-->") * 3,
    "a comment that opens in one record and ends in another": as_plain("<!-- ") + as_plain(" -->"),
    "CDATA around a record": f"<AddtlNtfctnInf><![CDATA[{ALIKE[0]}]]></AddtlNtfctnInf>",
    "an instruction around a record": f"<?bank {ALIKE[0]} ?>",
    "a reference too long": as_plain("K" * 36),
    "a word for no reference": as_plain("NOTPROVIDED"),
    "no reference": as_plain(""),
    "a reference of spaces": as_plain("   "),
    "spaces around a reference": as_plain(" K7 "),
    "an entity": as_plain("K&amp;7"),
    "an entity nobody defined": as_plain("K&seven;"),
    "another script": as_plain("کے"),
    "the end of CDATA": as_plain("K]]>"),
    "an element in a reference": as_plain("K<b/>7"),
    "a record in a record": as_plain(ALIKE[1]),
    "a record outside its container": f"</Ntfctn>{ALIKE[0]}<Ntfctn><Id>2</Id>",
    "a record in an element of its own": f"<Other>{ALIKE[0]}</Other>",
    "a record in an attribute": f"<Other text='{ALIKE[0]}'/>",
    "another account after it": ANOTHER_REPORT,
    "a mark of our own making": as_plain("MARK0") + movement("5.00", "<AddtlNtryInf>MARK0 MARK1</AddtlNtryInf>"),
    "an element that stands for records": "<kafalat-run n='1'/><kafalat-run n='2'/><kafalat-run/>",
    "parts, the last of them alike": "".join(movement("1000.00", PARTS.format(f"K{n}")) for n in range(3)),
    "parts that do not add up": "".join(movement("999.00", PARTS.format(f"K{n}")) for n in range(3)),
    "a text in several pieces": "".join(
        movement("7.00", f"<NtryDtls>{detail(f'K{n}', '', f'<RmtInf><Ustrd>{n}</Ustrd><Ustrd>x{n}</Ustrd></RmtInf>')}</NtryDtls>")
        for n in range(3)
    ),
    "another currency": ALIKE[0].replace("PKR", "USD") * 2,
    "a day that does not exist": ALIKE[0].replace("2026-01-06", "2026-02-30") * 2,
    "a record cut off": ALIKE[0][:-20],
    "nothing after a record's end": ALIKE[0] + "<Ntry>",
}  # fmt: skip


@pytest.mark.parametrize("chunk_bytes", [60, 1 << 18])
@pytest.mark.parametrize("trap", TRAPS)
def test_what_looks_alike_and_is_not_is_read_as_it_is(
    trap: str, chunk_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = notification("".join([*ALIKE, TRAPS[trap], *ALIKE]))
    expected = one_by_one(read_notification, content)
    monkeypatch.setattr(alike, "_CHUNK_BYTES", chunk_bytes)
    assert said(read_notification, content) == expected


def test_a_record_elsewhere_is_refused_though_nothing_of_its_place_is_in_the_chunk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = notification(f"<Other>{ALIKE[0]}</Other>")
    monkeypatch.setattr(alike, "_START_BYTES", content.index(b"<Ntry>"))
    assert "Ntry outside" in str(said(read_notification, content))


def test_the_number_of_a_report_counts_the_records_alike_before_what_is_wrong() -> None:
    wrong = notification("".join([*ALIKE, as_plain("K" * 36)]))
    refusal = said(read_notification, wrong)
    assert isinstance(refusal, str)
    assert "Ntry[21]/" in refusal


def test_control_without_the_look_for_comments_a_damaged_file_is_taken_for_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arrow = movement("5.00", "<AddtlNtryInf>--></AddtlNtryInf>")
    content = notification("".join([arrow, arrow, arrow, f"<!-- </Ntry>{arrow} -->"]))
    assert "cut off or damaged" in str(said(read_notification, content))
    monkeypatch.setattr(alike, "_NOT_PLAIN", ())
    assert isinstance(said(read_notification, content), Whole)


NAME = (
    "<RltdPties><Cdtr><Pty><Nm>{}</Nm></Pty></Cdtr><CdtrAcct><Id><IBAN>{}</IBAN></Id></CdtrAcct></RltdPties>"
)
TEXTS = st.one_of(
    st.sampled_from(
        [
            *("K1", "NOTPROVIDED", "", " ", "K" * 35, "K" * 36, "MARK0", "MARK1", "Zainab Bibi W/O Akbar", "زینب"),
            *("a&amp;b", "a&b", "]]>", "<!-- x -->", "<![CDATA[K9]]>", "<?x y?>", "&#65;", 'a"b', "\\N", "a\tb", " K7 "),
            *("</EndToEndId>", "</Ntry>", "<Ntry>", "<kafalat-run n='1'/>", "<b/>", "\x01"),
        ]
    ),
    st.text(max_size=40),
)  # fmt: skip
DETAILS = st.builds(
    lambda reference, name, account, text: detail(
        reference, "", NAME.format(name, account) + f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf>"
    ),
    *(TEXTS,) * 4,
)
PLAIN = st.builds(
    lambda number: movement("1000.00", f"<NtryDtls>{detail(f'K{number}')}</NtryDtls>"), st.integers(0, 99)
)
MOVEMENTS = st.one_of(
    PLAIN,
    PLAIN,
    st.builds(
        lambda sign, more: movement("1000.00", more, sign=sign),
        st.sampled_from(["DBIT", "CRDT", "none"]),
        st.one_of(
            DETAILS.map("<NtryDtls>{}</NtryDtls>".format),
            st.tuples(DETAILS, DETAILS).map(lambda two: f"<NtryDtls>{''.join(two)}</NtryDtls>"),
            st.just("<AddtlNtryInf>MARK0</AddtlNtryInf>"),
        ),
    ),
    st.sampled_from(
        [
            *("<!-- <Ntry> -->", "<kafalat-run n='1'/>", "<kafalat-run n='2'/>", "<kafalat-run/>", "<?x?>", "text"),
            *("</Ntfctn><Ntfctn>", "<Ntry/>", "<a>", "</a>", "<a b='", "'/>", "<![CDATA[", "]]>", "\ufeff"),
            "</Ntfctn><Ntfctn><Id>2</Id><Acct><Id><IBAN>PK00XXXX</IBAN></Id></Acct>",
        ]
    ),
)  # fmt: skip


@given(movements=st.lists(MOVEMENTS, min_size=1, max_size=12), summary=st.booleans())
def test_a_message_read_so_is_the_message_read_one_by_one(movements: list[str], *, summary: bool) -> None:
    stated = f"<TxsSummry><TtlNtries><NbOfNtries>{len(movements)}</NbOfNtries></TtlNtries></TxsSummry>"
    content = notification(movement("1.00") + "".join(movements), summary=stated if summary else "")
    assert said(read_notification, content) == one_by_one(read_notification, content)


@given(lines=st.lists(st.builds(line, TEXTS, st.sampled_from(["ACSP", "RJCT", "none"])), max_size=12))
def test_a_report_read_so_is_the_report_read_one_by_one(lines: list[str]) -> None:
    content = status_report("".join(lines))
    assert said(read_report, content) == one_by_one(read_report, content)


@given(content=st.lists(MOVEMENTS, min_size=4, max_size=30), chunk_bytes=st.integers(20, 700))
def test_where_chunks_end_does_not_matter(content: list[str], chunk_bytes: int) -> None:
    message = notification("".join(content))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alike, "_CHUNK_BYTES", chunk_bytes)
        patch.setattr(alike, "_START_BYTES", chunk_bytes)
        assert said(read_notification, message) == one_by_one(read_notification, message)


def test_damaged_answers_of_every_form_are_read_or_refused_alike(tmp_path: Path) -> None:
    draw = random.Random(proof.SEED)  # noqa: S311 - damage, not secrets
    files = [file for file in corpus() if file.kind not in {"csv", "xlsx"}]
    for turn in range(300):
        file = files[turn % len(files)]
        damage, content = mutated(file.kind, file.content, draw)

        def whole(message: bytes, name: str) -> Whole:
            with read_answer(message, name=name, formats=formats(), work=tmp_path) as answer:
                return Whole(answer.head, tuple(one for batch in answer.batches() for one in batch))

        assert said(whole, content) == one_by_one(whole, content), (turn, file.name, damage)
