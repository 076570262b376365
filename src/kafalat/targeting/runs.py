"""Starts runs and replays them. A run keeps the programme folder it was made under beside its result files."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from django.db import transaction

from kafalat.audit import services as audit
from kafalat.core.digests import value_sha256
from kafalat.core.problems import problem
from kafalat.core.progress import Progress, silent
from kafalat.engine import running
from kafalat.engine.running import RunResult
from kafalat.engine.snapshots import MANIFEST_FILE
from kafalat.policy.loader import load
from kafalat.policy.model import Programme
from kafalat.registry import bulk
from kafalat.registry.models import Snapshot
from kafalat.targeting.models import Run

_LOCK = 0x4B41_0004  # one run is recorded at a time


@dataclass(frozen=True, slots=True)
class Folders:
    """Where snapshots, run results and copies of programme folders lie."""

    snapshots: Path
    runs: Path
    programmes: Path
    work: Path

    def results(self, run: Run) -> Path:
        """Return the folder with a run's result files.

        It is named by the run's inputs. Two runs may come to the same decisions, and so to one digest, by different
        points: each keeps its own, or one would be explained by the other's.
        """
        return self.runs / value_sha256(
            [run.snapshot.sha256, run.programme_sha256, run.policy_day.isoformat()]
        )


def start_run(
    *,
    programme: Programme,
    programme_folder: Path,
    snapshot: Snapshot,
    policy_day: date,
    folders: Folders,
    actor: str,
    at: datetime,
    progress: Progress = silent,
) -> Run:
    """Apply a programme to a snapshot and record every decision; the same inputs are run once and found again after.

    Raises the problems of `engine.running.run`, and `targeting.snapshot_changed` when the folder holds another
    snapshot than the one on record; nothing is recorded then.
    """
    same_inputs = Run.objects.select_related("snapshot").filter(
        snapshot=snapshot, programme_sha256=programme.sha256, policy_day=policy_day
    )
    known = same_inputs.first()
    if known is not None:
        progress(1.0)
        return known
    source = folders.snapshots / snapshot.sha256
    keep_programme(programme, programme_folder, folders.programmes)
    draft = Path(tempfile.mkdtemp(prefix="run-", dir=folders.work))
    try:
        result = running.run(
            programme=programme,
            snapshot=source,
            out=draft,
            policy_day=policy_day,
        )
        _is_on_record(result, snapshot, source)
        progress(0.5)
        with transaction.atomic():
            bulk.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            known = same_inputs.first()
            if known is not None:  # somebody else was faster
                return known
            run = _record(programme, snapshot, policy_day, result, draft, folders.work, actor, at)
            final = folders.results(run)
            shutil.rmtree(final, ignore_errors=True)
            draft.rename(final)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    progress(1.0)
    return run


def _record(
    programme: Programme,
    snapshot: Snapshot,
    policy_day: date,
    result: RunResult,
    draft: Path,
    work: Path,
    actor: str,
    at: datetime,
) -> Run:
    """Write the run, its decisions and its payees in the current transaction."""
    run = Run.objects.create(
        snapshot=snapshot,
        programme_code=programme.code,
        programme_sha256=programme.sha256,
        scorecard_code=programme.scorecard.code,
        policy_day=policy_day,
        digest=result.digest,
        eligible=result.eligible,
        ineligible=result.ineligible,
        incomplete=result.incomplete,
        started_at=at,
        started_by=actor,
    )
    with running.open_results(draft, work) as engine:
        bulk.copy_in(
            engine,
            f"SELECT {run.pk}, household_id, outcome, score, category, '{{' || array_to_string(reasons, ',') || '}}', "
            "'{' || array_to_string(missing_facts, ',') || '}' FROM decisions ORDER BY household_id",
            "targeting_decision",
            ("run_id", "household_id", "outcome", "score", "category", "reasons", "missing_facts"),
            work=work,
        )
        bulk.copy_in(
            engine,
            f"SELECT {run.pk}, family_id, person_id, reason FROM payees ORDER BY family_id",
            "targeting_familypayee",
            ("run_id", "family_id", "person_id", "reason"),
            work=work,
        )
    audit.record(
        at=at,
        actor=actor,
        action="run_recorded",
        object_kind="run",
        object_id=run.pk,
        detail={
            "digest": run.digest,
            "programme": run.programme_sha256,
            "snapshot": snapshot.sha256,
            "policy_day": policy_day,
        },
    )
    return run


def keep_programme(programme: Programme, folder: Path, programmes: Path) -> Path:
    """Copy a programme folder to `programmes`/<sha256>, once, so that any run made under it can be replayed."""
    kept = programmes / programme.sha256
    if not kept.exists():
        draft = Path(tempfile.mkdtemp(prefix=".part-", dir=programmes))
        shutil.copytree(folder, draft, dirs_exist_ok=True)
        draft.rename(kept)
    return kept


@dataclass(frozen=True, slots=True)
class Replay:
    """A run computed again: both digests, equal or not, and the first district that differs."""

    run_id: int
    recorded: str
    found: str
    households: int

    @property
    def equal(self) -> bool:
        """Say whether the run came out as recorded."""
        return self.recorded == self.found


def find_run(name: str) -> Run:
    """Return the run of that number, or the latest for "latest". Raises the problem `targeting.run_unknown`."""
    runs = Run.objects.select_related("snapshot")
    run = runs.order_by("-id").first() if name == "latest" else None
    if name.isascii() and name.isdigit():
        run = runs.filter(pk=int(name)).first()
    if run is None:
        raise problem("targeting.run_unknown", run=name)
    return run


def replay(
    *, run: Run, folders: Folders, programme_folder: Path | None = None, threads: int | None = None
) -> Replay:
    """Compute a run again from its snapshot and programme and compare with what was recorded and what is stored.

    Three things must agree: the digest on record, the one recomputed, and the decisions and payees in the database.
    A household that has moved since stays in the district where the run saw it.
    Raises the problems `targeting.snapshot_missing`, `targeting.snapshot_changed`, `targeting.programme_differs`
    and `targeting.replay_differs`.
    """
    programme = load(programme_folder or folders.programmes / run.programme_sha256)
    if programme.sha256 != run.programme_sha256:
        raise problem(
            "targeting.programme_differs",
            run=run.pk,
            recorded=run.programme_sha256[:12],
            found=programme.sha256[:12],
        )
    snapshot = folders.snapshots / run.snapshot.sha256
    with tempfile.TemporaryDirectory(prefix="replay-", dir=folders.work) as out:
        result = running.run(
            programme=programme, snapshot=snapshot, out=Path(out), policy_day=run.policy_day, threads=threads
        )
        _is_on_record(result, run.snapshot, snapshot)
        district = _first_difference(run, Path(out))
    if result.digest != run.digest or district is not None:
        raise problem(
            "targeting.replay_differs",
            run=run.pk,
            recorded=run.digest[:12],
            found=result.digest[:12],
            district=district or "-",
        )
    return Replay(run_id=run.pk, recorded=run.digest, found=result.digest, households=result.households)


def _is_on_record(result: RunResult, snapshot: Snapshot, folder: Path) -> None:
    """Refuse a folder whose files agree with their manifest, but are not the snapshot of the record."""
    if result.snapshot_sha256 != snapshot.sha256:
        raise problem("targeting.snapshot_changed", path=folder, file=MANIFEST_FILE)


def _first_difference(run: Run, out: Path) -> str | None:
    """Return the first district whose recomputed decisions or payees are not those the database holds, or None."""
    with running.open_results(out, out) as engine:
        bulk.copy_out(
            f"""
            SELECT household_id, concat_ws('|', household_id, outcome, coalesce(score::text, '-'), coalesce(category, '-'),
                array_to_string(reasons, ','), array_to_string(missing_facts, ','))
            FROM targeting_decision WHERE run_id = {run.pk}
            """,
            engine,
            "kept_decisions",
            {"household_id": "BIGINT", "line": "VARCHAR"},
            work=out,
        )
        bulk.copy_out(
            f"""
            SELECT family_id, concat_ws('|', family_id, coalesce(person_id::text, '-'), reason)
            FROM targeting_familypayee WHERE run_id = {run.pk}
            """,
            engine,
            "kept_payees",
            {"family_id": "BIGINT", "line": "VARCHAR"},
            work=out,
        )
        return running.first_difference(engine)
