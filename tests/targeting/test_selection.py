"""Selection on the registry: who is enrolled by quota, who waits, and who is next when a place becomes free."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from kafalat.audit.models import AuditEntry
from kafalat.core.problems import Problem
from kafalat.engine import running
from kafalat.enrolment.enrol import enrol, promote
from kafalat.enrolment.models import Beneficiary
from kafalat.interfaces.office import Office
from kafalat.policy.loader import load
from kafalat.registry.models import Household
from kafalat.targeting.explain import explain
from kafalat.targeting.models import Decision, Run, RunShare
from kafalat.targeting.runs import Folders, find_run, replay, start_run
from tests.conftest import NOW
from tests.enrolment.steps import without_accounts
from tests.payments.steps import connection_of_owner

TODAY = NOW.date()
PLACES = 12  # of families, in the whole country
QUOTA = f"""\
by: quota
quotas:
  - {{ place: PK, from: 2026-01-01, families: {PLACES}, source: "a test" }}
"""


def by_quota(office: Office, folder: Path, text: str = QUOTA) -> Path:
    """A copy of the shipped programme that selects by quota."""
    shutil.copytree(office.programme_folder, folder)
    file = folder / "selection.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("by: cutoff\n", text), encoding="utf-8")
    return folder


@pytest.fixture
def apart(office: Office, enrolled: str, tmp_path: Path) -> Folders:
    """Folders of the test's own, the snapshot of the template in them; nobody is enrolled yet."""
    run = find_run("latest")
    folders = Folders(*(tmp_path / name for name in ("snapshots", "runs", "programmes", "work")))
    for folder in (folders.work, folders.runs, folders.programmes):
        folder.mkdir()
    shutil.copytree(office.folders.snapshots / run.snapshot.sha256, folders.snapshots / run.snapshot.sha256)
    without_accounts()
    with connection_of_owner() as cursor:
        cursor.execute("DELETE FROM enrolment_beneficiary")
    return folders


def start(programme_folder: Path, folders: Folders, verdicts: Path | None = None) -> Run:
    """Start a run of this programme on the template's snapshot."""
    first = find_run("1")
    return start_run(
        programme=load(programme_folder),
        programme_folder=programme_folder,
        snapshot=first.snapshot,
        policy_day=first.policy_day,
        folders=folders,
        actor="test",
        at=NOW,
        verdicts=verdicts,
    )


def enrolled_ranks(run: Run) -> list[int]:
    """The ranks of the households that have a family in the programme."""
    households = Beneficiary.objects.exclude(status="exited").values_list("family__household_id", flat=True)
    ranks = Decision.objects.filter(run=run, household_id__in=list(households)).values_list("rank", flat=True)
    return sorted(rank for rank in ranks if rank is not None)


def payable_ranks(run: Run, *standings: str) -> list[int]:
    """The ranks with somebody to be paid, best first."""
    found = Decision.objects.filter(
        run=run,
        standing__in=standings,
        household__families__familypayee__in=run.familypayee_set.filter(person__isnull=False),
    )
    return sorted(rank for rank in set(found.values_list("rank", flat=True)) if rank is not None)


def test_only_selected_are_enrolled_and_each_freed_place_goes_to_the_next_rank(
    office: Office, apart: Folders, tmp_path: Path
) -> None:
    run = start(by_quota(office, tmp_path / "by-quota"), apart)
    assert list(RunShare.objects.filter(run=run).values_list("place_id", "families")) == [("PK", PLACES)]
    assert run.selected
    assert run.waiting
    assert run.selected + run.waiting == run.eligible
    waiting = Decision.objects.filter(run=run, standing="waiting")
    assert all("waiting_list" in reasons for reasons in waiting.values_list("reasons", flat=True))

    added = enrol(run=run, enrolled_on=TODAY, actor="test", at=NOW)
    assert 0 < added <= PLACES
    assert enrolled_ranks(run) == payable_ranks(run, "selected")
    # Nobody is next while no place is free, and enrolling again adds nobody.
    assert promote(run=run, enrolled_on=TODAY, actor="test", at=NOW) == 0
    assert enrol(run=run, enrolled_on=TODAY, actor="test", at=NOW) == 0

    # One family leaves after the other until the next household fits: then it is taken, and it alone.
    next_rank, before, promoted = payable_ranks(run, "waiting")[0], set(enrolled_ranks(run)), 0
    leaving = list(Beneficiary.objects.order_by("id"))
    while not promoted:
        one = leaving.pop(0)
        Beneficiary.objects.filter(pk=one.pk).update(
            status=Beneficiary.Status.EXITED, standing_reason="left_programme"
        )
        before = set(enrolled_ranks(run))
        promoted = promote(run=run, enrolled_on=TODAY, actor="test", at=NOW)
    assert set(enrolled_ranks(run)) - before == {next_rank}
    entry = AuditEntry.objects.latest("seq")
    assert (entry.action, entry.detail) == ("families_promoted", {"families": promoted})
    assert Beneficiary.objects.exclude(status="exited").count() <= PLACES


