"""Lists from outside: taken in whole or not at all, sealed, kept as history, and the newest in force frozen with a snapshot."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from kafalat.core.problems import Problem
from kafalat.engine.snapshots import MATCHES, manifest_of, verify
from kafalat.interfaces.office import Office
from kafalat.registry.lists import import_list, matched
from kafalat.registry.models import Person, ScreeningEntry, ScreeningList, Snapshot
from kafalat.registry.selectors import CNIC_PURPOSE
from kafalat.registry.snapshots import take_snapshot
from kafalat.targeting.models import FamilyPayee
from kafalat.targeting.runs import replay, start_run
from tests.conftest import NOW
from tests.registry.steps import bring, drawn

HOUSEHOLDS = 120
DAY = date(2026, 1, 15)


def take_in(office: Office, path: Path, code: str = "vehicle", day: date = DAY) -> ScreeningList:
    return import_list(
        path=path,
        code=code,
        list_date=day,
        programme=office.programme,
        sealer=office.sealer,
        work=office.home.work,
        actor="tester",
        at=NOW,
    )


def cnic_of(office: Office, person: Person) -> str:
    assert person.cnic_sealed is not None
    return office.sealer.unseal(bytes(person.cnic_sealed), CNIC_PURPOSE)


def written(folder: Path, rows: list[str], name: str = "list.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(["name,cnic", *(f"x,{row}" for row in rows)]) + "\n", encoding="utf-8")
    return path


GOOD = "x,35202-1234567-1\n"
BROKEN = {
    "a number too short": ((f"name,cnic\n{GOOD}x,3520212345\n").encode(), "line 3", "13 digits"),
    "a number that begins with 9": ((f"name,cnic\n{GOOD}{GOOD.replace('35202', '95202')}").encode(), "line 3", "1 to 8"),
    "an empty number": ((f"name,cnic\n{GOOD}x,\n").encode(), "line 3", "13 digits"),
    "the same person twice": ((f"name,cnic\n{GOOD}\nx,3520212345671\n").encode(), "line 4", "line 2 already"),
    "no such column": (b"name,nic\nx,3520212345671\n", "line 1", "no column 'cnic'"),
    "two such columns": (b"cnic,cnic\n3520212345671,3520212345671\n", "line 1", "no column 'cnic'"),
    "nobody": (b"name,cnic\n", "line 1", "no number"),
    "nothing": (b"", "line 1", "no column 'cnic'"),
    "a row cut short": ((f"name,cnic\n{GOOD}3520212345672\n").encode(), "line 3", "1 columns"),
    "another encoding": (b"name,cnic\n" + "گھر,1\n".encode("cp1256"), "line 2", "UTF-8"),
    "a quote left open": (f'name,cnic\n{GOOD}"x,3520212345672\n'.encode(), "line", "CSV"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_list_is_refused_at_its_line_and_nothing_is_taken_in(
    office: Office, database: str, tmp_path: Path, name: str
) -> None:
    content, line, words = BROKEN[name]
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(Problem) as refused:
        take_in(office, path)
    assert refused.value.code == "lists.file_invalid"
    assert line in refused.value.text("en")
    assert words in refused.value.text("en")
    assert "35202" not in refused.value.text("en").replace("35202-1234567-8", "")
    assert not ScreeningList.objects.exists()
    assert not ScreeningEntry.objects.exists()


def test_an_unknown_filter_is_refused_with_the_nearest_and_a_date_to_come_too(
    office: Office, database: str, tmp_path: Path
) -> None:
    path = written(tmp_path, ["3520212345671"])
    with pytest.raises(Problem, match="nearest: vehicle"):
        take_in(office, path, code="vehicel")
    with pytest.raises(Problem, match="cannot be the date"):
        take_in(office, path, day=NOW.date() + timedelta(days=1))
    assert not ScreeningList.objects.exists()


def test_a_list_acts_from_the_next_snapshot_until_a_newer_one_replaces_it(
    office: Office, database: str, tmp_path: Path
) -> None:
    bring(office, drawn(office, HOUSEHOLDS, 11))

    def frozen(hours: int) -> tuple[Snapshot, set[tuple[int, str, date]]]:
        snapshot = take_snapshot(
            programme=office.programme,
            folder=office.home.snapshots,
            work=office.home.work,
            actor="tester",
            at=NOW + timedelta(hours=hours),
        )
        folder = office.home.snapshots / snapshot.sha256
        verify(folder)
        files = [folder / name for name in manifest_of(folder)["files"] if name.startswith(MATCHES)]
        rows = set()
        with duckdb.connect() as engine:
            for file in files:
                found = engine.execute(
                    "SELECT person_id, filter, list_date FROM read_parquet($1)", [str(file)]
                )
                rows |= set(found.fetchall())
        return snapshot, rows

    def run(snapshot: Snapshot) -> dict[int, FamilyPayee]:
        made = start_run(
            programme=office.programme,
            programme_folder=office.programme_folder,
            snapshot=snapshot,
            policy_day=DAY,
            folders=office.folders,
            actor="tester",
            at=NOW,
        )
        assert replay(run=made, folders=office.folders).equal
        return {each.family_id: each for each in FamilyPayee.objects.filter(run=made)}

    before_snapshot, rows = frozen(0)
    assert rows == set()
    before = run(before_snapshot)
    paid = [each for each in before.values() if each.person is not None]
    first, second = (each.person for each in paid[:2])
    assert first is not None
    assert second is not None
    numbers = [cnic_of(office, first), cnic_of(office, second)]

    old = take_in(office, written(tmp_path, [numbers[0], "8123456789012"]), "government_employee")
    assert (old.people, matched(old)) == (2, 1)
    assert take_in(office, tmp_path / "list.csv", "government_employee") == old
    soft = take_in(office, written(tmp_path, [numbers[1]]), "vehicle")
    snapshot, rows = frozen(1)
    assert rows == {(first.pk, "government_employee", DAY), (second.pk, "vehicle", DAY)}
    after = run(snapshot)
    stopped, asked = (after[each.family_id] for each in paid[:2])
    assert (stopped.person, stopped.reason) == (None, "government_employee")
    assert stopped.filters == [f"government_employee:self:{DAY}"]
    assert (asked.person, asked.filters) == (second, [f"vehicle:self:{DAY}"])
    others = before.keys() - {stopped.family_id, asked.family_id}
    assert all((after[f].person_id, after[f].filters) == (before[f].person_id, []) for f in others)

    # A later list without her lifts it; an earlier one that comes late does not bring it back.
    take_in(office, written(tmp_path, ["8123456789012"]), "government_employee", DAY + timedelta(days=1))
    take_in(
        office, written(tmp_path, [numbers[0]], "late.csv"), "government_employee", DAY - timedelta(days=1)
    )
    assert frozen(2)[1] == {(second.pk, "vehicle", DAY)}
    assert ScreeningList.objects.count() == 4
    assert bytes(ScreeningEntry.objects.get(list=soft).cnic_sealed) == bytes(second.cnic_sealed or b"")
