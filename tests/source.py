"""What the tests of style and documents look at: the project's own files, and a walk over their syntax trees."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "kafalat"
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def own_files() -> tuple[Path, ...]:
    """Return every file that is in version control or would be added to it."""
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("left out: needs git, and the project as a clone")
    return tuple(path for name in sorted(set(listed.split("\0"))) if name and (path := ROOT / name).is_file())


def python_files(*folders: str) -> list[Path]:
    """Return our Python files under `folders` (all of them without any), generated migrations apart."""
    roots = [ROOT / folder for folder in folders] or [ROOT]
    return [
        path
        for path in own_files()
        if path.suffix == ".py"
        and "migrations" not in path.parts
        and any(path.is_relative_to(root) for root in roots)
    ]


@cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def functions(path: Path) -> Iterator[Function]:
    """Yield every function and method of a file."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, Function))


def place(path: Path, node: ast.AST | None = None) -> str:
    """Return `path:line` as an editor opens it."""
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def text_of(path: Path) -> str | None:
    """Return the text of a file, or None for one that is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None
