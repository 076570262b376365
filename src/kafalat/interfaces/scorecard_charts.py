"""Pictures of an evaluation as SVG text: how poor each score is, whom a selection reaches, errors by group, all scores."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np

from kafalat.fitting.curves import calibration, reach
from kafalat.fitting.evaluation import Evaluation, group_selection
from kafalat.interfaces.charts import (
    AMBER,
    INK,
    MUTED,
    TEAL,
    CutoffLine,
    ScoreBar,
    configured,
    data,
    render,
    score_histogram,
)

_SHARES = np.linspace(0, 1, 51)
# Each line has a colour, a dash and its name at its end: none must be told by colour alone.
_LINES: dict[str, tuple[str, list[int]]] = {
    "card": (TEAL, [1, 0]),
    "gradient_boosting": (INK, [6, 3]),
    "least_squares": ("#6a4c93", [2, 2]),
    "demography": (AMBER, [8, 3]),
    "children": ("#9b2318", [4, 4]),
    "random": (MUTED, [1, 3]),
}
_ERRORS = {"exclusion": "of the poor, missed", "inclusion": "of the selected, not poor"}
_NAMES = {
    "card": "this card",
    "gradient_boosting": "gradient boosting",
    "least_squares": "least squares",
    "demography": "size, ages, head",
    "children": "children only",
    "random": "by lot",
}


def calibration_chart(found: Evaluation) -> str:
    """Return the share of households below the line by score, with intervals, and the cut-off."""
    rows = [
        {"score": (b.low + b.high) / 2, "poor": b.poor.value, "low": b.poor.low, "high": b.poor.high}
        for b in calibration(found)
    ]
    x = alt.X("score:Q", title="score (lower is poorer)", scale=alt.Scale(domain=[0, 100], nice=False))
    y = alt.Y(
        "poor:Q", title="households below the line", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])
    )
    base = alt.Chart(data(rows)).encode(x=x)
    layers = [
        base.mark_rule(color=TEAL, strokeWidth=1.5).encode(y="low:Q", y2="high:Q"),
        base.mark_line(color=TEAL, strokeWidth=1.2, opacity=0.5).encode(y=y),
        base.mark_circle(color=TEAL, size=34, opacity=1).encode(y=y),
        *_cutoff(found),
    ]
    title = "Share of households below the poverty line by score; vertical lines are 95 percent intervals"
    return render(configured(alt.layer(*layers).properties(width=380, height=230)), title=title)


def reach_chart(found: Evaluation) -> str:
    """Return the share of the poor reached as the selection grows, for the card and each baseline."""
    poor = (found.sample.welfare < np.log(found.line * 12)).astype(np.float64)
    scores = {"card": found.scores, **{each.code: each.scores for each in found.baseline_scores}}
    layers: list[Any] = []
    shown = [name for name in _LINES if scores.get(name) is not None]
    for place, name in enumerate(shown):
        values = scores[name]
        if values is None or not np.isfinite(values).all():
            continue
        line = reach(values, poor, found.sample.weight, _SHARES)
        colour, dash = _LINES[name]
        rows = [{"share": float(a), "reached": float(b)} for a, b in zip(_SHARES, line, strict=True)]
        layers.append(
            alt.Chart(data(rows))
            .mark_line(color=colour, strokeDash=dash, strokeWidth=2 if name == "card" else 1.4)
            .encode(
                x=alt.X("share:Q", title="households selected", axis=alt.Axis(format="%")),
                y=alt.Y("reached:Q", title="poor households reached", axis=alt.Axis(format="%")),
            )
        )
        key = [{"x": 0.55, "x2": 0.62, "y": 0.36 - 0.065 * place, "name": _NAMES[name]}]
        base = alt.Chart(data(key))
        layers.append(
            base.mark_rule(color=colour, strokeDash=dash, strokeWidth=2).encode(x="x:Q", x2="x2:Q", y="y:Q")
        )
        layers.append(base.mark_text(align="left", dx=5).encode(x="x2:Q", y="y:Q", text="name:N"))
    title = (
        "Share of the poor reached against the share of households selected, for the card and each baseline"
    )
    return render(configured(alt.layer(*layers).properties(width=380, height=260)), title=title)


def groups_chart(found: Evaluation) -> str:
    """Return the exclusion and inclusion error of each group with its interval, one lane per group and code."""
    chosen = group_selection(found.settings)
    rows = []
    for group in found.groups:
        for code in group.labels:
            figures = found.card.groups.get(group.name, {}).get(code)
            if figures is None:
                continue
            label = group.labels[code].en
            for measure, name in _ERRORS.items():
                figure = figures[f"{chosen}.{measure}"]
                if np.isfinite(figure.value):
                    rows.append(
                        {"lane": label if group.name != "head_sex" else f"{group.label.en}: {label}", "measure": name,
                         "value": figure.value, "low": figure.low, "high": figure.high}
                    )  # fmt: skip
    lanes = list(dict.fromkeys(str(row["lane"]) for row in rows))
    y = alt.Y("lane:N", sort=lanes, title=None, axis=alt.Axis(labelLimit=220, minExtent=170))
    x = alt.X("value:Q", title="share", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1]))
    colour = alt.Color(
        "measure:N",
        title=None,
        scale=alt.Scale(domain=list(_ERRORS.values()), range=[TEAL, AMBER]),
        legend=alt.Legend(orient="top", columns=1, labelFontSize=11, symbolSize=50),
    )
    layers = []
    for measure, shift, shape in zip(_ERRORS.values(), (-4, 4), ("circle", "diamond"), strict=True):
        base = alt.Chart(data([row for row in rows if row["measure"] == measure])).encode(y=y)
        layers.append(
            base.mark_rule(strokeWidth=1.5, yOffset=shift).encode(x="low:Q", x2="high:Q", color=colour)
        )
        layers.append(
            base.mark_point(filled=True, size=40, shape=shape, opacity=1, yOffset=shift).encode(
                x=x, color=colour
            )
        )
    title = "Exclusion and inclusion error by group, with 95 percent intervals"
    return render(configured(alt.layer(*layers).properties(width=330, height=26 * len(lanes))), title=title)


def scores_chart(found: Evaluation) -> str:
    """Return the histogram of all scores with the cut-off; within it the bars are filled."""
    cutoff = found.settings.cutoff
    scores, counts = np.unique(np.rint(found.scores).astype(np.int64), return_counts=True)
    bars = [
        ScoreBar(int(score), int(count) if inside else 0, 0 if inside else int(count))
        for score, count in zip(scores, counts, strict=True)
        for inside in [cutoff is not None and score <= cutoff]
    ]
    lines = [] if cutoff is None else [CutoffLine(cutoff + 0.5, f"cut-off {cutoff:g}")]
    return score_histogram(
        bars,
        lines,
        language="en",
        title="Households of the survey by score, with the cut-off",
        axis_title="score (lower is poorer)",
    )


def _cutoff(found: Evaluation) -> list[Any]:
    cutoff = found.settings.cutoff
    if cutoff is None:
        return []
    base = alt.Chart(data([{"at": cutoff + 0.5, "label": f"cut-off {cutoff:g}"}]))
    return [
        base.mark_rule(color=AMBER, strokeDash=[4, 3], strokeWidth=1.5).encode(x="at:Q"),
        base.mark_text(color=AMBER, align="left", dx=5, fontWeight=600).encode(
            x="at:Q", y=alt.value(9), text="label:N"
        ),
    ]
