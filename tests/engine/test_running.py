"""Runs: the same digest from any thread count and file layout, and no run on files that are not as recorded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from kafalat.config.home import Home
from kafalat.core import merkle
from kafalat.core.digests import file_sha256, value_sha256
from kafalat.core.problems import Problem
from kafalat.engine import running
from kafalat.engine.backends import duck_backend
from kafalat.engine.snapshots import MANIFEST_FILE, TABLES, manifest_of, verify
from kafalat.policy.loader import load, shipped
from kafalat.policy.model import Programme
from kafalat.registry.models import Snapshot
from tests.conftest import clone

DAY = date(2026, 1, 1)
COPIES = 8  # of the 400 households of the template
APART = 1_000_000  # between the numbers of two copies


@pytest.fixture(scope="module")
def programme() -> Programme:
    return load(shipped())


@pytest.fixture(scope="module")
def taken(home: Home, enrolled_template: str) -> Path:
    """The folder of the snapshot the template was decided on."""
    with clone(home, enrolled_template):
        return home.snapshots / Snapshot.objects.latest().sha256


def rewrite(folder: Path, table: str, query: str) -> None:
    """Write every file of a table of a snapshot anew, as `query` has it, and bring the manifest in line."""
    draft = folder / "draft"
    manifest = manifest_of(folder)
    with duckdb.connect() as engine:
        for file in sorted((folder / table).iterdir()):
            engine.execute(f"CREATE OR REPLACE VIEW given AS SELECT * FROM read_parquet('{file}')")
            engine.execute(f"COPY ({query}) TO '{draft}' (FORMAT parquet, ROW_GROUP_SIZE 2048)")
            draft.replace(file)
            ((rows,),) = engine.execute("SELECT count(*) FROM given").fetchall()
            manifest["files"][f"{table}/{file.name}"] = {"sha256": file_sha256(file), "rows": rows}
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest))


@pytest.fixture(scope="module")
def large(taken: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot of a few thousand households, so that threads and batches have something to share."""
    folder = tmp_path_factory.mktemp("large") / "snapshot"
    shutil.copytree(taken, folder)
    for table in TABLES:
        numbers = ("household_id",) if table == "households" else ("household_id", "family_id", "person_id")
        moved = ", ".join(f"{name} + copy * {APART} AS {name}" for name in numbers)
        copies = f"(SELECT range AS copy FROM range({COPIES}))"
        rewrite(folder, table, f"SELECT * EXCLUDE (copy) REPLACE ({moved}) FROM given, {copies} ORDER BY ALL")
    return folder


@pytest.fixture
def small(taken: Path, tmp_path: Path) -> Path:
    """A copy of the template's snapshot that a test may spoil."""
    return shutil.copytree(taken, tmp_path / "snapshot")


def run(programme: Programme, snapshot: Path, out: Path, threads: int | None = None) -> running.RunResult:
    return running.run(programme=programme, snapshot=snapshot, out=out, policy_day=DAY, threads=threads)


@pytest.fixture(scope="module")
def reference(
    programme: Programme, large: Path, tmp_path_factory: pytest.TempPathFactory
) -> running.RunResult:
    return run(programme, large, tmp_path_factory.mktemp("reference"), threads=1)


# ---- the digest ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [2, 4])
def test_the_digest_does_not_depend_on_threads(
    programme: Programme, large: Path, reference: running.RunResult, tmp_path: Path, threads: int
) -> None:
    assert reference.households >= 400 * COPIES
    assert run(programme, large, tmp_path, threads) == reference


@pytest.mark.parametrize("seed", [1, 2])
def test_the_digest_does_not_depend_on_the_order_of_rows(
    programme: Programme, large: Path, reference: running.RunResult, tmp_path: Path, seed: int
) -> None:
    shuffled = shutil.copytree(large, tmp_path / "shuffled")
    for table in TABLES:
        number = "household_id" if table == "households" else "person_id"
        rewrite(shuffled, table, f"SELECT * FROM given ORDER BY hash({number} + {seed})")
    result = run(programme, shuffled, tmp_path / "out", threads=2)
    assert (result.digest, result.districts) == (reference.digest, reference.districts)
    assert result.snapshot_sha256 != reference.snapshot_sha256


