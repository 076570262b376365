"""Charts as SVG text, made on the server: pure functions from rows to a picture that sits in the page.

Vega-Lite (altair) draws, vl-convert renders, and `_for_page` makes the result part of the page: no font of its own
(the page's applies, so Nastaliq is shaped by the browser), a size that follows the page, real links, and either one
text alternative (`role="img"`) or named links. In Urdu axes run from right to left. Colour never stands alone: each
mark also has a label, a position or a legend in words, and each chart goes with a table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import altair as alt
import vl_convert
from lxml import etree

from kafalat.core.text import Language

INK: Final = "#1d2b28"
MUTED: Final = "#5b6a66"
LINE: Final = "#d9d3c5"
TEAL: Final = "#0f6b60"
SAND: Final = "#d8cdb4"
AMBER: Final = "#a8500d"
# Five steps from little to much; the first three take dark text, the last two light text.
STEPS: Final = ("#eef3ec", "#cfe3da", "#97c5b8", "#28786b", "#0b4f48")
DARK_FROM: Final = 3

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}"
_LINKS = "https://links.invalid"  # the renderer wants absolute addresses; taken off again below
_DECIMALS = re.compile(r"-?\d+\.\d{2,}")
_NUMBERS = ("d", "transform", "x", "y", "x1", "x2", "y1", "y2", "width", "height")


@dataclass(frozen=True, slots=True)
class ScoreBar:
    """Households with one score: those within the cut-off that applies to them, and the others."""

    score: int
    eligible: int
    ineligible: int


@dataclass(frozen=True, slots=True)
class CutoffLine:
    """A cut-off to mark: `value` on the score axis, and its label."""

    value: float
    label: str


@dataclass(frozen=True, slots=True)
class StageBar:
    """One stage of the funnel: its name, its count, and the words beside the bar."""

    label: str
    count: int
    note: str


def render(chart: Any, *, title: str, linked: bool = False) -> str:
    """Return a chart as SVG text for the page; `title` is its text alternative."""
    svg = vl_convert.vegalite_to_svg(chart.to_dict())
    return _for_page(svg, title=title, linked=linked)


def link(url: str) -> str:
    """Return a path of ours as a chart must carry it in `href`."""
    return _LINKS + url


def _for_page(svg: str, *, title: str, linked: bool) -> str:
    root = etree.fromstring(svg.encode())
    for name in ("width", "height", "version"):
        _take(root, name)
    background = root.find(f"{_SVG}rect")
    if background is not None:
        root.remove(background)
    for parent in list(root.iter()):
        for child in list(parent):
            _plain(child, parent)
            if child.tag == f"{_SVG}path" and not child.get("d"):
                parent.remove(child)
    for group in root.iter(f"{_SVG}g"):
        _hoist(group)
    root.set("class", "chart")
    root.set("role", "group" if linked else "img")
    root.set("aria-label", title)
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="unicode")


def _take(element: etree._Element, key: str) -> str:
    """Return an attribute and remove it; an absent one is empty."""
    value = element.get(key)
    if value is None:
        return ""
    del element.attrib[key]
    return str(value)


def _plain(element: etree._Element, parent: etree._Element) -> None:
    """Leave of one element what a page needs: rounded numbers, a real link with its name, no font, no repeated roles."""
    if element.get("class") == "background":
        _take(element, "d")
    for key in ("font-family", "aria-roledescription", "aria-hidden", "role", "class"):
        _take(element, key)
    if parent.tag != f"{_SVG}a":
        _take(element, "aria-label")
    for key in _NUMBERS:
        value = element.get(key)
        if value is not None:
            element.set(
                key, _DECIMALS.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), str(value))
            )
    address = _take(element, f"{_XLINK}href")
    if address:
        element.set("href", address.removeprefix(_LINKS))
        title = etree.Element(f"{_SVG}title")  # names the link for ears, and shows under the pointer
        title.text = _take(element[0], "aria-label") if len(element) else ""
        element.insert(0, title)


_SHARED = ("fill", "stroke", "stroke-width", "stroke-opacity", "font-size", "font-weight", "text-anchor")


def _hoist(group: etree._Element) -> None:
    """Move what all shapes below a group share up to it: a map has hundreds of them."""
    shapes = [shape for child in group for shape in ((child[-1],) if child.tag == f"{_SVG}a" else (child,))]
    if len(shapes) < 2 or any(shape.tag not in {f"{_SVG}path", f"{_SVG}text"} for shape in shapes):
        return
    for key in _SHARED:
        values = {shape.get(key) for shape in shapes}
        if len(values) == 1 and None not in values:
            group.set(key, str(values.pop()))
            for shape in shapes:
                del shape.attrib[key]


def configured(chart: Any) -> Any:
    """Return an altair chart with the look all charts share."""
    return (
        chart.configure_view(stroke=None)
        .configure_axis(
            labelColor=MUTED, titleColor=MUTED, labelFontSize=11, titleFontSize=11, titleFontWeight="normal",
            labelFontWeight="normal", gridColor=LINE, gridOpacity=0.7, domainColor=LINE, tickColor=LINE, titlePadding=8,
        )
        .configure_text(color=INK, fontSize=11)
    )  # fmt: skip


def data(rows: Sequence[dict[str, Any]]) -> alt.InlineData:
    """Return rows as a chart carries them."""
    return alt.InlineData(values=list(rows))


def score_histogram(
    bars: Sequence[ScoreBar],
    cutoffs: Sequence[CutoffLine],
    *,
    language: Language,
    title: str,
    axis_title: str,
) -> str:
    """Return the histogram of scores 0 to 100 (`axis_title` names them) with its cut-offs; heights count households."""
    rtl = language == "ur"
    rows = [
        {"from": bar.score - 0.5, "to": bar.score + 0.5, "low": low, "high": high, "fill": fill}
        for bar in bars
        for low, high, fill in (
            (0, bar.eligible, TEAL),
            (bar.eligible, bar.eligible + bar.ineligible, SAND),
        )
        if high > low
    ]
    top = max((bar.eligible + bar.ineligible for bar in bars), default=1)
    x = alt.Scale(domain=[-0.5, 100.5], reverse=rtl, nice=False)
    y = alt.Scale(domain=[0, top * 1.16], nice=False)
    counts = alt.Axis(orient="right" if rtl else "left", tickCount=4, format=",d", title=None)
    scores = alt.Axis(values=list(range(0, 101, 10)), title=axis_title, grid=False)
    drawn = (
        alt.Chart(data(rows))
        .mark_rect(stroke="#ffffff", strokeWidth=0.4)
        .encode(
            x=alt.X("from:Q", scale=x, axis=scores),
            x2="to:Q",
            y=alt.Y("low:Q", scale=y, axis=counts),
            y2="high:Q",
            color=alt.Color("fill:N", scale=None),
        )
    )
    marks = [{"at": cut.value, "label": cut.label} for cut in cutoffs]
    lines = (
        alt.Chart(data(marks))
        .mark_rule(color=AMBER, strokeDash=[4, 3], strokeWidth=1.5)
        .encode(x=alt.X("at:Q", scale=x))
    )
    # The first cut-off is named on the side of the scores within it, the others on the far side, so names never meet.
    labels = [
        alt.Chart(data(part))
        .mark_text(
            color=AMBER, fontWeight=600, align="left" if rightwards else "right", dx=5 if rightwards else -5
        )
        .encode(x=alt.X("at:Q", scale=x), y=alt.value(9), text="label:N")
        for part, rightwards in ((marks[:1], rtl), (marks[1:], not rtl))
        if part
    ]
    layers = alt.layer(drawn, lines, *labels).properties(width=380, height=190)
    return render(configured(layers), title=title)


def stage_funnel(stages: Sequence[StageBar], *, language: Language, title: str) -> str:
    """Return the funnel as bars below one another, name and figures above each bar; the bars start where reading starts."""
    rtl = language == "ur"
    most = max((stage.count for stage in stages), default=0) or 1
    step = 46 if rtl else 40
    rows = [
        {"label": s.label, "note": s.note, "top": step * place + step - 16, "bottom": step * place + step - 4,
         "words": step * place + (13 if rtl else 15), "count": s.count, "all": most, "zero": 0}
        for place, s in enumerate(stages)
    ]  # fmt: skip
    x = alt.Scale(domain=[0, most], reverse=rtl, nice=False)
    y = alt.Scale(domain=[0, step * len(rows)], reverse=True, nice=False)
    base = alt.Chart(data(rows))
    rails = base.mark_rect(color="#efeadd", cornerRadius=2).encode(
        x=alt.X("zero:Q", scale=x, axis=None), x2="all:Q", y=alt.Y("top:Q", scale=y, axis=None), y2="bottom:Q"
    )
    bars = base.mark_rect(color=TEAL, cornerRadius=2).encode(
        x=alt.X("zero:Q", scale=x), x2="count:Q", y=alt.Y("top:Q", scale=y), y2="bottom:Q"
    )
    names = base.mark_text(align="right" if rtl else "left", fontWeight=600, fontSize=12).encode(
        x=alt.X("zero:Q", scale=x), y=alt.Y("words:Q", scale=y), text="label:N"
    )
    notes = base.mark_text(align="left" if rtl else "right", color=MUTED, fontSize=12).encode(
        x=alt.X("all:Q", scale=x), y=alt.Y("words:Q", scale=y), text="note:N"
    )
    layers = alt.layer(rails, bars, names, notes).properties(width=400, height=step * max(1, len(rows)))
    return render(configured(layers), title=title)
