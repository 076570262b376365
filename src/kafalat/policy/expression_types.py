"""The types of the rule language: what each admitted expression gives, and where its sides do not fit.

A whole number is compared with whole numbers, a category with its own declared codes, a boolean with true and false.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from kafalat.policy.findings import Fault, nearest

Kind = Literal["integer", "number", "boolean", "category"]
_URDU = {"integer": "پورا عدد", "number": "عدد", "boolean": "ہاں یا نہیں", "category": "زمرہ"}
_ENGLISH = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "category": "a category",
}
_AGGREGATES = (exp.Count, exp.Sum, exp.Min, exp.Max, exp.Avg, exp.LogicalOr, exp.LogicalAnd)
_ORDERING = (exp.LT, exp.LTE, exp.GT, exp.GTE)


@dataclass(frozen=True, slots=True)
class FactType:
    """The type of a fact or of an expression; `categories` are the codes a category can have.

    `literal`: a value written in the rule, which must fit the fact it meets. `never_zero`: a number that its declared
    bounds keep from being zero, so that it can divide.
    """

    type: Kind
    categories: frozenset[str] = frozenset()
    literal: bool = False
    never_zero: bool = False

    @property
    def numeric(self) -> bool:
        """Say whether it can be added, compared by order, and the like."""
        return self.type in ("integer", "number")


BOOLEAN, INTEGER, NUMBER = FactType("boolean"), FactType("integer"), FactType("number")


def typed(
    node: exp.Expr, known: Mapping[str, FactType], *, aggregate: bool
) -> tuple[FactType | None, list[Fault]]:
    """Return the type of an admitted expression with its faults; no type where a fault leaves it open."""
    typer = _Typer(known, aggregate=aggregate)
    result = typer.of(node, inside=False)
    if not any(isinstance(part, exp.Column | exp.Count) for part in node.walk()):
        typer.add(
            "It uses no fact, so it says the same of everybody.",
            "یہ کوئی کوائف استعمال نہیں کرتی، اس لیے سب کے لیے ایک ہی بات کہتی ہے۔",
        )
    return result, typer.faults


def mismatch(wanted: FactType, given: FactType) -> Fault | None:
    """Return the fault of using a `given` result where `wanted` is asked for, or None where it fits."""
    if wanted.type == "category" and given.type == "category":
        wrong = sorted(given.categories - wanted.categories)
        return _no_category(wrong[0], wanted.categories) if wrong else None
    if wanted.type == given.type or (wanted.type == "number" and given.type == "integer"):
        return None
    return Fault(
        f"It gives {_ENGLISH[given.type]}; {_ENGLISH[wanted.type]} is needed here.",
        f"اس کا نتیجہ «{_URDU[given.type]}» ہے؛ یہاں «{_URDU[wanted.type]}» چاہیے۔",
    )


def _no_category(value: str, categories: frozenset[str]) -> Fault:
    valid = sorted(categories)
    return Fault(
        f"'{value}' is no category of this fact; it has: {', '.join(valid)}.",
        f"«{value}» اس کوائف کا کوئی زمرہ نہیں؛ زمرے یہ ہیں: {'، '.join(valid)}۔",
        nearest(value, categories),
    )


class _Typer:
    """Walks one expression, collecting faults. `inside`: within the argument or FILTER of an aggregate."""

    def __init__(self, known: Mapping[str, FactType], *, aggregate: bool) -> None:
        self.known = known
        self.aggregate = aggregate
        self.faults: list[Fault] = []

    def add(self, en: str, ur: str) -> None:
        self.faults.append(Fault(en, ur))

    def of(self, node: exp.Expr, *, inside: bool) -> FactType | None:
        """Return the type of `node`, or None where a fault leaves it open."""
        if isinstance(node, exp.Literal | exp.Boolean | exp.Column):
            return self._leaf(node, inside=inside)
        if isinstance(node, exp.Paren):
            return self.of(node.this, inside=inside)
        if isinstance(node, (*_AGGREGATES, exp.Filter)):
            return self._aggregated(node, inside=inside)
        if isinstance(node, exp.Case):
            return self._case(node, inside=inside)
        if isinstance(node, exp.And | exp.Or | exp.Not):
            for side in (node.this, node.args.get("expression")):
                if side is not None:
                    self.expect(side, BOOLEAN, inside=inside)
            return BOOLEAN
        if isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Div | exp.Neg):
            return self._arithmetic(node, inside=inside)
        return self._comparison(node, inside=inside)

    def expect(self, node: exp.Expr, wanted: FactType, *, inside: bool) -> None:
        """Add a fault unless `node` gives what is wanted."""
        given = self.of(node, inside=inside)
        fault = None if given is None else mismatch(wanted, given)
        if fault is not None:
            self.faults.append(
                Fault(f"'{_shown(node)}': {fault.en}", f"«{_shown(node)}»: {fault.ur}", fault.nearest)
            )

    def _leaf(self, node: exp.Expr, *, inside: bool) -> FactType | None:
        if isinstance(node, exp.Boolean):
            return FactType("boolean", literal=True)
        if isinstance(node, exp.Literal):
            if node.is_string:
                return FactType("category", frozenset({str(node.this)}), literal=True)
            return FactType("number" if "." in node.this else "integer", literal=True)
        if self.aggregate and not inside:
            name = node.name
            self.add(
                f"'{name}' differs from person to person; put it inside an aggregate, such as max({name}).",
                f"«{name}» ہر فرد کا الگ ہے؛ اسے max({name}) جیسے مجموعی فنکشن کے اندر لکھیں۔",
            )
        return self.known.get(node.name)

    def _aggregated(self, node: exp.Expr, *, inside: bool) -> FactType | None:
        if not self.aggregate or inside:
            self.add(
                "Counting and aggregating is for derived facts over people, once, not one inside another.",
                "گنتی اور مجموعی فنکشن صرف افراد پر مبنی کوائف میں آتے ہیں، ایک دوسرے کے اندر نہیں۔",
            )
            return None
        if isinstance(node, exp.Filter):
            if not isinstance(node.this, _AGGREGATES):
                self.add("FILTER stands after an aggregate.", "FILTER صرف مجموعی فنکشن کے بعد آتا ہے۔")
                return None
            self.expect(node.expression.this, BOOLEAN, inside=True)
            return self._aggregated(node.this, inside=False)
        if isinstance(node, exp.Count):
            return INTEGER
        if isinstance(node, exp.LogicalOr | exp.LogicalAnd):
            self.expect(node.this, BOOLEAN, inside=True)
            return BOOLEAN
        if isinstance(node, exp.Sum | exp.Avg):
            given = self.of(node.this, inside=True)
            if given is not None and given.type == "number":
                self.add(
                    f"'{_shown(node.this)}' has fractions, and their sum depends on the order of the people; add whole numbers.",
                    f"«{_shown(node.this)}» میں کسر ہو سکتی ہے، اور اس کا مجموعہ افراد کی ترتیب پر منحصر ہوتا ہے؛ پورے عدد جمع کریں۔",
                )
            elif given is not None and given.type != "integer":
                self.faults.append(_not_whole(node.this, given))
            return NUMBER if isinstance(node, exp.Avg) else INTEGER
        return self.of(node.this, inside=True)

    def _case(self, node: exp.Case, *, inside: bool) -> FactType | None:
        results: list[FactType | None] = []
        for branch in node.args["ifs"]:
            if node.this is None:
                self.expect(branch.this, BOOLEAN, inside=inside)
            else:
                self._compare(node.this, branch.this, inside=inside)
            results.append(self.of(branch.args["true"], inside=inside))
        if node.args.get("default") is not None:
            results.append(self.of(node.args["default"], inside=inside))
        given = [result for result in results if result is not None]
        if len(given) < len(results):
            return None
        kinds = {result.type for result in given}
        if kinds == {"category"}:
            return FactType("category", frozenset().union(*(result.categories for result in given)))
        if kinds <= {"integer", "number"}:
            return INTEGER if kinds == {"integer"} else NUMBER
        if kinds != {"boolean"}:
            self.add(
                "The branches of CASE give values of different types.",
                "CASE کی شاخیں مختلف قسم کی قدریں دیتی ہیں۔",
            )
            return None
        return BOOLEAN

    def _arithmetic(self, node: exp.Expr, *, inside: bool) -> FactType | None:
        sides = [side for side in (node.this, node.args.get("expression")) if side is not None]
        types = []
        for side in sides:
            given = self.of(side, inside=inside)
            if given is not None and not given.numeric:
                self.add(f"'{_shown(side)}' is not a number.", f"«{_shown(side)}» عدد نہیں۔")
            types.append(given)
        if isinstance(node, exp.Div):
            self._divisor(node.expression)
        if any(given is None or not given.numeric for given in types):
            return None
        whole = all(given is not None and given.type == "integer" for given in types) and not isinstance(
            node, exp.Div
        )
        literal = isinstance(node, exp.Neg) and types[0] is not None and types[0].literal
        return FactType("integer" if whole else "number", literal=literal)

    def _divisor(self, node: exp.Expr) -> None:
        """Add a fault where a division can be by zero: only a fact that is never zero, or a number that is not, divides."""
        inner = node
        while isinstance(inner, exp.Paren | exp.Neg):
            inner = inner.this
        if isinstance(inner, exp.Literal):
            sound = not inner.is_string and str(inner.this).strip("0.") != ""
        else:
            fact = self.known.get(inner.name) if isinstance(inner, exp.Column) else None
            sound = fact is not None and fact.never_zero
        if not sound:
            shown = _shown(node)
            self.add(
                f"'{shown}' can be zero; divide by a number or by a fact whose minimum is above 0, or compare a <= 3 * b instead of a / b <= 3.",
                f"«{shown}» صفر ہو سکتا ہے؛ تقسیم کسی عدد پر یا ایسے کوائف پر کریں جس کی کم سے کم حد 0 سے اوپر ہو، یا a / b <= 3 کی جگہ a <= 3 * b لکھیں۔",
            )

    def _comparison(self, node: exp.Expr, *, inside: bool) -> FactType:
        if isinstance(node, exp.Between):
            others = [node.args["low"], node.args["high"]]
        else:
            others = list(node.expressions) if isinstance(node, exp.In) else [node.expression]
        for other in others:
            self._compare(
                node.this, other, inside=inside, ordered=isinstance(node, (*_ORDERING, exp.Between))
            )
        return BOOLEAN

    def _compare(self, left: exp.Expr, right: exp.Expr, *, inside: bool, ordered: bool = False) -> None:
        """Add a fault where the two sides of a comparison cannot meet."""
        count = len(self.faults)
        one, other = self.of(left, inside=inside), self.of(right, inside=inside)
        self.faults[count:] = [
            fault for fault in dict.fromkeys(self.faults[count:]) if fault not in self.faults[:count]
        ]
        if one is None or other is None:
            return
        shown = f"{_shown(left)}, {_shown(right)}"
        if one.numeric and other.numeric:
            if any(
                a.literal and a.type == "number" and b.type == "integer"
                for a, b in ((one, other), (other, one))
            ):
                self.add(
                    f"'{shown}': a whole number is compared with whole numbers alone.",
                    f"«{shown}»: پورے عدد کا موازنہ صرف پورے عدد سے ہوتا ہے۔",
                )
        elif one.type != other.type:
            self.add(
                f"'{shown}': {_ENGLISH[one.type]} cannot be compared with {_ENGLISH[other.type]}.",
                f"«{shown}»: «{_URDU[one.type]}» کا موازنہ «{_URDU[other.type]}» سے نہیں ہو سکتا۔",
            )
        elif ordered:
            self.add(
                f"'{shown}': only numbers are greater or smaller.",
                f"«{shown}»: چھوٹا یا بڑا صرف عدد ہوتا ہے۔",
            )
        elif one.type == "category":
            self._categories(one, other, shown)

    def _categories(self, one: FactType, other: FactType, shown: str) -> None:
        for value, fact in ((one, other), (other, one)):
            wrong = sorted(value.categories - fact.categories)
            if value.literal and not fact.literal and wrong:
                self.faults.append(_no_category(wrong[0], fact.categories))
                return
        if not one.categories & other.categories:
            self.add(
                f"'{shown}': they have no category in common.", f"«{shown}»: ان کا کوئی مشترک زمرہ نہیں۔"
            )


def _not_whole(node: exp.Expr, given: FactType) -> Fault:
    fault = mismatch(INTEGER, given) or Fault("", "")
    return Fault(f"'{_shown(node)}': {fault.en}", f"«{_shown(node)}»: {fault.ur}")


def _shown(node: exp.Expr) -> str:
    text = node.sql(dialect="duckdb")
    return text if len(text) <= 60 else f"{text[:60]}…"
