"""Payment cycles: the list, one cycle, what came back, and the decisions about its payment lists, each confirmed first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from kafalat.audit.selectors import Checkpoint, checkpoint, entries_of
from kafalat.core.text import Bilingual
from kafalat.interfaces import programmes
from kafalat.interfaces.console import pictures
from kafalat.interfaces.console.words import hold_texts
from kafalat.interfaces.jobs.kinds import KINDS
from kafalat.interfaces.jobs.selectors import under_way
from kafalat.interfaces.jobs.services import start_job
from kafalat.interfaces.jobs.work import Values
from kafalat.interfaces.models import Job
from kafalat.interfaces.office import office
from kafalat.payments import selectors
from kafalat.payments.access import (
    ACTS,
    PREPARERS,
    RECONCILERS,
    RELEASERS,
    Act,
    Offer,
    access_cycles,
    access_list_act,
    offer,
)
from kafalat.payments.cycles import approvals
from kafalat.payments.cycles.comparison import comparison
from kafalat.payments.drill import Share, held_by_reason, shares_of
from kafalat.payments.models import Cycle
from kafalat.payments.selectors import ApprovalView, Balance, ListView
from kafalat.registry.access import roles_of

PAGE_SIZE = 25
BACK_LIMIT = 500


@dataclass(frozen=True, slots=True)
class SeatLine:
    """One seat under a list: its number, what is done in it, and who has taken it when (nobody yet: None)."""

    number: int
    act: str
    taken: ApprovalView | None


def seat_lines(view: ListView) -> tuple[SeatLine, ...]:
    """Return every seat under a list in order: who has said yes, and who must still."""
    listed = view.payment_list
    acts = ["approve"] * listed.seats_approve + ["authorise"] * listed.seats_authorise
    acts += ["release"] * listed.seats_release
    taken = {approval.seat: approval for approval in view.approvals}
    return tuple(SeatLine(number, act, taken.get(number)) for number, act in enumerate(acts, start=1))


@dataclass(frozen=True, slots=True)
class ListPanel:
    """A payment list as the cycle's page shows it: its parts by bank, and what this reader may do with it."""

    view: ListView
    seats: tuple[SeatLine, ...]
    shares: list[Share]
    offer: Offer


@dataclass(frozen=True, slots=True)
class LedgerGroup:
    """The ledger accounts of one kind together, and each bank's part (its words beside it) where there are such parts."""

    kind: str
    debit_paisa: int
    credit_paisa: int
    parts: tuple[tuple[Balance, Bilingual | None], ...]

    @property
    def balance_paisa(self) -> int:
        """Return debits minus credits."""
        return self.debit_paisa - self.credit_paisa


def ledger_groups(balances: list[Balance], banks: dict[str, Bilingual]) -> list[LedgerGroup]:
    """Return the accounts grouped by what stands before the colon of their names, in order of the names."""
    groups: dict[str, list[Balance]] = {}
    for balance in balances:
        groups.setdefault(balance.account.partition(":")[0], []).append(balance)
    return [
        LedgerGroup(
            kind,
            sum(one.debit_paisa for one in members),
            sum(one.credit_paisa for one in members),
            tuple((one, banks.get(one.account.partition(":")[2])) for one in members if ":" in one.account),
        )
        for kind, members in groups.items()
    ]


def _banks(cycle: Cycle) -> dict[str, Bilingual]:
    return {bank.code: bank.label for bank in programmes.stamped(cycle.programme_sha256).banks.banks}


