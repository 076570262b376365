"""One household from plain values: the same facts, score and decision as a run, without a database or files.

For the clerk's screen and for explanations. Expressions are the programme's own, walked by `engine.evaluating`; the
parity suite holds this, DuckDB and Spark to one result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeGuard

from sqlglot import exp

from kafalat.engine.answers import check_answers
from kafalat.engine.deciding import (
    MISSING_FACTS,
    SCORE_ABOVE_CUTOFF,
    CategoryInForce,
    deciding_categories,
    exclusions_in_force,
    reason_within,
)
from kafalat.engine.derive import in_layers
from kafalat.engine.evaluating import Row, Scope, Value, both, either, opposite, rule
from kafalat.engine.scoring import Line, base_points, lines
from kafalat.policy.expressions import names, parsed
from kafalat.policy.model import Fact, Programme, Span, Term
from kafalat.policy.vocabulary import PERSON_CORE


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a programme says of one household. `facts` has every household fact, `points` every line's by its column."""

    facts: Mapping[str, Value]
    points: Mapping[str, int | None]
    score: int | None
    outcome: str
    category: str | None
    reasons: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alternative:
    """One fact that, were it `other`, would lead to another outcome."""

    fact: str
    other: Value
    score: int
    outcome: str


@dataclass(frozen=True, slots=True)
class _Moved:
    """What a change of one fact moves: facts over the household, lines of the score; `decides` also criteria."""

    after: tuple[Fact, ...]
    lines: tuple[Line, ...]
    decides: bool


