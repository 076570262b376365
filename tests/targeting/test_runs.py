"""Runs are made once, replay to the letter, and explain themselves by the calculation."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from django.db import connection

from kafalat.audit.models import AuditEntry
from kafalat.core.problems import Problem
from kafalat.core.text import LANGUAGES, Language
from kafalat.engine import deciding, running
from kafalat.engine.explanation import Explanation
from kafalat.engine.snapshots import MANIFEST_FILE
from kafalat.interfaces.cli.explanation import explanation_lines
from kafalat.interfaces.office import Office
from kafalat.policy.loader import load, shipped
from kafalat.policy.model import Programme
from kafalat.registry import bulk
from kafalat.registry.models import Household, Snapshot
from kafalat.registry.snapshots import take_snapshot
from kafalat.targeting.explain import explain, find_household
from kafalat.targeting.models import Decision, FamilyPayee, Run
from kafalat.targeting.runs import Folders, find_run, replay, start_run
from tests.conftest import NOW
from tests.payments.steps import connection_of_owner


@pytest.fixture
def run(enrolled: str) -> Run:
    """The run the template was enrolled by."""
    return find_run("latest")


@pytest.fixture
def apart(office: Office, run: Run, tmp_path: Path) -> Folders:
    """Folders of the test's own with the run's snapshot, programme and results in them, to be spoilt."""
    folders = Folders(*(tmp_path / name for name in ("snapshots", "runs", "programmes", "work")))
    folders.work.mkdir()
    shutil.copytree(office.folders.snapshots / run.snapshot.sha256, folders.snapshots / run.snapshot.sha256)
    shutil.copytree(
        office.folders.programmes / run.programme_sha256, folders.programmes / run.programme_sha256
    )
    shutil.copytree(office.folders.results(run), folders.results(run))
    return folders


def start(office: Office, run: Run, folders: Folders, programme_folder: Path | None = None) -> Run:
    """Start a run on the snapshot and day of another one."""
    folder = programme_folder or office.programme_folder
    return start_run(
        programme=load(folder),
        programme_folder=folder,
        snapshot=run.snapshot,
        policy_day=run.policy_day,
        folders=folders,
        actor="test",
        at=NOW,
    )


def changed_programme(office: Office, folder: Path, file: str, old: str, new: str) -> Path:
    """Return a copy of the shipped programme with one text replaced wherever it stands."""
    shutil.copytree(office.programme_folder, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return folder


def base(more: int = 0) -> str:
    """Return the line of the shipped scorecard with its starting points, or with some more."""
    return f"base_points: {load(shipped()).scorecard.base_points + more}"


# ---- once ------------------------------------------------------------------------------------------------------


def test_the_same_inputs_are_run_once(office: Office, run: Run) -> None:
    before = (Run.objects.count(), Decision.objects.count(), AuditEntry.objects.count())
    assert start(office, run, office.folders).pk == run.pk
    assert (Run.objects.count(), Decision.objects.count(), AuditEntry.objects.count()) == before


def test_two_people_who_start_the_same_run_at_once_get_one(
    office: Office, run: Run, apart: Folders, tmp_path: Path
) -> None:
    folder = changed_programme(office, tmp_path / "p", "scorecard.yaml", base(), base(1))
    start(office, run, apart, folder)  # so that neither thread has to copy the folder
    with connection_of_owner() as cursor:
        for table in ("targeting_decision", "targeting_familypayee"):
            cursor.execute(f"DELETE FROM {table} WHERE run_id <> %s", [run.pk])
        cursor.execute("DELETE FROM targeting_run WHERE id <> %s", [run.pk])
    found: list[int] = []

    def work() -> None:
        try:
            found.append(start(office, run, apart, folder).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert len(set(found)) == 1
    assert Run.objects.count() == 2


def test_every_household_and_only_they_have_a_decision(run: Run) -> None:
    decided = Decision.objects.filter(run=run)
    assert set(decided.values_list("household_id", flat=True)) == set(
        Household.objects.values_list("id", flat=True)
    )
    counts = {name: decided.filter(outcome=name).count() for name in ("eligible", "ineligible", "incomplete")}
    assert counts == {"eligible": run.eligible, "ineligible": run.ineligible, "incomplete": run.incomplete}
    assert counts["eligible"] > 20
    families = FamilyPayee.objects.filter(run=run).values_list("family__household_id", flat=True)
    assert set(families) == set(decided.filter(outcome="eligible").values_list("household_id", flat=True))


# ---- replay ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [None, 1])
def test_a_run_replays(office: Office, run: Run, threads: int | None) -> None:
    again = replay(run=run, folders=office.folders, threads=threads)
    assert again.equal
    assert (again.recorded, again.found, again.households) == (run.digest, run.digest, 400)
    assert not list(office.folders.work.glob("replay-*"))


def test_a_run_replays_after_a_household_moved(office: Office, run: Run) -> None:
    """What the registry knows today is no matter of a run of yesterday."""
    first = Household.objects.order_by("id")[0]
    elsewhere = Household.objects.exclude(place_id=first.place_id).order_by("-id")[0]
    Household.objects.filter(pk=first.pk).update(place_id=elsewhere.place_id)
    assert replay(run=run, folders=office.folders).equal


def differs(office: Office, run: Run) -> str:
    """Return the sentence of a replay that finds a difference."""
    with pytest.raises(Problem) as caught:
        replay(run=run, folders=office.folders)
    assert caught.value.code == "targeting.replay_differs"
    return caught.value.text("en")


def district_of(household: Household) -> str:
    place = household.place
    return (place.parent_id or place.pcode) if place.level == "tehsil" else place.pcode


def assert_named(household: Household, sentence: str, kept: str = "the decisions in the database") -> None:
    """The sentence names the household, its district and what differs there."""
    where = f"district {district_of(household)}, household {household.form_number}, against {kept}."
    assert where in sentence


@pytest.mark.parametrize("position", [0, 399])
def test_an_edited_score_is_found_and_its_district_named(office: Office, run: Run, position: int) -> None:
    decision = (
        Decision.objects.filter(run=run).select_related("household__place").order_by("household_id")[position]
    )
    with connection_of_owner() as cursor:
        cursor.execute(
            "UPDATE targeting_decision SET score = (score + 1) %% 100 WHERE run_id = %s AND household_id = %s",
            [run.pk, decision.household_id],
        )
        assert cursor.rowcount == 1
    assert_named(decision.household, differs(office, run))


def test_the_first_of_several_differing_districts_is_named(office: Office, run: Run) -> None:
    with connection_of_owner() as cursor:
        cursor.execute("UPDATE targeting_decision SET outcome = 'eligible' WHERE outcome = 'ineligible'")
    changed = {district_of(d.household) for d in Decision.objects.select_related("household__place")
               if "score_above_cutoff" in d.reasons}  # fmt: skip
    assert f"district {min(changed)}, " in differs(office, run)


def test_an_exchanged_payee_is_found(office: Office, run: Run) -> None:
    payee = FamilyPayee.objects.filter(run=run, person__isnull=False).select_related(
        "family__household__place"
    )[7]
    with connection_of_owner() as cursor:
        cursor.execute(
            "UPDATE targeting_familypayee SET person_id = (SELECT min(id) FROM registry_person WHERE id <> %s) "
            "WHERE run_id = %s AND family_id = %s",
            [payee.person_id, run.pk, payee.family_id],
        )
    assert_named(payee.family.household, differs(office, run))


def test_a_decision_that_was_removed_is_found(office: Office, run: Run) -> None:
    decision = Decision.objects.filter(run=run).select_related("household__place").order_by("household_id")[5]
    with connection_of_owner() as cursor:
        cursor.execute("DELETE FROM targeting_decision WHERE household_id = %s", [decision.household_id])
    assert_named(decision.household, differs(office, run))


def test_an_edited_digest_on_record_is_found(office: Office, run: Run) -> None:
    with connection_of_owner() as cursor:
        cursor.execute("UPDATE targeting_run SET digest = %s", ["0" * 64])
    assert "000000000000" in differs(office, find_run("latest"))


def change_results(folders: Folders, run: Run, table: str, query: str) -> None:
    """Write the result files of a table anew, as `query` has it."""
    for file in (folders.results(run) / table).iterdir():
        with duckdb.connect() as engine:
            engine.execute(f"CREATE TABLE kept_files AS SELECT * FROM read_parquet('{file}')")
            engine.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet)")


def test_a_changed_result_file_is_found_and_its_household_named(run: Run, apart: Folders) -> None:
    decision = (
        Decision.objects.filter(run=run).select_related("household__place").order_by("household_id")[31]
    )
    score = f"CASE WHEN household_id = {decision.household_id} THEN 99 ELSE score END::INTEGER"
    change_results(apart, run, running.DECISIONS, f"SELECT * REPLACE ({score} AS score) FROM kept_files")
    problem = refused(run, apart)
    assert problem.code == "targeting.replay_differs"
    assert_named(decision.household, problem.text("en"), "the result files")


def test_an_engine_that_comes_to_another_result_is_found(
    run: Run, apart: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Database and files agree with each other, and neither with what is computed now."""
    decision = Decision.objects.filter(run=run, outcome="eligible").select_related("household__place")[9]
    was = deciding.decision_sql

    def broken(programme: Programme, day: date, scored: str) -> str:
        outcome = f"CASE WHEN household_id = {decision.household_id} THEN 'ineligible' ELSE outcome END"
        return f"SELECT * REPLACE ({outcome} AS outcome) FROM ({was(programme, day, scored)})"

    monkeypatch.setattr(running, "decision_sql", broken)
    problem = refused(run, apart)
    assert problem.code == "targeting.replay_differs"
    assert decision.household.form_number in problem.text("en")
    assert "which agree with each other" in problem.text("en")


