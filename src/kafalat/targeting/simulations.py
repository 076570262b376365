"""Simulations: asks what a proposal would come to on a run, and keeps the answers people want to come back to.

A saved simulation is never changed: it says what was known, under which rules, when somebody looked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from kafalat.audit import services as audit
from kafalat.core.digests import value_sha256
from kafalat.core.problems import problem
from kafalat.engine import simulating
from kafalat.engine.outlook import Simulation
from kafalat.engine.poverty import Spending
from kafalat.engine.preparing import Source, prepare
from kafalat.engine.proposals import Setting, propose
from kafalat.policy.cards import load_scorecard
from kafalat.policy.model import Programme, Scorecard, in_force
from kafalat.targeting.models import Run, SavedSimulation
from kafalat.targeting.runs import Folders

SCORECARD_FILE = "scorecard.yaml"
SCORECARDS_FOLDER = "scorecards"
_NAME = re.compile(r"\A[\w][\w \-.,]{0,79}\Z")


def ask(
    *,
    run: Run,
    programme: Programme,
    folders: Folders,
    settings: Iterable[Setting] = (),
    scorecard: Scorecard | None = None,
) -> Simulation:
    """Return what `settings`, and another scorecard, would come to on the households of `run`.

    `programme` is the one the run was made under. Raises the problems of `propose` and `prepare`.
    """
    proposal = propose(settings, programme, run.policy_day)
    source = Source(
        programme=programme,
        policy_day=run.policy_day,
        snapshot=folders.snapshots / run.snapshot.sha256,
        results=folders.results(run),
        work=folders.work,
    )
    cells = prepare(source, scorecard)
    return simulating.simulate(
        source,
        cells,
        proposal,
        scorecard=scorecard,
        spending=spending_by_score(programme, scorecard, run.policy_day),
    )


def spending_by_score(programme: Programme, scorecard: Scorecard | None, day: date) -> Spending | None:
    """Return how spending follows from the score, where the programme's survey says it of this scorecard and there is a line."""
    relation = programme.relation
    card = scorecard or programme.scorecard
    if relation is None or relation.scorecard != card.code:
        return None
    line = in_force(relation.line_rupees_month, day)
    return None if line is None else Spending(relation.bands, float(line.value))


def save(*, run: Run, name: str, answer: Simulation, actor: str, at: datetime) -> SavedSimulation:
    """Keep an answer under a name of its own.

    Raises the problems `simulation.name_invalid` and `simulation.name_taken`.
    """
    name = " ".join(name.split())
    if not _NAME.match(name):
        raise problem("simulation.name_invalid", name=name)
    result = answer.model_dump(mode="json")
    try:
        with transaction.atomic():
            saved = SavedSimulation.objects.create(
                name=name, run=run, result=result, digest=value_sha256(result), saved_at=at, saved_by=actor
            )
            audit.record(
                at=at,
                actor=actor,
                action="simulation_saved",
                object_kind="simulation",
                object_id=saved.pk,
                detail={
                    "name": name,
                    "run": run.pk,
                    "scorecard": answer.scorecard,
                    "settings": [str(setting) for setting in answer.settings],
                    "digest": saved.digest,
                },
            )
    except IntegrityError as error:
        if SavedSimulation.objects.filter(name=name).exists():
            raise problem("simulation.name_taken", name=name) from error
        raise
    return saved


def saved_simulations() -> QuerySet[SavedSimulation]:
    """Return all saved simulations with their runs, newest first; the answers themselves are left in the database."""
    return SavedSimulation.objects.select_related("run").defer("result").order_by("-id")


def find_saved(name: str) -> SavedSimulation:
    """Return the saved simulation of that name. Raises the problem `simulation.unknown`."""
    found = SavedSimulation.objects.select_related("run").filter(name=name).first()
    if found is None:
        raise problem("simulation.unknown", name=name)
    return found


def saved_by_id(number: int) -> SavedSimulation:
    """Return one saved simulation. Raises the problem `simulation.unknown`."""
    found = SavedSimulation.objects.select_related("run").filter(pk=number).first()
    if found is None:
        raise problem("simulation.unknown", name=number)
    return found


def answer_of(saved: SavedSimulation) -> Simulation:
    """Return the answer a saved simulation holds."""
    return Simulation.model_validate(saved.result)


def scorecard_files(programme: Programme, folder: Path, programmes: Path) -> dict[str, Path]:
    """Return the scorecards that are at hand, by code: `scorecards/*.yaml` of the programme, then those of kept programmes.

    The programme's own is left out. Only file names and first lines are looked at; `load_scorecard` checks the one chosen.
    """
    kept = sorted(programmes.glob(f"*/{SCORECARD_FILE}"), key=lambda file: file.stat().st_mtime, reverse=True)
    found: dict[str, Path] = {}
    for file in [*sorted((folder / SCORECARDS_FOLDER).glob("*.yaml")), *kept]:
        code = _code_of(file)
        if code and code != programme.scorecard.code:
            found.setdefault(code, file)
    return found


def known_scorecard(code: str, files: dict[str, Path], programme: Programme) -> Scorecard | None:
    """Return the scorecard with this code, None for the programme's own. Raises `simulation.name_unknown` and `scorecard.invalid`."""
    if code in {"", programme.scorecard.code}:
        return None
    if code not in files:
        raise problem(
            "simulation.name_unknown",
            name=code,
            kind_en="scorecard",
            kind_ur="اسکور کارڈ",
            known=", ".join(_names(programme, files)),
            nearest_en="",
            nearest_ur="",
        )
    return load_scorecard(files[code], programme)


def _names(programme: Programme, files: dict[str, Path]) -> Sequence[str]:
    return [programme.scorecard.code, *files]


def _code_of(file: Path) -> str:
    """Return the code a scorecard file states, or nothing where it states none."""
    found = re.search(
        r"^code:\s*[\"']?([\w.\-]+)", file.read_text(encoding="utf-8", errors="replace"), re.MULTILINE
    )
    return found[1] if found else ""
