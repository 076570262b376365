"""The committed scorecard: made by its command, sane in its signs, as good as it says."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from kafalat.policy.loader import load, shipped
from tests.shared import shared_path

TOOL = Path(__file__).resolve().parent.parent.parent / "tools" / "fit_scorecard.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fit_scorecard", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.shared
@pytest.mark.slow
def test_the_command_in_the_file_makes_the_same_bytes(tool: ModuleType) -> None:
    committed = (shipped() / "scorecard.yaml").read_text(encoding="utf-8")
    command = str(load(shipped()).scorecard.fitted["command"]).split()
    folder = shared_path("data/pk_hiics_2015_16")
    arguments = tool.parse([str(folder) if part == "FOLDER" else part for part in command[2:]])
    programme = load(arguments.programme)
    assert tool.fitted_text(arguments.survey, arguments.profile, programme, arguments) == committed


def test_the_file_says_how_good_it_is() -> None:
    fitted = load(shipped()).scorecard.fitted
    assert float(fitted["r_squared"]) >= 0.68
    assert (
        float(fitted["error_at_20_percent"]) <= 0.376
    )  # ordinary least squares on 79 columns of the same survey
    assert float(fitted["error_at_30_percent"]) <= 0.294


def test_at_most_thirty_terms_of_facts_that_may_stand_for_welfare() -> None:
    programme = load(shipped())
    terms = [programme.fact(term.fact) for term in programme.scorecard.terms]
    assert len(terms) <= 30
    assert all(fact.proxy and fact.level == "household" for fact in terms)
    assert not {"province", "region", "disabled_members"} & {fact.name for fact in terms}


def test_the_least_points_of_each_term_are_none(tool: ModuleType) -> None:
    for term in load(shipped()).scorecard.terms:
        assert min(each.points for each in term.bins) == 0, term.fact


def test_no_household_gains_points_by_being_worse_off(tool: ModuleType) -> None:
    order = {spec.fact: spec.order for spec in tool.TERMS if spec.starts}
    for term in load(shipped()).scorecard.terms:
        if order.get(term.fact):
            points = [each.points * order[term.fact] for each in term.bins]
            assert points == sorted(points), term.fact


def test_targeting_error_counts_the_poor_who_are_missed(tool: ModuleType) -> None:
    welfare = np.arange(10.0)
    assert tool.targeting_error(np.arange(10), welfare, 0.3) == 0
    assert tool.targeting_error(np.arange(10)[::-1].copy(), welfare, 0.3) == 1
    assert tool.targeting_error(np.zeros(10, dtype=int), welfare, 0.3) == pytest.approx(0.7)  # ties: chance
