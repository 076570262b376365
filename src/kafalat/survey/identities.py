"""Names, identity cards and phones for people of whom no survey publishes any; marked synthetic wherever they show.

A survey that brings its own column (names, CNIC, mobile) keeps it untouched, gaps included: an invented number never
stands among real ones. Numbers are unique within the survey and belong to nobody known: they are drawn, not looked up.
"""

from __future__ import annotations

import csv
from datetime import date
from functools import cache
from importlib import resources

import duckdb
import numpy as np
import pyarrow as pa

from kafalat.survey.tables import SurveyTables

ADULT_YEARS = 18
# The day cards are valid or expired on; a valid one stays so for three years at least.
CARDS_ON = date(2025, 7, 1)
# Shares among adults: women without a card 8 %, men 4 %; one card in 25 has expired; seven in ten have a phone of their own.
_NO_CARD = {"female": 0.08, "male": 0.04, "transgender": 0.1}
_EXPIRED_SHARE, _MOBILE_SHARE, _GENDER_UPDATED_SHARE = 0.04, 0.70, 0.70
_VALID_DAYS, _EXPIRED_DAYS = (3 * 365, 10 * 365), (1, 4 * 365)
# First digit of a CNIC by province of registration; there is no check digit.
_FIRST_DIGIT = {
    "kp": 1, "punjab": 3, "sindh": 4, "balochistan": 5, "islamabad": 6, "gilgit_baltistan": 7, "azad_kashmir": 8,
}  # fmt: skip
_OTHER_FIRST_DIGIT = 6
_BLOCK_PEOPLE = 200_000
_LOCALITIES, _SERIALS = 9_000, 10**7
_MOBILES = 4 * 10**8  # 30, 31, 32 and 34, then eight digits
# Multipliers without a common divisor with 10: number -> number * m + shift is a permutation, so nothing repeats.
_SERIAL_STEP, _MOBILE_STEP = 7_368_787, 179_424_673
_HONOUR_SHARE = 0.7  # of ever-married women carry a name of honour (Bibi, Begum) in place of the family's
_OWN = {"names": ("name_en", "name_ur"), "cnic": ("cnic",), "mobile": ("mobile",)}


def add_identities(tables: SurveyTables, *, seed: int, day: date = CARDS_ON) -> SurveyTables:
    """Fill in names, CNIC and mobile of people where the survey has none at all; return the tables.

    Sets `identity_synthetic` for those given anything invented. `day` is the day on which 4 % of the cards have
    expired. The same survey and seed give the same identities.
    """
    connection = tables.connection
    rng = np.random.default_rng([seed, tables.people])
    wanting = {name for name, columns in _OWN.items() if not _has_any(connection, columns)}
    known = {row[0] for row in connection.execute("DESCRIBE households").fetchall()}
    province = "province" if "province" in known else "NULL::VARCHAR"
    connection.register("kafalat_names", _names())
    connection.register("kafalat_people_draws", _people_draws(rng, tables.people))
    connection.register(
        "kafalat_home_draws",
        pa.table({"n": np.arange(tables.households), "family": rng.random(tables.households)}),
    )
    shifts = (int(rng.integers(_SERIALS)), int(rng.integers(_MOBILES)))
    try:
        connection.execute(
            f"CREATE TEMP TABLE kafalat_drawn AS WITH {_drawn(shifts, province)} SELECT * FROM drawn"
        )
        connection.execute("CREATE OR REPLACE TABLE people_identified AS FROM people LIMIT 0")
        # In blocks: sorting all people at once would take as much memory again.
        for first in range(0, tables.people, _BLOCK_PEOPLE):
            connection.execute(_query(wanting, day), [first, first + _BLOCK_PEOPLE - 1])
    finally:
        connection.execute("DROP TABLE IF EXISTS kafalat_drawn")
        for name in ("kafalat_names", "kafalat_people_draws", "kafalat_home_draws"):
            connection.unregister(name)
    connection.execute("DROP TABLE people")
    connection.execute("ALTER TABLE people_identified RENAME TO people")
    return tables


def _has_any(connection: duckdb.DuckDBPyConnection, columns: tuple[str, ...]) -> bool:
    present = " OR ".join(f"{column} IS NOT NULL" for column in columns)
    return bool(connection.execute(f"SELECT 1 FROM people WHERE {present} LIMIT 1").fetchall())


@cache
def _names() -> pa.Table:
    """Return the committed names, numbered from 0 within each kind and gender."""
    text = resources.files("kafalat.survey").joinpath("figures", "names.csv").read_text(encoding="utf-8")
    count: dict[str, int] = {}
    columns: dict[str, list[str | int]] = {"kind": [], "number": [], "en": [], "ur": []}
    for row in csv.DictReader(text.splitlines()):
        kind = row["kind"] + row["gender"]
        columns["kind"].append(kind)
        columns["number"].append(count.get(kind, 0))
        columns["en"].append(row["en"])
        columns["ur"].append(row["ur"])
        count[kind] = count.get(kind, 0) + 1
    return pa.table(columns)


def _people_draws(rng: np.random.Generator, people: int) -> pa.Table:
    """Return a row of uniforms for each person, in the order of household and line."""
    names = (
        "given",
        "honour",
        "honoured",
        "card",
        "age_of_card",
        "days_of_card",
        "last_digit",
        "phone",
        "updated",
    )
    return pa.table({"n": np.arange(people), **{name: rng.random(people) for name in names}})


