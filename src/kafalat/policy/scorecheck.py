"""Checks the scorecard: its bounds, the facts of its terms, pairs and strata, and that every value of a fact earns points exactly once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kafalat.policy.documents import texts_at
from kafalat.policy.findings import Fault, Finding, nearest
from kafalat.policy.model import Fact, Pair, Scorecard, Stratum, Term
from kafalat.policy.parts import Part
from kafalat.policy.sheaf import Sheaf
from kafalat.policy.spans import spans_faults

Location = tuple[str | int, ...]
SCORE_MIN, SCORE_MAX = 0, 100


@dataclass(frozen=True)
class _Declared:
    """The facts of facts.yaml by name, and every name that stands there, also of facts set aside for a mistake."""

    facts: Mapping[str, Fact]
    named: frozenset[str]

    def unknown(self, name: str) -> Iterator[Fault]:
        """Yield the fault of a name that stands nowhere in facts.yaml."""
        if name not in self.named:
            usable = [each for each, fact in self.facts.items() if fact.level == "household"]
            yield Fault(
                f"'{name}' is no fact of facts.yaml.",
                f"«{name}» facts.yaml کا کوئی کوائف نہیں۔",
                nearest(name, usable),
            )


def scorecard(sheaf: Sheaf) -> Iterator[Finding]:
    """Yield the findings of `scorecard.yaml`."""
    part = sheaf.scorecard
    if part.value is None:
        return
    for location, fault in _bounds(part.value):
        yield part.finding(location, fault)
    if part.whole and not any(
        [part.value.terms, part.value.pairs, *(each.terms or each.pairs for each in part.value.strata)]
    ):
        fault = Fault("The card has neither terms nor pairs.", "کارڈ میں نہ terms ہیں نہ pairs۔")
        yield part.finding(("terms",), fault)
    if sheaf.facts.value is None:
        return
    declared = _Declared(
        {fact.name: fact for fact in sheaf.facts.value.facts},
        texts_at(sheaf.facts.written, "facts", "name"),
    )
    for location, fault in _contents(part, declared):
        yield part.finding(location, fault)


def relation(sheaf: Sheaf) -> Iterator[Finding]:
    """Yield the findings of `relation.yaml`: bands follow each other without gap or overlap over all scores."""
    part = sheaf.relation
    if part.value is None:
        return
    expected = SCORE_MIN
    for index, band in enumerate(part.value.bands):
        if band.from_ != expected or band.to < band.from_:
            yield part.finding(
                ("bands", index),
                Fault(f"This band must begin at {expected}.", f"یہ خانہ {expected} سے شروع ہونا چاہیے۔"),
            )
            return
        expected = band.to + 1
    if expected != SCORE_MAX + 1:
        fault = Fault(f"The last band must end at {SCORE_MAX}.", f"آخری خانہ {SCORE_MAX} پر ختم ہونا چاہیے۔")
        yield part.finding(("bands",), fault)


def _bounds(card: Scorecard) -> Iterator[tuple[Location, Fault]]:
    """A score is a whole number from 0 to 100: the database keeps no other."""
    for key, value in (("minimum", card.minimum), ("maximum", card.maximum)):
        if not SCORE_MIN <= value <= SCORE_MAX:
            yield (
                (key,),
                Fault(
                    f"{value} is outside what a score can be: {SCORE_MIN} to {SCORE_MAX}.",
                    f"{value} اسکور کی حدود سے باہر ہے: {SCORE_MIN} تا {SCORE_MAX}۔",
                ),
            )
    if card.minimum >= card.maximum:
        yield (
            ("maximum",),
            Fault(
                "The maximum must be above the minimum.",
                "زیادہ سے زیادہ حد (maximum) کم سے کم حد سے اوپر ہونی چاہیے۔",
            ),
        )


def _contents(part: Part[Scorecard], declared: _Declared) -> Iterator[tuple[Location, Fault]]:
    card = part.value
    if card is None:
        return
    columns: set[str] = set()
    yield from _stratum(card, declared, whole=part.whole)
    parts: list[tuple[Location, Scorecard | Stratum]] = [((), card)]
    parts += [(("strata", index), stratum) for index, stratum in enumerate(card.strata)]
    for prefix, each in parts:
        named: list[tuple[Location, tuple[str, ...]]] = [
            ((*prefix, "terms", index, "fact"), (term.fact,)) for index, term in enumerate(each.terms)
        ]
        named += [((*prefix, "pairs", index, "facts"), tuple(p.facts)) for index, p in enumerate(each.pairs)]
        yield from _repeated(named, f"{each.is_[0]}_" if isinstance(each, Stratum) else "", columns)
        for location, names in named:
            for name in names:
                for fault in declared.unknown(name):
                    yield location, fault
        if not part.whole:
            continue
        for index, term in enumerate(each.terms):
            for location, fault in _term(term, declared):
                yield (*prefix, "terms", index, *location), fault
        for index, pair in enumerate(each.pairs):
            for location, fault in _pair(pair, declared):
                yield (*prefix, "pairs", index, *location), fault


def _repeated(
    named: Sequence[tuple[Location, tuple[str, ...]]], prefix: str, columns: set[str]
) -> Iterator[tuple[Location, Fault]]:
    """Each fact has one term and each two facts one pair in the same part; `columns` collects the names of the result's columns."""
    seen: set[tuple[str, ...]] = set()
    for location, names in named:
        shown = " × ".join(names)
        column = prefix + "__".join(names)
        if len(set(names)) < len(names):
            yield (
                location,
                Fault(
                    f"A pair has two different facts, not '{names[0]}' twice.",
                    f"جوڑے میں دو الگ کوائف ہوتے ہیں، «{names[0]}» دو بار نہیں۔",
                ),
            )
        elif tuple(sorted(names)) in seen:
            what = ("a term", "terms") if len(names) == 1 else ("a pair", "pairs")
            yield (
                location,
                Fault(
                    f"'{shown}' has {what[0]} already.", f"«{shown}» پہلے ہی اسکور کارڈ میں ہے ({what[1]})۔"
                ),
            )
        elif column in columns:
            yield (
                location,
                Fault(
                    f"Its column '{column}' would have the name of another line's; rename the fact.",
                    f"اس کے کالم «{column}» کا نام کسی اور سطر جیسا ہو گا؛ کوائف کا نام بدلیں۔",
                ),
            )
        seen.add(tuple(sorted(names)))
        columns.add(column)