def test_the_digest_is_the_merkle_root_over_districts(reference: running.RunResult) -> None:
    leaves = [f"{pcode}:{digest}".encode() for pcode, digest in sorted(reference.districts.items())]
    assert reference.digest == merkle.root(leaves).hex()
    assert len(leaves) > 50


def test_every_household_has_one_decision_and_the_counts_agree(
    programme: Programme, small: Path, tmp_path: Path
) -> None:
    result = run(programme, small, tmp_path / "out")
    with running.open_results(tmp_path / "out", tmp_path) as engine:
        rows = engine.execute("SELECT count(*), count(DISTINCT household_id) FROM decisions").fetchall()
    assert rows == [(result.households, result.households)]
    assert result.eligible + result.ineligible + result.incomplete == result.households
    assert min(result.eligible, result.ineligible) > 0


def test_one_changed_answer_gives_another_digest_in_its_district_alone(
    programme: Programme, small: Path, tmp_path: Path
) -> None:
    before = run(programme, small, tmp_path / "before")
    everybody = f"SELECT min(household_id) FROM read_parquet('{small}/households/*.parquet') WHERE rooms = 1"
    poorest = duckdb.connect().execute(everybody).fetchall()[0][0]
    answer = f"CASE WHEN household_id = {poorest} THEN 6 ELSE rooms END"
    rewrite(small, "households", f"SELECT * REPLACE ({answer} AS rooms) FROM given ORDER BY household_id")
    after = run(programme, small, tmp_path / "after")
    assert after.digest != before.digest
    differing = [pcode for pcode, digest in before.districts.items() if after.districts[pcode] != digest]
    assert len(differing) == 1


def test_a_changed_programme_gives_another_digest(programme: Programme, small: Path, tmp_path: Path) -> None:
    card = programme.scorecard
    dearer = programme.model_copy(
        update={"scorecard": card.model_copy(update={"base_points": card.base_points + 3})}
    )
    assert run(programme, small, tmp_path / "a").digest != run(dearer, small, tmp_path / "b").digest


def test_another_day_is_decided_by_its_own_cutoff(programme: Programme, small: Path, tmp_path: Path) -> None:
    earlier = running.run(
        programme=programme, snapshot=small, out=tmp_path / "a", policy_day=date(2012, 1, 1)
    )
    assert earlier.digest != run(programme, small, tmp_path / "b").digest
    assert earlier.eligible < run(programme, small, tmp_path / "c").eligible


def test_a_day_before_the_programme_finds_nobody_eligible(
    programme: Programme, small: Path, tmp_path: Path
) -> None:
    result = running.run(programme=programme, snapshot=small, out=tmp_path, policy_day=date(2000, 1, 1))
    assert (result.eligible, result.incomplete, result.ineligible) == (0, 0, result.households)


# ---- batches ---------------------------------------------------------------------------------------------------


def in_batches(programme: Programme, snapshot: Path, out: Path, most: int, **more: Any) -> running.RunResult:
    return running.run(
        programme=programme, snapshot=snapshot, out=out, policy_day=DAY, batch_households=most, **more
    )


def test_batches_are_whole_districts_in_order() -> None:
    households = {"A": 3, "B": 4, "C": 9, "D": 1, "E": 1}
    assert running.batches(households, 7) == [("A", "B"), ("C",), ("D", "E")]
    assert running.batches(households, 1) == [("A",), ("B",), ("C",), ("D",), ("E",)]
    assert running.batches(households, 100) == [("A", "B", "C", "D", "E")]
    assert running.batches({}, 1) == []


@pytest.mark.parametrize("most", [700, 2000])
def test_the_result_does_not_depend_on_the_size_of_batches(
    programme: Programme, large: Path, reference: running.RunResult, tmp_path: Path, most: int
) -> None:
    shares: list[float] = []
    assert in_batches(programme, large, tmp_path, most, progress=shares.append) == reference
    files = sorted((tmp_path / running.DECISIONS).iterdir())
    assert len(files) == len(shares) - 1 > 1
    assert (shares, shares[-1]) == (sorted(shares), 1.0)
    with running.open_results(tmp_path, tmp_path) as engine:
        assert engine.execute("SELECT count(*) FROM decisions").fetchall() == [(reference.households,)]


class KilledError(Exception):
    """A process that ends where it stands."""


