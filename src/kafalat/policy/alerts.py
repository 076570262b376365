"""When withdrawals are looked into (`alerts.yaml`): one threshold, or a few, for each rule."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal

from pydantic import Field

from kafalat.policy.base import InForce, Strict

Severity = Literal["high", "medium", "low"]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[int, Field(ge=1, le=100)]


class AlertRule(Strict):
    """Base of all rules: how grave an alert of it is, and where its threshold comes from."""

    severity: Severity
    source: str = Field(min_length=3)


class SameSecond(AlertRule):
    """`events_min` withdrawals at one device within one second, on at least `times_min` occasions a day."""

    events_min: int = Field(ge=2)
    times_min: Count


class Burst(AlertRule):
    """More than `per_minute_max` withdrawals at one device within sixty seconds, on at least `times_min` occasions a day."""

    per_minute_max: Count
    times_min: Count


class DayCount(AlertRule):
    """More than `per_day_max` withdrawals at one device in a day."""

    per_day_max: Count


class YearAmount(AlertRule):
    """More than `rupees_max` (whole rupees) from one device in a calendar year."""

    rupees_max: Count


class OtherHours(InForce):
    """Other hours than those of every day, for a span of days: a month of fasting, a winter."""

    opens: time
    closes: time
    source: str = Field(min_length=3)


class OutOfHours(AlertRule):
    """At least `events_min` withdrawals at one device in a day outside its own hours, or outside `opens` to `closes` if it has none.

    On the days of `other_hours` theirs take the place of the programme's; a device's own hours stay what they are.
    """

    opens: time
    closes: time
    events_min: Count
    other_hours: tuple[OtherHours, ...] = ()


class OtherDistrict(AlertRule):
    """At least `events_min` payees of other districts at one device in a month, and `share_pct` of a hundred of its payees.

    Payees whose household or device lies in a district of `travel` (P-codes) are left out: people do go there.
    """

    events_min: Count
    share_pct: Share
    travel: tuple[str, ...] = ()


class SameCut(AlertRule):
    """At least `payees_min` payees of one device in a month short of the same amount: `share_pct` of a hundred of all who
    were short there, and `payees_pct` of all its payees. An amount counts from `rupees_min` up to `cut_pct_max` of a
    hundred of the payment (who leaves more has left it in her account), and once it is short after `settle_days`."""

    payees_min: int = Field(ge=2)
    rupees_min: Count
    cut_pct_max: Share
    payees_pct: Share
    share_pct: Share
    settle_days: int = Field(ge=0)


class FallbackShare(AlertRule):
    """An operator with `verifications_min` verifications in a month, more than `share_pct` of a hundred by a fallback."""

    verifications_min: Count
    share_pct: Share


class AlertRules(InForce):
    """The rules in force for a time."""

    same_second: SameSecond
    burst: Burst
    day_count: DayCount
    year_amount: YearAmount
    out_of_hours: OutOfHours
    other_district: OtherDistrict
    same_cut: SameCut
    fallback_share: FallbackShare


class Alerts(Strict):
    """All rules there were and are."""

    rules: tuple[AlertRules, ...] = Field(min_length=1)
