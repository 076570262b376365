"""Measures how a bank's answer is taken in, against bare COPY and one join of the same rows in the same run.

`make_sent` puts payments of one bank as sent into a database, past the rules of the application (as its superuser, foreign
keys off): what is measured is the answer, not what led to it. `write_table` writes the bank's answer to them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
from django.contrib.auth.models import User
from django.db import connection, transaction

from kafalat.core.money import decimal_text
from kafalat.payments.models import Answer, BankFile, Cycle, Outbox, Payment
from kafalat.payments.reconciliation.answers import receive_answer
from kafalat.payments.reconciliation.staging import Receiver, stage
from kafalat.payments.reconciliation.verdicts import NEVER_LATE_DAYS, judge

AMOUNT_PAISA = 1_450_000
JUDGED_RUNS = 3
HEADER = (
    "Customer Reference;Beneficiary Account;Beneficiary Title;Amount (PKR);Status;Remarks;Value Date;Batch"
)

_SENT = """
    WITH base AS (
        SELECT a.id AS account_id, b.id AS beneficiary_id, b.payee_id, b.programme_code,
            row_number() OVER (ORDER BY a.id) - 1 AS place, count(*) OVER () AS all_of_them
        FROM enrolment_account AS a JOIN enrolment_beneficiary AS b ON b.id = a.beneficiary_id
        WHERE a.closed_on IS NULL AND a.bank = %(bank)s
    ), list AS (
        INSERT INTO payments_paymentlist (cycle_id, number, phase, fund, status, maker_id, maker_person, prepared_at, payments,
            amount_paisa, sha256, seats_approve, seats_authorise, seats_release, released_at, checked_by_id)
        SELECT %(cycle)s, 1 + (SELECT count(*) FROM payments_paymentlist WHERE cycle_id = %(cycle)s), 'phase_1', 'federal', 'dispatched',
            (SELECT id FROM auth_user WHERE username = 'maker'), '', %(at)s, %(payments)s, %(payments)s * %(amount)s::bigint, repeat('0', 64),
            1, 1, 1, %(at)s, (SELECT id FROM auth_user WHERE username = 'checker')
        RETURNING id
    ), entitled AS (
        INSERT INTO payments_entitlement (cycle_id, beneficiary_id, component, phase, amount_paisa, quarter, programme_code,
            payee_id, fund)
        SELECT %(cycle)s, base.beneficiary_id, 'b' || list.id || '_' || number, 'phase_1', %(amount)s, '2026Q1', base.programme_code,
            base.payee_id, 'federal'
        FROM generate_series(1, %(payments)s) AS number JOIN base ON base.place = number %% base.all_of_them CROSS JOIN list
        RETURNING id, beneficiary_id, amount_paisa
    ), paid AS (
        INSERT INTO payments_payment (identity, entitlement_id, attempt, payment_list_id, account_id, bank, part, channel,
            amount_paisa, status)
        SELECT 'K' || upper(left(encode(sha256(convert_to(%(bank)s::text || e.id, 'UTF8')), 'hex'), 32)), e.id, 1, list.id,
            base.account_id, %(bank)s, 1, 'wallet', e.amount_paisa, %(status)s
        FROM entitled AS e JOIN base USING (beneficiary_id) CROSS JOIN list
    ), file AS (
        INSERT INTO payments_bankfile (payment_list_id, bank, part, message_id, created_at, sha256, transactions,
            control_sum_paisa, list_sha256, seats)
        SELECT id, %(bank)s, 1, 'KFLT-2026Q1-' || id || '-BENCH', %(at)s, repeat('0', 64), %(payments)s, %(payments)s * %(amount)s::bigint,
            repeat('0', 64), 3
        FROM list WHERE %(status)s = 'sent' RETURNING id, bank, control_sum_paisa
    ), posted AS (
        INSERT INTO payments_transfer (cycle_id, bank_file_id, kind, debit, credit, amount_paisa, at)
        SELECT %(cycle)s, id, kind, debit || bank, credit, control_sum_paisa, %(at)s
        FROM file, (VALUES ('released', 'settlement:', 'obligation'), ('sent', 'in_flight:', 'settlement:mobilink_mfb'))
            AS row (kind, debit, credit)
    )
    SELECT count(*) FROM file
"""


def make_sent(
    database: str,
    cycle: Cycle,
    payments: int,
    *,
    bank: str = "mobilink_mfb",
    at: datetime,
    status: str = "sent",
) -> BankFile | None:
    """Put `payments` payments of one bank into the database, sent in one file; with another status there is no file."""
    with psycopg.connect("service=kafalat_superuser", dbname=database, autocommit=True) as owner:
        owner.execute("SET session_replication_role = replica")
        parameters: dict[str, Any] = {
            "bank": bank,
            "cycle": cycle.pk,
            "payments": payments,
            "amount": AMOUNT_PAISA,
            "at": at,
            "status": status,
        }
        owner.execute(_SENT, parameters)
        owner.execute("ANALYZE")
    if status != "sent":
        return None
    file = BankFile.objects.filter(bank=bank).latest("id")
    Outbox.objects.create(bank_file=file, attempts=1, sent_at=at)
    return file


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the bank's table. `status` is the bank's word."""

    reference: str
    iban: str
    name: str
    amount_paisa: int
    status: str
    booked_on: date
    batch: str = ""
    remarks: str = ""


