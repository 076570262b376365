"""`python -m benchmarks.national --households 35000000 --folder DIR`: a nation on two cores.

Makes a nation (benchmarks/population.py; about 12 minutes and 2 GB for 35 million households, once, and it goes on where
it was stopped), then measures, each in a process of its own: the run (verification, facts, score, criteria, payees,
result files, digest), the same work in lean SQL, scoring from ready facts beside OpenFisca-Core, and one explanation.
Adds its lines to benchmarks/NATIONAL.md. A run of 35 million households takes about five minutes on two quiet cores,
the lean SQL about four. `--clean` removes the folder after it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import duckdb
import numpy as np

from benchmarks.population import make_snapshot
from benchmarks.rivals import DAY, as_arrays, lean_sql, openfisca_scores
from kafalat.engine import running
from kafalat.engine.derive import household_facts_sql
from kafalat.engine.scoring import lines, score_sql
from kafalat.engine.snapshots import districts, manifest_of
from kafalat.engine.sql import identifier
from kafalat.policy.loader import load, shipped
from kafalat.policy.model import Programme

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "NATIONAL.md"
THREADS = 2
READY_HOUSEHOLDS = 1_000_000  # for scoring from ready facts: OpenFisca holds them all in memory


def peak_mb() -> float:
    """Return the most memory this process has held, in MB; of Linux, where a parent's memory is not counted in it."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def timed(work: Callable[[], object]) -> tuple[float, float, object]:
    """Return the seconds on the clock, the seconds of the processor, and the result of some work."""
    clock, processor = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - clock, time.process_time() - processor, result


def measure_run(folder: Path, programme: Programme) -> dict[str, object]:
    """Measure the run, and one household's explanation from its result files."""
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    seconds, processor, result = timed(
        lambda: running.run(programme=programme, snapshot=folder, out=out, policy_day=DAY, threads=THREADS)
    )
    assert isinstance(result, running.RunResult)
    return {"seconds": seconds, "processor": processor, "digest": result.digest, "peak_mb": peak_mb()}


def measure_explanation(folder: Path, programme: Programme) -> dict[str, object]:
    """Measure how long an explanation takes once the process has started: median of seven households over the nation."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["KAFALAT_HOME"] = home
        import_module(
            "kafalat.config.boot"
        ).prepare()  # Django, which the module of explanations needs, but no database
        explain = import_module("kafalat.targeting.explain")
        engine = duckdb.connect(config={"threads": 1})
        engine.execute("SET parquet_metadata_cache = true")  # as the module's own engine
        listed = sorted(districts(manifest_of(folder)))
        found = []
        for district in listed[:: len(listed) // 7]:
            ((number,),) = engine.execute(
                f"SELECT household_id FROM '{folder}/households/{district}.parquet' LIMIT 1 OFFSET 20"
            ).fetchall()

            def told(number: int = number, district: str = district) -> object:
                rows = [
                    explain.rows_of(engine, f"SELECT * FROM ({query}) WHERE household_id = $1", [number])
                    for query in running.results_sql(folder / "out", district).values()
                ]
                return explain.Explainer(programme, DAY).explanation("0", rows[0][0], rows[1])

            found.append(timed(told)[:2])
    seconds, processor = sorted(found)[len(found) // 2]
    return {"seconds": seconds, "processor": processor, "peak_mb": peak_mb()}


def measure_lean(folder: Path, programme: Programme) -> dict[str, object]:
    """Measure the same work in lean SQL."""
    out = folder / "lean"
    seconds, processor, digest = timed(
        lambda: lean_sql(programme, folder, out, THREADS, running.BATCH_HOUSEHOLDS)
    )
    shutil.rmtree(out)
    return {"seconds": seconds, "processor": processor, "digest": digest, "peak_mb": peak_mb()}


def measure_scoring(folder: Path, programme: Programme) -> dict[str, object]:
    """Measure the score from ready facts in memory, here and in OpenFisca, and hold the scores against each other."""
    names = sorted({name for line in lines(programme.scorecard) for name in line.facts} | stratum(programme))
    with duckdb.connect() as engine:
        engine.execute(f"SET threads = {THREADS}")
        for table in ("households", "people"):
            engine.execute(f"CREATE VIEW {table} AS SELECT * FROM '{folder}/{table}/*.parquet'")
        columns = ", ".join(_narrow(engine, programme, name) for name in names)
        facts = household_facts_sql(programme, key="household_id")
        limit = f"WHERE household_id <= {READY_HOUSEHOLDS}"
        engine.execute(f"CREATE TABLE ready AS SELECT household_id, {columns} FROM ({facts}) {limit}")
        ((count,),) = engine.execute("SELECT count(*) FROM ready").fetchall()
        points = ", ".join(f"{line.sql} AS {identifier(line.column)}" for line in lines(programme.scorecard))
        query = f"SELECT household_id, {score_sql(programme.scorecard)} AS score FROM (SELECT *, {points} FROM ready)"
        ours = min(
            timed(lambda: engine.execute(f"CREATE OR REPLACE TEMP TABLE scores AS {query}"))[:2]
            for _ in range(5)
        )
        arrays = as_arrays(engine, programme, names, "ready ORDER BY household_id")
        theirs = min(
            (openfisca_scores(programme, arrays, count) for _ in range(3)), key=lambda found: found[0]
        )
        scores = engine.execute(
            "SELECT score::DOUBLE AS score FROM scores ORDER BY household_id"
        ).fetchnumpy()
        own = np.ma.filled(scores["score"], np.nan)
        different = int((~((own == theirs[2]) | (np.isnan(own) & np.isnan(theirs[2])))).sum())
    return {
        "households": count,
        "seconds": ours[0],
        "processor": ours[1],
        "openfisca_seconds": theirs[0],
        "openfisca_processor": theirs[1],
        "different_scores": different,
        "peak_mb": peak_mb(),
    }


def _narrow(engine: duckdb.DuckDBPyConnection, programme: Programme, name: str) -> str:
    """Return a fact as facts are kept ready: categories as codes, as OpenFisca has them too, small numbers small."""
    fact, column = programme.fact(name), identifier(name)
    if fact.type == "category":
        codes = ", ".join(f"'{code}'" for code in fact.categories)
        engine.execute(f"CREATE TYPE {identifier('of_' + name)} AS ENUM ({codes})")
        return f"CAST({column} AS {identifier('of_' + name)}) AS {column}"
    small = fact.type == "integer" and fact.maximum is not None and fact.maximum < 2**15
    return f"CAST({column} AS SMALLINT) AS {column}" if small else column


def stratum(programme: Programme) -> set[str]:
    """Return the fact that tells a household's stratum, if the card has strata."""
    return {programme.scorecard.stratum} if programme.scorecard.stratum else set()


