"""Checks the facts a programme declares and every expression of its rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kafalat.policy.documents import texts_at
from kafalat.policy.expression_types import BOOLEAN, FactType
from kafalat.policy.expressions import names, refusal, unknown, validate
from kafalat.policy.findings import Fault, Finding
from kafalat.policy.model import Category, Exclusion, Fact, NoPayeeReason, PayeeRule
from kafalat.policy.sheaf import Sheaf
from kafalat.policy.vocabulary import DECISION_COLUMNS, PERSON_CORE, TABLE_COLUMNS

Level = Literal["household", "person"]
# Whose facts the criteria of each list of eligibility.yaml are about.
_LEVELS: dict[str, Level] = {
    "categories": "household",
    "exclusions": "household",
    "payees": "person",
    "no_payee": "person",
}
Location = tuple[str | int, ...]


def facts(sheaf: Sheaf) -> Iterator[Finding]:
    """Yield the findings of `facts.yaml`: each fact by itself, its expressions, and circles among derived facts."""
    part = sheaf.facts
    if part.value is None:
        return
    declared = part.value.facts
    sound: dict[str, str] = {}
    for index, fact in enumerate(declared):
        for key, fault in _fact(fact):
            yield part.finding(("facts", index, key), fault)
        for key, expression, faults in _rules(fact, Known.of(sheaf)):
            for fault in faults:
                yield part.finding(("facts", index, key), fault)
            if not faults:
                sound[fact.name] = expression
    for index in _circles(declared, sound):
        name = declared[index].name
        fault = Fault(
            f"'{name}' follows from itself through other facts.",
            f"«{name}» دوسرے کوائف سے ہو کر خود اپنے اوپر منحصر ہے۔",
        )
        yield part.finding(("facts", index, "sql"), fault)


def eligibility_rules(sheaf: Sheaf) -> Iterator[Finding]:
    """Yield the findings of every criterion of `eligibility.yaml`."""
    part, known = sheaf.eligibility, Known.of(sheaf)
    if part.value is None or sheaf.facts.value is None:
        return
    criteria: list[tuple[Location, str | None, Level]] = []
    for key, level in _LEVELS.items():
        entries: Sequence[Category | Exclusion | PayeeRule | NoPayeeReason] = getattr(part.value, key)
        criteria += [
            ((key, index, "criterion"), entry.criterion, level) for index, entry in enumerate(entries)
        ]
    for location, criterion, level in criteria:
        for fault in known.faults(criterion, level) if criterion is not None else []:
            yield part.finding(location, fault)


@dataclass(frozen=True)
class Known:
    """The facts a rule can name: of the household, of a person, and those set aside because they are wrong themselves."""

    household: Mapping[str, FactType]
    person: Mapping[str, FactType]
    set_aside: frozenset[str]

    @classmethod
    def of(cls, sheaf: Sheaf) -> Known:
        """Return what `facts.yaml` declares, with the core columns of people."""
        declared = sheaf.facts.value.facts if sheaf.facts.value else ()
        types = {
            level: {fact.name: type_of(fact) for fact in declared if fact.level == level}
            for level in ("household", "person")
        }
        named = frozenset(fact.name for fact in declared)
        return cls(
            types["household"],
            types["person"] | dict(PERSON_CORE),
            texts_at(sheaf.facts.written, "facts", "name") - named,
        )

    def faults(
        self, expression: str, level: Level, *, aggregate: bool = False, wanted: FactType = BOOLEAN
    ) -> list[Fault]:
        """Return the faults of a rule over the facts of one level. A rule that uses a fact set aside waits for that fact."""
        refused = refusal(expression)
        if refused is not None:
            return [refused]
        known, other = (self.person, self.household) if level == "person" else (self.household, self.person)
        strangers = sorted(names(expression) - known.keys())
        if not strangers:
            return validate(expression, known, aggregate=aggregate, wanted=wanted)
        owner = ("a person", "فرد") if level == "household" else ("the household", "گھرانے")
        return [
            Fault(
                f"'{name}' is a fact about {owner[0]}; it cannot be used here.",
                f"«{name}» {owner[1]} کے کوائف میں سے ہے؛ یہاں استعمال نہیں ہو سکتا۔",
            )
            if name in other
            else unknown(name, known)
            for name in strangers
            if name not in self.set_aside
        ]


def type_of(fact: Fact) -> FactType:
    """Return a fact's type in the rule language."""
    never_zero = (fact.minimum is not None and fact.minimum > 0) or (
        fact.maximum is not None and fact.maximum < 0
    )
    return FactType(fact.type, frozenset(fact.categories), never_zero=never_zero)