@pytest.mark.parametrize("table", [running.DECISIONS, running.PAYEES])
def test_a_damaged_result_file_is_named(run: Run, apart: Folders, table: str) -> None:
    (file,) = (apart.results(run) / table).iterdir()
    file.write_bytes(file.read_bytes()[:-100])
    problem = refused(run, apart)
    assert problem.code == "targeting.results_changed"
    assert all(str(apart.results(run)) in problem.text(language) for language in LANGUAGES)


def refused(run: Run, folders: Folders, programme_folder: Path | None = None) -> Problem:
    with pytest.raises(Problem) as caught:
        replay(run=run, folders=folders, programme_folder=programme_folder)
    return caught.value


@pytest.mark.parametrize("table", ["households", "people"])
def test_a_changed_snapshot_file_is_refused_and_named(run: Run, apart: Folders, table: str) -> None:
    file = sorted((apart.snapshots / run.snapshot.sha256 / table).iterdir())[12]
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 1
    file.write_bytes(content)
    problem = refused(run, apart)
    assert problem.code == "targeting.snapshot_changed"
    assert all(f"{table}/{file.name}" in problem.text(language) for language in ("en", "ur"))


def test_a_snapshot_that_is_gone_is_named(run: Run, apart: Folders) -> None:
    shutil.rmtree(apart.snapshots / run.snapshot.sha256)
    problem = refused(run, apart)
    assert (problem.code, run.snapshot.sha256 in problem.text("en")) == ("targeting.snapshot_missing", True)


