"""Reads of cycles: the funnel, lists with who approved them, bank files, answers, exceptions, ledger, and figures by place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum

from kafalat.core.problems import problem
from kafalat.payments.access import Act, next_act
from kafalat.payments.models import (
    Answer,
    AnswerLine,
    BankFile,
    Cycle,
    Outbox,
    Payment,
    PaymentList,
    Transfer,
)

BACK = (Payment.Status.REJECTED, Payment.Status.RETURNED)


def cycles() -> QuerySet[Cycle]:
    """Return all cycles, newest tranche first."""
    return Cycle.objects.order_by("-tranche", "programme_code")


def latest_cycle() -> Cycle | None:
    """Return the cycle of the newest tranche, or None before the first."""
    return cycles().first()


def cycle_by_id(cycle_id: int) -> Cycle:
    """Return one cycle. Raises the problem `console.not_found`."""
    cycle = Cycle.objects.filter(pk=cycle_id).first()
    if cycle is None:
        raise problem("console.not_found", what_en=f"cycle {cycle_id}", what_ur=f"دورِ ادائیگی {cycle_id}")
    return cycle


@dataclass(frozen=True, slots=True)
class Stage:
    """How far entitlements have come: how many have reached the stage `code`, and their sum in paisa."""

    code: str
    count: int
    amount_paisa: int


# An entitlement has reached a stage when any of its attempts has; a return takes it back out of "paid".
_STAGES = """
WITH reached AS (
    SELECT entitlement.amount_paisa,
        coalesce(bool_or(payment.status <> 'cancelled'), false) AS prepared,
        coalesce(bool_or(list.status = 'dispatched'), false) AS approved,
        coalesce(bool_or(payment.status NOT IN ('cancelled', 'prepared')), false) AS sent,
        coalesce(bool_or(payment.status IN ('accepted', 'paid', 'returned')), false) AS accepted,
        coalesce(bool_or(payment.status = 'paid'), false) AS paid,
        coalesce(bool_or(payment.status = 'paid' AND EXISTS (
            SELECT FROM payments_withdrawal AS taken LEFT JOIN payments_reversal AS undone ON undone.withdrawal_id = taken.id
            WHERE taken.payment_id = payment.id AND undone.withdrawal_id IS NULL)), false) AS collected,
        coalesce(bool_or(payment.status IN ('rejected', 'returned', 'recalled', 'reversed'))
            AND NOT bool_or(payment.status IN ('prepared', 'sent', 'accepted', 'paid')), false) AS returned
    FROM payments_entitlement AS entitlement
    LEFT JOIN payments_payment AS payment ON payment.entitlement_id = entitlement.id
    LEFT JOIN payments_paymentlist AS list ON list.id = payment.payment_list_id
    WHERE entitlement.cycle_id = %s
    GROUP BY entitlement.id
)
SELECT count(*), coalesce(sum(amount_paisa), 0)::bigint, {stages} FROM reached
"""
# The last is no further step: what came back and is not on its way again.
STAGES = ("due", "prepared", "approved", "sent", "accepted", "paid", "collected", "returned")
_COUNTED = _STAGES.format(
    stages=", ".join(
        f"count(*) FILTER (WHERE {stage}), coalesce(sum(amount_paisa) FILTER (WHERE {stage}), 0)::bigint"
        for stage in STAGES[1:]
    )
)


def stages(cycle: Cycle) -> list[Stage]:
    """Return the funnel of a cycle, from due to collected, and what came back, in entitlements (a reissue counts once)."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, [cycle.pk])
        figures = cursor.fetchone()
    return [Stage(code, figures[2 * place], figures[2 * place + 1]) for place, code in enumerate(STAGES)]


@dataclass(frozen=True, slots=True)
class BackCount:
    """Attempts that came back with one status and reason code: their number, sum in paisa, and how many are settled.

    `reissued` were sent again, `parked` wait for a person; the rest is undecided.
    """

    status: str
    reason_code: str
    count: int
    amount_paisa: int
    reissued: int
    parked: int

    @property
    def undecided(self) -> int:
        """Return how many nobody has decided about."""
        return self.count - self.reissued - self.parked


