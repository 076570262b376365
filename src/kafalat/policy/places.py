"""Reads `places.csv`, the P-code hierarchy, and answers which place lies in which."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from kafalat.policy.findings import Fault, Finding, nearest
from kafalat.policy.model import Place
from kafalat.policy.refusals import fault_of

FILE = "places.csv"
LEVELS = ("country", "province", "district", "tehsil")
_NUMBERS = ("population", "households", "rural_share_pct", "tile_row", "tile_col")
COLUMNS = ("pcode", "level", "parent", "name_en", "name_ur", "valid_from", "valid_to", *_NUMBERS)
_PARENTS_MAX = len(LEVELS)


@dataclass(frozen=True)
class Places:
    """The places of a programme by P-code, with the line of each. `whole` says whether every row could be read."""

    by_pcode: Mapping[str, Place] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    whole: bool = False

    def ancestors(self, pcode: str) -> Iterator[str]:
        """Yield the P-code itself and then each place it lies in, nearest first."""
        current: str | None = pcode
        for _ in range(_PARENTS_MAX):
            if current is None or current not in self.by_pcode:
                return
            yield current
            current = self.by_pcode[current].parent

    def of_level(self, level: str) -> list[Place]:
        """Return the places of one level, in P-code order."""
        return sorted(
            (place for place in self.by_pcode.values() if place.level == level), key=lambda place: place.pcode
        )

    def unknown(self, text: str) -> Fault:
        """Return the fault of naming `text`, which is no P-code here; a name gets the P-code it belongs to."""
        names = {
            name: place
            for place in self.by_pcode.values()
            for name in (place.name.en, place.pcode, place.name.ur)
        }
        like = nearest(text, names)
        hint = f"{names[like].pcode} ({names[like].name.en})" if like else None
        return Fault(
            f"'{text}' is no P-code of {FILE}; places are named by P-code alone.",
            f"«{text}» {FILE} کا کوئی مقامی کوڈ (P-code) نہیں؛ مقام صرف P-code سے لکھا جاتا ہے۔",
            hint,
        )


def read_places(content: bytes) -> tuple[Places, list[Finding]]:
    """Return the places with all findings of the file: its columns, its rows, and the hierarchy they make."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Places(), [
            Finding(
                FILE,
                line,
                "The text is not UTF-8; save the file as UTF-8.",
                "تحریر UTF-8 میں نہیں؛ فائل کو UTF-8 میں محفوظ کریں۔",
            )
        ]
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    header = list(reader.fieldnames or [])
    findings = _columns(header)
    if findings:
        return Places(), findings
    by_pcode: dict[str, Place] = {}
    lines: dict[str, int] = {}
    rows = 0
    try:
        for row in reader:
            rows += 1
            findings += _row(row, reader.line_num, by_pcode, lines)
    except csv.Error as error:
        en, ur = f"The row cannot be read as CSV: {error}.", f"یہ سطر CSV کے طور پر نہیں پڑھی جاتی ({error})۔"
        return Places(by_pcode, lines), [*findings, Finding(FILE, reader.line_num, en, ur)]
    if not rows:
        findings.append(Finding(FILE, 1, "There are no places.", "کوئی مقام درج نہیں۔"))
    places = Places(by_pcode, lines, whole=len(by_pcode) == rows)
    return places, findings + _hierarchy(places) + _tiles(places)


def _columns(header: list[str]) -> list[Finding]:
    missing = [column for column in COLUMNS if column not in header]
    unknown = [column for column in header if column not in COLUMNS]
    twice = sorted({column for column in header if header.count(column) > 1})
    findings = [
        Finding(
            FILE,
            1,
            f"'{column}' is no column known here.",
            f"«{column}» کوئی معلوم کالم نہیں۔",
            nearest(column, missing),
        )
        for column in unknown
    ]
    findings += [
        Finding(FILE, 1, f"The column '{column}' is missing.", f"کالم «{column}» موجود نہیں۔")
        for column in missing
    ]
    return findings + [
        Finding(FILE, 1, f"The column '{column}' stands twice.", f"کالم «{column}» دو بار ہے۔")
        for column in twice
    ]


