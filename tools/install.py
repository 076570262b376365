"""Sets the project up in its own folder: virtual environment, locked packages, front-end files, translations.

    python3 tools/install.py run     what it takes to run Kafalat          (make setup)
    python3 tools/install.py dev     and what it takes to test and check   (make setup-dev)

Needs Python's standard library alone. Each finished step is written to `build/install.json` with the digest of what
it was made from, so a second call does nothing, a changed lock file is noticed whatever the clock says, and a
set-up that was killed half-way is made anew (packages come from the cache then). Only one call works at a time.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import frontend

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
BUILD = ROOT / "build"
RECORD = BUILD / "install.json"
LOCKS = ROOT / "requirements"
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
SETS = ("run", "dev")

Record = dict[str, str]


def fail(en: str, ur: str) -> int:
    """Say what is wrong in both languages and return the exit code for it."""
    print(f"{en}\n{ur}", file=sys.stderr)
    return 2


def digest(*paths: Path) -> str:
    """Return the SHA-256 of the files' bytes, in the order given."""
    whole = hashlib.sha256()
    for path in paths:
        whole.update(path.read_bytes())
    return whole.hexdigest()


def read_record() -> Record:
    """Return what is known to be finished; empty when nothing is."""
    try:
        record = json.loads(RECORD.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return record if isinstance(record, dict) else {}


def write_record(record: Record) -> None:
    """Keep the record, whole or not at all."""
    draft = RECORD.with_suffix(".part")
    draft.write_text(json.dumps(record, indent=1), encoding="utf-8")
    draft.replace(RECORD)


@contextmanager
def only_one() -> Iterator[None]:
    """Wait until no other set-up of this folder is running."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step and say how long it took."""
    print(f"{title} ...", flush=True)
    started = time.monotonic()
    yield
    print(f"{title}: {time.monotonic() - started:.1f} s", flush=True)


def environment() -> dict[str, str]:
    """Return the environment for uv and npm: this machine's own certificates count beside the built-in ones."""
    names = dict(os.environ)
    names.pop("PYTHONHOME", None)
    names["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    if SYSTEM_CERTIFICATES.exists():
        names.setdefault("UV_SYSTEM_CERTS", "1")
        names.setdefault("NODE_EXTRA_CA_CERTS", str(SYSTEM_CERTIFICATES))
    return names


def run(*command: str | Path) -> bool:
    """Run a command in the project's folder and say whether it succeeded."""
    return (
        subprocess.run([str(part) for part in command], cwd=ROOT, env=environment(), check=False).returncode
        == 0
    )


def pip() -> tuple[str | Path, ...]:
    """Return the pip that fills the virtual environment: its own, or this Python's where it could not get one."""
    if importlib.util.find_spec("ensurepip"):
        return (PYTHON, "-m", "pip")
    return (sys.executable, "-m", "pip", "--python", PYTHON)


def install(*what: str) -> bool:
    """Install into the virtual environment with uv; where uv cannot (its own network settings, say), with pip."""
    if run(PYTHON, "-m", "uv", "pip", "install", "--quiet", "--python", PYTHON, *what):
        return True
    print("uv did not succeed; trying pip, which is slower.", flush=True)
    return run(*pip(), "install", "--quiet", *what)


def install_lock(name: str) -> bool:
    """Install the lock file `requirements/NAME.txt`, every file checked against its hash."""
    return install("--require-hashes", "--requirement", f"requirements/{name}.txt")


def make_venv() -> bool:
    """Make the virtual environment and put uv into it. Without ensurepip, a pip found elsewhere fills it."""
    without = () if importlib.util.find_spec("ensurepip") else ("--without-pip",)
    return run(sys.executable, "-m", "venv", *without, VENV) and run(
        *pip(), "install", "--quiet", "--require-hashes", "--requirement", "requirements/bootstrap.txt"
    )


def venv_origin() -> str:
    """Return what a virtual environment depends on: its place, the Python it was made with, and all locks."""
    locks = digest(*(LOCKS / f"{name}.txt" for name in ("bootstrap", *SETS)))
    return f"{ROOT} {sys.version.split()[0]} {sys.base_prefix} {locks}"


def packages(wanted: str, record: Record) -> int:
    """Bring the virtual environment to the wanted set. Anything half-made, moved or outdated is made anew."""
    sound = record.get("venv") == venv_origin() and PYTHON.exists()
    if sound and (wanted in record or "dev" in record):
        return 0
    if not sound:
        if VENV.exists() and "venv" not in record:
            return fail(
                f"{VENV} was not made by this set-up; delete it (or move it away) and run the same command again.",
                f"{VENV} اس تنصیب نے نہیں بنایا؛ اسے حذف کریں (یا ہٹا دیں) اور یہی کمانڈ دوبارہ چلائیں۔",
            )
        if not (importlib.util.find_spec("ensurepip") or importlib.util.find_spec("pip")):
            return fail(
                f"{sys.executable} cannot make virtual environments; install its venv package "
                "(Debian, Ubuntu: apt-get install python3-venv) and run the same command again.",
                f"{sys.executable} ورچوئل ماحول نہیں بنا سکتا؛ اس کا venv پیکج نصب کریں "
                "(ڈیبین، اوبنٹو: apt-get install python3-venv) اور یہی کمانڈ دوبارہ چلائیں۔",
            )
        record.clear()
        record["venv"] = "unfinished"
        write_record(record)
        with step("Virtual environment"):
            shutil.rmtree(VENV, ignore_errors=True)
            if not make_venv():
                return unreachable()
    record["venv"] = "unfinished"
    write_record(record)
    with step(f"Python packages ({wanted})"):
        if not install_lock(wanted):
            return unreachable()
    record["venv"] = venv_origin()
    record[wanted] = "installed"
    write_record(record)
    return 0


def unreachable() -> int:
    """Report packages that could not be fetched or installed."""
    return fail(
        "The packages could not be installed; the lines above say why. Check the internet connection and the free "
        "space on the disk, then run the same command again.",
        "پیکج نصب نہیں ہو سکے؛ وجہ اوپر کی سطروں میں ہے۔ انٹرنیٹ اور ڈسک پر خالی جگہ دیکھیں، پھر یہی کمانڈ دوبارہ چلائیں۔",
    )


def project(record: Record) -> int:
    """Install the project itself, editable, so that changed code needs no new set-up."""
    wanted = digest(ROOT / "pyproject.toml")
    if record.get("project") == wanted and (VENV / "bin" / "kafalat").exists():
        return 0
    with step("Kafalat itself"):
        if not install("--no-deps", "--no-build-isolation", "--editable", "."):
            return unreachable()
    record["project"] = wanted
    write_record(record)
    return 0


def front_end() -> int:
    """Bring the front-end files, with Node from this machine or else from its Python wheel."""
    wanted = digest(ROOT / "package-lock.json", Path(frontend.__file__), frontend.PRINT_FONTS)
    if frontend.present() == wanted:
        return 0
    with step("Front-end files"):
        if not frontend.usable_npm(environment()) and not install_lock("node"):
            return unreachable()
        names = environment()
        if not frontend.usable_npm(names):
            names["PATH"] = f"{VENV / 'bin'}{os.pathsep}{names.get('PATH', '')}"
        if not (frontend.fetch(names) and frontend.place(wanted, PYTHON)):
            return unreachable()
    return 0


def translations() -> int:
    """Compile the Urdu texts of the console."""
    return 0 if run(PYTHON, "tools/translations.py") else 2


def main() -> int:
    """Do what is missing of the set named on the command line, and nothing else."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else "run"
    if wanted not in SETS or sys.version_info < (3, 11):
        return fail(
            "usage: python3.11 (or newer) tools/install.py run|dev",
            "استعمال: python3.11 (یا نیا) tools/install.py run|dev",
        )
    with only_one():
        record = read_record()
        return packages(wanted, record) or project(record) or front_end() or translations()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print(
            "Stopped; the same command goes on from here.\nروک دیا گیا؛ یہی کمانڈ یہیں سے جاری رکھے گی۔",
            file=sys.stderr,
        )
        sys.exit(130)
