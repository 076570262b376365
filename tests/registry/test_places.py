"""Places and their boundaries: a file is taken whole, or refused in both languages with nothing changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kafalat.audit.models import AuditEntry
from kafalat.core.problems import Problem
from kafalat.interfaces.office import Office
from kafalat.registry.models import Place
from kafalat.registry.places import import_boundaries, load_places
from kafalat.registry.selectors import boundaries, place_tree
from tests.conftest import NOW
from tests.shared import shared_path

SQUARE = [[[74.0, 31.0], [75.0, 31.0], [75.0, 32.0], [74.0, 31.0]]]
LAHORE, KASUR = "PK617", "PK614"


@pytest.fixture
def places(office: Office, database: str) -> int:
    """The programme's places in a database of the test's own; how many."""
    return load_places(programme=office.programme)


def feature(pcode: object, *, key: str = "adm2_pcode", **geometry: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {key: pcode},
        "geometry": {"type": "Polygon", "coordinates": SQUARE} | geometry,
    }


def write(folder: Path, *features: object) -> Path:
    path = folder / "districts.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def bring(path: Path) -> int:
    return import_boundaries(path=path, actor="test", at=NOW)


def test_the_programmes_places_arrive_as_a_tree(office: Office, places: int) -> None:
    tree = place_tree()
    assert places == len(office.programme.places) == Place.objects.count()
    assert [node.level for node in tree.up(LAHORE)] == ["district", "province", "country"]
    assert len(tree.at_level("district")) > 130
    assert all(node.name.ur for node in tree.nodes.values())


def test_boundaries_are_stored_by_pcode(places: int, tmp_path: Path) -> None:
    several = {"type": "MultiPolygon", "coordinates": [SQUARE, SQUARE]}
    path = write(tmp_path, feature(LAHORE), feature(KASUR, key="ADM2_PCODE", **several), feature("PK99999"))
    assert bring(path) == 2
    assert boundaries("district") == {
        LAHORE: {"type": "Polygon", "coordinates": SQUARE},
        KASUR: several,
    }
    assert AuditEntry.objects.filter(action="boundaries_imported").count() == 1


def test_the_finest_pcode_of_a_feature_counts(places: int, tmp_path: Path) -> None:
    tehsil = Place.objects.filter(level="tehsil").order_by("pcode")[0].pcode
    named = feature(LAHORE)
    named["properties"] |= {"adm1_pcode": "PK6", "adm3_pcode": tehsil}
    assert bring(write(tmp_path, named)) == 1
    assert set(boundaries("tehsil")) == {tehsil}


def test_later_boundaries_replace_earlier_ones_and_places_keep_theirs(
    office: Office, places: int, tmp_path: Path
) -> None:
    bring(write(tmp_path, feature(LAHORE), feature(KASUR)))
    moved = [[[x + 1, y] for x, y in SQUARE[0]]]
    bring(write(tmp_path, feature(LAHORE, coordinates=moved)))
    load_places(programme=office.programme)
    assert {pcode: shape["coordinates"] for pcode, shape in boundaries("district").items()} == {
        LAHORE: moved,
        KASUR: SQUARE,
    }


def test_nothing_but_the_shape_is_kept(places: int, tmp_path: Path) -> None:
    bring(write(tmp_path, feature(LAHORE, crs={"name": "x"}, note="\u0000")))
    assert boundaries("district")[LAHORE].keys() == {"type", "coordinates"}


@pytest.mark.shared
@pytest.mark.parametrize(("level", "file"), [("province", "adm1"), ("district", "adm2"), ("tehsil", "adm3")])
def test_the_public_boundaries_of_pakistan_fit_the_places(places: int, level: str, file: str) -> None:
    path = shared_path(f"data/geo_pk/{file}.geojson")
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    stored = bring(path)
    found = boundaries(level)
    assert stored == len(found)
    assert stored >= 0.8 * len(features)
    assert stored >= 0.8 * Place.objects.filter(level=level).count()


# ---- refused ---------------------------------------------------------------------------------------------------


def refused(path: Path) -> Problem:
    """Return the problem a file meets, having made sure that it changed nothing and is told in two languages."""
    before = (list(Place.objects.order_by("pcode").values()), AuditEntry.objects.count())
    with pytest.raises(Problem) as caught:
        bring(path)
    assert (list(Place.objects.order_by("pcode").values()), AuditEntry.objects.count()) == before
    english, urdu = (caught.value.text(language) for language in ("en", "ur"))
    assert str(path) in english
    assert str(path) in urdu
    assert english != urdu
    return caught.value


NO_COLLECTIONS = [
    "",
    "not JSON",
    "[]",
    "null",
    "{}",
    '{"type": "FeatureCollection"}',
    '{"features": []}',
    '{"features": {"a": 1}}',
    '{"type": "FeatureCollection", "features": [{"type": "Feat',
    "[" * 100_000,
    "\udcff\udcfe",
]


def test_a_file_that_is_no_feature_collection_is_refused(places: int, tmp_path: Path) -> None:
    path = tmp_path / "districts.geojson"
    for text in NO_COLLECTIONS:
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
        assert refused(path).code == "registry.boundaries_invalid", text[:60]


BAD_FEATURES: list[object] = [
    None,
    7,
    [],
    {},
    {"properties": []},
    {"properties": None, "geometry": None},
    feature(None),
    feature(617),
    feature("PK\u0000617"),
    feature("Lahore"),
    {"properties": {"adm2_pcode": LAHORE}},
    {"properties": {"adm2_pcode": LAHORE}, "geometry": "Polygon"},
    feature(LAHORE, type="Point", coordinates=[74, 31]),
    feature(LAHORE, type=["Polygon"]),
    feature(LAHORE, coordinates=None),
    feature(LAHORE, coordinates=[]),
    feature(LAHORE, coordinates=[[]]),
    feature(LAHORE, coordinates=[SQUARE[0][:3]]),
    feature(LAHORE, coordinates=[[["74", "31"]] * 4]),
    feature(LAHORE, coordinates=[[[True, False]] * 4]),
    feature(LAHORE, coordinates=[[[74.0]] * 4]),
    feature(LAHORE, coordinates=[[[float("nan"), 31.0]] * 4]),
    feature(LAHORE, coordinates=[[[74.0, float("inf")]] * 4]),
    feature(LAHORE, coordinates=[[[8_237_642.3, 3_632_749.1]] * 4]),  # metres of a map projection
    feature(LAHORE, type="MultiPolygon", coordinates=SQUARE),
    feature(KASUR),  # the first feature again
]


def test_one_bad_feature_refuses_the_file_and_is_named(places: int, tmp_path: Path) -> None:
    for bad in BAD_FEATURES:
        problem = refused(write(tmp_path, feature(KASUR), bad))
        assert problem.code == "registry.boundaries_invalid"
        assert "feature 2" in problem.text("en"), bad
        assert "اندراج 2" in problem.text("ur")
        assert "feature 2" not in problem.text("ur")


def test_control_the_same_file_without_the_bad_feature_is_taken(places: int, tmp_path: Path) -> None:
    assert bring(write(tmp_path, feature(KASUR))) == 1


def test_boundaries_of_another_country_are_refused(places: int, tmp_path: Path) -> None:
    assert refused(write(tmp_path, feature("AF01"))).code == "registry.boundaries_invalid"


def test_a_file_that_is_not_there_is_named(places: int, tmp_path: Path) -> None:
    assert refused(tmp_path / "nowhere.geojson").code == "input.not_found"
    assert refused(tmp_path).code == "input.not_found"