@require_safe
def cycles(request: HttpRequest) -> HttpResponse:
    """List all cycles, newest tranche first, with how far each has come."""
    access_cycles(cast(User, request.user))
    page = Paginator(selectors.cycles(), PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [(cycle, {stage.code: stage for stage in selectors.stages(cycle)}) for cycle in page]
    return render(request, "console/cycles.html", {"page": page, "rows": rows})


@require_safe
def cycle(request: HttpRequest, cycle_id: int) -> HttpResponse:
    """Show one cycle: what waits, the funnel, lists, bank files, answers, what came back, and the ledger."""
    user = cast(User, request.user)
    access_cycles(user)
    found = selectors.cycle_by_id(cycle_id)
    stages = selectors.stages(found)
    panels = [
        ListPanel(
            view,
            seat_lines(view),
            shares_of(view.payment_list),
            offer(user, view.payment_list, view.approver_ids),
        )
        for view in selectors.lists_of(found)
    ]
    balances = selectors.balances(found)
    files = list(selectors.files_of(found))
    back, roles = selectors.came_back(found), roles_of(user)
    context = {
        "cycle": found,
        "stages": stages,
        "funnel": pictures.funnel_chart(stages),
        "panels": panels,
        "under_way": [(job, KINDS[job.kind].title) for job in under_way(found.pk)],
        "phases": list(found.phases.all()),
        "may_prepare": bool(roles & PREPARERS) and found.status == Cycle.Status.OPEN,
        "may_decide": bool(roles & RECONCILERS) and any(row.undecided for row in back),
        "may_send": bool(roles & RELEASERS) and any(file.outbox.sent_at is None for file in files),
        "held": held_by_reason(found),
        "holds": hold_texts(found),
        "back": back,
        "files": files,
        "files_transactions": sum(file.transactions for file in files),
        "files_paisa": sum(file.control_sum_paisa for file in files),
        "answers": list(selectors.answers_of(found)),
        "balances": balances,
        "ledger": ledger_groups(balances, _banks(found)),
        "balance_sum_paisa": sum(balance.balance_paisa for balance in balances),
        "banks": _banks(found),
        "log": list(entries_of("cycle", found.pk)),
    }
    return render(request, "console/cycle.html", context)


@require_safe
def came_back(request: HttpRequest, cycle_id: int) -> HttpResponse:
    """List the payments of a cycle that were rejected or returned; `?status=` and `?reason=` narrow them down."""
    access_cycles(cast(User, request.user))
    found = selectors.cycle_by_id(cycle_id)
    status, reason = request.GET.get("status", ""), request.GET.get("reason", "")
    lines = selectors.payments_back(found, status=status, reason_code=reason, limit=BACK_LIMIT + 1)
    context = {
        "cycle": found,
        "status": status,
        "reason": reason,
        "lines": lines[:BACK_LIMIT],
        "limit": BACK_LIMIT,
        "more": len(lines) > BACK_LIMIT,
        "amount_paisa": sum(line.payment.amount_paisa for line in lines[:BACK_LIMIT]),
        "banks": _banks(found),
    }
    return render(request, "console/came_back.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, payment_list_id: int, act: Act) -> HttpResponse:
    """Ask before a decision about a payment list (GET), and take it (POST) by the digest the page showed."""
    user = cast(User, request.user)
    view = selectors.list_by_id(payment_list_id)
    access_list_act(user, view.payment_list, act)
    if request.method == "POST":
        return _decided(request, user, view, act)
    return _confirmation(request, user, view, act, reason_missing=False)


def _confirmation(
    request: HttpRequest, user: User, view: ListView, act: Act, *, reason_missing: bool
) -> HttpResponse:
    offered = offer(user, view.payment_list, view.approver_ids)
    listed = view.payment_list
    running = [job for job in under_way(listed.cycle_id) if job.arguments.get("list_id") == listed.pk]
    context = {
        "running": running,
        "act": act,
        "acts": ACTS,
        "view": view,
        "list": view.payment_list,
        "cycle": view.payment_list.cycle,
        "shares": shares_of(view.payment_list),
        "compared": comparison(view.payment_list),
        "held": held_by_reason(view.payment_list.cycle, view.payment_list.phase),
        "holds": hold_texts(view.payment_list.cycle),
        "seats": seat_lines(view),
        "log": checkpoint(),
        "offered": act in offered.acts and not running,
        "why_not": offered.why_not,
        "banks": _banks(view.payment_list.cycle),
        "reason_missing": reason_missing,
    }
    return render(request, "console/decide.html", context, status=400 if reason_missing else 200)


def _seen_log(request: HttpRequest) -> Checkpoint | None:
    """Return the log's checkpoint that stood on the page the decision was taken from."""
    size, root_hex = request.POST.get("log_size", ""), request.POST.get("log_root", "")
    if not (size.isdecimal() and len(size) < 18):
        return None
    return Checkpoint(size=int(size), root_hex=root_hex)


def _started(view: ListView, act: Act, seen: str, log: Checkpoint | None, user: User) -> Job:
    """Start what may take long, a check or a release, in the background."""
    listed = view.payment_list
    arguments: Values = {"cycle_id": listed.cycle_id, "list_id": listed.pk}
    if act == "release":
        arguments |= {"seen_sha256": seen, "seen_log": [log.size, log.root_hex] if log else None}
    return start_job(
        kind=act,
        arguments=arguments,
        user=user,
        at=timezone.now(),
        subject=f"{listed.cycle.tranche} {listed.number}",
        key=f"{act}:{listed.pk}",
    )


def _release_refused(view: ListView, seen_sha256: str, log: Checkpoint | None, user: User) -> None:
    """Take a release that is not on offer to the service, which says why not."""
    approvals.release_list(
        payment_list_id=view.payment_list.pk,
        user=user,
        seen_sha256=seen_sha256,
        sender=office().sender(view.payment_list.cycle.programme_sha256),
        at=timezone.now(),
        seen_log=log,
    )


def _decided(request: HttpRequest, user: User, view: ListView, act: Act) -> HttpResponse:
    now, pk, seen = timezone.now(), view.payment_list.pk, request.POST.get("seen_sha256", "")
    reason, log = request.POST.get("reason", "").strip(), _seen_log(request)
    offered = act in offer(user, view.payment_list, view.approver_ids).acts
    if offered and (act == "check" or (act == "release" and seen == view.payment_list.sha256)):
        return redirect("job", job_id=_started(view, act, seen, log, user).pk)
    if act == "check":
        approvals.check_list(payment_list_id=pk, user=user, at=now)
        done = _("List %(number)s is checked. It now waits to be approved.")
    elif act == "approve":
        approvals.approve_list(payment_list_id=pk, user=user, seen_sha256=seen, at=now, seen_log=log)
        done = _("You approved list %(number)s. More people must agree before it leaves.")
    elif act == "authorise":
        approvals.authorise_list(payment_list_id=pk, user=user, seen_sha256=seen, at=now, seen_log=log)
        done = _("You authorised list %(number)s. More people must agree before it leaves.")
    elif act == "release":
        _release_refused(view, seen, log, user)
        done = _("You released list %(number)s.")
    elif not reason:
        return _confirmation(request, user, view, act, reason_missing=True)
    else:
        approvals.reject_list(payment_list_id=pk, user=user, seen_sha256=seen, reason=reason, at=now)
        done = _("You rejected list %(number)s. Its payments are cancelled and can be prepared anew.")
    messages.success(request, done % {"number": view.payment_list.number})
    return redirect("cycle", cycle_id=view.payment_list.cycle_id)
