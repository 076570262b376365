"""Answers as CSV and XLSX: read by the columns and words a profile declares, and refused with line and column."""

from __future__ import annotations

import csv
from datetime import date
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from openpyxl import Workbook

from kafalat.adapters.banks.reading import COLUMNS, DEFAULTS, AnswerLine, read_answer
from kafalat.core.bank_formats import AnswerFormat, Columns, Table, Totals
from kafalat.core.problems import Problem

TABLE = Table(
    columns=Columns(
        reference="Ref", amount="Amount", status="Status", account="IBAN", name="Title", reason="Reason",
        booked_on="Date", text="Note", currency="Ccy", original_message="File",
    ),
    statuses={"PAID": "paid", "BACK": "returned", "NO": "rejected", "WAIT": "pending"},
    reasons={"CLOSED": "AC04"},
    delimiter=";",
    dates="%d/%m/%Y",
    thousands=",",
    totals=Totals(column="Ref", word="Total", count="Title", amount="Amount"),
)  # fmt: skip
HEAD = "Ref;Amount;Status;IBAN;Title;Reason;Date;Note;Ccy;File"
ONE = 'K1;14,500.50;paid;PK36 HABB 0000;"Bibi; Zainab";;06/01/2026;;PKR;KFLT-1'
TWO = "K2;500;BACK;;;closed;08/01/2026;moved away;PKR;KFLT-1"
END = "TOTAL;15,000.50;;;2;;;;;"


def text(*lines: str) -> bytes:
    return "\r\n".join((HEAD, *lines, "")).encode()


GOOD = text(ONE, TWO, END)


def read(content: bytes, work: Path, table: Table = TABLE, kind: str = "csv") -> list[AnswerLine]:
    formats = {"bank": (AnswerFormat.model_validate({"format": kind, "table": table}),)}
    with read_answer(content, name=f"answer.{kind}", formats=formats, work=work) as opened:
        assert opened.head.original_message_id == "KFLT-1"
        assert opened.banks == ("bank",)
        assert opened.head.message_id == "answer"
        return [line for batch in opened.batches() for line in batch]


def refusal(content: bytes, work: Path, table: Table = TABLE, kind: str = "csv") -> tuple[str, str]:
    with pytest.raises(Problem) as caught:
        read(content, work, table, kind)
    assert all(f"answer.{kind}" in sentence for sentence in caught.value.both().splitlines())
    details = caught.value.details
    return caught.value.code, str(details.get("place", details.get("line", details.get("columns", ""))))


def test_every_column_is_read_for_what_it_means(tmp_path: Path) -> None:
    assert read(GOOD, tmp_path) == [
        AnswerLine(2, "payment", "K1", "paid", "", 1_450_050, "PK36HABB0000", "Bibi; Zainab", date(2026, 1, 6), ""),
        AnswerLine(3, "payment", "K2", "returned", "AC04", 50_000, "", "", date(2026, 1, 8), "moved away"),
    ]  # fmt: skip


def test_a_table_is_read_from_a_file_with_a_byte_order_mark_other_digits_and_columns_in_any_order(
    tmp_path: Path,
) -> None:
    rows = list(csv.reader(StringIO(GOOD.decode()), delimiter=";"))
    out = StringIO(newline="")
    csv.writer(out, delimiter=";").writerows([row[::-1] for row in rows])
    mixed = out.getvalue().replace("14,500.50", "١٤,٥٠٠.٥٠").replace("06/01/2026", "۰۶/۰۱/۲۰۲۶")
    path = tmp_path / "from-bank.csv"
    path.write_bytes(b"\xef\xbb\xbf" + mixed.encode())
    formats = {"bank": (AnswerFormat(format="csv", table=TABLE),)}
    with read_answer(path, name="answer.csv", formats=formats, work=tmp_path) as opened:
        assert [line for batch in opened.batches() for line in batch] == read(GOOD, tmp_path)


@pytest.mark.parametrize(
    ("written", "paisa"),
    [("1", 100), ("1.5", 150), ("1,234,567.89", 123_456_789), ("1234567.89", 123_456_789), ("99999999999.99", 9_999_999_999_999)],
)  # fmt: skip
def test_amounts_are_exact(written: str, paisa: int, tmp_path: Path) -> None:
    table = TABLE.model_copy(update={"totals": None})
    (line,) = read(text(ONE.replace("14,500.50", written)), tmp_path, table)
    assert line.amount_paisa == paisa


