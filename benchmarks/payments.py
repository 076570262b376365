"""How payments scale: `make bench ARGS=payments`, or `python -m benchmarks.payments --payments 1000000 --section generate`.

Builds as many beneficiaries as asked by copying one enrolled family in SQL, as the owner of the tables, and measures in
one run: generating their payments against a bare INSERT ... SELECT of the same rows into twin tables of the same columns,
keys and indexes; the number of SQL statements at two sizes; the cost per payment with a cycle of past payments stored;
a plain loop of Django's bulk_create; and a bank's answer read, judged and booked. Each section is kept under the home folder, so that a run that was stopped goes
on with the next one. The table goes to benchmarks/PAYMENTS.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

# The home folder outlives the process, so that sections can follow one another.
HOME = Path(
    os.environ.setdefault("KAFALAT_HOME", str(Path(tempfile.gettempdir()) / "kafalat-bench-payments"))
)

from benchmarks import bank_files
from kafalat.config import boot

boot.prepare()

from django.db import connection, connections, transaction

from benchmarks.answers import answers_page, make_sent, measure
from benchmarks.payment_bars import bars
from kafalat.config.postgres import DATABASE
from kafalat.core.quarters import Quarter
from kafalat.interfaces.demo import Demo, Plan
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office, office
from kafalat.payments.cycles.lifecycle import open_cycle, prepare_list
from kafalat.payments.ledger.checks import check_rules
from kafalat.payments.models import Cycle, Payment, PaymentList
from kafalat.payments.reconciliation.staging import Receiver
from kafalat.policy.geography import phase_by_place
from kafalat.registry import bulk

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "PAYMENTS.md"
KEPT = HOME / "bench-payments.json"
SMALL = 1_000
LOOPED = 20_000
FIRST = Quarter(2026, 1)
AT = datetime(2026, 2, 2, 9, 30, tzinfo=UTC)
# Copies get numbers far above those of the demo's own families.
BASE = 1_000_000_000


def enrolled() -> Office:
    """Return an installation with a small population enrolled, made once."""
    here = office()
    boot.database(here.home)
    if not (HOME / "enrolled").exists():

        @contextmanager
        def stage(name: str) -> Iterator[Callable[[float], None]]:
            print(name, flush=True)
            yield lambda _share: None

        plan = Plan(tranche=FIRST, households=400, seed=7)
        Demo(office=here, plan=plan, clock=lambda: AT, stage=stage).to_enrolment()
        (HOME / "enrolled").write_text("")
    return here


def copies() -> int:
    """Return how many copied families there are."""
    return int(bulk.rows("SELECT count(*) FROM enrolment_beneficiary WHERE id >= %s", [BASE])[0][0])


def build(wanted: int) -> int:
    """Copy one family that can be paid until there are `wanted`; everybody else is suspended. Return how many there are."""
    have = copies()
    if have >= wanted:
        return have
    prototype = _prototype()
    number = f"{BASE} + n"
    person = f"{BASE} + n * 100 + source.line_no"
    overrides: dict[str, dict[str, str]] = {
        "registry_household": {
            "id": number,
            "source_key": "'bench ' || n",
            "form_number": "lpad((9000000000000 + n)::text, 13, '0')",
        },
        "registry_family": {"id": number, "household_id": number},
        "registry_person": {
            "id": person,
            "household_id": number,
            "family_id": number,
            "cnic_sealed": "sha256(convert_to('person ' || n || ' ' || source.line_no, 'UTF8'))",
        },
        "enrolment_beneficiary": {
            "id": number,
            "family_id": number,
            "payee_id": f"{BASE} + n * 100 + {prototype['line_no']}",
        },
        "enrolment_account": {
            "id": number,
            "beneficiary_id": number,
            "request_id": "NULL",
            "iban_sealed": "sha256(convert_to('account ' || n, 'UTF8'))",
        },
    }
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for table, columns in overrides.items():
            cursor.execute("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
                           "AND NOT attisdropped AND attgenerated = ''", [table])  # fmt: skip
            names = [name for (name,) in cursor.fetchall()]
            chosen = ", ".join(columns.get(name, f"source.{name}") for name in names)
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(names)}) SELECT {chosen} "
                f"FROM {table} AS source CROSS JOIN generate_series({have + 1}, {wanted}) AS n "
                f"WHERE source.{_key(table)} = {prototype[table]}"
            )
        cursor.execute(
            "UPDATE enrolment_beneficiary SET status = 'suspended', standing_reason = 'not in the benchmark' "
            f"WHERE id < {BASE} AND status = 'active'"
        )
    connections["owner"].close()
    _maintain()
    return wanted


def _key(table: str) -> str:
    """Return the column that picks the prototype's rows of a table."""
    return "family_id" if table == "registry_person" else "id"


