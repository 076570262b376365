"""Damage to valid bank files, drawn from a seed: as lines, disks, programs and dishonest people do it.

A mutation is named, so that what becomes of each kind can be counted. Every one gets a valid file and returns bytes
that may be anything, the same file among it.
"""

from __future__ import annotations

import random
import re
import zipfile
from collections.abc import Callable
from io import BytesIO

from lxml import etree
from openpyxl import Workbook, load_workbook

Mutate = Callable[[bytes, random.Random], bytes]

# ---- any bytes ---------------------------------------------------------------------------------------------------


def _stretch(content: bytes, draw: random.Random) -> tuple[int, int]:
    first = draw.randrange(len(content))
    return first, min(len(content), first + draw.choice((1, 2, 5, 20, 200)))


def bit_flip(content: bytes, draw: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 8))):
        damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
    return bytes(damaged)


def cut_off(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(len(content))]


def stretch_lost(content: bytes, draw: random.Random) -> bytes:
    first, last = _stretch(content, draw)
    return content[:first] + content[last:]


def stretch_twice(content: bytes, draw: random.Random) -> bytes:
    first, last = _stretch(content, draw)
    return content[:last] + content[first:last] + content[last:]


def bytes_put_in(content: bytes, draw: random.Random) -> bytes:
    extra = draw.choice(
        (
            b"<",
            b">",
            b"&",
            b"\0",
            b'"',
            b";",
            b"\n",
            b"-",
            b"0",
            b"9" * 20,
            b"\xff\xfe",
            "\u202e".encode(),
            "٣".encode(),
        )
    )
    place = draw.randrange(len(content) + 1)
    return content[:place] + extra + content[place:]


BYTES: dict[str, Mutate] = {
    one.__name__: one for one in (bit_flip, cut_off, stretch_lost, stretch_twice, bytes_put_in)
}

# ---- text --------------------------------------------------------------------------------------------------------


def digit_changed(content: bytes, draw: random.Random) -> bytes:
    places = [match.start() for match in re.finditer(rb"[0-9]", content)]
    place = draw.choice(places)
    return content[:place] + str(draw.randrange(10)).encode() + content[place + 1 :]


def other_currency(content: bytes, draw: random.Random) -> bytes:
    places = [match.start() for match in re.finditer(rb"PKR", content)]
    if not places:
        return content
    place = draw.choice(places)
    return content[:place] + draw.choice((b"USD", b"INR", b"pkr", b"")) + content[place + 3 :]


def other_encoding(content: bytes, draw: random.Random) -> bytes:
    encoding = draw.choice(("utf-16", "utf-16-le", "utf-32", "cp1256", "latin-1", "utf-8-sig"))
    text = content.decode().replace("Zainab", draw.choice(("Zaïnab", "Zainab")))
    return text.encode(encoding, "replace")


TEXT: dict[str, Mutate] = {one.__name__: one for one in (digit_changed, other_currency, other_encoding)}

# ---- XML ---------------------------------------------------------------------------------------------------------

Element = etree._Element


def _tree(content: bytes, draw: random.Random) -> tuple[Element, Element]:
    root = etree.fromstring(content)
    return root, draw.choice([one for one in root.iter() if one.getparent() is not None])


def _written(root: Element) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def element_lost(content: bytes, draw: random.Random) -> bytes:
    root, one = _tree(content, draw)
    parent = one.getparent()
    assert parent is not None
    parent.remove(one)
    return _written(root)


def element_twice(content: bytes, draw: random.Random) -> bytes:
    root, one = _tree(content, draw)
    one.addnext(etree.fromstring(etree.tostring(one, with_tail=False)))
    return _written(root)


def elements_swapped(content: bytes, draw: random.Random) -> bytes:
    root, one = _tree(content, draw)
    after = one.getnext()
    if after is not None:
        after.addnext(one)
    return _written(root)


def element_moved(content: bytes, draw: random.Random) -> bytes:
    root, one = _tree(content, draw)
    others = [other for other in root.iter() if one not in other.iterancestors() and other is not one]
    draw.choice(others).append(one)
    return _written(root)


def text_changed(content: bytes, draw: random.Random) -> bytes:
    root, _ = _tree(content, draw)
    one = draw.choice([element for element in root.iter() if element.text and element.text.strip()])
    one.text = draw.choice(
        (
            "",
            " ",
            "0",
            "-1",
            "1e5",
            "NaN",
            "14500.005",
            "RJCT",
            "PDNG",
            "CRDT",
            "x" * 40,
            "\u202e14500",
            "2026-02-30",
            "true",
        )
    )
    return _written(root)


def total_changed(content: bytes, draw: random.Random) -> bytes:
    root = etree.fromstring(content)
    totals = [
        one
        for one in root.iter("{*}OrgnlNbOfTxs", "{*}OrgnlCtrlSum", "{*}NbOfNtries", "{*}Sum", "{*}Bal")
        if one.tag is not None
    ]
    if not totals:
        return content
    one = draw.choice(totals)
    amount = one.find("{*}Amt")
    target = one if amount is None else amount
    target.text = str(int((target.text or "0").split(".")[0]) + draw.choice((1, -1, 100)))
    return _written(root)


def namespace_changed(content: bytes, draw: random.Random) -> bytes:
    wrong = draw.choice(
        (b"pain.002.001.99", b"camt.052.001.08", b"pacs.002.001.10", b"camt.054.001.08", b"camt.053.001.08")
    )
    return re.sub(rb"(pain|camt)\.\d{3}\.\d{3}\.\d{2}", wrong, content, count=draw.choice((0, 1)))


