"""The heat map of withdrawals by weekday and hour, as SVG; a table with the same figures stands beside it."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from kafalat.core.text import Language
from kafalat.interfaces.charts import STEPS, configured, data, render

# Darkest where at least this share (in percent) of the fullest hour was taken out; an hour without any stays paper.
_LIMITS_PCT = (0, 25, 50, 75)


def heat_map(counts: Sequence[Sequence[int]], days: Sequence[str], *, language: Language, title: str) -> str:
    """Return the map: `counts[weekday][hour]`, `days` the weekdays' names in the same order. Hours run as reading does."""
    rtl = language == "ur"
    most = max((max(day) for day in counts), default=0) or 1
    rows = [
        {
            "hour": hour,
            "next": hour + 1,
            "top": weekday,
            "low": weekday + 1,
            "fill": STEPS[0] if not count else STEPS[1 + _step(count, most)],
        }
        for weekday, day in enumerate(counts)
        for hour, count in enumerate(day)
    ]
    x = alt.Scale(domain=[0, 24], reverse=rtl, nice=False)
    y = alt.Scale(domain=[0, 7], reverse=True, nice=False)
    hours = alt.Axis(values=list(range(0, 25, 3)), title=None, grid=False)
    squares = (
        alt.Chart(data(rows))
        .mark_rect(stroke="#ffffff", strokeWidth=1)
        .encode(
            x=alt.X("hour:Q", scale=x, axis=hours),
            x2="next:Q",
            y=alt.Y("top:Q", scale=y, axis=None),
            y2="low:Q",
            color=alt.Color("fill:N", scale=None),
        )
    )
    names = [{"name": name, "at": 0, "middle": number + 0.5} for number, name in enumerate(days)]
    labels = (
        alt.Chart(data(names))
        .mark_text(align="left" if rtl else "right", dx=6 if rtl else -6, fontSize=11)
        .encode(x=alt.X("at:Q", scale=x), y=alt.Y("middle:Q", scale=y), text="name:N")
    )
    return render(configured(alt.layer(squares, labels).properties(width=520, height=190)), title=title)


def _step(count: int, most: int) -> int:
    """Return 0 to 3, from few to many."""
    return sum(count * 100 > limit * most for limit in _LIMITS_PCT) - 1
