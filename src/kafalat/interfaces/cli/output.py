"""How the command line shows things: problems in both languages, progress bars on standard error, tables on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from kafalat.core import progress as core_progress
from kafalat.core.problems import Problem
from kafalat.core.text import Bilingual

out = Console()
err = Console(stderr=True)

# Who the audit log names for what is done here.
ACTOR = "command line"
# What each long step is called.
LABELS = {
    "database": Bilingual(en="database", ur="ڈیٹا بیس"),
    "survey": Bilingual(en="survey", ur="سروے"),
    "import": Bilingual(en="into the registry", ur="رجسٹری میں اندراج"),
    "snapshot": Bilingual(en="snapshot", ur="عکسِ وقت"),
    "targeting": Bilingual(en="scores and decisions", ur="اسکور اور فیصلے"),
    "slips": Bilingual(en="slips", ur="پرچیاں"),
    "enrolment": Bilingual(en="enrolment and accounts", ur="شمولیت اور کھاتے"),
    "logins": Bilingual(en="staff logins", ur="عملے کے لاگ اِن"),
    "committee": Bilingual(en="committee asked", ur="کمیٹی سے رائے"),
    "generate": Bilingual(en="payments generated", ur="ادائیگیوں کی تیاری"),
    "approve": Bilingual(en="checked, approved, authorised", ur="جانچ، منظوری اور اجازت"),
    "dispatch": Bilingual(en="bank files", ur="بینک فائلیں"),
    "answers": Bilingual(en="bank answers", ur="بینک کے جواب"),
    "returns": Bilingual(en="returned payments", ur="واپس آئی ادائیگیاں"),
    "ledger": Bilingual(en="ledger proved", ur="کھاتہ بہی کی جانچ"),
    "withdrawals": Bilingual(en="withdrawals and alerts", ur="رقم نکلوانا اور انتباہات"),
    "scan": Bilingual(en="looking through withdrawals", ur="رقم نکلوانے کا جائزہ"),
}


def print_problem(problem: Problem) -> None:
    """Print a problem in English and Urdu on standard error."""
    # Not through Rich: a message must come out as it is, brackets and all, and copy cleanly from any terminal.
    sys.stderr.write(problem.both() + "\n")


def print_json(value: object) -> None:
    """Print one JSON object on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def print_lines(*lines: str) -> None:
    """Print plain lines on standard output."""
    sys.stdout.write("\n".join(lines) + "\n")


class Stages:
    """Progress bars, one line per named step; a step that comes again goes on in its line."""

    def __init__(self, labels: dict[str, Bilingual], language: str) -> None:
        self._labels = labels
        self._language = language
        self._lines: dict[str, TaskID] = {}
        self._bars = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=err,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    @contextmanager
    def stage(self, name: str) -> Iterator[core_progress.Progress]:
        """Show one step while it runs."""
        label = self._labels[name].in_(self._language) if name in self._labels else name
        task = self._lines.setdefault(
            name, self._bars.add_task(label, total=1.0, visible=name not in self._lines)
        )
        self._bars.reset(task, start=True, total=1.0)
        yield lambda share: self._bars.update(task, completed=share)
        self._bars.update(task, completed=1.0)


def facts_table(title: str, rows: list[tuple[str, str]]) -> Table:
    """Return a two-column table: what, and how many."""
    table = Table(title=title, show_header=False, title_justify="left", title_style="bold")
    table.add_column()
    table.add_column(justify="right")
    for row in rows:
        table.add_row(*row)
    return table
