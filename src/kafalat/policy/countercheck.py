"""Checks `verification.yaml` and `alerts.yaml` against what no value can say about itself: dates, the order of rungs, places."""

from __future__ import annotations

from collections.abc import Iterator

from kafalat.policy.findings import Fault, Finding, nearest
from kafalat.policy.ranges import overlaps
from kafalat.policy.sheaf import Sheaf


def verification(sheaf: Sheaf) -> Iterator[Finding]:
    """Yield the findings of `verification.yaml`."""
    part = sheaf.verification
    if part.value is None:
        return
    for index, fault in overlaps(part.value.rules):
        yield part.finding(("rules", index, "from"), fault)
    for index, rules in enumerate(part.value.rules):
        means = [rung.means for rung in rules.rungs]
        for place, rung in enumerate(rules.rungs):
            where = ("rules", index, "rungs", place)
            if rung.means in means[:place]:
                yield part.finding(where, Fault("This means stands twice.", "یہ ذریعہ دو بار درج ہے۔"))
            if rung.fallback != (place > 0):
                yield part.finding(
                    where,
                    Fault(
                        "The first rung is no fallback, every later one is.",
                        "پہلا ذریعہ متبادل نہیں ہوتا، بعد کا ہر ذریعہ متبادل ہوتا ہے۔",
                    ),
                )
            if rung.means == "fingerprint" and rung.tries_max < rung.fingers_min:
                yield part.finding(
                    where,
                    Fault("More fingers are asked for than tries.", "انگلیاں کوششوں سے زیادہ مانگی گئی ہیں۔"),
                )


def alerts(sheaf: Sheaf) -> Iterator[Finding]:
    """Yield the findings of `alerts.yaml`."""
    part = sheaf.alerts
    if part.value is None:
        return
    for index, fault in overlaps(part.value.rules):
        yield part.finding(("rules", index, "from"), fault)
    districts = [place.pcode for place in sheaf.places.by_pcode.values() if place.level == "district"]
    for index, rules in enumerate(part.value.rules):
        where = ("rules", index, "out_of_hours")
        other = rules.out_of_hours.other_hours
        for number, fault in overlaps(other):
            yield part.finding((*where, "other_hours", number, "from"), fault)
        usual = (rules.out_of_hours.opens, rules.out_of_hours.closes, where)
        others = [
            (each.opens, each.closes, (*where, "other_hours", number)) for number, each in enumerate(other)
        ]
        for opens, closes, at in (usual, *others):
            if opens >= closes:
                fault = Fault("A day closes after it opens.", "بند ہونے کا وقت کھلنے کے بعد ہوتا ہے۔")
                yield part.finding((*at, "closes"), fault)
        for place, pcode in enumerate(rules.other_district.travel):
            if pcode not in districts:
                hint = nearest(pcode, districts)
                fault = Fault(
                    f"'{pcode}' is no district of places.csv.",
                    f"«{pcode}» places.csv میں کوئی ضلع نہیں۔",
                    hint,
                )
                yield part.finding(("rules", index, "other_district", "travel", place), fault)
