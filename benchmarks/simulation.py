"""How fast a simulation answers on a million households: `python -m benchmarks.simulation HOME`, HOME a demo's.

`measure` takes a small run as it lies on disk (here one of the home folder), copies its
households until there are enough, and times: making the cells once, making them for another scorecard (scoring anew
from the ready facts), and answers at several settings.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import duckdb

from kafalat.engine.poverty import Spending
from kafalat.engine.preparing import Source, prepare
from kafalat.engine.proposals import Setting, propose
from kafalat.engine.running import RESULT_FILE
from kafalat.engine.simulating import simulate
from kafalat.engine.snapshots import MANIFEST_FILE
from kafalat.policy.loader import load

APART = 1_000_000_000  # between the numbers of two copies
NUMBERS = ("household_id", "family_id", "person_id")
ANSWER_S_MAX = 2.0
SETTINGS = {
    "nothing changed": (),
    "a cut-off": (Setting("cutoff", "general", "35"),),
    "a cut-off, an amount and a phase": (
        Setting("cutoff", "general", "35"),
        Setting("amount", "kafalat", "15000"),
        Setting("phase", "phase_2", "off"),
    ),
}


def measure(
    source: Source, households: int, work: Path, spending: Spending | None = None
) -> dict[str, float]:
    """Return seconds by what was done, on `households` households copied from those of `source` into `work`."""
    large = enlarged(source, households, work)
    seconds: dict[str, float] = {}

    def timed(name: str, act: Callable[[], object]) -> None:
        started = time.perf_counter()
        act()
        seconds[name] = round(time.perf_counter() - started, 2)

    timed("cells, once per run", partial(prepare, large))
    card = large.programme.scorecard
    other = card.model_copy(update={"code": "other", "base_points": card.base_points - 2})
    timed("cells of another scorecard, once per scorecard", partial(prepare, large, other))
    cells = prepare(large)
    for name, settings in SETTINGS.items():
        proposal = propose(settings, large.programme, large.policy_day)
        timed(f"answer: {name}", partial(simulate, large, cells, proposal, spending=spending))
    apart = _all_different(cells, work / "apart.parquet")
    timed(f"answer: {name}, no two alike", partial(simulate, large, apart, proposal, spending=spending))
    return seconds


def _all_different(cells: Path, target: Path) -> Path:
    """Write one row per household with scores spread: the copies of a small run are alike, a nation's households less so."""
    with duckdb.connect() as engine:
        engine.execute(
            "COPY (SELECT * EXCLUDE (copy) REPLACE (least(100, greatest(0, score + "
            "CAST(hash(copy, district, score) % 31 AS INTEGER) - 15)) AS score, CAST(1 AS BIGINT) AS households) "
            f"FROM (SELECT *, unnest(range(households)) AS copy FROM '{cells}')) "
            f"TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
        )
    return target


def enlarged(source: Source, households: int, work: Path) -> Source:
    """Return a copy of a run in which every household stands as often as it takes to have `households` of them."""
    results, snapshot = work / "results", work / "snapshot"
    manifest = json.loads((source.snapshot / MANIFEST_FILE).read_text())
    copies = max(1, -(-households // manifest["tables"]["households"]["rows"]))
    for table in ("decisions", "payees"):
        _copied(source.results / table, results / table, copies)
    _copied(source.snapshot / "people", snapshot / "people", copies)
    if (source.snapshot / "matches").is_dir():
        _copied(source.snapshot / "matches", snapshot / "matches", copies)
    for about in (*manifest["files"].values(), *manifest["tables"].values()):
        about["rows"] *= copies
    (snapshot / MANIFEST_FILE).write_text(json.dumps(manifest))
    return replace(source, snapshot=snapshot, results=results, work=work)


def _copied(folder: Path, target: Path, copies: int) -> None:
    target.mkdir(parents=True)
    with duckdb.connect() as engine:
        for file in sorted(folder.glob("*.parquet")):
            columns = {row[0] for row in engine.execute(f"DESCRIBE SELECT * FROM '{file}'").fetchall()}
            moved = ", ".join(f"{name} + copy * {APART} AS {name}" for name in NUMBERS if name in columns)
            engine.execute(
                f"COPY (SELECT * EXCLUDE (copy) REPLACE ({moved}) FROM '{file}', (SELECT range AS copy FROM range({copies}))) "
                f"TO '{target / file.name}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
            )


def table(seconds: dict[str, float], households: int) -> str:
    """Return the measured seconds as a table for RESULTS.md."""
    rows = [f"| {name} | {value:.2f} |" for name, value in seconds.items()]
    return "\n".join([f"| simulation on {households:,} households | seconds |", "|---|---|", *rows]) + "\n"


def source_of(home: Path, work: Path) -> Source:
    """Return a run of a home folder: the first in it that has results."""
    file = next(iter(sorted((home / "runs").glob(f"*/{RESULT_FILE}"))))
    result = json.loads(file.read_text())
    return Source(
        programme=load(home / "programmes" / result["programme_sha256"]),
        policy_day=date.fromisoformat(result["policy_day"]),
        snapshot=home / "snapshots" / result["snapshot_sha256"],
        results=file.parent,
        work=work,
    )


def main(home: Path, households: int = 1_000_000) -> int:
    """Measure on a run of the home folder and print the table; 1 where an answer takes too long."""
    with tempfile.TemporaryDirectory(prefix="kafalat-simulation-") as work:
        source = source_of(home, Path(work))
        relation = source.programme.relation
        spending = Spending(relation.bands, float(relation.line_rupees_month[-1].value)) if relation else None
        seconds = measure(source, households, Path(work), spending)
    print(table(seconds, households))
    return int(any(name.startswith("answer") and value > ANSWER_S_MAX for name, value in seconds.items()))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
