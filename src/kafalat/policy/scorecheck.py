"""Checks the scorecard: each term's fact, and bins that cover every value of it exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from kafalat.policy.documents import texts_at
from kafalat.policy.findings import Fault, Finding, nearest
from kafalat.policy.model import Bin, Fact, Term
from kafalat.policy.sheaf import Sheaf

Location = tuple[str | int, ...]


def scorecard(sheaf: Sheaf) -> Iterator[Finding]:
    """Yield the findings of `scorecard.yaml`: each term's fact, and bins that cover every value exactly once."""
    part, declared = sheaf.scorecard, sheaf.facts.value
    if part.value is None:
        return
    if part.value.minimum >= part.value.maximum:
        yield part.finding(
            ("maximum",),
            Fault(
                "The maximum must be above the minimum.",
                "زیادہ سے زیادہ حد (maximum) کم سے کم حد سے اوپر ہونی چاہیے۔",
            ),
        )
    if declared is None:
        return
    by_name = {fact.name: fact for fact in declared.facts}
    named = texts_at(sheaf.facts.written, "facts", "name")
    seen: set[str] = set()
    for index, term in enumerate(part.value.terms):
        fact = by_name.get(term.fact)
        if term.fact in seen:
            yield part.finding(
                ("terms", index, "fact"),
                Fault(f"'{term.fact}' has a term already.", f"«{term.fact}» پہلے ہی اسکور کارڈ میں ہے۔"),
            )
        seen.add(term.fact)
        if fact is None:
            if term.fact not in named:
                usable = [name for name, each in by_name.items() if each.level == "household"]
                fault = Fault(
                    f"'{term.fact}' is no fact of facts.yaml.",
                    f"«{term.fact}» facts.yaml کا کوئی کوائف نہیں۔",
                    nearest(term.fact, usable),
                )
                yield part.finding(("terms", index, "fact"), fault)
        elif part.whole:
            for location, fault in _term(term, fact):
                yield part.finding(("terms", index, *location), fault)


def _term(term: Term, fact: Fact) -> Iterator[tuple[Location, Fault]]:
    if fact.level != "household":
        yield (
            ("fact",),
            Fault(
                f"'{fact.name}' is a fact about a person; derive one over people.",
                f"«{fact.name}» فرد کے کوائف میں سے ہے؛ گھرانے کے لیے derived کوائف بنائیں۔",
            ),
        )
    elif not fact.proxy:
        yield (
            ("fact",),
            Fault(
                f"'{fact.name}' is kept out of the scorecard (proxy: false).",
                f"«{fact.name}» اسکور کارڈ سے باہر رکھا گیا ہے (proxy: false)۔",
            ),
        )
    elif fact.type == "number":
        yield (
            ("fact",),
            Fault(
                f"'{fact.name}' is not a whole number; derive a category or a whole number from it.",
                f"«{fact.name}» پورا عدد نہیں؛ اس سے زمرہ یا پورا عدد derive کریں۔",
            ),
        )
    elif fact.type == "integer":
        yield from _ranges(term, fact)
    else:
        yield from _values(term, fact)


def _values(term: Term, fact: Fact) -> Iterator[tuple[Location, Fault]]:
    """Each category, or true and false, stands in exactly one bin."""
    valid: tuple[str | bool, ...] = (True, False) if fact.type == "boolean" else tuple(fact.categories)
    seen: set[str | bool] = set()
    for index, each in enumerate(term.bins):
        if each.is_ is None or each.from_ is not None or each.to is not None:
            yield (
                ("bins", index),
                Fault(
                    f"A bin of '{fact.name}' has 'is' with its values.",
                    f"«{fact.name}» کے خانے میں «is» اور اس کی قدریں ہوتی ہیں۔",
                ),
            )
            return
        for value in each.is_:
            # In Python True == 1, but both sides are checked by type before they get here.
            if value not in valid or isinstance(value, bool) != (fact.type == "boolean"):
                fault = Fault(
                    f"'{value}' is no value of '{fact.name}'.",
                    f"«{value}» «{fact.name}» کی کوئی قدر نہیں۔",
                    nearest(value, map(str, valid)),
                )
                yield ("bins", index, "is"), fault
            elif value in seen:
                yield (
                    ("bins", index, "is"),
                    Fault(f"'{value}' stands in two bins.", f"«{value}» دو خانوں میں ہے۔"),
                )
            seen.add(value)
    missing = [str(value) for value in valid if value not in seen]
    if missing:
        listed = ", ".join(missing)
        yield (
            ("bins",),
            Fault(
                f"No bin of '{fact.name}' has: {listed}.", f"«{fact.name}» کے کسی خانے میں یہ نہیں: {listed}۔"
            ),
        )


def _ranges(term: Term, fact: Fact) -> Iterator[tuple[Location, Fault]]:
    """Numeric bins follow each other without gap or overlap and cover all the fact can be."""
    if any(each.is_ is not None for each in term.bins):
        yield (
            ("bins",),
            Fault(
                f"Bins of '{fact.name}' have from and to.",
                f"«{fact.name}» کے خانوں میں from اور to ہوتے ہیں۔",
            ),
        )
        return
    ordered = sorted(range(len(term.bins)), key=lambda index: _low(term.bins[index]))
    reached: float | None = None
    for index in ordered:
        low, high = _low(term.bins[index]), _high(term.bins[index])
        if high < low:
            yield ("bins", index), Fault("'to' lies below 'from'.", "«to» «from» سے کم ہے۔")
        elif reached is None and low > (-inf if fact.minimum is None else fact.minimum):
            yield (
                ("bins", index),
                _gap(fact, "below" if fact.minimum is None else str(fact.minimum), f"{low - 1:.0f}"),
            )
        elif reached is not None and low > reached + 1:
            yield ("bins", index), _gap(fact, f"{reached + 1:.0f}", f"{low - 1:.0f}")
        elif reached is not None and low <= reached:
            yield (
                ("bins", index),
                Fault(
                    f"It overlaps the bin before it: {low:.0f} is in both.",
                    f"یہ پچھلے خانے سے ٹکراتا ہے: {low:.0f} دونوں میں ہے۔",
                ),
            )
        reached = high if reached is None else max(reached, high)
    if reached is not None and reached < (inf if fact.maximum is None else fact.maximum):
        yield (
            ("bins", ordered[-1]),
            _gap(fact, f"{reached + 1:.0f}", "above" if fact.maximum is None else str(fact.maximum)),
        )


def _gap(fact: Fact, first: str, last: str) -> Fault:
    urdu = {"below": "سب سے کم", "above": "سب سے زیادہ"}
    return Fault(
        f"No bin of '{fact.name}' covers {first} to {last}; leave from or to out for an open end.",
        f"«{fact.name}» کا کوئی خانہ {urdu.get(first, first)} سے {urdu.get(last, last)} تک نہیں؛ کھلے سرے کے لیے from یا to نہ لکھیں۔",
    )


def _low(each: Bin) -> float:
    return -inf if each.from_ is None else each.from_


def _high(each: Bin) -> float:
    return inf if each.to is None else each.to
