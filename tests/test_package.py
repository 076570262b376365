"""What is shipped and what is locked: no address, no path of one machine, no large file; the wheel is whole."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.source import ROOT, own_files, python_files, text_of, tree

FILE_BYTES_MAX = 200_000
# Larger on purpose: hashes of every file of every package.
LARGE = {"requirements/dev.txt"}
LOCKS = ("bootstrap", "node", "run", "dev")
# In pieces, so that this file is not its own finding.
REGISTRIES = tuple(
    "".join(parts) for parts in (("py", "pi.org"), ("python", "hosted.org"), ("npm", "js.org"))
)
PERSONAL = re.compile(r"(?<![\w.~-])/(?:root|home/\w+|Users/\w+)/")


def requirements(name: str) -> dict[str, str]:
    """Return the locked packages of one file with the text of their entry."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    entries = re.findall(r"^([a-z0-9.-]+)==(.*?)(?=^[a-z0-9]|\Z)", text, flags=re.MULTILINE | re.DOTALL)
    return dict(entries)


def declared(*extras: str) -> set[str]:
    """Return the packages that pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(line for name in extras for line in project["optional-dependencies"][name]),
    ]
    names = {re.split(r"[\[<>=~! ;]", line)[0].lower().replace("_", "-") for line in wanted}
    return names - {"kafalat"}


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_its_hash(name: str) -> None:
    locked = requirements(name)
    assert locked
    assert [package for package, entry in locked.items() if "--hash=sha256:" not in entry] == []


def test_the_locks_cover_what_the_project_asks_for() -> None:
    assert declared("demo", "build") <= requirements("run").keys()
    assert declared("bench", "build", "check", "demo", "fit", "spark", "test") <= requirements("dev").keys()


def test_what_the_package_imports_is_asked_for_by_name() -> None:
    """A package that only comes along with another may go with it at the next lock."""
    imported = {
        name.partition(".")[0]
        for path in python_files("src")
        for node in ast.walk(tree(path))
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else [])
        + ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [])
    }
    outside = imported - sys.stdlib_module_names - {"kafalat"}
    providers = importlib.metadata.packages_distributions()
    asked = declared("demo", "fit", "spark")
    wanting = {
        name
        for name in outside
        if not {provider.lower().replace("_", "-") for provider in providers.get(name, [])} & asked
    }
    assert wanting == set()


def test_the_front_end_lock_has_a_hash_and_no_address_for_every_package() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    asked = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert {f"node_modules/{name}" for name in asked} <= packages.keys()
    assert [name for name, entry in packages.items() if "resolved" in entry or "integrity" not in entry] == []


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    here = re.compile(rf"(?<![\w.]){re.escape(str(ROOT))}/")
    wrong = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in own_files()
        for number, line in enumerate((text_of(path) or "").splitlines(), 1)
        if any(host in line for host in REGISTRIES) or PERSONAL.search(line) or here.search(line)
    ]
    assert wrong == []


def test_no_large_file_is_kept_in_version_control() -> None:
    large = {str(path.relative_to(ROOT)) for path in own_files() if path.stat().st_size > FILE_BYTES_MAX}
    assert large - LARGE == set()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Build the wheel without any connection and return the names inside."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_every_programme_file(wheel: set[str]) -> None:
    files = [path.relative_to(ROOT) for path in own_files() if path.is_relative_to(ROOT / "programmes")]
    assert files
    assert [str(path) for path in files if f"kafalat/{path}" not in wheel] == []


def test_the_wheel_holds_all_code_front_end_files_and_compiled_texts(wheel: set[str]) -> None:
    source = ROOT / "src"
    code = [path.relative_to(source) for path in own_files() if path.is_relative_to(source)]
    compiled = [path.with_suffix(".mo") for path in code if path.suffix == ".po"]
    vendor = Path("kafalat/interfaces/static/vendor")
    front_end = [
        vendor / name for name in ("bootstrap.min.css", "bootstrap.rtl.min.css", "htmx.min.js", "fonts.css")
    ]
    assert [str(path) for path in [*code, *compiled, *front_end] if str(path) not in wheel] == []


def test_the_wheel_holds_nothing_else(wheel: set[str]) -> None:
    assert {name.split("/")[0] for name in wheel if "dist-info" not in name} == {"kafalat"}
    assert [name for name in wheel if name.endswith((".pyc", ".part")) or "__pycache__" in name] == []


def test_every_style_sheet_of_ours_names_only_files_that_are_there() -> None:
    static = ROOT / "src" / "kafalat" / "interfaces" / "static"
    missing = [
        f"{sheet.relative_to(static)}: {name}"
        for sheet in static.rglob("*.css")
        for name in re.findall(r"url\(['\"]?(?!data:)([^'\")#]+)", sheet.read_text(encoding="utf-8"))
        if not (sheet.parent / name).is_file()
    ]
    assert missing == []
