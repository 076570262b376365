"""Checks spans of a fact's values: bins of a term, rows and columns of a pair. Every value lies in exactly one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from kafalat.policy.findings import Fault, nearest
from kafalat.policy.model import Fact, Span

Location = tuple[str | int, ...]


def spans_faults(spans: Sequence[Span], fact: Fact) -> Iterator[tuple[Location, Fault]]:
    """Yield each gap, overlap and wrong value, with its place in the list of spans."""
    yield from _ranges(spans, fact) if fact.type == "integer" else _values(spans, fact)


def _values(spans: Sequence[Span], fact: Fact) -> Iterator[tuple[Location, Fault]]:
    """Each category, or true and false, stands in exactly one bin."""
    valid: tuple[str | bool, ...] = (True, False) if fact.type == "boolean" else tuple(fact.categories)
    seen: set[str | bool] = set()
    for index, each in enumerate(spans):
        if each.is_ is None or each.from_ is not None or each.to is not None:
            yield (
                (index,),
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
                yield (index, "is"), fault
            elif value in seen:
                yield (
                    (index, "is"),
                    Fault(f"'{value}' stands in two bins.", f"«{value}» دو خانوں میں ہے۔"),
                )
            seen.add(value)
    missing = [str(value) for value in valid if value not in seen]
    if missing:
        listed = ", ".join(missing)
        yield (
            (),
            Fault(
                f"No bin of '{fact.name}' has: {listed}.", f"«{fact.name}» کے کسی خانے میں یہ نہیں: {listed}۔"
            ),
        )


def _ranges(spans: Sequence[Span], fact: Fact) -> Iterator[tuple[Location, Fault]]:
    """Numeric bins follow each other without gap or overlap and cover all the fact can be."""
    if any(each.is_ is not None for each in spans):
        yield (
            (),
            Fault(
                f"Bins of '{fact.name}' have from and to.",
                f"«{fact.name}» کے خانوں میں from اور to ہوتے ہیں۔",
            ),
        )
        return
    ordered = sorted(range(len(spans)), key=lambda index: _low(spans[index]))
    reached: float | None = None
    for index in ordered:
        low, high = _low(spans[index]), _high(spans[index])
        if high < low:
            yield (index,), Fault("'to' lies below 'from'.", "«to» «from» سے کم ہے۔")
        elif reached is None and low > (-inf if fact.minimum is None else fact.minimum):
            yield (
                (index,),
                _gap(fact, "below" if fact.minimum is None else str(fact.minimum), f"{low - 1:.0f}"),
            )
        elif reached is not None and low > reached + 1:
            yield (index,), _gap(fact, f"{reached + 1:.0f}", f"{low - 1:.0f}")
        elif reached is not None and low <= reached:
            yield (
                (index,),
                Fault(
                    f"It overlaps the bin before it: {low:.0f} is in both.",
                    f"یہ پچھلے خانے سے ٹکراتا ہے: {low:.0f} دونوں میں ہے۔",
                ),
            )
        reached = high if reached is None else max(reached, high)
    if reached is not None and reached < (inf if fact.maximum is None else fact.maximum):
        yield (
            (ordered[-1],),
            _gap(fact, f"{reached + 1:.0f}", "above" if fact.maximum is None else str(fact.maximum)),
        )


def _gap(fact: Fact, first: str, last: str) -> Fault:
    urdu = {"below": "سب سے کم", "above": "سب سے زیادہ"}
    return Fault(
        f"No bin of '{fact.name}' covers {first} to {last}; leave from or to out for an open end.",
        f"«{fact.name}» کا کوئی خانہ {urdu.get(first, first)} سے {urdu.get(last, last)} تک نہیں؛ کھلے سرے کے لیے from یا to نہ لکھیں۔",
    )


def _low(each: Span) -> float:
    return -inf if each.from_ is None else each.from_


def _high(each: Span) -> float:
    return inf if each.to is None else each.to
