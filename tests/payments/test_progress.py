"""Every long service says how far it is, and is stopped at each of those places without a trace."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User

from kafalat.core.progress import Progress, silent, span
from kafalat.enrolment.renewals import import_renewals
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.cycles.approvals import check_list, release_list
from kafalat.payments.cycles.lifecycle import close_cycle, prepare_list
from kafalat.payments.models import BankFile, PaymentList
from kafalat.payments.reconciliation.answers import receive_answer
from kafalat.payments.reconciliation.returns import resolve_returns
from kafalat.payments.reconciliation.treasury import receive_statement
from kafalat.payments.sending.outbox import send_outbox
from kafalat.registry import bulk
from tests.conftest import NOW
from tests.payments.steps import PHASE, answers_of, approve, authorise, opened

Step = Callable[[Progress], object]
_TABLES = (
    "payments_cycle", "payments_paymentlist", "payments_payment", "payments_entitlement", "payments_exception",
    "payments_transfer", "payments_bankfile", "payments_outbox", "payments_approval", "payments_answer",
    "payments_answerline", "payments_reportline", "payments_resolution", "payments_statement",
    "payments_statementline", "audit_auditentry", "registry_person",
)  # fmt: skip


class StoppedError(Exception):
    """Raised where a service says how far it is."""


def footprint() -> list[tuple[object, ...]]:
    """All rows of what the services write, as a digest for each table."""
    return [
        bulk.rows(f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} AS t")[0]
        for table in _TABLES
    ]


def stopped_everywhere(step: Step) -> list[float]:
    """Stop a step at its first report, then at its second, and so on, until it comes to its end; return what it reported."""
    before = footprint()
    for place in count(1):
        shares: list[float] = []

        def report(share: float, place: int = place, shares: list[float] = shares) -> None:
            shares.append(share)
            if len(shares) == place:
                raise StoppedError

        try:
            step(report)
        except StoppedError:
            assert footprint() == before, f"stopped at {shares}"
        else:
            assert footprint() != before, "control: what is not stopped leaves its trace"
            return shares
    raise AssertionError


def test_a_service_is_stopped_at_any_report_without_a_trace(office: Office, enrolled: str) -> None:
    cycle, programme = opened(office), office.programme
    sender = office.sender(cycle.programme_sha256)
    found: dict[str, list[float]] = {}

    def take(name: str, step: Step) -> None:
        found[name] = stopped_everywhere(step)

    take(
        "prepare",
        lambda progress: prepare_list(
            cycle_id=cycle.pk,
            phase=PHASE,
            programme=programme,
            user=staff("maker"),
            at=NOW,
            progress=progress,
        ),
    )
    listed = PaymentList.objects.get()
    take(
        "check",
        lambda progress: check_list(
            payment_list_id=listed.pk, user=staff("checker"), at=NOW, progress=progress
        ),
    )
    approve(listed)
    authorise(listed)
    take(
        "release",
        lambda progress: release_list(
            payment_list_id=listed.pk,
            user=staff("releaser"),
            seen_sha256=listed.sha256,
            sender=sender,
            at=NOW,
            progress=progress,
        ),
    )
    send_outbox(sender=sender, at=NOW)
    file = BankFile.objects.filter(outbox__transport="file", outbox__sent_at__isnull=False).earliest("id")
    status, *later = answers_of(office, file)
    take(
        "answer",
        lambda progress: receive_answer(
            content=status.content, name=status.name, user=staff("reconciler"), at=NOW, progress=progress
        ),
    )
    for answer in later:
        receive_answer(content=answer.content, name=answer.name, user=staff("reconciler"), at=NOW)
    take(
        "returns",
        lambda progress: resolve_returns(
            cycle_id=cycle.pk, programme=programme, user=staff("reconciler"), at=NOW, progress=progress
        ),
    )
    rising(found)
    assert len(found["release"]) >= 4 + BankFile.objects.count(), "a step for each file"


def rising(found: dict[str, list[float]]) -> None:
    """Hold that what services reported only ever grows, and is a share."""
    for name, shares in found.items():
        assert shares, name
        assert shares == sorted(shares), name
        assert 0 < shares[0] <= shares[-1] <= 1, name


def test_what_is_brought_is_stopped_at_any_report_without_a_trace(
    office: Office, enrolled: str, tmp_path: Path
) -> None:
    opened(office)
    found: dict[str, list[float]] = {}

    def take(name: str, step: Step) -> None:
        found[name] = stopped_everywhere(step)

    movement = b"booked_on,direction,amount,reference,bank,text\n2026-02-07,out,10.00,,hbl,2026Q1\n"
    take(
        "statement",
        lambda progress: receive_statement(
            content=movement, name="ours.csv", user=staff("treasury"), at=NOW, progress=progress
        ),
    )
    cards = tmp_path / "cards.csv"
    cards.write_text("cnic,valid_until\n3520212345678,2040-01-01\n")
    take(
        "renewals",
        lambda progress: import_renewals(
            path=cards, sealer=office.sealer, user=staff("accounts"), at=NOW, progress=progress
        ),
    )
    rising(found)


def test_closing_is_stopped_at_any_report_without_a_trace(
    office: Office, database: str, people: None
) -> None:
    cycle = opened(office)
    shares = stopped_everywhere(
        lambda progress: close_cycle(
            cycle_id=cycle.pk, programme=office.programme, user=staff("maker"), at=NOW, progress=progress
        )
    )
    assert len(shares) == cycle.phases.count() + 1


def test_a_part_of_the_work_reports_its_share_of_the_whole() -> None:
    seen: list[float] = []
    report = span(seen.append, 0.5, 1)
    for share in (0, 0.5, 1):
        report(share)
    assert seen == [0.5, 0.75, 1]
    silent(0.5)


@pytest.fixture
def people(database: str) -> None:
    """The maker of lists, in an installation without families."""
    User.objects.create(username="maker").groups.add(Group.objects.get(name="payment_maker"))
