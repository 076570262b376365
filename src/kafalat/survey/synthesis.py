"""The synthesiser: draws a whole population from published figures. No household in it exists, nor is any copied.

Households are shared out over tehsils by census figures; who lives together, homes, assets, schooling and work are
drawn from shares by province and region (`figures/population.json`), tied together by a Gaussian copula in which
welfare is one variable; poorer districts are shifted along it. Now and then an answer is missing, as in life.
The same seed gives the same population.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kafalat.core.progress import Progress, silent
from kafalat.policy.model import Programme
from kafalat.survey.answers import AnswerDraws, Column, household_columns, person_columns
from kafalat.survey.draws import Integers
from kafalat.survey.geography import Homes, share_out
from kafalat.survey.roster import MARITAL, RELATIONSHIPS, SEXES, FamilyDraws, People, make_people
from kafalat.survey.tables import ORDERS, SurveyTables, Table, standard_tables

PROFILE = "synthetic"
VERSION = 2  # raise it when the same seed begins to give another population
_CHUNK_HOUSEHOLDS = 20_000
_FIRST_DAY, _DAYS = date(2024, 7, 1), 270  # the last recertification, July 2024 to March 2025
# One household in about 130 misses an answer; two in three of these about the household, one about a person.
_MISSING_SHARE, _MISSING_AT_HOME = 0.0075, 2 / 3
_ALWAYS_KNOWN = ("province", "region")


@dataclass(frozen=True)
class _Chunk:
    """The households of one chunk: their first number, and the position of each one's place."""

    first: int
    place: Integers


def figures_bytes() -> bytes:
    """Return the committed figures as they are on disk."""
    return resources.files("kafalat.survey").joinpath("figures", "population.json").read_bytes()


@cache
def _figures() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(figures_bytes())
    return found


def synthesise(
    households: int,
    seed: int,
    *,
    programme: Programme,
    connection: duckdb.DuckDBPyConnection,
    progress: Progress = silent,
) -> SurveyTables:
    """Draw a population into the tables `households` and `people` of `connection`, replacing tables of these names.

    Raises ValueError for fewer than one household. Names and identifiers are added by `identities.add_identities`.
    """
    if households < 1:
        msg = f"a population has at least one household, not {households}"
        raise ValueError(msg)
    figures = _figures()
    homes = share_out(households, programme, figures)
    tables = standard_tables(programme)
    for table in tables:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in table.columns().items())
        connection.execute(f"CREATE OR REPLACE TABLE {table.name} ({columns})")
    people = 0
    for number, chunk in enumerate(_chunks(homes)):
        rng = np.random.default_rng([seed, households, number])
        drawn = _draw_chunk(chunk, homes, figures, tables, rng)
        for table, rows in zip(tables, drawn, strict=True):
            _append(connection, table, rows)
        people += drawn[1].num_rows
        progress(min(1.0, (chunk.first + len(chunk.place)) / households))
    digest = _sha256(seed, homes, tables)
    return SurveyTables(connection, PROFILE, digest, households, people, synthetic=True)


def _sha256(seed: int, homes: Homes, tables: tuple[Table, Table]) -> str:
    """Return the SHA-256 over all that decides the population: figures, seed, places with their numbers, columns."""
    decided = {
        "version": VERSION,
        "figures": hashlib.sha256(figures_bytes()).hexdigest(),
        "seed": seed,
        "places": list(zip(homes.pcodes, homes.counts.tolist(), homes.rural_share.tolist(), strict=True)),
        "columns": [list(table.columns()) for table in tables],
    }
    return hashlib.sha256(json.dumps(decided).encode()).hexdigest()


def _chunks(homes: Homes) -> Iterator[_Chunk]:
    places = np.repeat(np.arange(len(homes.pcodes)), homes.counts)
    for first in range(0, len(places), _CHUNK_HOUSEHOLDS):
        yield _Chunk(first, places[first : first + _CHUNK_HOUSEHOLDS])


