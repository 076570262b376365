"""Profiles: the real survey becomes the two tables; a stranger's SQL stays in its room."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from kafalat.core.problems import Problem
from kafalat.engine.derive import household_facts_sql
from kafalat.policy.model import Programme
from kafalat.survey.profiles import find_profile, read, shipped_profiles
from kafalat.survey.tables import SurveyTables, standard_tables
from tests.shared import shared_path
from tests.survey.small import SmallSurvey


def rows(tables: SurveyTables, query: str) -> list[tuple[object, ...]]:
    return tables.connection.cursor().execute(query).fetchall()


# ---- the real survey -------------------------------------------------------------------------------------------


@pytest.mark.shared
def test_hiics_has_its_households_and_only_members_as_people(hiics: SurveyTables) -> None:
    assert (hiics.households, hiics.people, hiics.synthetic) == (18_110, 117_134, False)
    assert rows(hiics, "SELECT count(*) FROM households") == [(18_110,)]
    assert rows(hiics, "SELECT count(*) FROM people") == [(117_134,)]


@pytest.mark.shared
def test_hiics_places_are_provinces_and_province_follows_from_them(hiics: SurveyTables) -> None:
    found = rows(hiics, "SELECT place_pcode, province, count(*) FROM households GROUP BY ALL ORDER BY ALL")
    assert found == [
        ("PK2", "balochistan", 1745),
        ("PK5", "kp", 3892),
        ("PK6", "punjab", 7852),
        ("PK7", "sindh", 4621),
    ]


@pytest.mark.shared
def test_hiics_traps_are_read_as_meant(hiics: SurveyTables) -> None:
    # Brother\Sister is a sibling, Son/Daughter a child; 98 and 99 are no lines; nobody has herself as a parent.
    assert rows(hiics, "SELECT count(*) FROM people WHERE relationship = 'sibling'") == [(3800,)]
    assert rows(hiics, "SELECT count(*) FROM people WHERE relationship = 'child'") == [(58_143,)]
    assert rows(hiics, "SELECT count(*) FROM people WHERE 98 IN (spouse_line, father_line, mother_line)") == [
        (0,)
    ]
    lost = "SELECT count(*) FROM people AS a ANTI JOIN people AS b ON a.household_key = b.household_key AND a.mother_line = b.line_no WHERE a.mother_line IS NOT NULL"
    assert rows(hiics, lost) == [(0,)]
    assert rows(hiics, "SELECT count(*) FROM households WHERE spending_rupees_year > 0") == [(18_110,)]


@pytest.mark.shared
def test_one_household_of_hiics_value_by_value(hiics: SurveyTables) -> None:
    wanted = (
        "region, psu, spending_rupees_year, dwelling, tenure, rooms, electricity, gas, toilet, mobile_phone"
    )
    assert rows(hiics, f"SELECT {wanted} FROM households WHERE household_key = '1102010501'") == [
        ("urban", "11020105", 178_810.0, "part_of_house", "rented", 1, "own", "shared", "flush_pit", True)
    ]


@pytest.mark.shared
def test_hiics_knows_every_fact_but_disability(hiics: SurveyTables, programme: Programme) -> None:
    names = [fact.name for fact in programme.facts if fact.level == "household"]
    counts = ", ".join(f'count(*) - count("{name}")' for name in names)
    (missing,) = rows(hiics, f"SELECT {counts} FROM ({household_facts_sql(programme)})")
    assert {name for name, count in zip(names, missing, strict=True) if count} == {"disabled_members"}


@pytest.mark.shared
def test_the_same_survey_has_the_same_digest_and_rows(hiics: SurveyTables, programme: Programme) -> None:
    folder = shared_path("data/pk_hiics_2015_16")
    again = read(folder, "pk-hiics-2015", programme=programme, connection=duckdb.connect())
    assert again.source_sha256 == hiics.source_sha256
    assert rows(again, "SELECT * FROM people LIMIT 500") == rows(hiics, "SELECT * FROM people LIMIT 500")


# ---- any survey ------------------------------------------------------------------------------------------------


def test_a_small_survey_is_read_with_missing_columns_as_not_known(
    small: SmallSurvey, programme: Programme
) -> None:
    tables = small.read()
    assert (tables.households, tables.people, tables.profile) == (2, 3, "small")
    assert rows(tables, "SELECT household_key, province, rooms, toilet, computer FROM households") == [
        ("h1", "kp", 2, "none", None),
        ("h2", "punjab", 3, "flush_sewer", None),
    ]
    described = {row[0]: row[1] for row in rows(tables, "DESCRIBE people")}
    assert described == standard_tables(programme)[1].columns()


def test_the_digest_changes_with_the_data_and_with_the_profile(small: SmallSurvey) -> None:
    first = small.read().source_sha256
    small.homes[0][4] = "1"
    second = small.read().source_sha256
    small.profile += "-- a remark\n"
    assert len({first, second, small.read().source_sha256}) == 3


def test_reading_again_replaces_the_tables(small: SmallSurvey) -> None:
    connection = duckdb.connect()
    small.read(connection)
    assert small.read(connection).households == 2


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE stolen AS SELECT * FROM read_text('{secret}')",
        "COPY homes TO '{secret}.out'",
        "ATTACH '{secret}.db' AS other",
        "SET enable_external_access = true",
        "INSTALL httpfs",
    ],
)
def test_a_profile_reaches_nothing_outside_its_room(small: SmallSurvey, statement: str) -> None:
    secret = small.folder / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    small.profile += statement.format(secret=secret) + ";\n"
    with pytest.raises(Problem) as refusal:
        small.read()
    assert refusal.value.code == "survey.profile_failed"
    assert {path.name for path in small.folder.iterdir()} == {
        "homes.csv",
        "members.csv",
        "small.sql",
        "secret.txt",
    }


def test_control_outside_the_room_the_same_statement_reads_the_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    assert duckdb.connect().execute(f"SELECT content FROM read_text('{secret}')").fetchall() == [("secret",)]


def test_the_callers_connection_is_not_locked(small: SmallSurvey) -> None:
    connection = duckdb.connect()
    small.read(connection)
    connection.execute(f"COPY households TO '{small.folder}/households.parquet'")


def test_shipped_profiles_say_what_they_read() -> None:
    assert "pk-hiics-2015" in shipped_profiles()
    for name in shipped_profiles():
        profile = find_profile(name)
        assert profile.label
        assert profile.needs
