"""How spending follows from the score: bands without gap, the official share of poor people, the same bytes again."""

from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from kafalat.fitting.relation import bands_of, line_for_share, relate, to_yaml
from kafalat.fitting.sample import read_sample, scores_of
from kafalat.policy.check import check
from kafalat.policy.loader import load, shipped
from kafalat.policy.model import Dated
from tests.fitting.conftest import cached_load
from tests.fitting.made import MadeSurvey, called
from tests.shared import shared_path

LINE = Dated[Decimal].model_validate(
    {"from": date(2024, 7, 1), "value": Decimal(9000), "source": "for tests"}
)


def test_bands_follow_each_other_over_every_score() -> None:
    scores = np.random.default_rng(1).integers(20, 70, 5000).astype(float)
    bands = bands_of(scores)
    assert bands[0][0] == 0
    assert bands[-1][1] == 100
    assert all(low == before + 1 for (_, before), (low, _) in pairwise(bands))
    assert all(((scores >= low) & (scores <= high)).sum() >= 250 for low, high in bands)
    assert bands_of(scores[:10]) == [(0, 100)]


def test_the_line_has_the_share_of_people_below_it_not_of_households(tmp_path: Path) -> None:
    sample, _, _ = MadeSurvey(tmp_path).read()
    line = line_for_share(sample, 0.3)
    below = np.exp(sample.welfare) / 12 < line
    assert np.average(below, weights=sample.size) == pytest.approx(0.3, abs=0.01)
    assert below.mean() < 0.29  # large households are poorer here, so fewer households than people are below


def test_the_relation_gives_the_official_share_back(tmp_path: Path) -> None:
    sample, _, card = MadeSurvey(tmp_path, units=120).read()
    found = relate(sample, scores_of(sample, card), card, line=LINE, poor_people_share=0.3)
    assert found.inflator == pytest.approx(9000 / found.line_survey_rupees_month, rel=1e-4)
    poor = [np.interp(np.log(9000), band.quantiles, np.arange(1, 20) / 20) for band in found.bands]
    households = [band.households for band in found.bands]
    expected = np.mean(np.exp(sample.welfare) / 12 < found.line_survey_rupees_month)
    assert np.average(poor, weights=households) == pytest.approx(expected, abs=0.03)
    for band in found.bands:
        assert len(band.replicates) == 100
        assert np.mean(band.replicates) == pytest.approx(band.mean_ln, abs=0.05)


def test_the_first_relation_needs_a_line_and_a_later_one_takes_it_over(tmp_path: Path) -> None:
    survey, out = MadeSurvey(tmp_path / "survey"), tmp_path / "relation.yaml"
    words = ("relate", *survey.options(), "--scorecard", str(survey.folder / "card.yaml"), "--out", str(out))
    refused = called(*words)
    assert refused.code == 2
    assert "--line" in refused.err
    assert not out.exists()
    whole = (
        "--line",
        "9000",
        "--line-from",
        "2024-07-01",
        "--line-source",
        "for tests",
        "--poor-people",
        "0.3",
    )
    assert called(*words, *whole[:-4]).code == 2
    assert called(*words, *whole).code == 0
    assert "for tests" in out.read_text(encoding="utf-8")


def test_a_gap_between_bands_is_found_at_its_line(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(shipped(), tmp_path / "programme"))
    file = folder / "relation.yaml"
    first = load(shipped()).relation
    assert first is not None
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace(f"{{ from: {first.bands[1].from_},", f"{{ from: {first.bands[1].from_ + 1},"),
        encoding="utf-8",
    )
    (finding,) = check(folder)
    assert finding.file == "relation.yaml"
    assert f"begin at {first.bands[1].from_}" in finding.en
    assert finding.line > 10


def test_the_shipped_relation_is_the_shipped_cards() -> None:
    programme = cached_load(shipped())
    assert programme.relation is not None
    assert programme.relation.scorecard == programme.scorecard.code
    assert programme.relation.poor_people_share == 0.289


@pytest.mark.shared
def test_the_shipped_relation_is_made_by_its_command_byte_for_byte() -> None:
    programme = cached_load(shipped())
    before = programme.relation
    assert before is not None
    committed = (shipped() / "relation.yaml").read_text(encoding="utf-8")
    sample = read_sample(shared_path("data/pk_hiics_2015_16"), "pk-hiics-2015", programme).known()
    made = relate(
        sample,
        scores_of(sample, programme.scorecard),
        programme.scorecard,
        line=before.line_rupees_month[-1],
        poor_people_share=before.poor_people_share,
    )
    assert to_yaml(made, committed.splitlines()[3].removeprefix("# ")) == committed
