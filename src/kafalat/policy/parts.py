"""One file of a programme folder as a typed value, with every finding of its shape.

A mistake does not hide the next one: what is wrong is reported and set aside, and the rest is still typed, so that the
checks across files can look at it. `Part.whole` says whether anything was set aside.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar, get_args, get_origin

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import ErrorDetails

from kafalat.core.money import PAISA_PER_RUPEE
from kafalat.core.text import Bilingual
from kafalat.policy.documents import Items, Location, Mapping, Tree, child, line_of
from kafalat.policy.findings import Fault, Finding, nearest
from kafalat.policy.model import Component, Dated, Fact, Filter, Name, Strict
from kafalat.policy.refusals import fault_of

M = TypeVar("M", bound=BaseModel)
_ROUNDS_MAX = 50


class Header(Strict):
    """What `programme.yaml` says. `code` is the name of the folder, so it may have hyphens."""

    code: str = Field(pattern=r"\A[a-z][a-z0-9-]*\z", max_length=40)
    label: Bilingual
    country: str = Field(pattern=r"\A[A-Z]{2}\z")
    currency: str = Field(pattern=r"\APKR\z")
    legal_base: Bilingual
    source: str = Field(min_length=3)


class FactsFile(Strict):
    """What `facts.yaml` says."""

    facts: tuple[Fact, ...] = Field(min_length=1)


class RupeeComponent(Strict):
    """A component with its amounts as people write them, in whole rupees."""

    code: Name
    label: Bilingual
    amount_rupees: tuple[Dated[Annotated[int, Field(ge=1, le=10_000_000)]], ...] = Field(min_length=1)

    def in_paisa(self) -> Component:
        """Return the component with its amounts in paisa."""
        amounts = tuple(
            Dated[int].model_validate(
                {
                    "from": entry.from_,
                    "to": entry.to,
                    "value": entry.value * PAISA_PER_RUPEE,
                    "source": entry.source,
                }
            )
            for entry in self.amount_rupees
        )
        return Component(code=self.code, label=self.label, amount_paisa=amounts)


class AmountsFile(Strict):
    """What `amounts.yaml` says."""

    components: tuple[RupeeComponent, ...] = Field(min_length=1)


class FiltersFile(Strict):
    """What `filters.yaml` says."""

    filters: tuple[Filter, ...]


class MessagesFile(Strict):
    """What `messages.yaml` says."""

    messages: dict[Name, Bilingual]


@dataclass(frozen=True)
class Part(Generic[M]):
    """A typed file. `value` is None where nothing of it could be typed; `tree` has the lines of what `value` holds.

    `written` is the file before anything was set aside: a name that stands there is not reported as unknown elsewhere.
    """

    file: str
    written: Mapping
    tree: Mapping
    value: M | None
    whole: bool

    @classmethod
    def absent(cls, file: str) -> Part[M]:
        """Return the part of a file that is not there or cannot be read."""
        return cls(file, Mapping(1), Mapping(1), None, whole=False)

    def finding(self, location: Location, fault: Fault) -> Finding:
        """Return `fault` as a finding at the line of `location`."""
        return Finding(self.file, line_of(self.tree, location), fault.en, fault.ur, fault.nearest)


def read_part(file: str, model: type[M], tree: Mapping) -> tuple[Part[M], list[Finding]]:
    """Return the file's typed value with all findings of its shape. Changes `tree`: what is wrong is taken out."""
    findings: list[Finding] = []
    written, whole = deepcopy(tree), True
    for _ in range(_ROUNDS_MAX):
        try:
            # Strict JSON is the one mode in which "5" is no number, true is no 1 and a date is only ever YYYY-MM-DD.
            value = model.model_validate_json(json.dumps(tree), strict=True)
        except ValidationError as error:
            faults = list(_faults(model, tree, error.errors(include_url=False)))
            findings += [Finding(file, line, fault.en, fault.ur, fault.nearest) for line, fault in faults]
            whole = False
            if not _set_aside(model, tree, error.errors(include_url=False)):
                break
        else:
            return Part(file, written, tree, value, whole), list(dict.fromkeys(findings))
    return Part(file, written, tree, None, whole=False), list(dict.fromkeys(findings))


def fields_at(annotation: object, location: Location) -> tuple[type[BaseModel] | None, frozenset[str]]:
    """Return the model that stands at `location` below `annotation`, and the keys it knows."""
    here = _unwrapped(annotation)
    for step in location:
        if isinstance(here, type) and issubclass(here, BaseModel):
            fields = {field.alias or name: field for name, field in here.model_fields.items()}
            if step not in fields:
                return None, frozenset()
            here = _unwrapped(fields[str(step)].annotation)
        elif get_origin(here) is tuple or get_origin(here) is dict:
            here = _unwrapped(get_args(here)[1 if get_origin(here) is dict else 0])
        else:
            return None, frozenset()
    if isinstance(here, type) and issubclass(here, BaseModel):
        return here, frozenset(field.alias or name for name, field in here.model_fields.items())
    return None, frozenset()


