"""Brings the lines of an answer beside our payments: streamed into a table that lives as long as the transaction.

Memory does not grow with the file: lines pass in batches from the reader to COPY. Account numbers are compared sealed;
what stays of them after the transaction are the last four characters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from django.db import connection
from psycopg import sql

from kafalat.adapters.banks.reading import COLUMN_TYPES, COLUMNS, DEFAULTS, Answer, AnswerHead, read_answer
from kafalat.core.bank_formats import AnswerFormat
from kafalat.core.problems import problem
from kafalat.core.sealing import Sealer
from kafalat.enrolment.enrol import IBAN_PURPOSE
from kafalat.policy.model import Programme
from kafalat.registry import bulk

_BATCH = 50_000
# Sizes and a rough spread of keys are all that the joins of one answer are planned by.
_FEW_SAMPLES = "SET LOCAL default_statistics_target = 10"
# What any bank may send where no profile says otherwise: the ISO 20022 messages.
_VERSIONS = tuple(f"{version:02}" for version in range(1, 21))
_ISO: Mapping[str, Sequence[AnswerFormat]] = {
    "": tuple(
        AnswerFormat(format=kind, versions=_VERSIONS)
        for kind in ("pain.002", "camt.054", "camt.053", "camt.029")
    )
}


@dataclass(frozen=True, slots=True)
class Receiver:
    """What it takes to read what banks send: the programme with the banks' profiles, the key to IBANs, a scratch folder.

    Without a programme only ISO 20022 messages are read and no line is late by days; without a key accounts are compared
    by their last four characters.
    """

    programme: Programme | None = None
    sealer: Sealer | None = None
    work: Path | None = None

    def formats(self) -> Mapping[str, Sequence[AnswerFormat]]:
        """Return the forms each bank may answer in."""
        if self.programme is None:
            return _ISO
        return {code: profile.answers for code, profile in self.programme.bank_profiles.items()} or _ISO


@dataclass(frozen=True, slots=True)
class Staged:
    """An answer whose lines lie in the temporary table `line`. `banks` are those whose profile declares its form.

    `lines` counts them; `accounts` says whether any of them names an account.
    """

    head: AnswerHead
    banks: tuple[str, ...]
    lines: int
    accounts: bool


def stage(source: Path | bytes, *, name: str, receiver: Receiver) -> Staged:
    """Read an answer into the temporary table `line`, one row for each payment it speaks of.

    Raises the problems `bank.*` of the readers, whatever they find and wherever in the file, and `bank.not_worked_on` where
    the file cannot be read or the scratch folder has no room.
    """
    columns = ", ".join(
        f"{column} {COLUMN_TYPES[column]}" + (f" DEFAULT '{DEFAULTS[column]}'" if column in DEFAULTS else "")
        for column in COLUMNS
    )
    bulk.execute(f"CREATE TEMPORARY TABLE line ({columns}) ON COMMIT DROP")
    try:
        with (
            TemporaryDirectory(prefix="answer-", dir=receiver.work) as folder,
            read_answer(source, name=name, formats=receiver.formats(), work=Path(folder)) as answer,
        ):
            lines = _copy(answer)
            head, banks = answer.head, answer.banks
            said = set(answer.columns)
    except OSError as error:
        place = receiver.work or gettempdir()
        raise problem(
            "bank.not_worked_on", file=name, folder=place, reason=error.strerror or str(error)
        ) from error
    bulk.execute(_FEW_SAMPLES)
    bulk.execute("ANALYZE line")
    accounts = wholes = False
    if said & {"account", "scope"}:
        lines, accounts, wholes = _look()
    if wholes:
        _spread()
        lines, accounts, _ = _look()
    if accounts:
        _seal(receiver.sealer)
    return Staged(head, banks, lines, accounts)


def _look() -> tuple[int, bool, bool]:
    """Return how many lines there are, and whether any of them has an account, and any is of more than one payment."""
    ((lines, accounts, wholes),) = bulk.rows(
        """
        SELECT count(*), coalesce(bool_or(account <> ''), false), coalesce(bool_or(scope <> 'payment'), false) FROM line
        """
    )
    return int(lines), bool(accounts), bool(wholes)


def _copy(answer: Answer) -> int:
    """Stream the lines into the table; return how many they are."""
    statement = sql.SQL("COPY line ({}) FROM STDIN (FORMAT csv, NULL '\\N')").format(
        sql.SQL(", ").join(map(sql.Identifier, answer.columns))
    )
    with connection.cursor() as cursor:
        with connection.wrap_database_errors, cursor.copy(statement) as copy:
            for chunk in answer.copy_chunks():
                copy.write(chunk)
        return int(cursor.rowcount)


# A block is named after its file (`payments/sending/dispatch.py`); a list is of one phase, so its only block is the whole file.
# A file of before left under two seats, with a block for each phase: what is said of one of those waits for a person.
_IS_WHOLE = "(f.message_id = whole.reference OR f.message_id || '-1' = whole.reference AND f.seats > 2)"
_SPREAD = f"""
    INSERT INTO line
    SELECT whole.line_no, 'payment', p.identity, whole.outcome, whole.reason_code, NULL, '', '', whole.booked_on, whole.text
    FROM line AS whole
    JOIN payments_bankfile AS f ON {_IS_WHOLE}
    JOIN payments_payment AS p ON p.payment_list_id = f.payment_list_id AND p.bank = f.bank AND p.part = f.part
    WHERE whole.scope = %s AND NOT EXISTS (
        SELECT FROM line AS own WHERE own.scope = 'payment' AND own.reference = p.identity)
"""


def _spread() -> None:
    """Turn what is said of a whole block or file into a line for each of its payments that has none of its own."""
    for scope in ("block", "file"):
        bulk.execute(_SPREAD, [scope])
        bulk.execute(
            f"DELETE FROM line AS whole USING payments_bankfile AS f WHERE whole.scope = %s AND {_IS_WHOLE}",
            [scope],
        )
        bulk.execute("ANALYZE line")


def _seal(sealer: Sealer | None) -> None:
    """Put the sealed form of every whole IBAN beside the lines, in the temporary table `sealed`."""
    bulk.execute("CREATE TEMPORARY TABLE sealed (account text, iban_sealed bytea) ON COMMIT DROP")
    if sealer is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "DECLARE accounts NO SCROLL CURSOR FOR SELECT DISTINCT account FROM line WHERE account ~ '^PK[0-9]{2}[A-Z]{4}[0-9A-Z]{16}$'"
        )
        while True:
            cursor.execute(f"FETCH {_BATCH} FROM accounts")
            accounts = [str(account) for (account,) in cursor.fetchall()]
            if not accounts:
                break
            with cursor.copy("COPY sealed FROM STDIN (FORMAT binary)") as copy:
                copy.set_types(["text", "bytea"])
                for row in zip(accounts, sealer.seal_many(accounts, IBAN_PURPOSE), strict=True):
                    copy.write_row(row)
        cursor.execute("CLOSE accounts")
    bulk.execute("ANALYZE sealed")