MEASURES = {
    "run": measure_run,
    "explanation": measure_explanation,
    "lean": measure_lean,
    "scoring": measure_scoring,
}


def alone(measure: str, folder: Path) -> dict[str, object]:
    """Measure in a process of its own, so that its memory is its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.national", "--measure", measure, "--folder", str(folder)],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    print(measure, found, flush=True)
    return found


def section(households: int, people: int, load_before: float, found: dict[str, dict[str, object]]) -> str:
    """Return the results as a part of a Markdown page."""
    run, lean, scoring = (found[name] for name in ("run", "lean", "scoring"))
    number = {
        key: {k: float(str(v)) for k, v in part.items() if k != "digest"} for key, part in found.items()
    }
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.strip()
    part = number["scoring"]
    rate, theirs = (part["households"] / part[name] / 1e6 for name in ("seconds", "openfisca_seconds"))
    per_processor = part["openfisca_processor"] / part["processor"]
    return "\n".join(
        [
            f"## {households:,} households, {people:,} people",
            "",
            (f"Commit {commit}, {datetime.now(UTC).date()}; {platform.machine()}, {os.cpu_count()} cores, DuckDB "
            f"{duckdb.__version__}, {THREADS} threads; load of the machine before it began: {load_before:.1f}."),
            "",
            "| work | seconds | seconds of processor | households/s | peak memory | ratio |",
            "|---|---:|---:|---:|---:|---:|",
            *(
                f"| {label} | {number[key]['seconds']:.1f} | {number[key]['processor']:.1f} | "
                f"{households / number[key]['seconds']:,.0f} | {number[key]['peak_mb']:,.0f} MB | {ratio} |"
                for label, key, ratio in (
                    ("lean SQL, same digest", "lean", "1"),
                    ("run, verified and with every fact and point kept", "run",
                     (f"**{number['run']['seconds'] / number['lean']['seconds']:.2f}** by the clock, "
                     f"{number['run']['processor'] / number['lean']['processor']:.2f} of processor")),
                )
            ),
            "",
            f"- The digests {'agree' if run['digest'] == lean['digest'] else '**DIFFER**'}: `{run['digest']}`.",
            (
                f"- Scores of {scoring['households']:,} households from ready facts in memory: {rate:.2f} million/s "
                f"({part['processor']:.2f} s of processor); OpenFisca-Core, one thread, loading its arrays included: "
                f"{theirs:.2f} million/s ({part['openfisca_processor']:.2f} s of processor). Factor **{rate / theirs:.1f}** by "
                f"the clock, {per_processor:.1f} of processor; scores that differ: {scoring['different_scores']}."
            ),
            (f"- One household explained, from the files of the run: {number['explanation']['seconds'] * 1000:.0f} ms "
            f"({number['explanation']['processor'] * 1000:.0f} ms of processor)."),
            "",
        ]
    )  # fmt: skip


def main() -> None:
    """Make the nation, measure, add to the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, nargs="+", default=[1_000_000])
    parser.add_argument(
        "--folder", type=Path, required=True, help="where the nation lies; 4 GB for 35 million"
    )
    parser.add_argument("--dry", action="store_true", help="print without writing the page")
    parser.add_argument("--clean", action="store_true", help="remove the folder afterwards")
    parser.add_argument(
        "--measure", choices=sorted(MEASURES), help="one measure in a folder that is made, as JSON"
    )
    arguments = parser.parse_args()
    programme = load(shipped())
    if arguments.measure:
        print(json.dumps(MEASURES[arguments.measure](arguments.folder.absolute(), programme)))
        return
    for households in arguments.households:
        folder = (arguments.folder / str(households)).absolute()
        make_snapshot(programme, folder, households)
        load_before = os.getloadavg()[0]
        found = {name: alone(name, folder) for name in ("run", "explanation", "lean", "scoring")}
        people = manifest_of(folder)["tables"]["people"]["rows"]
        text = section(households, people, load_before, found)
        print(text)
        if not arguments.dry:
            keep(f"## {households:,} households", text)
        shutil.rmtree(folder / "out", ignore_errors=True)
    if arguments.clean:
        shutil.rmtree(arguments.folder)


def keep(heading: str, text: str) -> None:
    """Put a section into the page, in the place of the one with the same heading."""
    top = "# A nation on two cores\n\nMade by `python -m benchmarks.national`; what is measured stands in benchmarks/national.py.\n\n"
    page = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else top
    head, *sections = page.split("\n## ")
    others = [f"## {part}".rstrip() for part in sections if not f"## {part}".startswith(heading)]
    parts = sorted([*others, text.rstrip()], key=lambda part: int(part.split()[1].replace(",", "")))
    RESULTS.write_text("\n\n".join([head.rstrip(), *parts]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