def _maintain() -> None:
    """Bring statistics up to date, as autovacuum does on a server that was not filled a moment ago."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    connections["owner"].close()


def _prototype() -> dict[str, int]:
    """Return the numbers of the smallest family that a generation would pay."""
    here = office()
    with transaction.atomic():
        prepare(here, FIRST)
        ((household, family, beneficiary, account, line_no),) = bulk.rows(
            """
            SELECT f.household_id, f.id, b.id, a.id, payee.line_no FROM payments_payment AS p
            JOIN enrolment_account AS a ON a.id = p.account_id JOIN enrolment_beneficiary AS b ON b.id = a.beneficiary_id
            JOIN registry_family AS f ON f.id = b.family_id JOIN registry_person AS payee ON payee.id = b.payee_id
            ORDER BY (SELECT count(*) FROM registry_person AS m WHERE m.family_id = f.id), b.id LIMIT 1
            """
        )
        transaction.set_rollback(True)
    return {
        "registry_household": household,
        "registry_family": family,
        "registry_person": family,
        "enrolment_beneficiary": beneficiary,
        "enrolment_account": account,
        "line_no": line_no,
    }


def prepare(here: Office, tranche: Quarter) -> PaymentList:
    """Open a tranche's cycle and generate the list of the phase that the families live in."""
    cycle = open_cycle(
        programme=here.programme,
        programme_folder=here.programme_folder,
        programmes=here.home.programmes,
        tranche=tranche,
        user=staff("maker"),
        at=AT,
    )
    ((place,),) = bulk.rows(
        "SELECT h.place_id FROM enrolment_beneficiary AS b JOIN registry_family AS f ON f.id = b.family_id "
        "JOIN registry_household AS h ON h.id = f.household_id WHERE b.status = 'active' ORDER BY b.id DESC LIMIT 1"
    )
    phase = phase_by_place(here.programme, tranche.first_day())[place]
    return prepare_list(cycle_id=cycle.pk, phase=phase, programme=here.programme, user=staff("maker"), at=AT)


def checked_keys() -> None:
    """Have the keys checked that are otherwise checked at commit: part of the time of any insert."""
    bulk.execute("SET CONSTRAINTS ALL IMMEDIATE")
    bulk.execute("SET CONSTRAINTS ALL DEFERRED")


def generated_and_twin(here: Office, tranche: Quarter, families: int) -> tuple[float, float, int]:
    """Return seconds of one generation, seconds of a bare INSERT of the same rows, and payments; all thrown away."""
    with transaction.atomic():
        started = time.perf_counter()
        payments = prepare(here, tranche).payments
        checked_keys()
        generated_s = time.perf_counter() - started
        transaction.set_rollback(True)
    assert payments == families, f"{payments} payments for {families} families"
    return generated_s, _twin_s(here, tranche), payments


_TWINS = ("payments_entitlement", "payments_payment")


