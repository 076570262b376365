"""Selection by quota and budget: never more than there are places, nobody passed over, ties by a draw all can repeat."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafalat.core.problems import Problem
from kafalat.engine.selecting import selection_sql, shares, standing_sql, tie_break_key, write_selection
from kafalat.policy.loader import load, shipped
from kafalat.policy.model import Programme, Selection

DAY = date(2026, 3, 1)
LAHORE, KASUR, LAHORE_CITY = "PK617", "PK614", "PK61701"
SOURCE = "a test"
AMOUNT_RUPEES = 14_500  # of one family and quarter on DAY


@dataclass(frozen=True)
class House:
    """One household as selection sees it."""

    score: int
    key: str
    place: str = LAHORE
    families: int = 1
    outcome: str = "eligible"
    shift: int = 0


@dataclass(frozen=True)
class Placed:
    """What selection says of one household."""

    place: str
    rank: int
    families: int
    standing: str


@pytest.fixture(scope="module")
def shipped_programme() -> Programme:
    return load(shipped())


def selecting(programme: Programme, **how: object) -> Programme:
    """The programme with another selection."""
    salts = [{"from": date(2026, 1, 1), "value": "prize bond 123456", "source": SOURCE}]
    chosen = {"by": "quota", "tie_break": {"method": "hash", "salts": salts}, "source": SOURCE, **how}
    return programme.model_copy(update={"selection": Selection.model_validate(chosen)})


def quotas(programme: Programme, **families: int) -> Programme:
    rows = [{"place": p, "families": n, "from": DAY, "source": SOURCE} for p, n in families.items()]
    return selecting(programme, quotas=rows)


def given_to(connection: duckdb.DuckDBPyConnection, houses: Sequence[House]) -> None:
    """Show the engine the households in the order they have, numbered from 1."""
    numbered = list(enumerate(houses, 1))
    tables: dict[str, list[dict[str, object]]] = {
        "decisions": [
            {"household_id": n, "outcome": h.outcome, "score": h.score, "reasons": ["within"]}
            for n, h in numbered
        ],
        "payees": [
            {"household_id": n, "person_id": 10 * n + number}
            for n, h in numbered
            for number in range(h.families)
        ],
        "households": [{"household_id": n, "place_pcode": h.place, "survey_key": h.key} for n, h in numbered],
        "verdicts": [{"household_id": n, "shift_points": h.shift} for n, h in numbered if h.shift],
    }
    shapes: dict[str, list[tuple[str, pa.DataType]]] = {
        "decisions": [
            ("household_id", pa.int64()), ("outcome", pa.string()), ("score", pa.int64()), ("reasons", pa.list_(pa.string())),
        ],
        "payees": [("household_id", pa.int64()), ("person_id", pa.int64())],
        "households": [("household_id", pa.int64()), ("place_pcode", pa.string()), ("survey_key", pa.string())],
        "verdicts": [("household_id", pa.int64()), ("shift_points", pa.int64())],
    }  # fmt: skip
    for name, rows in tables.items():
        connection.register(name, pa.Table.from_pylist(rows, schema=pa.schema(shapes[name])))


def select(programme: Programme, houses: Sequence[House], threads: int = 1) -> dict[str, Placed]:
    """Return what becomes of each household by its survey key."""
    with duckdb.connect() as connection:
        connection.execute(f"SET threads = {threads}")
        given_to(connection, houses)
        rows = connection.execute(
            "SELECT survey_key, place, rank, families, standing "
            f"FROM ({selection_sql(programme, DAY)}) JOIN households USING (household_id)"
        ).fetchall()
    return {key: Placed(*rest) for key, *rest in rows}


HOUSES = st.lists(
    st.builds(
        House,
        score=st.integers(0, 3),
        key=st.integers(0, 10**6).map(str),
        place=st.sampled_from([LAHORE, KASUR, LAHORE_CITY]),
        families=st.integers(0, 3),
        outcome=st.sampled_from(["eligible", "eligible", "ineligible", "incomplete"]),
        shift=st.integers(-9, 9),
    ),
    max_size=30,
    unique_by=lambda house: house.key,
)


@settings(max_examples=25, deadline=None)
@given(houses=HOUSES, lahore=st.integers(0, 12), rest=st.integers(0, 12), data=st.data())
def test_places_are_never_exceeded_nobody_is_passed_over_and_order_and_threads_do_not_matter(
    shipped_programme: Programme, houses: list[House], lahore: int, rest: int, data: st.DataObject
) -> None:
    programme = quotas(shipped_programme, PK617=lahore, PK=rest)
    found = select(programme, houses)
    assert found.keys() == {house.key for house in houses if house.outcome == "eligible"}
    assert select(programme, data.draw(st.permutations(houses)), threads=3) == found

    by_key = {house.key: house for house in houses}
    most = programme.validation.shift_points_max
    for place, families in (("PK617", lahore), ("PK", rest)):
        ranked = sorted((p.rank, key, p) for key, p in found.items() if p.place == place)
        assert [rank for rank, _, _ in ranked] == list(range(1, len(ranked) + 1))
        assert sum(p.families for _, _, p in ranked if p.standing == "selected") <= families
        # One stretch of selected, then those who wait; the first who waits would not have fitted.
        assert [standing for standing, _ in groupby(p.standing for _, _, p in ranked)] in (
            [], ["selected"], ["waiting"], ["selected", "waiting"],
        )  # fmt: skip
        taken = sum(p.families for _, _, p in ranked if p.standing == "selected")
        first_waiting = next((p for _, _, p in ranked if p.standing == "waiting"), None)
        assert first_waiting is None or taken + first_waiting.families > families
        # By score and bounded shift, then by the draw: computed here without the engine.
        salt = "prize bond 123456"
        in_order = [
            (by_key[key].score + max(-most, min(most, by_key[key].shift)), tie_break_key(salt, key))
            for _, key, _ in ranked
        ]
        assert in_order == sorted(in_order)


def test_a_place_without_a_quota_of_its_own_shares_that_of_the_nearest_place_above(
    shipped_programme: Programme,
) -> None:
    houses = [House(1, "a", LAHORE_CITY), House(2, "b", LAHORE), House(3, "c", KASUR)]
    found = select(quotas(shipped_programme, PK=5, PK617=1), houses)
    assert {key: (p.place, p.standing) for key, p in found.items()} == {
        "a": ("PK617", "selected"),
        "b": ("PK617", "waiting"),
        "c": ("PK", "selected"),
    }


def test_a_budget_becomes_families_by_the_amount_of_the_day(shipped_programme: Programme) -> None:
    rows = [{"place": "PK", "from": DAY, "rupees_quarter": 3 * AMOUNT_RUPEES - 1, "source": SOURCE}]
    programme = selecting(shipped_programme, by="budget", budgets=rows)
    assert shares(programme, DAY) == {"PK": 2}
    found = select(programme, [House(score, str(score)) for score in (9, 4, 6)])
    assert [key for key, p in sorted(found.items()) if p.standing == "selected"] == ["4", "6"]


def test_a_household_of_several_families_takes_several_places_and_a_smaller_one_behind_does_not_slip_in(
    shipped_programme: Programme,
) -> None:
    houses = [House(1, "first"), House(2, "three families", families=3), House(3, "small")]
    found = select(quotas(shipped_programme, PK=3), houses)
    assert {key: p.standing for key, p in found.items()} == {
        "first": "selected",
        "three families": "waiting",
        "small": "waiting",
    }


def test_the_draw_between_equal_scores_can_be_repeated_with_a_shell(shipped_programme: Programme) -> None:
    keys = [f"00aa11bb22cc33dd:{number}" for number in range(6)]
    found = select(quotas(shipped_programme, PK=6), [House(20, key) for key in keys])
    printed = {
        key: subprocess.run(
            ["sh", "-c", f"printf '%s' 'prize bond 123456|{key}' | sha256sum"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout[:64]
        for key in keys
    }
    assert sorted(keys, key=printed.__getitem__) == sorted(keys, key=lambda key: found[key].rank)


def test_another_salt_draws_another_order(shipped_programme: Programme) -> None:
    houses = [House(20, str(number)) for number in range(20)]
    programme = quotas(shipped_programme, PK=10)
    redrawn = programme.model_copy(
        update={
            "selection": programme.selection.model_copy(
                update={
                    "tie_break": programme.selection.tie_break.model_copy(
                        update={
                            "salts": tuple(
                                salt.model_copy(update={"value": "another"})
                                for salt in programme.selection.tie_break.salts
                            )
                        }
                    )
                }
            )
        }
    )
    assert select(programme, houses) != select(redrawn, houses)


def test_a_place_no_quota_covers_is_refused_and_nothing_is_left_behind(
    shipped_programme: Programme, tmp_path: Path
) -> None:
    with duckdb.connect() as connection:
        given_to(connection, [House(1, "a", KASUR)])
        with pytest.raises(Problem, match=KASUR):
            write_selection(connection, quotas(shipped_programme, PK617=4), DAY, tmp_path)
    assert list((tmp_path / "selection").iterdir()) == []


def test_the_digest_does_not_depend_on_the_order_of_rows_and_tells_a_changed_rank(
    shipped_programme: Programme, tmp_path: Path
) -> None:
    houses = [House(n % 3, str(n)) for n in range(12)]

    def digest(name: str, rows: Sequence[House], *, reverse: bool = False) -> str:
        with duckdb.connect() as connection:
            given_to(connection, rows)
            if reverse:
                connection.execute(
                    "CREATE TEMP TABLE turned AS SELECT * FROM decisions ORDER BY household_id DESC"
                )
                connection.execute("CREATE OR REPLACE TEMP VIEW decisions AS SELECT * FROM turned")
            return write_selection(connection, quotas(shipped_programme, PK=5), DAY, tmp_path / name)

    plain = digest("plain", houses)
    assert digest("turned", houses, reverse=True) == plain
    assert digest("shifted", [House(3, "0"), *houses[1:]]) != plain


def test_a_household_that_waits_carries_the_reason(shipped_programme: Programme) -> None:
    with duckdb.connect() as connection:
        given_to(connection, [House(1, "a"), House(2, "b"), House(3, "c", outcome="ineligible")])
        selected = f"({selection_sql(quotas(shipped_programme, PK=1), DAY)})"
        rows = connection.execute(
            f"SELECT reasons, standing, rank FROM ({standing_sql('decisions', selected)}) ORDER BY household_id"
        ).fetchall()
    assert rows == [
        (["within"], "selected", 1),
        (["within", "waiting_list"], "waiting", 2),
        (["within"], None, None),
    ]