def _unwrapped(annotation: object) -> object:
    """Return the type inside `Annotated[...]` and `... | None`."""
    if get_origin(annotation) is Annotated:
        return _unwrapped(get_args(annotation)[0])
    inner = [argument for argument in get_args(annotation) if argument is not type(None)]
    if type(None) in get_args(annotation) and len(inner) == 1:
        return _unwrapped(inner[0])
    return annotation


def _faults(model: type[BaseModel], tree: Tree, errors: list[ErrorDetails]) -> Iterator[tuple[int, Fault]]:
    """Yield each error of the shape as line and fault; a misspelt key is one fault, not an unknown and a missing one."""
    misspelt = _misspelt(model, errors)
    renamed = {(*location[:-1], right) for location, right in misspelt.items() if right is not None}
    seen: set[tuple[str | int, ...]] = set()
    for error in errors:
        location = error["loc"]
        if error["type"] == "missing" and location in renamed:
            continue
        if _shortened(tree, error) is not None:
            continue
        place = _real(tree, location)
        if (
            place in seen and error["type"] != "missing"
        ):  # one value that fits no branch of a union is one fault
            continue
        seen.add(place)
        yield line_of(tree, location), fault_of(error, location, misspelt.get(location))


def _misspelt(model: type[BaseModel], errors: list[ErrorDetails]) -> dict[tuple[str | int, ...], str | None]:
    """Return the nearest valid key of each unknown one."""
    unknown = [error["loc"] for error in errors if error["type"] == "extra_forbidden"]
    return {location: nearest(location[-1], fields_at(model, location[:-1])[1]) for location in unknown}


def _real(tree: Tree, location: Location) -> tuple[str | int, ...]:
    """Return the part of an error's location that is in the tree, without pydantic's names of union branches."""
    real: list[str | int] = []
    for step in location:
        found = child(tree, step)
        if found is None:
            break
        tree = found[1]
        real.append(step)
    return tuple(real)


def _set_aside(model: type[BaseModel], tree: Mapping, errors: list[ErrorDetails]) -> bool:
    """Take what is wrong out of the tree, as little as will do. Say whether anything changed."""
    misspelt = _misspelt(model, errors)
    items: set[tuple[str | int, ...]] = set()
    changed = False
    for error in errors:
        location = error["loc"]
        if _shortened(tree, error):
            continue
        parent = _at(tree, location[:-1])
        if error["type"] == "extra_forbidden" and isinstance(parent, Mapping):
            _rename(parent, str(location[-1]), misspelt[location])
            changed = True
        elif location[-1] in ("en", "ur") and isinstance(parent, Mapping):
            # The other language's text stands in, so that only the missing text is reported.
            other = parent.get("ur" if location[-1] == "en" else "en")
            parent[str(location[-1])] = other if isinstance(other, str) and other else "…"
            parent.lines.setdefault(str(location[-1]), parent.line)
            changed = True
        else:
            items.add(_item(tree, location))
    if changed:  # a renamed key or a text put in may have settled the others
        return True
    for location in sorted(
        (item for item in items if item), key=lambda item: (len(item), item[-1]), reverse=True
    ):
        parent = _at(tree, location[:-1])
        if isinstance(parent, Items):
            index = int(location[-1])
            del parent[index], parent.lines[index]
            parent.shortened = True
            changed = True
    return changed


def _shortened(tree: Tree, error: ErrorDetails) -> bool | None:
    """Say of an error about a short list whether the list still has items, or None where it is short as it was written.

    pydantic counts only the right items: the wrong ones are reported themselves.
    """
    value = _at(tree, error["loc"])
    if error["type"] != "too_short" or not isinstance(value, Items) or not (value or value.shortened):
        return None
    return bool(value)


def _rename(mapping: Mapping, wrong: str, right: str | None) -> None:
    value, line = mapping.pop(wrong), mapping.lines.pop(wrong)
    if right is not None and right not in mapping:
        mapping[right], mapping.lines[right] = value, line


def _item(tree: Tree, location: Location) -> tuple[str | int, ...]:
    """Return the location of the nearest list item that holds `location`, or () where none does."""
    real = _real(tree, location)
    while real and not isinstance(real[-1], int):
        real = real[:-1]
    return real


def _at(tree: Tree, location: Location) -> Tree:
    for step in location:
        found = child(tree, step)
        if found is None:
            return None
        tree = found[1]
    return tree
