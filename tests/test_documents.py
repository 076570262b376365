"""Documents that cannot rot: folders, settings, errors, tasks and languages are compared with the code."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from kafalat.core.problems import CATALOGUE
from tests.source import PACKAGE, ROOT, own_files, python_files, text_of

CONTRIBUTING = ROOT / "CONTRIBUTING.md"
CHANGELOG = ROOT / "CHANGELOG.md"
SETTINGS = ROOT / "docs" / "settings.md"
SETTING = re.compile(r"\bKAFALAT_[A-Z]+(?:_[A-Z]+)*\b")
URDU_LETTERS = re.compile(r"[\u0600-\u06FF]")
# Letters of Arabic that look like Urdu's and break search: yeh, alef maksura, kaf, heh, and presentation forms.
ARABIC_ONLY = re.compile(r"[\u064A\u0649\u0643\u0647\uFB50-\uFDFB\uFE70-\uFEFC]")
# Files that list foreign letters in order to replace them.
LETTER_TABLES = {PACKAGE / "adapters" / "iso20022" / "charset.py"}


def folders_to_explain() -> set[str]:
    """Return every folder of the repository's first level, and every Python package of ours."""
    files = [path.relative_to(ROOT) for path in own_files()]
    top = {f"{path.parts[0]}/" for path in files if len(path.parts) > 1}
    packages = {f"{path.parent.relative_to(ROOT)}/" for path in PACKAGE.rglob("__init__.py")}
    return top | {package for package in packages if "/migrations/" not in package}


def explained_folders() -> set[str]:
    """Return the folders that CONTRIBUTING.md gives a sentence: a bullet, the name, words, a full stop."""
    return set(
        re.findall(r"^ *- `([^`]+/)`:? \w.*\.$", CONTRIBUTING.read_text(encoding="utf-8"), flags=re.MULTILINE)
    )


def named_settings(paths: list[Path]) -> set[str]:
    return {name for path in paths for name in SETTING.findall(text_of(path) or "")}


def test_every_folder_has_its_sentence() -> None:
    assert folders_to_explain() - explained_folders() == set()


def test_no_sentence_is_left_of_a_folder_that_went() -> None:
    assert {name for name in explained_folders() if not (ROOT / name).is_dir()} == set()


def test_the_contributors_page_stays_short() -> None:
    assert len(CONTRIBUTING.read_text(encoding="utf-8").split()) <= 1500, "three pages at most"


def test_every_setting_is_described_and_every_description_is_of_a_setting() -> None:
    used = named_settings([*python_files("src"), ROOT / "Makefile", ROOT / "tests" / "left_out.py"])
    described = set(
        re.findall(r"^\| `(KAFALAT_[A-Z_]+)`", SETTINGS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    assert described == used


def test_documents_name_only_tasks_that_exist() -> None:
    tasks = set(
        re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    pages = [path for path in own_files() if path.suffix == ".md" or path.name == "run"]
    named = {
        (str(path.relative_to(ROOT)), task)
        for path in pages
        for task in re.findall(r"(?:`|^ *|[A-Z]=\S+ )make ([a-z-]+)", text_of(path) or "", flags=re.MULTILINE)
    }
    assert {(page, task) for page, task in named if task not in tasks} == set()


@pytest.mark.parametrize("code", CATALOGUE)
def test_an_error_says_the_same_in_both_languages(code: str) -> None:
    entry = CATALOGUE[code]
    texts = {"_en": entry.en, "_ur": entry.ur}
    fields = [
        {name.removesuffix(suffix) for _, name, _, _ in Formatter().parse(text) if name}
        for suffix, text in texts.items()
    ]
    assert fields[0] == fields[1]
    assert URDU_LETTERS.search(entry.ur)
    assert not URDU_LETTERS.search(entry.en)
    assert entry.en.rstrip().endswith((".", "}")), "a sentence ends"


CATALOGUE_FILES = sorted((PACKAGE / "core").glob("problems*.py"))


def test_every_error_has_the_shape_of_its_details_above_it() -> None:
    lines = [line for path in CATALOGUE_FILES for line in path.read_text(encoding="utf-8").splitlines()]
    entries = [number for number, line in enumerate(lines) if re.match(r'    "[a-z_.]+": Entry\(', line)]
    assert len(entries) == len(CATALOGUE)
    assert [lines[number] for number in entries if not lines[number - 1].lstrip().startswith("#")] == []


def test_every_error_is_raised_somewhere_and_every_raised_one_is_in_the_catalogue() -> None:
    texts = "\n".join(
        path.read_text(encoding="utf-8") for path in python_files("src") if path not in CATALOGUE_FILES
    )
    assert [code for code in CATALOGUE if f'"{code}"' not in texts] == []
    assert [code for code in re.findall(r'\bproblem\(\s*"([^"]+)"', texts) if code not in CATALOGUE] == []


def test_urdu_is_written_in_urdu_letters() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in own_files()
        if not path.is_relative_to(ROOT / "tests") and path not in LETTER_TABLES
        for number, line in enumerate((text_of(path) or "").splitlines(), 1)
        if ARABIC_ONLY.search(line)
    ]
    assert wrong == []


def test_each_release_tells_improvements_and_bug_fixes_apart() -> None:
    releases = re.split(r"^## ", CHANGELOG.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert releases
    for release in releases:
        headings = re.findall(r"^### (.+)$", release, flags=re.MULTILINE)
        assert set(headings) <= {"Improvements", "Bug fixes"}, release.splitlines()[0]
