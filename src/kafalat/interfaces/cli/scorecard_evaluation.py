"""The evaluation of a scorecard as tables on the terminal."""

from __future__ import annotations

import math

from rich.table import Table

from kafalat.core.text import Bilingual
from kafalat.fitting.cautions import cautions
from kafalat.fitting.evaluation import CUTOFF, LINE, Evaluation, group_selection, share_name
from kafalat.fitting.judging import Figure, Judged
from kafalat.interfaces.cli.output import out, print_lines


def print_evaluation(found: Evaluation) -> None:
    """Print warnings first, then the figures with their 95 percent intervals."""
    for warning in cautions(found):
        print_lines(f"! {warning.en}", f"  {warning.ur}")
    print_lines(
        "",
        f"{found.scorecard.code} on {found.sample.profile}: {len(found.sample):,} households in {found.units:,} sampling units; "
        f"line {found.line:,.0f} {found.currency} a head and month; 95 % intervals from {found.settings.draws} bootstraps of sampling units",
    )
    out.print(_models(found))
    out.print(_selections(found))
    out.print(_groups(found))
    stated = {name: value for name, value in found.scorecard.fitted.items() if isinstance(value, float)}
    if stated:
        print_lines("Stated in the card's file / کارڈ کی فائل میں درج:")
        print_lines(*(f"  {name}: {value}" for name, value in stated.items()))


def percent(figure: Figure | None) -> str:
    """Return a share with its interval in percent, or a dash."""
    if figure is None or not math.isfinite(figure.value):
        return "–"
    return f"{figure.value:.1%} ({figure.low:.1%}–{figure.high:.1%})"


def number(figure: Figure | None) -> str:
    """Return a figure with its interval in three decimals, or a dash."""
    if figure is None or not math.isfinite(figure.value):
        return "–"
    if not math.isfinite(figure.low):
        return f"{figure.value:.3f}"
    return f"{figure.value:.3f} ({figure.low:.3f}–{figure.high:.3f})"


def rows_of_models(found: Evaluation) -> list[tuple[Bilingual, str, Judged | None]]:
    """Return the card and each baseline: its label, how it was judged, and its figures (None where they cannot be had)."""
    how = {True: "on households it was fitted on", False: "on households it has not seen", None: "?"}[
        found.seen
    ]
    card = Bilingual(en=f"This card, {len(found.scorecard.facts)} facts", ur="یہ کارڈ")
    rows: list[tuple[Bilingual, str, Judged | None]] = [(card, how, found.card)]
    again = _stated(found)
    if again.overall:
        label = Bilingual(
            en="The same way to fit, as the card's file states", ur="اسی طریقے سے، جیسا کارڈ کی فائل میں ہے"
        )
        rows.append((label, "folds of whole units", again))
    rows += [
        (each.label, "folds of whole units" if each.folds else "as it is", found.baselines.get(each.code))
        for each in reversed(found.baseline_scores)
    ]
    return rows


def _stated(found: Evaluation) -> Judged:
    """Return what the card's file says of households it has not seen; without intervals, which it does not have."""
    fitted = found.scorecard.fitted
    names = {"r_squared": "r_squared"} | {
        f"error_{share_name(share)}": f"{share_name(share)}.exclusion" for share in found.settings.coverages
    }
    return Judged(
        {
            measure: Figure(float(fitted[name]), math.nan, math.nan)
            for name, measure in names.items()
            if isinstance(fitted.get(name), int | float)
        }
    )


def _models(found: Evaluation) -> Table:
    table = Table(title="TER: share of the poorest H % missed when H % are selected", title_justify="left")
    for name in ("", "judged", "R²", "AUC", *(f"TER {share:.0%}" for share in found.settings.coverages)):
        table.add_column(name)
    for label, how, judged in rows_of_models(found):
        figures = judged.overall if judged else {}
        ters = [figures.get(f"{share_name(share)}.exclusion") for share in found.settings.coverages]
        table.add_row(
            label.en, how, number(figures.get("r_squared")), number(figures.get("auc")), *map(number, ters)
        )
    return table


def _selections(found: Evaluation) -> Table:
    table = Table(title="Poor: below the line", title_justify="left")
    for name in (
        "selected",
        "of the poor, missed (EER)",
        "of the selected, not poor (IER)",
        "selected of all",
        "poor of all",
        "BPAC",
    ):
        table.add_column(name)
    named = {LINE: "as many as are poor", CUTOFF: f"score up to {found.settings.cutoff or 0:g}"}
    for selection, label in named.items():
        if f"{selection}.exclusion" in found.card.overall:
            figures = [
                found.card.overall[f"{selection}.{measure}"]
                for measure in ("exclusion", "inclusion", "coverage", "poor")
            ]
            table.add_row(label, *map(percent, figures), number(found.card.overall[f"{selection}.bpac"]))
    return table


def _groups(found: Evaluation) -> Table:
    chosen = group_selection(found.settings)
    table = Table(title=f"By group, selection {chosen}", title_justify="left")
    for name in ("", "households", "R²", "poor", "selected", "poor missed (EER)", "selected, not poor (IER)"):
        table.add_column(name)
    for group in found.groups:
        table.add_section()
        table.add_row(f"[bold]{group.label.en}[/]")
        for code in sorted(found.card.groups.get(group.name, {}), key=list(group.labels).index):
            figures = found.card.groups[group.name][code]
            table.add_row(
                f"  {group.labels[code].en}",
                f"{(group.codes == code).sum():,}",
                f"{figures['r_squared'].value:.2f}",
                f"{figures[f'{chosen}.poor'].value:.1%}",
                percent(figures[f"{chosen}.coverage"]),
                percent(figures[f"{chosen}.exclusion"]),
                percent(figures[f"{chosen}.inclusion"]),
            )
    return table
