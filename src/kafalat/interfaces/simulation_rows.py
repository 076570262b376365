"""A simulation's figures in rows: for the page, for comparing saved ones side by side, for the terminal, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from kafalat.core.money import PAISA_PER_RUPEE, rupees_text
from kafalat.core.text import Language
from kafalat.engine.outlook import Budget, Measure, Simulation
from kafalat.engine.poverty import Estimate
from kafalat.policy.model import Programme

UNKNOWN = "–"
# A cell that begins so is taken for a formula by spreadsheets; with an apostrophe in front it is text.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: what it is, and its value in each column."""

    label: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a comparison: today as the first simulation has it, or one simulation as proposed."""

    title: str
    simulation: Simulation
    today: bool = False


def percent(estimate: Estimate | None) -> str:
    """Write a share with its interval: `28.9% (28.1–29.7)`."""
    if estimate is None:
        return UNKNOWN
    value, low, high = (100 * figure for figure in (estimate.value, estimate.low, estimate.high))
    return f"{value:.1f}% ({low:.1f}–{high:.1f})"


def points(estimate: Estimate | None) -> str:
    """Write a change of a share in percentage points, with its interval: `−1.53 (−1.57 to −1.48)`."""
    if estimate is None:
        return UNKNOWN
    value, low, high = (
        f"{100 * figure:+.2f}".replace("-", "−") for figure in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} ({low} … {high})"


def money(amount_paisa: int | None) -> str:
    """Write an amount, or a dash where the programme has none."""
    return UNKNOWN if amount_paisa is None else rupees_text(amount_paisa)


def compared(columns: Sequence[Column], language: Language) -> list[Row]:
    """Return the key figures of every column, one row each."""
    first = columns[0].simulation

    def row(label: str, values: Iterable[str]) -> Row:
        return Row(label, tuple(values))

    covered = [c.simulation.today if c.today else c.simulation.proposed for c in columns]
    rows = [
        row(_("Households covered"), (f"{each.households:,}" for each in covered)),
        row(_("People in them"), (f"{each.people:,}" for each in covered)),
        row(_("Families paid"), (f"{each.families:,}" for each in covered)),
        row(_("Families without a payee"), (f"{each.families_without_payee:,}" for each in covered)),
        row(_("Households that join"), _changing(columns, "joining")),
        row(_("Households that leave"), _changing(columns, "leaving")),
        row(_("Amount per family and quarter"), (money(_amount(c)) for c in columns)),
    ]
    rows += [
        row(
            _("Budget of %(period)s") % {"period": year.period},
            (money(_year(c, year.period)) for c in columns),
        )
        for year in first.years
    ]
    measures = [*first.errors, *first.poverty]
    rows += [
        row(measure.label.in_(language), (percent(_measure(c, measure.code)) for c in columns))
        for measure in measures
    ]
    return rows


def _changing(columns: Sequence[Column], which: str) -> list[str]:
    return [UNKNOWN if c.today else f"{getattr(c.simulation, which).households:,}" for c in columns]


def _amount(column: Column) -> int | None:
    found = column.simulation
    return found.amount_today_paisa if column.today else found.amount_proposed_paisa


def _year(column: Column, period: str) -> int | None:
    found: Budget | None = next((y for y in column.simulation.years if y.period == period), None)
    if found is None:
        return None
    return found.today_paisa if column.today else found.proposed_paisa


def _measure(column: Column, code: str) -> Estimate | None:
    answers: tuple[Measure, ...] = (*column.simulation.errors, *column.simulation.poverty)
    found = next((measure for measure in answers if measure.code == code), None)
    if found is None:
        return None
    return found.today if column.today else found.proposed


# ---- export ----------------------------------------------------------------------------------------------------

_COLUMNS = (
    ("pcode", "#adm2+code"),
    ("district_en", "#adm2+name+i_en"),
    ("district_ur", "#adm2+name+i_ur"),
    ("households", "#population+households"),
    ("households_covered_today", "#reached+households+today"),
    ("people_covered_today", "#reached+people+today"),
    ("families_paid_today", "#reached+families+today"),
    ("households_covered_proposed", "#targeted+households+proposed"),
    ("people_covered_proposed", "#targeted+people+proposed"),
    ("families_paid_proposed", "#targeted+families+proposed"),
    ("families_without_payee_proposed", "#targeted+families+no_payee"),
    ("households_joining", "#indicator+households+joining"),
    ("households_leaving", "#indicator+households+leaving"),
    ("quarter_rupees_proposed", "#value+currency+pkr+quarter"),
)


def stated(simulation: Simulation, run: int) -> list[str]:
    """Return what a simulation is of, line by line: run, day, scorecard, settings."""
    return [
        f"simulation of run {run}",
        f"rules as of {simulation.policy_day}",
        f"programme {simulation.programme_sha256}",
        f"scorecard {simulation.scorecard}",
        *([str(setting) for setting in simulation.settings] or ["no change"]),
    ]


def csv_text(simulation: Simulation, programme: Programme, run: int) -> str:
    """Return the districts as CSV: what was asked, the column names, their HXL tags, then a row each."""
    names = {place.pcode: place.name for place in programme.places}
    amount = simulation.amount_proposed_paisa
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for line in stated(simulation, run):
        writer.writerow([safe(line)])
    writer.writerow([name for name, _tag in _COLUMNS])
    writer.writerow([tag for _name, tag in _COLUMNS])
    for row in simulation.districts:
        name = names.get(row.pcode)
        budget = None if amount is None else amount * row.proposed.families
        cells: list[object] = [
            row.pcode, name.en if name else "", name.ur if name else "", row.households,
            row.today.households, row.today.people, row.today.families,
            row.proposed.households, row.proposed.people, row.proposed.families,
            row.proposed.families_without_payee, row.joining.households, row.leaving.households,
            "" if budget is None else budget // PAISA_PER_RUPEE,
        ]  # fmt: skip
        writer.writerow([safe(cell) if isinstance(cell, str) else cell for cell in cells])
    return out.getvalue()


def safe(text: str) -> str:
    """Return text that a spreadsheet shows and never computes.

    >>> safe("=1+1"), safe("Lahore")
    ("'=1+1", 'Lahore')
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
