"""Lay districts out on a labelled tile grid: one square each, neighbours near neighbours, provinces whole.

Three steps, all deterministic: (1) a least-squares layout in which two districts that share a border want to lie
one tile apart in their true direction; (2) an optimal assignment of that layout to squares; (3) a seeded search
that swaps and moves squares while the picture gets better.
"""

from __future__ import annotations

import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

Tile = tuple[int, int]  # row (north is 0), column (west is 0)
HEAT = 4.0
PIECE = 9.0  # price of each piece a province falls into
HOLE = (0.0, 0.0, 0.2, 3.0, 8.0)  # price of an empty square by the number of districts around it
# A square's width counts a little more than its height: Pakistan is drawn as wide as readers know it.
STRETCH_DOWN, STRETCH_RIGHT = 1.0, 1.25
SIDES = ((-1, 0), (1, 0), (0, -1), (0, 1))


@dataclass(frozen=True, slots=True)
class District:
    """What the layout needs to know: where a district lies and which province it must stay with."""

    pcode: str
    province: str
    lon: float
    lat: float


def _arcs(value: object) -> Iterator[int]:
    if isinstance(value, int):
        yield value if value >= 0 else ~value
    elif isinstance(value, list):
        for item in value:
            yield from _arcs(item)


def borders(topojson: Path) -> set[tuple[str, str]]:
    """Return the pairs of district P-codes that share a border (a TopoJSON arc), each pair once in code order."""
    owners: dict[int, set[str]] = defaultdict(set)
    for geometry in json.loads(topojson.read_text(encoding="utf-8"))["objects"]["districts"]["geometries"]:
        for arc in _arcs(geometry["arcs"]):
            owners[arc].add(geometry["properties"]["adm2_pcode"])
    return {(min(pair), max(pair)) for pair in owners.values() if len(pair) == 2}


def _direction(a: District, b: District) -> tuple[float, float]:
    """Return the unit vector from `a` to `b` as (rows down, columns right); a degree of longitude is 0.86 of one of latitude here."""
    down, right = a.lat - b.lat, (b.lon - a.lon) * 0.86
    length = math.hypot(down, right) or 1.0
    return down / length, right / length


def _wanted(
    districts: list[District], shared: set[tuple[str, str]]
) -> list[tuple[int, int, float, float, float]]:
    """Return (first, second, rows, columns, weight): the displacement each related pair wants, in tiles."""
    index = {district.pcode: i for i, district in enumerate(districts)}
    degree = Counter(code for pair in shared for code in pair)
    wanted = []
    for a, b in sorted(shared):
        i, j = index[a], index[b]
        down, right = _direction(districts[i], districts[j])
        same = districts[i].province == districts[j].province
        weight = (1.2 if same else 1.0) * (0.8 + 1.6 / min(degree[a], degree[b]))
        wanted.append((i, j, STRETCH_DOWN * down, STRETCH_RIGHT * right, weight))
    return wanted


def _relaxed(districts: list[District], wanted: list[tuple[int, int, float, float, float]]) -> np.ndarray:
    """Return positions (n, 2) in tiles that meet the wanted displacements best, with a weak pull to the true place."""
    n, pull = len(districts), 0.03
    laplacian = np.eye(n) * pull
    right_side = np.zeros((n, 2))
    true = np.array([[(37.1 - d.lat) * 1.35, (d.lon - 60.9) * 1.16] for d in districts])
    right_side += pull * true
    for i, j, down, right, weight in wanted:
        laplacian[i, i] += weight
        laplacian[j, j] += weight
        laplacian[i, j] -= weight
        laplacian[j, i] -= weight
        right_side[j] += weight * np.array([down, right])
        right_side[i] -= weight * np.array([down, right])
    place = np.linalg.solve(laplacian, right_side)
    for _ in range(200):  # push apart what lies closer than a tile
        gap = place[:, None, :] - place[None, :, :]
        distance = np.hypot(gap[..., 0], gap[..., 1]) + np.eye(n) * 9
        overlap = np.clip(1.0 - distance, 0, None)
        place = place + 0.25 * (gap / np.maximum(distance, 0.05)[..., None] * overlap[..., None]).sum(axis=1)
    return np.asarray(place)


def _snapped(place: np.ndarray) -> list[Tile]:
    """Return a square for each position: the assignment with the least sum of squared distances."""
    low = np.floor(place.min(axis=0)).astype(int) - 1
    high = np.ceil(place.max(axis=0)).astype(int) + 1
    squares = [(r, c) for r in range(low[0], high[0] + 1) for c in range(low[1], high[1] + 1)]
    cost = ((place[:, None, :] - np.array(squares)[None, :, :]) ** 2).sum(axis=2)
    _, chosen = linear_sum_assignment(cost)
    return [squares[i] for i in chosen]


