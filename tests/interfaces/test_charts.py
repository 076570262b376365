"""The pictures: what they show, that they speak both directions, and that figures by place lose nothing on the way up."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from kafalat.core.text import LANGUAGES, Bilingual, Language
from kafalat.interfaces import charts, maps
from kafalat.interfaces.boundaries import GRID_DEGREES, simplified
from kafalat.interfaces.console.pictures import compact, score_bands
from kafalat.interfaces.console.regions import PlaceFigures, regions
from kafalat.registry.selectors import PlaceNode, PlaceTree
from kafalat.targeting.selectors import ScoreCount
from tests.shared import shared_path

SVG = "{http://www.w3.org/2000/svg}"
BARS = [charts.ScoreBar(score, 100 if score <= 32 else 0, 0 if score <= 32 else 80) for score in range(101)]
NAMES = {"en": ("Due", "Paid"), "ur": ("واجب الادا", "ادا شدہ")}


def histogram(language: Language) -> etree._Element:
    cut = charts.CutoffLine(32.5, "حدِ اسکور 32" if language == "ur" else "Cut-off 32")
    return etree.fromstring(
        charts.score_histogram(BARS, [cut], language=language, title="Scores", axis_title="Score")
    )


def texts(svg: etree._Element) -> list[tuple[float, str]]:
    """Every text of a chart with the distance from the left edge at which it is anchored."""
    found = []
    for text in svg.iter(f"{SVG}text"):
        across = 0.0
        for element in (text, *text.iterancestors()):
            moved = re.match(r"translate\((-?[\d.]+)", element.get("transform", ""))
            across += float(moved[1]) if moved else 0.0
        found.append((across, "".join(str(part) for part in text.itertext())))
    return found


def at(svg: etree._Element, words: str) -> float:
    return next(across for across, text in texts(svg) if text == words)


def test_the_score_axis_runs_from_right_to_left_in_urdu() -> None:
    english, urdu = histogram("en"), histogram("ur")
    assert at(english, "0") < at(english, "100")
    assert at(urdu, "0") > at(urdu, "100")


def test_the_cut_off_stands_between_the_last_score_within_and_the_next() -> None:
    for language in LANGUAGES:
        svg = histogram(language)
        dashed = next(e for e in svg.iter(f"{SVG}line") if e.get("stroke-dasharray"))
        across = float(re.findall(r"[\d.]+", dashed.get("transform", ""))[0])
        margin = float(re.findall(r"[\d.]+", svg[0].get("transform", ""))[0])
        across += margin
        twenty, forty = at(svg, "20"), at(svg, "40")
        assert across == pytest.approx(twenty + (forty - twenty) * (32.5 - 20) / 20, abs=1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_chart_takes_the_page_s_font_and_size_and_has_a_text_alternative(language: Language) -> None:
    svg = histogram(language)
    whole = etree.tostring(svg, encoding="unicode")
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == "Scores"
    assert svg.get("width") is None
    assert svg.get("viewBox")
    for unwanted in ("font-family", "<script", "http://www.w3.org/1999/xlink", "links.invalid"):
        assert unwanted not in whole


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_funnel_starts_where_reading_starts(language: Language) -> None:
    stages = [
        charts.StageBar(NAMES[language][0], 100, "100"),
        charts.StageBar(NAMES[language][1], 50, "50 of them"),
    ]
    svg = etree.fromstring(charts.stage_funnel(stages, language=language, title="Funnel"))
    name, note = at(svg, NAMES[language][1]), at(svg, "50 of them")
    assert (name < note) if language == "en" else (name > note)


def place(pcode: str, tile: tuple[int, int], step: int | None = 1, url: str = "/en/x") -> maps.MapPlace:
    return maps.MapPlace(pcode, f"Name {pcode}", (tile,), step, "7%", f"{pcode}: seven", url)


def test_every_tile_is_a_link_with_a_name_and_shows_its_figure() -> None:
    places = [
        place("PK101", (0, 0), url="/en/households/?place=PK101"),
        place("PK102", (0, 1), None, "/en/y"),
    ]
    svg = etree.fromstring(maps.tile_map(places, language="en", title="Map"))
    links = list(svg.iter(f"{SVG}a"))
    assert [link.get("href") for link in links] == ["/en/households/?place=PK101", "/en/y"]
    assert [link.findtext(f"{SVG}title") for link in links] == ["PK101: seven", "PK102: seven"]
    assert sum(text == "7%" for _, text in texts(svg)) == 2
    assert svg.get("role") == "group"  # an image's content is hidden from ears; this one has links in it


def test_a_reader_who_may_not_follow_links_gets_none() -> None:
    svg = etree.fromstring(maps.tile_map([place("PK101", (0, 0), url="")], language="en", title="Map"))
    assert not list(svg.iter(f"{SVG}a"))
    assert svg.get("role") == "img"


def test_north_is_up_and_west_is_left_in_both_languages() -> None:
    for language in LANGUAGES:
        places = [place("PK1", (0, 0)), place("PK2", (3, 5))]
        svg = etree.fromstring(maps.tile_map(places, language=language, title="Map"))
        first, second = (re.findall(r"[\d.]+", p.get("d", ""))[:2] for p in svg.iter(f"{SVG}path"))
        assert float(first[0]) < float(second[0])
        assert float(first[1]) < float(second[1])


def test_the_map_of_all_districts_stays_light() -> None:
    places = [place(f"PK{n}", (n // 12, n % 12), n % 5, f"/en/households/?place=PK{n}") for n in range(160)]
    assert len(maps.tile_map(places, language="en", title="Map")) < 60_000


def test_real_boundaries_stay_light_and_leave_no_district_out() -> None:
    features = json.loads(shared_path("data/geo_pk/adm2.geojson").read_text(encoding="utf-8"))["features"]
    places = [
        maps.MapPlace(f"PK{n}", "x", (), n % 5, "7%", "x", "/en/x", simplified(feature["geometry"]))
        for n, feature in enumerate(features)
    ]
    svg = maps.boundary_map(places, title="Map")
    assert len(svg) < 150_000
    paths = [p.get("d", "") for p in etree.fromstring(svg).iter(f"{SVG}path")]
    assert len(paths) == len(features)
    assert all(paths)


def test_neighbours_keep_their_common_border() -> None:
    left = {
        "type": "Polygon",
        "coordinates": [[[70.0, 30.0], [70.51, 30.0], [70.512, 30.7], [70.0, 30.7], [70.0, 30.0]]],
    }
    right = {
        "type": "Polygon",
        "coordinates": [[[70.51, 30.0], [71.0, 30.0], [71.0, 30.7], [70.512, 30.7], [70.51, 30.0]]],
    }
    points = [set(simplified(shape)["coordinates"][0][0]) for shape in (left, right)]
    assert len(points[0] & points[1]) == 2
    tiny = {
        "type": "Polygon",
        "coordinates": [[[70.0, 30.0], [70.0 + GRID_DEGREES / 9, 30.0], [70.0, 30.001], [70.0, 30.0]]],
    }
    assert simplified(tiny)["coordinates"] == []


@given(st.lists(st.floats(min_value=0, max_value=1e9, allow_nan=False), max_size=60))
def test_each_value_has_one_of_five_steps_and_more_is_never_lighter(values: Sequence[float]) -> None:
    limits = maps.steps_of(values)
    assert limits == sorted(limits)
    steps = [maps.step_of(value, limits) for value in sorted(values)]
    assert steps == sorted(steps)
    assert all(0 <= step < len(charts.STEPS) for step in steps)


@pytest.mark.parametrize(
    ("number", "short"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1.0k"),
        (14_500, "14k"),
        (999_999, "1000k"),
        (3_400_000, "3.4M"),
        (2e9, "2.0B"),
    ],
)
def test_figures_on_tiles_are_short(number: float, short: str) -> None:
    assert compact(number) == short


TREE = PlaceTree(
    [
        PlaceNode("PK", "country", None, Bilingual(en="Pakistan", ur="پاکستان"), None, None),
        *(
            PlaceNode(f"PK{p}", "province", "PK", Bilingual(en=f"P{p}", ur=f"ص{p}"), None, None)
            for p in (1, 2)
        ),
        *(
            PlaceNode(
                f"PK{p}0{d}", "district", f"PK{p}", Bilingual(en=f"D{p}{d}", ur=f"ض{p}{d}"), None, (p, d)
            )
            for p in (1, 2)
            for d in (1, 2)
        ),
        PlaceNode("PK10101", "tehsil", "PK101", Bilingual(en="T", ur="ت"), None, None),
    ]
)
PCODES = st.sampled_from(sorted(TREE.nodes))


@given(
    st.dictionaries(PCODES, st.integers(min_value=0, max_value=10**6)),
    st.dictionaries(PCODES, st.integers(0, 10**12)),
)
def test_no_household_and_no_rupee_is_lost_on_the_way_up(
    surveyed: dict[str, int], paid: dict[str, int]
) -> None:
    outcomes = {pcode: {"eligible": count} for pcode, count in surveyed.items()}
    found = regions(TREE, PlaceFigures(surveyed, outcomes, {}, paid))
    assert sum(row.surveyed for row in found.rows) + found.unplaced == sum(surveyed.values())
    placed = sum(amount for pcode, amount in paid.items() if TREE.at(pcode, found.level))
    assert sum(row.paid_paisa for row in found.rows) == placed
    assert sum(row.eligible for row in found.rows) == sum(row.surveyed for row in found.rows)


def test_a_survey_that_knows_provinces_only_is_shown_by_province() -> None:
    assert regions(TREE, PlaceFigures({"PK1": 5, "PK2": 7}, {}, {}, {})).level == "province"
    assert regions(TREE, PlaceFigures({"PK10101": 5, "PK202": 7, "PK1": 1}, {}, {}, {})).level == "district"


def test_the_histogram_s_table_holds_every_household_once() -> None:
    counts = [ScoreCount(bar.score, bar.eligible, bar.ineligible) for bar in BARS]
    bands = score_bands(counts)
    assert (bands[0].low, bands[-1].high) == (0, 100)
    assert sum(band.eligible + band.ineligible for band in bands) == sum(
        c.eligible + c.ineligible for c in counts
    )