def test_decimal_comma_and_points_between_thousands_are_a_matter_of_the_profile(tmp_path: Path) -> None:
    table = TABLE.model_copy(update={"totals": None, "decimal": ",", "thousands": "."})
    (line,) = read(text(ONE.replace("14,500.50", "1.014.500,5")), tmp_path, table)
    assert line.amount_paisa == 101_450_050


def test_a_reason_that_is_no_code_is_kept_as_text(tmp_path: Path) -> None:
    lines = read(text(ONE, TWO.replace("closed", "gone abroad"), END), tmp_path)
    assert (lines[1].reason_code, lines[1].text) == ("NARR", "gone abroad moved away")


@pytest.mark.parametrize(
    ("lines", "code", "place"),
    [
        ((ONE, TWO, END.replace(";2;", ";3;")), "bank.totals_differ", "line[4]/Title"),
        ((ONE, TWO, END.replace("15,000.50", "15,000.51")), "bank.totals_differ", "line[4]/Amount"),
        ((ONE, TWO, END.replace("15,000.50", "all")), "bank.totals_differ", "line[4]/Amount"),
        ((ONE, TWO), "bank.element_missing", "line[4]/Total"),
        ((ONE, END, TWO), "bank.element_missing", "line[5]/Total"),
        ((ONE, TWO, END, END), "bank.element_missing", "line[6]/Total"),
        ((), "bank.element_missing", "line[2]"),
        ((ONE, TWO.replace("BACK", "GONE"), END), "bank.value_invalid", "line[3]/Status"),
        ((ONE, TWO.replace(";500;", ";-500;"), END), "bank.value_invalid", "line[3]/Amount"),
        ((ONE, TWO.replace(";500;", ";0;"), END), "bank.value_invalid", "line[3]/Amount"),
        ((ONE, TWO.replace(";500;", ";500.005;"), END), "bank.value_invalid", "line[3]/Amount"),
        ((ONE, TWO.replace(";500;", ";5e2;"), END), "bank.value_invalid", "line[3]/Amount"),
        ((ONE, TWO.replace(";500;", ";5,00;"), END), "bank.value_invalid", "line[3]/Amount"),
        ((ONE, TWO.replace(";500;", ";=500;"), END), "bank.value_invalid", "line[3]/Amount"),
        ((ONE, TWO.replace("08/01", "30/02"), END), "bank.value_invalid", "line[3]/Date"),
        ((ONE, TWO.replace("K2", "K" * 36), END), "bank.value_invalid", "line[3]/Ref"),
        ((ONE, TWO.replace("K2", "K\u202e2"), END), "bank.value_invalid", "line[3]/Ref"),
        ((ONE, TWO.replace("PKR", "USD"), END), "bank.currency_wrong", "line[3]"),
        ((ONE, TWO.replace("KFLT-1", "KFLT-2"), END), "bank.value_invalid", "line[3]/File"),
        ((ONE, TWO + ";more", END), "bank.unreadable", "3"),
        ((ONE, "K2;500", END), "bank.unreadable", "3"),
        ((ONE, TWO.replace("moved", '"mo"ved'), END), "bank.unreadable", "3"),
        ((ONE, TWO.replace("moved", "mo\0ved"), END), "bank.encoding_refused", ""),
        ((ONE, TWO.replace("moved", "mo\x07ved"), END), "bank.unreadable", "3"),
    ],
)
def test_a_wrong_table_is_refused_with_line_and_column(
    lines: tuple[str, ...], code: str, place: str, tmp_path: Path
) -> None:
    assert refusal(text(*lines), tmp_path) == (code, place)


def test_a_table_in_another_encoding_without_a_column_or_with_one_twice_is_refused(tmp_path: Path) -> None:
    assert refusal(GOOD.decode().encode("utf-16"), tmp_path)[0] == "bank.encoding_refused"
    assert (
        refusal(GOOD.replace(b"Zainab", "Zaïnab".encode("latin-1")), tmp_path)[0] == "bank.encoding_refused"
    )
    assert refusal(GOOD.replace(b"Status", b"Stat", 1), tmp_path) == ("bank.columns_missing", "Status")
    assert refusal(GOOD.replace(b";Note", b";Ref", 1), tmp_path) == ("bank.columns_missing", "Ref, Note")


