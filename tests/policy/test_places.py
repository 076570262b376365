"""The places of the shipped programme: one hierarchy, one tile a district, Urdu in Urdu letters, plausible figures."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from tests.source import ROOT

PLACES = ROOT / "programmes" / "benazir-kafalat" / "places.csv"
LEVELS = ("country", "province", "district", "tehsil")
URDU = re.compile(r"\A[\u0621-\u063A\u0641-\u0655\u0670-\u06D3 ()]+\Z")
ARABIC = re.compile(r"[\u0643\u0647\u0649\u064A]")
SIDES = ((-1, 0), (1, 0), (0, -1), (0, 1))
Row = dict[str, str]


def rows_of(path: Path = PLACES) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


ROWS = rows_of()
DISTRICTS = [row for row in ROWS if row["level"] == "district"]


def tree_faults(rows: list[Row]) -> list[str]:
    """Return what breaks the hierarchy: a code twice, a parent missing, coming later, or of the wrong level."""
    faults = []
    level: dict[str, str] = {}
    for row in rows:
        code, parent = row["pcode"], row["parent"]
        if code in level:
            faults.append(f"twice: {code}")
        above = LEVELS.index(row["level"]) - 1
        if level.get(parent) != (LEVELS[above] if above >= 0 else None):
            faults.append(f"wrong parent: {code} in {parent or 'nothing'}")
        if not code.startswith(parent):
            faults.append(f"code is not its parent's: {code} in {parent}")
        level[code] = row["level"]
    return faults


def tile_faults(rows: list[Row]) -> list[str]:
    """Return what breaks the tile grid: a district without a tile, a tile used twice, a tile given to another level."""
    faults = []
    owner: dict[tuple[str, str], str] = {}
    for row in rows:
        tile = (row["tile_row"], row["tile_col"])
        if row["level"] != "district":
            faults += [f"not a district: {row['pcode']}"] if any(tile) else []
        elif not (tile[0].isdecimal() and tile[1].isdecimal()):
            faults.append(f"no tile: {row['pcode']}")
        elif tile in owner:
            faults.append(f"one tile: {owner[tile]} and {row['pcode']}")
        owner.setdefault(tile, row["pcode"])
    return faults


def pieces(tiles: set[tuple[int, int]]) -> int:
    """Return into how many pieces, not joined by a side, the tiles fall."""
    left, count = set(tiles), 0
    while left:
        count += 1
        front = [left.pop()]
        while front:
            row, col = front.pop()
            near = {(row + down, col + right) for down, right in SIDES} & left
            left -= near
            front += near
    return count


def test_every_place_of_the_boundary_list_is_there() -> None:
    assert Counter(row["level"] for row in ROWS) == {
        "country": 1,
        "province": 7,
        "district": 160,
        "tehsil": 577,
    }


def test_codes_are_unique_and_every_parent_stands_above_its_children() -> None:
    assert tree_faults(ROWS) == []


def test_every_district_has_a_tile_of_its_own() -> None:
    assert tile_faults(DISTRICTS) == []
    assert tile_faults(ROWS) == []


def test_provinces_hang_together_on_the_tile_grid() -> None:
    scattered = {}
    for province in {row["parent"] for row in DISTRICTS}:
        tiles = {
            (int(row["tile_row"]), int(row["tile_col"])) for row in DISTRICTS if row["parent"] == province
        }
        scattered[province] = pieces(tiles)
    # Gwadar lies on the coast, one bay away from Lasbela, and is still joined through Kech.
    assert set(scattered.values()) == {1}, scattered


def test_names_are_written_in_the_letters_of_their_language() -> None:
    wrong = [row["pcode"] for row in ROWS if not URDU.match(row["name_ur"]) or ARABIC.search(row["name_ur"])]
    assert wrong == []
    assert [row["pcode"] for row in ROWS if not row["name_en"].isascii() or not row["name_en"].strip()] == []


def test_dates_and_figures_read_as_what_they_are() -> None:
    assert {date.fromisoformat(row["valid_from"]) for row in ROWS} == {date(2022, 9, 9)}
    for row in ROWS:
        people, homes, rural = (row[name] for name in ("population", "households", "rural_share_pct"))
        assert all(not text or text.isdecimal() for text in (people, homes, rural)), row["pcode"]
        assert not rural or int(rural) <= 100, row["pcode"]
        if homes:
            assert 3.5 < int(people) / int(homes) < 11, f"people per household of {row['name_en']}"


def test_the_population_is_that_of_the_censuses() -> None:
    by_province = Counter[str]()
    for row in DISTRICTS:
        by_province[row["parent"]] += int(row["population"] or 0)
    # The final count of 2023 is 241.5 million without Azad Kashmir and Gilgit Baltistan.
    kashmir = by_province.pop("PK1")
    assert sum(by_province.values()) == pytest.approx(241_500_000, rel=0.002)
    assert 3_500_000 < kashmir < 4_500_000
    assert by_province["PK6"] == pytest.approx(127_690_000, rel=0.002)


def test_no_tehsil_has_more_people_than_its_district_whole() -> None:
    people = {row["pcode"]: int(row["population"]) for row in ROWS if row["population"]}
    tehsils = Counter[str]()
    for row in ROWS:
        if row["level"] == "tehsil":
            tehsils[row["parent"]] += int(row["population"] or 0)
    # A census between: the tehsils of 2017 add up to no more than the district of 2023, except Lehri, merged away.
    assert {code for code, total in tehsils.items() if total > people.get(code, 0)} <= {"PK218"}


def test_control_a_code_twice_and_a_lost_parent_are_seen() -> None:
    assert tree_faults([*ROWS, ROWS[-1]]) != []
    assert tree_faults([row for row in ROWS if row["pcode"] != "PK617"]) != []
    assert tree_faults(list(reversed(ROWS))) != []


def test_control_a_tile_used_twice_or_left_out_is_seen() -> None:
    first, second, *rest = DISTRICTS
    tile = {"tile_row": first["tile_row"], "tile_col": first["tile_col"]}
    assert tile_faults([first, second | tile, *rest]) != []
    assert tile_faults([first | {"tile_row": ""}, second, *rest]) != []
    assert pieces({(0, 0), (0, 2)}) == 2


@pytest.mark.parametrize("wrong", ["كراچي", "Lahore", "لاهور"])
def test_control_arabic_and_latin_letters_are_seen(wrong: str) -> None:
    assert not URDU.match(wrong) or ARABIC.search(wrong)
