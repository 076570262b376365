"""`kafalat simulate`: what other cut-offs, amounts, categories, phases or another scorecard would come to, before deciding."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from django.utils import timezone
from rich.table import Table

from kafalat.config import boot
from kafalat.core.problems import problem
from kafalat.engine.outlook import Simulation
from kafalat.engine.proposals import Kind, Setting, setting
from kafalat.interfaces.cli.output import ACTOR, out, print_json, print_lines
from kafalat.interfaces.office import office
from kafalat.interfaces.simulation_rows import Column, compared, csv_text, points, stated
from kafalat.policy.cards import load_scorecard
from kafalat.targeting import simulations
from kafalat.targeting.runs import find_run

Many = list[str] | None

app = typer.Typer()


@app.command("simulate")
def simulate(
    *,
    run_name: Annotated[str, typer.Option("--run", help="Run number, or latest.")] = "latest",
    cutoff: Annotated[
        Many, typer.Option(help="Category and cut-off, as in general=34; may be repeated.")
    ] = None,
    amount: Annotated[
        Many, typer.Option(help="Component and whole rupees a quarter, as in kafalat=15000.")
    ] = None,
    category: Annotated[Many, typer.Option(help="Category without effect, as in disability=off.")] = None,
    filter_off: Annotated[
        Many, typer.Option("--filter", help="Hard filter without effect, as in government_employee=off.")
    ] = None,
    phase: Annotated[
        Many,
        typer.Option(
            help="Phase not paid (phase_2=off), paid from a quarter (phase_2=2027Q1), or its districts (phase_2=PK617,PK633)."
        ),
    ] = None,
    scorecard: Annotated[Path | None, typer.Option(help="Another scorecard file.")] = None,
    save: Annotated[str | None, typer.Option(help="Keep the answer under this name.")] = None,
    compare: Annotated[
        Many, typer.Option(help="A saved simulation to set beside it; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write the districts as CSV with HXL tags.")
    ] = None,
) -> None:
    """Ask what a change would come to on a run's households: coverage, budget, poverty, errors, fairness. Changes nothing."""
    settings = _settings(
        {"cutoff": cutoff, "amount": amount, "category": category, "filter": filter_off, "phase": phase}
    )
    here = office()
    boot.database(here.home)
    run = find_run(run_name)
    programme = here.programme_of(run.programme_sha256)
    card = load_scorecard(scorecard, programme) if scorecard else None
    others = [(name, simulations.answer_of(simulations.find_saved(name))) for name in compare or []]
    answer = simulations.ask(
        run=run, programme=programme, folders=here.folders, settings=settings, scorecard=card
    )
    if csv_file:
        _write(csv_file, csv_text(answer, programme, run.pk))
    if save:
        simulations.save(run=run, name=save, answer=answer, actor=ACTOR, at=timezone.now())
    if as_json:
        both = {name: other.model_dump(mode="json") for name, other in others}
        print_json({"run": run.pk, **answer.model_dump(mode="json"), **({"compared": both} if both else {})})
    else:
        _show(answer, others, run.pk)


def _settings(given: dict[Kind, Many]) -> list[Setting]:
    return [setting(kind, text) for kind, texts in given.items() for text in texts or []]


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8-sig", newline="")
    except OSError as error:
        raise problem("output.not_written", path=path, reason=error.strerror or str(error)) from error


def _show(answer: Simulation, others: list[tuple[str, Simulation]], run: int) -> None:
    print_lines(*stated(answer, run))
    columns = [Column("today", answer, today=True), Column("proposed", answer)]
    columns += [Column(name, other) for name, other in others]
    table = Table(show_edge=False)
    table.add_column()
    for column in columns:
        table.add_column(column.title, justify="right")
    for row in compared(columns, "en"):
        table.add_row(row.label, *row.cells)
    out.print(table)
    crossings = ", ".join(
        f"{each.today} -> {each.proposed}: {each.households:,}"
        for each in answer.crossings
        if each.today != each.proposed
    )
    print_lines(f"households that change: {crossings or 'none'}")
    for measure in answer.poverty:
        print_lines(f"{measure.label.en}, change in percentage points: {points(measure.change)}")
    low = [
        f"{group.label.en} {group.ratio_proposed:.2f}"
        for group in answer.fairness
        if group.low and group.ratio_proposed is not None
    ]
    if low:
        print_lines(f"covered less than four fifths of the average, for their poverty: {', '.join(low)}")
    print_lines("assumptions:", *(f"  - {each.en}" for each in answer.assumptions))
