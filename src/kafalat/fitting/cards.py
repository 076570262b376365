"""The text of a fitted scorecard, as a programme folder keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kafalat.core.text import Bilingual
from kafalat.fitting.axes import Axis
from kafalat.fitting.rounding import MAXIMUM, MINIMUM, Points, Rounded, Table
from kafalat.fitting.sample import Integers

Figures = Mapping[str, str | int | float]


@dataclass(frozen=True)
class Heading:
    """What a card says of itself besides its points. `strata` has the codes of each part where there is a stratum."""

    code: str
    label: Bilingual
    valid_from: str
    source: str
    warning: Bilingual | None
    stratum: str | None
    strata: tuple[tuple[str, ...], ...]


def to_yaml(
    card: Rounded, axes: Sequence[Axis], tables: Sequence[Table], heading: Heading, fitted: Figures
) -> str:
    """Return the text of scorecard.yaml. A fact whose bins all earn the same says nothing and is left out."""
    text = [
        "# The scorecard: whole points per fact and bin, made by the command below; do not edit by hand.",
        "# Score = base_points + all points that apply, not below minimum nor above maximum. Lower is poorer.",
        f"code: {heading.code}",
        f"label: {_bilingual(heading.label)}",
        f"from: {heading.valid_from}",
    ]
    if heading.warning is not None:
        text.append(f"warning: {_bilingual(heading.warning)}")
    if heading.stratum is None:
        text.append(f"base_points: {card.base + card.parts[0].base}")
        text += [f"minimum: {MINIMUM}", f"maximum: {MAXIMUM}"]
        text += _lines(card.parts[0], axes, tables, "")
    else:
        text += [f"base_points: {card.base}", f"minimum: {MINIMUM}", f"maximum: {MAXIMUM}"]
        text += [f"stratum: {heading.stratum}", "strata:"]
        for codes, part in zip(heading.strata, card.parts, strict=True):
            text += [f"  - is: [{', '.join(codes)}]", f"    base_points: {part.base}"]
            text += _lines(part, axes, tables, "    ")
    text.append("fitted:")
    text += [f"  {name}: {_quoted(value)}" for name, value in fitted.items()]
    text.append(f"source: {_quoted(heading.source)}")
    return "\n".join(text) + "\n"


def used(card: Rounded, axes: Sequence[Axis], tables: Sequence[Table]) -> list[str]:
    """Return the facts that earn points somewhere on the card, in order."""
    found = set()
    for part in card.parts:
        found |= {number for number in range(len(axes)) if part.cells[number].any()}
        for table in tables:
            if part.cells[table.block].any():
                found |= {table.first, table.second}
    return [axis.fact for number, axis in enumerate(axes) if number in found]


def _lines(part: Points, axes: Sequence[Axis], tables: Sequence[Table], indent: str) -> list[str]:
    terms: list[str] = []
    for block, axis in enumerate(axes):
        if part.cells[block].any():
            terms += [f"{indent}  - fact: {axis.fact}", f"{indent}    bins:"]
            terms += [
                f"{indent}      - {{ {axis.span(bins)}, points: {points} }}"
                for bins, points in _groups(axis, part.cells[block])
            ]
    pairs: list[str] = []
    for table in tables:
        if part.cells[table.block].any():
            first, second = axes[table.first], axes[table.second]
            grid = part.cells[table.block].reshape(len(table.rows), len(table.columns)).tolist()
            pairs += [
                f"{indent}  - facts: [{first.fact}, {second.fact}]",
                f"{indent}    rows: {_spans(first, table.rows)}",
                f"{indent}    columns: {_spans(second, table.columns)}",
                f"{indent}    points: [{', '.join(str(row) for row in grid)}]",
            ]
    return ([f"{indent}terms:", *terms] if terms else []) + ([f"{indent}pairs:", *pairs] if pairs else [])


def _groups(axis: Axis, points: Integers) -> list[tuple[list[int], int]]:
    """Return bins that earn the same together: neighbours of a number, any of a category."""
    found: list[tuple[list[int], int]] = []
    for number, earned in enumerate(points.tolist()):
        twin = next((one for one in (found if axis.codes else found[-1:]) if one[1] == earned), None)
        if twin is None:
            found.append(([number], earned))
        else:
            twin[0].append(number)
    return found


def _spans(axis: Axis, groups: Iterable[Sequence[int]]) -> str:
    return "[" + ", ".join(f"{{ {axis.span(bins)} }}" for bins in groups) + "]"


def _bilingual(text: Bilingual) -> str:
    return f"{{ en: {_quoted(text.en)}, ur: {_quoted(text.ur)} }}"


def _quoted(value: str | float) -> str:
    return str(value) if not isinstance(value, str) else '"' + value.replace('"', "'") + '"'
