"""A made-up survey of another country with facts of its own: small, known, and wrong in one thing at a time."""

from __future__ import annotations

from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kafalat.core.problems import Problem
from kafalat.fitting.sample import Sample, read_sample
from kafalat.interfaces.cli import scorecard_command
from kafalat.interfaces.cli.output import print_problem
from kafalat.policy.cards import load_scorecard
from kafalat.policy.loader import shipped
from kafalat.policy.model import Programme, Scorecard
from kafalat.survey.profiles import programme_for
from tests.fitting.conftest import cached_load
from tests.interfaces.command import Ran

PROFILE = """-- profile: a survey made for tests
-- needs: homes(id, town, size, rooms, sex, unit, weight)
-- optional: spent(id, money)
-- key: homes(id)
CREATE TABLE households AS SELECT id::VARCHAR AS household_key, 'XX' AS place_pcode,
  CASE WHEN town THEN 'urban' ELSE 'rural' END AS region, DATE '2020-01-01' AS interviewed_on, unit AS psu, weight,
  money AS spending_rupees_year, size AS household_size, rooms, sex AS head_sex FROM homes LEFT JOIN spent USING (id);
CREATE TABLE people (household_key VARCHAR, line_no INTEGER, relationship VARCHAR, sex VARCHAR, age_years INTEGER,
  marital_status VARCHAR);
"""
FACTS = """country: XX
label: { en: "Nowhere", ur: "کہیں نہیں" }
currency: XXX
source: "made for tests"
facts:
  - { name: region, level: household, kind: collected, type: category, label: { en: "Region", ur: "علاقہ" }, source: "made",
      proxy: false, not_proxy: { en: "An administrative line", ur: "انتظامی حد" },
      categories: { urban: { en: "Town", ur: "شہر" }, rural: { en: "Village", ur: "گاؤں" } } }
  - { name: household_size, level: household, kind: collected, type: integer, label: { en: "Members", ur: "افراد" }, source: "made",
      minimum: 1, maximum: 30 }
  - { name: rooms, level: household, kind: collected, type: integer, label: { en: "Rooms", ur: "کمرے" }, source: "made",
      minimum: 0, maximum: 30 }
  - { name: head_sex, level: household, kind: collected, type: category, label: { en: "Head", ur: "سربراہ" }, source: "made",
      categories: { female: { en: "A woman", ur: "عورت" }, male: { en: "A man", ur: "مرد" } } }
"""
CARD = """code: made-1
label: { en: "Made for tests", ur: "آزمائش کے لیے" }
from: 2020-01-01
base_points: 5
terms:
  - fact: rooms
    bins: [ { to: 1, points: 0 }, { from: 2, to: 3, points: 15 }, { from: 4, points: 40 } ]
  - fact: household_size
    bins: [ { to: 3, points: 30 }, { from: 4, to: 6, points: 12 }, { from: 7, points: 0 } ]
source: "made for tests"
"""


def called(*words: str) -> Ran:
    """Call `kafalat scorecard ...` inside this process: as another process would end, in a tenth of the time."""
    out, err, code = StringIO(), StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            scorecard_command.alone(["scorecard", *words], standalone_mode=False)
        except Problem as refusal:
            print_problem(refusal)
            code = refusal.entry.exit_code
    return Ran(code, out.getvalue(), err.getvalue())


class MadeSurvey:
    """Households in units that resemble each other; change the columns before `write`."""

    def __init__(self, folder: Path, *, units: int = 40, each: int = 15, seed: int = 3) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(seed)
        count = units * each
        unit = np.repeat(np.arange(units), each)
        rooms = np.clip(rng.poisson(1 + unit % 4), 0, 9)
        size = rng.integers(1, 11, count)
        lift = rng.normal(0, 0.3, units)[unit]
        money = np.exp(9 + 0.25 * rooms - 0.06 * size + lift + rng.normal(0, 0.3, count)) * size
        self.columns: dict[str, list[Any]] = {
            "id": (7_000_000_000 + np.arange(count)[::-1]).tolist(),
            "town": (unit % 3 == 0).tolist(),
            "size": size.tolist(),
            "rooms": rooms.tolist(),
            "sex": np.where(rng.random(count) < 0.2, "female", "male").tolist(),
            "unit": [f"u{number:03}" for number in unit],
            "weight": [None] * count,
        }
        self.money: list[Any] | None = money.tolist()

    def write(self) -> str:
        """Write the tables, the profile and its facts; return the profile's path."""
        table = pa.table(self.columns)
        at = table.schema.get_field_index("weight")
        table = table.set_column(at, "weight", table["weight"].cast(pa.float64()))
        pq.write_table(table, self.folder / "homes.parquet")
        if self.money is not None:
            spent = pa.table({"id": self.columns["id"], "money": self.money})
            pq.write_table(spent, self.folder / "spent.parquet")
        (self.folder / "made.sql").write_text(PROFILE, encoding="utf-8")
        (self.folder / "made.facts.yaml").write_text(FACTS, encoding="utf-8")
        (self.folder / "card.yaml").write_text(CARD, encoding="utf-8")
        return str(self.folder / "made.sql")

    def options(self) -> tuple[str, ...]:
        """Return the options that name the survey on the command line, after writing it."""
        profile = self.write()
        return ("--survey", str(self.folder), "--profile", profile)

    def read(self) -> tuple[Sample, Programme, Scorecard]:
        """Return the sample, the programme with the survey's own facts, and the card."""
        profile = self.write()
        programme = programme_for(profile, cached_load(shipped()))
        card = load_scorecard(self.folder / "card.yaml", programme)
        return read_sample(self.folder, profile, programme), programme, card
