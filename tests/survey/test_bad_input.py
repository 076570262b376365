"""Bad surveys: each defect gives one clear problem in both languages, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest

from kafalat.core.problems import Problem
from tests.survey.small import SmallSurvey

Defect = Callable[[SmallSurvey], None]


def home(row: int, column: int, value: str) -> Defect:
    def change(small: SmallSurvey) -> None:
        small.homes[row][column] = value

    return change


def member(row: int, column: int, value: str) -> Defect:
    def change(small: SmallSurvey) -> None:
        small.members[row][column] = value

    return change


def profile(old: str, new: str) -> Defect:
    def change(small: SmallSurvey) -> None:
        assert old in small.profile
        small.profile = small.profile.replace(old, new)

    return change


def drop_members(small: SmallSurvey) -> None:
    del small.members[2]


def repeat_home(small: SmallSurvey) -> None:
    small.homes.append(list(small.homes[0]))


def repeat_member(small: SmallSurvey) -> None:
    small.members.append(list(small.members[0]))


def stray_member(small: SmallSurvey) -> None:
    small.members.append(["h9", "1", "head", "male", "40", "married", "true"])


def empty(small: SmallSurvey) -> None:
    small.homes.clear()
    small.members.clear()


# defect -> code of the problem, and words its English sentence must have: place, value, what helps.
DEFECTS: dict[str, tuple[Defect, str, tuple[str, ...]]] = {
    "household without members": (drop_members, "survey.household_without_members", ("household h2",)),
    "member without household": (stray_member, "survey.member_without_household", ("household h9", "line 1")),
    "negative age": (member(1, 4, "-3"), "survey.age_impossible", ("household h1, line 2", "-3")),
    "age over 130": (member(1, 4, "131"), "survey.age_impossible", ("household h1, line 2", "131")),
    "duplicated household": (repeat_home, "survey.household_repeated", ("household h1", "2 times")),
    "duplicated line": (repeat_member, "survey.member_repeated", ("household h1", "line 1")),
    "unknown category": (home(0, 5, "flush_pitt"), "survey.category_unknown", ("h1", "flush_pitt", "'flush_pit'")),
    "unknown relationship": (member(1, 2, "spuse"), "survey.category_unknown", ("h1, line 2", "'spouse'")),
    "value out of range": (home(1, 4, "61"), "survey.value_out_of_range", ("h2", "rooms", "61", "0 and 60")),
    "wrong type": (home(1, 4, "three"), "survey.value_type", ("h2", "rooms", "three", "whole number")),
    "half a room": (home(1, 4, "2.5"), "survey.value_type", ("h2", "rooms", "2.5")),
    "wrong boolean": (member(0, 6, "perhaps"), "survey.value_type", ("h1, line 1", "can_read", "perhaps")),
    "unknown place": (home(0, 1, "PK55X"), "survey.place_unknown", ("h1", "PK55X")),
    "NUL character": (home(0, 0, "h\x001"), "survey.nul_character", ("household_key",)),
    "no household key": (home(1, 0, ""), "survey.answer_missing", ("household_key",)),
    "no age": (member(2, 4, ""), "survey.answer_missing", ("household h2, line 1", "age_years")),
    "no household at all": (empty, "survey.empty", ("no household",)),
    "missing column in a file": (profile("rooms, toilet)", "rooms, toilett)"), "survey.column_missing", ("toilett", "'toilet'")),
    "missing table": (profile("needs: homes(", "needs: housez("), "survey.table_missing", ("housez", "housez.csv")),
    "unknown column made": (profile("SELECT * FROM homes", "SELECT *, 1 AS compuer FROM homes"), "survey.output_unknown", ("compuer", "'computer'")),
    "required column not made": (profile("SELECT * FROM members", "SELECT * EXCLUDE (sex) FROM members"), "survey.output_missing", ("people", "'sex'")),
    "no such table made": (profile("CREATE TABLE people", "CREATE TABLE persons"), "survey.output_missing", ("people",)),
    "broken SQL": (profile("SELECT * FROM homes", "SELECT * FORM homes"), "survey.profile_failed", ("small",)),
    "no header": (profile("-- profile:", "-- "), "survey.profile_invalid", ("-- profile:",)),
    "malformed needs": (profile("members(", "members["), "survey.profile_invalid", ("table(column",)),
}  # fmt: skip


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_named_and_nothing_is_written(small: SmallSurvey, name: str) -> None:
    defect, code, words = DEFECTS[name]
    defect(small)
    connection = duckdb.connect()
    connection.execute("CREATE TABLE households AS SELECT 'before' AS household_key")
    with pytest.raises(Problem) as refusal:
        small.read(connection)
    assert refusal.value.code == code
    english, urdu = refusal.value.text("en"), refusal.value.text("ur")
    for word in words:
        assert word in english
    assert any("\u0600" <= letter <= "\u06ff" for letter in urdu)
    assert connection.execute("FROM households").fetchall() == [("before",)]


def test_control_without_a_defect_the_same_survey_is_read(small: SmallSurvey) -> None:
    assert small.read().households == 2


def test_a_truncated_parquet_file_is_named(small: SmallSurvey) -> None:
    path = small.write()
    whole = small.folder / "homes.parquet"
    duckdb.connect().execute(
        f"COPY (FROM read_csv('{small.folder}/homes.csv', all_varchar = true)) TO '{whole}'"
    )
    whole.write_bytes(whole.read_bytes()[:-20])
    small.write = lambda: path  # type: ignore[method-assign]  # the files stay as they are
    with pytest.raises(Problem) as refusal:
        small.read()
    assert refusal.value.code == "survey.file_unreadable"
    assert "homes.parquet" in str(refusal.value)


def test_a_folder_that_is_not_there_is_named(small: SmallSurvey) -> None:
    small.write()
    small.folder = small.folder / "nowhere"
    small.write = lambda: "pk-hiics-2015"  # type: ignore[method-assign]  # nothing can be written there
    with pytest.raises(Problem) as refusal:
        small.read()
    assert refusal.value.code == "input.not_found"


def test_an_unknown_profile_lists_those_shipped(small: SmallSurvey) -> None:
    small.write = lambda: "pk-hiics"  # type: ignore[method-assign]  # no such profile
    with pytest.raises(Problem) as refusal:
        small.read()
    assert refusal.value.code == "survey.profile_unknown"
    assert "pk-hiics-2015" in str(refusal.value)


def test_an_identifier_is_never_repeated_in_a_message(small: SmallSurvey) -> None:
    small.profile = small.profile.replace(
        "SELECT * FROM members", "SELECT *, '35202-1234567-1' AS cnic FROM members"
    )
    with pytest.raises(Problem) as refusal:
        small.read()
    assert refusal.value.code == "survey.value_type"
    assert "1234567" not in refusal.value.both()
