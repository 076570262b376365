"""The programme, a small survey on disk that is right, and the real one where it is at hand."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from kafalat.policy.loader import load, shipped
from kafalat.policy.model import Programme
from kafalat.survey.profiles import read
from kafalat.survey.tables import SurveyTables
from tests.shared import shared_path
from tests.survey.small import SmallSurvey


@pytest.fixture(scope="session")
def programme() -> Programme:
    return load(shipped())


@pytest.fixture(scope="session")
def hiics(programme: Programme) -> SurveyTables:
    folder = shared_path("data/pk_hiics_2015_16")
    return read(folder, "pk-hiics-2015", programme=programme, connection=duckdb.connect())


@pytest.fixture
def small(tmp_path: Path, programme: Programme) -> SmallSurvey:
    return SmallSurvey(tmp_path, programme)
