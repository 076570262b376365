"""`make bench`: the bulk half of the chain on many synthetic households, in one process.

Prints and writes `benchmarks/RESULTS.md`: rows per second of each step, peak memory of the process, and each step's
time as a ratio to a floor measured in the same run: the same rows copied into a table without keys (for steps that
write to PostgreSQL) or from Parquet to Parquet (for steps of the engine). Ratios hold when machines differ.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

HOME = tempfile.TemporaryDirectory(prefix="kafalat-bench-")
os.environ["KAFALAT_HOME"] = HOME.name

from kafalat.config import boot

boot.prepare()

from kafalat.core.identifiers import synthetic_iban
from kafalat.core.quarters import Quarter
from kafalat.enrolment.enrol import enrol, open_accounts
from kafalat.interfaces.demo import prepare_if_due
from kafalat.interfaces.logins import ensure_logins, staff
from kafalat.interfaces.office import Office, office
from kafalat.payments.cycles.lifecycle import open_cycle
from kafalat.registry import bulk
from kafalat.registry.imports import import_survey
from kafalat.registry.snapshots import take_snapshot
from kafalat.survey.identities import add_identities
from kafalat.survey.synthesis import synthesise
from kafalat.targeting.models import Run
from kafalat.targeting.runs import replay, start_run

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "RESULTS.md"
TRANCHE = Quarter(2026, 1)


@dataclass
class Steps:
    """Measured steps: name, rows, seconds, and the floor each is compared with."""

    rows: list[tuple[str, str, int, float]] = field(default_factory=list)

    @contextmanager
    def measure(self, name: str, unit: str, count: int) -> Iterator[None]:
        """Time one step over `count` rows of `unit`."""
        started = time.perf_counter()
        yield
        self.rows.append((name, unit, count, time.perf_counter() - started))
        print(f"{name:<40} {count:>10,} {unit:<11} {self.rows[-1][3]:8.2f} s", flush=True)

    def seconds(self, name: str) -> float:
        """Return the seconds of a measured step."""
        return next(seconds for step, _, _, seconds in self.rows if step == name)


def peak_mb() -> float:
    """Return the highest memory this process has held, in MB (Linux counts it in kB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run_chain(here: Office, households: int, steps: Steps) -> None:
    """Measure every bulk step, and the two floors, on one population."""
    at = datetime.now(UTC)
    with bulk.scratch_engine(here.home.work) as engine:
        with steps.measure("synthesise and give identities", "households", households):
            tables = add_identities(
                synthesise(households, 1, programme=here.programme, connection=engine), seed=1
            )
        floor_copy(engine, here, steps, tables.people)
        with steps.measure("import into PostgreSQL", "households", households):
            import_survey(
                tables=tables,
                programme=here.programme,
                keys=here.keys,
                work=here.home.work,
                actor="bench",
                at=at,
            )
    with steps.measure("snapshot", "households", households):
        snapshot = take_snapshot(
            programme=here.programme, folder=here.home.snapshots, work=here.home.work, actor="bench", at=at
        )
    floor_parquet(here.home.snapshots / snapshot.sha256, here, steps, households)
    with steps.measure("targeting: facts, scores, decisions, COPY", "households", households):
        run = start_run(
            programme=here.programme,
            programme_folder=here.programme_folder,
            snapshot=snapshot,
            policy_day=TRANCHE.first_day(),
            folders=here.folders,
            actor="bench",
            at=at,
        )
    with steps.measure("replay and compare", "households", households):
        replay(run=run, folders=here.folders)
    print(f"peak memory up to here: {peak_mb():,.0f} MB", flush=True)
    steps.rows.append(("peak memory, import to replay", "MB", round(peak_mb()), 0.0))
    pay(here, run, steps, at)


def pay(here: Office, run: Run, steps: Steps, at: datetime) -> None:
    """Measure enrolment and the generation of payments."""
    ((families,),) = bulk.rows("SELECT count(*) FROM targeting_familypayee WHERE person_id IS NOT NULL")
    with steps.measure("enrol families", "families", families):
        enrol(run=run, enrolled_on=at.date(), actor="bench", at=at)
    with steps.measure("open accounts (IBANs sealed)", "families", families):
        open_accounts(
            programme=here.programme,
            sealer=here.sealer,
            issue_iban=synthetic_iban,
            synthetic=True,
            opened_on=at.date(),
            actor="bench",
            at=at,
        )
    ensure_logins(here.home)
    cycle = open_cycle(
        programme=here.programme,
        programme_folder=here.programme_folder,
        programmes=here.home.programmes,
        tranche=TRANCHE,
        user=staff("maker"),
        at=at,
    )
    with steps.measure("generate payments with ledger", "payments", families):
        for phase in cycle.phases.order_by("position"):
            prepare_if_due(cycle, phase.code, here, staff("maker"), at)


def floor_copy(engine: duckdb.DuckDBPyConnection, here: Office, steps: Steps, people: int) -> None:
    """Measure the floor of writing: the people copied as they are into a table without keys, rolled back after."""
    names = [name for (name,) in engine.execute("SELECT column_name FROM (DESCRIBE people)").fetchall()]
    from_columns = ", ".join(f'"{name}" text' for name in names)
    with steps.measure("floor: COPY people, no keys", "people", people):
        bulk.execute(f"CREATE TEMPORARY TABLE floor ({from_columns})")
        bulk.copy_in(engine, "SELECT * FROM people", "floor", names, work=here.home.work)
    bulk.execute("DROP TABLE floor")


def floor_parquet(snapshot: Path, here: Office, steps: Steps, households: int) -> None:
    """Measure the floor of the engine: the snapshot read and written once as Parquet."""
    with (
        steps.measure("floor: Parquet to Parquet", "households", households),
        duckdb.connect() as engine,
    ):
        for name in ("households", "people"):
            target = here.home.work / f"floor-{name}.parquet"
            engine.execute(
                f"COPY (SELECT * FROM '{snapshot / name}/*.parquet') TO '{target}' (FORMAT parquet)"
            )
            target.unlink()


def table(steps: Steps, commit: str) -> str:
    """Return the results as a Markdown page."""
    lines = [
        "# Benchmarks",
        "",
        "Made by `make bench`. One process; embedded PostgreSQL 18 on the same machine and cores.",
        "",
        f"- commit {commit}, {datetime.now(UTC).date()}",
        f"- {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, DuckDB {duckdb.__version__}",
        "",
        "| step | rows | seconds | rows/s | ratio to floor |",
        "|---|---:|---:|---:|---:|",
    ]
    floors = {
        "import into PostgreSQL": "floor: COPY people, no keys",
        "snapshot": "floor: Parquet to Parquet",
        "targeting: facts, scores, decisions, COPY": "floor: Parquet to Parquet",
        "replay and compare": "floor: Parquet to Parquet",
    }
    for name, unit, count, seconds in steps.rows:
        if unit == "MB":
            lines.append(f"| **{name}** | **{count:,} MB** | | | |")
            continue
        ratio = f"{seconds / steps.seconds(floors[name]):.1f}" if name in floors else ""
        lines.append(f"| {name} | {count:,} {unit} | {seconds:.2f} | {count / seconds:,.0f} | {ratio} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Parse the size, measure, write the table; or hand over to the benchmarks of payments."""
    if sys.argv[1:2] == ["payments"]:
        # They keep a home folder of their own, so that a run can be resumed.
        apart = {name: value for name, value in os.environ.items() if name != "KAFALAT_HOME"}
        code = subprocess.run(
            [sys.executable, "-m", "benchmarks.payments", *sys.argv[2:]], env=apart, check=False
        )
        sys.exit(code.returncode)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=200_000)
    parser.add_argument("--dry", action="store_true", help="print the table without writing it")
    arguments = parser.parse_args()
    here = office()
    boot.database(here.home)
    steps = Steps()
    run_chain(here, arguments.households, steps)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.strip()
    page = table(steps, commit)
    print(page)
    if not arguments.dry:
        RESULTS.write_text(page)


if __name__ == "__main__":
    main()
