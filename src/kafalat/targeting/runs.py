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
from kafalat.core.digests import file_sha256, value_sha256
from kafalat.core.problems import Problem, problem
from kafalat.core.progress import Progress, silent
from kafalat.core.text import Bilingual
from kafalat.engine import running
from kafalat.engine.running import Difference, RunResult
from kafalat.engine.selecting import selects, shares
from kafalat.engine.snapshots import MANIFEST_FILE
from kafalat.policy.loader import load_kept
from kafalat.policy.model import Programme
from kafalat.registry import bulk
from kafalat.registry.models import Household, Snapshot
from kafalat.targeting.models import Run, RunShare

_LOCK = 0x4B41_0004  # one run is made at a time
# What a recomputed run is compared with, as the refusal names it.
_THE_ROWS = Bilingual(en="the decisions in the database", ur="ڈیٹا بیس میں محفوظ فیصلے")
_THE_FILES = Bilingual(en="the result files", ur="نتائج کی محفوظ فائلیں")
_BOTH = Bilingual(
    en="the database and the result files, which agree with each other: programme code or engine may have changed",
    ur="ڈیٹا بیس اور نتائج کی فائلیں، جو آپس میں یکساں ہیں: شاید حساب کا طریقہ بدلا ہے",
)
_THE_RECORD = Bilingual(en="the digest on record alone", ur="صرف محفوظ خلاصہ نمبر")


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
        return self.runs / self.key(
            run.snapshot.sha256, run.programme_sha256, run.policy_day, run.verdicts_sha256
        )

    @staticmethod
    def key(snapshot_sha256: str, programme_sha256: str, policy_day: date, verdicts_sha256: str) -> str:
        """Return the name of a run's inputs."""
        return value_sha256([snapshot_sha256, programme_sha256, policy_day.isoformat(), verdicts_sha256])


def start_run(
    *,
    programme: Programme,
    programme_folder: Path,
    snapshot: Snapshot,
    policy_day: date,
    folders: Folders,
    actor: str,
    at: datetime,
    verdicts: Path | None = None,
    engine: str = "duckdb",
    master: str | None = None,
    progress: Progress = silent,
) -> Run:
    """Apply a programme to a snapshot and record every decision; the same inputs are run once and found again after.

    `verdicts` is the file of `community.write_verdicts`, for a selection by quota or budget; by cut-off nothing hears it.
    Raises the problems of `engine.running.run`, and `targeting.snapshot_changed` when the folder holds another
    snapshot than the one on record; nothing is recorded then.
    """
    if not selects(programme):
        verdicts = None
    same_inputs = Run.objects.select_related("snapshot").filter(
        snapshot=snapshot,
        programme_sha256=programme.sha256,
        policy_day=policy_day,
        verdicts_sha256=file_sha256(verdicts) if verdicts else "",
    )
    known = same_inputs.first()
    if known is not None:
        progress(1.0)
        return known
    keep_programme(programme, programme_folder, folders.programmes)
    # One run at a time. It works in a folder named by its inputs, so that one that was killed goes on where it stood.
    with bulk.one_at_a_time(_LOCK):
        known = same_inputs.first()
        if known is not None:  # somebody else was faster
            return known
        run = _run(programme, snapshot, policy_day, verdicts, (engine, master), folders, actor, at, progress)
    progress(1.0)
    return run