def came_back(cycle: Cycle) -> list[BackCount]:
    """Return the attempts of a cycle that were rejected or returned, by status and the bank's reason code."""
    lines = AnswerLine.objects.filter(
        payment__entitlement__cycle=cycle, payment__status__in=BACK, outcome__in=BACK
    )
    rows = (
        lines.values("outcome", "reason_code")
        .annotate(
            n=Count("payment_id", distinct=True),
            amount=Sum("payment__amount_paisa"),
            reissued=Count("payment_id", filter=Q(payment__resolution__action="reissue")),
            parked=Count("payment_id", filter=Q(payment__resolution__action="park")),
        )
        .order_by("outcome", "-n", "reason_code")
    )
    return [
        BackCount(row["outcome"], row["reason_code"], row["n"], row["amount"], row["reissued"], row["parked"])
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class WaitingBack:
    """Payments of one cycle that came back and wait for a person: undecided, or parked until she decides."""

    cycle_id: int
    tranche: str
    undecided: int
    parked: int


def waiting_back() -> list[WaitingBack]:
    """Return, for each cycle that has some, the payments that came back and wait for a person; oldest tranche first."""
    found = Payment.objects.filter(status__in=BACK).exclude(resolution__action="reissue")
    rows = (
        found.values("entitlement__cycle_id", "entitlement__cycle__tranche")
        .annotate(parked=Count("id", filter=Q(resolution__action="park")), n=Count("id"))
        .order_by("entitlement__cycle__tranche")
    )
    return [
        WaitingBack(
            row["entitlement__cycle_id"],
            row["entitlement__cycle__tranche"],
            row["n"] - row["parked"],
            row["parked"],
        )
        for row in rows
    ]


def unsent_files() -> int:
    """Return how many bank files of all cycles wait in the outbox."""
    return Outbox.objects.filter(sent_at__isnull=True).count()


@dataclass(frozen=True, slots=True)
class ListView:
    """A payment list with the seats taken under it, in order. `waits_for` is how many more people must say yes."""

    payment_list: PaymentList
    approvals: tuple[ApprovalView, ...]

    @property
    def approver_ids(self) -> frozenset[int]:
        """Return who has said yes or no."""
        return frozenset(approval.approver_id for approval in self.approvals)

    @property
    def waits_for(self) -> int:
        """Return how many approvals are missing; none once it was rejected or dispatched."""
        if self.payment_list.status in {PaymentList.Status.REJECTED, PaymentList.Status.DISPATCHED}:
            return 0
        return int(self.payment_list.seats) - sum(1 for approval in self.approvals if approval.seat)

    @property
    def next_act(self) -> Act | None:
        """Return what the list waits for, or None."""
        return next_act(self.payment_list, sum(1 for approval in self.approvals if approval.seat))


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """One person's seat under a list, and what she said in it; seat 0 is a no."""

    seat: int
    act: str
    approver_id: int
    approver: str
    reason: str
    at: datetime


def lists_of(cycle: Cycle) -> list[ListView]:
    """Return the payment lists of a cycle, first list first."""
    found = (
        cycle.lists.select_related("maker", "cycle")
        .prefetch_related("approvals__approver")
        .order_by("number")
    )
    return [_list_view(payment_list) for payment_list in found]


def list_by_id(payment_list_id: int) -> ListView:
    """Return one payment list. Raises the problem `console.not_found`."""
    found = PaymentList.objects.select_related("maker", "cycle").filter(pk=payment_list_id).first()
    if found is None:
        raise problem(
            "console.not_found",
            what_en=f"payment list {payment_list_id}",
            what_ur=f"ادائیگی فہرست {payment_list_id}",
        )
    return _list_view(found)


def _list_view(payment_list: PaymentList) -> ListView:
    approvals = sorted(payment_list.approvals.all(), key=lambda approval: approval.at)
    return ListView(
        payment_list,
        tuple(
            ApprovalView(
                seat=approval.seat,
                act=approval.act,
                approver_id=approval.approver_id,
                approver=approval.approver.get_username(),
                reason=approval.reason,
                at=approval.at,
            )
            for approval in approvals
        ),
    )


@dataclass(frozen=True, slots=True)
class BankShare:
    """One bank's part of a list: how many payments and their sum in paisa."""

    bank: str
    count: int
    amount_paisa: int


def bank_shares(payment_list: PaymentList) -> list[BankShare]:
    """Return what a list holds for each bank, by bank code."""
    rows = (
        payment_list.items.values_list("bank")
        .annotate(n=Count("id"), amount=Sum("amount_paisa"))
        .order_by("bank")
    )
    return [BankShare(bank, count, amount) for bank, count, amount in rows]


def waiting_lists() -> list[ListView]:
    """Return the lists of all cycles that wait for somebody, oldest first."""
    waiting = PaymentList.objects.filter(status__in=[PaymentList.Status.PREPARED, PaymentList.Status.CHECKED])
    found = (
        waiting.select_related("maker", "cycle")
        .prefetch_related("approvals__approver")
        .order_by("prepared_at")
    )
    return [_list_view(payment_list) for payment_list in found]


def files_of(cycle: Cycle) -> QuerySet[BankFile]:
    """Return the bank files of a cycle with their outbox rows, by list and bank."""
    found = BankFile.objects.filter(payment_list__cycle=cycle).select_related("payment_list", "outbox")
    return found.order_by("payment_list__number", "bank", "part")


def answers_of(cycle: Cycle) -> QuerySet[Answer]:
    """Return the answers that speak of payments of a cycle, in the order they came."""
    about = AnswerLine.objects.filter(payment__entitlement__cycle=cycle).values("answer_id")
    return Answer.objects.filter(pk__in=about).order_by("received_at", "id")


@dataclass(frozen=True, slots=True)
class Balance:
    """Debits, credits and balance (debit minus credit) of one ledger account, in paisa."""

    account: str
    debit_paisa: int
    credit_paisa: int

    @property
    def balance_paisa(self) -> int:
        """Return debits minus credits."""
        return self.debit_paisa - self.credit_paisa


def balances(cycle: Cycle) -> list[Balance]:
    """Return each ledger account that a cycle has moved, by name. Their balances add up to zero."""
    return balances_of(Transfer.objects.filter(cycle=cycle))


def balances_of(transfers: QuerySet[Transfer]) -> list[Balance]:
    """Return what ledger rows come to, account by account."""
    totals: dict[str, list[int]] = {}
    rows = transfers.values_list("debit", "credit").annotate(amount=Sum("amount_paisa"))
    for debit, credit, amount in rows.order_by():
        totals.setdefault(debit, [0, 0])[0] += amount
        totals.setdefault(credit, [0, 0])[1] += amount
    return [Balance(account, debit, credit) for account, (debit, credit) in sorted(totals.items())]


def paid_by_place(cycle: Cycle) -> dict[str, int]:
    """Return the paisa paid in each place, by the finest place the survey knows."""
    paid = Payment.objects.filter(entitlement__cycle=cycle, status=Payment.Status.PAID)
    rows = paid.values_list("entitlement__beneficiary__family__household__place_id").annotate(
        Sum("amount_paisa")
    )
    return dict(rows.order_by())


def payments_back(cycle: Cycle, *, status: str, reason_code: str, limit: int) -> list[AnswerLine]:
    """Return up to `limit` rejected or returned payments, each as the answer line that says so, by identity."""
    lines = AnswerLine.objects.filter(
        payment__entitlement__cycle=cycle, payment__status__in=BACK, outcome__in=BACK
    )
    if status:
        lines = lines.filter(outcome=status)
    if reason_code:
        lines = lines.filter(reason_code=reason_code)
    related = (
        "answer",
        "payment__entitlement__beneficiary__family",
        "payment__resolution",
        "payment__account",
    )
    return list(lines.select_related(*related).order_by("payment__identity")[:limit])


def payments_of_household(household_id: int) -> Sequence[Payment]:
    """Return every attempt to pay a family of the household, newest tranche first, with the banks' answer lines."""
    found = Payment.objects.filter(entitlement__beneficiary__family__household_id=household_id)
    found = found.select_related(
        "entitlement__cycle", "entitlement__beneficiary__payee", "payment_list", "account"
    )
    found = found.prefetch_related("answer_lines__answer")
    return list(found.order_by("-entitlement__cycle__tranche", "entitlement_id", "-attempt"))
