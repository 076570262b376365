"""Takes in statements of the programme's own account: what left it for the banks, and what came back.

The third of the three sides a cycle is reconciled between. A treasury officer brings the statement, as camt.053 or as CSV;
each movement is attributed to a bank and cycle by its reference: a payment, a bank file, or an order to take idle
money back. Money that came back under an order is thereby refunded to the treasury.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from django.contrib.auth.models import User
from django.db import connection, transaction

from kafalat.adapters.banks.reading import read_answer
from kafalat.audit import services as audit
from kafalat.core.bank_formats import AnswerFormat
from kafalat.core.money import paisa_from_decimal
from kafalat.core.problems import problem
from kafalat.core.progress import Progress, silent
from kafalat.payments.access import access_treasury
from kafalat.payments.ledger.postings import post_payments
from kafalat.payments.models import Statement
from kafalat.registry import bulk

COLUMNS = ("booked_on", "direction", "amount", "reference", "bank", "text")
_FORMATS: Mapping[str, tuple[AnswerFormat, ...]] = {
    "": (AnswerFormat(format="camt.053", versions=tuple(f"{version:02}" for version in range(2, 15))),)
}
_DIRECTIONS = {"paid": "out", "other": "out", "returned": "back"}
_Row = tuple[int, str, int, str, str, str, date | None]

# A movement is of the payment, the bank file, or the order its reference names; else of the bank and cycle it says.
_ATTRIBUTE = """
    INSERT INTO payments_statementline (statement_id, line_no, direction, amount_paisa, reference, text, booked_on, cycle_id,
        bank, payment_id, file_id)
    SELECT %(statement)s, m.line_no, m.direction, m.amount_paisa, left(m.reference, 140), left(m.text, 500), m.booked_on,
        coalesce(l.cycle_id, fl.cycle_id, (SELECT c.id FROM payments_cycle AS c WHERE c.tranche = m.tranche LIMIT 1)),
        coalesce(p.bank, f.bank, o.bank, m.bank), p.id, f.id
    FROM (
        SELECT *, coalesce(substring(text FROM '[0-9]{4}Q[1-4]'), substring(reference FROM '[0-9]{4}Q[1-4]')) AS tranche FROM movement
    ) AS m
    LEFT JOIN payments_payment AS p ON m.reference <> '' AND p.identity = m.reference
    LEFT JOIN payments_paymentlist AS l ON l.id = p.payment_list_id
    LEFT JOIN payments_bankfile AS f ON m.reference <> '' AND (f.message_id = m.reference OR f.message_id || '-1' = m.reference)
    LEFT JOIN payments_paymentlist AS fl ON fl.id = f.payment_list_id
    LEFT JOIN payments_takeback AS o ON m.reference <> '' AND o.message_id = m.reference
    ORDER BY m.line_no
"""
# Reversed money is refunded once the treasury's own statement shows it: by payment, or an order's whole sum at once.
_REFUNDED = """
    SELECT p.id, p.payment_list_id, p.bank, p.amount_paisa, p.status AS was FROM payments_payment AS p
    WHERE p.status = 'reversed'
        AND NOT EXISTS (SELECT FROM payments_transfer AS t WHERE t.payment_id = p.id AND t.kind IN ('refunded', 'recredited'))
        AND NOT EXISTS (SELECT FROM payments_claim AS claim WHERE claim.payment_id = p.id AND claim.granted_at IS NOT NULL)
        AND (EXISTS (SELECT FROM payments_statementline AS s WHERE s.statement_id = %s AND s.payment_id = p.id
                AND s.direction = 'back' AND s.amount_paisa = p.amount_paisa)
            OR EXISTS (SELECT FROM payments_takebackitem AS item JOIN payments_takeback AS o ON o.id = item.take_back_id
                JOIN payments_statementline AS s ON s.reference = o.message_id AND s.direction = 'back'
                WHERE item.payment_id = p.id AND s.statement_id = %s AND s.amount_paisa = (
                    SELECT sum(other.amount_paisa) FROM payments_takebackitem AS of_order
                    JOIN payments_payment AS other ON other.id = of_order.payment_id
                    WHERE of_order.take_back_id = o.id AND other.status = 'reversed')))
