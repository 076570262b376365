"""Derivation: one SQL text that turns households and people into every household fact a programme declares.

Missing stays missing. A fact over people is NULL as soon as one person who is asked a question lacks the answer the
expression uses (also in the WHERE of a FILTER); a fact over the household is NULL as soon as one fact it uses is.
Plain SQL would do neither: `CASE` and `count` would quietly turn a missing answer into a value. A derived number
outside its declared minimum and maximum is missing too: it cannot be right, and nothing may be concluded from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kafalat.policy.expressions import names, to_sql
from kafalat.policy.model import Fact, Programme
from kafalat.policy.vocabulary import PERSON_CORE

SQL_TYPES = {"integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "category": "VARCHAR"}
_BITS = 60  # of a BIGINT, a bit for each name that may be missing


def household_facts_sql(
    programme: Programme,
    households: str = "households",
    people: str = "people",
    *,
    key: str = "household_key",
    keep: Sequence[str] = (),
) -> str:
    """Return a SELECT of `key`, the households' columns `keep`, and every household fact, in declared order, in DuckDB's dialect.

    `households` and `people` are names of tables or views that both have the column `key` and a column per collected
    fact of their level. A household without people keeps its row, its facts over people missing.
    Raises ValueError where an expression uses a name that is no fact, or facts use each other in a circle.
    """
    facts = [fact for fact in programme.facts if fact.level == "household"]
    collected = [fact for fact in facts if fact.kind == "collected"]
    over_people = [fact for fact in facts if fact.kind == "derived" and fact.over == "people"]
    over_household = [fact for fact in facts if fact.kind == "derived" and fact.over != "people"]

    kept = "".join(f",\n    {_quoted(name)}" for name in keep)
    columns = "".join(f",\n    h.{_quoted(name)}" for name in (*keep, *(fact.name for fact in collected)))
    source = f"{_quoted(households)} AS h"
    if over_people:
        columns += "".join(f",\n    p.{_quoted(fact.name)}" for fact in over_people)
        source += f"\n  LEFT JOIN (\n{_people_sql(programme, over_people, people, key)}\n  ) AS p ON p.{key} = h.{key}"
    query = f"SELECT\n    h.{key}{columns}\n  FROM {source}"
    known = {fact.name for fact in collected} | {fact.name for fact in over_people}
    for layer in in_layers(over_household, known):
        added = "".join(f",\n    {_guarded_household(fact)} AS {_quoted(fact.name)}" for fact in layer)
        query = f"SELECT\n    *{added}\n  FROM (\n{query}\n  ) AS base"
    ordered = "".join(f",\n  {_quoted(fact.name)}" for fact in facts)
    return f"SELECT\n  {key}{kept}{ordered}\nFROM (\n{query}\n) AS derived"


def names_used(sql: str) -> frozenset[str]:
    """Return the fact names an expression uses. Raises the problem `programme.expression` for text outside the rule language."""
    return names(sql)


def _people_sql(programme: Programme, facts: Sequence[Fact], people: str, key: str) -> str:
    """Return the aggregation of people to one row per household, one column per fact.

    What is missing is gathered first, a bit for each name the facts use, so that one aggregate serves as the guard of
    all facts: that costs half of asking again for each.
    """
    asked = {fact.name: fact.asked_if for fact in programme.facts if fact.level == "person"}
    bits: dict[str, tuple[str, int]] = {}
    for fact in facts:
        for name in sorted(names_used(_expression(fact)) - bits.keys()):
            if name not in asked and name not in PERSON_CORE:
                msg = f"fact {fact.name}: {name} is no fact of a person"
                raise ValueError(msg)
            number, place = divmod(len(bits), _BITS)
            bits[name] = (f"_missing_{number}", 1 << place)
    words: dict[str, list[str]] = {}
    for name, (word, bit) in bits.items():
        words.setdefault(word, []).append(f"CASE WHEN {_lacking(name, asked)} THEN {bit} ELSE 0 END")
    gathered = "".join(f",\n        {' | '.join(cases)} AS {word}" for word, cases in words.items())
    columns = "".join(f",\n      {_guarded_people(fact, bits)} AS {_quoted(fact.name)}" for fact in facts)
    source = f"(\n      SELECT *{gathered}\n      FROM {_quoted(people)}\n    ) AS each_person"
    return f"    SELECT\n      {key}{columns}\n    FROM {source}\n    GROUP BY {key}"


def _lacking(name: str, asked: Mapping[str, str | None]) -> str:
    """Return the condition that a person who is asked lacks an answer."""
    condition = asked.get(name)
    # IS NOT FALSE: when it is unknown whether the person is asked, her missing answer is missing.
    limit = "" if condition is None else f"({to_sql(condition)}) IS NOT FALSE AND "
    return f"{limit}{_quoted(name)} IS NULL"


def _guarded_people(fact: Fact, bits: Mapping[str, tuple[str, int]]) -> str:
    """Return the aggregate, NULL where somebody asked lacks an answer it uses."""
    wanted: dict[str, int] = {}
    for word, bit in (bits[name] for name in names_used(_expression(fact))):
        wanted[word] = wanted.get(word, 0) | bit
    missing = [f"(bit_or({word}) & {mask}) <> 0" for word, mask in sorted(wanted.items())]
    return _typed(fact, " OR ".join(missing) or None)


def _guarded_household(fact: Fact) -> str:
    """Return the expression, NULL where a fact it uses is missing."""
    missing = [f"{_quoted(name)} IS NULL" for name in sorted(names_used(_expression(fact)))]
    return _typed(fact, " OR ".join(missing) or None)


def _typed(fact: Fact, missing: str | None) -> str:
    """Return the fact's expression in its declared type, NULL where the condition `missing` holds or it leaves its bounds.

    The cast fixes the type on every engine: `sum` of integers has another one in each.
    """
    value = f"CAST({to_sql(_expression(fact))} AS {SQL_TYPES[fact.type]})"
    absent = [] if missing is None else [missing]
    absent += [] if fact.minimum is None else [f"{value} < {fact.minimum}"]
    absent += [] if fact.maximum is None else [f"{value} > {fact.maximum}"]
    return f"CASE WHEN {' OR '.join(absent)} THEN NULL ELSE {value} END" if absent else value


def in_layers(facts: Sequence[Fact], known: set[str]) -> list[list[Fact]]:
    """Return the facts in layers, each using only facts of the layers before it, or `known` ones.

    Raises ValueError for facts that use each other in a circle, or one that is not there.
    """
    layers: list[list[Fact]] = []
    waiting = list(facts)
    ready = set(known)
    while waiting:
        layer = [fact for fact in waiting if names_used(_expression(fact)) <= ready]
        if not layer:
            first = waiting[0]
            unknown = sorted(names_used(_expression(first)) - ready)
            msg = f"fact {first.name}: {', '.join(unknown)} cannot be derived before it"
            raise ValueError(msg)
        layers.append(layer)
        ready |= {fact.name for fact in layer}
        waiting = [fact for fact in waiting if fact not in layer]
    return layers


def _expression(fact: Fact) -> str:
    if fact.sql is None:
        msg = f"fact {fact.name}: a derived fact needs sql"
        raise ValueError(msg)
    return fact.sql


def _quoted(name: str) -> str:
    """Return a table or column name safely quoted; a dotted name keeps its parts."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))
