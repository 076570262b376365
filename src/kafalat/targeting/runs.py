"""Starts runs and replays them. A run keeps the programme folder it was made under beside its result files."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
from django.db import transaction

from kafalat.audit import services as audit
from kafalat.core.problems import problem
from kafalat.core.progress import Progress, silent
from kafalat.engine import running
from kafalat.engine.running import RunResult
from kafalat.policy.loader import load
from kafalat.policy.model import Programme
from kafalat.registry import bulk
from kafalat.registry.models import Snapshot
from kafalat.targeting.models import Run


@dataclass(frozen=True, slots=True)
class Folders:
    """Where snapshots, run results and copies of programme folders lie."""

    snapshots: Path
    runs: Path
    programmes: Path
    work: Path

    def results(self, run: Run) -> Path:
        """Return the folder with a run's result files."""
        return self.runs / run.digest


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

    Raises the problems of `engine.running.run`; nothing is recorded then.
    """
    known = Run.objects.filter(
        snapshot=snapshot, programme_sha256=programme.sha256, policy_day=policy_day
    ).first()
    if known is not None:
        progress(1.0)
        return known
    keep_programme(programme, programme_folder, folders.programmes)
    draft = Path(tempfile.mkdtemp(prefix="run-", dir=folders.work))
    try:
        result = running.run(
            programme=programme,
            snapshot=folders.snapshots / snapshot.sha256,
            out=draft,
            policy_day=policy_day,
        )
        progress(0.5)
        with transaction.atomic():
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
    with duckdb.connect() as engine:
        for name in (running.DECISIONS_FILE, running.PAYEES_FILE):
            source = str(draft / name).replace("'", "''")
            engine.execute(
                f"CREATE VIEW {name.removesuffix('.parquet')} AS SELECT * FROM read_parquet('{source}')"
            )
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

    Three digests must agree: the one recorded, the one recomputed, and the one of the decisions in the database.
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
        if result.snapshot_sha256 != run.snapshot.sha256:
            raise problem("targeting.snapshot_changed", path=snapshot, file="manifest.json")
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


def _first_difference(run: Run, out: Path) -> str | None:
    """Return the first district whose recomputed decisions are not those the database holds, or None."""
    recomputed = running.decision_digests(out)
    stored = dict(
        bulk.rows(
            """
            SELECT district, encode(sha256(convert_to(string_agg(line, E'\\n' ORDER BY household_id), 'UTF8')), 'hex')
            FROM (
                SELECT d.household_id, CASE WHEN p.level = 'tehsil' THEN p.parent_id ELSE p.pcode END AS district,
                    concat_ws('|', d.household_id, outcome, coalesce(score::text, '-'), coalesce(category, '-'),
                        array_to_string(reasons, ','), array_to_string(missing_facts, ',')) AS line
                FROM targeting_decision AS d JOIN registry_household AS h ON h.id = d.household_id
                JOIN registry_place AS p ON p.pcode = h.place_id WHERE d.run_id = %s
            ) AS lines GROUP BY district
            """,
            [run.pk],
        )
    )
    return next(
        (
            pcode
            for pcode in sorted(recomputed.keys() | stored.keys())
            if recomputed.get(pcode) != stored.get(pcode)
        ),
        None,
    )
