"""Raises alerts over a window of withdrawals, and keeps what people decide about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils.timezone import get_current_timezone

from kafalat.audit import services as audit
from kafalat.core.problems import problem
from kafalat.core.progress import Progress, silent
from kafalat.integrity.access import access_deciding
from kafalat.integrity.models import Alert, AlertDecision
from kafalat.integrity.rules import RULES, Window, parameters, rule_of, statement, threshold
from kafalat.policy.alerts import AlertRules
from kafalat.policy.model import Programme
from kafalat.registry import bulk

_LOCK = 0x4B41_0008
_RAISE = """
INSERT INTO integrity_alert (rule, subject_kind, subject, window_from, window_to, evidence, events, amount_paisa, measured,
    threshold, severity, status, programme_sha256, raised_at)
SELECT %(rule)s, found.*, %(threshold)s, %(severity)s, 'open', %(programme)s, %(now)s FROM ({found}) AS found
ON CONFLICT (rule, subject_kind, subject, window_from) DO UPDATE SET
    window_to = excluded.window_to, evidence = excluded.evidence, events = excluded.events,
    amount_paisa = excluded.amount_paisa, measured = excluded.measured
WHERE integrity_alert.status = 'open' AND integrity_alert.events < excluded.events
RETURNING xmax = 0
"""
_LEADS_FROM = {
    AlertDecision.Act.REVIEW: Alert.Status.OPEN,
    AlertDecision.Act.CONFIRM: Alert.Status.IN_REVIEW,
    AlertDecision.Act.DISMISS: Alert.Status.IN_REVIEW,
}


@dataclass(frozen=True, slots=True)
class Scanned:
    """What one rule came to: alerts raised now, and open ones that took in more."""

    raised: int
    grown: int


def rules_on(programme: Programme, at: datetime) -> AlertRules:
    """Return the alert rules in force on the day of `at`. Raises the problem `integrity.no_rules`."""
    day = at.astimezone(get_current_timezone()).date()
    known = () if programme.alerts is None else programme.alerts.rules
    found = next((rules for rules in known if rules.covers(day)), None)
    if found is None:
        raise problem("integrity.no_rules")
    return found


def scan(
    *,
    programme: Programme,
    since: datetime,
    until: datetime,
    actor: str,
    at: datetime,
    progress: Progress = silent,
) -> dict[str, Scanned]:
    """Look through the withdrawals of a window, whole months from that of `since`, by every rule in force at its end.

    One statement for each rule; done again, it raises nothing twice. Raises `integrity.no_rules`.
    """
    rules = rules_on(programme, until)
    window = Window(since, until, get_current_timezone())
    scanned: dict[str, Scanned] = {}
    with transaction.atomic():
        bulk.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        for number, code in enumerate(RULES, start=1):
            values = parameters(rules, code, window) | {
                "rule": code,
                "threshold": threshold(rules, code),
                "severity": rule_of(rules, code).severity,
                "programme": programme.sha256,
                "now": at,
            }
            new = [fresh for (fresh,) in _rows(_RAISE.format(found=statement(code)), values)]
            scanned[code] = Scanned(raised=sum(new), grown=len(new) - sum(new))
            progress(number / len(RULES))
        audit.record(
            at=at,
            actor=actor,
            action="withdrawals_scanned",
            object_kind="alerts",
            object_id=until.isoformat(),
            detail={
                "since": window.first(),
                "until": until,
                "raised": {code: each.raised for code, each in scanned.items()},
            },
        )
    return scanned


def _rows(query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())


def decide(*, alert_id: int, act: AlertDecision.Act, reason: str, user: User, at: datetime) -> AlertDecision:
    """Take an open alert up for review, or confirm or dismiss one in review, with a reason.

    Raises `integrity.alert_unknown`, `counter.reason_missing`, and `integrity.alert_moved` when it stands elsewhere by now.
    Confirming blocks nothing: blocking a device is an act of its own (`payments.devices`).
    """
    access_deciding(user)
    if act != AlertDecision.Act.REVIEW and not reason.strip():
        raise problem("counter.reason_missing")
    with transaction.atomic():
        bulk.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        alert = Alert.objects.filter(pk=alert_id).first()
        if alert is None:
            raise problem("integrity.alert_unknown", alert=alert_id)
        if alert.status != _LEADS_FROM[act]:
            raise problem("integrity.alert_moved", alert=alert_id, status=alert.status)
        decision = AlertDecision.objects.create(alert=alert, act=act, by=user, reason=reason.strip(), at=at)
        audit.record(
            at=at,
            actor=user.get_username(),
            action=f"alert_{act.value}",
            object_kind="alert",
            object_id=alert.pk,
            detail={"rule": alert.rule, "subject": alert.subject, "reason": decision.reason},
        )
    return decision