def table(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the bank's table line by line, with its line of totals."""
    yield HEADER + "\n"
    count = total = 0
    for row in rows:
        count, total = count + 1, total + row.amount_paisa
        cells = (row.reference, row.iban, row.name, decimal_text(row.amount_paisa), row.status, row.remarks)
        yield ";".join((*cells, f"{row.booked_on:%d/%m/%Y}", row.batch)) + "\n"
    yield f"TOTAL;;{count};{decimal_text(total)};;;;\n"


def rows_of(file: BankFile, booked_on: date) -> Iterator[Row]:
    """Yield a line that says paid for every payment of a file, without accounts."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT identity, amount_paisa FROM payments_payment WHERE payment_list_id = %s AND bank = %s ORDER BY id",
            [file.payment_list_id, file.bank],
        )
        while found := cursor.fetchmany(10_000):
            for identity, amount_paisa in found:
                yield Row(identity, "", "", amount_paisa, "CREDITED", booked_on, file.message_id)


def notification(file: BankFile, booked_on: date) -> Iterator[str]:
    """Yield the same as a camt.054, one movement a payment."""
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08">'
        f"<BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>BENCH-{file.pk}</MsgId><CreDtTm>{booked_on}T12:00:00+05:00</CreDtTm></GrpHdr>"
        f"<Ntfctn><Id>BENCH-{file.pk}</Id><CreDtTm>{booked_on}T12:00:00+05:00</CreDtTm>"
        "<Acct><Id><IBAN>PK81NBPA0000004081720010</IBAN></Id></Acct>\n"
    )
    for row in rows_of(file, booked_on):
        yield (
            f'<Ntry><Amt Ccy="PKR">{decimal_text(row.amount_paisa)}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
            f"<BookgDt><Dt>{booked_on}</Dt></BookgDt><BkTxCd><Prtry><Cd>G2P</Cd></Prtry></BkTxCd><NtryDtls><TxDtls><Refs>"
            f"<EndToEndId>{row.reference}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>\n"
        )
    yield "</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>\n"


def read_bare(path: Path) -> float:
    """Return the seconds of COPY of a table's lines as they are, ANALYZE, and one join with the payments, counted."""
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE bare (reference text, account text, name text, amount text, status text, remarks text, "
            "booked_on text, batch text)"
        )
        with (
            path.open("rb") as source,
            cursor.copy("COPY bare FROM STDIN (FORMAT csv, DELIMITER ';', HEADER)") as copy,
        ):
            while chunk := source.read(1 << 20):
                copy.write(chunk)
        # Without it the join is planned for a few lines and each looked up by itself: a floor too easy to beat.
        cursor.execute("ANALYZE bare (reference)")
        cursor.execute(
            "SELECT count(*), sum(p.amount_paisa) FROM bare JOIN payments_payment AS p ON p.identity = bare.reference"
        )
        cursor.fetchall()
        seconds = time.perf_counter() - started
        cursor.execute("DROP TABLE bare")
    return seconds


_TWINS = ("payments_payment", "payments_answerline", "payments_transfer")


def book_bare(owner: Any, file: BankFile, answer: Answer) -> float:
    """Return the seconds of writing the same rows bare, and committing them: into twins of the same columns, keys and
    indexes, the lines and postings of an answer that was booked, and a bare UPDATE of as many payments.

    `owner` is a cursor of the tables' owner, in no transaction.
    """
    for table in _TWINS:
        owner.execute(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING ALL)")
        owner.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'",
            [table],
        )
        for (definition,) in owner.fetchall():
            owner.execute(f"ALTER TABLE bench_{table} ADD {definition}")
        owner.execute(f"GRANT ALL ON bench_{table} TO kafalat_app")
    try:
        of_file = "FROM payments_payment WHERE payment_list_id = %s AND bank = %s AND part = %s"
        key: list[Any] = [file.payment_list_id, file.bank, file.part]
        with connection.cursor() as cursor:
            names = ", ".join(field.attname for field in Payment._meta.concrete_fields if not field.generated)  # noqa: SLF001 - Django's documented API
            cursor.execute(f"INSERT INTO bench_payments_payment ({names}) SELECT {names} {of_file}", key)
            cursor.execute("UPDATE bench_payments_payment SET status = 'sent'")
            owner.execute("ANALYZE bench_payments_payment")
            started = time.perf_counter()
            with transaction.atomic():
                cursor.execute(
                    "INSERT INTO bench_payments_answerline SELECT * FROM payments_answerline WHERE answer_id = %s",
                    [answer.pk],
                )
                cursor.execute("UPDATE bench_payments_payment SET status = 'paid'")
                cursor.execute(
                    "INSERT INTO bench_payments_transfer SELECT * FROM payments_transfer WHERE kind = 'paid' "
                    f"AND payment_id IN (SELECT id {of_file})",
                    key,
                )
            return time.perf_counter() - started
    finally:
        owner.execute(f"DROP TABLE {', '.join(f'bench_{table}' for table in _TWINS)}")


