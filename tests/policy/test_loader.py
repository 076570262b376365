"""Loading a programme folder: all or nothing, amounts in paisa, and the stamp of its bytes."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from kafalat.core.problems import Problem
from kafalat.policy.loader import load, shipped
from tests.policy import folder as small


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small.write(tmp_path / "small")


def refused(folder: Path) -> Problem:
    with pytest.raises(Problem) as caught:
        load(folder)
    return caught.value


def test_it_loads_rupees_as_paisa_and_cut_offs_as_exact_decimals(folder: Path) -> None:
    programme = load(folder)
    assert programme.amount_paisa("kafalat", date(2025, 12, 31)) == 1_350_000
    assert programme.amount_paisa("kafalat", date(2026, 1, 1)) == 1_450_000
    assert programme.amount_paisa("kafalat", date(2024, 12, 31)) is None
    assert programme.cutoff("general", date(2015, 1, 1)) == Decimal("16.17")
    assert programme.cutoff("disability", date(2019, 1, 1)) is None


def test_the_stamp_is_the_hash_over_the_hashes_of_all_files_in_path_order(folder: Path) -> None:
    (folder / "notes").mkdir()
    (folder / "notes" / "why.md").write_text("because", encoding="utf-8")
    lines = "".join(
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
        for name in sorted([*small.FILES, "notes/why.md"])
    )
    assert load(folder).sha256 == hashlib.sha256(lines.encode()).hexdigest()


def test_hidden_files_and_backups_are_no_part_of_it(folder: Path) -> None:
    before = load(folder).sha256
    (folder / ".facts.yaml.swp").write_text("x", encoding="utf-8")
    (folder / "facts.yaml~").write_text("x", encoding="utf-8")
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("x", encoding="utf-8")
    assert load(folder).sha256 == before


def test_one_changed_letter_of_a_comment_changes_the_stamp(folder: Path) -> None:
    before = load(folder).sha256
    with (folder / "amounts.yaml").open("a", encoding="utf-8") as file:
        file.write("# seen\n")
    assert load(folder).sha256 != before


def test_a_mistake_is_refused_with_file_line_mistake_and_nearest_name_in_both_languages(folder: Path) -> None:
    line = small.replace(folder, "scorecard.yaml", "fact: rooms", "fact: roms")
    problem = refused(folder)
    assert problem.code == "programme.invalid"
    for language, words in (
        ("en", f"scorecard.yaml, line {line}: 'roms' is no fact"),
        ("ur", f"scorecard.yaml، سطر {line}:"),
    ):
        text = problem.text("ur" if language == "ur" else "en")
        assert words in text
        assert "rooms" in text
        assert "kafalat programme check" in text
    assert "more" not in problem.text("en")


def test_it_says_how_many_more_mistakes_there_are(folder: Path) -> None:
    small.replace(folder, "scorecard.yaml", "fact: rooms", "fact: roms")
    small.replace(folder, "amounts.yaml", "from: 2026-01-01", "from: 2025-07-01")
    small.replace(folder, "banks.yaml", "bank: hbl", "bank: hbll")
    problem = refused(folder)
    assert "There are 2 more." in problem.text("en")
    assert "مزید 2" in problem.text("ur")
    assert "amounts.yaml, line" in problem.text("en")


def test_a_folder_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    assert refused(tmp_path / "nowhere").code == "input.not_found"


def test_a_programme_that_does_not_ship_is_said_to_be_missing() -> None:
    with pytest.raises(Problem) as caught:
        shipped("nowhere")
    assert caught.value.code == "input.not_found"


def test_the_shipped_programme_is_found_beside_the_package_or_inside_it() -> None:
    assert (shipped() / "programme.yaml").is_file()
