"""The page of payments' benchmarks: the bars beside what was measured, met or missed, then the figures.

A section's figures come with its commit and with the machine's load before and after it: a figure taken on a busy machine
must not pass for one of a quiet one.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime

from benchmarks.answers import answers_page

Kept = dict[str, dict[str, float]]
RATIO_MAX, FLAT_MAX, ANSWER_MAX = 1.5, 1.2, 2.0
PER_S_AIM, PEAK_MAX_MB = 100_000, 300


def bars(kept: Kept) -> Iterator[str]:
    """Yield the lines of the table, for the sections that were measured."""
    yield from (
        "| bar | asked | measured | payments | load | commit | |",
        "|---|---:|---:|---:|---:|---|---|",
    )
    for section, what in (
        ("generate", "generate"),
        ("arrears", "generate, a year's arrears with it, once"),
    ):
        if section in kept:
            ratio = _ratio(kept[section])
            shown = f"{ratio:.2f}{_spread(kept[section])}"
            yield _line(kept[section], f"{what}: to INSERT ... SELECT", "≤ 1.5", shown, ratio <= RATIO_MAX)
    if {"generate", "flat"} <= kept.keys():
        before, after = (_ratio(kept[name]) for name in ("generate", "flat"))
        yield _line(
            kept["flat"],
            "that ratio, past payments stored to none",
            "flat (≤ 1.2)",
            f"{after / before:.2f}",
            after / before <= FLAT_MAX,
        )
    if "statements" in kept:
        found = {**kept["statements"], "payments": 10_000}
        few, many = found["at_1k"], found["at_10k"]
        yield _line(
            found, "SQL statements, 1,000 and 10,000 payments", "constant", f"{few}, {many}", few == many
        )
    if "files" in kept:
        found = kept["files"]
        peak = f"{found['peak_mb']:,.0f} ({found['grown_mb']:,.0f} by writing)"
        yield _line(
            found,
            "pain.001, transactions/s",
            "100,000 (aim)",
            f"{found['per_s']:,.0f}",
            found["per_s"] >= PER_S_AIM,
        )
        yield _line(found, "pain.001, peak MB of the process", "< 300", peak, found["peak_mb"] < PEAK_MAX_MB)
    if "answers" in kept:
        found = kept["answers"]
        for form in ("csv", "camt054"):
            for work, done in (("judged", "read and judged"), ("booked", "booked as well")):
                ratio = found[f"{form}_{work}_s"] / found[f"{form}_floor_s"]
                yield _line(
                    found,
                    f"answer as {form}, {done}: to COPY and one join",
                    "≤ 2",
                    f"{ratio:.2f}",
                    ratio <= ANSWER_MAX,
                )
    yield ""


def _payments(found: dict[str, float]) -> float:
    return found.get("payments", found.get("stored", found.get("transactions", 1)))


def _ratio(found: dict[str, float]) -> float:
    return found["generate_s"] / found["floor_s"]


def _spread(found: dict[str, float]) -> str:
    """Return how far the ratios of a section's runs lie apart, "" for one run."""
    if "least" not in found or found["runs"] == 1:
        return ""
    return f" ({found['runs']:.0f} runs: {found['least']:.2f} to {found['most']:.2f})"


def _line(found: dict[str, float], what: str, asked: str, measured: str, met: bool) -> str:
    verdict = "met" if met else "**missed**"
    return f"| {what} | {asked} | {measured} | {_payments(found):,.0f} | {_load(found)} | {found['commit']} | {verdict} |"


def _load(found: dict[str, float]) -> str:
    """Return the load before and after a section; sections measured before it was kept have none."""
    if "load_before" not in found:
        return "not kept"
    return f"{found['load_before']:.1f} to {found['load_after']:.1f}"


def page(kept: dict[str, dict[str, float]]) -> str:
    """Return the page for what was measured so far."""
    lines = [
        "# Benchmarks of payments",
        "",
        "Made by `make bench ARGS=payments`. One process; embedded PostgreSQL 18 on the same machine and cores. The floor is a bare",
        "`INSERT ... SELECT` of the same rows into twin tables of the same columns, keys (foreign ones too) and indexes, in the same run;",
        "finding who is due and held back, triggers, digest and ledger rows count as generation's, not the floor's. Of several runs",
        "the one is shown whose ratio to its own floor is the middle one: the machine's speed drifts from one run to the next.",
        "",
        f"- {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        f"- page written {datetime.now(UTC):%Y-%m-%d}; load is the machine's average of one minute before a section and after it, its own work included.",
        "",
        *bars(kept),
        "## Figures",
        "",
        "| measured | payments | seconds | ms a payment | ratio to floor | commit |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for name in ("generate", "flat"):
        if name in kept:
            found = kept[name]
            payments = int(found.get("payments", found.get("stored", 0)))
            what = "generate" if name == "generate" else f"generate, {payments:,} past payments stored"
            for label, seconds, ratio in (
                (f"floor of: {what}", found["floor_s"], 1.0),
                (what, found["generate_s"], _ratio(found)),
            ):
                lines.append(
                    f"| {label} | {payments:,} | {seconds:.2f} | {seconds / payments * 1000:.4f} | {ratio:.2f} | {found['commit']} |"
                )
    if "loop" in kept:
        found = kept["loop"]
        lines.append(
            f"| Django bulk_create of the payments alone | {found['payments']:,} | {found['seconds']:.2f} "
            f"| {found['seconds'] / found['payments'] * 1000:.4f} | | {found['commit']} |"
        )
    if "flat" in kept:
        found = kept["flat"]
        lines.append(
            f"| nightly check of all invariants | {found['stored']:,} | {found['check_s']:.2f} | | | {found['commit']} |"
        )
    lines += answers_page(kept["answers"]) if "answers" in kept else []
    lines.append("")
    if "statements" in kept:
        found = kept["statements"]
        lines.append(
            f"SQL statements of one generation: {found['at_1k']} for 1,000 payments, {found['at_10k']} for 10,000."
        )
    if "generate" in kept:
        found = kept["generate"]
        lines.append(
            f"Peak memory of the process: {found['peak_mb']:,.0f} MB, of which {found['grown_mb']:,.0f} MB for generating."
        )
    return "\n".join(lines) + "\n"