def _judged(path: Path, name: str, receiver: Receiver, file: BankFile, at: datetime) -> float:
    """Return the seconds of an answer read and judged; all of it is thrown away."""
    started = time.perf_counter()
    with transaction.atomic():
        staged = stage(path, name=name, receiver=receiver)
        judge(staged, bank=file.bank, original_id=file.pk, late_days=NEVER_LATE_DAYS, at=at)
        seconds = time.perf_counter() - started
        transaction.set_rollback(True)
    return seconds


def measure(
    database: str, cycle: Cycle, payments: int, *, receiver: Receiver, user: User, folder: Path, owner: Any
) -> dict[str, float]:
    """Return the seconds of a fresh answer of `payments` lines as CSV and as camt.054, and of the bare work beside it.

    `judged` is read and judged, thrown away: of three runs the one whose ratio to its own floor, COPY and one join of the
    same lines as a table, is the middle one. `booked` is the whole service, committed; `book_floor` the same rows written bare.
    """
    at, booked_on = datetime(2026, 1, 20, 7, tzinfo=UTC), date(2026, 1, 20)
    figures: dict[str, float] = {"payments": float(payments)}
    for form, name in (("csv", "answer.csv"), ("camt054", "answer.xml")):
        file = make_sent(database, cycle, payments, at=at)
        assert file is not None
        plain, path = folder / "plain.csv", folder / name
        for lines, target in (
            (table(rows_of(file, booked_on)), plain),
            (notification(file, booked_on), path),
        ):
            with target.open("w") as out:
                out.writelines(lines)
        path = plain if form == "csv" else path
        taken = receiver if form == "csv" else Receiver(sealer=receiver.sealer, work=receiver.work)
        tries = [(read_bare(plain), _judged(path, name, taken, file, at)) for _ in range(JUDGED_RUNS)]
        figures[f"{form}_floor_s"], figures[f"{form}_judged_s"] = sorted(
            tries, key=lambda one: one[1] / one[0]
        )[JUDGED_RUNS // 2]
        started = time.perf_counter()
        received = receive_answer(content=path, name=f"{file.pk}-{name}", user=user, at=at, receiver=taken)
        figures[f"{form}_booked_s"] = time.perf_counter() - started
        assert received.outcomes == {"paid": payments}
        if form == "csv":
            figures["book_floor_s"] = book_bare(owner, file, received.answer)
    return figures


def answers_page(found: dict[str, float]) -> list[str]:
    """Return the table of a bank's answer: the bar is twice COPY and one join; booking has a floor of its own."""
    csv, camt, bare = found["csv_floor_s"], found["camt054_floor_s"], found["book_floor_s"]
    rows = (
        ("floor of the CSV: COPY of the same lines and one join", csv, csv, csv),
        ("CSV read and judged", found["csv_judged_s"], csv, csv),
        ("floor of the camt.054: the same lines as a table", camt, camt, camt),
        ("camt.054 read and judged", found["camt054_judged_s"], camt, camt),
        ("floor of booking: that of the CSV, and the rows written bare", csv + bare, csv + bare, csv),
        ("CSV read, judged and booked", found["csv_booked_s"], csv + bare, csv),
        ("camt.054 read, judged and booked", found["camt054_booked_s"], camt + bare, camt),
    )
    lines = [
        "",
        "A bank's answer, one line a payment. The floor of booking adds to that of reading the same lines and postings inserted",
        "into twin tables of the same columns, keys and indexes, and a bare `UPDATE` of as many payments, committed. Read and judged",
        f"is the middle one of {JUDGED_RUNS} runs, each beside its own floor; booked is one run.",
        "",
        "| measured | lines | seconds | ratio to its floor | ratio to COPY and one join | commit |",
        "|---|---:|---:|---:|---:|---|",
    ]
    lines += [
        f"| {label} | {found['payments']:,.0f} | {seconds:.2f} | {seconds / floor:.2f} | {seconds / read:.2f} | {found['commit']} |"
        for label, seconds, floor, read in rows
    ]
    lines += ["", f"The process grew by {found['grown_mb']:,.0f} MB."]
    return lines