"""


def receive_statement(
    *, content: bytes, name: str, user: User, at: datetime, progress: Progress = silent
) -> Statement:
    """Take in one statement of the programme's account, whole or not at all.

    CSV has the header booked_on,direction,amount,reference,bank,text: ISO days, out or back, rupees. Raises
    `statement.line_invalid`, `statement.repeated`, and the readers' problems `bank.*` for camt.053.
    """
    access_treasury(user)
    sha256 = hashlib.sha256(content).hexdigest()
    is_xml = content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    with transaction.atomic():
        seen = Statement.objects.filter(sha256=sha256).first()
        if seen is not None:
            raise problem("statement.repeated", name=name, message=seen.message_id)
        message_id, lines = _stage(_camt(content, name) if is_xml else _table(content, name, sha256))
        progress(0.5)
        if Statement.objects.filter(message_id=message_id).exists():
            raise problem("statement.repeated", name=name, message=message_id)
        statement = Statement.objects.create(
            kind="camt.053" if is_xml else "csv",
            name=name,
            message_id=message_id,
            sha256=sha256,
            imported_at=at,
            imported_by=user.get_username(),
            lines=lines,
        )
        bulk.execute(_ATTRIBUTE, {"statement": statement.pk})
        progress(0.8)
        refunded = post_payments(
            kind="refunded", moved=_REFUNDED, parameters=[statement.pk, statement.pk], at=at
        )
        progress(0.95)
        audit.record(
            at=at,
            actor=user.get_username(),
            action="statement_received",
            object_kind="statement",
            object_id=statement.pk,
            detail={"sha256": sha256, "message": message_id, "lines": lines, "refunded": refunded},
        )
    return statement


def _stage(rows: Iterator[str | _Row]) -> tuple[str, int]:
    """Put the movements into the temporary table `movement`; return the message's id, which comes first, and their number."""
    bulk.execute("DROP TABLE IF EXISTS movement")
    bulk.execute(
        "CREATE TEMPORARY TABLE movement (line_no integer, direction text, amount_paisa bigint, reference text, bank text,"
        " text text, booked_on date) ON COMMIT DROP"
    )
    message_id, lines = "", 0
    with connection.cursor() as cursor, cursor.copy("COPY movement FROM STDIN") as copy:
        for row in rows:
            if isinstance(row, str):
                message_id = row
            else:
                copy.write_row(row)
                lines += 1
    return message_id, lines


def _camt(content: bytes, name: str) -> Iterator[str | _Row]:
    with (
        TemporaryDirectory(prefix="statement-") as folder,
        read_answer(content, name=name, formats=_FORMATS, work=Path(folder)) as answer,
    ):
        yield answer.head.message_id
        for batch in answer.batches():
            for line in batch:
                direction = _DIRECTIONS.get(line.outcome)
                if direction is not None and line.amount_paisa is not None:
                    yield (
                        line.line_no,
                        direction,
                        line.amount_paisa,
                        line.reference,
                        "",
                        line.text,
                        line.booked_on,
                    )


def _table(content: bytes, name: str, sha256: str) -> Iterator[str | _Row]:
    yield f"CSV-{sha256[:24]}"
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _invalid(name, 1, "it is not UTF-8", "یہ UTF-8 میں نہیں") from None
    reader = csv.reader(io.StringIO(text), strict=True)
    for number, cells in enumerate(reader, start=1):
        if number == 1:
            if tuple(cells) != COLUMNS:
                raise _invalid(
                    name, 1, f"the header must be {','.join(COLUMNS)}", f"سرخی {','.join(COLUMNS)} ہونی چاہیے"
                )
            continue
        yield _cells(name, number, cells)


def _cells(name: str, number: int, cells: list[str]) -> _Row:
    if len(cells) != len(COLUMNS):
        raise _invalid(name, number, f"it has {len(cells)} cells, not 6", f"خانے {len(cells)} ہیں، 6 نہیں")
    day, direction, amount, reference, bank, text = (cell.strip() for cell in cells)
    if direction not in {"out", "back"}:
        raise _invalid(name, number, "direction is out or back", "direction میں out یا back ہوتا ہے")
    try:
        paisa, booked_on = paisa_from_decimal(amount), date.fromisoformat(day)
    except ValueError:
        raise _invalid(name, number, "a day or amount is not one", "تاریخ یا رقم درست نہیں") from None
    if paisa == 0:
        raise _invalid(name, number, "its amount is nothing", "رقم صفر ہے")
    return number - 1, direction, paisa, reference, bank, text.replace("\x00", ""), booked_on


def _invalid(name: str, line: int, english: str, urdu: str) -> Exception:
    return problem("statement.line_invalid", name=name, line=line, reason_en=english, reason_ur=urdu)