def test_a_run_by_quota_replays_and_a_changed_standing_is_found(
    office: Office, apart: Folders, tmp_path: Path
) -> None:
    run = start(by_quota(office, tmp_path / "by-quota"), apart)
    assert replay(run=run, folders=apart).equal
    first = Decision.objects.filter(run=run, standing="waiting").order_by("rank")[0]
    with connection_of_owner() as cursor:
        cursor.execute(
            "UPDATE targeting_decision SET standing = 'selected' WHERE run_id = %s AND household_id = %s",
            [run.pk, first.household_id],
        )
    with pytest.raises(Problem) as refusal:
        replay(run=run, folders=apart)
    assert refusal.value.details["household"] == Household.objects.get(pk=first.household_id).form_number


def test_verdicts_move_a_rank_within_the_bound_and_are_part_of_the_inputs(
    office: Office, apart: Folders, tmp_path: Path
) -> None:
    folder = by_quota(office, tmp_path / "by-quota")
    run = start(folder, apart)
    most = load(folder).validation.shift_points_max
    first = Decision.objects.filter(run=run).get(rank=1)
    assert first.score is not None
    verdicts = tmp_path / "verdicts.parquet"

    def shifted(points: int) -> Run:
        with duckdb.connect() as engine:
            engine.execute(
                f"COPY (SELECT {first.household_id}::BIGINT AS household_id, {points}::INTEGER AS shift_points, FALSE AS resurvey) "
                f"TO '{verdicts}' (FORMAT parquet)"
            )
        return start(folder, apart, verdicts)

    by_three, by_fifty = shifted(most), shifted(50)
    assert len({run.pk, by_three.pk, by_fifty.pk}) == 3
    assert start(folder, apart, verdicts) == by_fifty
    # However far the file would shift it, the engine goes no further than the programme allows.
    ranks = [
        Decision.objects.get(run=each, household_id=first.household_id).rank for each in (by_three, by_fifty)
    ]
    assert ranks[0] == ranks[1]
    better = Decision.objects.filter(run=run, outcome="eligible", score__lt=first.score + most).count()
    assert ranks[0] is not None
    assert ranks[0] >= better
    assert {d.outcome for d in Decision.objects.filter(household_id=first.household_id)} == {"eligible"}
    assert replay(run=by_three, folders=apart).equal

    kept = apart.results(by_three) / running.VERDICTS_FILE
    kept.write_bytes(verdicts.read_bytes())
    with pytest.raises(Problem, match="not the file of verdicts"):
        replay(run=by_three, folders=apart)


def test_by_cutoff_no_verdict_changes_anything(office: Office, apart: Folders, tmp_path: Path) -> None:
    run = find_run("latest")
    with duckdb.connect() as engine:
        engine.execute(
            f"COPY (SELECT range AS household_id, -3 AS shift_points, TRUE AS resurvey FROM range(1, 500)) "
            f"TO '{tmp_path / 'verdicts.parquet'}' (FORMAT parquet)"
        )
    again = start(office.programme_folder, apart, tmp_path / "verdicts.parquet")
    assert again == run
    assert again.selected is None
    assert not Decision.objects.filter(run=run, standing__isnull=False).exists()


def test_a_family_that_waits_is_told_so(office: Office, apart: Folders, tmp_path: Path) -> None:
    folder = by_quota(office, tmp_path / "by-quota")
    run = start(folder, apart)
    waiting = Decision.objects.filter(run=run, standing="waiting").order_by("rank")[0]
    explained = explain(
        run=run, household=waiting.household, programme=load(folder), results=apart.results(run)
    )
    assert [reason.code for reason in explained.reasons][-1] == "waiting_list"
