"""The evaluation of a scorecard as one page by itself: pictures inside, no scripts, nothing fetched; prints on A4."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from kafalat.core.text import Bilingual
from kafalat.fitting.cautions import cautions
from kafalat.fitting.curves import calibration
from kafalat.fitting.evaluation import CUTOFF, LINE, Evaluation, group_selection, share_name
from kafalat.interfaces.cli.scorecard_evaluation import number, percent, rows_of_models
from kafalat.interfaces.scorecard_charts import calibration_chart, groups_chart, reach_chart, scores_chart

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 "Noto Sans", system-ui, sans-serif; color: #1d2b28; background: #f8f5ee; margin: 0; }
main { max-inline-size: 62rem; margin-inline: auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.6rem; line-height: 1.3; margin-block: 0 .5rem; }
h2 { font-size: 1.15rem; margin-block: 2.2rem .6rem; border-block-end: 2px solid #e2dccd; padding-block-end: .3rem;
     display: flex; flex-wrap: wrap; justify-content: space-between; gap: .2rem 1rem; break-after: avoid; }
[lang=ur] { font-family: "Noto Nastaliq Urdu", "Jameel Noori Nastaleeq", "Urdu Typesetting", "Noto Naskh Arabic", Tahoma, serif; line-height: 2.1; }
h1 [lang=ur] { display: block; }
.warn { background: #fbf0dc; border-inline-start: 4px solid #8a4208; padding: .5rem .9rem; margin-block: .5rem; }
.warn p { margin: 0; }
.scroll { overflow-x: auto; }
.scroll:focus-visible { outline: 3px solid #8a4208; }
table { border-collapse: collapse; inline-size: 100%; font-size: .86rem; font-variant-numeric: tabular-nums; background: #fff; }
caption { text-align: start; color: #56645f; padding-block-end: .3rem; }
th, td { border-block-end: 1px solid #e2dccd; padding: .3rem .5rem; text-align: start; vertical-align: top; }
thead th { background: #e2eee8; }
tbody th { font-weight: 600; }
tr.part th { background: #f8f5ee; }
.chart { inline-size: 100%; max-inline-size: 40rem; block-size: auto; background: #fff; border: 1px solid #e2dccd;
         padding: .6rem; box-sizing: border-box; font-family: "Noto Sans", system-ui, sans-serif; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0; }
dt { color: #56645f; } dd { margin: 0; overflow-wrap: anywhere; }
small { color: #56645f; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dd { margin-block-end: .4rem; } }
@media print { body { background: #fff; font-size: 11px; } main { padding: 0; max-inline-size: none; }
  section, tr, .chart, .warn { break-inside: avoid; } .chart { max-inline-size: 15cm; } .scroll { overflow: visible; } @page { size: A4; margin: 14mm; } }
"""
_HEADINGS = {
    "title": Bilingual(en="How good the scorecard is", ur="اسکور کارڈ کتنا درست ہے"),
    "beware": Bilingual(en="What to beware of", ur="کن باتوں کا خیال رکھیں"),
    "models": Bilingual(en="Beside other ways to choose", ur="انتخاب کے دوسرے طریقوں کے ساتھ"),
    "reach": Bilingual(en="Whom a selection reaches", ur="انتخاب کن تک پہنچتا ہے"),
    "line": Bilingual(en="Against the poverty line", ur="خطِ غربت کے مقابلے میں"),
    "calibration": Bilingual(en="How poor each score is", ur="ہر اسکور پر کتنی غربت ہے"),
    "groups": Bilingual(en="Errors by group", ur="گروہوں کے لحاظ سے غلطیاں"),
    "scores": Bilingual(en="All scores and the cut-off", ur="تمام اسکور اور حد"),
    "stated": Bilingual(en="What the card's file states", ur="کارڈ کی فائل میں کیا درج ہے"),
}


def scorecard_page(found: Evaluation) -> str:
    """Return the page as HTML text."""
    label = found.scorecard.label
    facts = (
        f"{len(found.sample):,} households in {found.units:,} sampling units of {found.sample.profile}; "
        f"{len(found.scorecard.facts)} facts; poverty line {found.line:,.0f} {found.currency} of the survey's time a head and month; "
        f"95 % intervals from {found.settings.draws} bootstraps of whole sampling units."
    )
    body = [
        f"<h1>{_title('title')}</h1>",
        f"<p>{escape(label.en)} ({escape(found.scorecard.code)})<br>{_urdu(label.ur)}</p>",
        f"<p>{escape(facts)}</p>",
        _section("beware", *[_warning(warning) for warning in cautions(found)]),
        _section("models", _models(found)),
        _section("reach", reach_chart(found)),
        _section("line", _line(found)),
        _section("calibration", calibration_chart(found), _calibration(found)),
        _section("groups", groups_chart(found), _groups(found)),
        _section("scores", scores_chart(found)),
        _section("stated", _stated(found)),
    ]
    title = f"{_HEADINGS['title'].en}: {found.scorecard.code}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><main>\n{chr(10).join(body)}\n</main></body></html>\n"
    )


