"""Takes in what banks report of cash taken out at their devices: a CSV file, whole or not at all, in a few statements.

Columns: `reference` (the bank's, once per device), `payment` (our end-to-end id), `device` (serial), `operator`, `at` (ISO 8601;
without an offset it is the programme's local time), `amount` (rupees). A bank may report parts of a payment, never more
than it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils.timezone import get_current_timezone

from kafalat.audit import services as audit
from kafalat.core.digests import file_sha256
from kafalat.core.problems import Problem, problem
from kafalat.core.text import Bilingual
from kafalat.payments.access import access_reconciling
from kafalat.payments.models import WithdrawalReport
from kafalat.registry import bulk

COLUMNS = ("reference", "payment", "device", "operator", "at", "amount")
_LONGEST = 150

_FAULTS = {
    "reference": Bilingual(
        en="the bank's reference is missing, too long, or stands in the file twice",
        ur="بینک کا حوالہ موجود نہیں، بہت لمبا ہے یا فائل میں دو بار ہے",
    ),
    "known": Bilingual(
        en="this device has reported this reference before", ur="اس ڈیوائس سے یہ حوالہ پہلے آ چکا ہے"
    ),
    "amount": Bilingual(
        en="the amount is no positive amount in rupees such as 14500.00",
        ur="رقم روپے میں درست نہیں، جیسے 14500.00",
    ),
    "at": Bilingual(
        en="the time is no moment before now, written as 2026-02-03T10:15:00",
        ur="وقت درست نہیں یا مستقبل کا ہے؛ یوں لکھیں: 2026-02-03T10:15:00",
    ),
    "device": Bilingual(
        en="no device with this serial is registered for the bank",
        ur="اس بینک کی ایسی کوئی ڈیوائس درج نہیں",
    ),
    "payment": Bilingual(
        en="no payment with this id was credited by the bank",
        ur="اس بینک سے اس نمبر کی کوئی ادائیگی جمع نہیں ہوئی",
    ),
    "more": Bilingual(en="more was taken out than the payment holds", ur="ادائیگی کی رقم سے زیادہ نکالا گیا"),
}

_STAGE = """
CREATE TEMPORARY TABLE reported (
    line bigint, reference text, payment text, device text, operator text, at text, amount text
) ON COMMIT DROP
"""

_SHAPES = """
SELECT line, fault FROM (
    SELECT line, CASE
        WHEN reference = '' OR length(reference) > 60
            OR count(*) OVER (PARTITION BY device, reference) > 1 THEN 'reference'
        WHEN amount !~ '^[0-9]{1,12}([.][0-9]{1,2})?$' OR amount ~ '^[0.]+$' THEN 'amount'
        WHEN at !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:?[0-9]{2})?$'
            OR NOT pg_input_is_valid(at, 'timestamptz') THEN 'at'
    END AS fault FROM reported
) AS looked WHERE fault IS NOT NULL ORDER BY line LIMIT 1
"""

_READ = """
CREATE TEMPORARY TABLE read ON COMMIT DROP AS
SELECT r.line, r.reference, r.operator, (r.amount::numeric * 100)::bigint AS amount_paisa,
    CASE WHEN r.at ~ '(Z|[+-][0-9]{2}:?[0-9]{2})$' THEN r.at::timestamptz
         ELSE r.at::timestamp AT TIME ZONE %(zone)s END AS at,
    d.id AS device_id, d.bank AS device_bank, p.id AS payment_id, p.bank AS payment_bank, p.status,
    p.amount_paisa AS credited_paisa
FROM reported AS r
LEFT JOIN payments_device AS d ON d.serial = r.device
LEFT JOIN payments_payment AS p ON p.identity = r.payment
"""

_MEANINGS = """
SELECT line, fault FROM (
    SELECT f.line, CASE
        WHEN f.at > %(now)s THEN 'at'
        WHEN f.device_bank IS DISTINCT FROM %(bank)s THEN 'device'
        WHEN f.payment_bank IS DISTINCT FROM %(bank)s OR f.status <> 'paid' THEN 'payment'
        WHEN EXISTS (SELECT FROM payments_withdrawal AS w
                     WHERE w.device_id = f.device_id AND w.reference = f.reference) THEN 'known'
        WHEN sum(f.amount_paisa) OVER (PARTITION BY f.payment_id ORDER BY f.line) + coalesce(
            (SELECT sum(w.amount_paisa) FROM payments_withdrawal AS w WHERE w.payment_id = f.payment_id
             AND NOT EXISTS (SELECT FROM payments_reversal AS v WHERE v.withdrawal_id = w.id)), 0)
            > f.credited_paisa THEN 'more'
    END AS fault FROM read AS f
) AS looked WHERE fault IS NOT NULL ORDER BY line LIMIT 1
"""

_BOOK = """
INSERT INTO payments_withdrawal
    (payment_id, device_id, authorisation_id, report_id, operator, reference, amount_paisa, at, check_code)