@pytest.fixture
def exchanged(office: Office, run: Run, apart: Folders) -> Iterator[Folders]:
    """Another snapshot, whole in itself, in the place of the run's own."""
    other = take_snapshot(
        programme=office.programme,
        folder=apart.work,
        work=office.home.work,
        actor="test",
        at=NOW.replace(year=2028),
    )
    shutil.rmtree(apart.snapshots / run.snapshot.sha256)
    (apart.work / other.sha256).rename(apart.snapshots / run.snapshot.sha256)
    yield apart  # noqa: PT022 - the folder is pytest's to remove


def test_another_snapshot_in_its_place_is_refused(run: Run, exchanged: Folders) -> None:
    problem = refused(run, exchanged)
    assert (problem.code, MANIFEST_FILE in problem.text("en")) == ("targeting.snapshot_changed", True)


def test_no_run_starts_on_another_snapshot_in_its_place(
    office: Office, run: Run, exchanged: Folders, tmp_path: Path
) -> None:
    folder = changed_programme(office, tmp_path / "p", "scorecard.yaml", base(), base(1))
    with pytest.raises(Problem) as caught:
        start(office, run, exchanged, folder)
    assert caught.value.code == "targeting.snapshot_changed"
    assert Run.objects.count() == 1
    assert not list(exchanged.work.glob("run-*"))


