"""Checks `reconciliation.yaml` against what no value can say about itself: dates, the order of months, places in texts."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter

from kafalat.policy.findings import Fault, Finding
from kafalat.policy.ranges import overlaps
from kafalat.policy.sheaf import Sheaf

_PLACES = frozenset({"amount", "tranche", "bank"})


def reconciliation(sheaf: Sheaf) -> Iterator[Finding]:
    """Yield the findings of `reconciliation.yaml`."""
    part = sheaf.reconciliation
    if part.value is None:
        return
    for index, fault in overlaps(part.value.rules):
        yield part.finding(("rules", index, "from"), fault)
    for index, rules in enumerate(part.value.rules):
        months = [warning.after_months for warning in rules.idle.warnings]
        for place, warning in enumerate(rules.idle.warnings):
            where = ("rules", index, "idle", "warnings", place)
            if warning.after_months in months[:place] or months[: place + 1] != sorted(months[: place + 1]):
                yield part.finding(
                    where,
                    Fault(
                        "Warnings stand in the order of their months, one each.",
                        "تنبیہات مہینوں کی ترتیب سے ہوں، ہر مہینے کی ایک۔",
                    ),
                )
            if warning.after_months >= rules.idle.take_back_after_months:
                yield part.finding(
                    where,
                    Fault(
                        "A warning comes before the money is taken back.",
                        "تنبیہ رقم واپس لینے سے پہلے ہوتی ہے۔",
                    ),
                )
            for text in (warning.text.en, warning.text.ur):
                unknown = {name for _, name, _, _ in Formatter().parse(text) if name} - _PLACES
                if unknown:
                    yield part.finding(
                        where,
                        Fault(
                            f"The text fills in {', '.join(sorted(unknown))}; only amount, tranche and bank are known.",
                            f"متن میں {'، '.join(sorted(unknown))} ہے؛ صرف amount، tranche اور bank معلوم ہیں۔",
                        ),
                    )
        if not rules.idle.warnings:
            yield part.finding(
                ("rules", index, "idle", "warnings"),
                Fault(
                    "Nobody's money is taken back without a warning before.",
                    "پیشگی تنبیہ کے بغیر کسی کی رقم واپس نہیں لی جاتی۔",
                ),
            )
        if rules.matching.propose_from_ppm > rules.matching.book_from_ppm:
            yield part.finding(
                ("rules", index, "matching", "propose_from_ppm"),
                Fault(
                    "What may be booked must be shown first: this is above book_from_ppm.",
                    "جو درج ہو سکتا ہے وہ پہلے دکھایا جائے: یہ book_from_ppm سے زیادہ ہے۔",
                ),
            )
