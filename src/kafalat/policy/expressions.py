"""The rule language: one expression in DuckDB's dialect, admitted by an allow-list of syntax nodes.

A rule is text in a reviewed file, never a program. It may compare facts with values and with each other, join such
comparisons by AND, OR and NOT, add, subtract and multiply, divide by what is never zero, choose by CASE, and, over
the people of a household, count and aggregate with FILTER. Everything else is refused, also what a later version of
the parser may learn to read: a node, or a part of a node, that is not listed here has no meaning here.

NULL means "not known" as in SQL and cannot be asked for or written: no rule can turn a missing answer into a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import Token, TokenType, exp
from sqlglot.dialects import DuckDB
from sqlglot.errors import SqlglotError

from kafalat.core.problems import problem
from kafalat.policy.expression_types import BOOLEAN, FactType, mismatch, typed
from kafalat.policy.findings import Fault, nearest

DIALECT = "duckdb"
LENGTH_MAX = 2000
TOKENS_MAX = 400
DEPTH_MAX = 20
TREE_DEPTH_MAX = 60
FUNCTIONS = ("avg", "bool_and", "bool_or", "count", "max", "min", "sum")
_CHARACTERS = re.compile(r"[A-Za-z0-9_ \n\t(),.'=<>!+*/-]*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,10})?")
_CODE = re.compile(r"[a-z0-9_]{1,60}")
# Words that may stand before an opening bracket without being a function.
_BEFORE_BRACKET = frozenset(
    {"and", "or", "not", "in", "when", "then", "else", "case", "between", "filter", "where"}
)

# Each admitted node with the parts it may have. A part that is there and not listed is refused like an unlisted node.
_TWO_SIDES = frozenset({"this", "expression"})
_ONE = frozenset({"this"})
_ADMITTED: Mapping[type[exp.Expr], frozenset[str]] = {
    exp.And: _TWO_SIDES,
    exp.Or: _TWO_SIDES,
    exp.Not: _ONE,
    exp.Paren: _ONE,
    exp.EQ: _TWO_SIDES,
    exp.NEQ: _TWO_SIDES,
    exp.LT: _TWO_SIDES,
    exp.LTE: _TWO_SIDES,
    exp.GT: _TWO_SIDES,
    exp.GTE: _TWO_SIDES,
    exp.Between: frozenset({"this", "low", "high"}),
    exp.In: frozenset({"this", "expressions"}),
    exp.Add: _TWO_SIDES,
    exp.Sub: _TWO_SIDES,
    exp.Mul: _TWO_SIDES,
    exp.Div: _TWO_SIDES,
    exp.Neg: _ONE,
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.If: frozenset({"this", "true"}),
    exp.Column: _ONE,
    exp.Identifier: _ONE,
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Boolean: _ONE,
    exp.Count: frozenset({"this", "big_int"}),
    exp.Star: frozenset(),
    exp.Sum: _ONE,
    exp.Min: _ONE,
    exp.Max: _ONE,
    exp.Avg: _ONE,
    exp.LogicalOr: _ONE,
    exp.LogicalAnd: _ONE,
    exp.Filter: _TWO_SIDES,
    exp.Where: _ONE,
}


@dataclass(frozen=True, slots=True)
class _Parsed:
    """An expression that is admitted by its syntax, or the fault that refuses it."""

    node: exp.Expr | None
    fault: Fault | None


@lru_cache(maxsize=4096)
def names(expression: str) -> frozenset[str]:
    """Return the names of the facts an expression uses. Raises the problem `programme.expression` for a refused one."""
    return frozenset(column.name for column in parsed(expression).find_all(exp.Column))


@lru_cache(maxsize=4096)
def parsed(expression: str) -> exp.Expr:
    """Return the admitted syntax tree of an expression, to be read and not changed.

    Raises the problem `programme.expression` for a refused one.
    """
    found = _parse(expression)
    if found.node is None:
        fault = found.fault or Fault("", "")
        raise problem("programme.expression", expression=expression, fault_en=fault.en, fault_ur=fault.ur)
    return found.node


def to_sql(expression: str) -> str:
    """Return the expression in one canonical DuckDB spelling, its names quoted.

    A number with a fraction is a DOUBLE on every engine: left as it is, each would make another type of it.
    Raises the problem `programme.expression` for a refused one.
    """
    # The type keeps the writer from wrapping the argument of bool_or and bool_and in a cast.
    node = parsed(expression).copy()
    for aggregate in node.find_all(exp.LogicalOr, exp.LogicalAnd):
        aggregate.this.type = "boolean"
    for number in list(node.find_all(exp.Literal)):
        if not number.is_string and "." in number.this:
            number.replace(exp.cast(number.copy(), exp.DataType.Type.DOUBLE))
    return node.sql(dialect=DIALECT, identify=True, comments=False)


def validate(
    expression: str, known: Mapping[str, FactType], *, aggregate: bool, wanted: FactType = BOOLEAN
) -> list[Fault]:
    """Return what is wrong with an expression over the facts `known`; an empty list means it can be used.

    `aggregate`: the expression is over the people of one household, so that each fact stands inside an aggregate.
    `wanted`: the type its result must have; a criterion gives a boolean.
    """
    parsed = _parse(expression)
    if parsed.node is None:
        return [parsed.fault] if parsed.fault else []
    strangers = sorted({column.name for column in parsed.node.find_all(exp.Column)} - known.keys())
    if strangers:
        return [unknown(name, known) for name in strangers]
    given, faults = typed(parsed.node, known, aggregate=aggregate)
    misfit = None if given is None or faults else mismatch(wanted, given)
    return faults if misfit is None else [misfit]


def refusal(expression: str) -> Fault | None:
    """Return what the syntax of an expression is refused for, or None."""
    return _parse(expression).fault


def unknown(name: str, known: Iterable[str]) -> Fault:
    """Return the fault of using a name that is not among `known`."""
    return Fault(
        f"'{name}' is no fact that can be used here.",
        f"«{name}» ایسا کوئی کوائف نہیں جو یہاں استعمال ہو سکے۔",
        nearest(name, known),
    )


def _parse(expression: str) -> _Parsed:
    """Return the syntax tree of one expression, or the first fault that refuses it."""
    fault = _refused_text(expression)
    if fault is None:
        try:
            tokens = DuckDB().tokenize(expression)
            fault = _refused_tokens(tokens)
            if fault is None:
                node = sqlglot.parse_one(expression, read=DIALECT, into=exp.Condition)
                fault = next(_refused_nodes(node), None)
                if fault is None:
                    return _Parsed(node, None)
        except (SqlglotError, RecursionError):
            fault = Fault(
                "It cannot be read as one expression; look at the brackets, quotes and words.",
                "یہ ایک مکمل شرط کے طور پر نہیں پڑھی جاتی؛ قوسین، واوین اور الفاظ دیکھیں۔",
            )
    return _Parsed(None, fault)


def _refused_text(expression: str) -> Fault | None:
    """Refuse what no rule needs before any parser sees it."""
    if not expression.strip():
        return Fault("The expression is empty.", "شرط خالی ہے۔")
    if len(expression) > LENGTH_MAX:
        return Fault(
            f"It is longer than {LENGTH_MAX} characters; make it several facts.",
            f"یہ {LENGTH_MAX} حروف سے طویل ہے؛ اسے کئی کوائف میں بانٹیں۔",
        )
    allowed = _CHARACTERS.match(expression)
    end = allowed.end() if allowed else 0
    if end < len(expression):
        return Fault(
            f"The character {expression[end]!r} has no place in a rule.",
            f"شرط میں یہ نشان {expression[end]!r} استعمال نہیں ہوتا۔",
        )
    if "--" in expression or "/*" in expression:
        return Fault(
            "Comments do not belong inside a rule; write them with # in the file.",
            "شرط کے اندر تبصرہ نہیں ہوتا؛ فائل میں # کے ساتھ لکھیں۔",
        )
    return None


def _refused_tokens(tokens: list[Token]) -> Fault | None:
    """Refuse unlisted functions by name, numbers and values of another form, and too deep nesting."""
    if len(tokens) > TOKENS_MAX:
        return Fault(
            f"It has more than {TOKENS_MAX} words; make it several facts.",
            f"اس میں {TOKENS_MAX} سے زیادہ الفاظ ہیں؛ اسے کئی کوائف میں بانٹیں۔",
        )
    depth = 0
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        depth += token.token_type == TokenType.L_PAREN
        depth -= token.token_type == TokenType.R_PAREN
        if depth > DEPTH_MAX:
            return Fault(
                f"Brackets are nested more than {DEPTH_MAX} deep.",
                f"قوسین {DEPTH_MAX} سے زیادہ تہوں میں ہیں۔",
            )
        word = token.text.lower()
        calls = following is not None and following.token_type == TokenType.L_PAREN
        if token.token_type == TokenType.NUMBER and not _NUMBER.fullmatch(token.text):
            return Fault(
                f"'{token.text}' is no plain number; write it as 12 or 12.5.",
                f"«{token.text}» سادہ عدد نہیں؛ 12 یا 12.5 کی طرح لکھیں۔",
            )
        if token.token_type == TokenType.STRING and not _CODE.fullmatch(token.text):
            return Fault(
                f"'{token.text}' is no value of a fact: small letters, digits and _.",
                f"«{token.text}» کسی کوائف کی قدر نہیں: چھوٹے حروف، ہندسے اور _۔",
            )
        if (
            token.token_type != TokenType.STRING
            and _NAME.fullmatch(word)
            and ((calls and word not in (*FUNCTIONS, *_BEFORE_BRACKET)) or word == "if")
        ):
            listed = ", ".join(FUNCTIONS)
            return Fault(
                f"The function '{word}' is not allowed; allowed are {listed}.",
                f"فنکشن «{word}» کی اجازت نہیں؛ اجازت صرف ان کی ہے: {listed}۔",
                nearest(word, FUNCTIONS),
            )
    return None


def _refused_nodes(root: exp.Expr) -> Iterator[Fault]:
    """Yield a fault for each node, or part of a node, that is not on the list."""
    if any(node.depth > TREE_DEPTH_MAX for node in root.walk()):
        yield Fault(
            "It is nested too deeply; make it several facts.",
            "یہ بہت زیادہ تہوں میں ہے؛ اسے کئی کوائف میں بانٹیں۔",
        )
        return
    for node in root.walk():
        parts = _ADMITTED.get(type(node))
        extra = (
            None
            if parts is None
            else [
                part
                for part, value in node.args.items()
                if part not in parts and value not in (None, False, [])
            ]
        )
        odd_name = isinstance(node, exp.Column) and (
            not isinstance(node.this, exp.Identifier) or bool(node.this.args.get("quoted"))
        )
        if parts is None or extra or odd_name:
            yield _not_admitted(node)
        elif isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
            yield Fault("* stands for all people only in count(*).", "* صرف count(*) میں استعمال ہوتا ہے۔")
        elif isinstance(node, exp.Count) and not isinstance(node.this, exp.Star):
            yield Fault(
                "Only count(*) counts; choose whom with FILTER (WHERE ...).",
                "گنتی صرف count(*) سے ہوتی ہے؛ کن کی گنتی، یہ FILTER (WHERE ...) سے لکھیں۔",
            )
        elif (
            isinstance(node, exp.In)
            and node.args.get("query") is None
            and not (node.expressions and all(map(_is_value, node.expressions)))
        ):
            yield Fault("IN takes a list of plain values.", "IN کے بعد صرف سادہ قدروں کی فہرست آتی ہے۔")


def _not_admitted(node: exp.Expr) -> Fault:
    if isinstance(node, exp.Null | exp.Is):
        return Fault(
            "NULL cannot be asked for: a missing answer makes the decision incomplete by itself.",
            "NULL کی شرط نہیں لگ سکتی: جواب موجود نہ ہو تو فیصلہ خود ہی نامکمل رہتا ہے۔",
        )
    if isinstance(node, exp.Query | exp.Exists) or node.args.get("query") is not None:
        return Fault(
            "A rule cannot ask another table (SELECT); declare a fact over people instead.",
            "شرط کسی اور جدول سے نہیں پوچھ سکتی (SELECT)؛ اس کی جگہ افراد پر مبنی derived کوائف بنائیں۔",
        )
    text = node.sql(dialect=DIALECT)
    shown = text if len(text) <= 60 else f"{text[:60]}…"
    return Fault(f"'{shown}' is not part of the rule language.", f"«{shown}» شرطوں کی زبان کا حصہ نہیں۔")


def _is_value(node: exp.Expr) -> bool:
    inner = node.this if isinstance(node, exp.Neg) else node
    return isinstance(inner, exp.Literal | exp.Boolean)
