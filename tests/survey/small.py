"""A survey of two households in two CSV files with a profile of its own; tests break one thing at a time."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb

from kafalat.policy.model import Programme
from kafalat.survey.profiles import read
from kafalat.survey.tables import SurveyTables

PROFILE = """-- profile: a survey made for tests
-- needs: homes(household_key, place_pcode, region, interviewed_on, rooms, toilet)
-- needs: members(household_key, line_no, relationship, sex, age_years, marital_status, can_read)
CREATE VIEW households AS SELECT * FROM homes;
CREATE TABLE people AS SELECT * FROM members;
"""
HOMES = ("household_key", "place_pcode", "region", "interviewed_on", "rooms", "toilet")
MEMBERS = ("household_key", "line_no", "relationship", "sex", "age_years", "marital_status", "can_read")


class SmallSurvey:
    """The survey's rows, to be changed before `read`."""

    def __init__(self, folder: Path, programme: Programme) -> None:
        self.folder = folder
        self.programme = programme
        self.profile = PROFILE
        self.homes = [
            ["h1", "PK5", "rural", "2025-03-01", "2", "none"],
            ["h2", "PK6", "urban", "2025-03-02", "3", "flush_sewer"],
        ]
        self.members = [
            ["h1", "1", "head", "male", "40", "married", "true"],
            ["h1", "2", "spouse", "female", "35", "married", "false"],
            ["h2", "1", "head", "female", "60", "widowed", "true"],
        ]

    def write(self) -> str:
        """Write the files and return the profile's path."""
        for name, header, rows in (("homes", HOMES, self.homes), ("members", MEMBERS, self.members)):
            with (self.folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([header, *rows])
        path = self.folder / "small.sql"
        path.write_text(self.profile, encoding="utf-8")
        return str(path)

    def read(self, connection: duckdb.DuckDBPyConnection | None = None) -> SurveyTables:
        return read(
            self.folder, self.write(), programme=self.programme, connection=connection or duckdb.connect()
        )
