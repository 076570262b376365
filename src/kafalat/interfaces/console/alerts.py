"""Alerts: what waits for a person, one alert with its evidence, the decision about it, and the device it is about."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from kafalat.core.problems import Problem, problem
from kafalat.integrity import selectors
from kafalat.integrity.access import access_alerts, access_deciding, may_decide_alerts
from kafalat.integrity.models import Alert, AlertDecision
from kafalat.integrity.services import decide
from kafalat.interfaces.context import language_in_use
from kafalat.interfaces.heat import heat_map
from kafalat.payments.counter.devices import ask_unblock, block_device, unblock_device
from kafalat.payments.counter.selectors import unblock_requests
from kafalat.registry.access import roles_of

PAGE_SIZE = 25
HEAT_DAYS = 92


def _weekdays() -> list[str]:
    return [_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")]


def _heat(device_id: int | None = None) -> dict[str, object]:
    """Return the heat map of the quarter before the last withdrawal, with its table."""
    last = selectors.last_withdrawal_at()
    if last is None:
        return {"heat": None}
    until = last + timedelta(seconds=1)
    found = selectors.heat(since=until - timedelta(days=HEAT_DAYS), until=until, device_id=device_id)
    days = _weekdays()
    title = _("Withdrawals by weekday and hour; the darker, the more")
    picture = heat_map(found.counts, days, language=language_in_use(get_language()), title=title)
    return {
        "heat": found,
        "heat_map": picture,
        "heat_rows": list(zip(days, found.counts, strict=True)),
        "hours": range(24),
        "heat_from": until - timedelta(days=HEAT_DAYS),
        "heat_until": last,
    }


@require_safe
def alerts(request: HttpRequest) -> HttpResponse:
    """List the alerts that wait, gravest first; `?rule=` and `?status=` narrow them down."""
    access_alerts(cast(User, request.user))
    rule, status = request.GET.get("rule", ""), request.GET.get("status", "")
    page = Paginator(selectors.alerts(rule=rule, status=status), PAGE_SIZE).get_page(request.GET.get("page"))
    devices = selectors.devices_of(list(page))
    context = {
        "page": page,
        "rows": [(alert, devices.get(alert.subject)) for alert in page],
        "rule": rule,
        "status": status,
        "statuses": Alert.Status.values,
        "by_rule": selectors.waiting_by_rule(),
        **_heat(),
    }
    return render(request, "console/alerts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def alert(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Show one alert with its evidence; take a decision about it or its device (POST)."""
    user = cast(User, request.user)
    access_alerts(user)
    found = selectors.alert_by_id(alert_id)
    refused = ""
    if request.method == "POST":
        access_deciding(user)
        try:
            _decide(request, user, found)
        except Problem as refusal:
            refused = refusal.text(language_in_use(get_language()))
        else:
            return redirect("alert", alert_id=found.pk)
    device = selectors.devices_of([found]).get(found.subject)
    context = {
        "alert": found,
        "device": device,
        "evidence": selectors.evidence_of(found),
        "decisions": sorted(found.decisions.all(), key=lambda each: each.pk),
        "requests": unblock_requests(device.pk) if device else [],
        "decides": may_decide_alerts(roles_of(user)),
        "refused": refused,
        "reader": user,
        **(_heat(device.pk) if device else {"heat": None}),
    }
    return render(request, "console/alert.html", context, status=400 if refused else 200)


def _decide(request: HttpRequest, user: User, found: Alert) -> None:
    act, reason, now = request.POST.get("act", ""), request.POST.get("reason", ""), timezone.now()
    if act in AlertDecision.Act.values:
        decide(alert_id=found.pk, act=AlertDecision.Act(act), reason=reason, user=user, at=now)
        messages.success(request, _("Your decision is on record."))
        return
    if found.subject_kind != "device":
        raise problem("integrity.alert_moved", alert=found.pk, status=found.status)
    _about_device(act, int(found.subject), request.POST.get("asked", ""), reason, user, now)
    messages.success(request, _("What you decided about the device is on record."))


def _about_device(act: str, device_id: int, asked: str, reason: str, user: User, now: datetime) -> None:
    if act == "block":
        block_device(device_id=device_id, reason=reason, user=user, at=now)
    elif act == "ask":
        ask_unblock(device_id=device_id, reason=reason, user=user, at=now)
    else:
        asked_id = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 16 else 0
        unblock_device(asked_id=asked_id, reason=reason, user=user, at=now)
