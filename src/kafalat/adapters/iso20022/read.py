"""Reading a bank's XML without trusting it.

A file from outside can be cut off, of another kind, wrong in any value, or an attack. So: UTF-8 only; a DOCTYPE is
refused before parsing, hence no entity is ever defined; nothing is fetched; libxml2's own limits on depth and size stay
on; and every refusal is a problem of the catalogue that names the file, the place and what was expected. Files are
read as streams, and records freed as they are read: memory does not grow with the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Final, TypeVar, cast

from lxml import etree

from kafalat.adapters.iso20022.alike import REFERENCE_LENGTH_MAX, RUN, Alike, Alikes, Lines
from kafalat.adapters.iso20022.values import checked_id
from kafalat.core.money import decimal_text, paisa_from_decimal
from kafalat.core.problems import Problem, problem

T = TypeVar("T")

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
CURRENCY = "PKR"
ID_LENGTH_MAX = REFERENCE_LENGTH_MAX
SHOWN_LENGTH_MAX = 160
SIZE_MAX_BYTES: Final = 4 << 30
_NAME_LENGTH_MAX: Final = 140
_CHUNK_BYTES: Final = 1 << 20
_DOCTYPE: Final = b"<!DOCTYPE"
# A time without an offset is the bank's local time; Pakistan has kept UTC+5 without summer time since 2010.
PAKISTAN = timezone(timedelta(hours=5))

_DECLARED = re.compile(rb"\A\s*<\?xml[^>]*?\sencoding\s*=\s*[\"']([^\"'>]*)[\"']")
_OTHER_UNICODE = (
    b"\xfe\xff",
    b"\xff\xfe",
    b"\x00",
    b"<\x00",
)  # UTF-16 and UTF-32, with and without byte order mark
_COUNT = re.compile(r"\A\d{1,15}\Z", re.ASCII)
_DAY = re.compile(r"\A\d{4}-\d\d-\d\d\Z", re.ASCII)
_TIME = re.compile(r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?\Z", re.ASCII)


@lru_cache(maxsize=1024)
def _qualified(namespace: str, path: str) -> str:
    """Return the relative `path` with each step in `namespace`, as lxml looks elements up."""
    return "/".join(f"{{{namespace}}}{step}" for step in path.split("/"))


def shown(text: str) -> str:
    """Return text from a file as a problem may show it: one line, short, nothing invisible."""
    start = text[: SHOWN_LENGTH_MAX + 1]
    line = " ".join("".join(character if character.isprintable() else " " for character in start).split())
    return line if len(text) <= SHOWN_LENGTH_MAX else line[:SHOWN_LENGTH_MAX] + "…"


def _local(element: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


class Place:
    """One element of a bank's message, and its path for problems. Paths below are relative, as in `Refs/EndToEndId`."""

    __slots__ = ("_element", "_name", "_namespace", "path")

    def __init__(self, element: etree._Element, *, path: str, name: str, namespace: str) -> None:
        self._element = element
        self._name = name
        self._namespace = namespace
        self.path = path

    @property
    def tag(self) -> str:
        """The element's name."""
        return _local(self._element)

    def _at(self, path: str) -> str:
        return f"{self.path}/{path}" if path else self.path

    # -- structure --

    def children(self, path: str) -> list[Place]:
        """Return the elements at `path`, numbered from 1 in their own paths."""
        found = self._element.findall(_qualified(self._namespace, path))
        return [
            Place(element, path=f"{self._at(path)}[{index}]", name=self._name, namespace=self._namespace)
            for index, element in enumerate(found, 1)
        ]

    def child(self, path: str) -> Place:
        """Return the first element at `path`; raises the problem `bank.element_missing`."""
        element = self._element.find(_qualified(self._namespace, path))
        if element is None:
            raise self.missing(path)
        return Place(element, path=self._at(path), name=self._name, namespace=self._namespace)

    def has(self, path: str) -> bool:
        """Say whether there is an element at `path`."""
        return self._element.find(_qualified(self._namespace, path)) is not None

    # -- problems --

    def missing(self, path: str) -> Problem:
        """Return the problem that the element at `path` is needed and not there, or empty."""
        return problem("bank.element_missing", file=self._name, place=self._at(path))

    def invalid(self, path: str, value: str, expected: str) -> Problem:
        """Return the problem that a value is not of the `expected` notation."""
        return problem(
            "bank.value_invalid",
            file=self._name,
            place=self._at(path),
            value=shown(value),
            expected=shown(expected),
        )

    # -- values --

    def optional(self, path: str) -> str | None:
        """Return the text at `path` without outer space, or None when there is none."""
        text = self._element.findtext(_qualified(self._namespace, path)) if path else self._element.text
        return (text or "").strip() or None

    def first(self, *paths: str) -> str:
        """Return the first text there is at one of `paths`, at most as much of it as a name has, or ""."""
        return next((text[:_NAME_LENGTH_MAX] for path in paths if (text := self.optional(path))), "")

    def text(self, path: str) -> str:
        """Return the text at `path`; raises the problem `bank.element_missing` when there is none."""
        text = self.optional(path)
        if text is None:
            raise self.missing(path)
        return text

    def identifier(self, path: str) -> str:
        """Return the text at `path`, 1 to 35 characters that can be printed on one line."""
        text = self.text(path)
        if len(text) > ID_LENGTH_MAX or not text.isprintable():
            raise self.invalid(path, text, "1-35 characters")
        return text

    def own_identifier(self, path: str) -> str:
        """Return an identifier of our own making, which holds nothing but the safe characters."""
        text = self.text(path)
        try:
            return checked_id(text, path)
        except ValueError:
            raise self.invalid(path, text, "[A-Za-z0-9/-?:().,'+ ]{1,35}") from None

    def one_of(self, path: str, known: Mapping[str, T]) -> T:
        """Return what the code at `path` stands for in `known`."""
        text = self.text(path)
        if text not in known:
            raise self.invalid(path, text, " | ".join(known))
        return known[text]

    def _paisa(self, path: str, text: str) -> int:
        try:
            return paisa_from_decimal(text)
        except ValueError:
            raise self.invalid(path, text, "0.00") from None

    def amount(self, path: str, *, least_paisa: int = 1) -> int:
        """Return the amount at `path` in paisa; raises the problem `bank.currency_wrong` unless it is PKR."""
        text = self.text(path)
        element = self.child(path)._element  # noqa: SLF001 - another Place
        currency = element.get("Ccy", "")
        if currency != CURRENCY:
            raise problem(
                "bank.currency_wrong",
                file=self._name,
                place=self._at(path),
                found=shown(currency),
            )
        paisa = self._paisa(path, text)
        if paisa < least_paisa:
            raise self.invalid(path, text, "> 0")
        return paisa

    def count(self, path: str) -> int | None:
        """Return the whole number at `path`, or None."""
        text = self.optional(path)
        if text is None:
            return None
        if _COUNT.match(text) is None:
            raise self.invalid(path, text, "0-999999999999999")
        return int(text)

    def sum_paisa(self, path: str) -> int | None:
        """Return the control sum at `path` in paisa, or None; such sums carry no currency."""
        text = self.optional(path)
        return None if text is None else self._paisa(path, text)

    def day(self, path: str) -> date:
        """Return the date at `path`, given as a date (Dt) or as a time (DtTm) below it, or as its own text."""
        if self.has(f"{path}/DtTm"):
            return self.time(f"{path}/DtTm").date()
        path = path if self.optional(path) else f"{path}/Dt"
        text = self.text(path)
        try:
            if _DAY.match(text):
                return date.fromisoformat(text)
        except ValueError:
            pass  # the month or day does not exist: refused just below, like any other wrong notation
        raise self.invalid(path, text, "YYYY-MM-DD")

    def time(self, path: str) -> datetime:
        """Return the time at `path`; without an offset it is taken as Pakistan's."""
        text = self.text(path)
        try:
            if _TIME.match(text):
                found = datetime.fromisoformat(text)
                return found if found.tzinfo else found.replace(tzinfo=PAKISTAN)
        except ValueError:
            pass  # no such month, day, hour or offset: refused just below
        raise self.invalid(path, text, "YYYY-MM-DDThh:mm:ss+05:00")

    # -- totals --

    def _differ(self, path: str, stated: str, found: str) -> Problem:
        return problem(
            "bank.totals_differ", file=self._name, place=self._at(path), stated=stated, found=found
        )

    def same_count(self, path: str, found: int) -> None:
        """Raise the problem `bank.totals_differ` when the number stated at `path`, if any, is not `found`."""
        stated = self.count(path)
        if stated is not None and stated != found:
            raise self._differ(path, str(stated), str(found))

    def same_sum(self, path: str, found_paisa: int) -> None:
        """Raise the problem `bank.totals_differ` when the sum stated at `path`, if any, is not `found_paisa`."""
        stated = self.sum_paisa(path)
        if stated is not None and stated != found_paisa:
            raise self.differ(path, stated, found_paisa)

    def differ_in_count(self, path: str, stated: int, found: int) -> Problem:
        """Return the problem that a total states one number where there are others."""
        return self._differ(path, str(stated), str(found))

    def differ(self, path: str, stated_paisa: int, found_paisa: int) -> Problem:
        """Return the problem that a total states one sum where the lines give another."""
        texts = (
            ("-" if paisa < 0 else "") + decimal_text(abs(paisa)) for paisa in (stated_paisa, found_paisa)
        )
        return self._differ(path, *texts)


