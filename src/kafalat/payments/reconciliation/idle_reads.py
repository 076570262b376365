"""Reads of money nobody collects: how much lies where and what comes next, the orders about it, and the claims to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Q, QuerySet

from kafalat.payments.cycles.calendar import local_day
from kafalat.payments.models import Claim, TakeBack, TakeBackApproval
from kafalat.payments.reconciliation.idle import IDLE, rules_on
from kafalat.policy.model import Programme
from kafalat.registry import bulk

# Of each idle payment: warnings that are due and not queued, and whether it may be taken back now.
_AGED = f"""
    SELECT idle.*, idle.paid_on + make_interval(months => %(months)s) AS back_on, n.queued,
        (SELECT count(*) FROM unnest(%(warned)s::int[]) AS month WHERE idle.paid_on + make_interval(months => month) <= %(today)s)
            - n.queued AS to_warn,
        idle.paid_on + make_interval(months => %(months)s) <= %(today)s AND n.old = cardinality(%(warned)s::int[]) AS ready
    FROM ({IDLE}) AS idle CROSS JOIN LATERAL (
        SELECT count(*) AS queued, count(*) FILTER (WHERE queued_at <= %(at)s - interval '1 month') AS old
        FROM payments_notice AS notice WHERE notice.payment_id = idle.id AND notice.months = ANY (%(warned)s)
    ) AS n
"""


def _given(programme: Programme, at: datetime) -> Mapping[str, object]:
    today = local_day(at)
    rules = rules_on(programme, today)
    return {
        "programme": programme.code,
        "today": today,
        "at": at,
        "months": rules.take_back_after_months,
        "warned": [warning.after_months for warning in rules.warnings],
    }


@dataclass(frozen=True, slots=True)
class IdleShare:
    """What lies uncollected at one bank of one tranche, in payments and paisa, and what comes next for it.

    `to_warn` messages are due and not queued; `ready` payments may be ordered back now, the first of the others on `next_on`.
    """

    bank: str
    tranche: str
    payments: int
    amount_paisa: int
    warned: int
    to_warn: int
    ready: int
    ready_paisa: int
    first_paid_on: date
    next_on: date | None


def idle_shares(*, programme: Programme, at: datetime) -> list[IdleShare]:
    """Return what nobody has collected by bank and tranche; what may be ordered back comes first. Raises `reconciliation.no_rules`."""
    return [
        IdleShare(*row)
        for row in bulk.rows(
            f"""
            SELECT bank, tranche, count(*), sum(amount_paisa)::bigint, count(*) FILTER (WHERE queued > 0), sum(to_warn)::int,
                count(*) FILTER (WHERE ready), coalesce(sum(amount_paisa) FILTER (WHERE ready), 0)::bigint, min(paid_on),
                (min(back_on) FILTER (WHERE NOT ready))::date
            FROM ({_AGED}) AS aged GROUP BY bank, tranche
            ORDER BY count(*) FILTER (WHERE ready) = 0, min(paid_on), bank, tranche
            """,
            _given(programme, at),
        )
    ]


@dataclass(frozen=True, slots=True)
class IdlePayment:
    """One payment nobody has collected: since when, how many warnings were queued, and from which day it may be taken back."""

    identity: str
    bank: str
    tranche: str
    amount_paisa: int
    paid_on: date
    queued: int
    ready: bool
    back_on: date


def idle_payments(
    *, programme: Programme, at: datetime, bank: str, tranche: str, limit: int
) -> list[IdlePayment]:
    """Return up to `limit` payments behind a sum, longest idle first; an empty `bank` or `tranche` narrows nothing."""
    return [
        IdlePayment(*row)
        for row in bulk.rows(
            f"""
            SELECT identity, bank, tranche, amount_paisa, paid_on, queued, ready, back_on::date FROM ({_AGED}) AS aged
            WHERE %(bank)s IN ('', bank) AND %(tranche)s IN ('', tranche) ORDER BY paid_on, identity LIMIT %(limit)s
            """,
            {**_given(programme, at), "bank": bank, "tranche": tranche, "limit": limit},
        )
    ]


@dataclass(frozen=True, slots=True)
class Order:
    """An order to take money back, who said yes to it (None before), and how many of its payments came back."""

    order: TakeBack
    approval: TakeBackApproval | None
    back: int


def orders() -> list[Order]:
    """Return all orders, those that wait for approval first, then the newest."""
    rows = (
        TakeBack.objects.select_related("made_by", "takebackapproval__person")
        .annotate(back=Count("items", filter=Q(items__payment__status="reversed")))
        .order_by("-pk")
    )
    found = [Order(row, getattr(row, "takebackapproval", None), row.back) for row in rows]
    return sorted(found, key=lambda one: one.approval is not None)


def waiting_claims() -> QuerySet[Claim]:
    """Return the claims nobody has granted, oldest first."""
    waiting = Claim.objects.filter(granted_at__isnull=True)
    return waiting.select_related("payment__payment_list__cycle", "taken_by").order_by("taken_at", "pk")
