"""Hours differ for a time: what is honest in the evenings of Ramadan is not suspected, and what happens by night still is."""

from __future__ import annotations

from datetime import date, time

from kafalat.integrity.rules import RULES
from kafalat.interfaces.office import Office
from kafalat.policy.alerts import AlertRules, OtherHours
from tests.integrity.quarter import made
from tests.integrity.test_planted import alerts_over, measured, rules_of


def with_hours(rules: AlertRules, *hours: OtherHours) -> AlertRules:
    """Return rules of these spans under which a single withdrawal at a wrong hour is suspected."""
    own = rules.out_of_hours.model_copy(update={"other_hours": hours, "events_min": 1})
    return rules.model_copy(update={"out_of_hours": own})


def span(first: date, last: date | None) -> OtherHours:
    return OtherHours.model_validate(
        {"from": first, "to": last, "opens": time(8), "closes": time(23), "source": "a test"}
    )


def test_evenings_of_a_span_are_honest_and_its_nights_are_not(office: Office, database: str) -> None:
    quarter = made(16_000, seed=20260101)
    rules = rules_of(office)

    def figures(rules: AlertRules) -> dict[str, dict[str, int]]:
        return measured(quarter, alerts_over(quarter, rules))

    shipped = figures(with_hours(rules, *rules.out_of_hours.other_hours))
    one_set = figures(with_hours(rules))
    hours, before = shipped["out_of_hours"], one_set["out_of_hours"]
    assert hours["found"] == before["found"] > 0
    assert hours["alerts"] == hours["of_any_fraud"]
    # Control: with one set of hours for the year the evenings are raised; a span of other days changes nothing.
    assert before["alerts"] > before["of_any_fraud"]
    assert figures(with_hours(rules, span(date(2025, 2, 1), date(2025, 3, 1)))) == one_set
    # A span without an end holds for every day after its first.
    assert figures(with_hours(rules, span(date(2026, 2, 18), None)))["out_of_hours"] == hours
    assert {code: shipped[code] for code in RULES if code != "out_of_hours"} == {
        code: one_set[code] for code in RULES if code != "out_of_hours"
    }
