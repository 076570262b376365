"""Pictures of a simulation as SVG text: scores with both cut-offs, who joins and leaves, the budget, figures with intervals.

Pure functions from rows to a picture, like `interfaces.charts`. What is proposed is filled, what is today is outlined
or dashed; each picture names its parts in words and goes with a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from kafalat.core.text import Language
from kafalat.interfaces.charts import AMBER, MUTED, SAND, TEAL, configured, data, render

_LANE = 17


@dataclass(frozen=True, slots=True)
class Mark:
    """A cut-off to mark on the scores: where, its words, and whether it is proposed (solid) or today's (dashed)."""

    value: float
    label: str
    proposed: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar in words and length; `kind` is "both", "joining" or "leaving", or "today" and "proposed"."""

    label: str
    value: float
    note: str
    kind: str


@dataclass(frozen=True, slots=True)
class Span:
    """A figure with its interval, in percent; `lane` is the line of words it belongs to."""

    lane: str
    kind: str
    value: float
    low: float
    high: float
    note: str


def scores(
    rows: Sequence[tuple[int, int, int]],
    marks: Sequence[Mark],
    *,
    language: Language,
    title: str,
    axis_title: str,
) -> str:
    """Return the histogram of (score, covered, others) with the cut-offs, each named in a lane of its own above the bars.

    `marks` come from the highest cut-off to the lowest.
    """
    rtl = language == "ur"
    drawn = [
        {"from": score - 0.5, "to": score + 0.5, "low": low, "high": high, "fill": fill}
        for score, covered, others in rows
        for low, high, fill in ((0, covered, TEAL), (covered, covered + others, SAND))
        if high > low
    ]
    top = max((covered + others for _score, covered, others in rows), default=1)
    lane = 26 if rtl else _LANE
    height = 190 + lane * len(marks)
    x = alt.Scale(domain=[-0.5, 100.5], reverse=rtl, nice=False)
    y = alt.Scale(domain=[0, top], range=[height, lane * len(marks) + 6], nice=False)
    counts = alt.Axis(orient="right" if rtl else "left", tickCount=4, format=",d", title=None)
    axis = alt.Axis(values=list(range(0, 101, 10)), title=axis_title, grid=False)
    bars = (
        alt.Chart(data(drawn))
        .mark_rect(stroke="#ffffff", strokeWidth=0.4)
        .encode(
            x=alt.X("from:Q", scale=x, axis=axis), x2="to:Q", y=alt.Y("low:Q", scale=y, axis=counts), y2="high:Q",
            color=alt.Color("fill:N", scale=None),
        )
    )  # fmt: skip
    layers: list[Any] = [bars]
    for number, mark in enumerate(marks):
        base = alt.Chart(data([{"at": mark.value, "label": mark.label}]))
        ink = AMBER if mark.proposed else MUTED
        dash = [1, 0] if mark.proposed else [4, 3]
        layers.append(
            base.mark_rule(color=ink, strokeDash=dash, strokeWidth=1.6).encode(
                x=alt.X("at:Q", scale=x), y=alt.value(number * lane + 2), y2=alt.value(height)
            )
        )
        # The farthest cut-off is named beyond its line, the others before theirs: no name is crossed by another's line.
        beyond = (number == 0) != rtl
        layers.append(
            base.mark_text(
                color=ink, fontWeight=600, align="left" if beyond else "right", dx=5 if beyond else -5
            ).encode(x=alt.X("at:Q", scale=x), y=alt.value(number * lane + 9), text="label:N")
        )
    chart = alt.layer(*layers).properties(width=460, height=height)
    return render(configured(chart), title=title)


def moves(bars: Sequence[Bar], *, language: Language, title: str) -> str:
    """Return who stays, joins and leaves as bars from a middle line: leaving on the side that reading comes from."""
    rtl = language == "ur"
    step = 44 if rtl else 38
    most = max((bar.value for bar in bars), default=0) or 1
    rows = [
        {
            "zero": 0, "value": -bar.value if bar.kind == "leaving" else bar.value, "words": f"{bar.label}: {bar.note}",
            "top": step * place + step - 16, "bottom": step * place + step - 3, "text": step * place + (13 if rtl else 14),
            "fill": {"both": TEAL, "joining": "#5a9e8f", "leaving": AMBER}[bar.kind],
        }
        for place, bar in enumerate(bars)
    ]  # fmt: skip
    leaving = max((bar.value for bar in bars if bar.kind == "leaving"), default=0)
    x = alt.Scale(domain=[-max(leaving, most * 0.02), most], reverse=rtl, nice=False)
    y = alt.Scale(domain=[0, step * len(rows)], reverse=True, nice=False)
    base = alt.Chart(data(rows))
    drawn = base.mark_rect(cornerRadius=2).encode(
        x=alt.X("zero:Q", scale=x, axis=None), x2="value:Q", y=alt.Y("top:Q", scale=y, axis=None), y2="bottom:Q",
        color=alt.Color("fill:N", scale=None),
    )  # fmt: skip
    words = base.mark_text(align="right" if rtl else "left", fontSize=12).encode(
        x=alt.value(420 if rtl else 0), y=alt.Y("text:Q", scale=y), text="words:N"
    )
    middle = base.mark_rule(color=MUTED).encode(
        x=alt.X("zero:Q", scale=x), y=alt.Y("top:Q", scale=y), y2="bottom:Q"
    )
    chart = alt.layer(drawn, middle, words).properties(width=420, height=step * max(1, len(rows)))
    return render(configured(chart), title=title)


def budget(
    rows: Sequence[tuple[str, float, float]], *, language: Language, title: str, axis_title: str
) -> str:
    """Return (period, today, proposed) as pairs of columns: today outlined, proposed filled."""
    rtl = language == "ur"
    slot, width = 10.0, 4.0
    drawn = []
    for place, (period, today, proposed) in enumerate(rows):
        left = place * slot + 0.8
        for number, (value, fill, edge) in enumerate(((today, "#ffffff", MUTED), (proposed, TEAL, TEAL))):
            drawn.append(
                {"from": left + number * width, "to": left + number * width + width - 0.4, "zero": 0, "value": value,
                 "fill": fill, "edge": edge, "middle": left + width, "period": period}
            )  # fmt: skip
    top = max((max(today, proposed) for _period, today, proposed in rows), default=1) or 1
    x = alt.Scale(domain=[0, slot * max(1, len(rows))], reverse=rtl, nice=False)
    y = alt.Scale(domain=[0, top * 1.05], nice=False)
    amounts = alt.Axis(orient="right" if rtl else "left", tickCount=4, format="~s", title=axis_title)
    base = alt.Chart(data(drawn))
    bars = base.mark_rect(strokeWidth=1.3).encode(
        x=alt.X("from:Q", scale=x, axis=None), x2="to:Q", y=alt.Y("zero:Q", scale=y, axis=amounts), y2="value:Q",
        color=alt.Color("fill:N", scale=None), stroke=alt.Stroke("edge:N", scale=None),
    )  # fmt: skip
    names = base.mark_text(color=MUTED).encode(
        x=alt.X("middle:Q", scale=x), y=alt.value(205), text="period:N"
    )
    chart = alt.layer(bars, names).properties(width=460, height=190)
    return render(configured(chart), title=title)


def intervals(rows: Sequence[Span], *, language: Language, title: str) -> str:
    """Return figures as dots with lines for their intervals, on one axis in percent; words above each pair."""
    rtl = language == "ur"
    lanes = list(dict.fromkeys(row.lane for row in rows))
    step = 66 if rtl else 56
    drawn = []
    for row in rows:
        at = lanes.index(row.lane) * step + (38 if rtl else 30) + (0 if row.kind == "today" else 15)
        ink = MUTED if row.kind == "today" else TEAL
        drawn.append(
            {"low": row.low, "high": row.high, "value": row.value, "at": at, "ink": ink, "note": row.note,
             "fill": "#ffffff" if row.kind == "today" else TEAL}
        )  # fmt: skip
    words = [{"words": lane, "at": place * step + 14} for place, lane in enumerate(lanes)]
    most = max((row.high for row in rows), default=1)
    height = step * max(1, len(lanes))
    x = alt.Scale(domain=[0, most * 1.3], reverse=rtl, nice=False)
    y = alt.Scale(domain=[0, height], reverse=True, nice=False)
    base = alt.Chart(data(drawn))
    axis = alt.Axis(format="d", title="%", grid=True, tickCount=6)
    lines = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", scale=x, axis=axis), x2="high:Q", y=alt.Y("at:Q", scale=y, axis=None),
        color=alt.Color("ink:N", scale=None),
    )  # fmt: skip
    dots = base.mark_circle(size=46, opacity=1, strokeWidth=1.6).encode(
        x=alt.X("value:Q", scale=x), y=alt.Y("at:Q", scale=y), color=alt.Color("fill:N", scale=None),
        stroke=alt.Stroke("ink:N", scale=None),
    )  # fmt: skip
    notes = base.mark_text(align="right" if rtl else "left", dx=-8 if rtl else 8, fontSize=10.5).encode(
        x=alt.X("high:Q", scale=x), y=alt.Y("at:Q", scale=y), text="note:N"
    )
    labels = (
        alt.Chart(data(words))
        .mark_text(align="right" if rtl else "left", fontSize=12, fontWeight=600)
        .encode(x=alt.value(460 if rtl else 0), y=alt.Y("at:Q", scale=y), text="words:N")
    )
    chart = alt.layer(lines, dots, notes, labels).properties(width=460, height=height)
    return render(configured(chart), title=title)
