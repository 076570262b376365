"""A snapshot on disk: a folder of Parquet files and a manifest that names each file's digest, rows and columns.

The digest of a snapshot is the SHA-256 of its manifest's canonical JSON; so one digest stands for every byte.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict, cast

from kafalat.core.digests import file_sha256, value_sha256
from kafalat.core.problems import problem

MANIFEST_FILE = "manifest.json"
TABLES = ("households.parquet", "people.parquet")
FORMAT = 1


class FileAbout(TypedDict):
    """One file of a snapshot: its digest, number of rows, and each column's type."""

    sha256: str
    rows: int
    columns: dict[str, str]


class Manifest(TypedDict):
    """What a snapshot's manifest says. `as_of` is the instant of the registry it froze."""

    format: int
    as_of: str
    files: dict[str, FileAbout]


def manifest_of(folder: Path) -> Manifest:
    """Return the manifest of a snapshot folder.

    Raises the problems `targeting.snapshot_missing`, and `targeting.snapshot_changed` for one that is cut off or does
    not name both tables with their digests.
    """
    path = folder / MANIFEST_FILE
    if not path.exists():
        raise problem("targeting.snapshot_missing", path=folder)
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise problem("targeting.snapshot_changed", path=folder, file=MANIFEST_FILE) from error
    if not _names_both_tables(manifest):
        raise problem("targeting.snapshot_changed", path=folder, file=MANIFEST_FILE)
    return cast("Manifest", manifest)


def _names_both_tables(manifest: object) -> bool:
    files = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(files, dict) or not files.keys() >= set(TABLES):
        return False
    return all(isinstance(about, dict) and isinstance(about.get("sha256"), str) for about in files.values())


def verify(folder: Path) -> str:
    """Return the snapshot's digest after comparing every file with the manifest.

    Raises the problems `targeting.snapshot_missing` and `targeting.snapshot_changed`, naming the first file that differs.
    """
    manifest = manifest_of(folder)
    for name, about in sorted(manifest["files"].items()):
        path = folder / name
        if not path.is_file() or file_sha256(path) != about["sha256"]:
            raise problem("targeting.snapshot_changed", path=folder, file=name)
    return value_sha256(manifest)
