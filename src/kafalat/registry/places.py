"""Places: the programme's P-code list into the registry, and boundaries from a GeoJSON file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from kafalat.audit import services as audit
from kafalat.core.digests import file_sha256
from kafalat.core.problems import Problem, problem
from kafalat.policy.model import Programme
from kafalat.registry import bulk

_LEVELS = ("country", "province", "district", "tehsil")
# The names under which public boundary files carry a P-code, finest level first.
_PCODE_PROPERTIES = (
    "adm3_pcode",
    "adm2_pcode",
    "adm1_pcode",
    "ADM3_PCODE",
    "ADM2_PCODE",
    "ADM1_PCODE",
    "pcode",
)
_PCODE = re.compile(r"[A-Z]{2}[0-9A-Z]{0,10}")


def load_places(*, programme: Programme) -> int:
    """Bring the registry's places in line with the programme's list; boundaries stay. Return how many rows were written."""
    ordered = sorted(programme.places, key=lambda place: (_LEVELS.index(place.level), place.pcode))
    values = [place.model_dump(mode="json") for place in ordered]
    return bulk.execute(
        """
        INSERT INTO registry_place (pcode, level, parent_id, name_en, name_ur, valid_from, valid_to, population,
            households, tile_row, tile_col)
        SELECT pcode, level, parent, name->>'en', name->>'ur', valid_from, valid_to, population, households,
            tile_row, tile_col
        FROM jsonb_to_recordset(%s::jsonb) AS place (pcode text, level text, parent text, name jsonb, valid_from date,
            valid_to date, population bigint, households bigint, tile_row smallint, tile_col smallint)
        ON CONFLICT (pcode) DO UPDATE SET level = excluded.level, parent_id = excluded.parent_id,
            name_en = excluded.name_en, name_ur = excluded.name_ur, valid_from = excluded.valid_from,
            valid_to = excluded.valid_to, population = excluded.population, households = excluded.households,
            tile_row = excluded.tile_row, tile_col = excluded.tile_col
        """,
        [json.dumps(values)],
    )


def import_boundaries(*, path: Path, actor: str, at: datetime) -> int:
    """Store the geometry of every feature that names a known P-code; return how many places got one.

    Raises the problems `input.not_found` and `registry.boundaries_invalid`; nothing is stored then.
    """
    if not path.is_file():
        raise problem("input.not_found", path=path)
    geometries = _geometries(path)
    with transaction.atomic():
        known = bulk.execute(
            """
            UPDATE registry_place SET boundary = given.geometry
            FROM jsonb_each(%s::jsonb) AS given (pcode, geometry) WHERE registry_place.pcode = given.pcode
            """,
            [json.dumps(geometries)],
        )
        if known == 0:
            raise _invalid(path, "no feature names a known P-code", "کسی اندراج میں معلوم P-code نہیں")
        audit.record(
            at=at,
            actor=actor,
            action="boundaries_imported",
            object_kind="places",
            object_id=path.name[:80],
            detail={"sha256": file_sha256(path), "places": known},
        )
    return known


def _geometries(path: Path) -> dict[str, dict[str, Any]]:
    """Return the geometry of each P-code of a GeoJSON FeatureCollection (RFC 7946): type and coordinates, nothing else."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise _invalid(path, "it is no JSON text", "یہ JSON تحریر نہیں") from error
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or not features:
        raise _invalid(path, "it has no features", "اس میں کوئی اندراج (feature) نہیں")
    found: dict[str, dict[str, Any]] = {}
    for number, feature in enumerate(features, start=1):
        pcode = _pcode(feature)
        if pcode is None:
            raise _invalid(path, f"feature {number} has no P-code", f"اندراج {number} میں P-code نہیں")
        if pcode in found:
            raise _invalid(
                path, f"feature {number}: {pcode} is there twice", f"اندراج {number}: {pcode} دو بار ہے"
            )
        geometry = feature.get("geometry")
        if not _is_area(geometry):
            raise _invalid(
                path,
                f"feature {number} ({pcode}) is no polygon in degrees of longitude and latitude",
                f"اندراج {number} ({pcode}) طول بلد و عرض بلد کے درجوں میں بنا کثیر الاضلاع (polygon) نہیں",
            )
        found[pcode] = {"type": geometry["type"], "coordinates": geometry["coordinates"]}
    return found


def _invalid(path: Path, reason_en: str, reason_ur: str) -> Problem:
    return problem("registry.boundaries_invalid", path=path, reason_en=reason_en, reason_ur=reason_ur)


def _pcode(feature: object) -> str | None:
    """Return the P-code a feature names, the finest it has."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        return None
    named = next((properties[name] for name in _PCODE_PROPERTIES if properties.get(name)), None)
    return named if isinstance(named, str) and _PCODE.fullmatch(named) else None


def _is_area(geometry: object) -> bool:
    """Say whether a geometry is a polygon, or several, that can be drawn."""
    if not isinstance(geometry, dict):
        return False
    coordinates = geometry.get("coordinates")
    if geometry.get("type") == "Polygon":
        return _is_polygon(coordinates)
    return geometry.get("type") == "MultiPolygon" and _all(coordinates, _is_polygon)


def _is_polygon(rings: object) -> bool:
    return _all(rings, lambda ring: _all(ring, _is_position, at_least=4))


def _all(items: object, holds: Callable[[object], bool], at_least: int = 1) -> bool:
    return isinstance(items, list) and len(items) >= at_least and all(map(holds, items))


def _is_position(position: object) -> bool:
    """Say whether a position is longitude and latitude in degrees; a height may follow."""
    if not isinstance(position, list) or not all(type(value) in (int, float) for value in position):
        return False
    # A comparison with "not a number" never holds.
    return len(position) in (2, 3) and abs(position[0]) <= 180 and abs(position[1]) <= 90
