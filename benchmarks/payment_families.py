"""The installation that benchmarks of payments work in, and the families it pays: as many copies of one as asked.

`enrolled` runs the demo's first half on a small population, once; `build` copies a family in SQL, as the owner of the tables;
`prepare` generates their payments. The home folder outlives the process, so that sections can follow one another.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

HOME = Path(
    os.environ.setdefault("KAFALAT_HOME", str(Path(tempfile.gettempdir()) / "kafalat-bench-payments"))
)

from kafalat.config import boot

boot.prepare()

import psycopg
from django.db import connections, transaction

from kafalat.config.postgres import DATABASE
from kafalat.core.quarters import Quarter
from kafalat.interfaces.demo import Demo, Plan
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office, office
from kafalat.payments.cycles.lifecycle import open_cycle, prepare_list
from kafalat.payments.models import PaymentList
from kafalat.policy.geography import phase_by_place
from kafalat.registry import bulk

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
    # Keys and triggers of what is copied held for the prototype, and hold for its copies.
    with psycopg.connect("service=kafalat_superuser", dbname=DATABASE) as cursor:
        cursor.execute("SET session_replication_role = replica")
        for table, columns in overrides.items():
            found = cursor.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
                "AND NOT attisdropped AND attgenerated = ''",
                [table],
            )
            names = [name for (name,) in found.fetchall()]
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
    maintain()
    return wanted


def enrolled_on(day: str) -> None:
    """Have every copy enrolled on `day` (ISO)."""
    with psycopg.connect("service=kafalat_superuser", dbname=DATABASE) as cursor:
        cursor.execute(f"UPDATE enrolment_beneficiary SET enrolled_on = %s WHERE id >= {BASE}", [day])
    maintain()


def _key(table: str) -> str:
    """Return the column that picks the prototype's rows of a table."""
    return "family_id" if table == "registry_person" else "id"


def maintain() -> None:
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
