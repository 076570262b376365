"""How payments scale: `make bench ARGS=payments`, or `python -m benchmarks.payments --payments 1000000 --section generate`.

On as many families as asked, in one run: generating their payments against a bare INSERT ... SELECT of the same rows into
twin tables of the same columns, keys and indexes; the number of SQL statements at two sizes; the cost per payment with a
cycle of past payments stored; a plain loop of Django's bulk_create; a payment file; and a bank's answer read, judged and
booked. Each section is kept under the home folder, with the machine's load before and after it, so that a run that was
stopped goes on with the next one. The table goes to benchmarks/PAYMENTS.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from django.db import connection, connections, transaction

# First: it readies the installation that models are imported for.
from benchmarks.payment_families import AT, FIRST, HOME, build, enrolled, enrolled_on, maintain, prepare

# isort: split
from benchmarks import bank_files
from benchmarks.answers import make_sent, measure
from benchmarks.payment_bars import page
from benchmarks.payment_floor import generated_and_floor
from kafalat.config.postgres import DATABASE
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.cycles.lifecycle import open_cycle
from kafalat.payments.ledger.checks import check_rules
from kafalat.payments.models import Cycle, Payment
from kafalat.payments.reconciliation.staging import Receiver
from kafalat.registry import bulk

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "PAYMENTS.md"
KEPT = HOME / "bench-payments.json"
SMALL = 1_000
LOOPED = 20_000


def statements(here: Office) -> int:
    """Return how many SQL statements one generation takes, thrown away."""
    count = 0

    def counted(execute: Callable[..., object], *rest: object) -> object:
        nonlocal count
        count += 1
        return execute(*rest)

    with transaction.atomic():
        with connection.execute_wrapper(counted):
            prepare(here, FIRST)
        transaction.set_rollback(True)
    return count


def loop_s(here: Office, payments: int) -> float:
    """Return seconds of writing so many payments as Django objects, by bulk_create in thousands, thrown away."""
    with transaction.atomic():
        prepare(here, FIRST)
        ready = list(Payment.objects.order_by("-id")[:payments])
        taken = [entry.pk for entry in ready]
        fields = Payment._meta.concrete_fields  # noqa: SLF001 - Django's documented API
        names = [field.attname for field in fields if not (field.primary_key or field.generated)]
        bulk.execute("CREATE TEMPORARY TABLE apart (LIKE payments_payment INCLUDING ALL) ON COMMIT DROP")
        started = time.perf_counter()
        table, Payment._meta.db_table = Payment._meta.db_table, "apart"  # noqa: SLF001 - the same model, another table
        try:
            copies_ = [Payment(**{name: getattr(entry, name) for name in names}) for entry in ready]
            Payment.objects.bulk_create(copies_, batch_size=1000)
        finally:
            Payment._meta.db_table = table  # noqa: SLF001 - as above
        seconds = time.perf_counter() - started
        transaction.set_rollback(True)
    return seconds * payments / max(1, len(taken))


def peak_mb() -> float:
    """Return the highest memory this process has held, in MB (Linux counts it in kB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def middle(measured: list[tuple[float, float, int]]) -> tuple[float, float]:
    """Return the seconds of the run whose ratio to its own floor is the middle one: a machine's speed drifts between runs."""
    runs = sorted(measured, key=lambda each: each[0] / each[1])
    generated_s, floor_s, _ = runs[len(runs) // 2]
    return generated_s, floor_s


def section_statements(here: Office, _families: int, _runs: int) -> dict[str, float]:
    """Count statements at two sizes."""
    build(SMALL)
    few = statements(here)
    build(SMALL * 10)
    return {"at_1k": few, "at_10k": statements(here)}


def section_generate(here: Office, families: int, runs: int) -> dict[str, float]:
    """Measure generation against its floor, the median of some runs, and the memory of the process."""
    families = build(families)
    before_mb = peak_mb()
    measured = [generated_and_floor(here, FIRST) for _ in range(runs)]
    assert {each[2] for each in measured} == {families}
    generated_s, floor_s = middle(measured)
    return {
        "payments": families,
        "runs": runs,
        "generate_s": generated_s,
        "floor_s": floor_s,
        "least": min(each[0] / each[1] for each in measured),
        "most": max(each[0] / each[1] for each in measured),
        "peak_mb": peak_mb(),
        "grown_mb": peak_mb() - before_mb,
    }


def section_arrears(here: Office, families: int, _runs: int) -> dict[str, float]:
    """Measure, once, a generation of five quarters for every family: its own and a year's arrears."""
    families = build(families)
    enrolled_on("2024-12-31")
    try:
        generated_s, floor_s, payments = generated_and_floor(here, FIRST)
    finally:
        enrolled_on(AT.date().isoformat())
    return {
        "payments": payments,
        "runs": 1,
        "generate_s": generated_s,
        "floor_s": floor_s,
        "peak_mb": peak_mb(),
    }


def section_loop(here: Office, families: int, _runs: int) -> dict[str, float]:
    """Measure bulk_create on fewer payments."""
    families = build(families)
    looped = min(LOOPED, families)
    return {"payments": looped, "seconds": loop_s(here, looped)}


def section_flat(here: Office, families: int, runs: int) -> dict[str, float]:
    """Store a tranche's payments, then measure the next tranche's, thrown away; and the nightly check over all."""
    families = build(families)
    later = FIRST.following()
    if not bulk.rows("SELECT 1 FROM payments_payment LIMIT 1"):
        prepare(here, FIRST)
        maintain()
    measured = [generated_and_floor(here, later) for _ in range(runs)]
    generated_s, floor_s = middle(measured)
    started = time.perf_counter()
    assert all(check.holds for check in check_rules())
    return {
        "stored": families,
        "runs": runs,
        "generate_s": generated_s,
        "floor_s": floor_s,
        "least": min(each[0] / each[1] for each in measured),
        "most": max(each[0] / each[1] for each in measured),
        "check_s": time.perf_counter() - started,
    }


def section_answers(here: Office, payments: int, _runs: int) -> dict[str, float]:
    """Measure a bank's answer to so many payments, read, judged and booked, against bare work on the same rows."""
    cycle = Cycle.objects.order_by("id").last() or open_cycle(
        programme=here.programme,
        programme_folder=here.programme_folder,
        programmes=here.home.programmes,
        tranche=FIRST,
        user=staff("maker"),
        at=AT,
    )
    before_mb = peak_mb()
    with tempfile.TemporaryDirectory(dir=HOME) as folder, connections["owner"].cursor() as owner:
        receiver = Receiver(programme=here.programme, work=Path(folder))
        figures = measure(
            DATABASE,
            cycle,
            payments,
            receiver=receiver,
            user=staff("reconciler"),
            folder=Path(folder),
            owner=owner,
        )
    connections["owner"].close()
    return {**figures, "peak_mb": peak_mb(), "grown_mb": peak_mb() - before_mb}


def sent_cycle(here: Office) -> Cycle:
    """Return a cycle of its own for payments put in place as sent, which no other section generates for."""
    return open_cycle(
        programme=here.programme,
        programme_folder=here.programme_folder,
        programmes=here.home.programmes,
        tranche=FIRST.following().following(),
        user=staff("maker"),
        at=AT,
    )


def section_files(here: Office, families: int, _runs: int) -> dict[str, float]:
    """Render one payment file of so many payments from the database, as dispatching does."""
    cycle = sent_cycle(here)
    file = make_sent(DATABASE, cycle, families, at=AT)
    assert file is not None
    with transaction.atomic():
        figures = bank_files.render_file(file, here.sender(cycle.programme_sha256))
    return {**asdict(figures), "per_s": figures.transactions_per_s}


SECTIONS = {
    "statements": section_statements,
    "generate": section_generate,
    "loop": section_loop,
    "flat": section_flat,
    "arrears": section_arrears,
    "files": section_files,
    "answers": section_answers,
}

# Five times as many payments as asked take too long for every run.
DEFAULT = [name for name in SECTIONS if name != "arrears"]


def main() -> None:
    """Run the sections that are missing, or the one that is named, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payments", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--section", choices=SECTIONS, help="run this one again; without, those not yet run but for arrears"
    )
    parser.add_argument("--dry", action="store_true", help="print the table without writing it")
    arguments = parser.parse_args()
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    here = enrolled()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False, cwd=ROOT
    ).stdout.strip()
    for name in [arguments.section] if arguments.section else [n for n in DEFAULT if n not in kept]:
        print(f"== {name}", flush=True)
        before = os.getloadavg()[0]
        figures = SECTIONS[name](here, arguments.payments, arguments.runs)
        kept[name] = {
            **figures,
            "load_before": before,
            "load_after": os.getloadavg()[0],
            "commit": commit,
        }
        print(json.dumps(kept[name]), flush=True)
        KEPT.write_text(json.dumps(kept, indent=1))
    text = page(kept)
    sys.stdout.write(text)
    if not arguments.dry:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