# Nothing is fetched or resolved, and libxml2's own limits stay.
_PLAIN: Final[Mapping[str, Any]] = {
    "encoding": "UTF-8",
    "resolve_entities": False,
    "load_dtd": False,
    "no_network": True,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}


def _plain_parser(target: _Discard | None = None) -> etree.XMLParser:
    return etree.XMLParser(target=target, **_PLAIN)


class _Discard:
    """A parser target that keeps nothing: parsing into it only finds out whether the XML is whole."""

    def start(self, tag: str | bytes, attrib: object) -> None:
        """Pass over the start of an element."""

    def end(self, tag: str | bytes) -> None:
        """Pass over the end of an element."""

    def data(self, data: str | bytes) -> None:
        """Pass over text."""

    def comment(self, text: str | bytes) -> None:
        """Pass over a comment."""

    def close(self) -> None:
        """End without a result, as lxml asks of a target."""


class Message:
    """A bank's message of one kind ("pain.002.001." or longer), whose only element below Document is `body`.

    Ask for the first of the `records`; what stands before it can be read from then on. A `schema` is checked on the way.
    Records may stand in an element `between` them and their container.
    """

    def __init__(
        self,
        source: Path | bytes,
        *,
        name: str,
        kind: str,
        body: str,
        schema: etree.XMLSchema | None = None,
        between: str = "",
    ) -> None:
        self._source = source
        self._name = name
        self._kind = kind
        self._body = body
        self._schema = schema
        self._between = between
        self._root: etree._Element | None = None
        self._namespace = ""

    @property
    def version(self) -> str:
        """The message and its version, as in pain.002.001.10, once records are read."""
        return self._namespace.removeprefix(NAMESPACE)

    def records(self, container: str, record: str) -> Iterator[Place]:
        """Yield every `record` and, after its records, their `container`; each is gone once the next is asked for.

        Raises the problems `bank.unreadable`, `bank.too_large`, `bank.doctype_refused`, `bank.encoding_refused`,
        `bank.wrong_message`, `bank.schema_invalid`.
        """
        places: Iterator[Place | Alike[object]] = self._records(container, record, None)
        yield from (place for place in places if isinstance(place, Place))

    def records_or_alike(
        self, container: str, record: str, read: Callable[[Place], Lines[T]]
    ) -> Iterator[Place | Alike[T]]:
        """Yield the same, but a record that is like one before by what `read` makes of such a record.

        Where a schema is checked on the way every record is yielded as a place.
        """
        return self._records(container, record, None if self._schema is not None else read)

    def _records(
        self, container: str, record: str, read: Callable[[Place], Lines[T]] | None
    ) -> Iterator[Place | Alike[T]]:
        self._refuse_what_is_not_plain_utf8()
        try:
            with self._open() as file, self.damage_first():
                alikes = None if read is None else Alikes(file, record, self._learner(record, read))
                yield from self._parsed(file, container, record, alikes)
        except etree.XMLSyntaxError as error:
            self._refuse_what_is_not_whole()
            raise self._invalid_or_unreadable(error) from None

    def _learner(self, record: str, read: Callable[[Place], Lines[T]]) -> Callable[[bytes], Lines[T] | None]:
        """Return how one record by itself is read; None where it is not one, or has something wrong: it is told in its place."""

        def learn(content: bytes) -> Lines[T] | None:
            try:
                around = etree.fromstring(
                    f'<R xmlns="{self._namespace}">'.encode() + content + b"</R>", _plain_parser()
                )
                found = [str(child.tag) for child in around]
                if found != [f"{{{self._namespace}}}{record}"]:
                    return None
                return read(Place(around[0], path=record, name=self._name, namespace=self._namespace))
            except (etree.XMLSyntaxError, Problem):
                return None

        return learn

    @contextmanager
    def damage_first(self) -> Iterator[None]:
        """Let what is wrong in a file that is cut off be told as that: the parser shows half an element as a whole one."""
        try:
            yield
        except Problem:
            self._refuse_what_is_not_whole()
            raise

    def child(self, path: str) -> Place:
        """Return a child of the body, as in "GrpHdr"."""
        if self._root is None:
            msg = "the first record is read first"
            raise RuntimeError(msg)
        return self._checked_body(whole=False).child(path)

    def _open(self) -> IO[bytes]:
        return BytesIO(self._source) if isinstance(self._source, bytes) else self._source.open("rb")

    def _chunks(self) -> Iterator[bytes]:
        with self._open() as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    def _unreadable(self, line: int, reason: str) -> Problem:
        return problem("bank.unreadable", file=self._name, line=line, reason=shown(reason))

    def _invalid_or_unreadable(self, error: etree.XMLSyntaxError) -> Problem:
        line, reason = error.lineno or 1, str(error.msg or error)
        if self._schema is not None:  # well-formed it is, as was just seen
            return problem("bank.schema_invalid", file=self._name, line=line, reason=shown(reason))
        return self._unreadable(line, reason)

    def _refuse_what_is_not_plain_utf8(self) -> None:
        size, before = 0, b""
        for chunk in self._chunks():
            if size == 0:
                self._refuse_other_encodings(chunk)
            size += len(chunk)
            if size > SIZE_MAX_BYTES:
                raise problem("bank.too_large", file=self._name, most=f"{SIZE_MAX_BYTES >> 30} GB")
            if _DOCTYPE in before + chunk:
                raise problem("bank.doctype_refused", file=self._name)
            before = chunk[-len(_DOCTYPE) :]

    def _refuse_other_encodings(self, start: bytes) -> None:
        declared = _DECLARED.match(start[:200])
        encoding = declared.group(1).decode("ascii", "replace") if declared else "UTF-8"
        if start.startswith(_OTHER_UNICODE):
            encoding = "UTF-16"
        if encoding.upper() not in {"UTF-8", "US-ASCII", "ASCII"}:
            raise problem("bank.encoding_refused", file=self._name, encoding=shown(encoding))

    def _refuse_what_is_not_whole(self) -> None:
        """Parse without looking; raises the problem `bank.unreadable`."""
        parser = _plain_parser(target=_Discard())
        try:
            for chunk in self._chunks():
                parser.feed(chunk)
            parser.close()
        except etree.XMLSyntaxError as error:
            raise self._unreadable(error.lineno or 1, str(error.msg or error)) from None

    def _parsed(
        self, file: IO[bytes], container: str, record: str, alikes: Alikes[T] | None
    ) -> Iterator[Place | Alike[T]]:
        """Parse, check the frame, and yield records and containers with their paths, and records alike where they stand."""
        events = etree.iterparse(
            cast("IO[bytes]", alikes or file),
            events=("start", "end"),
            tag=("{*}Document", f"{{*}}{container}", f"{{*}}{record}", f"{{*}}{RUN}"),
            schema=self._schema,
            **_PLAIN,
        )
        numbers = {container: 0, record: 0}
        done: dict[str, etree._Element] = {}
        for event, element in events:
            tag = _local(element)
            if tag == "Document":
                if event == "start":
                    self._namespace, self._root = self._frame_namespace(element), element
                    if alikes is not None:
                        alikes.start()
                continue
            if event == "start":
                if tag == container:
                    numbers = {container: numbers[container] + 1, record: 0}
                continue
            if tag == RUN:
                run = [] if alikes is None else alikes.run(element.get("n"))
                if run:
                    self._refuse_misplaced(element, (container, record))
                numbers[record] += len(run)
                yield from run
            else:
                numbers[record] += tag == record
                levels = (container, record) if tag == record else (container,)
                self._refuse_misplaced(element, levels)
                path = self._path_of(levels, numbers)
                yield Place(element, path=path, name=self._name, namespace=self._namespace)
            self._forget(element, done.get(tag))
            done[tag] = element
        self._root = events.root
        self._checked_body(whole=True)

    def _frame_namespace(self, document: etree._Element) -> str:
        """Return the namespace of the root element, which must be the kind of message asked for."""
        namespace = str(document.tag).rpartition("}")[0].lstrip("{")
        if document.getparent() is not None or not namespace.startswith(NAMESPACE + self._kind):
            raise self._wrong_message(namespace.removeprefix(NAMESPACE) or "Document")
        return namespace

    def _wrong_message(self, found: str) -> Problem:
        expected = self._kind + "*" if self._kind.endswith(".") else self._kind
        return problem("bank.wrong_message", file=self._name, expected=expected, found=shown(found))

    def _path_of(self, levels: tuple[str, ...], numbers: Mapping[str, int]) -> str:
        return "/".join((self._body, *(f"{step}[{numbers[step]}]" for step in levels)))

    def _refuse_misplaced(self, element: etree._Element, levels: tuple[str, ...]) -> None:
        """Refuse a record or container, the last of `levels`, that does not stand where it belongs."""
        namespace, steps = self._namespace, ("Document", self._body, *levels)
        own = RUN if _local(element) == RUN else levels[-1]
        upward: etree._Element | None = element
        for step in (own, *reversed(steps[:-1])):
            if step == levels[0] and upward is not None and upward.tag == f"{{{namespace}}}{self._between}":
                upward = upward.getparent()
            if upward is None or upward.tag != f"{{{namespace}}}{step}":
                raise self._unreadable(
                    cast("int | None", element.sourceline) or 1,
                    f"{steps[-1]} outside {'/'.join(steps[1:-1])}",
                )
            upward = upward.getparent()

    @staticmethod
    def _forget(element: etree._Element, before: etree._Element | None) -> None:
        """Free a record that was read. The parser still needs the element itself, but not the one before it."""
        element.clear()
        if before is not None:
            parent = before.getparent()
            if parent is not None:
                parent.remove(before)

    def _checked_body(self, *, whole: bool) -> Place:
        """Return the body; where the message was read whole, it must be all there is."""
        root, namespace = self._root, self._namespace
        found = [] if root is None else [str(child.tag) for child in root]
        if (
            root is None
            or not namespace
            or (found if whole else found[:1]) != [f"{{{namespace}}}{self._body}"]
        ):
            tag = "?" if root is None else _local(root)
            raise self._wrong_message("/".join([tag, *(child.rpartition("}")[2] for child in found[:1])]))
        return Place(root[0], path=self._body, name=self._name, namespace=namespace)
