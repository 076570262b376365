"""Bad input on the command line: one clear sentence in both languages, exit code 2, nothing changed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kafalat.config import boot
from kafalat.interfaces.cli.app import run
from kafalat.policy.loader import shipped
from tests.interfaces.command import Ran, kafalat

HOUSEHOLDS = "household_key,place_pcode,interviewed_on\na,PK617,2025-05-05\nb,PK617,2025-05-05\n"
PEOPLE = "household_key,line_no,sex,age_years\na,1,female,40\nb,1,male,50\n"
PROFILE = """-- profile: a made-up survey
-- needs: homes(household_key, place_pcode, interviewed_on)
-- needs: members(household_key, line_no, sex, age_years)
CREATE TABLE households AS SELECT household_key, place_pcode, 'urban' AS region, CAST(interviewed_on AS DATE) AS interviewed_on FROM homes;
CREATE TABLE people AS SELECT household_key, CAST(line_no AS INTEGER) AS line_no, 'head' AS relationship, sex,
    CAST(age_years AS INTEGER) AS age_years, 'married' AS marital_status FROM members;
"""


@pytest.fixture
def ended(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Runs a command inside this process, on a database of the test's own: as another would end, in a fraction of the time."""
    monkeypatch.setattr(boot, "database", lambda _home: None)

    def call(*words: str) -> Ran:
        monkeypatch.setattr("sys.argv", ["kafalat", *words])
        with pytest.raises(SystemExit) as end:
            run()
        said = capsys.readouterr()
        return Ran(int(end.value.code or 0), said.out, said.err)

    return call


def survey(folder: Path, *, homes: str | None = HOUSEHOLDS, members: str | None = PEOPLE) -> Path:
    """Write a made-up survey; None leaves a table out."""
    for name, text in (("homes", homes), ("members", members)):
        if text is not None:
            (folder / f"{name}.csv").write_text(text)
    (folder / "made-up.sql").write_text(PROFILE)
    return folder


def assert_refused(ran: Ran, *words: str) -> None:
    """Check the exit code, that both languages are there, and that the sentence names what matters."""
    assert ran.code == 2, ran.err or ran.out
    text = ran.err + ran.out
    assert "Traceback" not in text
    assert re.search(r"[\u0600-\u06ff]{3}", text), text
    for word in words:
        assert word in text, text


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"members": None}, ("members",)),
        ({"homes": "household_key,place_pcode\na,PK617\n"}, ("homes", "interviewed_on")),
        ({"members": "household_key,line_no,sex,age_years\na,1,female,40\n"}, ("b",)),
        ({"members": PEOPLE.replace("female,40", "female,-4")}, ("-4",)),
        ({"homes": HOUSEHOLDS + "a,PK617,2025-05-06\n"}, ("a",)),
        ({"members": PEOPLE.replace("female", "woman")}, ("woman",)),
        ({"homes": HOUSEHOLDS.replace("PK617", "PK999", 1)}, ("PK999",)),
        ({"members": PEOPLE.replace("a,1", "a,x")}, ()),
    ],
    ids=[
        "a missing table",
        "a missing column",
        "a household without members",
        "a negative age",
        "a duplicated household id",
        "an unknown category",
        "an unknown place",
        "a word for a number",
    ],
)
def test_a_bad_survey_is_refused(
    ended: Callable[..., Ran], tmp_path: Path, tables: dict[str, str | None], words: tuple[str, ...]
) -> None:
    folder = survey(tmp_path, **tables)
    ran = ended("survey", "import", str(folder), "--profile", str(folder / "made-up.sql"))
    assert_refused(ran, str(folder), *words)


def test_the_same_survey_without_the_mistakes_is_imported(ready_home: Path, tmp_path: Path) -> None:
    """Control: nothing else about the made-up survey is wrong."""
    folder = survey(tmp_path)
    ran = kafalat(ready_home, "survey", "import", str(folder), "--profile", str(folder / "made-up.sql"))
    assert ran.code == 0, ran.err
    assert "2 households, 2 people" in ran.out


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("survey", "import", "/nowhere", "--profile", "pk-hiics-2015"), "/nowhere"),
        (("survey", "import", ".", "--profile", "pk-hiics-2051"), "pk-hiics-2015"),
        (("demo", "--no-serve", "--survey", "."), "--profile"),
        (("demo", "--no-serve", "--tranche", "2026Q5"), "2026Q5"),
        (("programme", "check", "/nowhere"), "/nowhere"),
        (("target", "explain", "1234567890123"), "1234567890123"),
        (("target", "replay", "99"), "99"),
        (("target", "run"), "survey"),
        (("payments", "receive", "/nowhere.xml"), "/nowhere.xml"),
        (("places", "import", "/nowhere.geojson"), "/nowhere.geojson"),
    ],
)
def test_a_wrong_word_is_refused(ended: Callable[..., Ran], words: tuple[str, ...], named: str) -> None:
    assert_refused(ended(*words), named)


def test_a_process_ends_as_the_same_words_do_here(ended: Callable[..., Ran], ready_home: Path) -> None:
    words = ("target", "replay", "99")
    process = kafalat(ready_home, *words)
    assert_refused(process, "99")
    assert process == ended(*words)


def test_a_programme_with_an_error_is_named_by_line(ended: Callable[..., Ran], tmp_path: Path) -> None:
    folder = tmp_path / "programme"
    shutil.copytree(shipped(), folder)
    rules = folder / "eligibility.yaml"
    rules.write_text(rules.read_text().replace("owned_land_acres >", "owned_land_acers >"))
    ran = ended("programme", "check", str(folder))
    assert_refused(ran, "eligibility.yaml:", "owned_land_acers", "owned_land_acres")