def test_another_programme_is_refused(office: Office, run: Run, apart: Folders, tmp_path: Path) -> None:
    folder = changed_programme(office, tmp_path / "p", "scorecard.yaml", base(), base(1))
    problem = refused(run, apart, folder)
    assert problem.code == "targeting.programme_differs"
    assert all("scorecard.yaml" in problem.text(language) for language in LANGUAGES)
    kept = apart.programmes / run.programme_sha256
    shutil.rmtree(kept)
    shutil.copytree(folder, kept)
    assert refused(run, apart).code == "targeting.programme_differs"


def test_an_unknown_run_is_refused(enrolled: str) -> None:
    for name in ("0", "77", "99999999999999999999", "last", "-1", "1 OR 1", "²", ""):
        with pytest.raises(Problem) as caught:
            find_run(name)
        assert caught.value.code == "targeting.run_unknown"


def test_in_an_empty_registry_there_is_no_latest_run(database: str) -> None:
    with pytest.raises(Problem, match="latest"):
        find_run("latest")


# ---- explain ---------------------------------------------------------------------------------------------------


def explained(office: Office, run: Run, household: Household) -> Explanation:
    programme = office.programme_of(run.programme_sha256)
    return explain(run=run, household=household, programme=programme, results=office.folders.results(run))


