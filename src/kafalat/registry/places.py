"""Places: the programme's P-code list into the registry, and boundaries from a GeoJSON file."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from kafalat.audit import services as audit
from kafalat.core.digests import file_sha256
from kafalat.core.problems import problem
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
_GEOMETRIES = ("Polygon", "MultiPolygon")


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
    geometries = dict(_features(path))
    with transaction.atomic():
        known = bulk.execute(
            """
            UPDATE registry_place SET boundary = given.geometry
            FROM jsonb_each(%s::jsonb) AS given (pcode, geometry) WHERE registry_place.pcode = given.pcode
            """,
            [json.dumps(geometries)],
        )
        if known == 0:
            raise problem("registry.boundaries_invalid", path=path, reason="no feature names a known P-code")
        audit.record(
            at=at,
            actor=actor,
            action="boundaries_imported",
            object_kind="places",
            object_id=path.name[:80],
            detail={"sha256": file_sha256(path), "places": known},
        )
    return known


def _features(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return P-code and geometry of each feature of a GeoJSON FeatureCollection."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise problem("registry.boundaries_invalid", path=path, reason=f"not JSON: {error}") from error
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or not features:
        raise problem("registry.boundaries_invalid", path=path, reason="no features")
    found = []
    for number, feature in enumerate(features, start=1):
        properties = feature.get("properties") or {}
        geometry = feature.get("geometry") or {}
        pcode = next((properties[name] for name in _PCODE_PROPERTIES if properties.get(name)), None)
        if not isinstance(pcode, str):
            raise problem("registry.boundaries_invalid", path=path, reason=f"feature {number} has no P-code")
        if geometry.get("type") not in _GEOMETRIES:
            raise problem(
                "registry.boundaries_invalid", path=path, reason=f"feature {number} ({pcode}) is no polygon"
            )
        found.append((pcode, geometry))
    return found