def _run(
    programme: Programme,
    snapshot: Snapshot,
    policy_day: date,
    verdicts: Path | None,
    engine: tuple[str, str | None],
    folders: Folders,
    actor: str,
    at: datetime,
    progress: Progress,
) -> Run:
    """Compute a run, record it, and give its result folder its name."""
    source = folders.snapshots / snapshot.sha256
    heard = file_sha256(verdicts) if verdicts else ""
    draft = folders.work / f"run-{folders.key(snapshot.sha256, programme.sha256, policy_day, heard)}"
    try:
        result = running.run(
            programme=programme,
            snapshot=source,
            out=draft,
            policy_day=policy_day,
            verdicts=verdicts,
            engine=engine[0],
            master=engine[1],
            progress=lambda share: progress(0.7 * share),
        )
        _is_on_record(result, snapshot, source)
    except Problem:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    with transaction.atomic():
        run = _record(programme, snapshot, policy_day, result, draft, folders.work, actor, at)
        final = folders.results(run)
        shutil.rmtree(final, ignore_errors=True)
        draft.rename(final)
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
        verdicts_sha256=result.verdicts_sha256 or "",
        digest=result.digest,
        eligible=result.eligible,
        ineligible=result.ineligible,
        incomplete=result.incomplete,
        selected=result.selected,
        waiting=result.waiting,
        started_at=at,
        started_by=actor,
    )
    RunShare.objects.bulk_create(
        RunShare(run=run, place_id=place, families=families)
        for place, families in shares(programme, policy_day).items()
    )
    _copy_results(run, draft, work)
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
            **({"verdicts": run.verdicts_sha256} if run.verdicts_sha256 else {}),
        },
    )
    return run


def _copy_results(run: Run, draft: Path, work: Path) -> None:
    """Write the decisions and payees of a result folder as rows of `run`."""
    with running.open_results(draft, work) as engine:
        bulk.copy_in(
            engine,
            f"SELECT {run.pk}, household_id, outcome, score, category, '{{' || array_to_string(reasons, ',') || '}}', "
            "'{' || array_to_string(missing_facts, ',') || '}', standing, rank, share_place FROM decisions "
            "ORDER BY household_id",
            "targeting_decision",
            (
                "run_id",
                "household_id",
                "outcome",
                "score",
                "category",
                "reasons",
                "missing_facts",
                "standing",
                "rank",
                "share_place_id",
            ),
            work=work,
        )
        bulk.copy_in(
            engine,
            f"SELECT {run.pk}, family_id, person_id, reason, '{{' || array_to_string(filters, ',') || '}}' FROM payees "
            "ORDER BY family_id",
            "targeting_familypayee",
            ("run_id", "family_id", "person_id", "reason", "filters"),
            work=work,
        )


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
    *,
    run: Run,
    folders: Folders,
    programme_folder: Path | None = None,
    threads: int | None = None,
    engine: str = "duckdb",
    master: str | None = None,
) -> Replay:
    """Compute a run again from its snapshot and programme and compare with what was recorded and what is stored.

    Four things must agree: the digest on record, the one recomputed, the decisions and payees in the database, and
    those in the run's result files. A household that has moved since stays in the district where the run saw it.
    Raises the problems `targeting.snapshot_missing`, `targeting.snapshot_changed`, `targeting.programme_differs`,
    `targeting.results_changed` and `targeting.replay_differs`.
    """
    kept = folders.programmes / run.programme_sha256
    programme = load_kept(programme_folder or kept, run.programme_sha256)
    if programme.sha256 != run.programme_sha256:
        raise problem(
            "targeting.programme_differs",
            run=run.pk,
            recorded=run.programme_sha256[:12],
            found=programme.sha256[:12],
            file=_first_file(programme_folder or kept, kept),
        )
    snapshot = folders.snapshots / run.snapshot.sha256
    with tempfile.TemporaryDirectory(prefix="replay-", dir=folders.work) as out:
        result = running.run(
            programme=programme,
            snapshot=snapshot,
            out=Path(out),
            policy_day=run.policy_day,
            threads=threads,
            engine=engine,
            master=master,
            verdicts=_heard(run, folders.results(run) / running.VERDICTS_FILE),
        )
        _is_on_record(result, run.snapshot, snapshot)
        found = _first_difference(run, Path(out), folders.results(run))
    if result.digest != run.digest or found is not None:
        raise _differs(run, result, found)
    return Replay(run_id=run.pk, recorded=run.digest, found=result.digest, households=result.households)


