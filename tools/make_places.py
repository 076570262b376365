"""Make `programmes/benazir-kafalat/places.csv` from the boundary list and the census tables kept beside the project.

    python tools/make_places.py --shared ../shared

Reads OCHA's P-code list (valid from 2022-09-09), the 2023 census by district, and the 2017 census by district and
tehsil. Figures are written as published, never scaled; unknown stays empty. Urdu names already in the file are kept:
they are written by people, and this tool only adds rows. `places.source.md` beside the file says what each column is.
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
DISTRICT_NAMES = {"PK509": "Dera Ismail Khan", "PK618": "Layyah", "PK534": "Torghar"}
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

    A tehsil made after 2017 has no figure; its people are in the figure of the tehsil it was cut from.
    """
    districts = {
        spelling(row["name_in_source"]): row["adm2_pcode"]
        for row in read(shared / "geo_pk" / "district_name_crosswalk.csv")
    }
    by_name = {(row["adm2_pcode"], spelling(row["tehsil"])): row["adm3_pcode"] for row in tehsils}
    other = {(row["census_district"], row["census_tehsil"]): row["pcode"] for row in read(OTHER_NAMES)}
    people: dict[str, int] = defaultdict(int)
    for row in read(shared / "pk_census" / "census2017_tehsil.csv"):
        name = by_name.get((districts.get(spelling(row["District"]), ""), spelling(row["Tehsil"])), "")
        code = other.get((row["District"], row["Tehsil"]), name)
        if code:
            people[code] += whole(row["Pop2017"])
    return {code: str(figure) for code, figure in people.items() if figure}


def place(pcode: str, level: str, parent: str, name_en: str, **more: str) -> Row:
    """Return one row of places.csv without its Urdu name."""
    row = dict.fromkeys(COLUMNS, "") | {"pcode": pcode, "level": level, "parent": parent, "name_en": name_en}
    return row | {"valid_from": VALID_FROM} | more


def places(shared: Path) -> list[Row]:
    """Return every place, parents before children: the country, provinces, districts, tehsils."""
    geo = shared / "geo_pk"
    districts, tehsils = read(geo / "districts.csv"), read(geo / "tehsil_points.csv")
    figures, rural = district_figures(shared, districts), rural_shares(shared, districts)
    shapes = [
        District(row["adm2_pcode"], row["adm1_pcode"], float(row["lon"]), float(row["lat"]))
        for row in districts
    ]
    tiles = tile_grid(shapes, borders(geo / "pk_adm1_adm2.topojson"))
    of_tehsil = tehsil_figures(shared, tehsils)
    rows = [place("PK", "country", "", "Pakistan")]
    provinces = {row["adm1_pcode"]: row["province"] for row in districts}
    rows += [place(code, "province", "PK", provinces[code]) for code in sorted(provinces)]
    for row in sorted(districts, key=lambda row: row["adm2_pcode"]):
        code = row["adm2_pcode"]
        people, homes = figures.get(code, ("", ""))
        tile_row, tile_col = (str(number) for number in tiles[code])
        rows.append(
            place(
                code,
                "district",
                row["adm1_pcode"],
                DISTRICT_NAMES.get(code, row["district"]),
                population=people,
                households=homes,
                rural_share_pct=rural.get(code, ""),
                tile_row=tile_row,
                tile_col=tile_col,
            )  # fmt: skip
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
    """Write places.csv, keeping the Urdu names it has; say which places still lack one."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--shared", type=Path, required=True, help="the folder with data/geo_pk and data/pk_census"
    )
    shared: Path = parser.parse_args().shared / "data"
    kept = {row["pcode"]: row["name_ur"] for row in read(TARGET)} if TARGET.exists() else {}
    rows = places(shared)
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | {"name_ur": kept.get(row["pcode"], "")} for row in rows)
    lacking = [row["pcode"] for row in rows if not kept.get(row["pcode"])]
    print(f"{len(rows)} places written to {TARGET}")
    if lacking:
        print(f"write the Urdu names of: {', '.join(lacking)}")


if __name__ == "__main__":
    main()
