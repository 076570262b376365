"""Reads records that are alike once: what differs among a bank's records is mostly names, account numbers and references.

A message of a million payments repeats a few shapes: the same elements, amount, day and status around other references.
`Alikes` stands between the file and the XML parser. A record whose shape is known it takes out of what the parser sees,
and leaves an empty element RUN in its place; its lines are those of the shape, with its own texts filled in. A shape is
learned by reading, as any record is read, one whose texts are marks. Whatever is not plainly so goes to the parser:
records seen first, texts with an entity or of other scripts, and all that follows a comment, CDATA or an instruction.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Final, Generic, NamedTuple, TypeVar

from kafalat.adapters.answers import AnswerLine

T = TypeVar("T")
# What a record is read as: whatever its message counts it by, and its lines.
Lines = tuple[T, Sequence[AnswerLine]]

RUN: Final = "kafalat-run"
REFERENCE_LENGTH_MAX: Final = 35
_SHAPES_MAX: Final = 5_000  # a file with more shapes than this is not of records alike
_RECORD_BYTES_MAX: Final = 1 << 20
_PROLOG_BYTES_MAX: Final = 1 << 16
_START_BYTES: Final = 512
_CHUNK_BYTES: Final = 1 << 18
# What could make bytes that look like a record something else.
_NOT_PLAIN: Final = (b"<!", b"<?", RUN.encode())
_MARK_BYTES_MAX: Final = max(map(len, _NOT_PLAIN))
_PROLOG: Final = re.compile(rb"\A(?:\xef\xbb\xbf)?(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
# The elements whose text does not decide how a record is read, where it is of EPC's safe characters. A bank's word for "no
# reference" decides something. An element that is not here makes a shape of its own for each of its texts.
_TEXT: Final = re.compile(
    rb"<(EndToEndId|InstrId|TxId|UETR|NtryRef|AcctSvcrRef|ClrSysRef|IBAN|Nm|Ustrd|AddtlTxInf|AddtlNtryInf"
    rb"|StsId|OrgnlEndToEndId|OrgnlInstrId|OrgnlTxId|OrgnlUETR|AddtlInf)>"
    rb"(?!NOTPROVIDED<)([A-Za-z0-9/?:().,'+-](?:[A-Za-z0-9/?:().,'+ -]{0,138}[A-Za-z0-9/?:().,'+-])?)(?=</)"
)
_MARK: Final = "MARK"
_MARKED: Final = ("reference", "account", "name", "text")


class _LineShape(NamedTuple):
    """A line of a shape: its fixed values, and for each of _MARKED the number of the text it is, or None where it is fixed."""

    line: AnswerLine
    texts: tuple[int | None, int | None, int | None, int | None]


@dataclass(frozen=True, slots=True)
class _Shape(Generic[T]):
    fact: T
    lines: tuple[_LineShape, ...]
    references: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Alike(Generic[T]):
    """A record of a known shape: `fact` is what its message counts it by."""

    _shape: _Shape[T]
    _texts: list[bytes]

    @property
    def fact(self) -> T:
        """What the reader of records returned beside the lines."""
        return self._shape.fact

    def lines(self, after: int) -> list[AnswerLine]:
        """Return the record's lines, numbered from `after` + 1."""
        texts = self._texts
        return [
            AnswerLine(
                number,
                line.scope,
                line.reference if reference is None else texts[reference].decode(),
                line.outcome,
                line.reason_code,
                line.amount_paisa,
                line.account if account is None else texts[account].decode(),
                line.name if name is None else texts[name].decode(),
                line.booked_on,
                line.text if text is None else texts[text].decode(),
            )
            for number, (line, (reference, account, name, text)) in enumerate(self._shape.lines, after + 1)
        ]