def _query(wanting: set[str], day: date) -> str:
    """Return the statement that appends people of a range of numbers, with what was drawn for them."""
    names, cards, phones = (name in wanting for name in ("names", "cnic", "mobile"))
    replaced = {
        "name_en": "given.en || ' ' || second.en" if names else "name_en",
        "name_ur": "given.ur || ' ' || second.ur" if names else "name_ur",
        "cnic": "CASE WHEN has_card THEN cnic_drawn END" if cards else "cnic",
        "cnic_valid_until": f"CASE WHEN has_card AND expired THEN DATE '{day}' - expired_days "
        f"WHEN has_card THEN DATE '{day}' + valid_days END"
        if cards
        else "cnic_valid_until",
        "cnic_gender_updated": "sex = 'transgender' AND has_card AND updated"
        if cards
        else "cnic_gender_updated",
        "mobile": "CASE WHEN has_phone THEN mobile_drawn END" if phones else "mobile",
        "identity_synthetic": f"identity_synthetic IS TRUE OR {names} OR ({cards} AND has_card) OR ({phones} AND has_phone)",
    }
    columns = ", ".join(f"{expression} AS {name}" for name, expression in replaced.items())
    return f"""
        INSERT INTO people_identified
        SELECT person.* REPLACE ({columns})
        FROM kafalat_drawn AS drawn JOIN people AS person USING (household_key, line_no)
        JOIN kafalat_names AS given ON given.kind = drawn.given_kind AND given.number = drawn.given_number
        JOIN kafalat_names AS second ON second.kind = drawn.second_kind AND second.number = drawn.second_number
        WHERE drawn.n BETWEEN ? AND ?
        ORDER BY drawn.n
        """


def _drawn(shifts: tuple[int, int], province: str) -> str:
    """Return the common table expressions up to `drawn`: what each person would carry."""
    digits = " ".join(f"WHEN '{code}' THEN {digit}" for code, digit in _FIRST_DIGIT.items())
    no_card = " ".join(f"WHEN '{sex}' THEN {share}" for sex, share in _NO_CARD.items())
    serial_shift, mobile_shift = shifts
    return f"""
        home AS (
            SELECT household_key, place_pcode, {province} AS province, family
            FROM (SELECT *, row_number() OVER (ORDER BY household_key) - 1 AS n FROM households) JOIN kafalat_home_draws USING (n)
        ), place AS (
            SELECT place_pcode, row_number() OVER (ORDER BY place_pcode) - 1 AS place_no FROM (SELECT DISTINCT place_pcode FROM home)
        ), size AS (
            SELECT kind, count(*) AS names FROM kafalat_names GROUP BY kind
        ), numbered AS (
            SELECT household_key, line_no, sex, age_years, marital_status,
                row_number() OVER (ORDER BY household_key, line_no) - 1 AS n
            FROM people
        ), placed AS (
            SELECT person.*, draws.*, home.family, home.place_pcode, home.province,
                row_number() OVER (PARTITION BY home.place_pcode ORDER BY person.n) - 1 AS place_serial
            FROM numbered AS person JOIN kafalat_people_draws AS draws USING (n) JOIN home USING (household_key)
        ), kinds AS (
            SELECT *, age_years >= {ADULT_YEARS} AS adult,
                CASE WHEN sex = 'male' OR (sex = 'transgender' AND given < 0.5) THEN 'givenM' ELSE 'givenF' END AS given_kind,
                CASE WHEN sex = 'female' AND marital_status <> 'never_married' AND honour < {_HONOUR_SHARE} THEN 'familyF'
                    ELSE 'family' END AS second_kind
            FROM placed
        ), drawn AS (
            SELECT n, household_key, line_no, given_kind, second_kind,
                CAST(floor(given * one.names) AS BIGINT) AS given_number,
                CAST(floor(CASE second_kind WHEN 'family' THEN family ELSE honoured END * two.names) AS BIGINT) AS second_number,
                adult AND card >= CASE sex {no_card} END AS has_card,
                age_of_card < {_EXPIRED_SHARE} AS expired,
                CAST({_between("days_of_card", _EXPIRED_DAYS)} AS INTEGER) AS expired_days,
                CAST({_between("days_of_card", _VALID_DAYS)} AS INTEGER) AS valid_days,
                updated < {_GENDER_UPDATED_SHARE} AS updated,
                adult AND phone < {_MOBILE_SHARE} AS has_phone,
                -- 1 digit of the province, 4 of the place, 7 that never repeat in a place, and odd for men, even for women.
                format('{{}}{{:04d}}{{:07d}}{{}}', CASE province {digits} ELSE {_OTHER_FIRST_DIGIT} END,
                    1000 + place_no * 37 % {_LOCALITIES}, (place_serial * {_SERIAL_STEP} + {serial_shift}) % {_SERIALS},
                    CAST(floor(last_digit * 4) AS BIGINT) * 2 + CASE sex WHEN 'female' THEN 2 ELSE 1 END) AS cnic_drawn,
                format('+923{{}}{{:08d}}', [0, 1, 2, 4][1 + mobile_number // 100000000], mobile_number % 100000000) AS mobile_drawn
            FROM (SELECT *, (n * {_MOBILE_STEP} + {mobile_shift}) % {_MOBILES} AS mobile_number FROM kinds)
            JOIN place USING (place_pcode)
            JOIN size AS one ON one.kind = given_kind JOIN size AS two ON two.kind = second_kind
        )"""


def _between(uniform: str, days: tuple[int, int]) -> str:
    return f"floor({days[0]} + {uniform} * {days[1] - days[0]})"