def doctype_put_in(content: bytes, draw: random.Random) -> bytes:
    start = content.index(b"<Document")
    entity = draw.choice((b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', b"<!DOCTYPE x>"))
    return content[:start] + entity + content[start:]


XML: dict[str, Mutate] = {
    one.__name__: one
    for one in (
        element_lost,
        element_twice,
        elements_swapped,
        element_moved,
        text_changed,
        total_changed,
        namespace_changed,
        doctype_put_in,
    )
}

# ---- tables ------------------------------------------------------------------------------------------------------

CELLS = (
    "", " ", "0", "-1", "=1+1", "@SUM(1)", "+14500", "1e5", "14,50,0.00", "١٤٬٥٠٠", "14500.005", "NaN", "x" * 600,
    '"', "K1;K2", "\u202eK1", "31/02/2026", "2026-13-01", "PAID?", "TOTAL", "Grand Total", "USD",
)  # fmt: skip


def _lines(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True)


def line_lost(content: bytes, draw: random.Random) -> bytes:
    lines = _lines(content)
    del lines[draw.randrange(len(lines))]
    return b"".join(lines)


def line_twice(content: bytes, draw: random.Random) -> bytes:
    lines = _lines(content)
    place = draw.randrange(len(lines))
    return b"".join([*lines[: place + 1], *lines[place:]])


def lines_swapped(content: bytes, draw: random.Random) -> bytes:
    lines = _lines(content)
    place = draw.randrange(len(lines) - 1)
    lines[place], lines[place + 1] = lines[place + 1], lines[place]
    return b"".join(lines)


def cell_changed(content: bytes, draw: random.Random) -> bytes:
    lines = _lines(content)
    place = draw.randrange(len(lines))
    sign = b";" if b";" in lines[0] else b","
    cells = lines[place].rstrip(b"\r\n").split(sign)
    cells[draw.randrange(len(cells))] = draw.choice(CELLS).encode()
    lines[place] = sign.join(cells) + b"\r\n"
    return b"".join(lines)


def columns_changed(content: bytes, draw: random.Random) -> bytes:
    lines = _lines(content)
    sign = b";" if b";" in lines[0] else b","
    cells = [line.rstrip(b"\r\n").split(sign) for line in lines]
    first, second = draw.randrange(len(cells[0])), draw.randrange(len(cells[0]))
    if draw.random() < 0.5:
        for row in cells:
            if max(first, second) < len(row):
                row[first], row[second] = row[second], row[first]
    else:
        cells[0][first] = cells[0][second]
    return b"".join(sign.join(row) + b"\r\n" for row in cells)


CSV: dict[str, Mutate] = {
    one.__name__: one for one in (line_lost, line_twice, lines_swapped, cell_changed, columns_changed)
}


def _sheet(content: bytes) -> tuple[str, list[list[object]]]:
    book = load_workbook(BytesIO(content))
    sheet = book.worksheets[0]
    return sheet.title, [list(row) for row in sheet.iter_rows(values_only=True)]


def _book(title: str, rows: list[list[object]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for row in rows:
        sheet.append(row)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def sheet_cell_changed(content: bytes, draw: random.Random) -> bytes:
    title, rows = _sheet(content)
    row = draw.choice(rows)
    row[draw.randrange(len(row))] = draw.choice((*CELLS, 14500, 14500.5, 14500.005, True, None))
    return _book(title, rows)


def sheet_row_lost(content: bytes, draw: random.Random) -> bytes:
    title, rows = _sheet(content)
    del rows[draw.randrange(len(rows))]
    return _book(title, rows)


def sheet_row_twice(content: bytes, draw: random.Random) -> bytes:
    title, rows = _sheet(content)
    rows.insert(draw.randrange(len(rows)), draw.choice(rows))
    return _book(title, rows)


def sheet_renamed(content: bytes, draw: random.Random) -> bytes:
    return _book(draw.choice(("Sheet1", "رپورٹ")), _sheet(content)[1])


def member_put_in(content: bytes, draw: random.Random) -> bytes:
    out = BytesIO(content)
    with zipfile.ZipFile(out, "a") as archive:
        name = draw.choice(("xl/vbaProject.bin", "xl/externalLinks/externalLink1.xml", "xl/x.txt"))
        archive.writestr(name, b"\0" * 100)
    return out.getvalue()


XLSX: dict[str, Mutate] = {
    one.__name__: one
    for one in (sheet_cell_changed, sheet_row_lost, sheet_row_twice, sheet_renamed, member_put_in)
}

OF_KIND: dict[str, dict[str, Mutate]] = {
    "pain.002": BYTES | TEXT | XML,
    "camt.053": BYTES | TEXT | XML,
    "camt.054": BYTES | TEXT | XML,
    "csv": BYTES | TEXT | CSV,
    "xlsx": BYTES | XLSX,
}


def mutated(kind: str, content: bytes, draw: random.Random) -> tuple[str, bytes]:
    """Return the name of a mutation drawn for a file of `kind`, and what it made of it; sometimes two in a row."""
    known = OF_KIND[kind]
    name = draw.choice(sorted(known))
    damaged = known[name](content, draw)
    if draw.random() < 0.15 and damaged:
        damaged = BYTES[draw.choice(sorted(BYTES))](damaged, draw)
    return name, damaged