def _row(row: dict[str, str], line: int, by_pcode: dict[str, Place], lines: dict[str, int]) -> list[Finding]:
    """Add the place of one row, or return what is wrong with it."""
    if None in row or None in row.values():
        en, ur = f"The row does not have {len(COLUMNS)} columns.", f"اس سطر میں {len(COLUMNS)} کالم نہیں۔"
        return [Finding(FILE, line, en, ur)]
    pcode = row["pcode"]
    if pcode in by_pcode:
        first = lines[pcode]
        en, ur = (
            f"The P-code '{pcode}' stands twice, first in line {first}.",
            f"P-code «{pcode}» دو بار لکھا ہے، پہلے سطر {first} میں۔",
        )
        return [Finding(FILE, line, en, ur)]
    values: dict[str, object] = {column: row[column] or None for column in ("parent", "valid_to", *_NUMBERS)}
    values |= {column: row[column] for column in ("pcode", "level", "valid_from")}
    values["name"] = {"en": row["name_en"].strip(), "ur": row["name_ur"].strip()}
    try:
        by_pcode[pcode] = Place.model_validate(values)
    except ValidationError as error:
        faults = [fault_of(detail, detail["loc"], None) for detail in error.errors(include_url=False)]
        return [
            Finding(FILE, line, f"{pcode}: {fault.en}", f"{pcode}: {fault.ur}", fault.nearest)
            for fault in faults
        ]
    lines[pcode] = line
    return []


def _hierarchy(places: Places) -> list[Finding]:
    """Each place but a country lies in one of a higher level that is there; validity does not end before it begins."""
    findings: list[Finding] = []

    def add(place: Place, fault: Fault) -> None:
        findings.append(
            Finding(
                FILE,
                places.lines[place.pcode],
                f"{place.pcode}: {fault.en}",
                f"{place.pcode}: {fault.ur}",
                fault.nearest,
            )
        )

    for place in places.by_pcode.values():
        parent = None if place.parent is None else places.by_pcode.get(place.parent)
        if place.parent is None and place.level != "country":
            add(place, Fault(f"A {place.level} needs a parent.", "اس مقام کا بالائی مقام (parent) درج نہیں۔"))
        elif place.parent is not None and parent is None:
            add(place, places.unknown(place.parent))
        elif parent is not None and LEVELS.index(parent.level) >= LEVELS.index(place.level):
            add(
                place,
                Fault(
                    f"A {place.level} cannot lie in a {parent.level} ({parent.pcode}).",
                    f"یہ مقام اپنے سے چھوٹے یا برابر درجے کے مقام ({parent.pcode}) میں نہیں ہو سکتا۔",
                ),
            )
        if place.valid_to is not None and place.valid_to < place.valid_from:
            add(place, Fault("valid_to lies before valid_from.", "valid_to کی تاریخ valid_from سے پہلے ہے۔"))
    return findings


def _tiles(places: Places) -> list[Finding]:
    """On the tile map each tile has one district, and no other level has a tile."""
    findings: list[Finding] = []
    taken: dict[tuple[int | None, int | None], str] = {}
    for place in places.by_pcode.values():
        tile = (place.tile_row, place.tile_col)
        if tile == (None, None):
            continue
        if None in tile or place.level != "district":
            fault = Fault(
                "Only a district has a tile, with both its row and its column.",
                "خانہ صرف ضلع کا ہوتا ہے، قطار اور کالم دونوں کے ساتھ۔",
            )
        elif tile in taken:
            fault = Fault(
                f"Its tile belongs to {taken[tile]} already.", f"اس کا خانہ پہلے ہی {taken[tile]} کا ہے۔"
            )
        else:
            taken[tile] = place.pcode
            continue
        findings.append(
            Finding(
                FILE, places.lines[place.pcode], f"{place.pcode}: {fault.en}", f"{place.pcode}: {fault.ur}"
            )
        )
    return findings
