"""The style of CONTRIBUTING.md where it is a rule. Each rule has a control that shows it can fail.

A finder takes a file and yields the places that break its rule; the rule's test runs it over the project, and one
table of small wrong texts proves that each finder sees what it is for.
"""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.source import PACKAGE, ROOT, Function, functions, place, python_files, tree

Finder = Callable[[Path], Iterator[str]]

FILE_LINES_MAX = 700
FILE_LINES_USUAL = 400  # 95 files of a hundred stay below
FILE_LINES_MEDIAN = 120
FUNCTION_LINES_MAX = 70
PURE_ROOMS = ("core", "policy", "engine", "survey", "adapters")
WALL_CLOCK = {
    ("datetime", "now"), ("datetime", "today"), ("datetime", "utcnow"), ("date", "today"), ("time", "time"),
    ("time", "time_ns"), ("timezone", "now"), ("timezone", "localdate"), ("timezone", "localtime"),
}  # fmt: skip
ANY_CLOCK = WALL_CLOCK | {("time", "monotonic"), ("time", "perf_counter"), ("time", "process_time")}
SEEDLESS = {("uuid", "uuid4"), ("uuid", "uuid1"), ("os", "urandom")}
SILENCER = re.compile(r"#\s*(noqa|type:\s*ignore|ruff:\s*noqa|mypy:|pyright:|pragma:)(.*)", re.IGNORECASE)
EXPLAINED = re.compile(
    r"\s*(?::\s*[A-Z]+[0-9]+(?:,\s*[A-Z]+[0-9]+)*|\[[a-z-]+(?:,\s*[a-z-]+)*\])\s*(?:-|#)\s*\w.*"
)


def dotted(path: Path) -> Iterator[tuple[ast.Attribute, str, str]]:
    """Yield every `owner.name` of a file; for `a.b.name` the owner is `b`."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute):
            owner = (
                node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            )
            yield node, owner, node.attr


def find_floats(path: Path) -> Iterator[str]:
    """Money is integer paisa: nothing that handles it names `float` or writes a fraction (a share of progress apart)."""
    shares = {
        share
        for call in ast.walk(tree(path))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "progress"
        for share in ast.walk(call)
    }
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Name) and node.id == "float":
            yield place(path, node)
        if isinstance(node, ast.Constant) and isinstance(node.value, float) and node not in shares:
            yield place(path, node)


def find_wall_clocks(path: Path) -> Iterator[str]:
    """The time of day is handed in by the edge."""
    return (place(path, node) for node, owner, name in dotted(path) if (owner, name) in WALL_CLOCK)


def find_impurities(path: Path) -> Iterator[str]:
    """Pure rooms read no clock at all and draw no number without a seed."""
    for node, owner, name in dotted(path):
        if (owner, name) in ANY_CLOCK | SEEDLESS:
            yield place(path, node)
        if owner in {"random", "secrets"} and name not in {
            "Random",
            "Generator",
            "default_rng",
            "compare_digest",
        }:
            yield place(path, node)
    for call in ast.walk(tree(path)):
        bare = isinstance(call, ast.Call) and not (call.args or call.keywords)
        if bare and ast.unparse(call).endswith(("default_rng()", "Random()")):
            yield place(path, call)


def find_unexplained_silencers(path: Path) -> Iterator[str]:
    """A check is silenced on one line only, by its code, with the reason beside it."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        silencer = SILENCER.search(line)
        if silencer and not (
            silencer[1].lower().replace(" ", "") in {"noqa", "type:ignore"}
            and EXPLAINED.fullmatch(silencer[2])
        ):
            yield f"{path.relative_to(ROOT)}:{number}"


def find_hidden_imports(path: Path) -> Iterator[str]:
    """Imports stand at the top, where the direction of rooms can be read."""
    for function in functions(path):
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield place(path, node)


def function_lines(function: Function) -> int:
    """Return how many lines a function takes, its docstring and decorators included."""
    first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
    return (function.end_lineno or function.lineno) - first + 1


def find_long_functions(path: Path) -> Iterator[str]:
    """A function fits on a screen."""
    for function in functions(path):
        if (lines := function_lines(function)) > FUNCTION_LINES_MAX:
            yield f"{place(path, function)} {function.name}: {lines} lines"


