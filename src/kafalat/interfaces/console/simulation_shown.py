"""A simulation as a page shows it: figures in rows, pictures in the language of the page, places by name."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kafalat.core.money import PAISA_PER_RUPEE
from kafalat.core.text import Bilingual, Language
from kafalat.engine.outlook import STATUSES, District, Group, Simulation, Status
from kafalat.engine.poverty import Estimate
from kafalat.interfaces import labels, simulation_charts
from kafalat.interfaces.console import pictures
from kafalat.interfaces.console.pictures import MapPicture, MapWords
from kafalat.interfaces.console.regions import Region, Regions
from kafalat.interfaces.context import language_in_use
from kafalat.interfaces.remember import remembered
from kafalat.interfaces.simulation_charts import Bar, Mark, Span
from kafalat.interfaces.simulation_rows import Column, Row, compared, money, percent, points
from kafalat.policy.model import Place, Programme
from kafalat.registry.selectors import PlaceTree


@dataclass(frozen=True, slots=True)
class Asked:
    """One setting in words: of what, as in force, as proposed."""

    what: str
    today: str
    proposed: str


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One district of the table."""

    name: Bilingual
    row: District
    quarter_paisa: int | None


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """One measure: without payments, today, as proposed and its change, each as a figure and its interval."""

    label: Bilingual
    figures: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CrossRow:
    """Households of one status today, by their status as proposed."""

    status: str
    counts: tuple[int, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything the results part of the page needs."""

    answer: Simulation
    asked: tuple[Asked, ...]
    rows: list[Row]
    histogram: str
    bands: list[tuple[int, int, int, int]]
    moves: str
    crossings: tuple[CrossRow, ...]
    crossing_heads: tuple[str, ...]
    budget: str
    measures: tuple[MeasureRow, ...]
    intervals: str
    fairness: tuple[tuple[Bilingual, tuple[Group, ...]], ...]
    places: tuple[PlaceRow, ...]
    map: MapPicture


def language() -> Language:
    """Return the language of the page."""
    return language_in_use(get_language())


def shown(answer: Simulation, programme: Programme, tree: PlaceTree) -> Shown:
    """Return the answer as the page shows it."""
    used = sorted(
        {each.today for each in answer.crossings} | {each.proposed for each in answer.crossings},
        key=STATUSES.index,
    )
    names = {place.pcode: place for place in programme.places}
    key = answer.model_dump_json()
    return Shown(
        answer=answer,
        asked=asked(answer, programme),
        rows=compared([Column("", answer, today=True), Column("", answer)], language()),
        histogram=remembered(f"sim-scores:{language()}", key, lambda: _histogram(answer)),
        bands=_bands(answer),
        moves=remembered(f"sim-moves:{language()}", key, lambda: _moves(answer)),
        crossings=tuple(_cross(answer, status, used) for status in used),
        crossing_heads=tuple(_status(status) for status in used),
        budget=remembered(f"sim-budget:{language()}", key, lambda: _budget(answer)),
        measures=tuple(
            MeasureRow(
                m.label,
                tuple(
                    _parted(text)
                    for text in (percent(m.without), percent(m.today), percent(m.proposed), points(m.change))
                ),
            )
            for m in (*answer.errors, *answer.poverty)
        ),
        intervals=remembered(f"sim-intervals:{language()}", key, lambda: _intervals(answer)),
        fairness=_groups(answer),
        places=tuple(_place(answer, row, names) for row in answer.districts),
        map=_map(answer, tree),
    )


def asked(answer: Simulation, programme: Programme) -> tuple[Asked, ...]:
    """Return the settings in words, each with what is in force."""
    found = []
    names = {place.pcode: place for place in programme.places}
    lines = {line.code: line for line in answer.lines}
    components = {component.code: component.label for component in programme.components}
    filters = {entry.code: entry.label for entry in programme.filters}
    phases = {phase.code: phase for phase in answer.phases}
    for setting in answer.settings:
        if setting.kind == "cutoff" and setting.code in lines:
            line = lines[setting.code]
            what = _("Cut-off: %(category)s") % {"category": line.label.in_(language())}
            found.append(Asked(what, line.today or "–", line.proposed or "–"))
        elif setting.kind == "category" and setting.code in lines:
            found.append(
                Asked(lines[setting.code].label.in_(language()), _("in effect"), _("without effect"))
            )
        elif setting.kind == "amount" and setting.code in components:
            label = components[setting.code].in_(language())
            today = money(answer.amount_today_paisa) if len(components) == 1 else "–"
            found.append(Asked(label, today, money(int(setting.value) * PAISA_PER_RUPEE)))
        elif setting.kind == "filter" and setting.code in filters:
            found.append(Asked(filters[setting.code].in_(language()), _("in effect"), _("without effect")))
        elif setting.code in phases:
            found.append(_phase_asked(setting.value, phases[setting.code].label, names))
    if answer.scorecard != answer.scorecard_today:
        found.append(Asked(_("Scorecard"), answer.scorecard_today, answer.scorecard))
    return tuple(found)


def _phase_asked(value: str, label: Bilingual, names: dict[str, Place]) -> Asked:
    what = label.in_(language())
    if value == "off":
        return Asked(what, _("paid"), _("not paid"))
    if value[:4].isdigit():
        return Asked(what, _("from the start"), _("from %(quarter)s") % {"quarter": value})
    codes = value.split(",")
    separator = "، " if language() == "ur" else ", "
    listed = separator.join(names[code].name.in_(language()) for code in codes[:6] if code in names)
    more = f"{separator}+{len(codes) - 6}" if len(codes) > 6 else ""
    return Asked(what, _("as in the programme"), f"{listed}{more}")


def _parted(text: str) -> tuple[str, str]:
    """Return a figure and its interval apart, for two lines of a cell."""
    figure, _space, interval = text.partition(" ")
    return figure, interval


def _status(status: str) -> str:
    return str(labels.STANDINGS[status])


def _cross(answer: Simulation, today: Status, used: list[Status]) -> CrossRow:
    counts = {each.proposed: each.households for each in answer.crossings if each.today == today}
    return CrossRow(_status(today), tuple(counts.get(status, 0) for status in used), sum(counts.values()))


def _histogram(answer: Simulation) -> str:
    named: dict[tuple[float, bool], list[str]] = {}
    for line in answer.lines:
        name = line.label.in_(language())
        # Scores are whole numbers and a score equal to the cut-off is within: the line stands just after it.
        if line.today not in {None, line.proposed} and answer.scorecard == answer.scorecard_today:
            words = _("%(category)s, today: %(value)s") % {"category": name, "value": line.today}
            named.setdefault((int(float(line.today or 0)) + 0.5, False), []).append(words)
        if line.proposed is not None:
            named.setdefault((int(float(line.proposed)) + 0.5, True), []).append(f"{name}: {line.proposed}")
    # Categories that share a cut-off share its line: the first is named, the others counted.
    marks = [
        Mark(value, words[0] + (f" (+{len(words) - 1})" if len(words) > 1 else ""), proposed)
        for (value, proposed), words in named.items()
    ]
    return simulation_charts.scores(
        [(row.score, row.covered, row.others) for row in answer.scores],
        sorted(marks, key=lambda mark: -mark.value),
        language=language(),
        title=_(
            "Histogram: households by poverty score as proposed, with the cut-offs of today and as proposed"
        ),
        axis_title=_("Poverty score (lower is poorer)"),
    )


def _bands(answer: Simulation, width: int = 10) -> list[tuple[int, int, int, int]]:
    bands: dict[int, list[int]] = {}
    for row in answer.scores:
        band = bands.setdefault(min(row.score, 99) // width * width, [0, 0])
        band[0] += row.covered
        band[1] += row.others
    return [
        (low, 100 if low + width >= 100 else low + width - 1, bands[low][0], bands[low][1])
        for low in sorted(bands)
    ]


def _moves(answer: Simulation) -> str:
    stay = answer.today.households - answer.leaving.households

    def bar(label: str, households: int, families: int, kind: str) -> Bar:
        note = _("%(households)s households, %(families)s families paid") % {
            "households": f"{households:,}", "families": f"{families:,}",
        }  # fmt: skip
        return Bar(label, households, note, kind)

    return simulation_charts.moves(
        [
            bar(_("Stay covered"), stay, answer.today.families - answer.leaving.families, "both"),
            bar(_("Join"), answer.joining.households, answer.joining.families, "joining"),
            bar(_("Leave"), answer.leaving.households, answer.leaving.families, "leaving"),
        ],
        language=language(),
        title=_("Bars: households that stay covered, join and leave"),
    )


def _budget(answer: Simulation) -> str:
    rows = [
        (row.period, (row.today_paisa or 0) / PAISA_PER_RUPEE, (row.proposed_paisa or 0) / PAISA_PER_RUPEE)
        for row in answer.quarters
    ]
    return simulation_charts.budget(
        rows,
        language=language(),
        title=_("Bars: budget of each quarter, today and as proposed"),
        axis_title=_("Rupees"),
    )


def _intervals(answer: Simulation) -> str:
    spans = []
    for measure in (*answer.errors, *answer.poverty):
        lane = measure.label.in_(language())
        for kind, estimate in (("today", measure.today), ("proposed", measure.proposed)):
            if estimate is not None:
                spans.append(_span(lane, kind, estimate))
    if not spans:
        return ""
    return simulation_charts.intervals(
        spans,
        language=language(),
        title=_(
            "Dots with lines: errors and poverty in percent with 95 percent intervals, today and as proposed"
        ),
    )


def _span(lane: str, kind: str, estimate: Estimate) -> Span:
    name = _("today") if kind == "today" else _("proposed")
    value, low, high = (100 * each for each in (estimate.value, estimate.low, estimate.high))
    return Span(lane, kind, value, low, high, f"{name} {value:.1f}")


def _groups(answer: Simulation) -> tuple[tuple[Bilingual, tuple[Group, ...]], ...]:
    found: dict[str, list[Group]] = {}
    for group in answer.fairness:
        found.setdefault(group.fact, []).append(group)
    return tuple((groups[0].fact_label, tuple(groups)) for groups in found.values())


def _place(answer: Simulation, row: District, names: dict[str, Place]) -> PlaceRow:
    place = names.get(row.pcode)
    amount = answer.amount_proposed_paisa
    return PlaceRow(
        name=place.name if place else Bilingual(en=row.pcode, ur=row.pcode),
        row=row,
        quarter_paisa=None if amount is None else amount * row.proposed.families,
    )


def _map(answer: Simulation, tree: PlaceTree) -> MapPicture:
    """Return the map of the share covered as proposed: by district, or by province where the survey knows no finer place."""
    fine = sum(row.households for row in answer.districts if tree.at(row.pcode, "district"))
    level = "district" if 2 * fine >= answer.households else "province"
    regions = {node.pcode: Region(node) for node in tree.at_level(level)}
    words: dict[str, str] = {}
    today: dict[str, int] = {}
    for row in answer.districts:
        node = tree.at(row.pcode, level)
        if node is None:
            continue
        region = regions[node.pcode]
        region.surveyed += row.households
        region.eligible += row.proposed.households
        today[node.pcode] = today.get(node.pcode, 0) + row.today.households
        region.ineligible += row.households - row.proposed.households
        words[node.pcode] = _("%(place)s: %(covered)s of %(households)s households covered as proposed, %(today)s today") % {
            "place": node.name.in_(language()), "covered": f"{region.eligible:,}",
            "households": f"{region.surveyed:,}", "today": f"{today[node.pcode]:,}",
        }  # fmt: skip
    title = _("Map: households covered as proposed, in percent of those surveyed")
    return pictures.region_map(
        Regions(level, tuple(regions.values()), 0),
        tree,
        "eligible",
        linked=False,
        words=MapWords(title, words),
    )
