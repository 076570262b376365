"""Makes what follows from the shipped scorecard: its relation to spending, and its evaluation report in docs/scorecard/.

    python tools/scorecard_report.py --survey FOLDER

writes relation.yaml anew, as `kafalat scorecard relate` does; then judges the card on the survey of its fit, as `kafalat
scorecard evaluate` does, writes the page, the pictures and the figures as JSON, and puts the tables between the marks of
docs/scorecard.md. Run it after a new card.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from kafalat.fitting.evaluation import Evaluation, Settings, evaluate, group_selection, share_name
from kafalat.fitting.sample import read_sample
from kafalat.fitting.values import plain_values
from kafalat.interfaces.cli import scorecard_analysis
from kafalat.interfaces.cli.scorecard_analysis import cutoff_of, line_of
from kafalat.interfaces.cli.scorecard_evaluation import number, percent, rows_of_models
from kafalat.interfaces.scorecard_charts import calibration_chart, groups_chart, reach_chart, scores_chart
from kafalat.interfaces.scorecard_page import scorecard_page
from kafalat.policy.loader import load, shipped

DOCS = Path(__file__).resolve().parent.parent / "docs"
BEGIN, END = "<!-- figures: made by tools/scorecard_report.py -->", "<!-- end of figures -->"
PICTURES = {
    "calibration": calibration_chart,
    "reach": reach_chart,
    "groups": groups_chart,
    "scores": scores_chart,
}


def tables(found: Evaluation) -> str:
    """Return the figures as Markdown."""
    shares = found.settings.coverages
    about = (
        f"`{found.scorecard.code}` on `{found.sample.profile}`: {len(found.sample):,} households in {found.units:,} sampling units; "
        f"line {found.line:,.0f} survey rupees a head and month; 95 % intervals from {found.settings.draws} bootstraps of units."
    )
    lines = [
        about,
        "",
        _row(("", "judged", "R²", "AUC", *(f"TER {share:.0%}" for share in shares))),
        _row(["---"] * (4 + len(shares))),
    ]
    for label, how, judged in rows_of_models(found):
        figures = judged.overall if judged else {}
        ters = [number(figures.get(f"{share_name(share)}.exclusion")) for share in shares]
        lines.append(
            _row((label.en, how, number(figures.get("r_squared")), number(figures.get("auc")), *ters))
        )
    lines += [
        "",
        _row(("poor: below the line; selected:", "EER", "IER", "selected", "poor", "BPAC")),
        _row(["---"] * 6),
    ]
    for name, words in (
        ("line", "as many as are poor"),
        ("cutoff", f"score up to {found.settings.cutoff or 0:g}"),
    ):
        overall = found.card.overall
        shown = [
            percent(overall[f"{name}.{measure}"])
            for measure in ("exclusion", "inclusion", "coverage", "poor")
        ]
        lines.append(_row((words, *shown, number(overall[f"{name}.bpac"]))))
    chosen = group_selection(found.settings)
    lines += [
        "",
        _row(
            (
                "at 20 %, over the whole sample",
                "households",
                "poor",
                "selected",
                "poor missed",
                "selected, not poor",
            )
        ),
        _row(["---"] * 6),
    ]
    for group in found.groups:
        for code, label in group.labels.items():
            inside = found.card.groups.get(group.name, {}).get(code)
            if inside is not None:
                shown = [
                    percent(inside[f"{chosen}.{measure}"])
                    for measure in ("poor", "coverage", "exclusion", "inclusion")
                ]
                lines.append(
                    _row((f"{group.label.en}: {label.en}", f"{int((group.codes == code).sum()):,}", *shown))
                )
    return "\n".join(lines)


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Judge, and write the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--survey", type=Path, required=True, help="folder of the survey's raw tables")
    parser.add_argument("--profile", default="pk-hiics-2015")
    arguments = parser.parse_args()
    scorecard_analysis.relate_command(
        arguments.survey, arguments.profile, shipped() / "relation.yaml", programme=shipped()
    )
    programme = load(shipped())
    settings = Settings(line=line_of(programme, arguments.profile), cutoff=cutoff_of(programme))
    found = evaluate(
        read_sample(arguments.survey, arguments.profile, programme), programme, programme.scorecard, settings
    )
    folder = DOCS / "scorecard"
    folder.mkdir(exist_ok=True)
    (folder / "report.html").write_text(scorecard_page(found), encoding="utf-8")
    (folder / "evaluation.json").write_text(
        json.dumps(plain_values(found), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    for name, chart in PICTURES.items():
        # By itself a picture needs a ground and a font; inside the page both are the page's.
        drawn = chart(found).replace("<svg ", '<svg style="background:#fff" font-family="sans-serif" ', 1)
        (folder / f"{name}.svg").write_text(drawn + "\n", encoding="utf-8")
    page = DOCS / "scorecard.md"
    text = page.read_text(encoding="utf-8")
    inside = f"{BEGIN}\n\n{tables(found)}\n\n{END}"
    page.write_text(
        re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: inside, text, flags=re.DOTALL),
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
