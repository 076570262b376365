"""The alert rules: one SQL statement each, over all withdrawals of a window at once.

Every statement returns one row for each subject and window of days it suspects: subject_kind, subject, window_from,
window_to, evidence (the first keys), events, amount_paisa, measured. `{events}` and `{verifications}` are relations with
the columns of EVENTS and VERIFICATIONS, so that the same statements can be tried on planted data.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from kafalat.core.money import PAISA_PER_RUPEE
from kafalat.policy.alerts import AlertRule, AlertRules

EVIDENCE_MAX: Final = 200
# A payment's parts may lie in the quarter before.
_LOOK_BACK: Final = timedelta(days=92)

# Left joins: what a rule does not ask for is never joined.
EVENTS: Final = """
    SELECT w.id, w.device_id, w.payment_id, w.at AT TIME ZONE %(zone)s AS local, w.amount_paisa,
        p.amount_paisa AS credited_paisa, e.beneficiary_id, d.opens, d.closes, d.place_id AS device_district,
        CASE WHEN place.level = 'tehsil' THEN place.parent_id ELSE place.pcode END AS home_district,
        v.withdrawal_id IS NOT NULL AS reversed
    FROM payments_withdrawal AS w
    LEFT JOIN payments_device AS d ON d.id = w.device_id
    LEFT JOIN payments_payment AS p ON p.id = w.payment_id
    LEFT JOIN payments_entitlement AS e ON e.id = p.entitlement_id
    LEFT JOIN enrolment_beneficiary AS b ON b.id = e.beneficiary_id
    LEFT JOIN registry_family AS f ON f.id = b.family_id
    LEFT JOIN registry_household AS h ON h.id = f.household_id
    LEFT JOIN registry_place AS place ON place.pcode = h.place_id
    LEFT JOIN payments_reversal AS v ON v.withdrawal_id = w.id
    WHERE w.at >= %(since)s AND w.at < %(until)s
"""

VERIFICATIONS: Final = """
    SELECT v.id, u.username AS operator, v.started_at AT TIME ZONE %(zone)s AS local, p.amount_paisa,
        EXISTS (SELECT FROM payments_fallback AS f JOIN payments_fallbackanswer AS a ON a.fallback_id = f.id
                WHERE f.verification_id = v.id AND a.granted) AS by_fallback
    FROM payments_verification AS v
    JOIN auth_user AS u ON u.id = v.operator_id
    LEFT JOIN payments_payment AS p ON p.id = v.payment_id
    WHERE v.started_at >= %(since)s AND v.started_at < %(until)s
