"""Alerts from the demo's withdrawals: raised once, decided in order, read by those whose work it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from kafalat.core.problems import Problem
from kafalat.integrity.models import Alert, AlertDecision
from kafalat.integrity.services import decide, scan
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.models import Payment
from kafalat.registry import bulk
from tests.conftest import NOW
from tests.interfaces.people import html, logged_in
from tests.payments.counters import code_of


def scanned(office: Office) -> tuple[int, int]:
    """Look through everything; return alerts raised and grown."""
    found = scan(
        programme=office.programme, since=NOW - timedelta(days=40), until=NOW, actor="test", at=NOW
    ).values()
    return sum(each.raised for each in found), sum(each.grown for each in found)


def test_what_was_planted_in_the_demo_is_raised_once(office: Office, paid: str) -> None:
    assert {"same_second", "out_of_hours"} <= set(Alert.objects.values_list("rule", flat=True))
    before = Alert.objects.count()
    assert scanned(office) == (0, 0)
    assert Alert.objects.count() == before


def test_an_alert_stops_no_payment(office: Office, paid: str) -> None:
    before = list(Payment.objects.order_by("id").values_list("id", "status"))
    scanned(office)
    assert list(Payment.objects.order_by("id").values_list("id", "status")) == before


def test_alerts_are_decided_in_order_with_a_reason_and_by_integrity_officers_alone(
    office: Office, paid: str
) -> None:
    alert, officer = Alert.objects.earliest("id"), staff("integrity")
    act = AlertDecision.Act
    said = {"alert_id": alert.pk, "user": officer, "at": NOW}
    assert code_of(decide, act=act.CONFIRM, reason="seen", **said) == "integrity.alert_moved"
    assert (
        code_of(decide, **{**said, "user": staff("auditor")}, act=act.REVIEW, reason="") == "access.refused"
    )
    assert code_of(decide, act=act.REVIEW, reason="", **said) == "done"
    assert code_of(decide, act=act.REVIEW, reason="", **said) == "integrity.alert_moved"
    assert code_of(decide, act=act.DISMISS, reason=" ", **said) == "counter.reason_missing"
    assert code_of(decide, act=act.DISMISS, reason="a clock without seconds", **said) == "done"
    alert.refresh_from_db()
    assert alert.status == "dismissed"
    with pytest.raises(Problem):
        decide(alert_id=999_999, act=act.REVIEW, reason="", user=officer, at=NOW)
    assert scanned(office) == (0, 0), "a dismissed alert is not raised again"


def test_the_database_moves_a_status_by_decisions_alone(office: Office, paid: str) -> None:
    alert = Alert.objects.earliest("id")
    for sql in ("UPDATE integrity_alert SET status = 'dismissed'", "DELETE FROM integrity_alertdecision"):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            bulk.execute(sql)
    with pytest.raises(IntegrityError), transaction.atomic():
        AlertDecision.objects.create(alert=alert, act="confirm", by=staff("integrity"), reason="x", at=NOW)


def test_the_queue_leads_to_evidence_decision_and_device(office: Office, paid: str) -> None:
    officer = logged_in("integrity_officer")
    alert = Alert.objects.get(rule="out_of_hours")
    queue = html(officer.get("/en/alerts/?rule=out_of_hours"))
    assert f"/en/alerts/{alert.pk}/" in queue
    assert "<svg" in queue
    address = f"/ur/alerts/{alert.pk}/"
    assert html(officer.get(address)).count("<time datetime") >= alert.events
    officer.post(address, {"act": "review"})
    assert officer.post(address, {"act": "confirm", "reason": ""}).status_code == 400
    officer.post(address, {"act": "confirm", "reason": "رات کو دکان بند تھی"})
    officer.post(address, {"act": "block", "reason": "رات کو نکلوائی"})
    page = html(officer.get(address))
    assert "رات کو دکان بند تھی" in page
    assert "state-blocked" in page
    assert logged_in("auditor").post(address, {"act": "ask", "reason": "x"}).status_code == 403
