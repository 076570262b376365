"""Maps as SVG text: a labelled tile grid of districts, provinces as areas of tiles, or real boundaries where imported.

Each place carries its figure in words on the tile (or in its title and the table beside the map), so the shade only
helps the eye; each place links to the households behind it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import altair as alt

from kafalat.core.text import Language
from kafalat.interfaces.charts import DARK_FROM, INK, MUTED, STEPS, data, link, render

TILE_WIDTH = 66
TILE_HEIGHTS: dict[Language, int] = {"en": 46, "ur": 62}  # Nastaliq stacks its letters downwards
_BLANK = "#faf8f3"
_LINE_LENGTH = 11
_POINT = re.compile(r"(-?[\d.]+),(-?[\d.]+)")


@dataclass(frozen=True, slots=True)
class MapPlace:
    """One place on the map: where its tiles lie, how dark it is (None: no figure), and where a click leads.

    `figure` is the short text on the tile, `description` the whole sentence for ears and pointers.
    """

    pcode: str
    name: str
    tiles: tuple[tuple[int, int], ...]
    step: int | None
    figure: str
    description: str
    url: str
    boundary: dict[str, Any] | None = None


def steps_of(values: Sequence[float]) -> list[float]:
    """Return the four limits that cut positive `values` into five steps of about equal numbers of places, rounded."""
    ordered = sorted(value for value in values if value > 0)
    if not ordered:
        return []
    limits = [ordered[len(ordered) * part // 5] for part in range(1, 5)]
    return sorted({_rounded(limit) for limit in limits})


def step_of(value: float, limits: Sequence[float]) -> int:
    """Return the step (0 to 4) of one value."""
    return sum(1 for limit in limits if value >= limit)


def _rounded(value: float) -> float:
    """Return a limit people can read: two leading digits."""
    if value <= 0:
        return 0.0
    magnitude = 10.0 ** (len(str(int(value))) - 2) if value >= 10 else 1.0
    return round(value / magnitude) * magnitude


def short_lines(name: str, *, initials: bool = True) -> str:
    """Return a place's name in at most two lines that fit a tile; `initials` cuts middle words of long names.

    >>> short_lines("Tando Muhammad Khan")
    'Tando M.\\nKhan'
    """
    words = name.replace("/", " ").split()
    if len(name) <= _LINE_LENGTH or len(words) == 1:
        return name if len(name) <= _LINE_LENGTH + 2 else f"{name[:_LINE_LENGTH]}…"
    if len(words) > 2 and initials:
        words = [words[0], *(f"{word[0]}." for word in words[1:-1]), words[-1]]
    first = words[0]
    for place, word in enumerate(words[1:], start=1):
        if len(first) + 1 + len(word) > _LINE_LENGTH or place == len(words) - 1:
            return f"{first}\n" + " ".join(words[place:])
        first = f"{first} {word}"
    return first


def _row(place: MapPlace, tile: tuple[int, int], language: Language) -> dict[str, Any]:
    row, column = tile
    height, urdu = TILE_HEIGHTS[language], language == "ur"
    dark = place.step is not None and place.step >= DARK_FROM
    return {
        "left": column * TILE_WIDTH, "right": (column + 1) * TILE_WIDTH - 3,
        "top": row * height, "bottom": (row + 1) * height - 3,
        "middle": column * TILE_WIDTH + TILE_WIDTH / 2 - 1.5,
        "name": short_lines(place.name, initials=not urdu), "figure": place.figure,
        "name_at": row * height + 13, "figure_at": (row + 1) * height - 10,
        "fill": _BLANK if place.step is None else STEPS[place.step],
        "ink": "#ffffff" if dark else (MUTED if place.step is None else INK),
        "url": link(place.url), "description": place.description,
    }  # fmt: skip


def _links(places: Sequence[MapPlace]) -> dict[str, str]:
    """Return the encoding that makes each place a link with its name; nothing for readers who may not follow them."""
    return {"href": "url:N", "description": "description:N"} if all(place.url for place in places) else {}


def _scales(places: Sequence[MapPlace], language: Language) -> tuple[alt.Scale, alt.Scale, int, int]:
    tiles = [tile for place in places for tile in place.tiles]
    columns = [column for _, column in tiles]
    rows = [row for row, _ in tiles]
    left, right = min(columns) * TILE_WIDTH, (max(columns) + 1) * TILE_WIDTH
    height = TILE_HEIGHTS[language]
    top, bottom = min(rows) * height, (max(rows) + 1) * height
    x = alt.Scale(domain=[left, right], nice=False, zero=False)
    y = alt.Scale(domain=[top, bottom], nice=False, zero=False, reverse=True)
    return x, y, right - left, bottom - top


def tile_map(places: Sequence[MapPlace], *, language: Language, title: str) -> str:
    """Return the tile grid: one labelled tile per district. North is up and west is left in both languages."""
    rows = [_row(place, tile, language) for place in places for tile in place.tiles]
    x, y, width, height = _scales(places, language)
    base = alt.Chart(data(rows))
    tiles = base.mark_rect(stroke="#c9c2b1", strokeWidth=0.6).encode(
        x=alt.X("left:Q", scale=x, axis=None), x2="right:Q", y=alt.Y("top:Q", scale=y, axis=None), y2="bottom:Q",
        color=alt.Color("fill:N", scale=None), **_links(places),
    )  # fmt: skip
    names = base.mark_text(
        lineBreak="\n", fontSize=9.5, baseline="middle", lineHeight=18 if language == "ur" else 10
    ).encode(**_written("name", x, y))
    figures = base.mark_text(fontSize=11.5, fontWeight=700).encode(**_written("figure", x, y))
    chart = (
        alt.layer(tiles, names, figures).properties(width=width, height=height).configure_view(stroke=None)
    )
    return render(chart, title=title, linked=bool(_links(places)))


def province_map(places: Sequence[MapPlace], *, language: Language, title: str) -> str:
    """Return provinces as areas of their districts' tiles, each named once: for surveys that know no finer place."""
    rows = [{**_row(p, tile, language), "right": (tile[1] + 1) * TILE_WIDTH, "bottom": (tile[0] + 1) * TILE_HEIGHTS[language]}
            for p in places for tile in p.tiles]  # fmt: skip
    x, y, width, height = _scales(places, language)
    areas = (
        alt.Chart(data(rows))
        .mark_rect(stroke="#ffffff", strokeWidth=0.5, strokeOpacity=0.5)
        .encode(
            x=alt.X("left:Q", scale=x, axis=None), x2="right:Q", y=alt.Y("top:Q", scale=y, axis=None), y2="bottom:Q",
            color=alt.Color("fill:N", scale=None), **_links(places),
        )
    )  # fmt: skip
    labels = [_centre(place, language) for place in places if place.tiles]
    base = alt.Chart(data(labels))
    names = base.mark_text(fontSize=17, fontWeight=600).encode(**_written("name", x, y))
    figures = base.mark_text(fontSize=24, fontWeight=700).encode(**_written("figure", x, y))
    chart = (
        alt.layer(areas, names, figures).properties(width=width, height=height).configure_view(stroke=None)
    )
    return render(chart, title=title, linked=bool(_links(places)))