def kill_after(share: float) -> Callable[[float], None]:
    """Return a progress that ends the run once it stands at `share`."""

    def progress(done: float) -> None:
        if done >= share:
            raise KilledError

    return progress


def test_a_run_that_was_killed_goes_on_where_it_stood(
    programme: Programme, large: Path, reference: running.RunResult, tmp_path: Path
) -> None:
    with pytest.raises(KilledError):
        in_batches(programme, large, tmp_path, 700, progress=kill_after(0.4))
    first = tmp_path / running.DECISIONS / "0001.parquet"
    was = first.stat().st_mtime_ns
    # What a killed batch left: files that were never counted.
    (tmp_path / running.DECISIONS / "0004.parquet").write_bytes(b"half")
    (tmp_path / running.PAYEES / "0004.part").write_bytes(b"half")
    assert not (tmp_path / running.RESULT_FILE).exists()
    assert in_batches(programme, large, tmp_path, 700) == reference
    assert first.stat().st_mtime_ns == was
    assert not list(tmp_path.rglob("*.part"))


def test_what_another_run_left_is_not_taken_up(
    programme: Programme, large: Path, reference: running.RunResult, tmp_path: Path
) -> None:
    card = programme.scorecard
    other = programme.model_copy(
        update={"scorecard": card.model_copy(update={"base_points": card.base_points + 3})}
    )
    with pytest.raises(KilledError):
        in_batches(other, large, tmp_path, 700, progress=kill_after(0.4))
    assert in_batches(programme, large, tmp_path, 700) == reference


def test_control_a_batch_left_by_another_run_would_change_the_digest(
    programme: Programme, large: Path, reference: running.RunResult, tmp_path: Path
) -> None:
    """The digest is of the files: a batch that was exchanged on disk shows in it."""
    with pytest.raises(KilledError):
        in_batches(programme, large, tmp_path, 700, progress=kill_after(0.4))
    file = tmp_path / running.DECISIONS / "0002.parquet"
    with duckdb.connect() as engine:
        engine.execute(f"CREATE TABLE batch AS SELECT * FROM read_parquet('{file}')")
        engine.execute(
            f"COPY (SELECT * REPLACE (99::INTEGER AS score) FROM batch) TO '{file}' (FORMAT parquet)"
        )
    assert in_batches(programme, large, tmp_path, 700).digest != reference.digest


