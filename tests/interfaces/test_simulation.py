"""The simulation page, its command and its exports: complete without scripts, in both languages, safe in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.contrib.auth.models import User
from django.test import Client
from typer.testing import CliRunner

from kafalat.config import boot
from kafalat.core.text import LANGUAGES
from kafalat.engine.proposals import Setting
from kafalat.interfaces.cli.app import app
from kafalat.interfaces.logins import ensure_logins
from kafalat.interfaces.office import Office
from kafalat.interfaces.simulation_rows import FORMULA_STARTS, csv_text, safe
from kafalat.targeting import simulations
from kafalat.targeting.models import Run, SavedSimulation
from kafalat.targeting.runs import find_run
from tests.conftest import NOW
from tests.interfaces.people import browser, html, logged_in
from tests.interfaces.test_browser import DESKTOP, PHONE, Start, faults, site, start, waiting

__all__ = ["site", "start", "waiting"]  # fixtures of a browser
ASKED = "cutoff-general=36&amount-kafalat=15000&phase-phase_2=2026Q2"
PAGE_BYTES_MAX = 150_000


@pytest.fixture
def run(office: Office, enrolled: str) -> Run:
    """The run the template was enrolled by, with somebody to look at it."""
    del enrolled
    ensure_logins(office.home)
    return find_run("latest")


@pytest.fixture
def analyst(run: Run) -> Client:
    del run
    return logged_in("analyst")


# ---- the page --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_tells_today_and_the_proposal_apart(
    analyst: Client, office: Office, run: Run, language: str
) -> None:
    settings = [Setting("cutoff", "general", "36"), Setting("amount", "kafalat", "15000")]
    found = simulations.ask(run=run, programme=office.programme, folders=office.folders, settings=settings)
    response = analyst.get(f"/{language}/simulation/?cutoff-general=36&amount-kafalat=15000")
    page = html(response)
    assert response.status_code == 200
    assert f"{found.proposed.families:,}" in page
    assert f"{found.joining.households:,}" in page
    assert page.count('role="img"') >= 4, "pictures have a text alternative"
    assert len(response.content) < PAGE_BYTES_MAX
    assert 'value="36"' in page


def test_without_a_change_it_is_today(analyst: Client, run: Run) -> None:
    page = html(analyst.get("/en/simulation/"))
    assert "No change: as today" in page
    assert f"{run.eligible:,}" in page


@pytest.mark.parametrize(
    "query", ["cutoff-general=500", "amount-kafalat=free", "phase-phase_2=1999Q1", "scorecard=unknown"]
)
def test_a_bad_setting_is_said_on_the_page_and_nothing_is_shown(analyst: Client, query: str) -> None:
    for language in LANGUAGES:
        response = analyst.get(f"/{language}/simulation/?{query}")
        assert response.status_code == 400
        assert 'role="alert"' in html(response)
        assert "map-box" not in html(response)
    live = analyst.get(f"/en/simulation/?{query}", headers={"HX-Request": "true"})
    assert live.status_code == 200, "htmx swaps no refused answer, and the sentence must be seen"


@pytest.mark.parametrize("role", ["auditor", "payment_maker"])
def test_others_read_and_do_not_save(run: Run, role: str) -> None:
    del run
    client = logged_in(role)
    page = html(client.get(f"/en/simulation/?{ASKED}"))
    assert "Save this simulation" not in page
    assert client.post("/en/simulation/save/", {"name": "mine"}).status_code == 403
    assert not SavedSimulation.objects.exists()


def test_strangers_are_sent_to_the_login(run: Run) -> None:
    del run
    for path in ("simulation/", "simulation/export.csv", "simulation/export.json", "simulation/saved/1/"):
        assert browser().get(f"/en/{path}").status_code in {302, 403}


def test_someone_without_a_role_reads_no_figures(run: Run) -> None:
    del run
    client = browser()
    client.force_login(User.objects.create_user("newcomer"))
    for path in ("", "export.csv", "export.json", "saved/1/", "compare/"):
        assert client.get(f"/en/simulation/{path}").status_code == 403, path


def test_an_analyst_saves_and_compares(analyst: Client, run: Run) -> None:
    first = analyst.post(
        "/en/simulation/save/", {"name": "Raised", "cutoff-general": "36", "run": run.pk}, follow=True
    )
    assert "Raised" in html(first)
    second = analyst.post("/en/simulation/save/", {"name": "Lowered", "cutoff-general": "28"}, follow=True)
    assert "Lowered" in html(second)
    one, two = SavedSimulation.objects.order_by("id").values_list("pk", flat=True)
    for language in LANGUAGES:
        page = html(analyst.get(f"/{language}/simulation/compare/?one={one}&two={two}"))
        assert "Raised" in page
        assert "Lowered" in page
        assert analyst.get(f"/{language}/simulation/saved/{one}/").status_code == 200
    assert analyst.get(f"/en/simulation/compare/?one={one}").status_code == 404
    assert analyst.get("/en/simulation/saved/999999/").status_code == 404


def test_the_answer_saved_is_computed_and_never_taken_from_the_form(analyst: Client, run: Run) -> None:
    analyst.post("/en/simulation/save/", {"name": "Forged", "result": "{}", "households": "1"})
    answer = simulations.answer_of(simulations.find_saved("Forged"))
    assert answer.today.households == run.eligible


# ---- exports ---------------------------------------------------------------------------------------------------


def test_the_csv_states_what_was_asked_and_has_hxl_tags(analyst: Client, office: Office) -> None:
    response = analyst.get(f"/en/simulation/export.csv?{ASKED}")
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    stated = [row[0] for row in rows if len(row) == 1]
    assert "cutoff general=36" in stated
    assert "amount kafalat=15000" in stated
    header = next(place for place, row in enumerate(rows) if row[0] == "pcode")
    assert all(tag.startswith("#") for tag in rows[header + 1])
    districts = rows[header + 2 :]
    total = sum(int(row[7]) for row in districts)
    answer = json.loads(analyst.get(f"/en/simulation/export.json?{ASKED}").content)
    assert total == answer["proposed"]["households"]
    assert len(districts) == len(answer["districts"])
    assert {row[1] for row in districts} <= {place.name.en for place in office.programme.places}


def test_a_place_named_like_a_formula_is_text_in_the_csv(office: Office, run: Run) -> None:
    """With the guard a name stays text; without it the cell begins with the sign itself."""
    programme = office.programme
    answer = simulations.ask(run=run, programme=programme, folders=office.folders)
    pcode = answer.districts[0].pcode
    places = tuple(
        place.model_copy(update={"name": place.name.model_copy(update={"en": "=HYPERLINK(1)"})})
        if place.pcode == pcode
        else place
        for place in programme.places
    )
    text = csv_text(answer, programme.model_copy(update={"places": places}), run.pk)
    assert "'=HYPERLINK(1)" in text
    assert ",=HYPERLINK" not in text
    assert all(safe(f"{start}1") == f"'{start}1" for start in FORMULA_STARTS)
    assert safe("Lahore") == "Lahore"


# ---- the command -----------------------------------------------------------------------------------------------


@pytest.fixture
def shell(run: Run, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Runs the command on the test's own database, which is running already."""
    del run
    monkeypatch.setattr(boot, "database", lambda _home: None)
    return CliRunner()


