"""Makes boundaries light enough for a page: points snapped to a grid of about one pixel, repeated ones dropped.

Neighbours share their border's points, and equal points snap to equal points: no gaps appear between districts.
"""

from __future__ import annotations

import math
from typing import Any, Final

GRID_DEGREES: Final = 0.025
_MIDDLE_LATITUDE: Final = 30.0
_STRETCH: Final = math.cos(
    math.radians(_MIDDLE_LATITUDE)
)  # an equirectangular map of Pakistan, true at 30° north
_RING_POINTS_MIN: Final = 4

Point = tuple[float, float]


def simplified(geometry: dict[str, Any]) -> dict[str, Any]:
    """Return a GeoJSON Polygon or MultiPolygon as a light MultiPolygon in plane coordinates (x east, y north)."""
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    light = [[ring for ring in (_ring(points) for points in polygon) if ring] for polygon in polygons]
    return {"type": "MultiPolygon", "coordinates": [polygon for polygon in light if polygon]}


def _ring(points: list[list[float]]) -> list[Point]:
    """Return a ring's points on the grid; nothing where it is smaller than the grid can show."""
    snapped: list[tuple[int, int]] = []
    for longitude, latitude, *_height in points:
        point = (round(longitude / GRID_DEGREES), round(latitude / GRID_DEGREES))
        if not snapped or snapped[-1] != point:
            snapped.append(point)
    if len(snapped) < _RING_POINTS_MIN:
        return []
    return [(round(x * GRID_DEGREES * _STRETCH, 4), round(y * GRID_DEGREES, 4)) for x, y in snapped]