def _draw_chunk(
    chunk: _Chunk,
    homes: Homes,
    figures: dict[str, Any],
    tables: tuple[Table, Table],
    rng: np.random.Generator,
) -> tuple[pa.Table, pa.Table]:
    """Return the chunk's households and people as Arrow tables with the standard columns."""
    place, count = chunk.place, len(chunk.place)
    province = [homes.provinces[number] for number in place]
    region = np.where(rng.random(count) < homes.rural_share[place], "rural", "urban").tolist()
    stand_in = [figures["stratum_of"].get(code, code) for code in province]
    strata = {name: number for number, name in enumerate(figures["strata"])}
    stratum = np.array([strata[f"{code}_{where}"] for code, where in zip(stand_in, region, strict=True)])
    answering = AnswerDraws(figures, rng)
    standing = answering.standing(homes.shift[place])
    people = make_people(FamilyDraws(figures["family"], answering.strata, rng), stratum, standing["minors"])
    keys = pa.array([f"S{number:08d}" for number in range(chunk.first + 1, chunk.first + count + 1)])
    first_day = np.datetime64(_FIRST_DAY)
    home_columns = {
        "household_key": Column(keys),
        "place_pcode": Column(pa.array([homes.pcodes[number] for number in place])),
        "region": Column(pa.array(region)),
        "province": Column(pa.array([code or None for code in province], pa.string())),
        "interviewed_on": Column(pa.array(first_day + rng.integers(0, _DAYS, count))),
        **household_columns(answering, stratum, np.bincount(people.home), standing),
    }
    disability_of = [
        code if f"{code},rural,male" in figures["disability"] else other
        for code, other in zip(province, stand_in, strict=True)
    ]
    person = {
        **_roster_columns(people, keys),
        **person_columns(answering, people, stratum[people.home], (disability_of, region), standing),
    }
    _forget(rng, tables, home_columns, person, people.home)
    return _arrow(tables[0], home_columns), _arrow(tables[1], person)


def _roster_columns(people: People, keys: pa.Array[Any]) -> dict[str, Column]:
    def line(numbers: Integers) -> Column:
        return Column(pa.array(numbers), numbers > 0)

    return {
        "household_key": Column(keys.take(people.home)),
        "line_no": Column(pa.array(people.line)),
        "relationship": Column(pa.array(RELATIONSHIPS).take(people.relationship)),
        "sex": Column(pa.array(SEXES).take(people.sex)),
        "age_years": Column(pa.array(people.age)),
        "marital_status": Column(pa.array(MARITAL).take(people.marital)),
        "spouse_line": line(people.spouse_line),
        "father_line": line(people.father_line),
        "mother_line": line(people.mother_line),
    }


def _forget(
    rng: np.random.Generator,
    tables: tuple[Table, Table],
    home: dict[str, Column],
    person: dict[str, Column],
    owner: Integers,
) -> None:
    """Take single answers away from a few households."""
    rows = len(home["household_key"].values)
    forgetful = np.flatnonzero(rng.random(rows) < _MISSING_SHARE)
    about_home = rng.random(len(forgetful)) < _MISSING_AT_HOME
    asked_home = [
        fact.name for fact in tables[0].facts if fact.name in home and fact.name not in _ALWAYS_KNOWN
    ]
    asked_person = [fact.name for fact in tables[1].facts if fact.name in person]
    for household, at_home, pick in zip(forgetful, about_home, rng.random((len(forgetful), 2)), strict=True):
        columns, names = (home, asked_home) if at_home else (person, asked_person)
        name = names[int(pick[0] * len(names))]
        asked = columns[name].asked
        known = np.ones(len(columns[name].values), dtype=bool) if asked is None else asked.copy()
        if at_home:
            known[household] = False
        else:
            members = np.flatnonzero(known & (owner == household))
            if len(members) > 0:
                known[members[int(pick[1] * len(members))]] = False
        columns[name] = Column(columns[name].values, known)


def _arrow(table: Table, columns: dict[str, Column]) -> pa.Table:
    """Return the columns the programme has, those not known to be NULL."""
    arrays = {}
    for name in table.columns():
        if name in columns:
            column = columns[name]
            known = column.asked
            arrays[name] = column.values if known is None else _masked(column.values, known)
    return pa.table(arrays)


def _masked(values: pa.Array[Any], known: Any) -> pa.Array[Any]:
    """Return the values with NULL where nothing is known."""
    masked: pa.Array[Any] = pc.if_else(pa.array(known), values, pa.scalar(None, values.type))
    return masked


def _append(connection: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table) -> None:
    connection.register("drawn", rows)
    try:
        connection.execute(
            f"INSERT INTO {table.name} BY NAME SELECT * FROM drawn ORDER BY {ORDERS[table.name]}"
        )
    finally:
        connection.unregister("drawn")
