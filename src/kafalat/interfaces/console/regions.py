"""Figures by district (or province) out of figures by the finest place each survey knows: pure arithmetic on a tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kafalat.registry.selectors import PlaceNode, PlaceTree


@dataclass(frozen=True, slots=True)
class PlaceFigures:
    """Figures by P-code of the finest place known. `outcomes` maps a place to households per outcome."""

    surveyed: Mapping[str, int]
    outcomes: Mapping[str, Mapping[str, int]]
    enrolled: Mapping[str, int]
    paid_paisa: Mapping[str, int]


@dataclass(slots=True)
class Region:
    """One district or province and its figures; `paid_paisa` belongs to the newest cycle."""

    place: PlaceNode
    surveyed: int = 0
    eligible: int = 0
    ineligible: int = 0
    incomplete: int = 0
    enrolled: int = 0
    paid_paisa: int = 0

    @property
    def decided(self) -> int:
        """Return how many households have a decision."""
        return self.eligible + self.ineligible + self.incomplete

    @property
    def eligible_pct(self) -> float | None:
        """Return the share of eligible among the decided, in percent; None where nobody was decided."""
        return 100 * self.eligible / self.decided if self.decided else None


@dataclass(frozen=True, slots=True)
class Regions:
    """Every place of one level with its figures. `unplaced` households are known by a coarser place only."""

    level: str
    rows: tuple[Region, ...]
    unplaced: int


def level_known(tree: PlaceTree, surveyed: Mapping[str, int]) -> str:
    """Return "district" where at least half of the households are known that finely, else "province"."""
    fine = sum(count for pcode, count in surveyed.items() if tree.at(pcode, "district"))
    return "district" if 2 * fine >= sum(surveyed.values()) else "province"


def regions(tree: PlaceTree, figures: PlaceFigures) -> Regions:
    """Return the figures added up to districts, or to provinces where the survey knows no finer place."""
    level = level_known(tree, figures.surveyed)
    rows = {node.pcode: Region(node) for node in tree.at_level(level)}
    unplaced = 0
    for pcode, count in figures.surveyed.items():
        place = tree.at(pcode, level)
        if place is None:
            unplaced += count
            continue
        rows[place.pcode].surveyed += count
    for pcode, outcomes in figures.outcomes.items():
        if place := tree.at(pcode, level):
            row = rows[place.pcode]
            row.eligible += outcomes.get("eligible", 0)
            row.ineligible += outcomes.get("ineligible", 0)
            row.incomplete += outcomes.get("incomplete", 0)
    for pcode, count in figures.enrolled.items():
        if place := tree.at(pcode, level):
            rows[place.pcode].enrolled += count
    for pcode, amount in figures.paid_paisa.items():
        if place := tree.at(pcode, level):
            rows[place.pcode].paid_paisa += amount
    return Regions(level, tuple(rows.values()), unplaced)
