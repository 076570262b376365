"""Families: everybody belongs to exactly one, and every woman who is or was married has her own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from kafalat.registry.families import FAMILIES_SQL

COLUMNS = (
    "household_key", "line_no", "relationship", "sex", "age_years", "marital_status", "spouse_line", "father_line",
    "mother_line",
)  # fmt: skip


@dataclass(frozen=True)
class Member:
    """A line of a roster."""

    line_no: int
    relationship: str
    sex: str
    age_years: int
    marital_status: str = "never_married"
    spouse_line: int | None = None
    father_line: int | None = None
    mother_line: int | None = None
    household_key: str = "h1"


def man(
    line: int, relationship: str = "head", *, status: str = "married", wife: int | None = None, **lines: int
) -> Member:
    return replace(Member(line, relationship, "male", 40, status, wife), **lines)  # type: ignore[arg-type]  # parents' lines


def woman(
    line: int,
    relationship: str = "spouse",
    *,
    status: str = "married",
    husband: int | None = None,
    **lines: int,
) -> Member:
    return replace(Member(line, relationship, "female", 38, status, husband), **lines)  # type: ignore[arg-type]  # parents' lines


def child(
    line: int,
    *,
    father: int | None = None,
    mother: int | None = None,
    sex: str = "female",
    relationship: str = "child",
) -> Member:
    return Member(line, relationship, sex, 9, father_line=father, mother_line=mother)


def placed(members: Sequence[Member]) -> list[tuple[str, int, int, str]]:
    """Return household, line, family number and kind of family of each row the SQL makes, in order."""
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE people (household_key VARCHAR, line_no INTEGER, relationship VARCHAR, sex VARCHAR, age_years INTEGER, "
        "marital_status VARCHAR, spouse_line INTEGER, father_line INTEGER, mother_line INTEGER)"
    )
    connection.executemany(
        f"INSERT INTO people VALUES ({', '.join('?' * len(COLUMNS))})",
        [tuple(getattr(member, column) for column in COLUMNS) for member in members],
    )
    connection.execute(FAMILIES_SQL)
    return connection.execute(
        "SELECT household_key, line_no, family_no, kind FROM family_members ORDER BY household_key, line_no, family_no"
    ).fetchall()


def families(*members: Member) -> list[tuple[set[int], str]]:
    """Return the lines and the kind of each family of one household, in the order of family numbers."""
    rows = placed(members)
    assert sorted(line for _, line, _, _ in rows) == sorted(member.line_no for member in members)
    numbers = sorted({number for _, _, number, _ in rows})
    assert numbers == list(range(1, len(numbers) + 1))
    found = []
    for number in numbers:
        (kind,) = {kind for _, _, own, kind in rows if own == number}
        found.append(({line for _, line, own, _ in rows if own == number}, kind))
    return found


WOMAN, TRANSGENDER, OTHER = "ever_married_woman", "transgender_person", "other"


def test_a_couple_and_its_children_are_one_family() -> None:
    home = (
        man(1, wife=2),
        woman(2, husband=1),
        child(3, father=1, mother=2),
        child(4, father=1, mother=2, sex="male"),
    )
    assert families(*home) == [({1, 2, 3, 4}, WOMAN)]


def test_either_side_may_name_the_other() -> None:
    assert families(man(1), woman(2, husband=1), child(3, father=1)) == [({1, 2, 3}, WOMAN)]
    assert families(man(1, wife=2), woman(2), child(3, father=1)) == [({1, 2, 3}, WOMAN)]


def test_the_spouse_of_the_head_needs_no_line_to_be_known() -> None:
    assert families(man(1), woman(2), child(3)) == [({1, 2, 3}, WOMAN)]
    assert families(woman(1, "head"), man(2, "spouse"), child(3)) == [({1, 2, 3}, WOMAN)]
    assert families(man(1), woman(2), woman(3)) == [({1, 2}, WOMAN), ({3}, WOMAN)]
    assert families(man(1, status="widowed"), woman(2, "sibling", status="widowed")) == [
        ({1}, OTHER),
        ({2}, WOMAN),
    ]


def test_two_wives_are_two_families_each_with_her_children() -> None:
    home = (
        man(1, wife=2),
        woman(2, husband=1),
        woman(3, husband=1),
        child(4, father=1, mother=2),
        child(5, father=1, mother=3),
    )
    assert families(*home) == [({1, 2, 4}, WOMAN), ({3, 5}, WOMAN)]


def test_a_married_son_in_the_house_has_a_family_of_his_own() -> None:
    home = (
        man(1, wife=2),
        woman(2, husband=1),
        man(3, "child", wife=4, father_line=1, mother_line=2),
        woman(4, "child_in_law", husband=3),
        child(5, father=3, mother=4, relationship="grandchild"),
        child(6, father=1, mother=2),
    )
    assert families(*home) == [({1, 2, 6}, WOMAN), ({3, 4, 5}, WOMAN)]


def test_a_widowed_mother_in_law_has_her_own_family() -> None:
    home = (man(1, wife=2), woman(2, husband=1), woman(3, "parent_in_law", status="widowed"))
    assert families(*home) == [({1, 2}, WOMAN), ({3}, WOMAN)]


def test_a_divorced_daughter_has_her_own_family_with_her_children() -> None:
    home = (
        man(1, wife=2),
        woman(2, husband=1),
        woman(3, "child", status="divorced", father_line=1, mother_line=2),
        child(4, mother=3, relationship="grandchild"),
    )
    assert families(*home) == [({1, 2}, WOMAN), ({3, 4}, WOMAN)]


def test_a_widower_and_his_children_are_one_family() -> None:
    assert families(man(1, status="widowed"), child(2, father=1), child(3, father=1)) == [({1, 2, 3}, OTHER)]


def test_a_husband_whose_wife_lives_elsewhere_is_one_family_with_his_children() -> None:
    home = (
        man(1, wife=2),
        woman(2, husband=1),
        man(3, "sibling"),
        child(4, father=3, relationship="nephew_niece"),
    )
    assert families(*home) == [({1, 2}, WOMAN), ({3, 4}, OTHER)]


def test_unmarried_siblings_belong_to_the_family_of_the_head() -> None:
    unmarried = (man(2, "sibling", status="never_married"), woman(3, "sibling", status="never_married"))
    assert families(man(1, status="never_married"), *unmarried) == [({1, 2, 3}, OTHER)]
    assert families(man(1, wife=4), *unmarried, woman(4, husband=1)) == [({1, 2, 3, 4}, WOMAN)]


def test_grandchildren_without_parents_belong_to_the_family_of_the_head() -> None:
    grandchildren = (child(3, relationship="grandchild"), child(4, relationship="grandchild", sex="male"))
    assert families(man(1, wife=2), woman(2, husband=1), *grandchildren) == [({1, 2, 3, 4}, WOMAN)]
    assert families(woman(1, "head", status="widowed"), *grandchildren) == [({1, 3, 4}, WOMAN)]


def test_a_transgender_adult_has_a_family_of_their_own_a_child_has_not() -> None:
    home = (
        man(1, wife=2),
        woman(2, husband=1),
        Member(3, "child", "transgender", 22, father_line=1, mother_line=2),
        Member(4, "child", "transgender", 12, father_line=1, mother_line=2),
    )
    assert families(*home) == [({1, 2, 4}, WOMAN), ({3}, TRANSGENDER)]


def test_a_household_without_family_ties_is_one_family() -> None:
    strangers = [man(line, "other", status="never_married") for line in (2, 5, 7)]
    assert families(*strangers) == [({2, 5, 7}, OTHER)]


def test_children_of_an_unmarried_mother_stay_with_the_head() -> None:
    home = (
        man(1, wife=2),
        woman(2, husband=1),
        woman(3, "child", status="never_married", father_line=1, mother_line=2),
        child(4, mother=3, relationship="grandchild"),
    )
    assert families(*home) == [({1, 2, 3, 4}, WOMAN)]


def test_lines_that_name_nobody_or_oneself_do_no_harm() -> None:
    home = (
        man(1, wife=9),
        woman(2, husband=2),
        child(3, father=77, mother=3),
        woman(4, "sibling", husband=2, status="married"),
    )
    rows = placed(home)
    assert sorted(line for _, line, _, _ in rows) == [1, 2, 3, 4]
    assert len({number for _, line, number, _ in rows if line in (2, 4)}) == 2


# ---- any roster ------------------------------------------------------------------------------------------------


@st.composite
def rosters(draw: st.DrawFn) -> list[Member]:
    """Return up to three households of up to eight members whose lines name anybody, or nobody, at random."""
    members = []
    for key in draw(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3, unique=True)):
        lines = draw(st.lists(st.integers(1, 9), min_size=1, max_size=8, unique=True))
        tie = st.none() | st.integers(1, 9)
        members += [
            Member(
                line,
                draw(st.sampled_from(["head", "spouse", "child", "grandchild", "parent", "other"])),
                draw(st.sampled_from(["female", "male", "transgender"])),
                draw(st.integers(0, 80)),
                draw(st.sampled_from(["never_married", "married", "widowed", "divorced"])),
                draw(tie),
                draw(tie),
                draw(tie),
                key,
            )
            for line in lines
        ]
    return members


@settings(max_examples=40, deadline=None)
@given(rosters())
def test_in_any_roster_everybody_is_placed_once_and_every_such_woman_apart(members: list[Member]) -> None:
    rows = placed(members)
    assert [(key, line) for key, line, _, _ in rows] == sorted((m.household_key, m.line_no) for m in members)
    kinds: dict[tuple[str, int], set[str]] = {}
    for key, _, number, kind in rows:
        kinds.setdefault((key, number), set()).add(kind)
    assert all(len(each) == 1 for each in kinds.values())
    families_of = {(key, line): (number, kind) for key, line, number, kind in rows}
    defining: dict[str, list[int]] = {}
    for member in members:
        is_woman = member.sex == "female" and member.marital_status != "never_married"
        is_transgender = member.sex == "transgender" and member.age_years >= 18
        if is_woman or is_transgender:
            number, kind = families_of[member.household_key, member.line_no]
            assert kind == (WOMAN if is_woman else TRANSGENDER)
            defining.setdefault(member.household_key, []).append(number)
    assert all(len(numbers) == len(set(numbers)) for numbers in defining.values())
