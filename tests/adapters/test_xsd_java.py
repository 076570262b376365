"""The JDK's schema validator agrees: every file out and in is valid, and it does refuse a wrong one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from kafalat.adapters.iso20022 import pain001
from tests.adapters.samples import answers, line, payment_file, schema_path, status_report
from tests.shared import shared_path

VALIDATOR = Path(__file__).resolve().parent.parent / "java" / "ValidateXsd.java"
pytestmark = pytest.mark.java


def verdicts(schema: Path, *contents: bytes, folder: Path) -> list[str]:
    """Return what the JDK says of each content."""
    java = shutil.which("java")
    if java is None:
        pytest.skip("left out: needs Java (apt-get install default-jdk-headless)")
    paths = [folder / f"{number}.xml" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    done = subprocess.run(
        [java, str(VALIDATOR), str(schema), *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_payment_files_are_valid_and_a_wrong_one_is_not(tmp_path: Path) -> None:
    right = pain001.write(payment_file(200))
    wrong = right.replace(b"<Cd>SSBE</Cd>", b"<Cd>SOCIAL</Cd>", 1)
    found = verdicts(schema_path("pain.001.001.09"), right, wrong, folder=tmp_path)
    assert found[0] == "valid"
    assert found[1].startswith("invalid: cvc-maxLength-valid")


@pytest.mark.parametrize(
    ("kind", "message"), [("pain.002", "pain.002.001.12"), ("camt.054", "camt.054.001.08")]
)
def test_the_answers_of_the_simulated_bank_are_valid(kind: str, message: str, tmp_path: Path) -> None:
    contents = [file.content for file in answers() if file.kind == kind]
    assert verdicts(schema_path(message), *contents, folder=tmp_path) == ["valid"] * len(contents)


@pytest.mark.shared
def test_files_out_and_in_are_valid_by_the_schemas_kept_apart(tmp_path: Path) -> None:
    notices = [file.content for file in answers() if file.kind == "camt.054"]
    report = status_report(line("K1") + line("K2", "RJCT"), version="10")
    for message, contents in {
        "pain.001.001.09": [pain001.write(payment_file(200))],
        "pain.002.001.10": [report],
        "pain.002.001.12": [answers()[0].content],
        "camt.054.001.08": notices,
    }.items():
        schema = shared_path(f"specs/iso20022/xsd/{message}.xsd")
        assert set(verdicts(schema, *contents, folder=tmp_path)) == {"valid"}, message


@pytest.mark.shared
def test_the_schema_in_use_agrees_with_the_published_samples(tmp_path: Path) -> None:
    samples = sorted(shared_path("specs/iso20022/samples-corpus/pain.001.001.09").glob("*.xml"))
    contents = [path.read_bytes() for path in samples]
    assert len(contents) > 5
    assert set(verdicts(schema_path("pain.001.001.09"), *contents, folder=tmp_path)) == {"valid"}
