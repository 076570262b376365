"""The floor of generating payments: a bare INSERT ... SELECT of the same rows into tables of the same columns, keys and indexes.

The rows a generation wrote are laid aside as files; the generation is thrown away, and they are written bare in a
transaction of their own. Within the generation's own transaction the rows they refer to would be locked already, and their
keys be checked for less than any insert pays. The twins leave as much room in their pages as the tables do.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import connection, connections, transaction

# First: it readies the installation that models are imported for.
from benchmarks.payment_families import HOME, maintain, prepare

# isort: split
from kafalat.core.quarters import Quarter
from kafalat.interfaces.office import Office
from kafalat.payments.models import PaymentList
from kafalat.registry import bulk

_CHUNK_BYTES = 1 << 20
_TWINS = ("payments_entitlement", "payments_payment")
# What the rows refer to and the generation made as well, with the column that finds its rows, in order of reference.
_PARENTS = {"payments_cycle": "id", "payments_cyclephase": "cycle_id", "payments_paymentlist": "id"}


def generated_and_floor(here: Office, tranche: Quarter) -> tuple[float, float, int]:
    """Return seconds of one generation, seconds of writing the same rows bare, and payments; all thrown away."""
    with TemporaryDirectory(dir=HOME) as folder:
        rows = Path(folder)
        with transaction.atomic():
            started = time.perf_counter()
            payment_list = prepare(here, tranche)
            _check_keys()
            generated_s = time.perf_counter() - started
            _lay_aside(payment_list, rows)
            transaction.set_rollback(True)
        maintain()
        with _twins(), transaction.atomic():
            _lay_ready(rows)
            started = time.perf_counter()
            for table in _TWINS:
                columns = ", ".join(_columns(table))
                bulk.execute(f"INSERT INTO bench_{table} ({columns}) SELECT {columns} FROM ready_{table}")
            _check_keys()
            floor_s = time.perf_counter() - started
            transaction.set_rollback(True)
    maintain()
    return generated_s, floor_s, payment_list.payments


def _check_keys() -> None:
    """Have the keys checked that are otherwise checked at commit: part of the time of any insert."""
    bulk.execute("SET CONSTRAINTS ALL IMMEDIATE")
    bulk.execute("SET CONSTRAINTS ALL DEFERRED")


def _lay_aside(payment_list: PaymentList, folder: Path) -> None:
    found = {
        "payments_cycle": payment_list.cycle_id,
        "payments_cyclephase": payment_list.cycle_id,
        "payments_paymentlist": payment_list.pk,
    }
    wheres = {table: f"{column} = {found[table]}" for table, column in _PARENTS.items()}
    wheres["payments_entitlement"] = f"cycle_id = {payment_list.cycle_id}"
    wheres["payments_payment"] = f"payment_list_id = {payment_list.pk}"
    for table, where in wheres.items():
        statement = f"COPY (SELECT {', '.join(_columns(table))} FROM {table} WHERE {where} ORDER BY id) TO STDOUT (FORMAT binary)"
        with (
            connection.cursor() as cursor,
            (folder / table).open("wb") as file,
            cursor.copy(statement) as copy,
        ):
            for chunk in copy:
                file.write(chunk)


def _lay_ready(folder: Path) -> None:
    """Put the rows into temporary tables, and what they refer to where it was."""
    for table in (*_PARENTS, *_TWINS):
        columns = ", ".join(_columns(table))
        bulk.execute(f"CREATE TEMPORARY TABLE ready_{table} (LIKE {table}) ON COMMIT DROP")
        with (
            connection.cursor() as cursor,
            (folder / table).open("rb") as file,
            cursor.copy(f"COPY ready_{table} ({columns}) FROM STDIN (FORMAT binary)") as copy,
        ):
            while chunk := file.read(_CHUNK_BYTES):
                copy.write(chunk)
        if table in _PARENTS:
            bulk.execute(
                f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM ready_{table} ON CONFLICT DO NOTHING"
            )


@contextmanager
def _twins() -> Iterator[None]:
    with transaction.atomic(using="owner"), connections["owner"].cursor() as owner:
        for table in _TWINS:
            owner.execute(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING ALL)")
            owner.execute(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'",
                [table],
            )
            for (definition,) in owner.fetchall():
                target = definition.replace(
                    "REFERENCES payments_entitlement(", "REFERENCES bench_payments_entitlement("
                )
                owner.execute(f"ALTER TABLE bench_{table} ADD {target}")
            owner.execute("SELECT reloptions FROM pg_class WHERE oid = %s::regclass", [table])
            for (options,) in owner.fetchall():
                if options:
                    owner.execute(f"ALTER TABLE bench_{table} SET ({', '.join(options)})")
            owner.execute(f"GRANT ALL ON bench_{table} TO kafalat_app")
    connections["owner"].close()
    try:
        yield
    finally:
        with connections["owner"].cursor() as owner:
            owner.execute("DROP TABLE bench_payments_payment, bench_payments_entitlement")
        connections["owner"].close()


def _columns(table: str) -> list[str]:
    """Return the columns of a table that are written, in order."""
    found = bulk.rows(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped "
        "AND attgenerated = '' ORDER BY attnum",
        [table],
    )
    return [name for (name,) in found]