def _urdu(text: str) -> str:
    return f'<span lang="ur" dir="rtl">{escape(text)}</span>'


def _title(name: str) -> str:
    heading = _HEADINGS[name]
    return f"<span>{escape(heading.en)}</span> {_urdu(heading.ur)}"


def _section(name: str, *parts: str) -> str:
    return f"<section>\n<h2>{_title(name)}</h2>\n{chr(10).join(parts)}\n</section>" if parts else ""


def _warning(warning: Bilingual) -> str:
    return (
        f'<div class="warn"><p>{escape(warning.en)}</p><p lang="ur" dir="rtl">{escape(warning.ur)}</p></div>'
    )


def _table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a row of one cell divides it. It can be scrolled by keyboard where it is wider than the screen."""
    lines = []
    for row in rows:
        if len(row) == 1:
            lines.append(
                f'<tr class="part"><th scope="rowgroup" colspan="{len(header)}">{escape(row[0])}</th></tr>'
            )
        else:
            cells = "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
            lines.append(f'<tr><th scope="row">{escape(row[0])}</th>{cells}</tr>')
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _models(found: Evaluation) -> str:
    shares = found.settings.coverages
    rows = []
    for label, how, judged in rows_of_models(found):
        figures = judged.overall if judged else {}
        ters = [number(figures.get(f"{share_name(share)}.exclusion")) for share in shares]
        rows.append((label.en, how, number(figures.get("r_squared")), number(figures.get("auc")), *ters))
    caption = (
        "TER at H %: of the poorest H % of households, the share missed when the H % with the lowest scores are selected. "
        "Lower is better; by lot it is 100 − H %."
    )
    return _table(
        caption, ("Way to choose", "Judged", "R²", "AUC", *(f"TER {share:.0%}" for share in shares)), rows
    )


def _line(found: Evaluation) -> str:
    overall = found.card.overall
    labels = {
        LINE: "As many as are poor",
        CUTOFF: f"Everybody with a score up to {found.settings.cutoff or 0:g}",
    }
    measures = ("exclusion", "inclusion", "coverage", "poor")
    rows = [
        (
            label,
            *(percent(overall[f"{name}.{measure}"]) for measure in measures),
            number(overall[f"{name}.bpac"]),
        )
        for name, label in labels.items()
        if f"{name}.exclusion" in overall
    ]
    header = (
        "Selected",
        "Of the poor, missed (EER)",
        "Of the selected, not poor (IER)",
        "Selected of all",
        "Poor of all",
        "BPAC",
    )
    return _table("Poor: below the line. Selected by score.", header, rows)


def _calibration(found: Evaluation) -> str:
    rows = [
        (f"{band.low:g} to {band.high:g}", f"{band.households:,}", percent(band.poor))
        for band in calibration(found)
    ]
    return (
        "<details><summary>The same as a table</summary>"
        + _table("Households below the line by score", ("Score", "Households", "Below the line"), rows)
        + "</details>"
    )


def _groups(found: Evaluation) -> str:
    chosen = group_selection(found.settings)
    rows: list[Sequence[str]] = []
    for group in found.groups:
        rows.append((f"{group.label.en} / {group.label.ur}",))
        for code, label in group.labels.items():
            figures = found.card.groups.get(group.name, {}).get(code)
            if figures is None:
                continue
            count = int((group.codes == code).sum())
            r_squared = figures["r_squared"].value
            rows.append(
                (label.en, f"{count:,}", "–" if math.isnan(r_squared) else f"{r_squared:.2f}",
                 *(percent(figures[f"{chosen}.{measure}"]) for measure in ("poor", "coverage", "exclusion", "inclusion")))
            )  # fmt: skip
    caption = f"Selection {chosen.replace('_', ' ')} over the whole survey; each group's own share of it"
    header = ("", "Households", "R²", "Poor", "Selected", "Of the poor, missed", "Of the selected, not poor")
    return _table(caption, header, rows)


def _stated(found: Evaluation) -> str:
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>"
        for name, value in found.scorecard.fitted.items()
    )
    return f"<dl>{rows}</dl>" if rows else "<p>Nothing.</p>"