def test_another_engine_than_there_is_is_refused(programme: Programme, large: Path, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        in_batches(programme, large, tmp_path / "out", 700, engine="flink")
    assert (caught.value.code, (tmp_path / "out").exists()) == ("targeting.engine_unknown", False)


# ---- files that are not as the manifest says -------------------------------------------------------------------


ABOUT = {"sha256": "0" * 64, "rows": 1}


def manifest_text(files: dict[str, object], *tables: str) -> str:
    """Return a manifest that names `files`; of the tables, both or those named."""
    about = {table: {"rows": 1, "columns": {}} for table in tables or TABLES}
    return json.dumps({"format": 2, "as_of": "2026-01-01", "tables": about, "files": files})


def refused(programme: Programme, snapshot: Path, out: Path) -> Problem:
    """Return the problem a run meets, having made sure that it decided nothing."""
    with pytest.raises(Problem) as caught:
        run(programme, snapshot, out)
    assert not out.exists()
    return caught.value


def some_file(folder: Path, table: str, position: int) -> str:
    """Return the name of one file of a table, as the manifest has it."""
    names = sorted(name for name in manifest_of(folder)["files"] if name.startswith(f"{table}/"))
    return names[position]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("position", [0, 20, -1])
def test_a_flipped_byte_is_refused_and_the_file_and_so_the_district_named(
    programme: Programme, small: Path, tmp_path: Path, table: str, position: int
) -> None:
    name = some_file(small, table, position)
    content = bytearray((small / name).read_bytes())
    content[len(content) // 2] ^= 1
    (small / name).write_bytes(content)
    problem = refused(programme, small, tmp_path / "out")
    assert problem.code == "targeting.snapshot_changed"
    assert all(name in problem.text(language) for language in ("en", "ur"))


def test_the_first_of_several_changed_districts_is_named(
    programme: Programme, small: Path, tmp_path: Path
) -> None:
    for table, position in (("households", 30), ("people", 3)):
        (small / some_file(small, table, position)).write_bytes(b"no")
    assert some_file(small, "people", 3) in refused(programme, small, tmp_path / "out").text("en")


def test_control_an_answer_altered_unseen_would_change_decisions(
    programme: Programme, small: Path, tmp_path: Path
) -> None:
    """The harm: a Parquet file with other answers reads as well as the right one. Only its digest tells."""
    before = run(programme, small, tmp_path / "before")
    rewrite(small, "households", "SELECT * REPLACE (1 AS rooms, false AS mobile_phone) FROM given")
    assert run(programme, small, tmp_path / "after").eligible > before.eligible


@pytest.mark.parametrize("table", TABLES)
def test_a_missing_file_is_refused_and_named(
    programme: Programme, small: Path, tmp_path: Path, table: str
) -> None:
    name = some_file(small, table, 5)
    (small / name).unlink()
    problem = refused(programme, small, tmp_path / "out")
    assert (problem.code, name in problem.text("en")) == ("targeting.snapshot_changed", True)


def test_a_snapshot_of_an_earlier_format_is_refused_by_its_format(
    programme: Programme, small: Path, tmp_path: Path
) -> None:
    (small / MANIFEST_FILE).write_text('{"format": 1, "files": {}}')
    problem = refused(programme, small, tmp_path / "out")
    assert problem.code == "targeting.snapshot_format"
    assert all("1" in problem.text(language) for language in ("en", "ur"))


def test_a_folder_without_manifest_is_no_snapshot(programme: Programme, small: Path, tmp_path: Path) -> None:
    (small / MANIFEST_FILE).unlink()
    assert refused(programme, small, tmp_path / "out").code == "targeting.snapshot_missing"


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"format": 2, "files": {"households/PK1',
        "[]",
        "{}",
        '{"format": 2, "files": {}}',
        '{"format": "2"}',
        manifest_text({"households/PK101.parquet": ABOUT}),
        manifest_text({"households/PK101.parquet": {}, "people/PK101.parquet": {}}),
        manifest_text({"households/PK101.parquet": None, "people/PK101.parquet": None}),
        manifest_text({"households/PK101.parquet": ABOUT, "people/PK102.parquet": ABOUT}),
        manifest_text({"households/../a.parquet": ABOUT, "people/../a.parquet": ABOUT}),
        manifest_text({"households/PK101.parquet": ABOUT, "people/PK101.parquet": ABOUT}, "households"),
        "\udcff",
    ],
)
def test_a_manifest_that_is_cut_off_or_leaves_a_file_out_is_refused(
    programme: Programme, small: Path, tmp_path: Path, text: str
) -> None:
    """A manifest that names no file would let any file pass."""
    (small / MANIFEST_FILE).write_text(text, errors="surrogateescape")
    problem = refused(programme, small, tmp_path / "out")
    assert problem.code == "targeting.snapshot_changed"
    assert all(MANIFEST_FILE in problem.text(language) for language in ("en", "ur"))


def test_the_digest_of_a_snapshot_stands_for_every_byte(taken: Path, small: Path) -> None:
    manifest = manifest_of(small)
    assert verify(small) == value_sha256(manifest) == taken.name
    found = {file.relative_to(small).as_posix(): file_sha256(file) for file in small.glob("*/*.parquet")}
    assert {name: about["sha256"] for name, about in manifest["files"].items()} == found
    assert len(found) > 100


def test_a_run_reads_nothing_but_its_snapshot(small: Path, tmp_path: Path) -> None:
    """The rules are text; should one ever get past the gate of the rule language, the disk is closed to it."""
    (tmp_path / "work").mkdir()
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with duck_backend([small], tmp_path / "work", None) as backend:
        with pytest.raises(duckdb.PermissionException):
            backend.define("a", f"SELECT * FROM read_csv('{secret}')")
        with pytest.raises(duckdb.PermissionException):
            backend.write("SELECT 1 AS a", tmp_path, "out")
        backend.load("households", sorted((small / "households").iterdir()), {})
        (file,) = backend.write("SELECT * FROM households", tmp_path / "work", "copy")
    assert duckdb.connect().execute(f"SELECT count(*) FROM '{file}'").fetchall() == [(400,)]
    assert duckdb.connect().execute(f"SELECT * FROM read_csv('{secret}')").fetchall() == [(1,)]
