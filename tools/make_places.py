"""Make `programmes/benazir-kafalat/places.csv` from the boundary list and the census tables kept beside the project.

    python tools/make_places.py --shared ../shared

Reads OCHA's P-code list (valid from 2022-09-09), the 2023 census by district, and the 2017 census by district and
tehsil. Figures are written as published, never scaled; unknown stays empty. What people wrote or corrected by eye in
the file is kept: Urdu names, and the tiles unless `--new-tiles` lays them out afresh. `places.source.md` beside the
file says what each column is.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections import defaultdict
from pathlib import Path

from tile_grid import District, borders, tile_grid

Row = dict[str, str]
COLUMNS = (
    "pcode", "level", "parent", "name_en", "name_ur", "valid_from", "valid_to",
    "population", "households", "rural_share_pct", "tile_row", "tile_col",
)  # fmt: skip
VALID_FROM = "2022-09-09"
HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "programmes" / "benazir-kafalat" / "places.csv"
OTHER_NAMES = (
    HERE / "census2017_tehsil_pcodes.csv"
)  # the census's name of a tehsil where it is not the boundary list's
# Names the boundary list writes oddly, as the programme writes them.
DISTRICT_NAMES = {
    "PK509": "Dera Ismail Khan",
    "PK534": "Torghar",
    "PK618": "Layyah",
    "PK702": "Karachi Central",
    "PK704": "Karachi East",
    "PK712": "Korangi",
    "PK714": "Malir",
    "PK721": "Karachi South",
    "PK729": "Karachi West",
}
TEHSIL_NAMES = {
    "PK50901": "Dera Ismail Khan",
    "PK51203": "Takht-e-Nasrati",
    "PK52801": "Peshawar Town I",
    "PK52802": "Peshawar Town II",
    "PK52803": "Peshawar Town III",
    "PK52804": "Peshawar Town IV",
    "PK60701": "Dera Ghazi Khan (Tribal Area)",
    "PK61803": "Layyah",
    "PK72903": "SITE Town",
}
KEAMARI, WEST_KARACHI = "Keamari", "PK729"
# Districts whose tehsils in the 2017 census are cut otherwise than in the boundary list, even where names agree.
CUT_OTHERWISE = {
    "Karachi Central", "Karachi East", "Karachi South", "Karachi West", "Korangi", "Lahore", "Malir", "Peshawar",
}  # fmt: skip
# Kohistan had no town in 2017, so each of the three districts made of it is wholly rural.
KOHISTAN = ("PK515", "PK516", "PK517")
# The 2017 table by district prints the former tribal areas' figures in this order, each rural then urban, under
# names that do not belong to them; the order is proved by the totals in the boundary list (see `rural_shares`).
TRIBAL_ORDER = ("PK513", "PK518", "PK524", "PK525", "PK527", "PK530", "PK502")


def read(path: Path) -> list[Row]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def whole(text: str) -> int:
    """Return a census figure ("1784453.0", "" for none) as an integer, 0 for none."""
    return int(float(text)) if text else 0


def crosswalk(geo: Path, source: str) -> dict[str, str]:
    """Return district spelling in `source` -> P-code."""
    rows = read(geo / "district_name_crosswalk.csv")
    return {
        row["name_in_source"]: row["adm2_pcode"]
        for row in rows
        if row["source"] == source and row["adm2_pcode"]
    }


def district_figures(shared: Path, districts: list[Row]) -> dict[str, tuple[str, str]]:
    """Return P-code -> (population, households): census 2023; for Azad Kashmir the 2017 population; else empty.

    The district Keamari was cut out of West Karachi in 2020 and has no P-code in this list: its people are counted
    where the list puts them. Lehri was merged into Kachhi and Sibi before 2023 and has no figure of its own.
    """
    codes = crosswalk(shared / "geo_pk", "census2023_district") | {KEAMARI: WEST_KARACHI}
    people: dict[str, int] = defaultdict(int)
    homes: dict[str, int] = defaultdict(int)
    for row in read(shared / "pk_census" / "census2023_district.csv"):
        people[codes[row["District"]]] += whole(row["Pop2023"])
        homes[codes[row["District"]]] += whole(row["Households"])
    for row in districts:
        if row["adm1_pcode"] == "PK1":
            people[row["adm2_pcode"]] = whole(row["population_2017"])
    return {code: (str(people[code] or ""), str(homes[code] or "")) for code in {**people, **homes}}


def rural_shares(shared: Path, districts: list[Row]) -> dict[str, str]:
    """Return P-code -> percent of households that are rural, census 2017. Raises ValueError if the tribal rows moved."""
    codes = crosswalk(shared / "geo_pk", "census2017_district")
    total_2017 = {row["adm2_pcode"]: whole(row["population_2017"]) for row in districts}
    homes: dict[str, dict[str, int]] = defaultdict(lambda: {"Rural": 0, "Urban": 0})
    tribal: list[Row] = []
    for row in read(shared / "pk_census" / "census2017_district.csv"):
        if row["Province"] == "FATA":
            tribal.append(row)
        elif row["District"] in codes:
            homes[codes[row["District"]]][row["ResStatus"]] = whole(row["Households"])
    for code, rural, urban in zip(TRIBAL_ORDER, tribal[0::2], tribal[1::2], strict=False):
        people = whole(rural["Pop2017"]) + whole(urban["Pop2017"])
        if total_2017[code] not in (0, people):
            msg = f"the tribal areas' rows are not in the expected order: {code} has {total_2017[code]}, not {people}"
            raise ValueError(msg)
        homes[code] = {"Rural": whole(rural["Households"]), "Urban": whole(urban["Households"])}
    homes |= {code: {"Rural": 1, "Urban": 0} for code in KOHISTAN}
    return {
        code: str(round(100 * parts["Rural"] / (parts["Rural"] + parts["Urban"])))
        for code, parts in homes.items()
        if parts["Rural"] + parts["Urban"]
    }


def spelling(name: str) -> str:
    """Return a name reduced to what two lists agree on: small letters without spaces, marks, "taluka" or "town"."""
    text = re.sub(r"\b(taluka|town|agency)\b", "", name.casefold())
    return re.sub(r"[^a-z0-9]", "", text)


def tehsil_figures(shared: Path, tehsils: list[Row]) -> dict[str, str]:
    """Return tehsil P-code -> population in the 2017 census, where its name is printed there or known by another name.

    A tehsil made after 2017 has no figure; its people are in the figure of the tehsil it was cut from. A census row
    whose P-code is empty in the list of other names is left out for the reason noted there.
    """
    districts = {
        spelling(row["name_in_source"]): row["adm2_pcode"]
        for row in read(shared / "geo_pk" / "district_name_crosswalk.csv")
    }
    by_name = {(row["adm2_pcode"], spelling(row["tehsil"])): row["adm3_pcode"] for row in tehsils}
    other = {(row["census_district"], row["census_tehsil"]): row["pcode"] for row in read(OTHER_NAMES)}
    people: dict[str, int] = defaultdict(int)
    for row in read(shared / "pk_census" / "census2017_tehsil.csv"):
        if row["District"] in CUT_OTHERWISE:
            continue
        name = by_name.get((districts.get(spelling(row["District"]), ""), spelling(row["Tehsil"])), "")
        code = other.get((row["District"], row["Tehsil"]), name)
        if code:
            people[code] += whole(row["Pop2017"])
    return {code: str(figure) for code, figure in people.items() if figure}


def place(pcode: str, level: str, parent: str, name_en: str, **more: str) -> Row:
    """Return one row of places.csv without its Urdu name."""
    row = dict.fromkeys(COLUMNS, "") | {"pcode": pcode, "level": level, "parent": parent, "name_en": name_en}
    return row | {"valid_from": VALID_FROM} | more


def tiles_of(geo: Path, districts: list[Row], kept: dict[str, Row]) -> dict[str, tuple[str, str]]:
    """Return district P-code -> (row, column): the tiles the file has, if it has all of them; otherwise a new layout."""
    tiles = {code: (row["tile_row"], row["tile_col"]) for code, row in kept.items() if row["tile_row"]}
    if tiles.keys() >= {row["adm2_pcode"] for row in districts}:
        return tiles
    shapes = [
        District(row["adm2_pcode"], row["adm1_pcode"], float(row["lon"]), float(row["lat"]))
        for row in districts
    ]
    layout = tile_grid(shapes, borders(geo / "pk_adm1_adm2.topojson"))
    return {code: (str(row), str(col)) for code, (row, col) in layout.items()}


def places(shared: Path, kept: dict[str, Row]) -> list[Row]:
    """Return every place, parents before children: the country, provinces, districts, tehsils."""
    geo = shared / "geo_pk"
    districts, tehsils = read(geo / "districts.csv"), read(geo / "tehsil_points.csv")
    figures, rural = district_figures(shared, districts), rural_shares(shared, districts)
    tiles, of_tehsil = tiles_of(geo, districts, kept), tehsil_figures(shared, tehsils)
    rows = [place("PK", "country", "", "Pakistan")]
    provinces = {row["adm1_pcode"]: row["province"] for row in districts}
    rows += [place(code, "province", "PK", provinces[code]) for code in sorted(provinces)]
    for row in sorted(districts, key=lambda row: row["adm2_pcode"]):
        code = row["adm2_pcode"]
        people, homes = figures.get(code, ("", ""))
        more = {"population": people, "households": homes, "rural_share_pct": rural.get(code, "")}
        more |= dict(zip(("tile_row", "tile_col"), tiles[code], strict=True))
        rows.append(
            place(code, "district", row["adm1_pcode"], DISTRICT_NAMES.get(code, row["district"]), **more)
        )
    for row in sorted(tehsils, key=lambda row: row["adm3_pcode"]):
        code = row["adm3_pcode"]
        rows.append(
            place(
                code,
                "tehsil",
                row["adm2_pcode"],
                TEHSIL_NAMES.get(code, row["tehsil"]),
                population=of_tehsil.get(code, ""),
            )
        )
    return rows


def main() -> None:
    """Write places.csv, keeping what people wrote in it; say which places still lack one."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--shared", type=Path, required=True, help="the folder with data/geo_pk and data/pk_census"
    )
    parser.add_argument(
        "--new-tiles", action="store_true", help="lay the tile grid out afresh (half a minute)"
    )
    given = parser.parse_args()
    kept = {row["pcode"]: row for row in read(TARGET)} if TARGET.exists() else {}
    names = {code: row["name_ur"] for code, row in kept.items()}
    rows = places(given.shared / "data", {} if given.new_tiles else kept)
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | {"name_ur": names.get(row["pcode"], "")} for row in rows)
    lacking = [row["pcode"] for row in rows if not names.get(row["pcode"])]
    print(f"{len(rows)} places written to {TARGET}")
    if lacking:
        print(f"write the Urdu names of: {', '.join(lacking)}")


if __name__ == "__main__":
    main()