class Alikes(Generic[T]):
    """A file as the parser is to see it, with the records taken out that are of a known shape.

    `learn` reads one record given as bytes, in the message's namespace, and returns None where it cannot be read. Until
    `start` is called the file passes as it is.
    """

    def __init__(self, file: IO[bytes], record: str, learn: Callable[[bytes], Lines[T] | None]) -> None:
        self._file = file
        self._opening, self._closing = f"<{record}>".encode(), f"</{record}>".encode()
        self._learn = learn
        self._shapes: dict[tuple[bytes, ...], _Shape[T] | None] = {}
        self._passed = b""  # what was passed on before the start; of it only the end is looked at later
        self._rest = b""  # of a record whose end was not read yet
        self._started = False
        self._passing = False
        self._runs: dict[str, list[Alike[T]]] = {}
        self._made = 0

    def start(self) -> None:
        """Begin to take records out: the parser has found the message to be of the right kind."""
        self._started = True
        self._passing = self._passing or _is_odd(_PROLOG.sub(b"", self._passed))
        self._passed = self._passed[-_MARK_BYTES_MAX:]

    def run(self, number: str | None) -> list[Alike[T]]:
        """Return the records that an element RUN of this number stands for, once; none for an element of the file's own."""
        return self._runs.pop(number or "", [])

    def read(self, size: int) -> bytes:
        """Return the next bytes, about `size` of them, or b"" at the end."""
        if self._passing:
            return self._file.read(size)
        if not self._started:
            return self._before_the_start()
        seen = b""
        while not seen and not self._passing:
            seen = self._next()
        return seen

    def _next(self) -> bytes:
        """Return what the parser is to see of the next bytes, which may be nothing before a record's end."""
        chunk = self._file.read(_CHUNK_BYTES)
        text = self._rest + chunk
        if not chunk or _is_odd(self._passed + text if self._passed else text):
            self._passing = True
            return text
        self._passed = b""
        return self._without_alikes(text)

    def _before_the_start(self) -> bytes:
        chunk = self._file.read(_START_BYTES)
        self._passed += chunk
        self._passing = len(self._passed) > _PROLOG_BYTES_MAX
        return chunk

    def _without_alikes(self, text: bytes) -> bytes:
        """Return text with each run of known records replaced by an element; keep what follows the last record's end."""
        *records, self._rest = text.split(self._closing)
        seen: list[bytes] = []
        run: list[Alike[T]] = []
        for record in records:
            alike = self._alike(record)
            if alike is not None:
                run.append(alike)
                continue
            seen += (self._marker(run), record, self._closing)
            run = []
        seen.append(self._marker(run))
        if len(self._rest) > _RECORD_BYTES_MAX or len(self._shapes) > _SHAPES_MAX:
            self._passing = True
            seen.append(self._rest)
        return b"".join(seen)

    def _marker(self, run: list[Alike[T]]) -> bytes:
        if not run:
            return b""
        self._made += 1
        self._runs[str(self._made)] = run
        return f'<{RUN} n="{self._made}"/>'.encode()

    def _alike(self, record: bytes) -> Alike[T] | None:
        """Return what a record is, given without its closing tag; None where the parser has to look at it."""
        record = record.lstrip()
        if not record.startswith(self._opening):
            return None
        # What is fixed, then in turn an element's name, its text and what is fixed.
        parts = _TEXT.split(record)
        texts = parts[2::3]
        del parts[2::3]
        key = tuple(parts)
        try:
            shape = self._shapes[key]
        except KeyError:
            shape = self._shapes[key] = self._learned(parts)
        if shape is None:
            return None
        for number in shape.references:
            if len(texts[number]) > REFERENCE_LENGTH_MAX:
                return None
        return Alike(shape, texts)

    def _learned(self, parts: list[bytes]) -> _Shape[T] | None:
        marked = bytearray(parts[0])
        for number, (element, fixed) in enumerate(zip(parts[1::2], parts[2::2], strict=True)):
            marked += b"<%b>%b%d%b" % (element, _MARK.encode(), number, fixed)
        found = self._learn(bytes(marked) + self._closing)
        if found is None:
            return None
        fact, lines = found
        shapes = tuple(_LineShape(line, _texts_of(line)) for line in lines)
        if any(_MARK in str(fixed) for shape in shapes for fixed in _fixed_of(shape)):
            return None  # a text is only part of what stands there
        references = {shape.texts[0] for shape in shapes if shape.texts[0] is not None}
        return _Shape(fact, shapes, tuple(references))


def _is_odd(text: bytes) -> bool:
    return any(mark in text for mark in _NOT_PLAIN)


def _texts_of(line: AnswerLine) -> tuple[int | None, int | None, int | None, int | None]:
    """Return for each of _MARKED the number of the text that it is whole."""

    def number(value: str) -> int | None:
        mark = re.fullmatch(f"{_MARK}([0-9]+)", value)
        return None if mark is None else int(mark.group(1))

    return number(line.reference), number(line.account), number(line.name), number(line.text)


def _fixed_of(shape: _LineShape) -> list[object]:
    """Return a line's values without those that are texts of the record."""
    filled = {field for field, number in zip(_MARKED, shape.texts, strict=True) if number is not None}
    return [value for field, value in zip(AnswerLine._fields, shape.line, strict=True) if field not in filled]