class Judge:
    """A programme on one day, ready to judge household after household. Making one takes milliseconds, each use less."""

    def __init__(self, programme: Programme, day: date) -> None:
        self.programme = programme
        self._facts = {fact.name: fact for fact in programme.facts if fact.level == "household"}
        derived = [fact for fact in self._facts.values() if fact.kind == "derived"]
        self._over_people = [fact for fact in derived if fact.over == "people"]
        given = {fact.name for fact in self._facts.values()} - {f.name for f in derived if f.over != "people"}
        layers = in_layers([fact for fact in derived if fact.over != "people"], given)
        self._over_household = [fact for layer in layers for fact in layer]
        self._asked = {fact.name: fact.asked_if for fact in programme.facts if fact.level == "person"}
        self._lines = lines(programme.scorecard)
        self._categories = deciding_categories(programme, day)
        self._exclusions = exclusions_in_force(programme, day)
        criteria = [c.criterion for c in self._categories] + [e.criterion for e in self._exclusions]
        self._criteria_names = frozenset(name for c in criteria if c for name in names(c))
        self._moves: dict[str, _Moved] = {}

    # ---- facts -------------------------------------------------------------------------------------------------

    def facts(self, answers: Row, people: Sequence[Row]) -> dict[str, Value]:
        """Return every household fact from the household's answers and those of each of its people.

        A fact not in `answers`, or of a person, is missing. Raises `targeting.answer_unknown` for a name that is no
        collected fact, and `targeting.answer_invalid` for a value the fact cannot have.
        """
        collected = {n: f for n, f in self._facts.items() if f.kind == "collected"}
        check_answers(answers, collected)
        asked = {f.name: f for f in self.programme.facts if f.level == "person" and f.kind == "collected"}
        members = []
        for person in people:
            check_answers(person, asked, core=True)
            members.append(Scope({name: person.get(name) for name in (*PERSON_CORE, *self._asked)}))
        values: dict[str, Value] = {name: answers.get(name) for name in collected}
        for fact in self._over_people:
            values[fact.name] = self._of_people(fact, members)
        return self._completed(values, self._over_household)

    def changed(self, facts: Row, changes: Row) -> dict[str, Value]:
        """Return the facts with some of them changed, and what follows from those over the household derived anew.

        Raises the problems of `facts`.
        """
        check_answers(changes, self._facts)
        values = {name: facts.get(name) for name in self._facts} | dict(changes)
        return self._completed(values, self._after(changes.keys()))

    def _of_people(self, fact: Fact, people: Sequence[Scope]) -> Value:
        """Return a fact over people; missing where somebody who is asked lacks an answer it uses, or nobody lives there."""
        expression = fact.sql or ""
        for name in names(expression):
            condition = self._asked.get(name)
            for person in people:
                if person.row[name] is None and (condition is None or rule(condition)(person) is not False):
                    return None
        return _bounded(fact, rule(expression)(Scope({}, tuple(people)))) if people else None

    def _completed(self, values: dict[str, Value], derived: Iterable[Fact]) -> dict[str, Value]:
        for fact in derived:
            expression = fact.sql or ""
            known = all(values[name] is not None for name in names(expression))
            values[fact.name] = _bounded(fact, rule(expression)(Scope(values))) if known else None
        return {name: values[name] for name in self._facts}

    def _after(self, changed: Iterable[str]) -> list[Fact]:
        """Return the facts over the household that follow from changed ones, and are not among them."""
        touched = set(changed)
        found = []
        for fact in self._over_household:
            if fact.name not in touched and names(fact.sql or "") & touched:
                found.append(fact)
                touched.add(fact.name)
        return found

    # ---- score and decision ------------------------------------------------------------------------------------

    def judge(self, facts: Row) -> Judgement:
        """Return the decision on a household with these facts."""
        points = {line.column: self._points(line, facts) for line in self._lines}
        return self._decided(facts, points, self._score(facts, points))

    def _decided(self, facts: Row, points: Mapping[str, int | None], score: int | None) -> Judgement:
        belongs = {c.code: _criterion(c.criterion, facts) for c in self._categories}
        within = {c.code: _within(c, belongs[c.code], score) for c in self._categories}
        excluding = {e.code: _criterion(e.criterion, facts) for e in self._exclusions}
        selected, excluded = _some(within.values()), _some(excluding.values())
        met = both(selected, opposite(excluded))
        outcome = "incomplete" if met is None else "eligible" if met else "ineligible"
        reasons: tuple[str, ...] = (MISSING_FACTS,)
        category: str | None = None
        missing: tuple[str, ...] = ()
        if outcome == "eligible":
            category = next(code for code, holds in within.items() if holds is True)
            reasons = tuple(reason_within(code) for code, holds in within.items() if holds is True)
        elif outcome == "ineligible":
            highest = sorted(self._categories, key=lambda c: c.cutoff, reverse=True)
            category = next((c.code for c in highest if belongs[c.code] is True), None)
            reasons = tuple(code for code, holds in excluding.items() if holds is True)
            reasons += (SCORE_ABOVE_CUTOFF,) if selected is False else ()
        else:
            missing = self._missing(facts, selected, excluded, within)
        return Judgement(facts, points, score, outcome, category, reasons, missing)

    def _points(self, line: Line, facts: Row) -> int | None:
        if line.stratum is not None:
            code = facts[self.programme.scorecard.stratum or ""]
            if not any(code in stratum.is_ for stratum in self.programme.scorecard.strata):
                return None
            if code not in line.stratum:
                return 0
        entry = line.entry
        if isinstance(entry, Term):
            value = facts[entry.fact]
            return next((each.points for each in entry.bins if each.has(value)), None)
        first, second = (facts[name] for name in entry.facts)
        row, column = _place(entry.rows, first), _place(entry.columns, second)
        return None if row is None or column is None else entry.points[row][column]

    def _score(self, facts: Row, points: Mapping[str, int | None]) -> int | None:
        card = self.programme.scorecard
        base = base_points(card, None if card.stratum is None else facts[card.stratum])
        known = [each for each in points.values() if each is not None]
        if base is None or len(known) < len(points):
            return None
        return max(card.minimum, min(card.maximum, base + sum(known)))

    def _missing(
        self, facts: Row, selected: bool | None, excluded: bool | None, within: Mapping[str, bool | None]
    ) -> tuple[str, ...]:
        """Return the facts that keep the household undecided, as `deciding` names them."""
        found: set[str] = set()
        card = self.programme.scorecard
        if selected is None:
            if card.stratum is not None and base_points(card, facts[card.stratum]) is None:
                found.add(card.stratum)
            for line in self._lines:
                found |= self._gaps(line, facts)
        open_criteria = [
            c.criterion
            for c in self._categories
            if c.criterion and selected is None and within[c.code] is None
        ]
        open_criteria += [e.criterion for e in self._exclusions if excluded is None]
        for criterion in open_criteria:
            if _criterion(criterion, facts) is None:
                found |= {name for name in names(criterion) if facts[name] is None}
        return tuple(name for name in self._facts if name in found)

    def _gaps(self, line: Line, facts: Row) -> set[str]:
        card, entry = self.programme.scorecard, line.entry
        if line.stratum is not None:
            code = facts[card.stratum or ""]
            if code not in line.stratum and any(code in stratum.is_ for stratum in card.strata):
                return set()
        axes = [entry.bins] if isinstance(entry, Term) else [entry.rows, entry.columns]
        return {
            name for name, spans in zip(line.facts, axes, strict=True) if _place(spans, facts[name]) is None
        }

    # ---- what would have to be otherwise -----------------------------------------------------------------------

    def alternatives(self, judged: Judgement) -> tuple[Alternative, ...]:
        """Return for each fact of the score's lines the smallest change that leads to another outcome, if one does.

        Each is one answer alone, with what follows from it over the household. A household whose decision is open has
        none: what is missing is named instead.
        """
        if judged.score is None or judged.outcome == "incomplete":
            return ()
        found = []
        outcomes: dict[int, str] = {}
        for name in self.programme.scorecard.facts:
            value = judged.facts[name]
            best: tuple[int, int | float, int, Alternative] | None = None
            for order, other in enumerate(self._others(name, value)):
                score, outcome = self._if(judged, name, other, outcomes)
                if score is None or outcome in (judged.outcome, "incomplete"):
                    continue
                far = abs(other - value) if _is_number(other) and _is_number(value) else 0
                rank = (abs(score - judged.score), far, order, Alternative(name, other, score, outcome))
                best = rank if best is None or rank[:3] < best[:3] else best
            if best is not None:
                found.append(best[3])
        return tuple(found)

    def _others(self, name: str, value: Value) -> list[Value]:
        """Return the other values of a fact worth asking about: every code, or of numbers the nearest of each bin."""
        fact = self._facts[name]
        if fact.type == "boolean" and value is not None:
            return [not value]
        if fact.type == "category" and value is not None:
            return [code for code in fact.categories if code != value]
        spans = [span for line in self._lines for span in _spans(line, name)]
        # Where other facts follow from it, any number may matter, not only one in another bin.
        return _every(value, fact, spans) if self._moved(name).after else _nearby(value, fact, spans)

    def _if(
        self, judged: Judgement, name: str, other: Value, outcomes: dict[int, str]
    ) -> tuple[int | None, str]:
        """Return score and outcome if one fact were another. `outcomes` remembers those that only the score decides."""
        moved = self._moved(name)
        facts = dict(judged.facts)
        facts[name] = other
        if moved.after:
            facts = self._completed(facts, moved.after)
        points = dict(judged.points)
        for line in moved.lines:
            points[line.column] = self._points(line, facts)
        score = self._score(facts, points)
        if score is None or moved.decides:
            return score, self._decided(facts, points, score).outcome
        if score not in outcomes:
            outcomes[score] = self._decided(facts, points, score).outcome
        return score, outcomes[score]

    def _moved(self, name: str) -> _Moved:
        """Return what moves with a fact; found once."""
        if name not in self._moves:
            after = self._after([name])
            touched = {name, *(fact.name for fact in after)}
            everything = self.programme.scorecard.stratum in touched
            self._moves[name] = _Moved(
                after=tuple(after),
                lines=tuple(line for line in self._lines if everything or touched.intersection(line.facts)),
                decides=bool(touched & self._criteria_names),
            )
        return self._moves[name]