def _fact(fact: Fact) -> Iterator[tuple[str, Fault]]:
    """Yield what is wrong with a fact by itself, with the key it stands at."""
    yield from _name(fact)
    if (fact.type == "category") != bool(fact.categories):
        yield (
            "type",
            Fault(
                "A category, and nothing else, has categories.",
                "زمرے (categories) صرف category قسم کے کوائف کے ہوتے ہیں۔",
            ),
        )
    if fact.type not in ("integer", "number") and (fact.minimum is not None or fact.maximum is not None):
        yield (
            "type",
            Fault(
                "Only a number has a minimum and a maximum.",
                "کم سے کم اور زیادہ سے زیادہ حد صرف عدد کی ہوتی ہے۔",
            ),
        )
    if fact.minimum is not None and fact.maximum is not None and fact.minimum > fact.maximum:
        yield (
            "maximum",
            Fault("The maximum lies below the minimum.", "زیادہ سے زیادہ حد کم سے کم حد سے نیچے ہے۔"),
        )
    yield from _kind(fact)
    if fact.asked_if is not None and (fact.level != "person" or fact.kind != "collected"):
        yield (
            "asked_if",
            Fault(
                "asked_if limits a question about a person.",
                "asked_if صرف فرد کے بارے میں سوال کو محدود کرتا ہے۔",
            ),
        )
    if fact.proxy != (fact.not_proxy is None):
        yield (
            "proxy" if fact.not_proxy is None else "not_proxy",
            Fault(
                "A fact kept out of the scorecard (proxy: false), and no other, says why in not_proxy.",
                "جو کوائف اسکور کارڈ سے باہر رکھا جائے (proxy: false) صرف وہی not_proxy میں وجہ بتاتا ہے۔",
            ),
        )


def _name(fact: Fact) -> Iterator[tuple[str, Fault]]:
    """Yield what is wrong with the name: a column of every survey, or one the engine makes its own columns of."""
    if fact.name in TABLE_COLUMNS or fact.name in PERSON_CORE:
        yield (
            "name",
            Fault(
                f"'{fact.name}' is a column of every survey; no fact may take its name.",
                f"«{fact.name}» ہر سروے کا اپنا کالم ہے؛ کوائف کا نام یہ نہیں ہو سکتا۔",
            ),
        )
    if fact.name in DECISION_COLUMNS or fact.name.startswith("points_") or "__" in fact.name:
        yield (
            "name",
            Fault(
                f"'{fact.name}' is kept for columns of the result; a fact's name has no __ and does not begin with points_.",
                f"«{fact.name}» نتیجے کے کالموں کے لیے ہے؛ کوائف کے نام میں __ نہیں ہوتا اور وہ points_ سے شروع نہیں ہوتا۔",
            ),
        )


def _kind(fact: Fact) -> Iterator[tuple[str, Fault]]:
    """Yield what does not fit a collected or a derived fact."""
    if fact.kind == "collected" and (fact.sql is not None or fact.over is not None):
        yield (
            "kind",
            Fault(
                "A collected fact is an answer; it has neither sql nor over.",
                "collected کوائف جواب ہوتے ہیں؛ ان میں sql اور over نہیں ہوتا۔",
            ),
        )
    if fact.kind != "derived":
        return
    if fact.sql is None or fact.over is None:
        yield (
            "kind",
            Fault("A derived fact needs sql and over.", "derived کوائف کے لیے sql اور over دونوں چاہییں۔"),
        )
    if fact.level == "person":
        yield (
            "level",
            Fault("A derived fact belongs to the household.", "derived کوائف گھرانے کے ہوتے ہیں۔"),
        )


def _rules(fact: Fact, known: Known) -> Iterator[tuple[str, str, list[Fault]]]:
    """Yield the key, the text and the faults of each expression of a fact."""
    if fact.kind == "derived" and fact.sql is not None and fact.over is not None:
        people = fact.over == "people"
        yield (
            "sql",
            fact.sql,
            known.faults(
                fact.sql, "person" if people else "household", aggregate=people, wanted=type_of(fact)
            ),
        )
    if fact.asked_if is not None:
        yield "asked_if", fact.asked_if, known.faults(fact.asked_if, "person")


def _circles(declared: tuple[Fact, ...], sound: Mapping[str, str]) -> list[int]:
    """Return the indexes of facts that follow from themselves. `sound` has the faultless expression of each fact that has one."""
    used = {
        fact.name: names(sound[fact.name]) if fact.name in sound else frozenset[str]() for fact in declared
    }
    circular: list[int] = []
    for index, fact in enumerate(declared):
        reached: set[str] = set()
        waiting = set(used[fact.name])
        while waiting:
            name = waiting.pop()
            reached.add(name)
            waiting |= used.get(name, frozenset()) - reached
        if fact.name in reached:
            circular.append(index)
    return circular
