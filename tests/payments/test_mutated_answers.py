"""Promise R7 at the books: a damaged answer is booked so that every rule of the ledger holds, or nothing of it is posted.

Readers alone are tried in `tests/adapters/test_mutated_files.py`; here the same damage goes through the service, with
the answers of six banks to files that were really sent.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import Error, transaction

from kafalat.adapters.banks.simulated import AnswerFile, answer
from kafalat.core.problems import Problem, problem
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.ledger.checks import check_rules
from kafalat.payments.models import BankFile
from kafalat.payments.reconciliation.answers import receive_answer
from kafalat.payments.reconciliation.staging import Receiver
from kafalat.payments.sending.outbox import outgoing_path
from kafalat.registry import bulk
from tests import proof
from tests.adapters.mutations import mutated
from tests.conftest import NOW
from tests.payments.steps import MANY_RETURNS, dispatched, opened

QUICK = 40
LONG = 10_000
TABLES = (
    "payments_answer",
    "payments_answerline",
    "payments_reportline",
    "payments_transfer",
    "payments_payment",
    "payments_outbox",
    "audit_auditentry",
)


@pytest.fixture
def corpus(office: Office, enrolled: str) -> list[AnswerFile]:
    """Valid answers of every bank to the files of a cycle that were sent."""
    payment_list = dispatched(office, opened(office))
    return [
        one
        for file in BankFile.objects.filter(payment_list=payment_list).order_by("id")
        for one in answer(
            outgoing_path(file, office.outgoing).read_bytes(),
            bank=file.bank,
            seed=1,
            executed_at=file.created_at + timedelta(days=1),
            forms=office.programme.bank_profiles[file.bank].answers,
            shares=MANY_RETURNS,
        )
    ]


def state() -> list[object]:
    """Return a digest of every table an answer may change."""
    return [
        bulk.rows(
            f"SELECT count(*), md5(COALESCE(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} AS t"
        )
        for table in TABLES
    ]


def fate(
    file: AnswerFile,
    content: bytes,
    receiver: Receiver,
    before: list[object],
    service: Callable[..., object] = receive_answer,
) -> str:
    """Take in one damaged answer, say what became of it, and undo it, so that the next meets the same books.

    `before` is the state all of them start from.
    """
    with transaction.atomic():
        try:
            service(
                content=content,
                name=file.name,
                user=staff("reconciler"),
                at=NOW + timedelta(days=3),
                receiver=receiver,
            )
        except Problem as refusal:
            whole = state() == before
            transaction.set_rollback(True)
            return f"refused {refusal.code}" if whole else f"partly posted {refusal.code}"
        broken = [check.code for check in check_rules() if not check.holds]
        transaction.set_rollback(True)
    return f"broke {broken}" if broken else "accepted"


def fate_of_half_done(office: Office, file: AnswerFile) -> str:
    """Control: what `fate` calls a service that posts an answer and then refuses it."""

    def half_done(**values: Any) -> None:
        receive_answer(**values)
        raise problem("bank.unreadable", file=file.name, line=1, reason="a control")

    return fate(file, file.content, office.receiver(), state(), service=half_done)


def test_a_refusal_after_something_was_posted_is_noticed(office: Office, corpus: list[AnswerFile]) -> None:
    assert fate_of_half_done(office, corpus[0]) == "partly posted bank.unreadable"


def test_damaged_answers_are_booked_whole_or_not_at_all(office: Office, corpus: list[AnswerFile]) -> None:
    assert {file.kind for file in corpus} >= {"pain.002", "csv", "xlsx"}
    draw, found = random.Random(proof.SEED), Counter[str]()  # noqa: S311 - damage, not secrets
    receiver, before = office.receiver(), state()
    for turn in range(QUICK):
        file = corpus[turn % len(corpus)]
        found[fate(file, mutated(file.kind, file.content, draw)[1], receiver, before).split()[0]] += 1
    assert state() == before
    assert found.keys() == {"refused", "accepted"}, found


@pytest.mark.prove
def test_ten_thousand_damaged_answers_at_the_books(office: Office, corpus: list[AnswerFile]) -> None:
    started = time.perf_counter()
    draw, found = random.Random(proof.SEED), Counter[str]()  # noqa: S311 - damage, not secrets
    crashes: list[str] = []
    receiver, before = office.receiver(), state()
    for turn in range(LONG):
        file = corpus[turn % len(corpus)]
        mutation, content = mutated(file.kind, file.content, draw)
        try:
            found[fate(file, content, receiver, before)] += 1
        except (Error, ValueError, KeyError, TypeError, LookupError, OSError, AssertionError) as error:
            found["crashed"] += 1
            crashes.append(f"{turn} {file.name} {mutation}: {error!r}"[:300])
    partly = sum(number for outcome, number in found.items() if outcome.startswith("partly"))
    partly += state() != before
    broken = sum(number for outcome, number in found.items() if outcome.startswith("broke"))
    refused = sum(number for outcome, number in found.items() if outcome.startswith("refused"))
    half_done = fate_of_half_done(office, corpus[0])
    proof.report(
        "r7-damaged-answers",
        promise="R7 damaged bank files, at the books",
        bar="10,000 files, 0 crashed, 0 partly posted",
        found=f"{LONG:,} files: {refused:,} refused, {found['accepted']:,} booked by the rules, "
        f"{found['crashed']} crashed, {partly} partly posted",
        met=not found["crashed"] + partly + broken and half_done.startswith("partly"),
        duration_s=time.perf_counter() - started,
        seed=proof.SEED,
        control=f"a service that posts and then refuses is called: {half_done}",
        outcomes=dict(sorted(found.items())),
        crashes=crashes,
    )
    assert not found["crashed"] + partly + broken, (found, crashes[:5])
