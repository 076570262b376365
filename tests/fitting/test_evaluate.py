"""A scorecard judged: what is known, what is not, plain warnings, rivals on unseen units, and a page that stands alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from lxml import etree
from playwright.sync_api import sync_playwright

from kafalat.fitting.baselines import baselines
from kafalat.fitting.cautions import cautions
from kafalat.fitting.evaluation import Evaluation, Settings, evaluate
from kafalat.fitting.values import plain_values
from kafalat.interfaces.scorecard_page import scorecard_page
from tests.fitting.made import MadeSurvey, called
from tests.interfaces.test_browser import CHROMIUM, QUIET, SERIOUS

QUICK = Settings(draws=20, cutoff=35)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    return evaluate(*MadeSurvey(tmp_path_factory.mktemp("survey")).read(), QUICK)


def _warned(found: Evaluation, words: str) -> bool:
    return any(words in warning.en for warning in cautions(found))


def test_every_household_belongs_to_one_code_of_each_group(found: Evaluation) -> None:
    named = plain_values(found)["groups"]
    assert set(named) == {"region", "head_sex", "size"}
    for codes in named.values():
        assert sum(group["households"] for group in codes.values()) == len(found.sample)


def test_what_was_not_asked_is_said_and_not_guessed(found: Evaluation) -> None:
    assert _warned(
        found, "Not asked in this survey, so nothing can be said about it: Members with a disability"
    )
    assert _warned(found, "lacks what it takes to compare with: Number of children only")
    assert plain_values(found)["baselines"]["children"] is None


def test_chance_misses_all_but_the_share_it_selects(found: Evaluation) -> None:
    lot = found.baselines["random"].overall
    assert lot["at_20_percent.exclusion"].value == pytest.approx(0.8, abs=0.08)
    assert found.card.overall["at_20_percent.exclusion"].value < 0.7


def test_the_json_has_no_number_that_json_cannot_hold(found: Evaluation) -> None:
    assert json.loads(json.dumps(plain_values(found), allow_nan=False))["card"]["r_squared"]["value"] > 0.3


def test_a_card_that_explains_little_is_called_weak(tmp_path: Path) -> None:
    survey = MadeSurvey(tmp_path)
    survey.money = np.exp(np.random.default_rng(1).normal(9, 1, len(survey.columns["id"]))).tolist()
    found = evaluate(*survey.read(), Settings(draws=20, with_baselines=False))
    assert _warned(found, "Weak: the score explains only")


def test_the_households_of_the_fit_are_known_again(tmp_path: Path) -> None:
    sample, programme, card = MadeSurvey(tmp_path).read()
    quick = Settings(draws=20, with_baselines=False)

    def seen(**fitted: str | int) -> bool | None:
        return evaluate(sample, programme, card.model_copy(update={"fitted": fitted}), quick).seen

    assert seen() is None
    assert seen(survey="made", households=len(sample)) is True
    assert seen(survey="made", households=len(sample) + 1) is False
    assert seen(survey="elsewhere", households=len(sample)) is False


def test_weights_are_used_where_the_survey_has_them(tmp_path: Path) -> None:
    survey = MadeSurvey(tmp_path)
    without = evaluate(*survey.read(), Settings(draws=20, with_baselines=False))
    survey.columns["weight"] = [5.0 if town else 1.0 for town in survey.columns["town"]]
    weighted = evaluate(*survey.read(), Settings(draws=20, with_baselines=False))
    assert _warned(without, "no sampling weights")
    assert not _warned(weighted, "no sampling weights")
    assert without.card.overall["r_squared"] != weighted.card.overall["r_squared"]


def test_no_rival_sees_the_units_it_is_judged_on(tmp_path: Path) -> None:
    survey = MadeSurvey(tmp_path)
    sample, programme, _ = survey.read()
    before = {each.code: each.scores for each in baselines(sample, programme, seed=1)}
    unit = sample.psu == "u007"
    welfare = sample.welfare.copy()
    welfare[unit] += 5.0
    changed = type(sample)(**{**vars(sample), "welfare": welfare})
    after = {each.code: each.scores for each in baselines(changed, programme, seed=1)}
    for code in ("demography", "least_squares", "gradient_boosting"):
        first, second = before[code], after[code]
        assert first is not None
        assert second is not None
        assert (first[unit] == second[unit]).all(), code
        assert (first[~unit] != second[~unit]).any(), code  # the others did learn from it


def test_the_command_prints_json_and_writes_the_page(tmp_path: Path) -> None:
    survey, page = MadeSurvey(tmp_path / "survey"), tmp_path / "page.html"
    ran = called(
        "evaluate", *survey.options(), "--scorecard", str(survey.folder / "card.yaml"),
        "--coverage", "0.2,0.3", "--line", "500", "--draws", "20", "--json", "--html", str(page),
    )  # fmt: skip
    told = ran.json()
    assert told["line_month"] == 500
    assert (
        told["card"]["at_30_percent"]["exclusion"]["low"]
        <= told["card"]["at_30_percent"]["exclusion"]["value"]
    )
    assert set(told["baselines"]) == {
        "random",
        "children",
        "demography",
        "least_squares",
        "gradient_boosting",
    }
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("coverage", ["0.2,x", "20", "0", ""])
def test_shares_that_are_none_are_refused(tmp_path: Path, coverage: str) -> None:
    survey = MadeSurvey(tmp_path / "survey", units=4)
    file = str(survey.folder / "card.yaml")
    ran = called(
        "evaluate", *survey.options(), "--scorecard", file, "--coverage", coverage
    )  # fmt: skip
    assert ran.code == 2
    assert "list of shares" in ran.err


def test_a_survey_without_spending_cannot_judge(tmp_path: Path) -> None:
    survey = MadeSurvey(tmp_path / "survey", units=4)
    survey.money = None
    options = survey.options()
    file = str(survey.folder / "card.yaml")
    ran = called("evaluate", *options, "--scorecard", file)
    assert ran.code == 2
    assert "known spending" in ran.err


# ---- the page --------------------------------------------------------------------------------------------------


def test_the_page_fetches_nothing_runs_nothing_and_each_picture_has_words(found: Evaluation) -> None:
    page = scorecard_page(found)
    assert not re.search(r"<script|<link|@import|url\(", page)
    assert set(re.findall(r"https?://[^\"' <]+", page)) <= {"http://www.w3.org/2000/svg"}
    root = etree.HTML(page)
    pictures = root.findall(".//svg")
    assert len(pictures) == 4
    assert all(len(picture.get("aria-label") or "") > 20 for picture in pictures)
    headings = root.findall(".//h2")
    assert len(headings) >= 7
    assert all(heading.find("span[@lang='ur']") is not None for heading in headings)
    assert len(page.encode()) < 200_000


def test_texts_of_the_card_cannot_become_markup(found: Evaluation) -> None:
    label = found.scorecard.label.model_copy(update={"en": "<script>alert(1)</script>"})
    card = found.scorecard.model_copy(update={"label": label, "fitted": {"survey": "<b>made</b>"}})
    page = scorecard_page(Evaluation(**{**vars(found), "scorecard": card}))
    assert "<script>" not in page
    assert "<b>" not in page


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="left out: needs Chromium (apt-get install chromium)")
@pytest.mark.parametrize("width", [1280, 360])
def test_the_page_holds_on_small_screens_and_axe_finds_nothing_serious(
    found: Evaluation, tmp_path: Path, width: int
) -> None:
    file = tmp_path / "page.html"
    file.write_text(scorecard_page(found), encoding="utf-8")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        try:
            page = browser.new_page(viewport={"width": width, "height": 800})
            page.goto(file.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            results = Axe().run(page).response
            serious = [each["id"] for each in results["violations"] if each["impact"] in SERIOUS]
            assert serious == []
        finally:
            browser.close()
