"""The glossary is whole: each word once, in both languages, with a meaning, in the letters of its language."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.source import ROOT

GLOSSARY = ROOT / "docs" / "glossary.md"
URDU_ONLY = re.compile(r"\A[\u0621-\u063A\u0641-\u0655\u0670-\u06D3 ،]+\Z")
ARABIC_LETTERS = re.compile(r"[\u0643\u0647\u0649\u064A]")
NEEDED = {
    "programme folder", "payment list", "approval", "outbox", "transfer", "audit log", "checkpoint",
    "reason code", "payee rule", "cluster", "exclusion", "household", "family", "payee", "snapshot",
}  # fmt: skip


def rows_of(text: str) -> list[list[str]]:
    """Return the cells of every table row of a page, headings and rulers left out."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows if row[0] != "word" and not set(row[0]) <= {"-"}]


def faults_of(text: str) -> list[str]:
    """Return what is wrong with a glossary: empty cells, words used twice, an Urdu word not in Urdu letters."""
    rows = rows_of(text)
    faults = [f"not three full cells: {row}" for row in rows if len(row) != 3 or not all(row)]
    for column in (0, 1):
        words = Counter(row[column].casefold() for row in rows if len(row) == 3)
        faults += [f"twice: {word}" for word, count in words.items() if count > 1]
    whole = [row for row in rows if len(row) == 3]
    faults += [f"not English: {row[0]}" for row in whole if not row[0].isascii()]
    faults += [
        f"not Urdu: {row[1]}" for row in whole if not URDU_ONLY.match(row[1]) or ARABIC_LETTERS.search(row[1])
    ]
    return faults


def test_every_word_stands_once_in_both_languages_with_its_meaning() -> None:
    assert faults_of(GLOSSARY.read_text(encoding="utf-8")) == []


def test_the_words_of_the_delivery_chain_are_there() -> None:
    words = {row[0] for row in rows_of(GLOSSARY.read_text(encoding="utf-8"))}
    assert words >= NEEDED


@pytest.mark.parametrize(
    "wrong",
    [
        "| payee | | who receives |",
        "| payee | وصول کنندہ |",
        "| payee | وصول کنندہ | receives |\n| Payee | مستحق | receives |",
        "| payee | وصول کنندہ | receives |\n| beneficiary | وصول کنندہ | enrolled |",
        "| payee | wusool kuninda | receives |",
        "| book | كتاب | with the Arabic kaf |",
    ],
)
def test_control_a_faulty_glossary_is_seen(wrong: str) -> None:
    assert faults_of(wrong) != []
