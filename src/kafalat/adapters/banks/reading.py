"""One way to read what any bank answers: a head, and lines in batches or as a stream for COPY.

    with read_answer(path, name="hbl-status.xml", formats={"hbl": profile.answers}, work=home.work) as answer:
        answer.head.message_id, answer.banks
        for chunk in answer.copy_chunks():      # rows of answer.columns, for COPY ... FROM STDIN (FORMAT csv, NULL '\\N')
            copy.write(chunk)

Faults of the file as a whole raise problems `bank.*`: what the head shows when it is opened (of a table: everything), the
rest (cut off, sums, counts, currencies) at the latest when the last line was read. So book nothing before the lines are
at their end; the transaction around COPY does that by itself. Whether a line is true (known, of this amount, answered
once) is not the reader's to say.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Final, Protocol, cast

from lxml import etree

from kafalat.adapters.answers import COLUMN_TYPES, COLUMNS, DEFAULTS, AnswerHead, AnswerLine, Scope
from kafalat.adapters.banks.sheets import to_csv
from kafalat.adapters.banks.tables import TableAnswer, columns_of, missing_columns
from kafalat.adapters.iso20022.read import ID_LENGTH_MAX, shown
from kafalat.adapters.iso20022.reports import StatusReport
from kafalat.adapters.iso20022.resolutions import Resolution
from kafalat.adapters.iso20022.statements import AccountReport
from kafalat.adapters.wallet.answers import BYTES_MAX, read_message
from kafalat.core.bank_formats import AnswerFormat, AnswerKind, Table
from kafalat.core.problems import Problem, problem

__all__ = [
    "COLUMNS",
    "COLUMN_TYPES",
    "DEFAULTS",
    "Answer",
    "AnswerHead",
    "AnswerLine",
    "Scope",
    "read_answer",
]

Formats = Mapping[str, Sequence[AnswerFormat]]
_BATCH: Final = 5_000
_START_BYTES: Final = 8_000
_MESSAGE: Final = re.compile(rb"urn:iso:std:iso:20022:tech:xsd:([a-z]{4}\.\d{3})\.\d{3}\.(\d{2})")
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff", b"\0", b"<\0")


class Answer(Protocol):
    """An answer that is open for reading; its lines can be read once."""

    head: AnswerHead
    banks: tuple[str, ...]  # the banks whose profile declares this form
    columns: tuple[str, ...]  # those that copy_chunks yields; the others are of DEFAULTS in all lines

    def batches(self) -> Iterator[list[AnswerLine]]:
        """Yield the lines, some thousands at a time. Raises the problems `bank.*`."""
        ...

    def copy_chunks(self) -> Iterator[bytes]:
        """Yield the lines as CSV of `columns`, NULL written \\N. Raises the problems `bank.*`."""
        ...


@contextmanager
def read_answer(
    source: Path | bytes, *, name: str, formats: Formats, work: Path, schemas: Path | None = None
) -> Iterator[Answer]:
    """Open an answer. `name` is what problems call it, `formats` what each bank that may have sent it declares.

    `work` is a folder for scratch files; they are gone when the answer is closed. Where `schemas` has `<message>.xsd`,
    as published by ISO, the message is checked by it while it is read. Raises the problems `bank.*`.
    """
    with ExitStack() as open_until_done:
        scratch = Path(open_until_done.enter_context(tempfile.TemporaryDirectory(prefix="answer-", dir=work)))
        start = _start(source)
        if start.startswith(b"PK"):
            answer: Answer = _open_table(source, name, formats, "xlsx", scratch, open_until_done)
        elif start.startswith(b"{"):
            answer = _open_wallet(source, name, formats)
        elif start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<") or start.startswith(_WIDE):
            answer = _open_message(source, start, name, formats, schemas)
        else:
            answer = _open_table(source, name, formats, "csv", scratch, open_until_done)
        yield answer


def _start(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source[:_START_BYTES]
    with source.open("rb") as file:
        return file.read(_START_BYTES)


# ---- which form -------------------------------------------------------------------------------------------------


def _named(form: AnswerFormat) -> str:
    return f"{form.format} {'/'.join(form.versions)}".strip()


def _undeclared(name: str, found: str, formats: Formats) -> Problem:
    declared = sorted({_named(form) for forms in formats.values() for form in forms})
    return problem("bank.form_undeclared", file=name, found=shown(found), declared=", ".join(declared) or "-")


def _open_message(
    source: Path | bytes, start: bytes, name: str, formats: Formats, schemas: Path | None
) -> Answer:
    """Open an ISO 20022 message. What names no message at all is left to the reader of reports to refuse for what it is."""
    found = _MESSAGE.search(start)
    kind, version = (found.group(1).decode(), found.group(2).decode()) if found else ("pain.002", "")
    banks = tuple(
        bank
        for bank, forms in formats.items()
        if any(form.format == kind and version in form.versions for form in forms)
    )
    if found and not banks:
        raise _undeclared(name, f"{kind}.001.{version}", formats)
    schema = _schema(schemas, f"{kind}.001.{version}")
    if kind in {"camt.053", "camt.054"}:
        statement = AccountReport(source, name, "camt.053" if kind == "camt.053" else "camt.054", schema)
        return _Streamed(statement.head, banks, statement.lines())
    if kind == "camt.029":
        resolution = Resolution(source, name, schema)
        return _Streamed(resolution.head, banks, resolution.lines())
    report = StatusReport(source, name, schema)
    return _Streamed(report.head, banks, report.lines())


def _open_wallet(source: Path | bytes, name: str, formats: Formats) -> Answer:
    """Open what a wallet provider says, which is of no other bank's business than its own."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            source = file.read(BYTES_MAX + 1)
    message, head, lines = read_message(source, name)
    if not any(form.format == "wallet" for form in formats.get(message.provider, ())):
        raise _undeclared(name, f"wallet {message.provider}", formats)
    return _Streamed(head, (message.provider,), lines)


