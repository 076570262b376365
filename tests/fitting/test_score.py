"""`kafalat scorecard score`: the survey's own ids, honest gaps, no installation, and nothing written where something is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kafalat.core.problems import Problem
from kafalat.fitting.sample import scores_of
from kafalat.interfaces.cli import scorecard_command
from kafalat.policy.loader import shipped
from kafalat.survey.profiles import read
from tests.fitting.conftest import cached_load
from tests.fitting.made import CARD, MadeSurvey, called
from tests.interfaces.command import Ran, kafalat
from tests.shared import shared_path


def _score(survey: MadeSurvey, out: Path, card: str = CARD) -> Ran:
    return called(*_words(survey, out, card)[1:])


def _words(survey: MadeSurvey, out: Path, card: str = CARD) -> list[str]:
    options = survey.options()
    file = survey.folder / "card.yaml"
    file.write_text(card, encoding="utf-8")
    return ["scorecard", "score", *options, "--scorecard", str(file), "--out", str(out)]


def test_ids_are_the_surveys_own_sorted_and_no_home_folder_is_made(tmp_path: Path) -> None:
    survey, out, home = (
        MadeSurvey(tmp_path / "survey"),
        tmp_path / "new" / "scores.parquet",
        tmp_path / "home",
    )
    ran = kafalat(home, *_words(survey, out))
    assert ran.code == 0, ran.err
    table = pq.read_table(out)
    assert table.column_names == ["household_id", "score"]
    assert table.schema.field("household_id").type == pa.int64()
    assert table["household_id"].to_pylist() == sorted(survey.columns["id"])
    assert table["score"].null_count == 0
    sample, _, card = survey.read()
    known = dict(zip(sample.keys, scores_of(sample, card), strict=True))
    assert [known[str(key)] for key in table["household_id"].to_pylist()] == table["score"].to_pylist()
    assert not home.exists()
    assert [path.name for path in out.parent.iterdir()] == ["scores.parquet"]


def test_higher_is_better_off(tmp_path: Path) -> None:
    sample, _, card = MadeSurvey(tmp_path).read()
    assert np.corrcoef(scores_of(sample, card), sample.welfare)[0, 1] > 0.5


def test_ids_that_are_no_numbers_stay_text(tmp_path: Path) -> None:
    survey = MadeSurvey(tmp_path / "survey", units=4)
    survey.columns["id"] = [f"{number:05}" for number in range(60)]
    out = tmp_path / "scores.parquet"
    assert _score(survey, out).code == 0
    assert pq.read_table(out)["household_id"].to_pylist()[0] == "00000"


def test_a_missing_answer_leaves_the_score_open_and_is_counted(tmp_path: Path) -> None:
    survey, out = MadeSurvey(tmp_path / "survey"), tmp_path / "scores.parquet"
    rooms = list(survey.columns["rooms"])
    rooms[4] = rooms[9] = None
    survey.columns["rooms"] = rooms
    ran = _score(survey, out)
    assert ran.code == 0, ran.err
    assert pq.read_table(out)["score"].null_count == 2
    assert "2 households have no score" in ran.out
    assert "rooms (2)" in ran.out


def test_a_survey_kept_apart_without_spending_is_scored_as_the_whole_one_is(tmp_path: Path) -> None:
    whole, part = MadeSurvey(tmp_path / "whole"), MadeSurvey(tmp_path / "part")
    kept = [number for number, unit in enumerate(part.columns["unit"]) if unit >= "u030"]
    part.columns = {name: [values[number] for number in kept] for name, values in part.columns.items()}
    part.money = None
    scores = {}
    for survey in (whole, part):
        out = survey.folder / "scores.parquet"
        ran = _score(survey, out)
        assert ran.code == 0, ran.err
        scores[survey.folder.name] = dict(zip(*pq.read_table(out).to_pydict().values(), strict=True))
    assert len(scores["part"]) == 150
    assert scores["part"].items() <= scores["whole"].items()


@pytest.mark.parametrize(
    ("wrong", "right", "line", "says"),
    [
        ("{ from: 2, to: 3, points: 15 }", "{ from: 3, to: 3, points: 15 }", 7, "2 to 2"),
        ("{ from: 4, points: 40 }", "{ from: 3, points: 40 }", 7, "3 is in both"),
        ("fact: rooms", "fact: room", 6, "Nearest valid name: 'rooms'"),
        ("points: 15", "points: 15.5", 7, ""),
        ("base_points: 5", "base_points: [5", 5, ""),
    ],
    ids=["gap", "overlap", "unknown fact", "not whole", "not YAML"],
)
def test_a_card_with_an_error_is_refused_by_line_and_nothing_is_written(
    tmp_path: Path, right: str, wrong: str, line: int, says: str
) -> None:
    survey, out = MadeSurvey(tmp_path / "survey", units=4), tmp_path / "scores.parquet"
    out.write_bytes(b"kept")
    ran = _score(survey, out, CARD.replace(wrong, right))
    assert ran.code == 2
    assert "card.yaml" in ran.err
    assert line <= int(ran.err.split("line ")[1].split(":")[0]) <= line + 1
    assert says in ran.err
    assert out.read_bytes() == b"kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scores.parquet", "survey"]


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [("rooms", 99, "lies between"), ("sex", "robot", "none of its values"), ("size", 0, "lies between")],
)
def test_answers_that_cannot_be_are_refused_with_their_household(
    tmp_path: Path, column: str, value: object, says: str
) -> None:
    survey, out = MadeSurvey(tmp_path / "survey", units=4), tmp_path / "scores.parquet"
    survey.columns[column] = [value, *list(survey.columns[column])[1:]]
    ran = _score(survey, out)
    assert ran.code == 2
    assert says in ran.err
    assert str(survey.columns["id"][0]) in ran.err
    assert not out.exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    survey = MadeSurvey(tmp_path / "survey", units=4)
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    ran = _score(survey, tmp_path / "file" / "scores.parquet")
    assert ran.code == 2
    assert "could not be written" in ran.err


def test_the_programmes_own_card_refuses_a_survey_that_did_not_ask(tmp_path: Path) -> None:
    survey = MadeSurvey(tmp_path / "survey", units=4)
    out = tmp_path / "scores.parquet"
    ran = called("score", *survey.options(), "--out", str(out))
    assert ran.code == 2
    assert "--scorecard" in ran.err
    assert not out.exists()


def test_a_survey_of_another_country_is_not_for_the_registry(tmp_path: Path) -> None:
    survey = MadeSurvey(tmp_path / "survey", units=4)
    with duckdb.connect() as connection, pytest.raises(Problem) as refused:
        read(survey.folder, survey.write(), programme=cached_load(shipped()), connection=connection)
    assert refused.value.code == "survey.other_country"


@pytest.mark.shared
def test_the_shipped_card_scores_the_real_survey_without_its_spending(tmp_path: Path) -> None:
    folder = shared_path("data/pk_hiics_2015_16")
    for file in folder.glob("*.parquet"):
        if file.stem != "expenditure":
            (tmp_path / file.name).symlink_to(file)
    out = tmp_path / "out" / "scores.parquet"
    ran = called(
        "score", "--survey", str(tmp_path), "--profile", "pk-hiics-2015", "--out", str(out)
    )  # fmt: skip
    assert ran.code == 0, ran.err
    table = pq.read_table(out)
    codes = pq.read_table(folder / "housing.parquet", columns=["hhcode"]).sort_by("hhcode")["hhcode"]
    assert table["household_id"].to_pylist() == codes.to_pylist()
    assert table["score"].null_count == 0


def test_without_the_analysts_packages_scoring_works_and_the_rest_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    survey, out = MadeSurvey(tmp_path / "survey", units=4), tmp_path / "scores.parquet"
    monkeypatch.setattr(scorecard_command, "find_spec", lambda _: None)
    assert _score(survey, out).code == 0
    ran = called("evaluate", *survey.options(), "--json")
    assert ran.code == 2
    assert "pip install 'kafalat[fit]'" in ran.err
    assert "kafalat scorecard evaluate" in ran.err


def test_scoring_loads_none_of_the_analysts_packages() -> None:
    code = "import sys, kafalat.interfaces.cli.scorecard_command as c; print(sorted({'sklearn', 'pandas', 'scipy', 'altair', 'django.db'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
