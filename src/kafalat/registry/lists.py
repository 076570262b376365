"""Lists from outside, by CNIC: imported whole or not at all, kept as history, the newest of each filter in force.

Only sealed numbers are stored, also of people who are in no household: what a list says of them stays unreadable, and
counts once they are surveyed.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
from django.db import transaction

from kafalat.audit import services as audit
from kafalat.core.digests import file_sha256
from kafalat.core.identifiers import parse_cnic
from kafalat.core.problems import Problem, problem
from kafalat.core.sealing import Sealer
from kafalat.policy.findings import nearest
from kafalat.policy.model import Programme
from kafalat.registry import bulk
from kafalat.registry.models import ScreeningList
from kafalat.registry.selectors import CNIC_PURPOSE

COLUMN = "cnic"
_LOCK = 0x4B41_0004
_BATCH_ROWS = 50_000

# Who of the registry stands on the list in force of each filter.
MATCHES_SQL = """
    SELECT m.id, m.household_id, l.filter, l.list_date,
        CASE WHEN p.level = 'tehsil' THEN p.parent_id ELSE p.pcode END
    FROM (
        SELECT DISTINCT ON (filter) id, filter, list_date FROM registry_screeninglist ORDER BY filter, list_date DESC, id DESC
    ) AS l
    JOIN registry_screeningentry AS e ON e.list_id = l.id
    JOIN registry_person AS m ON m.cnic_sealed = e.cnic_sealed
    JOIN registry_household AS h ON h.id = m.household_id JOIN registry_place AS p ON p.pcode = h.place_id
"""
MATCHES_TYPES = {
    "person_id": "BIGINT",
    "household_id": "BIGINT",
    "filter": "VARCHAR",
    "list_date": "DATE",
    "district_pcode": "VARCHAR",  # tells the file, and is no column of it
}


def import_list(
    *,
    path: Path,
    code: str,
    list_date: date,
    programme: Programme,
    sealer: Sealer,
    work: Path,
    actor: str,
    at: datetime,
) -> ScreeningList:
    """Take in one list of the filter `code` and return it; the same file for the same filter and date is taken in once.

    The file is CSV in UTF-8 with a column `cnic`; other columns are not read. Raises the problem
    `lists.filter_unknown` for a filter the programme does not have, `lists.date_invalid` for a date that is not in
    the past, `lists.file_invalid` with the line of the first mistake, and `input.not_found`; nothing is taken in then.
    """
    known = [entry.code for entry in programme.filters]
    if code not in known:
        hint = nearest(code, known)
        raise problem("lists.filter_unknown", filter=code, known=", ".join(known), nearest=hint or "-")
    if list_date > at.date():
        raise problem("lists.date_invalid", date=list_date.isoformat())
    if not path.is_file():
        raise problem("input.not_found", path=path)
    sha256 = file_sha256(path)
    with bulk.scratch_engine(work) as engine:
        _read(path, engine, sealer)
        with transaction.atomic():
            bulk.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            same = ScreeningList.objects.filter(filter=code, list_date=list_date, sha256=sha256).first()
            if same is not None:
                return same
            ((count,),) = engine.execute("SELECT count(*) FROM sealed").fetchall()
            taken = ScreeningList.objects.create(
                filter=code,
                list_date=list_date,
                sha256=sha256,
                people=count,
                imported_at=at,
                imported_by=actor,
            )
            query = f"SELECT {taken.pk}, '\\x' || lower(hex(cnic_sealed)) FROM sealed"
            bulk.copy_in(engine, query, "registry_screeningentry", ("list_id", "cnic_sealed"), work=work)
            audit.record(
                at=at,
                actor=actor,
                action="list_imported",
                object_kind="screening_list",
                object_id=taken.pk,
                detail={"filter": code, "date": list_date, "sha256": sha256, "people": count},
            )
    return taken


def matched(taken: ScreeningList) -> int:
    """Return how many people of the registry stand on a list."""
    ((count,),) = bulk.rows(
        "SELECT count(*) FROM registry_screeningentry AS e JOIN registry_person AS m ON m.cnic_sealed = e.cnic_sealed "
        "WHERE e.list_id = %s",
        [taken.pk],
    )
    return int(count)


def copy_matches(engine: duckdb.DuckDBPyConnection, *, work: Path) -> None:
    """Make the engine's table `matches_raw` (columns MATCHES_TYPES): everybody on a list in force, once per filter."""
    bulk.copy_out(MATCHES_SQL, engine, "matches_raw", MATCHES_TYPES, work=work)


