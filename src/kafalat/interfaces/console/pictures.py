"""The console's charts and map, from figures to SVG text in the language of the page. Kept in the process's cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kafalat.core.money import PAISA_PER_RUPEE, rupees_text
from kafalat.core.text import Language
from kafalat.engine.deciding import deciding_categories
from kafalat.interfaces import charts, labels, maps
from kafalat.interfaces.boundaries import simplified
from kafalat.interfaces.console.regions import Region, Regions
from kafalat.interfaces.context import language_in_use
from kafalat.interfaces.remember import remembered
from kafalat.payments.selectors import Stage
from kafalat.policy.model import Programme
from kafalat.registry.selectors import PlaceTree, boundaries
from kafalat.targeting.selectors import ScoreCount

Measure = Literal["eligible", "enrolled", "paid"]
MEASURES: Final[tuple[Measure, ...]] = ("eligible", "enrolled", "paid")


@dataclass(frozen=True, slots=True)
class LegendStep:
    """One shade of the map and the figures it stands for."""

    colour: str
    text: str


@dataclass(frozen=True, slots=True)
class MapPicture:
    """The map, its legend, and which of the three kinds it is."""

    svg: str
    legend: tuple[LegendStep, ...]
    kind: Literal["tiles", "provinces", "boundaries"]


def _language() -> Language:
    return language_in_use(get_language())


def compact(number: float) -> str:
    """Write a number short enough for a tile: 950, 12k, 3.4M.

    >>> compact(3_400_000), compact(12_345), compact(950)
    ('3.4M', '12k', '950')
    """
    for limit, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= limit:
            short = number / limit
            return f"{short:.0f}{letter}" if short >= 10 else f"{short:.1f}{letter}"
    return f"{number:.0f}"


def value_of(region: Region, measure: Measure) -> float | None:
    """Return what the map shows of a region: percent, families or rupees; None where nothing was surveyed."""
    if not region.surveyed:
        return None
    if measure == "eligible":
        return region.eligible_pct
    return float(region.enrolled) if measure == "enrolled" else region.paid_paisa / PAISA_PER_RUPEE


def figure_text(value: float | None, measure: Measure) -> str:
    """Write a value of the map in few letters."""
    if value is None:
        return "–"
    return f"{value:.0f}%" if measure == "eligible" else compact(value)


@dataclass(frozen=True, slots=True)
class MapWords:
    """What a map of figures that are no fact yet says instead: its title, and a sentence for each P-code."""

    title: str
    places: Mapping[str, str]


def region_map(
    found: Regions, tree: PlaceTree, measure: Measure, *, linked: bool, words: MapWords | None = None
) -> MapPicture:
    """Return the map of one measure: boundaries where they were imported, else tiles, else provinces of tiles."""
    shapes = boundaries(found.level)
    return remembered(
        f"map:{_language()}:{measure}:{linked}:{len(shapes)}",
        [
            words,
            *(
                (r.place.pcode, r.surveyed, r.eligible, r.decided, r.enrolled, r.paid_paisa)
                for r in found.rows
            ),
        ],
        lambda: _region_map(found, tree, measure, shapes, words, linked=linked),
    )


def _region_map(
    found: Regions,
    tree: PlaceTree,
    measure: Measure,
    shapes: dict[str, dict[str, Any]],
    words: MapWords | None,
    *,
    linked: bool,
) -> MapPicture:
    language = _language()
    limits = maps.steps_of([value_of(region, measure) or 0 for region in found.rows])
    places = [
        _map_place(region, measure, limits, _tiles(region, tree, found.level), shapes, words, linked=linked)
        for region in found.rows
    ]
    title = (
        words.title
        if words
        else {
            "eligible": _("Map: eligible households, in percent of those surveyed"),
            "enrolled": _("Map: families in the programme"),
            "paid": _("Map: rupees paid in the newest cycle"),
        }[measure]
    )
    legend = tuple(_legend(limits, measure))
    if shapes:
        return MapPicture(maps.boundary_map(places, title=title), legend, "boundaries")
    drawable = [place for place in places if place.tiles]
    if not drawable:
        return MapPicture("", legend, "tiles")
    if found.level == "province":
        return MapPicture(maps.province_map(drawable, language=language, title=title), legend, "provinces")
    return MapPicture(maps.tile_map(drawable, language=language, title=title), legend, "tiles")


def _tiles(region: Region, tree: PlaceTree, level: str) -> tuple[tuple[int, int], ...]:
    if level == "district":
        return (region.place.tile,) if region.place.tile else ()
    below = (tree.nodes[pcode] for pcode in tree.within(region.place.pcode))
    return tuple(node.tile for node in below if node.tile)


def _map_place(
    region: Region,
    measure: Measure,
    limits: Sequence[float],
    tiles: tuple[tuple[int, int], ...],
    shapes: dict[str, dict[str, Any]],
    said: MapWords | None,
    *,
    linked: bool,
) -> maps.MapPlace:
    value = value_of(region, measure)
    name = region.place.name.in_(_language())
    if value is None:
        words = _("%(place)s: nobody surveyed") % {"place": name}
    elif said is not None:
        words = said.places.get(region.place.pcode, name)
    else:
        words = _("%(place)s: %(surveyed)s households surveyed, %(eligible)s eligible; %(enrolled)s families in the programme; %(paid)s paid") % {
            "place": name, "surveyed": f"{region.surveyed:,}", "eligible": f"{region.eligible:,}",
            "enrolled": f"{region.enrolled:,}", "paid": rupees_text(region.paid_paisa),
        }  # fmt: skip
    boundary = shapes.get(region.place.pcode)
    return maps.MapPlace(
        pcode=region.place.pcode,
        name=name,
        tiles=tiles,
        step=None if value is None else maps.step_of(value, limits),
        figure=figure_text(value, measure),
        description=words,
        url=f"{reverse('households')}?place={region.place.pcode}" if linked else "",
        boundary=None if boundary is None else simplified(boundary),
    )


def _legend(limits: Sequence[float], measure: Measure) -> list[LegendStep]:
    edges = [0.0, *limits]
    steps = []
    for place, low in enumerate(edges):
        last = place == len(edges) - 1
        text = _("%(low)s and more") if last else _("%(low)s to below %(high)s")
        high = "" if last else figure_text(edges[place + 1], measure)
        steps.append(LegendStep(charts.STEPS[place], text % {"low": figure_text(low, measure), "high": high}))
    return steps


def score_chart(counts: Sequence[ScoreCount], programme: Programme, day: date) -> str:
    """Return the histogram of scores with the cut-offs that decide on `day`."""
    labels_of = {category.code: category.label for category in programme.eligibility.categories}
    cutoffs = []
    for category in deciding_categories(programme, day):
        # Scores are whole numbers and a score equal to the cut-off is within: the line stands just after it.
        if category.criterion is None:
            label = _("Cut-off %(value)s")
        elif category.code == "disability":
            label = _("With a disabled member: %(value)s")
        else:
            label = labels_of[category.code].in_(_language()) + ": %(value)s"
        cutoffs.append(
            charts.CutoffLine(int(category.cutoff) + 0.5, label % {"value": f"{category.cutoff:g}"})
        )
    return remembered(
        f"scores:{_language()}",
        [counts, cutoffs],
        lambda: charts.score_histogram(
            [charts.ScoreBar(row.score, row.eligible, row.ineligible) for row in counts],
            cutoffs,
            language=_language(),
            title=_("Histogram: households by poverty score, with the cut-off"),
            axis_title=_("Poverty score (lower is poorer)"),
        ),
    )


def funnel_chart(stages: Sequence[Stage]) -> str:
    """Return the funnel of a cycle, from due to collected, and what came back."""
    return remembered(
        f"funnel:{_language()}",
        stages,
        lambda: charts.stage_funnel(
            [
                charts.StageBar(
                    str(labels.STAGES[s.code]), s.count, f"{s.count:,}  ·  {rupees_text(s.amount_paisa)}"
                )
                for s in stages
            ],
            language=_language(),
            title=_(
                "Funnel: payments due, prepared, approved, sent, accepted, paid, collected and come back"
            ),
        ),
    )


@dataclass(frozen=True, slots=True)
class BandRow:
    """Scores `low` to `high` of the histogram's table."""

    low: int
    high: int
    eligible: int
    ineligible: int


def score_bands(counts: Sequence[ScoreCount], width: int = 10) -> list[BandRow]:
    """Return the histogram as a table: households in bands of `width` scores, empty bands left out."""
    bands: dict[int, list[int]] = {}
    for row in counts:
        band = bands.setdefault(min(row.score, 99) // width * width, [0, 0])
        band[0] += row.eligible
        band[1] += row.ineligible
    return [
        BandRow(low, 100 if low + width >= 100 else low + width - 1, *bands[low]) for low in sorted(bands)
    ]
