"""The rule by which a title is compared with a name: what is the same name, what is not, and that it behaves as a measure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafalat.enrolment.titles import normalised, similarity

THRESHOLD = 85
NAMES = st.lists(
    st.sampled_from(
        [
            "Nasreen",
            "Shabana",
            "Ghulam",
            "Fatima",
            "Zainab",
            "Bibi",
            "Begum",
            "Mai",
            "Rukhsana",
            "Parveen",
            "Iqbal",
            "Zulekha",
            "Sughra",
        ]
    ),
    min_size=1,
    max_size=4,
).map(" ".join)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Nasreen Bibi", "MST NASRIN BIBI"),
        ("Nasreen Bibi", "Bibi Nasreen"),
        ("Shaheen Akhtar", "SHAHIN AKHTAR"),
        ("Fatima Mohammad", "FATIMAH MUHAMMAD"),
        ("Kausar Perveen", "QAUSAR PARVIN"),
    ],
)
def test_the_same_name_written_otherwise_matches(name: str, title: str) -> None:
    assert similarity(name, title) >= THRESHOLD


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Nasreen Bibi", "Muhammad Aslam"),
        ("Nasreen Bibi", "NASREEN AKHTAR"),
        ("Shabana Begum", "SHAZIA BEGUM"),
        ("Nasreen Bibi", "Nasreen Bibi Muhammad Aslam"),
        ("Nasreen Bibi", "NASREEN"),
    ],
)
def test_another_name_is_left_to_a_person(name: str, title: str) -> None:
    """Control of the test above, half of a name and a joint account among them."""
    assert similarity(name, title) < THRESHOLD


@given(TEXTS, TEXTS)
def test_likeness_is_symmetric_and_within_bounds(first: str, second: str) -> None:
    assert similarity(first, second) == similarity(second, first)
    assert 0 <= similarity(first, second) <= 100


@given(NAMES, NAMES)
def test_likeness_falls_with_words_that_are_not_hers(name: str, other: str) -> None:
    """More words of somebody else never make a title more hers than her name alone."""
    assert similarity(name, name) == 100
    once, twice = similarity(name, f"{name} Qzxv"), similarity(name, f"{name} Qzxv Jjxvz {other} Wxqq")
    assert 100 > once >= twice


@given(NAMES, TEXTS)
def test_a_higher_threshold_never_lets_more_titles_through(name: str, title: str) -> None:
    passed = [similarity(name, title) >= least for least in range(101)]
    assert passed == sorted(passed, reverse=True)


@given(TEXTS)
def test_one_spelling_is_its_own(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


def test_a_title_without_letters_is_nobodys() -> None:
    assert similarity("", "") == similarity("123", "123") == 0