def _stratum(card: Scorecard, declared: _Declared, *, whole: bool) -> Iterator[tuple[Location, Fault]]:
    """The stratum is a household category, each of whose codes stands in one stratum. It may be a fact without points."""
    if card.stratum is None:
        if card.strata:
            fault = Fault(
                "strata need 'stratum', the fact they follow.",
                "strata کے لیے «stratum» یعنی وہ کوائف لکھیں جس سے یہ بنتے ہیں۔",
            )
            yield ("strata",), fault
        return
    fact = declared.facts.get(card.stratum)
    if fact is None:
        for fault in declared.unknown(card.stratum):
            yield ("stratum",), fault
        return
    if fact.level != "household" or fact.type != "category":
        fault = Fault(
            f"'{fact.name}' is no category of the household; only such a fact has strata.",
            f"«{fact.name}» گھرانے کا زمرہ نہیں؛ strata صرف ایسے کوائف کے ہوتے ہیں۔",
            nearest(
                fact.name,
                [n for n, f in declared.facts.items() if f.level == "household" and f.type == "category"],
            ),
        )
        yield ("stratum",), fault
        return
    seen: set[str] = set()
    for index, stratum in enumerate(card.strata):
        for code in stratum.is_:
            if code not in fact.categories:
                fault = Fault(
                    f"'{code}' is no value of '{fact.name}'.",
                    f"«{code}» «{fact.name}» کی کوئی قدر نہیں۔",
                    nearest(code, fact.categories),
                )
                yield ("strata", index, "is"), fault
            elif code in seen:
                yield (
                    ("strata", index, "is"),
                    Fault(f"'{code}' stands in two strata.", f"«{code}» دو strata میں ہے۔"),
                )
            seen.add(code)
    missing = [code for code in fact.categories if code not in seen]
    if missing and whole:
        listed = ", ".join(missing)
        fault = Fault(f"No stratum has: {listed}.", f"کسی stratum میں یہ نہیں: {listed}۔")
        yield ("strata",) if card.strata else ("stratum",), fault


def _term(term: Term, declared: _Declared) -> Iterator[tuple[Location, Fault]]:
    fact = declared.facts.get(term.fact)
    if fact is None:
        return
    fault = no_points(fact)
    if fault is not None:
        yield ("fact",), fault
        return
    for location, each in spans_faults(term.bins, fact):
        yield ("bins", *location), each


def _pair(pair: Pair, declared: _Declared) -> Iterator[tuple[Location, Fault]]:
    for key, name, spans in zip(("rows", "columns"), pair.facts, (pair.rows, pair.columns), strict=True):
        fact = declared.facts.get(name)
        if fact is None:
            continue
        fault = no_points(fact)
        if fault is not None:
            yield ("facts",), fault
            continue
        for location, each in spans_faults(spans, fact):
            yield (key, *location), each
    if len(pair.points) != len(pair.rows):
        yield (
            ("points",),
            Fault(
                f"points has {len(pair.points)} rows; 'rows' has {len(pair.rows)}.",
                f"points میں {len(pair.points)} قطاریں ہیں؛ «rows» میں {len(pair.rows)}۔",
            ),
        )
    for index, row in enumerate(pair.points):
        if len(row) != len(pair.columns):
            yield (
                ("points", index),
                Fault(
                    f"This row has {len(row)} points; 'columns' has {len(pair.columns)}.",
                    f"اس قطار میں {len(row)} پوائنٹس ہیں؛ «columns» میں {len(pair.columns)}۔",
                ),
            )


def no_points(fact: Fact) -> Fault | None:
    """Return why a fact can have no points, or None."""
    if fact.level != "household":
        return Fault(
            f"'{fact.name}' is a fact about a person; derive one over people.",
            f"«{fact.name}» فرد کے کوائف میں سے ہے؛ گھرانے کے لیے derived کوائف بنائیں۔",
        )
    if not fact.proxy:
        why = (
            ("", "") if fact.not_proxy is None else (f": {fact.not_proxy.en}", f"۔ وجہ: {fact.not_proxy.ur}")
        )
        return Fault(
            f"'{fact.name}' is kept out of the scorecard (proxy: false){why[0]}.",
            f"«{fact.name}» اسکور کارڈ سے باہر رکھا گیا ہے (proxy: false){why[1]}۔",
        )
    if fact.type == "number":
        return Fault(
            f"'{fact.name}' is not a whole number; derive a category or a whole number from it.",
            f"«{fact.name}» پورا عدد نہیں؛ اس سے زمرہ یا پورا عدد derive کریں۔",
        )
    return None