def _written(what: str, x: alt.Scale, y: alt.Scale) -> dict[str, Any]:
    """Return the channels of a text mark that writes a place's `what` ("name" or "figure") in its middle."""
    return {
        "x": alt.X("middle:Q", scale=x),
        "y": alt.Y(f"{what}_at:Q", scale=y),
        "text": f"{what}:N",
        "color": alt.Color("ink:N", scale=None),
    }


def _centre(place: MapPlace, language: Language) -> dict[str, Any]:
    """Return the label row of a province, at the tile of it nearest to the middle of them all."""
    rows, columns = zip(*place.tiles, strict=True)
    middle = (sum(rows) / len(rows), sum(columns) / len(columns))
    tile = min(place.tiles, key=lambda t: ((t[0] - middle[0]) ** 2 + (t[1] - middle[1]) ** 2, t))
    row = _row(place, tile, language)
    lift = 10 if language == "ur" else 4
    return {**row, "name": place.name, "name_at": row["top"] - lift, "figure_at": row["top"] + 28}


def boundary_map(places: Sequence[MapPlace], *, title: str) -> str:
    """Return a choropleth of the places that have a boundary (plane coordinates); names and figures stand in the table."""
    features = [
        {
            "type": "Feature",
            "geometry": place.boundary,
            "fill": _BLANK if place.step is None else STEPS[place.step],
            "url": link(place.url),
            "description": place.description,
        }
        for place in places
        if place.boundary
    ]
    shapes = (
        alt.Chart(data(features))
        .mark_geoshape(stroke="#8d8673", strokeWidth=0.5)
        .encode(color=alt.Color("fill:N", scale=None), **_links(places))
        .project(type="identity", reflectY=True)
        .properties(width=760, height=700)
        .configure_view(stroke=None)
    )
    svg = render(shapes, title=title, linked=bool(_links(places)))
    return re.sub(r'(?<= d=")[^"]+', lambda found: stepwise(found[0]), svg)


def stepwise(path: str) -> str:
    """Return an outline (`M…L…Z`, absolute) as whole-pixel steps from point to point: half as many letters.

    >>> stepwise("M10.2,20L30.4,20L30.4,41Z")
    'M10,20l20,0 0,21Z'
    """
    rings = []
    for ring in filter(None, path.split("Z")):
        points = [(round(float(x)), round(float(y))) for x, y in _POINT.findall(ring)]
        steps = [
            f"{x - before_x},{y - before_y}"
            for (before_x, before_y), (x, y) in pairwise(points)
            if (x, y) != (before_x, before_y)
        ]
        rings.append(f"M{points[0][0]},{points[0][1]}l{' '.join(steps)}Z" if steps else "")
    return "".join(rings) or path
