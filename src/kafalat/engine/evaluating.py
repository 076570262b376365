"""The rule language in plain Python: an admitted expression becomes a function of one row, or of the people of a household.

It walks the same allow-listed syntax tree that the SQL is written from and keeps SQL's three-valued logic: None is "not
known", and AND, OR and NOT carry it only as far as it matters. A number with a fraction is a float, as it is a DOUBLE in SQL.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlglot import exp

from kafalat.policy.expressions import parsed

Value = bool | int | float | str | None
Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression looks at: one row, or the people of a household where it aggregates them."""

    row: Row
    people: tuple[Scope, ...] = ()


Rule = Callable[[Scope], Value]

_COMPARISONS: dict[type[exp.Expr], Callable[[Any, Any], bool]] = {
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.LT: operator.lt,
    exp.LTE: operator.le,
    exp.GT: operator.gt,
    exp.GTE: operator.ge,
}
_ARITHMETIC: dict[type[exp.Expr], Callable[[int | float, int | float], int | float]] = {
    exp.Add: operator.add,
    exp.Sub: operator.sub,
    exp.Mul: operator.mul,
}
_AGGREGATES = (exp.Count, exp.Sum, exp.Min, exp.Max, exp.Avg, exp.LogicalOr, exp.LogicalAnd)


@lru_cache(maxsize=4096)
def rule(expression: str) -> Rule:
    """Return the function of an expression. Raises the problem `programme.expression` for a refused one."""
    return _rule(parsed(expression))


def both(one: Value, other: Value) -> bool | None:
    """Return one AND other: false where either is false, else unknown where either is."""
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def either(one: Value, other: Value) -> bool | None:
    """Return one OR other: true where either is true, else unknown where either is."""
    if one is True or other is True:
        return True
    return None if one is None or other is None else False


def opposite(value: Value) -> bool | None:
    """Return NOT value."""
    return None if value is None else not value


def _rule(node: exp.Expr) -> Rule:
    if isinstance(node, exp.Paren):
        return _rule(node.this)
    if isinstance(node, exp.Column):
        name = node.name
        return lambda at: at.row[name]
    if isinstance(node, exp.Boolean | exp.Literal):
        return _constant(node)
    if isinstance(node, exp.And | exp.Or):
        left, right = _rule(node.this), _rule(node.expression)
        joined = both if isinstance(node, exp.And) else either
        return lambda at: joined(left(at), right(at))
    if isinstance(node, exp.Not):
        inner = _rule(node.this)
        return lambda at: opposite(inner(at))
    if isinstance(node, exp.Between | exp.In) or type(node) in _COMPARISONS:
        return _comparison(node)
    if isinstance(node, exp.Case):
        return _case(node)
    if isinstance(node, (*_AGGREGATES, exp.Filter)):
        return _aggregate(node)
    return _arithmetic(node)


def _constant(node: exp.Expr) -> Rule:
    value: Value
    if isinstance(node, exp.Boolean):
        value = bool(node.this)
    elif node.args["is_string"]:
        value = str(node.this)
    else:
        value = float(node.this) if "." in node.this else int(node.this)
    return lambda _: value


def _comparison(node: exp.Expr) -> Rule:
    if isinstance(node, exp.Between):
        value, low, high = _rule(node.this), _rule(node.args["low"]), _rule(node.args["high"])
        return lambda at: both(
            _compared(operator.ge, value(at), low(at)),
            _compared(operator.le, value(at), high(at)),
        )
    if isinstance(node, exp.In):
        value, choices = _rule(node.this), [_rule(choice) for choice in node.expressions]

        def within(at: Scope) -> Value:
            found: bool | None = False
            for choice in choices:
                found = either(found, _compared(operator.eq, value(at), choice(at)))
            return found

        return within
    left, right, compare = _rule(node.this), _rule(node.expression), _COMPARISONS[type(node)]
    return lambda at: _compared(compare, left(at), right(at))


def _compared(compare: Callable[[Any, Any], bool], one: Value, other: Value) -> bool | None:
    return None if one is None or other is None else compare(one, other)


def _case(node: exp.Case) -> Rule:
    subject = None if node.this is None else _rule(node.this)
    arms = [(_rule(arm.this), _rule(arm.args["true"])) for arm in node.args["ifs"]]
    default = None if node.args.get("default") is None else _rule(node.args["default"])

    def chosen(at: Scope) -> Value:
        for condition, value in arms:
            met = condition(at)
            if subject is not None:
                met = _compared(operator.eq, subject(at), met)
            if met is True:
                return value(at)
        return None if default is None else default(at)

    return chosen


def _arithmetic(node: exp.Expr) -> Rule:
    left = _rule(node.this)
    if isinstance(node, exp.Neg):
        return lambda at: None if (value := left(at)) is None else -_number(value)
    right = _rule(node.expression)
    if isinstance(node, exp.Div):

        def divided(at: Scope) -> Value:
            one, other = left(at), right(at)
            # What divides is never zero: the check of the programme sees to it.
            return None if one is None or not other else float(_number(one)) / float(_number(other))

        return divided
    work = _ARITHMETIC[type(node)]

    def worked(at: Scope) -> Value:
        one, other = left(at), right(at)
        return None if one is None or other is None else work(_number(one), _number(other))

    return worked


def _aggregate(node: exp.Expr) -> Rule:
    """Return an aggregate over the people, those alone for whom its FILTER is true."""
    inner, wanted = node, None
    if isinstance(node, exp.Filter):
        inner, wanted = node.this, _rule(node.expression.this)
    if isinstance(inner, exp.Count):
        return lambda at: sum(1 for person in at.people if wanted is None or wanted(person) is True)
    argument, total = _rule(inner.this), _TOTALS[type(inner)]

    def aggregated(at: Scope) -> Value:
        chosen = [person for person in at.people if wanted is None or wanted(person) is True]
        known = [value for person in chosen if (value := argument(person)) is not None]
        return total(known) if known else None  # as in SQL, nothing known gives nothing

    return aggregated


def _least(values: Sequence[Value]) -> Value:
    return min(values)  # type: ignore[type-var]  # values of one fact are all of one type, none of them None


def _greatest(values: Sequence[Value]) -> Value:
    return max(values)  # type: ignore[type-var]  # as above


def _sum(values: Sequence[Value]) -> Value:
    return sum(map(_number, values))


def _average(values: Sequence[Value]) -> Value:
    return float(sum(map(_number, values))) / len(values)


def _any(values: Sequence[Value]) -> Value:
    return any(values)


def _all(values: Sequence[Value]) -> Value:
    return all(values)


_TOTALS: dict[type[exp.Expr], Callable[[Sequence[Value]], Value]] = {
    exp.Sum: _sum,
    exp.Min: _least,
    exp.Max: _greatest,
    exp.Avg: _average,
    exp.LogicalOr: _any,
    exp.LogicalAnd: _all,
}


def _number(value: Value) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"{value!r} is no number"
        raise TypeError(msg)
    return value
