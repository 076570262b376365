"""`kafalat demo`: one command from survey to balanced ledger, again and again, and after being killed."""

from __future__ import annotations

import hashlib
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kafalat.adapters.iso20022 import pain001
from tests.adapters.samples import assert_valid
from tests.homes import copied, seconds_to_bring_up
from tests.interfaces.command import TIMEOUT_S, command, environment, kafalat, server_of
from tests.shared import shared_path

KEYS = {
    "households", "people", "source", "programme_sha256", "snapshot_sha256", "decisions", "enrolled", "payments",
    "amount_paisa", "files", "paid", "returned", "rejected", "open", "ledger_balanced", "seconds",
}  # fmt: skip
DEMO = ("demo", "--households", "300", "--no-serve", "--json", "--tranche", "2026Q1")


# These do not depend on the home folder: not on its keys, not on how often the demo was stopped.
EVERYWHERE = ("households", "people", "decisions", "enrolled", "programme_sha256")


@pytest.fixture(scope="module")
def folder(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home folder in which the demo ran once."""
    with server_of(copied(migrated, tmp_path_factory.mktemp("demo")).path) as home:
        yield home


@pytest.fixture(scope="module")
def result(folder: Path) -> dict[str, Any]:
    """What the demo printed."""
    return kafalat(folder, *DEMO).json()


def check_result(result: dict[str, Any], home: Path) -> None:
    """Check that the figures of a result fit each other and the files it names."""
    assert set(result) == KEYS
    assert sum(result["decisions"].values()) == result["households"]
    assert result["paid"] + result["returned"] + result["rejected"] + result["open"] == result["payments"]
    assert result["ledger_balanced"] is True
    assert sum(file["transactions"] for file in result["files"]) == result["payments"]
    assert sum(file["control_sum_paisa"] for file in result["files"]) == result["amount_paisa"]
    for file in result["files"]:
        content = (home / file["path"]).read_bytes()
        assert_valid(content, re.findall(rb"pain\.001\.001\.\d\d", content)[0].decode())
        written = pain001.read(content, file["path"])
        assert written.totals() == (file["transactions"], file["control_sum_paisa"])


def test_the_result_fits_together_and_its_files(folder: Path, result: dict[str, Any]) -> None:
    check_result(result, folder)
    assert result["households"] == 300
    assert result["open"] == 0
    assert result["enrolled"] > 0
    # Rs 14,500 a quarter from January 2026.
    assert result["amount_paisa"] == result["payments"] * 1_450_000


def test_a_second_run_finds_everything_done(folder: Path, result: dict[str, Any]) -> None:
    again = kafalat(folder, *DEMO).json()
    assert {**again, "seconds": None} == {**result, "seconds": None}


def test_explain_replay_and_ledger_follow_the_demo(folder: Path, result: dict[str, Any]) -> None:
    shown = kafalat(folder, "demo", "--households", "300", "--no-serve", "--tranche", "2026Q1")
    assert shown.code == 0, shown.err
    number = shown.out.split("target explain ")[1].split()[0]
    urdu = kafalat(folder, "target", "explain", number, "--lang", "ur")
    english = kafalat(folder, "target", "explain", number, "--lang", "en")
    assert "غربت اسکور" in urdu.out
    assert "score (lower is poorer)" in english.out
    assert kafalat(folder, "target", "replay", "latest").code == 0
    assert kafalat(folder, "ledger", "check", "--json").json()["balanced"] is True
    assert kafalat(folder, "audit", "checkpoint").out.startswith(tuple("123456789"))


def test_a_killed_demo_goes_on(migrated: Path, tmp_path: Path, result: dict[str, Any]) -> None:
    """kill -9 at moments all along the way from an empty folder, then once more to the end.

    Nothing is missing, doubled or out of balance, and the same seed has made the same people as in another home.
    """
    whole_s = seconds_to_bring_up(migrated) + sum(result["seconds"].values())
    killed = 0
    for share in (0.15, 0.25, 0.3, 0.3, 0.3):
        process = subprocess.Popen(
            command(*DEMO), env=environment(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(timeout=whole_s * share)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
    assert killed >= 3
    ended = kafalat(tmp_path, *DEMO).json()
    check_result(ended, tmp_path)
    assert {key: ended[key] for key in EVERYWHERE} == {key: result[key] for key in EVERYWHERE}
    assert kafalat(tmp_path, "ledger", "check").code == 0
    assert kafalat(tmp_path, "target", "replay", "latest").code == 0


def test_ctrl_c_ends_cleanly_and_the_same_command_goes_on(ready_home: Path, result: dict[str, Any]) -> None:
    process = subprocess.Popen(
        command(*DEMO), env=environment(ready_home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=TIMEOUT_S) != -signal.SIGKILL
    ended = kafalat(ready_home, *DEMO).json()
    check_result(ended, ready_home)
    assert {key: ended[key] for key in EVERYWHERE} == {key: result[key] for key in EVERYWHERE}


def test_a_changed_bank_file_is_found(folder: Path, result: dict[str, Any]) -> None:
    """One digit changed in a file that was sent, and the books no longer prove."""
    path = folder / result["files"][0]["path"]
    content = path.read_bytes()
    path.write_bytes(content.replace(b"14500.00", b"94500.00", 1))
    try:
        checked = kafalat(folder, "ledger", "check")
        assert checked.code == 1
        assert path.stem in checked.out
    finally:
        path.write_bytes(content)
    assert kafalat(folder, "ledger", "check").code == 0


def test_keys_are_random_and_closed(folder: Path, ready_home: Path, result: dict[str, Any]) -> None:
    keys = sorted((folder / "keys").iterdir())
    assert keys
    assert all(path.stat().st_mode & 0o077 == 0 for path in [folder / "keys", *keys])
    secret = hashlib.sha256((folder / "keys" / "identifiers").read_bytes()).digest()
    other = kafalat(ready_home, "ledger", "check")
    assert other.code == 0
    assert not (ready_home / "keys" / "identifiers").exists() or (
        hashlib.sha256((ready_home / "keys" / "identifiers").read_bytes()).digest() != secret
    )


def test_a_home_with_real_work_is_left_alone(ready_home: Path, tmp_path: Path) -> None:
    """The demo never clears what is not a demo's."""
    tiny = tmp_path / "survey"
    tiny.mkdir()
    (tiny / "h.csv").write_text("household_key\na\n")
    (tiny / "own.sql").write_text(OWN_PROFILE)
    imported = kafalat(ready_home, "survey", "import", str(tiny), "--profile", str(tiny / "own.sql"))
    assert imported.code == 0, imported.err
    refused = kafalat(ready_home, *DEMO)
    assert refused.code == 2
    assert "KAFALAT_HOME" in refused.err
    assert "رجسٹری" in refused.err


OWN_PROFILE = """-- profile: two people in one household
-- needs: h(household_key)
CREATE TABLE households AS SELECT household_key, 'PK617' AS place_pcode, 'urban' AS region, DATE '2025-05-05' AS interviewed_on FROM h;
CREATE TABLE people AS SELECT household_key, 1 AS line_no, 'head' AS relationship, 'female' AS sex, 40 AS age_years,
    'widowed' AS marital_status FROM h;
"""


@pytest.mark.shared
@pytest.mark.slow
def test_the_whole_chain_runs_on_the_real_survey(ready_home: Path) -> None:
    survey = shared_path("data/pk_hiics_2015_16")
    ran = kafalat(
        ready_home, "demo", "--no-serve", "--json", "--survey", str(survey), "--profile", "pk-hiics-2015"
    ).json()
    check_result(ran, ready_home)
    assert (ran["households"], ran["source"]) == (18_110, "pk-hiics-2015")
    # The survey does not ask about disability, so between the two cut-offs nothing can be decided.
    assert ran["decisions"]["incomplete"] > 1_000
