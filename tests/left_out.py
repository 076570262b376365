"""Says at the end of a run which tests were left out and how to get them; with `KAFALAT_NO_SKIP=1` they fail instead.

A pytest plugin, loaded by `conftest.py`. A test that cannot run here skips with its reason and carries a marker
(`browser`, `java`, `shared`); the marker decides the advice. CI sets `KAFALAT_NO_SKIP=1`, so nothing can go
unnoticed there. Tests expected to fail (`xfail`) are no skips and are left alone.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator

import pytest

ADVICE = {
    "browser": "need Chromium: apt-get install chromium",
    "java": "need Java: apt-get install default-jdk-headless",
    "shared": "need data kept apart: put it in a folder named shared beside the project",
}
OTHERWISE = "have their own reason, printed above"


def nothing_may_be_left_out() -> bool:
    """Tell whether a skip counts as a failure."""
    return os.environ.get("KAFALAT_NO_SKIP") == "1"


def reason(report: pytest.CollectReport | pytest.TestReport) -> str:
    """Return why a report says `skipped`."""
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)


def advice(report: pytest.TestReport) -> str:
    """Return what would bring a test back: kept-apart data that it asked for, else what its marker needs."""
    if "folder named shared" in reason(report):
        return ADVICE["shared"]
    return next((ADVICE[mark] for mark in ADVICE if mark in report.keywords), OTHERWISE)


def refuse(report: pytest.CollectReport | pytest.TestReport) -> None:
    """Turn a skip into a failure that keeps its reason."""
    report.longrepr = f"{reason(report)}\nKAFALAT_NO_SKIP=1: here a test that is left out counts as failed."
    report.outcome = "failed"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Refuse a skipped test where nothing may be left out."""
    report = yield
    if nothing_may_be_left_out() and report.skipped and not hasattr(report, "wasxfail"):
        refuse(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Refuse a file that skips itself whole."""
    report = yield
    if nothing_may_be_left_out() and report.outcome == "skipped":
        refuse(report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was left out, grouped by what would bring it back."""
    skipped = terminalreporter.getreports("skipped")
    if not skipped:
        return
    groups = Counter(advice(report) for report in skipped)
    terminalreporter.section("left out")
    for way, count in sorted(groups.items()):
        terminalreporter.write_line(f"{count} {way}")
    terminalreporter.write_line("With these at hand, run make test again: what can run is never left out.")
