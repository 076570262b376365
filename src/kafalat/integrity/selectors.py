"""What the pages of alerts read: the queue, one alert with the events it rests on, and when cash is taken out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, IntegerField, QuerySet, Value, When
from django.utils.timezone import get_current_timezone

from kafalat.core.problems import problem
from kafalat.integrity.models import Alert
from kafalat.payments.models import Device, Verification, Withdrawal
from kafalat.registry import bulk

WAITING = (Alert.Status.OPEN, Alert.Status.IN_REVIEW)
_GRAVITY = Case(
    When(severity="high", then=Value(0)),
    When(severity="medium", then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


def alerts(*, rule: str = "", status: str = "") -> QuerySet[Alert]:
    """Return alerts: those that wait unless a status is named, the gravest and largest first."""
    found = (
        Alert.objects.filter(status=status)
        if status in Alert.Status.values
        else Alert.objects.filter(status__in=WAITING)
    )
    if rule:
        found = found.filter(rule=rule)
    return found.annotate(gravity=_GRAVITY).order_by("gravity", "-amount_paisa", "id")


def waiting_by_rule() -> list[tuple[str, str, int]]:
    """Return rule, severity and number of the alerts that wait, gravest first."""
    rows = (
        Alert.objects.filter(status__in=WAITING)
        .values("rule", "severity")
        .annotate(n=Count("id"), gravity=_GRAVITY)
    )
    return [(row["rule"], row["severity"], row["n"]) for row in rows.order_by("gravity", "-n", "rule")]


def devices_of(found: Sequence[Alert]) -> dict[str, Device]:
    """Return the devices alerts are about, by their key as text."""
    keys = [int(alert.subject) for alert in found if alert.subject_kind == "device"]
    return {str(device.pk): device for device in Device.objects.filter(pk__in=keys).select_related("place")}


def alert_by_id(alert_id: int) -> Alert:
    """Return an alert with its decisions. Raises the problem `integrity.alert_unknown`."""
    found = Alert.objects.prefetch_related("decisions__by").filter(pk=alert_id).first()
    if found is None:
        raise problem("integrity.alert_unknown", alert=alert_id)
    return found


def evidence_of(alert: Alert) -> Sequence[Withdrawal] | Sequence[Verification]:
    """Return the events kept as an alert's evidence, oldest first."""
    if alert.subject_kind == "operator":
        found = Verification.objects.filter(pk__in=alert.evidence)
        return list(found.select_related("device__place", "payment").order_by("started_at", "id"))
    taken = Withdrawal.objects.filter(pk__in=alert.evidence).select_related("payment", "reversal")
    return list(taken.order_by("at", "id"))


@dataclass(frozen=True, slots=True)
class Heat:
    """Withdrawals by weekday (Monday 0) and hour: `counts[weekday][hour]`."""

    counts: tuple[tuple[int, ...], ...]

    @property
    def most(self) -> int:
        """The largest count."""
        return max(max(day) for day in self.counts)

    @property
    def total(self) -> int:
        """All withdrawals."""
        return sum(sum(day) for day in self.counts)


def heat(*, since: datetime, until: datetime, device_id: int | None = None) -> Heat:
    """Return when cash was taken out in a window, at all devices or one, in local time."""
    rows = bulk.rows(
        """
        SELECT extract(isodow FROM at AT TIME ZONE %s)::int - 1, extract(hour FROM at AT TIME ZONE %s)::int, count(*)
        FROM payments_withdrawal WHERE at >= %s AND at < %s AND (%s::bigint IS NULL OR device_id = %s) GROUP BY 1, 2
        """,
        [*[str(get_current_timezone())] * 2, since, until, device_id, device_id],
    )
    counts = [[0] * 24 for _ in range(7)]
    for weekday, hour, count in rows:
        counts[weekday][hour] = count
    return Heat(tuple(tuple(day) for day in counts))


def last_withdrawal_at() -> datetime | None:
    """Return when cash was taken out last."""
    return Withdrawal.objects.order_by("-at").values_list("at", flat=True).first()
