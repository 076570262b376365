"""A chart of the banks' days to credit: half of the payments, and nine of ten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

from kafalat.core.text import Language
from kafalat.interfaces.charts import AMBER, INK, TEAL, configured, data, render


@dataclass(frozen=True, slots=True)
class DaysBar:
    """One bank: its name and the whole days within which half and nine of ten of its payments arrived."""

    label: str
    median_days: int
    p90_days: int


def days_chart(
    bars: Sequence[DaysBar], *, language: Language, title: str, words: tuple[str, str, str]
) -> str:
    """Return the chart as SVG text; `words` are those for half, nine of ten, and days. Nothing without bars."""
    if not bars:
        return ""
    half, most, days = words
    rows = [
        {"bank": bar.label, "which": which, "days": value, "text": str(value)}
        for bar in bars
        for which, value in ((half, bar.median_days), (most, bar.p90_days))
    ]
    right = language == "ur"
    longest = max(bar.p90_days for bar in bars) or 1
    ticks = list(range(0, longest + 1, max(1, longest // 5)))
    base = alt.Chart(data(rows)).encode(
        y=alt.Y(
            "bank:N",
            sort=None,
            title=None,
            axis=alt.Axis(orient="right" if right else "left", labelLimit=220),
        ),
        yOffset=alt.YOffset("which:N", sort=[half, most]),
        x=alt.X(
            "days:Q",
            title=days,
            scale=alt.Scale(reverse=right, zero=True, nice=True),
            axis=alt.Axis(values=ticks, format="d", grid=False),
        ),
    )
    colour = alt.Color(
        "which:N",
        sort=[half, most],
        scale=alt.Scale(domain=[half, most], range=[TEAL, AMBER]),
        legend=alt.Legend(title=None, orient="top"),
    )
    marks = base.mark_bar(height=9).encode(color=colour)
    texts = base.mark_text(dx=-8 if right else 8, align="right" if right else "left", color=INK).encode(
        text="text:N"
    )
    chart = (marks + texts).properties(width=520, height=alt.Step(14))
    return render(configured(chart), title=title)
