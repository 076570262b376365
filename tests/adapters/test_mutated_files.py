"""Promise R7: a damaged answer is read exactly as others read it, or refused with its code; it never crashes a reader.

The corpus is the answers of the six simulated banks in every form their profiles declare, and a status report of the
version no package writes. Whether anything of a refused file is posted is tried in `tests/payments/test_mutated_answers.py`.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

from kafalat.adapters.banks.reading import AnswerLine, read_answer
from kafalat.adapters.banks.simulated import AnswerFile, Shares, answer
from kafalat.adapters.iso20022 import pain001
from kafalat.core.bank_formats import AnswerFormat
from kafalat.core.problems import Problem
from kafalat.policy.loader import load, shipped
from tests import proof
from tests.adapters import independent
from tests.adapters.mutations import mutated
from tests.adapters.samples import EXECUTED_AT, line, payment_file, status_report

QUICK = 240
LONG = 12_000


@cache
def formats() -> Mapping[str, Sequence[AnswerFormat]]:
    return {code: profile.answers for code, profile in load(shipped()).bank_profiles.items()}


@cache
def corpus() -> tuple[AnswerFile, ...]:
    """Valid answers, small so that each piece of damage is felt."""
    found: list[AnswerFile] = []
    for bank, profile in load(shipped()).bank_profiles.items():
        content = pain001.write(payment_file(9, phases=1), profile.form)
        shares = Shares(rejected_pct=20, returned_pct=30)
        found += answer(
            content, bank=bank, seed=3, executed_at=EXECUTED_AT, forms=profile.answers, shares=shares
        )
    report = status_report(
        line("K1") + line("K2", "RJCT", "<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf>"),
        group="<OrgnlNbOfTxs>2</OrgnlNbOfTxs><GrpSts>PART</GrpSts>",
    )
    return (*found, AnswerFile("pain.002", "report-10.xml", report))


def read(file: AnswerFile, content: bytes, work: Path) -> list[AnswerLine]:
    with read_answer(content, name=file.name, formats=formats(), work=work) as opened:
        return [one for batch in opened.batches() for one in batch]


def as_others_read(file: AnswerFile, content: bytes) -> list[independent.Said]:
    if file.kind == "pain.002":
        return independent.report(content)
    if file.kind in {"camt.053", "camt.054"}:
        return independent.bookings(content)
    tables = [
        form.table
        for form in formats()[file.name.split("-KAF")[0].replace("-", "_")]
        if form.table is not None
    ]
    return independent.rows(content, file.kind, tables[0])


def fate(file: AnswerFile, content: bytes, work: Path) -> str:
    """Return what became of one damaged file: its refusal's code, or whether its lines changed with it."""
    try:
        lines = read(file, content, work)
    except Problem as refusal:
        if not refusal.code.startswith("bank.") or file.name not in refusal.text("en"):
            return f"misread {refusal.code}"
        return f"refused {refusal.code}"
    found = [(one.reference, one.outcome, one.amount_paisa) for one in lines if one.scope == "payment"]
    kind = "pain.002" if content.find(b"CstmrPmtStsRpt") >= 0 else file.kind
    if found != as_others_read(AnswerFile(kind, file.name, content), content):
        return "misread"
    return "accepted unchanged" if lines == read(file, file.content, work) else "accepted as changed"


def try_all(number: int, seed: int, work: Path) -> Iterator[tuple[str, str, str]]:
    """Yield kind, mutation and fate of `number` damaged files, turn by turn of the corpus."""
    draw = random.Random(seed)  # noqa: S311 - damage, not secrets
    for turn in range(number):
        file = corpus()[turn % len(corpus())]
        mutation, content = mutated(file.kind, file.content, draw)
        yield file.kind, mutation, fate(file, content, work)


def test_the_corpus_has_every_form_and_is_read_as_others_read_it(tmp_path: Path) -> None:
    assert {file.kind for file in corpus()} == {"pain.002", "camt.053", "camt.054", "csv", "xlsx"}
    for file in corpus():
        assert fate(file, file.content, tmp_path) == "accepted unchanged", file.name


def test_damaged_files_are_read_exactly_or_refused(tmp_path: Path) -> None:
    found = Counter(outcome for _, _, outcome in try_all(QUICK, proof.SEED, tmp_path))
    assert found["misread"] == 0
    assert sum(number for outcome, number in found.items() if outcome.startswith("refused")) > QUICK // 2
    assert found["accepted unchanged"]
    assert found["accepted as changed"]


def test_control_a_reader_that_checks_no_totals_takes_a_changed_amount(tmp_path: Path) -> None:
    ours, theirs = changed_amount(tmp_path)
    assert ours == "refused bank.totals_differ"
    assert ("K0000000001", "paid", 9_450_001) in theirs


def changed_amount(work: Path) -> tuple[str, list[independent.Said]]:
    """What becomes of a bank's file in which one amount was changed, and what a reader that checks no totals reads there."""
    file = next(one for one in corpus() if one.kind == "camt.054")
    changed = file.content.replace(b"14500.01", b"94500.01")
    assert changed != file.content
    return fate(file, changed, work), independent.bookings(changed)


@pytest.mark.prove
def test_twelve_thousand_damaged_files(tmp_path: Path) -> None:
    started = time.perf_counter()
    by_kind: dict[str, Counter[str]] = {}
    by_mutation: dict[str, Counter[str]] = {}
    crashes: list[str] = []
    draw = random.Random(proof.SEED)  # noqa: S311 - damage, not secrets
    for turn in range(LONG):
        file = corpus()[turn % len(corpus())]
        mutation, content = mutated(file.kind, file.content, draw)
        try:
            outcome = fate(file, content, tmp_path)
        except Exception as error:  # noqa: BLE001 - whatever a reader dies of is counted and shown
            outcome = "crashed"
            crashes.append(f"{turn} {file.name} {mutation}: {error!r}"[:300])
        by_kind.setdefault(file.kind, Counter())[outcome] += 1
        by_mutation.setdefault(mutation, Counter())[outcome.split()[0]] += 1
    total = sum(by_kind.values(), Counter[str]())
    refused = sum(number for outcome, number in total.items() if outcome.startswith("refused"))
    bad = total["crashed"] + sum(number for outcome, number in total.items() if outcome.startswith("misread"))
    _, theirs = changed_amount(tmp_path)
    taken = ("K0000000001", "paid", 9_450_001) in theirs
    proof.report(
        "r7-damaged-files",
        promise="R7 damaged bank files, readers",
        bar="10,000 files, 0 crashed, 0 misread",
        found=f"{LONG:,} files: {refused:,} refused with a code, {LONG - refused - bad:,} read exactly, {bad} bad",
        met=bad == 0 and taken,
        duration_s=time.perf_counter() - started,
        seed=proof.SEED,
        control=f"a reader that checks no totals {'takes' if taken else 'refuses'} an amount that was changed",
        by_kind={kind: dict(sorted(found.items())) for kind, found in sorted(by_kind.items())},
        by_mutation={name: dict(found) for name, found in sorted(by_mutation.items())},
        crashes=crashes,
    )
    assert bad == 0, (total, crashes[:5])