def _schema(schemas: Path | None, message: str) -> etree.XMLSchema | None:
    path = schemas / f"{message}.xsd" if schemas is not None else None
    return etree.XMLSchema(etree.parse(path)) if path is not None and path.is_file() else None


def _open_table(
    source: Path | bytes, name: str, formats: Formats, kind: AnswerKind, scratch: Path, until: ExitStack
) -> Answer:
    """Open a table as the first bank reads it whose headings it has, or say what the nearest one lacks."""
    path = source if isinstance(source, Path) else scratch / "answer"
    if isinstance(source, bytes):
        path.write_bytes(source)
    declared = [
        (bank, form.table)
        for bank, forms in formats.items()
        for form in forms
        if form.format == kind and form.table is not None
    ]
    if not declared:
        raise _undeclared(name, kind, formats)
    # One spreadsheet may be read by several sheets' names, hence one CSV for each way to read it.
    tries: list[tuple[str, Table, Path]] = []
    refused: Problem | None = None
    for number, (bank, form) in enumerate(declared):
        plain = path
        table = form
        if kind == "xlsx":
            plain, table = scratch / f"{number}.csv", form.model_copy(update={"delimiter": ","})
            try:
                to_csv(path, plain, form, name)
            except Problem as found:
                if found.code != "bank.columns_missing":
                    raise
                refused = refused or found
                continue
        tries.append((bank, table, plain))
    if not tries:
        raise cast(Problem, refused)
    fitting = [one for one in tries if not missing_columns(columns_of(one[2], one[1], name), one[1])]
    _, table, plain = fitting[0] if fitting else tries[0]
    opened = TableAnswer(plain, name, table, kind=kind, message_id=_id_of(name), work=scratch)
    until.callback(opened.close)
    banks = tuple(bank for bank, form, _ in fitting if form == table)
    return _Tabled(opened, banks)


def _id_of(name: str) -> str:
    """Return what a table without an id of its own is called: its file's name, or its start and a digest of all of it."""
    stem = shown(Path(name).stem)
    return (
        stem
        if len(stem) <= ID_LENGTH_MAX
        else f"{stem[:18]}-{blake2b(stem.encode(), digest_size=8).hexdigest()}"
    )


# ---- the two ways an answer is open ------------------------------------------------------------------------------


class _Streamed:
    """Lines as they come out of a message."""

    def __init__(self, head: AnswerHead, banks: tuple[str, ...], lines: Iterator[AnswerLine]) -> None:
        self.head = head
        self.banks = banks
        self.columns: tuple[str, ...] = _WRITTEN
        self._lines = lines

    def batches(self) -> Iterator[list[AnswerLine]]:
        while batch := list(islice(self._lines, _BATCH)):
            yield batch

    def copy_chunks(self) -> Iterator[bytes]:
        for batch in self.batches():
            yield _csv(batch)


class _Tabled:
    """Lines as the engine maps them."""

    def __init__(self, table: TableAnswer, banks: tuple[str, ...]) -> None:
        self.head = table.head
        self.banks = banks
        self.columns = table.columns
        self._table = table

    def batches(self) -> Iterator[list[AnswerLine]]:
        return self._table.lines()

    def copy_chunks(self) -> Iterator[bytes]:
        return self._table.copy_chunks()


# Numbers and days first, so that the texts of a line stand together.
_WRITTEN: Final = (
    *("line_no", "amount_paisa", "booked_on"),
    *("scope", "reference", "outcome", "reason_code", "account", "name", "text"),
)
_QUOTES_BETWEEN: Final = 2 * 6  # among seven texts


def _csv(lines: Iterable[AnswerLine]) -> bytes:
    """Return lines as CSV of _WRITTEN. Every text is quoted, so that none can be taken for the NULL sign."""
    written: list[str] = []
    for (
        line_no,
        scope,
        reference,
        outcome,
        reason_code,
        amount_paisa,
        account,
        name,
        booked_on,
        text,
    ) in lines:
        texts: tuple[str, ...] = (scope, reference, outcome, reason_code, account, name, text)
        quoted = '","'.join(texts)
        if quoted.count('"') != _QUOTES_BETWEEN:
            quoted = '","'.join(one.replace('"', '""') for one in texts)
        day = "\\N" if booked_on is None else booked_on
        paisa = "\\N" if amount_paisa is None else amount_paisa
        written.append(f'{line_no},{paisa},{day},"{quoted}"\n')
    return "".join(written).encode()