SELECT payment_id, device_id, NULL, %s, operator, reference, amount_paisa, at, '' FROM read ORDER BY line
"""


def receive_withdrawals(*, path: Path, bank: str, user: User, at: datetime) -> WithdrawalReport:
    """Take in one file of a bank; return what it came to.

    Raises `withdrawals.file_invalid` with the first line that is wrong, `withdrawals.received_already`, and
    `input.not_found`. Nothing is taken in then.
    """
    access_reconciling(user)
    if not path.is_file():
        raise problem("input.not_found", path=path)
    sha256 = file_sha256(path)
    try:
        with transaction.atomic():
            bulk.execute(_STAGE)
            _stage(path)
            _refuse_first(path, _SHAPES)
            bulk.execute(_READ, {"zone": str(get_current_timezone())})
            _refuse_first(path, _MEANINGS, {"bank": bank, "now": at})
            return _book(path.name, sha256, bank, user, at)
    except IntegrityError as error:
        if WithdrawalReport.objects.filter(sha256=sha256).exists():
            raise problem("withdrawals.received_already", file=path.name) from error
        # Somebody else's file took the money out between the look and the booking.
        raise _wrong(path, 1, _FAULTS["more"]) from error


def _book(name: str, sha256: str, bank: str, user: User, at: datetime) -> WithdrawalReport:
    ((lines, amount_paisa),) = bulk.rows("SELECT count(*), coalesce(sum(amount_paisa), 0) FROM read")
    report = WithdrawalReport.objects.create(
        bank=bank,
        name=name,
        sha256=sha256,
        lines=lines,
        amount_paisa=amount_paisa,
        received_at=at,
        received_by=user.get_username(),
    )
    bulk.execute(_BOOK, [report.pk])
    audit.record(
        at=at,
        actor=user.get_username(),
        action="withdrawals_reported",
        object_kind="withdrawal_report",
        object_id=report.pk,
        detail={"bank": bank, "sha256": sha256, "lines": lines, "amount_paisa": int(amount_paisa)},
    )
    return report


def _stage(path: Path) -> None:
    """Copy the file's rows as text, with their lines."""
    statement = f"COPY reported (line, {', '.join(COLUMNS)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in _rows(path):
            copy.write_row(row)


def _rows(path: Path) -> Iterator[tuple[int | str, ...]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            heading = [name.strip().lower() for name in next(rows, [])]
            if sorted(heading) != sorted(COLUMNS):
                names = ", ".join(COLUMNS)
                raise _wrong(
                    path, 1, Bilingual(en=f"the columns must be {names}", ur=f"کالم یہ ہوں: {names}")
                )
            places = [heading.index(name) for name in COLUMNS]
            for row in rows:
                if not row:
                    continue
                if len(row) != len(heading) or any(len(value) > _LONGEST or "\0" in value for value in row):
                    fault = Bilingual(
                        en="the line does not have the heading's columns", ur="سطر میں سرخی جتنے کالم نہیں"
                    )
                    raise _wrong(path, rows.line_num, fault)
                yield (rows.line_num, *(row[place].strip() for place in places))
    except (UnicodeDecodeError, csv.Error) as error:
        fault = Bilingual(
            en="the file cannot be read as CSV in UTF-8", ur="فائل UTF-8 کی CSV کے طور پر نہیں پڑھی جاتی"
        )
        raise _wrong(path, 1, fault) from error


def _refuse_first(path: Path, query: str, parameters: dict[str, Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        found = cursor.fetchone()
    if found is not None:
        raise _wrong(path, found[0], _FAULTS[found[1]])


def _wrong(path: Path, line: int, fault: Bilingual) -> Problem:
    return problem(
        "withdrawals.file_invalid", file=path.name, line=line, reason_en=fault.en, reason_ur=fault.ur
    )
