"""The two standard tables every survey becomes, and the value that stands for them.

`households` has one row per household, `people` one per member. Besides the columns below each has one column per
collected fact of its level. NULL means: not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb

from kafalat.policy.model import Fact, Place, Programme

# Column -> DuckDB type. `region` is declared as a fact as well; the two columns are one.
HOUSEHOLD_REQUIRED: Mapping[str, str] = {
    "household_key": "VARCHAR",
    "place_pcode": "VARCHAR",
    "region": "VARCHAR",
    "interviewed_on": "DATE",
}
HOUSEHOLD_OPTIONAL: Mapping[str, str] = {
    "psu": "VARCHAR",
    "weight": "DOUBLE",
    "spending_rupees_year": "DOUBLE",
    "form_number": "VARCHAR",
}
PEOPLE_REQUIRED: Mapping[str, str] = {
    "household_key": "VARCHAR",
    "line_no": "INTEGER",
    "relationship": "VARCHAR",
    "sex": "VARCHAR",
    "age_years": "INTEGER",
    "marital_status": "VARCHAR",
}
PEOPLE_OPTIONAL: Mapping[str, str] = {
    "spouse_line": "INTEGER",
    "father_line": "INTEGER",
    "mother_line": "INTEGER",
    "name_en": "VARCHAR",
    "name_ur": "VARCHAR",
    "cnic": "VARCHAR",
    "cnic_valid_until": "DATE",
    "cnic_gender_updated": "BOOLEAN",
    "mobile": "VARCHAR",
    "identity_synthetic": "BOOLEAN",
}
# Each table's order: its key.
ORDERS: Mapping[str, str] = {"households": "household_key", "people": "household_key, line_no"}
FACT_TYPES: Mapping[str, str] = {
    "integer": "INTEGER",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "category": "VARCHAR",
}


@dataclass(frozen=True, slots=True)
class SurveyTables:
    """The tables `households` and `people` of `connection`, checked.

    `profile` names what made them; `source_sha256` covers every byte that went in; `synthetic` says that no real
    household is behind them. `households` and `people` count rows. `key_type` is the DuckDB type in which the survey
    itself keeps the household's id; `household_key` is the same as text.
    """

    connection: duckdb.DuckDBPyConnection
    profile: str
    source_sha256: str
    households: int
    people: int
    synthetic: bool
    key_type: str = "VARCHAR"


@dataclass(frozen=True, slots=True)
class Table:
    """One of the two tables: its name and its columns with their DuckDB types, in order."""

    name: str
    required: Mapping[str, str]
    optional: Mapping[str, str]
    facts: tuple[Fact, ...]

    def columns(self) -> dict[str, str]:
        """Return every column with its DuckDB type, in the order of the standard table."""
        types = {fact.name: FACT_TYPES[fact.type] for fact in self.facts}
        return {**self.required, **self.optional, **types}


def standard_tables(programme: Programme) -> tuple[Table, Table]:
    """Return the tables households and people as a programme's facts make them."""
    collected = {
        level: tuple(fact for fact in programme.facts if fact.level == level and fact.kind == "collected")
        for level in ("household", "person")
    }
    return (
        Table("households", HOUSEHOLD_REQUIRED, HOUSEHOLD_OPTIONAL, collected["household"]),
        Table("people", PEOPLE_REQUIRED, PEOPLE_OPTIONAL, collected["person"]),
    )


def provinces(programme: Programme) -> dict[str, str]:
    """Return the code of the fact `province` for every P-code inside a province; empty where no such fact is declared.

    A category stands for the province that bears its English name.
    """
    fact = next((fact for fact in programme.facts if fact.name == "province"), None)
    if fact is None:
        return {}
    codes = {_plain(label.en): code for code, label in fact.categories.items()}
    by_pcode = {place.pcode: place for place in programme.places}
    found = {}
    for pcode in by_pcode:
        code = next(
            (codes.get(_plain(p.name.en)) for p in _upwards(by_pcode, pcode) if p.level == "province"), None
        )
        if code is not None:
            found[pcode] = code
    return found


def _upwards(by_pcode: Mapping[str, Place], pcode: str | None) -> Iterator[Place]:
    while pcode is not None and pcode in by_pcode:
        place = by_pcode[pcode]
        yield place
        pcode = place.parent


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalpha())
