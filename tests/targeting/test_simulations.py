"""Simulations over the registry: asked without a trace, kept once and for good, on record, by analysts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.db import ProgrammingError, connection

from kafalat.audit.models import AuditEntry
from kafalat.core.problems import Problem
from kafalat.engine.outlook import Simulation
from kafalat.engine.preparing import FOLDER
from kafalat.engine.proposals import Setting
from kafalat.interfaces.logins import ensure_logins, staff
from kafalat.interfaces.office import Office
from kafalat.policy.loader import load
from kafalat.targeting import simulations
from kafalat.targeting.access import access_saving_simulations
from kafalat.targeting.models import Run, SavedSimulation
from kafalat.targeting.runs import find_run
from tests.conftest import NOW
from tests.interfaces.people import USERNAMES
from tests.payments.steps import connection_of_owner

RAISED = (Setting("cutoff", "general", "36"),)


@pytest.fixture
def run(enrolled: str) -> Run:
    """The run the template was enrolled by."""
    return find_run("latest")


def ask(office: Office, run: Run, *settings: Setting) -> Simulation:
    return simulations.ask(run=run, programme=office.programme, folders=office.folders, settings=settings)


def keep(office: Office, run: Run, name: str = "Raised by four") -> SavedSimulation:
    return simulations.save(run=run, name=name, answer=ask(office, run, *RAISED), actor="analyst", at=NOW)


def test_asking_leaves_no_trace_in_the_database(office: Office, run: Run) -> None:
    before = (SavedSimulation.objects.count(), AuditEntry.objects.count())
    found = ask(office, run, *RAISED)
    assert found.joining.households > 0
    assert (SavedSimulation.objects.count(), AuditEntry.objects.count()) == before
    assert ask(office, run).today.households == run.eligible


def test_the_prepared_cells_lie_beside_the_results_and_are_made_once(office: Office, run: Run) -> None:
    folder = office.folders.results(run) / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    first = ask(office, run, *RAISED)
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet")}
    assert ask(office, run, *RAISED) == first
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet")} == times != {}


def test_poverty_and_errors_come_from_the_programmes_relation(office: Office, run: Run) -> None:
    found = ask(office, run, *RAISED)
    assert [measure.code for measure in found.poverty] == ["fgt0", "fgt1", "fgt2"]
    assert [measure.code for measure in found.errors] == ["exclusion_error", "inclusion_error"]
    programme = office.programme
    other = programme.scorecard.model_copy(update={"code": "another"})
    assert simulations.spending_by_score(programme, other, run.policy_day) is None, "it is of another card"


def test_a_saved_simulation_comes_back_as_it_was_and_is_on_record(office: Office, run: Run) -> None:
    kept = keep(office, run)
    found = simulations.find_saved("Raised by four")
    assert simulations.answer_of(found) == ask(office, run, *RAISED)
    assert found.pk == kept.pk
    entry = AuditEntry.objects.latest("seq")
    assert (entry.action, entry.object_id, entry.actor) == ("simulation_saved", str(kept.pk), "analyst")
    assert entry.detail["settings"] == ["cutoff general=36"]


@pytest.mark.parametrize("name", ["", " ", "=HYPERLINK()", "a" * 81, "two\x00parts"])
def test_a_name_that_is_none_is_refused(office: Office, run: Run, name: str) -> None:
    with pytest.raises(Problem) as refused:
        keep(office, run, name)
    assert refused.value.code == "simulation.name_invalid"
    assert not SavedSimulation.objects.exists()


def test_a_name_is_given_once(office: Office, run: Run) -> None:
    keep(office, run)
    entries = AuditEntry.objects.count()
    with pytest.raises(Problem) as refused:
        keep(office, run, "  Raised  by four ")
    assert refused.value.code == "simulation.name_taken"
    assert AuditEntry.objects.count() == entries


def test_an_unknown_name_is_refused(run: Run) -> None:
    del run
    with pytest.raises(Problem) as refused:
        simulations.find_saved("nothing")
    assert refused.value.code == "simulation.unknown"


def test_the_application_cannot_change_or_delete_a_saved_simulation(office: Office, run: Run) -> None:
    keep(office, run)
    for statement in (
        "UPDATE targeting_savedsimulation SET name = 'other'",
        "DELETE FROM targeting_savedsimulation",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
            cursor.execute(statement)


def test_control_the_owner_could(office: Office, run: Run) -> None:
    """The refusal above is the grant's: the owner's connection passes the same statement."""
    keep(office, run)
    with connection_of_owner() as owner:
        owner.execute("UPDATE targeting_savedsimulation SET name = 'other'")
    assert SavedSimulation.objects.filter(name="other").exists()


@pytest.mark.parametrize("role", ["auditor", "payment_maker", "payment_checker", "desk_clerk"])
def test_only_analysts_keep_simulations(office: Office, run: Run, role: str) -> None:
    del run
    ensure_logins(office.home)
    access_saving_simulations(staff(USERNAMES["analyst"]))
    with pytest.raises(Problem) as refused:
        access_saving_simulations(staff(USERNAMES[role]))
    assert refused.value.code == "access.refused"


# ---- scorecards ------------------------------------------------------------------------------------------------


def test_scorecards_of_the_programme_and_of_kept_ones_are_at_hand(
    office: Office, run: Run, tmp_path: Path
) -> None:
    del run
    programme = office.programme
    text = (office.programme_folder / "scorecard.yaml").read_text(encoding="utf-8")
    folder, kept = tmp_path / "programme", tmp_path / "kept" / "sha"
    (folder / "scorecards").mkdir(parents=True)
    kept.mkdir(parents=True)
    (folder / "scorecards" / "lenient.yaml").write_text(
        text.replace(f"code: {programme.scorecard.code}", "code: lenient"), encoding="utf-8"
    )
    (kept / "scorecard.yaml").write_text(text, encoding="utf-8")
    files = simulations.scorecard_files(programme, folder, tmp_path / "kept")
    assert list(files) == ["lenient"], "the programme's own is not offered twice"
    card = simulations.known_scorecard("lenient", files, programme)
    assert card is not None
    assert card.code == "lenient"
    assert simulations.known_scorecard("", files, programme) is None
    with pytest.raises(Problem, match="lenient"):
        simulations.known_scorecard("../../etc/passwd", files, programme)


def test_a_folder_with_scorecards_to_try_is_still_a_programme(office: Office, tmp_path: Path) -> None:
    shutil.copytree(office.programme_folder, tmp_path / "programme")
    (tmp_path / "programme" / "scorecards").mkdir(exist_ok=True)
    shutil.copy(
        office.programme_folder / "scorecard.yaml", tmp_path / "programme" / "scorecards" / "try.yaml"
    )
    assert load(tmp_path / "programme").code == office.programme.code
