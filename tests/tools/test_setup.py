"""Set-up refuses in one clear sentence, touches nothing that is not its own, and does no work twice."""

from __future__ import annotations

import gettext
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.source import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a space in its name and what set-up reads, nothing else."""
    folder = tmp_path / "a clone"
    shutil.copytree(ROOT / "tools", folder / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    for name in ("pyproject.toml", "package.json", "package-lock.json", ".npmrc"):
        shutil.copyfile(ROOT / name, folder / name)
    (folder / "src").mkdir()
    return folder


def run(folder: Path, *command: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, "PYTHONUTF8": "1", **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def program(path: Path, text: str) -> Path:
    """Write a small program for the shell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_an_old_python_is_refused_in_both_languages(project: Path) -> None:
    old = program(project / "bin" / "python-old", "exit 1")
    done = run(project, "sh", "tools/python.sh", old)
    assert done.returncode == 2
    english, urdu = done.stderr.splitlines()
    assert english.startswith("Kafalat needs Python 3.11 or newer")
    assert "PYTHON=/path/to/python3" in english
    assert "PYTHON=/path/to/python3" in urdu
    assert "پائتھن" in urdu


def test_the_usual_names_are_tried_in_turn_and_a_named_python_is_remembered(project: Path) -> None:
    folder = project / "bin"
    program(folder / "python3", "exit 1")
    program(folder / "python3.12", "exit 0")
    path = f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin"
    assert run(project, "/bin/sh", "tools/python.sh", "", PATH=path).stdout.strip() == "python3.12"
    named = program(folder / "a new python", "exit 0")
    assert run(project, "sh", "tools/python.sh", named).stdout.strip() == str(named)
    assert run(project, "sh", "tools/python.sh", "").stdout.strip() == str(named)


def test_a_virtual_environment_that_is_not_ours_is_left_alone(project: Path) -> None:
    keep = project / ".venv" / "keep"
    keep.parent.mkdir()
    keep.write_text("mine", encoding="utf-8")
    done = run(project, sys.executable, "tools/install.py", "run")
    assert done.returncode == 2
    assert "was not made by this set-up" in done.stderr
    assert "یہی کمانڈ دوبارہ چلائیں" in done.stderr
    assert keep.read_text(encoding="utf-8") == "mine"


def test_control_an_unfinished_one_of_ours_is_made_anew(project: Path) -> None:
    remains = project / ".venv" / "half"
    remains.parent.mkdir()
    remains.write_text("half", encoding="utf-8")
    (project / "build").mkdir()
    (project / "build" / "install.json").write_text(json.dumps({"venv": "unfinished"}), encoding="utf-8")
    # A stand-in for Python's own venv that fails at once: enough to see what is done before it.
    stand_in = project / "stand-in" / "venv.py"
    stand_in.parent.mkdir()
    stand_in.write_text("raise SystemExit(1)", encoding="utf-8")
    done = run(project, sys.executable, "tools/install.py", "run", PYTHONPATH=str(stand_in.parent))
    assert done.returncode == 2
    assert "could not be installed" in done.stderr
    assert not remains.exists()
    assert (
        json.loads((project / "build" / "install.json").read_text(encoding="utf-8"))["venv"] == "unfinished"
    )


def test_an_unknown_set_is_refused(project: Path) -> None:
    done = run(project, sys.executable, "tools/install.py", "everything")
    assert done.returncode == 2
    assert "run|dev" in done.stderr


def write_texts(project: Path, text: str) -> Path:
    texts = project / "src" / "locale" / "ur" / "LC_MESSAGES" / "django.po"
    texts.parent.mkdir(parents=True, exist_ok=True)
    texts.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n' + text, encoding="utf-8"
    )
    return texts


def test_translations_are_compiled_once(project: Path) -> None:
    compiled = write_texts(project, 'msgid "Household"\nmsgstr "گھرانہ"\n').with_suffix(".mo")
    first = run(project, sys.executable, "tools/translations.py")
    assert first.returncode == 0, first.stderr
    with compiled.open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Household") == "گھرانہ"
    assert run(project, sys.executable, "tools/translations.py").stdout == ""


def test_a_broken_translation_is_named_with_its_line(project: Path) -> None:
    texts = write_texts(project, 'msgid "Household\n')
    done = run(project, sys.executable, "tools/translations.py")
    assert done.returncode == 2
    assert str(texts) in done.stderr
    assert not texts.with_suffix(".mo").exists()
