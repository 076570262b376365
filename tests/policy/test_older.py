"""A kept copy of a programme is read as in its day; a programme for use is checked by the rules of today."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from kafalat.core.bank_formats import PaymentForm
from kafalat.core.problems import Problem
from kafalat.policy.check import check
from kafalat.policy.files import folder_sha256, read_folder
from kafalat.policy.loader import load, load_kept
from tests.policy import folder as small
from tests.policy import older

NEW = {
    "accounts",
    "alerts",
    "approvals",
    "bank_profiles",
    "calendar",
    "reconciliation",
    "sha256",
    "verification",
}


@pytest.fixture
def today(tmp_path: Path) -> Path:
    return small.write(tmp_path / "today")


@pytest.fixture
def folder(today: Path, tmp_path: Path) -> Path:
    return older.copied(today, tmp_path / "older")


def test_a_kept_copy_says_what_went_without_saying_in_its_day(folder: Path, today: Path) -> None:
    sha256 = folder_sha256(read_folder(folder))
    kept, now = load_kept(folder, sha256), load(today)
    assert kept.sha256 == sha256, "its stamp is that of its own bytes"
    assert kept.calendar.arrears_quarters == 0
    assert [fund.code for fund in kept.calendar.funds] == ["federal_budget"]
    quorum = kept.approvals.quorum(10**15, date(2026, 1, 1))
    assert quorum is not None
    assert (quorum.approve, quorum.authorise, quorum.release) == (1, 1, 1)
    assert kept.approvals.holds == ()
    assert kept.bank_profiles.keys() == now.bank_profiles.keys() == {"hbl"}
    late = datetime(2026, 1, 1, 23, 59, tzinfo=UTC)
    for profile in kept.bank_profiles.values():
        assert (profile.form, profile.transport) == (PaymentForm(), "file")
        assert profile.executed_on(late) == late.date()
        assert profile.kinds == {"pain.002", "camt.054"}
    assert kept.model_dump(exclude=NEW) == now.model_dump(exclude=NEW), "and nothing else is put in"


def test_the_same_folder_is_refused_for_use(folder: Path) -> None:
    with pytest.raises(Problem) as caught:
        load(folder)
    assert caught.value.code == "programme.invalid"
    found = check(folder)
    assert {finding.file for finding in found} == {"approvals.yaml", "banks.yaml", "calendar.yaml"}
    assert len(found) == 4


def test_a_copy_that_is_not_the_recorded_one_is_refused(folder: Path) -> None:
    sha256 = folder_sha256(read_folder(folder))
    with (folder / "amounts.yaml").open("a", encoding="utf-8") as file:
        file.write("# changed since\n")
    with pytest.raises(Problem) as caught:
        load_kept(folder, sha256)
    assert caught.value.code == "programme.invalid"


def test_a_kept_copy_that_is_wrong_in_itself_is_refused(folder: Path) -> None:
    (folder / "amounts.yaml").unlink()
    with pytest.raises(Problem, match=r"amounts\.yaml"):
        load_kept(folder, folder_sha256(read_folder(folder)))


def test_a_kept_copy_of_today_is_what_it_was(today: Path) -> None:
    now = load(today)
    assert load_kept(today, now.sha256) == now