def what_if(
    programme: Programme, answers: Row, people: Sequence[Row], changes: Row, day: date
) -> tuple[Judgement, Judgement]:
    """Return the decision on a household by its answers, and by them with some household facts changed. Nothing is kept.

    Raises the problems of `Judge.facts`.
    """
    judge = Judge(programme, day)
    facts = judge.facts(answers, people)
    return judge.judge(facts), judge.judge(judge.changed(facts, changes))


def _criterion(criterion: str | None, facts: Row) -> bool | None:
    """Return whether a criterion holds; one with CASE is unknown as soon as a fact it uses is, as `criterion_sql` has it."""
    if criterion is None:
        return True
    if any(facts[name] is None for name in names(criterion)) and parsed(criterion).find(exp.Case):
        return None
    value = rule(criterion)(Scope(facts))
    return None if value is None else bool(value)


def _within(category: CategoryInForce, belongs: bool | None, score: int | None) -> bool | None:
    return both(belongs, None if score is None else score <= category.cutoff)


def _some(values: Iterable[bool | None]) -> bool | None:
    found: bool | None = False
    for value in values:
        found = either(found, value)
    return found


def _place(spans: Sequence[Span], value: Value) -> int | None:
    return next((index for index, span in enumerate(spans) if span.has(value)), None)


def _spans(line: Line, name: str) -> Sequence[Span]:
    entry = line.entry
    if isinstance(entry, Term):
        return entry.bins if entry.fact == name else ()
    return dict(zip(entry.facts, (entry.rows, entry.columns), strict=True)).get(name, ())


def _nearby(value: Value, fact: Fact, spans: Iterable[Span]) -> list[Value]:
    """Return for each span the number in it that is nearest to `value`, other than the value itself."""
    found: list[Value] = []
    if not isinstance(value, int | float):
        return found
    for span in spans:
        low = fact.minimum if span.from_ is None else span.from_
        high = fact.maximum if span.to is None else span.to
        near = value if low is None else max(value, low)
        near = near if high is None else min(near, high)
        if near != value and near not in found:
            found.append(near)
    return found


def _every(value: Value, fact: Fact, spans: Iterable[Span]) -> list[Value]:
    """Return every whole number a fact can be, from its minimum or 0 to one beyond all spans, but the value itself."""
    if not isinstance(value, int):
        return []
    low = min(value, 0) if fact.minimum is None else fact.minimum
    edges = [edge for span in spans for edge in (span.from_, span.to) if edge is not None]
    high = max(*edges, value, low) + 1
    high = high if fact.maximum is None else min(high, fact.maximum)
    return [number for number in range(low, high + 1) if number != value]


def _is_number(value: Value) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _bounded(fact: Fact, value: Value) -> Value:
    """Return a derived value in its declared type; one outside its declared bounds is missing."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    number = float(value) if fact.type == "number" else value
    below = fact.minimum is not None and number < fact.minimum
    above = fact.maximum is not None and number > fact.maximum
    return None if below or above else number
