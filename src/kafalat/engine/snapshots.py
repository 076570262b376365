"""A snapshot on disk: one Parquet file per table and district, and a manifest that names each with its digest and rows.

The digest of a snapshot is the SHA-256 of its manifest's canonical JSON; so one digest stands for every byte. A file
lies at `<table>/<P-code of the district>.parquet`, so a file that differs tells its district.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TypedDict, cast

from kafalat.core.digests import file_sha256, value_sha256
from kafalat.core.problems import problem

MANIFEST_FILE = "manifest.json"
FORMAT = 2
TABLES = ("households", "people")  # every district has a file of each
MATCHES = "matches"  # what outside lists said of its people; a file where there is something to say
_FILE = re.compile(rf"({'|'.join((*TABLES, MATCHES))})/([A-Z]{{2}}[0-9A-Z]{{0,10}})\.parquet")


class FileAbout(TypedDict):
    """One file of a snapshot: its digest and number of rows."""

    sha256: str
    rows: int


class TableAbout(TypedDict):
    """One table of a snapshot, all districts together: its rows, and the type of each column in order."""

    rows: int
    columns: dict[str, str]


class Manifest(TypedDict):
    """What a snapshot's manifest says. `as_of` is the instant of the registry it froze."""

    format: int
    as_of: str
    tables: dict[str, TableAbout]
    files: dict[str, FileAbout]


def file_name(table: str, district: str) -> str:
    """Return the name of a district's file of a table, relative to the snapshot's folder."""
    return f"{table}/{district}.parquet"


def manifest_of(folder: Path) -> Manifest:
    """Return the manifest of a snapshot folder.

    Raises the problems `targeting.snapshot_missing`, `targeting.snapshot_format` for one of an earlier version, and
    `targeting.snapshot_changed` for one that is cut off or does not name both tables of each district with digests.
    """
    path = folder / MANIFEST_FILE
    if not path.exists():
        raise problem("targeting.snapshot_missing", path=folder)
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise problem("targeting.snapshot_changed", path=folder, file=MANIFEST_FILE) from error
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if isinstance(found, int) and found != FORMAT:
        raise problem("targeting.snapshot_format", path=folder, found=found, needed=FORMAT)
    if found is None or not _is_whole(manifest):
        raise problem("targeting.snapshot_changed", path=folder, file=MANIFEST_FILE)
    return cast("Manifest", manifest)


def _is_whole(manifest: dict[str, object]) -> bool:
    """Say whether the manifest names at least one district, and both tables of each, with digests and rows."""
    files, tables = manifest.get("files"), manifest.get("tables")
    if not isinstance(files, dict) or not files or not isinstance(tables, dict):
        return False
    if not all(isinstance(tables.get(table), dict) for table in TABLES):
        return False
    for name, about in files.items():
        match = _FILE.fullmatch(name)
        if match is None or not isinstance(about, dict):
            return False
        if not isinstance(about.get("sha256"), str) or not isinstance(about.get("rows"), int):
            return False
        if any(file_name(table, match[2]) not in files for table in TABLES):
            return False
    return True


def districts(manifest: Manifest) -> dict[str, int]:
    """Return the number of households of each district, in the order of P-codes."""
    prefix = f"{TABLES[0]}/"
    return {
        name.removeprefix(prefix).removesuffix(".parquet"): about["rows"]
        for name, about in sorted(manifest["files"].items())
        if name.startswith(prefix)
    }


def files_of(manifest: Manifest, table: str, chosen: tuple[str, ...]) -> list[str]:
    """Return the names of the files of a table in the districts `chosen`, in their order."""
    names = (file_name(table, district) for district in chosen)
    return [name for name in names if name in manifest["files"]]


def verify(folder: Path) -> str:
    """Return the snapshot's digest after comparing every file with the manifest.

    Raises the problems of `manifest_of`, and `targeting.snapshot_changed` naming the first file, and so the first
    district, that differs.
    """
    manifest = manifest_of(folder)
    for name, about in sorted(manifest["files"].items(), key=lambda item: item[0].split("/")[::-1]):
        path = folder / name
        if not path.is_file() or file_sha256(path) != about["sha256"]:
            raise problem("targeting.snapshot_changed", path=folder, file=name)
    return value_sha256(manifest)
