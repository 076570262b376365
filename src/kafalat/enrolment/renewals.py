"""Takes in renewed CNICs: an expired card blocks payment from its day on, and a later day unblocks it, arrears included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from django.contrib.auth.models import User
from django.db import transaction

from kafalat.audit import services as audit
from kafalat.core.digests import file_sha256
from kafalat.core.identifiers import parse_cnic
from kafalat.core.progress import Progress, silent
from kafalat.core.sealing import Sealer
from kafalat.enrolment.access import access_account_work
from kafalat.enrolment.csv_files import lines_of, parse_day, parsed, read_lines, wrong
from kafalat.registry import bulk
from kafalat.registry.selectors import CNIC_PURPOSE

COLUMNS = ("cnic", "valid_until")
_BATCH_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Renewed:
    """What a list of renewals came to: cards renewed, and numbers the registry does not know."""

    renewed: int
    unknown: int


def import_renewals(
    *, path: Path, sealer: Sealer, user: User, at: datetime, progress: Progress = silent
) -> Renewed:
    """Take in a list of cards and their new days (CSV, columns `COLUMNS`); an earlier day than the known one changes nothing.

    Raises `accounts.file_invalid` with the first wrong line, a number that stands twice included; nothing is taken in then.
    """
    access_account_work(user)
    with transaction.atomic():
        bulk.execute(
            "CREATE TEMPORARY TABLE renewal (line int, cnic_sealed bytea, valid_until date) ON COMMIT DROP"
        )
        batch: list[tuple[int, str, date]] = []
        count, lines = 0, lines_of(path)
        for line, values in read_lines(path, COLUMNS):
            cnic = parsed(path, line, values["cnic"], parse_cnic, "the CNIC", "شناختی کارڈ نمبر")
            day = parsed(path, line, values["valid_until"], parse_day, "the day", "تاریخ")
            batch.append((line, cnic, day))
            count += 1
            if len(batch) == _BATCH_ROWS:
                _keep(batch, sealer)
                batch = []
                progress(0.7 * min(line, lines) / lines)
        _keep(batch, sealer)
        progress(0.7)
        for (line,) in bulk.rows(
            "SELECT max(line) FROM renewal GROUP BY cnic_sealed HAVING count(*) > 1 ORDER BY 1 LIMIT 1"
        ):
            raise wrong(path.name, line, "the number stands in the list twice", "یہ نمبر فہرست میں دو بار ہے")
        ((known,),) = bulk.rows(
            "SELECT count(*) FROM renewal AS r JOIN registry_person AS p ON p.cnic_sealed = r.cnic_sealed"
        )
        renewed = bulk.execute(
            """
            UPDATE registry_person AS p SET cnic_valid_until = r.valid_until FROM renewal AS r
            WHERE p.cnic_sealed = r.cnic_sealed AND (p.cnic_valid_until IS NULL OR p.cnic_valid_until < r.valid_until)
            """
        )
        progress(0.95)
        audit.record(
            at=at,
            actor=user.get_username(),
            action="cards_renewed",
            object_kind="list",
            object_id=file_sha256(path),
            detail={"cards": count, "renewed": renewed, "unknown": count - known},
        )
    return Renewed(renewed, count - known)


def _keep(batch: Sequence[tuple[int, str, date]], sealer: Sealer) -> None:
    if batch:
        bulk.execute(
            "INSERT INTO renewal SELECT * FROM unnest(%s::int[], %s::bytea[], %s::date[])",
            [
                [line for line, _, _ in batch],
                sealer.seal_many([cnic for _, cnic, _ in batch], CNIC_PURPOSE),
                [day for _, _, day in batch],
            ],
        )