def test_the_command_answers_saves_and_compares(shell: CliRunner, run: Run) -> None:
    plain = shell.invoke(app, ["simulate", "--cutoff", "general=36", "--save", "Raised"])
    assert plain.exit_code == 0, plain.output
    assert "Exclusion error" in plain.output
    done = shell.invoke(app, ["simulate", "--amount", "kafalat=15000", "--compare", "Raised", "--json"])
    found = json.loads(done.stdout)
    assert found["run"] == run.pk
    assert found["today"]["households"] == run.eligible
    assert found["compared"]["Raised"]["settings"] == [{"kind": "cutoff", "code": "general", "value": "36"}]
    assert SavedSimulation.objects.get().saved_by == "command line"


@pytest.mark.parametrize(
    "words",
    [
        ["--cutoff", "general"], ["--cutoff", "general=500"], ["--amount", "kafalat=1.5"], ["--category", "nobody=off"],
        ["--phase", "phase_2=PK0"], ["--run", "999999"], ["--compare", "nothing"], ["--scorecard", "/nowhere.yaml"],
        ["--csv", "/nowhere/at/all.csv"],
    ],
)  # fmt: skip
def test_the_command_refuses_and_keeps_nothing(shell: CliRunner, words: list[str]) -> None:
    refused = shell.invoke(app, ["simulate", "--save", "never", *words])
    problem = refused.exception
    assert getattr(getattr(problem, "entry", None), "exit_code", None) == 2
    assert not SavedSimulation.objects.exists()


# ---- in a browser ----------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_the_page_in_a_browser_in_both_languages(start: Start, office: Office) -> None:
    """Right direction, nothing standing out, no fault axe finds; a setting moved by keyboard renews the answer."""
    run = find_run("latest")
    answer = simulations.ask(
        run=run,
        programme=office.programme,
        folders=office.folders,
        settings=[Setting("cutoff", "general", "36")],
    )
    kept = [
        simulations.save(run=run, name=name, answer=answer, actor="analyst", at=NOW)
        for name in ("One", "Two")
    ]
    found: list[str] = []
    for language, width in zip(LANGUAGES, (DESKTOP, PHONE), strict=True):
        page = start("analyst", width=width)
        page.goto(f"/{language}/simulation/?{ASKED}")
        found += faults(page, "simulation", language, width)
        page.goto(f"/{language}/simulation/compare/?one={kept[0].pk}&two={kept[1].pk}")
        found += faults(page, "simulation-compare", language, width)
    assert found == []
    page = start("analyst")
    page.goto("/ur/simulation/")
    page.focus("#cutoff-general")
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("40")
    page.keyboard.press("Tab")
    page.wait_for_selector("#results .asked-list", timeout=20_000)
    assert "cutoff-general=40" in page.url
    plain = start("auditor", scripts=False)
    plain.goto("/en/simulation/")
    plain.fill("#cutoff-general", "40")
    plain.get_by_role("button", name="Simulate").press("Enter")
    assert plain.locator("#results .asked-list").inner_text().endswith("40")
