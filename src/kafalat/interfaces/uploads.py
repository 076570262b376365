"""Files people bring through the console: looked at before they are kept, kept for one job alone, and gone with it.

A file is told by its content, never by its name. It lies in a folder of its own, drawn at random, which nobody but the
installation's own user can enter; the job that reads it removes it at its end, however that was.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from django.core.files.uploadedfile import UploadedFile

from kafalat.core.problems import problem

Form = Literal["xml", "xlsx", "csv", "json"]

MEGABYTE = 1 << 20
# A request may be as large as the largest file and the rest of its form; more is refused before it is read.
BYTES_MAX = 100 * MEGABYTE
REQUEST_BYTES_MAX = BYTES_MAX + MEGABYTE
# Time a file may lie between being kept and its job being queued.
ORPHAN_AFTER_S = 3600
NAME_LENGTH_MAX = 80
_START_BYTES = 8_000
_TOKEN = re.compile(r"\A[0-9a-f]{32}\Z")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BOM = b"\xef\xbb\xbf"
_WIDE_XML = (b"\xff\xfe<", b"\xfe\xff\x00<")
# Text that begins like this is a document or a program, whatever its name says.
_NO_TABLE = (b"%PDF", b"%!PS", b"#!", b"{\\rtf")


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that was kept: the folder it lies in, its name made harmless, and its SHA-256."""

    token: str
    name: str
    sha256: str


def form_of(start: bytes) -> Form | None:
    """Tell a file's form by how it begins; None for what is none of ours. A ZIP counts as XLSX: its reader looks closer.

    >>> form_of(b"<?xml version='1.0'?>"), form_of(b"cnic,valid_until"), form_of(b"MZ\\x00")
    ('xml', 'csv', None)
    """
    if start.startswith(b"PK\x03\x04"):
        return "xlsx"
    if start.startswith(_WIDE_XML):
        return "xml"  # its reader says that it must be UTF-8
    text = start.removeprefix(_BOM).lstrip()
    if not text or _CONTROL.search(start) or text.startswith(_NO_TABLE):
        return None
    if text.startswith(b"<"):
        return "xml"
    return "json" if text.startswith(b"{") else "csv"


def name_of(given: str) -> str:
    """Return a file's name with nothing in it that a path, a page or a log could misread."""
    last = re.split(r"[/\\]", given)[-1]
    harmless = "".join(letter if letter.isalnum() or letter in " ._-()" else "_" for letter in last)
    harmless = harmless.strip(" .")[-NAME_LENGTH_MAX:]
    return harmless.encode()[-2 * NAME_LENGTH_MAX :].decode("utf-8", "ignore").strip(" .") or "file"


def keep(upload: UploadedFile[Any], *, forms: Collection[Form], bytes_max: int, folder: Path) -> Kept:
    """Keep a file below `folder`, whole or not at all.

    Raises `uploads.empty`, `uploads.too_large`, `uploads.form_refused` and `uploads.not_kept`.
    """
    name, start = name_of(str(upload.name or "")), b""
    token, digest, size = secrets.token_hex(16), hashlib.sha256(), 0
    place = folder / token
    try:
        place.mkdir(mode=0o700, parents=True)
        descriptor = os.open(place / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            for chunk in upload.chunks():
                start = (start + chunk)[:_START_BYTES] if len(start) < _START_BYTES else start
                size += len(chunk)
                if size > bytes_max:
                    break
                digest.update(chunk)
                file.write(chunk)
    except OSError as error:
        discard(folder, token)
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        raise problem(
            "uploads.not_kept", file=name, reason="disk full" if full else str(error.strerror)
        ) from error
    form = form_of(start)
    if 0 < size <= bytes_max and form in forms:
        return Kept(token, name, digest.hexdigest())
    discard(folder, token)
    if size == 0:
        raise problem("uploads.empty", file=name)
    if size > bytes_max:
        raise problem("uploads.too_large", file=name, most=f"{bytes_max // MEGABYTE} MB")
    raise problem("uploads.form_refused", file=name, forms=", ".join(sorted(forms)).upper())


def path_of(folder: Path, token: str, name: str) -> Path:
    """Return where a file that was kept lies. Raises the problem `uploads.gone`."""
    path = folder / token / name_of(name)
    if _TOKEN.match(token) is None or not path.is_file():
        raise problem("uploads.gone", file=name_of(name))
    return path


def discard(folder: Path, token: str) -> None:
    """Remove a file that was kept; one that is gone already is no fault."""
    if _TOKEN.match(token):
        shutil.rmtree(folder / token, ignore_errors=True)


def tokens(folder: Path) -> Iterator[tuple[str, bool]]:
    """Yield the token of every file that lies there, and whether it is old enough to have lost its job."""
    if not folder.is_dir():
        return
    for place in sorted(folder.iterdir()):
        if _TOKEN.match(place.name):
            yield place.name, time.time() - place.stat().st_mtime > ORPHAN_AFTER_S