def _first_file(folder: Path, kept: Path) -> str:
    """Return the first file by name that two programme folders do not have alike, or "-"."""
    files = [
        {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()} for root in (folder, kept)
    ]
    for name in sorted(files[0] | files[1]):
        if name not in files[0] & files[1] or (folder / name).read_bytes() != (kept / name).read_bytes():
            return name
    return "-"


def _heard(run: Run, file: Path) -> Path | None:
    """Return the file with what committees said to a run, or None where it heard none."""
    if not run.verdicts_sha256:
        return None
    if not file.exists():
        raise problem("input.not_found", path=file)
    if file_sha256(file) != run.verdicts_sha256:
        raise problem("targeting.verdicts_changed", path=file, run=run.pk)
    return file


def _differs(run: Run, result: RunResult, found: tuple[Difference, Bilingual] | None) -> Problem:
    """Return the refusal that tells where a run came out otherwise, and against what was kept of it."""
    difference, kept = found or (None, _THE_RECORD)
    household = None if difference is None else Household.objects.filter(pk=difference.household_id).first()
    number = "-" if difference is None else str(difference.household_id)
    return problem(
        "targeting.replay_differs",
        run=run.pk,
        recorded=run.digest[:12],
        found=result.digest[:12],
        district="-" if difference is None else difference.district,
        household=number if household is None else household.form_number,
        kept_en=kept.en,
        kept_ur=kept.ur,
    )


def _is_on_record(result: RunResult, snapshot: Snapshot, folder: Path) -> None:
    """Refuse a folder whose files agree with their manifest, but are not the snapshot of the record."""
    if result.snapshot_sha256 != snapshot.sha256:
        raise problem("targeting.snapshot_changed", path=folder, file=MANIFEST_FILE)


def _first_difference(run: Run, out: Path, kept: Path) -> tuple[Difference, Bilingual] | None:
    """Return where the recomputed decisions or payees in `out` are not those kept, and which of the two kept differ, or None.

    Kept are the rows of the database and the result files in the folder `kept`. A folder that is gone is not compared.
    """
    with running.open_results(out, out) as engine:
        _keep_rows(run, engine, out)
        in_rows = running.first_difference(engine, "row")
        in_files = None
        if kept.exists():
            try:
                running.keep_lines(engine, "file", kept)
                in_files = running.first_difference(engine, "file")
            except (
                duckdb.Error
            ) as error:  # a file that is gone, or no longer a Parquet file with these columns
                raise problem("targeting.results_changed", run=run.pk, path=kept) from error
    if in_rows is None:
        return None if in_files is None else (in_files, _THE_FILES)
    return (in_rows, _THE_ROWS if in_rows != in_files else _BOTH)


def _keep_rows(run: Run, engine: duckdb.DuckDBPyConnection, work: Path) -> None:
    """Make the tables that `running.first_difference` compares with from the database."""
    bulk.copy_out(
        f"""
        SELECT household_id, concat_ws('|', household_id, outcome, coalesce(score::text, '-'), coalesce(category, '-'),
            array_to_string(reasons, ','), array_to_string(missing_facts, ','), coalesce(standing, '-'), coalesce(rank::text, '-'))
        FROM targeting_decision WHERE run_id = {run.pk}
        """,
        engine,
        "row_decisions",
        {"household_id": "BIGINT", "line": "VARCHAR"},
        work=work,
    )
    bulk.copy_out(
        f"""
        SELECT p.family_id, f.household_id, concat_ws('|', p.family_id, coalesce(p.person_id::text, '-'), p.reason,
            nullif(array_to_string(p.filters, ','), ''))
        FROM targeting_familypayee AS p JOIN registry_family AS f ON f.id = p.family_id WHERE p.run_id = {run.pk}
        """,
        engine,
        "row_payees",
        {"family_id": "BIGINT", "household_id": "BIGINT", "line": "VARCHAR"},
        work=work,
    )
