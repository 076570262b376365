"""Surveys as tests bring them into the registry, and what must stay as it was when one is refused."""

from __future__ import annotations

from pathlib import Path

import duckdb

from kafalat.interfaces.office import Office
from kafalat.registry import bulk
from kafalat.registry.imports import import_survey
from kafalat.registry.models import SurveySource
from kafalat.survey.identities import add_identities
from kafalat.survey.synthesis import synthesise
from kafalat.survey.tables import SurveyTables
from tests.conftest import NOW
from tests.survey.small import SmallSurvey

TABLES = (
    "registry_place",
    "registry_surveysource",
    "registry_household",
    "registry_interview",
    "registry_family",
    "registry_person",
    "audit_auditentry",
)
# What the small survey says of its three members besides: 35202-1234567-1 and so on.
IDENTITIES = """
CREATE VIEW households AS SELECT * FROM homes;
CREATE TABLE people AS SELECT members.*, given.* EXCLUDE (household, line)
FROM members JOIN (VALUES
    ('h1', '1', '3520212345671', DATE '2031-01-01', '+923001234567', 'Akbar Khan', 'اکبر خان'),
    ('h1', '2', '3520212345672', DATE '2031-01-01', '+923011234567', 'Zubaida Bibi', 'زبیدہ بی بی'),
    ('h2', '1', '3520212345674', DATE '2020-01-01', NULL, 'Rukhsana Begum', 'رخسانہ بیگم')
) AS given (household, line, cnic, cnic_valid_until, mobile, name_en, name_ur)
ON given.household = members.household_key AND given.line = CAST(members.line_no AS VARCHAR);
"""


def with_identities(folder: Path, office: Office) -> SmallSurvey:
    """Return the small survey with names, cards and phones of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    small = SmallSurvey(folder, office.programme)
    header = small.profile.splitlines(keepends=True)[:3]
    small.profile = "".join(header) + IDENTITIES
    return small


def drawn(office: Office, households: int, seed: int) -> SurveyTables:
    """Return a synthetic survey."""
    tables = synthesise(households, seed, programme=office.programme, connection=duckdb.connect())
    return add_identities(tables, seed=seed)


def bring(office: Office, tables: SurveyTables) -> SurveySource:
    """Import a survey."""
    return import_survey(
        tables=tables,
        programme=office.programme,
        keys=office.keys,
        work=office.home.work,
        actor="test",
        at=NOW,
    )


def state() -> dict[str, int]:
    """Return how many rows each table that an import writes has."""
    return {table: bulk.rows(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}