def _twin_s(here: Office, tranche: Quarter) -> float:
    """Return seconds of INSERT ... SELECT into tables of the same columns, keys and indexes, the rows being ready."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as owner:
        for table in _TWINS:
            owner.execute(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING ALL)")
            owner.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass "
                          "AND contype = 'f'", [table])  # fmt: skip
            for (definition,) in owner.fetchall():
                target = definition.replace(
                    "REFERENCES payments_entitlement(", "REFERENCES bench_payments_entitlement("
                )
                owner.execute(f"ALTER TABLE bench_{table} ADD {target}")
            owner.execute(f"GRANT ALL ON bench_{table} TO kafalat_app")
    connections["owner"].close()
    try:
        with transaction.atomic():
            ((before,),) = bulk.rows("SELECT coalesce(max(id), 0) FROM payments_paymentlist")
            prepare(here, tranche)
            checked_keys()
            started = time.perf_counter()
            bulk.execute(
                "INSERT INTO bench_payments_entitlement ({0}) SELECT {0} FROM payments_entitlement WHERE cycle_id = "
                "(SELECT max(id) FROM payments_cycle)".format(_columns("payments_entitlement"))
            )
            bulk.execute(
                "INSERT INTO bench_payments_payment ({0}) SELECT {0} FROM payments_payment "
                "WHERE payment_list_id > %s".format(_columns("payments_payment")),
                [before],
            )
            checked_keys()
            seconds = time.perf_counter() - started
            transaction.set_rollback(True)
    finally:
        with connections["owner"].cursor() as owner:
            owner.execute("DROP TABLE bench_payments_payment, bench_payments_entitlement")
        connections["owner"].close()
        _maintain()
    return seconds


def _columns(table: str) -> str:
    found = bulk.rows(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [table],
    )
    return ", ".join(name for (name,) in found)


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
        names = [field.attname for field in Payment._meta.concrete_fields if not field.primary_key]  # noqa: SLF001 - Django's documented API
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


def median(values: list[float]) -> float:
    """Return the middle value."""
    return sorted(values)[len(values) // 2]


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
    measured = [generated_and_twin(here, FIRST, families) for _ in range(runs)]
    return {
        "payments": families,
        "runs": runs,
        "generate_s": median([each[0] for each in measured]),
        "floor_s": median([each[1] for each in measured]),
        "peak_mb": peak_mb(),
        "grown_mb": peak_mb() - before_mb,
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
        _maintain()
    measured = [generated_and_twin(here, later, families) for _ in range(runs)]
    started = time.perf_counter()
    assert all(check.holds for check in check_rules())
    return {
        "stored": families,
        "generate_s": median([each[0] for each in measured]),
        "floor_s": median([each[1] for each in measured]),
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
    "files": section_files,
    "answers": section_answers,
}


def page(kept: dict[str, dict[str, float]]) -> str:
    """Return the table for what was measured so far."""
    lines = [
        "# Benchmarks of payments",
        "",
        "Made by `make bench ARGS=payments`. One process; embedded PostgreSQL 18 on the same machine and cores. The floor is a bare",
        "`INSERT ... SELECT` of the same rows into twin tables of the same columns, keys (foreign ones too) and indexes, in the same run;",
        "finding who is due and held back, triggers, digest and ledger rows count as generation's, not the floor's.",
        "",
        f"- {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        f"- {datetime.now(UTC):%Y-%m-%d}; load average of the machine while measuring: {', '.join(f'{each:.1f}' for each in os.getloadavg())}",
        "",
        *bars(kept),
        "## Figures",
        "",
        "| measured | payments | seconds | ms a payment | ratio to floor | commit |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for name in ("generate", "flat"):
        if name in kept:
            found = kept[name]
            payments = int(found.get("payments", found.get("stored", 0)))
            what = "generate" if name == "generate" else f"generate, {payments:,} past payments stored"
            for label, seconds, ratio in (
                (f"floor of: {what}", found["floor_s"], 1.0),
                (what, found["generate_s"], found["generate_s"] / found["floor_s"]),
            ):
                lines.append(
                    f"| {label} | {payments:,} | {seconds:.2f} | {seconds / payments * 1000:.4f} | {ratio:.2f} | {found['commit']} |"
                )
    if "loop" in kept:
        found = kept["loop"]
        lines.append(
            f"| Django bulk_create of the payments alone | {found['payments']:,} | {found['seconds']:.2f} "
            f"| {found['seconds'] / found['payments'] * 1000:.4f} | | {found['commit']} |"
        )
    if "flat" in kept:
        found = kept["flat"]
        lines.append(
            f"| nightly check of all invariants | {found['stored']:,} | {found['check_s']:.2f} | | | {found['commit']} |"
        )
    lines += answers_page(kept["answers"]) if "answers" in kept else []
    lines.append("")
    if "statements" in kept:
        found = kept["statements"]
        lines.append(
            f"SQL statements of one generation: {found['at_1k']} for 1,000 payments, {found['at_10k']} for 10,000."
        )
    if "generate" in kept:
        found = kept["generate"]
        lines.append(
            f"Peak memory of the process: {found['peak_mb']:,.0f} MB, of which {found['grown_mb']:,.0f} MB for generating."
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the sections that are missing, or the one that is named, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payments", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--section", choices=SECTIONS, help="run this one again; without, those not yet run")
    parser.add_argument("--dry", action="store_true", help="print the table without writing it")
    arguments = parser.parse_args()
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    here = enrolled()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False, cwd=ROOT
    ).stdout.strip()
    for name in [arguments.section] if arguments.section else [n for n in SECTIONS if n not in kept]:
        print(f"== {name}", flush=True)
        kept[name] = {**SECTIONS[name](here, arguments.payments, arguments.runs), "commit": commit}
        print(json.dumps(kept[name]), flush=True)
        KEPT.write_text(json.dumps(kept, indent=1))
    text = page(kept)
    sys.stdout.write(text)
    if not arguments.dry:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
