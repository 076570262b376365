"""Reads of the registry: places as a tree, one household with all that is known of it, figures by place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Count, Sum

from kafalat.core.identifiers import mask_cnic, mask_mobile
from kafalat.core.problems import problem
from kafalat.core.sealing import Sealer
from kafalat.core.text import Bilingual
from kafalat.registry.models import Family, Household, Interview, Person, Place, SurveySource

# What an identifier was sealed for: the same words that bound it when it was stored.
CNIC_PURPOSE = "cnic"
MOBILE_PURPOSE = "mobile"


@dataclass(frozen=True, slots=True)
class PlaceNode:
    """A place of the tree. `households` is the census count; `tile` its row and column on the tile grid."""

    pcode: str
    level: str
    parent: str | None
    name: Bilingual
    households: int | None
    tile: tuple[int, int] | None


class PlaceTree:
    """All places in force, with the way up to a district or province and down to everything below."""

    def __init__(self, nodes: Iterable[PlaceNode]) -> None:
        self.nodes = {node.pcode: node for node in nodes}
        self._below: dict[str, list[str]] = {}
        for node in self.nodes.values():
            if node.parent:
                self._below.setdefault(node.parent, []).append(node.pcode)

    def at_level(self, level: str) -> list[PlaceNode]:
        """Return the places of one level, by English name."""
        return sorted((n for n in self.nodes.values() if n.level == level), key=lambda n: n.name.en)

    def up(self, pcode: str) -> Iterator[PlaceNode]:
        """Yield the place and all above it, finest first; nothing for an unknown P-code."""
        current = self.nodes.get(pcode)
        while current is not None:
            yield current
            current = self.nodes.get(current.parent) if current.parent else None

    def at(self, pcode: str, level: str) -> PlaceNode | None:
        """Return the place of `level` that holds `pcode`, or None where the place is coarser than that."""
        return next((node for node in self.up(pcode) if node.level == level), None)

    def within(self, pcode: str) -> list[str]:
        """Return the P-codes of the place and of everything below it; empty for an unknown one."""
        if pcode not in self.nodes:
            return []
        found, waiting = [], [pcode]
        while waiting:
            current = waiting.pop()
            found.append(current)
            waiting.extend(self._below.get(current, ()))
        return found


def place_tree() -> PlaceTree:
    """Return the tree of places that are in force (no end date)."""
    rows = Place.objects.filter(valid_to__isnull=True).values_list(
        "pcode", "level", "parent_id", "name_en", "name_ur", "households", "tile_row", "tile_col"
    )
    return PlaceTree(
        PlaceNode(
            pcode=pcode,
            level=level,
            parent=parent,
            name=Bilingual(en=name_en, ur=name_ur),
            households=households,
            tile=None if row is None or col is None else (row, col),
        )
        for pcode, level, parent, name_en, name_ur, households, row, col in rows
    )


def boundaries(level: str) -> dict[str, dict[str, Any]]:
    """Return the GeoJSON geometry of each place of `level` that has one."""
    rows = Place.objects.filter(level=level, boundary__isnull=False, valid_to__isnull=True)
    return {pcode: boundary for pcode, boundary in rows.values_list("pcode", "boundary") if boundary}


@dataclass(frozen=True, slots=True)
class RegistryFigures:
    """How much the registry holds, and where it came from (latest source last)."""

    households: int
    people: int
    sources: tuple[SurveySource, ...]

    @property
    def synthetic_population(self) -> bool:
        """Say whether any of the households were drawn, not surveyed."""
        return any(source.synthetic_population for source in self.sources)


def registry_figures() -> RegistryFigures:
    """Return households, people and sources of the registry."""
    totals = Household.objects.aggregate(households=Count("id"), people=Sum("members"))
    return RegistryFigures(
        households=totals["households"],
        people=totals["people"] or 0,
        sources=tuple(SurveySource.objects.order_by("id")),
    )


def households_by_place() -> dict[str, int]:
    """Return how many households were surveyed in each place, by the finest place the survey knows."""
    return dict(Household.objects.values_list("place_id").annotate(Count("id")).order_by())


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member as pages show her: identifiers masked, whether they were generated said plainly."""

    person: Person
    cnic_masked: str | None
    mobile_masked: str | None


@dataclass(frozen=True, slots=True)
class FamilyView:
    """A family of the household and its members in the order of the roster."""

    family: Family
    members: tuple[MemberView, ...]


@dataclass(frozen=True, slots=True)
class HouseholdView:
    """A household with its families, its interviews (newest first) and the places that hold it (finest first)."""

    household: Household
    families: tuple[FamilyView, ...]
    interviews: tuple[Interview, ...]
    places: tuple[PlaceNode, ...]
    synthetic: bool = field(default=False)

    @property
    def interviewed_on(self) -> date:
        """Return the day of the interview the facts follow from."""
        return self.household.interviewed_on


def household_view(*, household_id: int, sealer: Sealer) -> HouseholdView:
    """Return one household as pages show it. Raises the problem `console.not_found`."""
    household = Household.objects.select_related("source", "place").filter(pk=household_id).first()
    if household is None:
        raise problem(
            "console.not_found", what_en=f"household {household_id}", what_ur=f"گھرانہ {household_id}"
        )
    members: dict[int, list[MemberView]] = {}
    people = Person.objects.filter(household=household).order_by("line_no")
    for person in people:
        members.setdefault(person.family_id, []).append(member_view(person, sealer))
    families = Family.objects.filter(household=household).order_by("family_no")
    return HouseholdView(
        household=household,
        families=tuple(FamilyView(family, tuple(members.get(family.pk, ()))) for family in families),
        interviews=tuple(household.interviews.select_related("source").order_by("-interviewed_on", "-id")),
        places=tuple(place_tree().up(household.place_id)),
        synthetic=any(person.identity_synthetic for person in people),
    )


def member_view(person: Person, sealer: Sealer) -> MemberView:
    """Return a person with her numbers masked."""
    cnic = None if person.cnic_sealed is None else sealer.unseal(bytes(person.cnic_sealed), CNIC_PURPOSE)
    mobile = (
        None if person.mobile_sealed is None else sealer.unseal(bytes(person.mobile_sealed), MOBILE_PURPOSE)
    )
    return MemberView(
        person=person,
        cnic_masked=None if cnic is None else mask_cnic(cnic),
        mobile_masked=None if mobile is None else mask_mobile(mobile),
    )


def sample_form_number() -> str | None:
    """Return the form number of the first household, to show what one looks like; None for an empty registry."""
    return Household.objects.order_by("id").values_list("form_number", flat=True).first()