def test_the_stream_for_copy_says_what_the_lines_say_and_no_text_becomes_null(tmp_path: Path) -> None:
    content = text(ONE.replace(";;06", ";\\N;06"), TWO, END)
    formats = {"bank": (AnswerFormat(format="csv", table=TABLE),)}
    with read_answer(content, name="answer.csv", formats=formats, work=tmp_path) as opened:
        columns = opened.columns
        stream = b"".join(opened.copy_chunks()).decode()
    rows = list(csv.reader(StringIO(stream, newline="")))
    assert [dict(zip(columns, row, strict=True))["reference"] for row in rows] == ["K1", "K2"]
    assert rows[0][columns.index("reason_code")] == "NARR"
    assert '"\\N"' in stream.splitlines()[0]


def test_the_stream_for_copy_leaves_out_what_no_line_says(tmp_path: Path) -> None:
    """The lines are the same with and without the columns that are left out, and a reader who stops early is let go."""
    plain = text("K1;14,500.50;paid;;;;06/01/2026;;PKR;KFLT-1", "K2;500;BACK;;;;08/01/2026;;PKR;KFLT-1", END)
    formats = {"bank": (AnswerFormat(format="csv", table=TABLE),)}
    for content, left_out in ((plain, {"scope", *DEFAULTS}), (GOOD, {"scope"})):
        with read_answer(content, name="answer.csv", formats=formats, work=tmp_path) as opened:
            assert set(COLUMNS) - set(opened.columns) == left_out
            said = list(csv.DictReader(StringIO(b"".join(opened.copy_chunks()).decode()), opened.columns))
            lines = [{**DEFAULTS, **line} for line in said]
            assert [[str(value) for value in line] for line in read(content, tmp_path)] == [
                [line[column] for column in COLUMNS] for line in lines
            ]
            assert len(next(opened.copy_chunks())) > 0


@pytest.mark.parametrize("spoilt", ["K2 ", " K2", '"K2"', "K2\u00a0"])
def test_a_cell_is_read_without_the_spaces_and_quotes_around_it(spoilt: str, tmp_path: Path) -> None:
    """Files of plain cells are read without looking for these; a file with one of them in it must not be taken for such."""
    content = text(ONE.replace('"Bibi; Zainab"', "Bibi"), TWO.replace("K2", spoilt), END)
    lines = read(content, tmp_path)
    assert [line.reference for line in lines] == ["K1", "K2"]


def test_a_space_at_the_end_of_a_file_is_no_part_of_its_last_cell(tmp_path: Path) -> None:
    table = TABLE.model_copy(update={"totals": None})
    (line,) = read(text(ONE.replace('"Bibi; Zainab"', "Bibi")).removesuffix(b"\r\n") + b" ", tmp_path, table)
    assert line.reference == "K1"


# ---- spreadsheets ----------------------------------------------------------------------------------------------

SHEET = TABLE.model_copy(update={"sheet": "Report"})
ROWS: tuple[tuple[object, ...], ...] = (
    tuple(HEAD.split(";")),
    ("K1", 14500.5, "paid", "PK36HABB0000", "Bibi; Zainab", None, date(2026, 1, 6), None, "PKR", "KFLT-1"),
    ("K2", "500", "BACK", None, None, "closed", "08/01/2026", "moved away", "PKR", "KFLT-1"),
    ("TOTAL", 15000.5, None, None, 2, None, None, None, None, None),
)


def workbook(*rows: tuple[object, ...], title: str = "Report") -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_spreadsheet_says_what_its_csv_would(tmp_path: Path) -> None:
    assert read(workbook(*ROWS, (None,) * 10), tmp_path, SHEET, "xlsx") == read(GOOD, tmp_path)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (workbook(ROWS[0], ("=1+1", *ROWS[1][1:]), *ROWS[2:]), "bank.formula_refused"),
        (workbook(*ROWS, title="Other"), "bank.columns_missing"),
        (workbook(ROWS[0], ROWS[1], ROWS[3]), "bank.totals_differ"),
        (workbook(ROWS[0], ("K1", 14500.505, *ROWS[1][2:]), *ROWS[2:]), "bank.value_invalid"),
        (workbook(*ROWS)[:-200], "bank.unreadable"),
        (b"PK\x03\x04 and no more", "bank.unreadable"),
    ],
    ids=["formula", "sheet", "total", "fraction of a paisa", "cut off", "no zip"],
)
def test_a_wrong_spreadsheet_is_refused(content: bytes, code: str, tmp_path: Path) -> None:
    assert refusal(content, tmp_path, SHEET, "xlsx")[0] == code
