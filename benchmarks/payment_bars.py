"""The bars of payments beside what was measured, met or missed."""

from __future__ import annotations

from collections.abc import Iterator

Kept = dict[str, dict[str, float]]
RATIO_MAX, FLAT_MAX, ANSWER_MAX = 1.5, 1.2, 2.0
PER_S_AIM, PEAK_MAX_MB = 100_000, 300


def bars(kept: Kept) -> Iterator[str]:
    """Yield the lines of the table, for the sections that were measured."""
    yield from ("| bar | asked | measured | payments | commit | |", "|---|---:|---:|---:|---|---|")
    for section, what in (("generate", "generate"), ("flat", "generate, as many past payments stored")):
        if section in kept:
            ratio = kept[section]["generate_s"] / kept[section]["floor_s"]
            yield _line(
                kept[section], f"{what}: to INSERT ... SELECT", "≤ 1.5", f"{ratio:.2f}", ratio <= RATIO_MAX
            )
    if {"generate", "flat"} <= kept.keys():
        before, after = (_ms(kept[name]) for name in ("generate", "flat"))
        yield _line(
            kept["flat"],
            "ms a payment, past payments stored to none",
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
            ratio = found[f"{form}_booked_s"] / found["read_floor_s"]
            yield _line(
                found,
                f"answer as {form}, booked: to COPY and one join",
                "≤ 2",
                f"{ratio:.2f}",
                ratio <= ANSWER_MAX,
            )
    yield ""


def _payments(found: dict[str, float]) -> float:
    return found.get("payments", found.get("stored", found.get("transactions", 1)))


def _ms(found: dict[str, float]) -> float:
    return found["generate_s"] / _payments(found) * 1000


def _line(found: dict[str, float], what: str, asked: str, measured: str, met: bool) -> str:
    verdict = "met" if met else "**missed**"
    return f"| {what} | {asked} | {measured} | {_payments(found):,.0f} | {found['commit']} | {verdict} |"
