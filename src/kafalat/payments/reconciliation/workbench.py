"""Reads of the reconciliation workbench: held lines by verdict, one line, and what was decided about it."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from kafalat.core.problems import problem
from kafalat.payments.models import Cycle, LineDecision, ReportLine, SignOff
from kafalat.payments.models.reconciliation import MONEY
from kafalat.registry.access import refusal, roles_of

READERS = frozenset({"auditor", "reconciler", "treasury_officer"})


def may_read_workbench(roles: frozenset[str]) -> bool:
    """Say whether these roles open the workbench."""
    return bool(roles & READERS)


def access_workbench(user: User) -> None:
    """Let those read bank lines whose work needs it. Raises the problem `access.refused`."""
    if not may_read_workbench(roles_of(user)):
        raise refusal(READERS)


@dataclass(frozen=True, slots=True)
class HeldCount:
    """Held lines of one bank and verdict: how many, their paisa, and how many nobody has decided about."""

    bank: str
    verdict: str
    lines: int
    amount_paisa: int
    open: int


def lines(
    *, bank: str = "", verdict: str = "", answer: str = "", undecided: bool = False
) -> QuerySet[ReportLine]:
    """Return held lines, newest answer first, narrowed down; `undecided` leaves those that wait for a person."""
    found = ReportLine.objects.select_related("answer", "payment").annotate(
        decided=Exists(LineDecision.objects.filter(line=OuterRef("pk")))
    )
    if bank:
        found = found.filter(answer__bank=bank)
    if verdict:
        found = found.filter(verdict=verdict)
    if answer.isdecimal():
        found = found.filter(answer_id=int(answer))
    if undecided:
        found = found.filter(verdict__in=MONEY, decided=False)
    return found.order_by("-answer_id", "line_no", "id")


def held() -> list[HeldCount]:
    """Return how many lines are held by bank and verdict; those of money that wait come first, largest sum first."""
    rows = (
        ReportLine.objects.values("answer__bank", "verdict")
        .annotate(
            n=Count("id", distinct=True),
            waiting=Count("id", filter=Q(decisions__isnull=True), distinct=True),
        )
        .order_by("answer__bank", "verdict")
    )
    sums = {
        (row["answer__bank"], row["verdict"]): row["paisa"]
        for row in ReportLine.objects.values("answer__bank", "verdict").annotate(paisa=Sum("amount_paisa"))
    }
    counts = [
        HeldCount(
            row["answer__bank"],
            row["verdict"],
            row["n"],
            sums[row["answer__bank"], row["verdict"]] or 0,
            row["waiting"] if row["verdict"] in MONEY else 0,
        )
        for row in rows
    ]
    return sorted(counts, key=lambda one: (one.open == 0, -one.amount_paisa, one.bank, one.verdict))


def line_by_id(line_id: int) -> ReportLine:
    """Return one line with its answer and payment. Raises the problem `console.not_found`."""
    found = ReportLine.objects.select_related("answer", "payment").filter(pk=line_id).first()
    if found is None:
        raise problem("console.not_found", what_en=f"line {line_id}", what_ur=f"سطر {line_id}")
    return found


def decisions_of(line: ReportLine) -> list[LineDecision]:
    """Return what was decided about a line, first step first."""
    return list(line.decisions.select_related("person", "payment").order_by("step"))


def sign_offs(cycle: Cycle) -> dict[str, SignOff]:
    """Return the newest statement of figures of each bank, with its signature where there is one."""
    found = (
        SignOff.objects.filter(cycle=cycle)
        .select_related("stated_by", "countersign__person")
        .order_by("number")
    )
    return {sign_off.bank: sign_off for sign_off in found}