"""

_OF_DAY = "'device', device_id::text, local::date, local::date"
_OF_MONTH = "'device', device_id::text, date_trunc('month', max(local))::date, max(local)::date"
_EVIDENCE = f"(array_agg(id ORDER BY local, id))[1:{EVIDENCE_MAX}], count(*)::int, sum(amount_paisa)::bigint"

SQL: Final[dict[str, str]] = {
    "same_second": f"""
        SELECT {_OF_DAY}, {_EVIDENCE}, count(DISTINCT date_trunc('second', local))
        FROM (SELECT *, count(*) OVER (PARTITION BY device_id, date_trunc('second', local)) AS together
              FROM ({{events}}) AS e) AS marked
        WHERE together >= %(events_min)s
        GROUP BY device_id, local::date
        HAVING count(DISTINCT date_trunc('second', local)) >= %(times_min)s
    """,
    "burst": f"""
        SELECT {_OF_DAY}, {_EVIDENCE}, count(*)
        FROM (SELECT *, lag(local, %(per_minute_max)s) OVER (PARTITION BY device_id ORDER BY local, id) AS earlier
              FROM ({{events}}) AS e) AS marked
        WHERE local - earlier < interval '60 seconds'
        GROUP BY device_id, local::date HAVING count(*) >= %(times_min)s
    """,
    "day_count": f"""
        SELECT {_OF_DAY}, {_EVIDENCE}, count(*) FROM ({{events}}) AS e
        GROUP BY device_id, local::date HAVING count(*) > %(per_day_max)s
    """,
    "year_amount": f"""
        SELECT 'device', device_id::text, date_trunc('year', max(local))::date, max(local)::date,
            {_EVIDENCE}, sum(amount_paisa)::bigint / {PAISA_PER_RUPEE}
        FROM ({{events}}) AS e WHERE NOT reversed
        GROUP BY device_id, date_trunc('year', local)
        HAVING sum(amount_paisa) > %(rupees_max)s::bigint * {PAISA_PER_RUPEE}
    """,
    "out_of_hours": f"""
        SELECT {_OF_DAY}, {_EVIDENCE}, count(*)
        FROM (SELECT e.*, coalesce(e.opens, other.opens, %(opens)s) AS open_from,
                  coalesce(e.closes, other.closes, %(closes)s) AS open_until
              FROM ({{events}}) AS e LEFT JOIN unnest(%(other_first)s::date[], %(other_last)s::date[], %(other_opens)s::time[],
                  %(other_closes)s::time[]) AS other (first, last, opens, closes) ON e.local::date BETWEEN other.first AND other.last
        ) AS timed
        WHERE local::time < open_from OR local::time >= open_until
        GROUP BY device_id, local::date HAVING count(*) >= %(events_min)s
    """,
    "other_district": f"""
        SELECT {_OF_MONTH}, (array_agg(id ORDER BY local, id) FILTER (WHERE elsewhere))[1:{EVIDENCE_MAX}],
            (count(*) FILTER (WHERE elsewhere))::int, (sum(amount_paisa) FILTER (WHERE elsewhere))::bigint,
            count(DISTINCT beneficiary_id) FILTER (WHERE elsewhere)
        FROM (SELECT *, home_district <> device_district AND home_district <> ALL(%(travel)s::text[])
                  AND device_district <> ALL(%(travel)s::text[]) AS elsewhere FROM ({{events}}) AS e) AS marked
        GROUP BY device_id, date_trunc('month', local)
        HAVING count(DISTINCT beneficiary_id) FILTER (WHERE elsewhere) >= %(events_min)s
           AND count(DISTINCT beneficiary_id) FILTER (WHERE elsewhere) * 100
               >= %(share_pct)s * count(DISTINCT beneficiary_id)
    """,
    # A payee's device is the one she was at last; what she is short of is known once the days to settle are over.
    "same_cut": f"""
        SELECT DISTINCT ON (device_id, date_trunc('month', local)) {_OF_MONTH}, {_EVIDENCE}, count(*)
        FROM (SELECT *, count(*) FILTER (WHERE short) OVER month AS all_short, count(*) OVER month AS payees
              FROM (SELECT payment_id, (array_agg(id ORDER BY local, id))[count(*)] AS id, max(local) AS local,
                        (array_agg(device_id ORDER BY local, id))[count(*)] AS device_id,
                        credited_paisa - sum(amount_paisa) AS amount_paisa,
                        credited_paisa - sum(amount_paisa) >= %(rupees_min)s::bigint * {PAISA_PER_RUPEE}
                        AND (credited_paisa - sum(amount_paisa)) * 100 <= %(cut_pct_max)s * credited_paisa AS short
                    FROM ({{events}}) AS e WHERE NOT reversed GROUP BY payment_id, credited_paisa) AS paid_out
              WHERE local < %(settled)s AND local >= %(from)s
              WINDOW month AS (PARTITION BY device_id, date_trunc('month', local))) AS counted
        WHERE short
        GROUP BY device_id, date_trunc('month', local), amount_paisa, all_short, payees
        HAVING count(*) >= %(payees_min)s AND count(*) * 100 >= %(share_pct)s * all_short
           AND count(*) * 100 >= %(payees_pct)s * payees
        ORDER BY device_id, date_trunc('month', local), count(*) DESC
    """,
    "fallback_share": f"""
        SELECT 'operator', operator, date_trunc('month', max(local))::date, max(local)::date,
            (array_agg(id ORDER BY local, id) FILTER (WHERE by_fallback))[1:{EVIDENCE_MAX}],
            (count(*) FILTER (WHERE by_fallback))::int, (sum(amount_paisa) FILTER (WHERE by_fallback))::bigint,
            (count(*) FILTER (WHERE by_fallback)) * 100 / count(*)
        FROM ({{verifications}}) AS v GROUP BY operator, date_trunc('month', local)
        HAVING count(*) >= %(verifications_min)s
           AND (count(*) FILTER (WHERE by_fallback)) * 100 > %(share_pct)s * count(*)
    """,
}
RULES: Final = tuple(SQL)
# What an alert compares with what was measured.
_THRESHOLD = {
    "same_second": "times_min",
    "burst": "times_min",
    "day_count": "per_day_max",
    "year_amount": "rupees_max",
    "out_of_hours": "events_min",
    "other_district": "events_min",
    "same_cut": "payees_min",
    "fallback_share": "share_pct",
}


@dataclass(frozen=True, slots=True)
class Window:
    """The days looked at: from `since` (made the first of its month) until before `until`, in the country's `zone`."""

    since: datetime
    until: datetime
    zone: ZoneInfo

    def first(self) -> datetime:
        """Return the first moment of the month of `since`: windows are whole days, months and years."""
        day: date = self.since.astimezone(self.zone).date().replace(day=1)
        return datetime.combine(day, time(), self.zone)


def rule_of(rules: AlertRules, code: str) -> AlertRule:
    """Return a rule by its code."""
    found: AlertRule = getattr(rules, code)
    return found


def threshold(rules: AlertRules, code: str) -> int:
    """Return what is compared with what an alert of this rule measured."""
    return int(getattr(rule_of(rules, code), _THRESHOLD[code]))


def statement(code: str, events: str = EVENTS, verifications: str = VERIFICATIONS) -> str:
    """Return the rule's SQL over these relations."""
    return SQL[code].format(events=events, verifications=verifications)


def parameters(rules: AlertRules, code: str, window: Window) -> dict[str, Any]:
    """Return what the rule's SQL is given."""
    first = window.first()
    since = first
    if code == "year_amount":
        since = first.replace(month=1)
    if code == "same_cut":
        since = first - _LOOK_BACK
    values: dict[str, Any] = rule_of(rules, code).model_dump(exclude={"severity", "source"})
    values |= {"since": since, "until": window.until, "zone": str(window.zone)}
    values["from"] = first.replace(tzinfo=None)
    if "settle_days" in values:
        local_end = window.until.astimezone(window.zone).replace(tzinfo=None)
        values["settled"] = local_end - timedelta(days=values["settle_days"])
    if "other_hours" in values:
        spans = values.pop("other_hours")
        values |= {f"other_{name}": [span[name] for span in spans] for name in ("opens", "closes")}
        values["other_first"] = [span["from_"] for span in spans]
        values["other_last"] = [span["to"] or date.max for span in spans]
    if "travel" in values:
        values["travel"] = list(values["travel"])
    return values