def _read(path: Path, engine: duckdb.DuckDBPyConnection, sealer: Sealer) -> None:
    """Make the table `sealed` of the numbers in the file, each once. Refuses the first line that is wrong."""
    engine.execute("CREATE TABLE sealed (line BIGINT, cnic_sealed BLOB)")
    lines: list[int] = []
    numbers: list[str | None] = []
    for line, cnic in _numbers(path):
        lines.append(line)
        numbers.append(cnic)
        if len(lines) == _BATCH_ROWS:
            _keep(engine, sealer, lines, numbers)
            lines, numbers = [], []
    _keep(engine, sealer, lines, numbers)
    twice = engine.execute(
        "SELECT min(line), max(line) FROM sealed GROUP BY cnic_sealed HAVING count(*) > 1 ORDER BY 2 LIMIT 1"
    ).fetchall()
    if twice:
        first, second = twice[0]
        raise _wrong(
            path,
            second,
            f"the number stands in line {first} already",
            f"یہ نمبر پہلے ہی سطر {first} میں ہے",
        )
    if not engine.execute("SELECT 1 FROM sealed LIMIT 1").fetchall():
        raise _wrong(path, 1, "no number follows the heading", "سرخی کے بعد کوئی نمبر نہیں")


def _keep(
    engine: duckdb.DuckDBPyConnection, sealer: Sealer, lines: list[int], numbers: list[str | None]
) -> None:
    batch = pa.table(
        {
            "line": pa.array(lines, pa.int64()),
            "cnic_sealed": pa.array(sealer.seal_many(numbers, CNIC_PURPOSE), pa.binary()),
        }
    )
    engine.register("batch", batch)
    engine.execute("INSERT INTO sealed SELECT line, cnic_sealed FROM batch")
    engine.unregister("batch")


def _numbers(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line (from 1) and the 13 digits of each row."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            heading = [name.strip().lower() for name in next(rows, [])]
            if heading.count(COLUMN) != 1:
                raise _wrong(path, 1, f"there is no column '{COLUMN}'", f"«{COLUMN}» نام کا کالم نہیں")
            place = heading.index(COLUMN)
            for row in rows:
                if not row:  # a blank line
                    continue
                if len(row) != len(heading):
                    raise _wrong(
                        path,
                        rows.line_num,
                        f"the row has {len(row)} columns, the heading {len(heading)}",
                        f"سطر میں {len(row)} کالم ہیں، سرخی میں {len(heading)}",
                    )
                try:
                    cnic = parse_cnic(row[place])
                except ValueError:
                    # The number itself is personal and is not repeated.
                    raise _wrong(
                        path,
                        rows.line_num,
                        "a CNIC has 13 digits, written 35202-1234567-8, the first of them 1 to 8",
                        "شناختی کارڈ نمبر 13 ہندسوں کا ہوتا ہے، جیسے 35202-1234567-8، پہلا ہندسہ 1 تا 8",
                    ) from None
                yield rows.line_num, cnic
    except UnicodeDecodeError:
        raise _wrong(
            path,
            _undecodable_line(path),
            "the text is not UTF-8; save the file as UTF-8",
            "تحریر UTF-8 میں نہیں؛ فائل UTF-8 میں محفوظ کریں",
        ) from None
    except csv.Error:
        raise _wrong(
            path, rows.line_num, "the line cannot be read as CSV", "سطر CSV کے طور پر نہیں پڑھی جاتی"
        ) from None


def _undecodable_line(path: Path) -> int:
    """Return the first line that is not UTF-8."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1


def _wrong(path: Path, line: int, reason_en: str, reason_ur: str) -> Problem:
    return problem("lists.file_invalid", file=path.name, line=line, reason_en=reason_en, reason_ur=reason_ur)