class _Picture:
    """The tiles while they are searched, with the price of each district's place."""

    def __init__(
        self,
        districts: list[District],
        wanted: list[tuple[int, int, float, float, float]],
        tiles: list[Tile],
        place: np.ndarray,
    ) -> None:
        self.province = [d.province for d in districts]
        self.tiles = tiles
        self.at = {tile: i for i, tile in enumerate(tiles)}
        self.place = [(float(r), float(c)) for r, c in place]
        self.wanted: list[list[tuple[int, float, float, float]]] = [[] for _ in districts]
        for i, j, down, right, weight in wanted:
            self.wanted[i].append((j, down, right, weight))
            self.wanted[j].append((i, -down, -right, weight))

    def price(self, i: int) -> float:
        """Return what is wrong with district i's tile: displaced neighbours, distance, strangers beside it, holes."""
        row, col = self.tiles[i]
        total = 0.08 * ((row - self.place[i][0]) ** 2 + (col - self.place[i][1]) ** 2)
        for j, down, right, weight in self.wanted[i]:
            dr, dc = self.tiles[j][0] - row - down, self.tiles[j][1] - col - right
            total += weight * (dr * dr + dc * dc)
        kin = around = 0
        for dr, dc in SIDES:
            j = self.at.get((row + dr, col + dc), -1)
            if j >= 0:
                around += 1
                kin += self.province[j] == self.province[i]
        return total + (1.6, 0.6, 0.15, 0.0, 0.0)[around] + (6.0, 1.0, 0.0, 0.0, 0.0)[kin]

    def holes(self, a: Tile, b: Tile) -> float:
        """Return the price of empty squares at or beside these two: an empty square among districts looks like a lake."""
        total = 0.0
        for tile in {(r + dr, c + dc) for r, c in (a, b) for dr, dc in (*SIDES, (0, 0))} - self.at.keys():
            total += HOLE[sum((tile[0] + dr, tile[1] + dc) in self.at for dr, dc in SIDES)]
        return total

    def pieces(self, province: str) -> int:
        """Return into how many pieces, not joined by a side, the province's squares fall."""
        left = {tile for tile, owner in zip(self.tiles, self.province, strict=True) if owner == province}
        count = 0
        while left:
            count += 1
            front = [left.pop()]
            while front:
                row, col = front.pop()
                for dr, dc in SIDES:
                    tile = (row + dr, col + dc)
                    if tile in left:
                        left.remove(tile)
                        front.append(tile)
        return count

    def swap(self, a: Tile, b: Tile) -> None:
        """Exchange what stands on two squares; either may be empty."""
        i, j = self.at.pop(a, -1), self.at.pop(b, -1)
        if i >= 0:
            self.at[b], self.tiles[i] = i, b
        if j >= 0:
            self.at[a], self.tiles[j] = j, a

    def touched(self, a: Tile, b: Tile) -> set[int]:
        """Return the districts whose price a swap of these squares can change."""
        found: set[int] = set()
        for row, col in (a, b):
            for dr, dc in (*SIDES, (0, 0)):
                i = self.at.get((row + dr, col + dc), -1)
                if i >= 0:
                    found.add(i)
        for tile in (a, b):
            i = self.at.get(tile, -1)
            if i >= 0:
                found.update(j for j, *_ in self.wanted[i])
        return found


def _gain(picture: _Picture, a: Tile, b: Tile) -> float:
    """Swap two squares and return how much better the picture became (negative: worse)."""
    touched = picture.touched(a, b)
    provinces = {picture.province[picture.at[tile]] for tile in (a, b) if tile in picture.at}

    def price() -> float:
        pieces = sum(picture.pieces(province) for province in provinces)
        return sum(picture.price(i) for i in touched) + picture.holes(a, b) + PIECE * pieces

    before = price()
    picture.swap(a, b)
    return before - price()


def _searched(picture: _Picture, steps: int) -> None:
    """Swap near squares, at first also for the worse, until the picture settles. Seeded: the same every time."""
    chance = random.Random(20220909)  # noqa: S311 - a picture, not a secret
    n = len(picture.tiles)
    for step in range(steps):
        heat = HEAT * (1 - step / steps) ** 2 + 1e-3
        a = picture.tiles[chance.randrange(n)]
        b = (a[0] + chance.randint(-3, 3), a[1] + chance.randint(-3, 3))
        if a == b:
            continue
        gain = _gain(picture, a, b)
        if gain < 0 and chance.random() >= math.exp(gain / heat):
            picture.swap(a, b)


def tile_grid(
    districts: list[District], shared: set[tuple[str, str]], *, steps: int = 150_000
) -> dict[str, Tile]:
    """Return a square (row, column; both from 0) for each district's P-code; no square is used twice."""
    wanted = _wanted(districts, shared)
    place = _relaxed(districts, wanted)
    picture = _Picture(districts, wanted, _snapped(place), place)
    _searched(picture, steps)
    top = min(row for row, _ in picture.tiles)
    left = min(col for _, col in picture.tiles)
    return {d.pcode: (row - top, col - left) for d, (row, col) in zip(districts, picture.tiles, strict=True)}