def test_the_points_shown_are_the_score(office: Office, run: Run) -> None:
    card = office.programme.scorecard
    seen = set()
    for decision in (
        Decision.objects.filter(run=run).select_related("household").order_by("household_id")[:40]
    ):
        told = explained(office, run, decision.household)
        assert (told.outcome, told.score, told.category) == (
            decision.outcome,
            decision.score,
            decision.category,
        )
        assert [reason.code for reason in told.reasons] == decision.reasons
        points = [term.points for term in told.terms if term.points is not None]
        if told.score is None:
            assert len(points) < len(told.terms)
        else:
            assert len(points) == len(told.terms)
            assert told.score == max(card.minimum, min(card.maximum, told.base_points + sum(points)))
        if told.category is not None and told.score is not None:
            assert told.cutoff in (Decimal(32), Decimal(37))
            assert told.distance == told.score - (told.cutoff or 0)
        seen.add(told.outcome)
    assert seen >= {"eligible", "ineligible"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_decision_is_told_whole_in_one_language(office: Office, run: Run, language: Language) -> None:
    for outcome in ("eligible", "ineligible"):
        decision = Decision.objects.filter(run=run, outcome=outcome).select_related("household")[0]
        told = explained(office, run, decision.household)
        lines = explanation_lines(told, language)
        text = "\n".join(lines)
        assert all(term.label.in_(language) in text for term in told.terms)
        assert all(reason.text.in_(language) in text for reason in told.reasons)
        shown = [int(match[1]) for line in lines if (match := re.match(r" +([+-]\d+|-?\d+)  ", line))]
        assert sum(shown[:-1]) == sum(term.points or 0 for term in told.terms) + told.base_points
        assert shown[-1] == told.score
        assert str(told.cutoff) in text
        other = "en" if language == "ur" else "ur"
        assert not any(term.label.in_(other) in text for term in told.terms)


def test_a_household_is_found_by_its_form_number_and_by_the_surveys_own_id(run: Run) -> None:
    household = Household.objects.order_by("id")[3]
    digits = household.form_number
    written = f"{digits[:4]}-{digits[4:8]}-{digits[8:]}"
    assert [find_household(name).pk for name in (digits, written, household.source_key)] == [household.pk] * 3


def test_an_unknown_household_is_refused_in_both_languages(run: Run) -> None:
    for name in ("nobody", "", "1234567890128", "1234-5678-90129", "'; --"):
        with pytest.raises(Problem) as caught:
            find_household(name)
        assert caught.value.code == "registry.household_unknown"
        assert all(name in caught.value.text(language) for language in LANGUAGES)


def test_a_household_the_run_did_not_see_is_unknown_to_it(office: Office, run: Run) -> None:
    newcomer = Household.objects.order_by("-id")[0]
    newcomer.pk += 1
    with pytest.raises(Problem) as caught:
        explained(office, run, newcomer)
    assert caught.value.code == "registry.household_unknown"


def test_results_that_are_gone_are_named(office: Office, run: Run, tmp_path: Path) -> None:
    household = Household.objects.order_by("id")[0]
    with pytest.raises(Problem) as caught:
        explain(run=run, household=household, programme=office.programme, results=tmp_path)
    assert caught.value.code == "input.not_found"


def test_each_run_is_explained_by_its_own_points(
    office: Office, run: Run, apart: Folders, tmp_path: Path
) -> None:
    """Two programmes may decide alike, and so have one digest, by other points: a point moved from the base to every bin."""
    moved = changed_programme(office, tmp_path / "p", "scorecard.yaml", base(), base(-1))
    card = moved / "scorecard.yaml"
    text = card.read_text(encoding="utf-8")
    # The first term, from its name to the next.
    first, end = (match.start() for match in list(re.finditer(r"^  - fact: ", text, re.MULTILINE))[:2])
    more = re.sub(r"points: (-?\d+)", lambda match: f"points: {int(match[1]) + 1}", text[first:end])
    text = text[:first] + more + text[end:]
    card.write_text(text, encoding="utf-8")
    second = start(office, run, apart, moved)
    assert (second.digest, second.pk != run.pk) == (run.digest, True)
    assert apart.results(second) != apart.results(run)
    assert all(any((apart.results(each) / running.PAYEES).iterdir()) for each in (run, second))
    household = (
        Decision.objects.filter(run=run, score__gt=0, score__lt=100).select_related("household")[0].household
    )
    for each, programme in ((run, office.programme), (second, load(moved))):
        told = explain(run=each, household=household, programme=programme, results=apart.results(each))
        assert told.score == told.base_points + sum(term.points or 0 for term in told.terms)


def test_a_run_keeps_the_programme_it_was_made_under(
    office: Office, run: Run, apart: Folders, tmp_path: Path
) -> None:
    folder = changed_programme(office, tmp_path / "p", "eligibility.yaml", "value: 32", "value: 25")
    stricter = start(office, run, apart, folder)
    assert (stricter.eligible < run.eligible, stricter.digest != run.digest) == (True, True)
    shutil.rmtree(folder)
    assert replay(run=stricter, folders=apart).equal
    assert replay(run=run, folders=apart).equal


def test_a_snapshot_is_what_a_run_reads(office: Office, run: Run) -> None:
    """Answers that came later do not change a replay."""
    bulk.execute("UPDATE registry_household SET facts = facts || '{\"rooms\": 60}'")
    assert replay(run=run, folders=office.folders).equal
    assert Snapshot.objects.count() == 1