def find_missing_purpose(path: Path) -> Iterator[str]:
    """Every file with something in it opens by saying what it is for."""
    if tree(path).body and ast.get_docstring(tree(path)) is None:
        yield place(path)


def find_direct_queries(path: Path) -> Iterator[str]:
    """Views ask selectors and services; they never hold a manager."""
    return (
        place(path, node) for node, _, name in dotted(path) if name in {"objects", "_default_manager", "raw"}
    )


def is_money(path: Path) -> bool:
    """Tell whether a file handles amounts."""
    return path.is_relative_to(PACKAGE / "payments") or any(word in path.stem for word in ("money", "ledger"))


def view_files() -> list[Path]:
    """Return the files that answer requests; the command line and the demo drive services, and read for their report."""
    edge = PACKAGE / "interfaces"
    drivers = {"models.py", "services.py", "selectors.py", "access.py", "logins.py", "demo.py"}
    return [
        path
        for path in python_files("src/kafalat/interfaces")
        if path.name not in drivers and not path.is_relative_to(edge / "cli")
    ]


def pure_files() -> list[Path]:
    return python_files(*(f"src/kafalat/{room}" for room in PURE_ROOMS))


def inner_files() -> list[Path]:
    """Return the files of every room but the edge, where the clock is read."""
    edge = (PACKAGE / "interfaces", PACKAGE / "config")
    return [path for path in python_files("src") if not any(path.is_relative_to(room) for room in edge)]


RULES: dict[str, tuple[Finder, Callable[[], list[Path]], str]] = {
    "money is never a float": (
        find_floats,
        lambda: [path for path in python_files("src") if is_money(path)],
        "paisa = int(float(rupees) * 100)",
    ),
    "the time of day is handed in": (
        find_wall_clocks,
        inner_files,
        "import datetime\nx = datetime.datetime.now()",
    ),
    "pure rooms read no clock and draw nothing unseeded": (
        find_impurities,
        pure_files,
        "r = np.random.default_rng()",
    ),
    "a silenced check has its code and reason": (
        find_unexplained_silencers,
        python_files,
        "x = y  # no" + "qa: E501",
    ),
    "imports stand at the top": (find_hidden_imports, lambda: python_files("src"), "def f():\n    import os"),
    "functions fit on a screen": (find_long_functions, python_files, "def f():\n" + "    x = 1\n" * 70),
    "every file says what it is for": (
        find_missing_purpose,
        lambda: python_files("src", "tools", "benchmarks", "tests"),
        "x = 1",
    ),
    "views hold no manager": (
        find_direct_queries,
        view_files,
        "rows = Household.objects.all()",
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_rule(rule: str) -> None:
    finder, files, _ = RULES[rule]
    assert [found for path in files() for found in finder(path)] == [], f"{rule}: {finder.__doc__}"


@pytest.mark.parametrize("rule", RULES)
def test_control_each_rule_sees_what_it_forbids(
    rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finder, _, wrong = RULES[rule]
    monkeypatch.setattr("tests.source.ROOT", tmp_path)
    monkeypatch.setattr("tests.test_tidy.ROOT", tmp_path)
    file = tmp_path / "wrong.py"
    file.write_text(wrong + "\n", encoding="utf-8")
    assert list(finder(file)), f"this must be found: {wrong}"


def test_an_explained_silencer_is_accepted(tmp_path: Path) -> None:
    file = tmp_path / "right.py"
    file.write_text("x = y  # no" + "qa: S608 - the names come from a closed list\n", encoding="utf-8")
    assert list(find_unexplained_silencers(file)) == []


def test_files_stay_short() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    assert [
        f"{path.relative_to(ROOT)}: {count}" for path, count in lines.items() if count > FILE_LINES_MAX
    ] == []
    long = [str(path.relative_to(ROOT)) for path, count in lines.items() if count > FILE_LINES_USUAL]
    assert len(long) <= len(lines) * 0.05, f"too many files over {FILE_LINES_USUAL} lines: {long}"
    ours = [lines[path] for path in python_files("src") if lines[path]]
    assert statistics.median(ours) <= FILE_LINES_MEDIAN
