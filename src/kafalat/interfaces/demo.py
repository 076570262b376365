"""The whole chain in one command: survey, registry, snapshot, run, enrolment, one payment cycle, ledger.

Every step finds what an earlier, perhaps interrupted, demo has done and goes on from there. The demo works in a home
folder of its own kind: it never touches one that holds anything but a demo.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypedDict

import duckdb
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connections
from django.db.models import Max
from django.utils import timezone

from kafalat.adapters.banks import simulated
from kafalat.core.problems import Problem, problem
from kafalat.core.progress import Progress
from kafalat.core.quarters import Quarter
from kafalat.enrolment.enrol import enrol
from kafalat.enrolment.models import Beneficiary
from kafalat.interfaces.demo_accounts import open_demo_accounts
from kafalat.interfaces.demo_committee import ask_committee
from kafalat.interfaces.demo_lists import import_demo_lists
from kafalat.interfaces.demo_withdrawals import make_withdrawals
from kafalat.interfaces.logins import ensure_logins, staff
from kafalat.interfaces.office import Office
from kafalat.payments.cycles.approvals import approve_list, authorise_list, check_list, release_list
from kafalat.payments.cycles.lifecycle import close_cycle, open_cycle, prepare_list
from kafalat.payments.ledger.checks import check_ledger
from kafalat.payments.models import Answer, Approval, BankFile, Cycle, Payment, PaymentList
from kafalat.payments.reconciliation.answers import receive_answer
from kafalat.payments.reconciliation.returns import resolve_returns
from kafalat.payments.sending.outbox import outgoing_path, send_outbox
from kafalat.registry.bulk import scratch_engine
from kafalat.registry.imports import import_survey
from kafalat.registry.models import Snapshot, SurveySource
from kafalat.registry.snapshots import take_snapshot
from kafalat.survey.identities import add_identities
from kafalat.survey.profiles import read
from kafalat.survey.synthesis import synthesise
from kafalat.survey.tables import SurveyTables
from kafalat.targeting.models import Run
from kafalat.targeting.runs import start_run

ACTOR = "demo"

# Shows one named step and its progress: yields what the step reports to.
Stage = Callable[[str], AbstractContextManager[Progress]]
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the demo runs on: so many synthetic households of a seed, or a survey folder with its profile."""

    tranche: Quarter
    households: int
    seed: int
    survey: Path | None = None
    profile: str | None = None


class FileTotals(TypedDict):
    """One bank file in the demo's result."""

    bank: str
    path: str
    transactions: int
    control_sum_paisa: int


class Result(TypedDict):
    """What `kafalat demo --json` prints."""

    households: int
    people: int
    source: str
    programme_sha256: str
    snapshot_sha256: str
    decisions: dict[str, int]
    enrolled: int
    payments: int
    amount_paisa: int
    files: list[FileTotals]
    paid: int
    returned: int
    rejected: int
    open: int
    ledger_balanced: bool
    seconds: dict[str, float]


@dataclass
class Demo:
    """One demo run: the installation it works in, the clock, and where its progress shows."""

    office: Office
    plan: Plan
    clock: Clock
    stage: Stage
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[Progress]:
        """Time and show one step."""
        started = time.perf_counter()
        with self.stage(name) as progress:
            yield progress
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - started, 3)

    def run(self) -> Result:
        """Run the chain from wherever it stands to its end and return what it came to. The database must be running."""
        source, run = self.to_enrolment()
        cycle = self._pay()
        with self.step("withdrawals"):
            make_withdrawals(office=self.office, actor=ACTOR, at=self.clock())
        with self.step("ledger"):
            checks = check_ledger(outgoing=self.office.outgoing)
        return self._result(source, run, cycle, balanced=all(check.holds for check in checks))

    def to_enrolment(self) -> tuple[SurveySource, Run]:
        """Run the first half of the chain: survey, registry, snapshot, decisions, enrolment, logins."""
        source = self._survey()
        run = self._target(source)
        with self.step("logins"):
            ensure_logins(self.office.home)
        self._enrol(run)
        with self.step("committee"):
            ask_committee(self.office, run, actor=ACTOR, at=self.clock())
        return source, run

    def _survey(self) -> SurveySource:
        """Read or synthesise the survey and import it."""
        with scratch_engine(self.office.home.work) as engine:
            with self.step("survey") as progress:
                tables = self._tables(engine)
                progress(1.0)
            claim_home(self.office, tables.source_sha256)
            with self.step("import") as progress:
                source = import_survey(
                    tables=tables,
                    programme=self.office.programme,
                    keys=self.office.keys,
                    work=self.office.home.work,
                    actor=ACTOR,
                    at=self.clock(),
                    progress=progress,
                )
                today = timezone.localtime(self.clock()).date()
                import_demo_lists(
                    office=self.office,
                    list_date=min(today, self.plan.tranche.first_day()),
                    actor=ACTOR,
                    at=self.clock(),
                )
                return source

    def _tables(self, engine: duckdb.DuckDBPyConnection) -> SurveyTables:
        programme, plan = self.office.programme, self.plan
        if plan.survey is None:
            tables = synthesise(plan.households, plan.seed, programme=programme, connection=engine)
        else:
            tables = read(plan.survey, plan.profile or "", programme=programme, connection=engine)
        return add_identities(tables, seed=plan.seed)

    def _target(self, source: SurveySource) -> Run:
        """Freeze the registry and apply the programme to it."""
        with self.step("snapshot") as progress:
            snapshot = self._snapshot(source, progress)
        with self.step("targeting") as progress:
            return start_run(
                programme=self.office.programme,
                programme_folder=self.office.programme_folder,
                snapshot=snapshot,
                policy_day=self.plan.tranche.first_day(),
                folders=self.office.folders,
                actor=ACTOR,
                at=self.clock(),
                progress=progress,
            )

    def _snapshot(self, source: SurveySource, progress: Progress) -> Snapshot:
        """Return the snapshot taken since the last import, taking one where there is none."""
        newest = SurveySource.objects.aggregate(last=Max("imported_at"))["last"] or source.imported_at
        taken = Snapshot.objects.filter(as_of__gte=newest).order_by("-id").first()
        if taken is not None and (self.office.home.snapshots / taken.sha256).exists():
            return taken
        return take_snapshot(
            programme=self.office.programme,
            folder=self.office.home.snapshots,
            work=self.office.home.work,
            actor=ACTOR,
            at=self.clock(),
            progress=progress,
        )

    def _enrol(self, run: Run) -> None:
        today = timezone.localtime(self.clock()).date()
        with self.step("enrolment") as progress:
            first_day = min(today, self.plan.tranche.first_day())
            enrol(run=run, enrolled_on=first_day, actor=ACTOR, at=self.clock())
            open_demo_accounts(
                office=self.office, seed=self.plan.seed, today=today, at=self.clock(), progress=progress
            )

    def _pay(self) -> Cycle:
        """Take the tranche's cycle from opening to closing, each part by the person whose work it is."""
        maker = staff("maker")
        cycle = open_cycle(
            programme=self.office.programme,
            programme_folder=self.office.programme_folder,
            programmes=self.office.home.programmes,
            tranche=self.plan.tranche,
            user=maker,
            at=self.clock(),
        )
        for phase in cycle.phases.order_by("position"):
            self._pay_phase(cycle, phase.code)
        if cycle.status == Cycle.Status.OPEN:
            cycle = close_cycle(
                cycle_id=cycle.pk,
                programme=self.office.programme_of(cycle.programme_sha256),
                user=maker,
                at=self.clock(),
            )
        return cycle

    def _pay_phase(self, cycle: Cycle, phase: str) -> None:
        """Take a phase's lists to the banks and back until nothing of it is due any more."""
        reconciler = staff("reconciler")
        while cycle.status == Cycle.Status.OPEN:
            payment_list = self._next_list(cycle, phase)
            if payment_list is not None:
                self._release(payment_list)
            with self.step("dispatch") as progress:
                send_outbox(
                    sender=self.office.sender(cycle.programme_sha256), at=self.clock(), progress=progress
                )
            with self.step("answers") as progress:
                self._receive(cycle, reconciler, progress)
            with self.step("returns"):
                decided = resolve_returns(
                    cycle_id=cycle.pk,
                    programme=self.office.programme_of(cycle.programme_sha256),
                    user=reconciler,
                    at=self.clock(),
                )
            if payment_list is None and not decided.get("reissue"):
                return

    def _next_list(self, cycle: Cycle, phase: str) -> PaymentList | None:
        """Return the phase's list that waits to be released, generating it if payments are due; None when none are."""
        waiting = (
            cycle.lists.filter(phase=phase, status__in=["prepared", "checked"]).order_by("number").first()
        )
        if waiting is not None:
            return waiting
        with self.step("generate"):
            return prepare_if_due(cycle, phase, self.office, staff("maker"), self.clock())

    def _release(self, payment_list: PaymentList) -> None:
        """Check, approve, authorise and release a list, from whatever point it stands at."""
        with self.step("approve"):
            if payment_list.status == PaymentList.Status.PREPARED:
                check_list(payment_list_id=payment_list.pk, user=staff("checker"), at=self.clock())
            given = set(Approval.objects.filter(payment_list=payment_list).values_list("act", flat=True))
            for act, give, login in (
                ("approve", approve_list, "checker"),
                ("authorise", authorise_list, "authoriser"),
            ):
                if act not in given:
                    give(
                        payment_list_id=payment_list.pk,
                        user=staff(login),
                        seen_sha256=payment_list.sha256,
                        at=self.clock(),
                    )
        with self.step("dispatch"):
            release_list(
                payment_list_id=payment_list.pk,
                user=staff("releaser"),
                seen_sha256=payment_list.sha256,
                sender=self.office.sender(payment_list.cycle.programme_sha256),
                at=self.clock(),
            )

    def _receive(self, cycle: Cycle, user: User, progress: Progress) -> None:
        """Let the simulated banks answer every file of the cycle, and take in what was not taken in yet."""
        files = [
            file
            for file in BankFile.objects.filter(payment_list__cycle=cycle).order_by("id")
            if file.payment_list.items.filter(
                bank=file.bank, part=file.part, status__in=["sent", "accepted"]
            ).exists()
        ]
        again = set(
            Payment.objects.filter(payment_list__cycle=cycle, attempt__gt=1).values_list(
                "identity", flat=True
            )
        )
        receiver = self.office.receiver(cycle.programme_sha256)
        profiles = self.office.programme_of(cycle.programme_sha256).bank_profiles
        for number, file in enumerate(files, start=1):
            for answer in simulated.answer(
                outgoing_path(file, self.office.outgoing).read_bytes(),
                bank=file.bank,
                forms=profiles[file.bank].answers,
                seed=self.plan.seed,
                executed_at=file.created_at + timedelta(days=1),
                is_reissue=again.__contains__,
            ):
                path = self.office.incoming / file.bank / answer.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(answer.content)
                if not Answer.objects.filter(bank=file.bank, name=answer.name).exists():
                    receive_answer(
                        content=path, name=answer.name, user=user, at=self.clock(), receiver=receiver
                    )
            progress(number / len(files))

    def _result(self, source: SurveySource, run: Run, cycle: Cycle, *, balanced: bool) -> Result:
        files = BankFile.objects.filter(payment_list__cycle=cycle).order_by(
            "payment_list__number", "bank", "part"
        )
        payments = Payment.objects.filter(payment_list__cycle=cycle).exclude(status=Payment.Status.CANCELLED)
        states = list(payments.values_list("status", flat=True))
        ended = {state: states.count(state) for state in ("paid", "returned", "rejected")}
        return Result(
            households=source.households,
            people=source.people,
            source=source.profile,
            programme_sha256=run.programme_sha256,
            snapshot_sha256=run.snapshot.sha256,
            decisions={"eligible": run.eligible, "ineligible": run.ineligible, "incomplete": run.incomplete},
            enrolled=Beneficiary.objects.count(),
            payments=len(states),
            amount_paisa=sum(payments.values_list("amount_paisa", flat=True)),
            files=[
                FileTotals(
                    bank=file.bank,
                    path=str(outgoing_path(file, self.office.outgoing).relative_to(self.office.home.path)),
                    transactions=file.transactions,
                    control_sum_paisa=file.control_sum_paisa,
                )
                for file in files
            ],
            paid=ended["paid"],
            returned=ended["returned"],
            rejected=ended["rejected"],
            open=len(states) - sum(ended.values()),
            ledger_balanced=balanced,
            seconds=self.seconds,
        )


def prepare_if_due(cycle: Cycle, phase: str, office: Office, maker: User, at: datetime) -> PaymentList | None:
    """Generate the phase's next list; None when no payment is due."""
    try:
        return prepare_list(
            cycle_id=cycle.pk,
            phase=phase,
            programme=office.programme_of(cycle.programme_sha256),
            user=maker,
            at=at,
        )
    except Problem as refusal:
        if refusal.code == "payments.nothing_to_pay":
            return None
        raise


def claim_home(office: Office, source_sha256: str) -> None:
    """Make sure the home holds this demo's source or nothing: another demo's data is cleared, real data refused.

    Raises the problem `demo.home_in_use`.
    """
    mark = office.home.path / "demo.json"
    sources = set(SurveySource.objects.values_list("sha256", flat=True))
    if sources and not mark.exists():
        raise problem("demo.home_in_use", path=office.home.path)
    if sources - {source_sha256}:
        _clear()
        shutil.rmtree(office.home.bank, ignore_errors=True)
    mark.write_text(json.dumps({"demo": True, "source_sha256": source_sha256}))


def _clear() -> None:
    """Empty the database of a demo: drop everything as the owner and make the tables anew."""
    connections.close_all()
    with connections["owner"].cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")
        cursor.execute("GRANT USAGE ON SCHEMA public TO kafalat_app")
    call_command("migrate", database="owner", verbosity=0, interactive=False)
    connections.close_all()


def leave_list_to_approve(office: Office, plan: Plan, at: datetime) -> None:
    """Open the next quarter and leave its first phase's list prepared: who opens the console has something to decide."""
    maker = staff("maker")
    cycle = open_cycle(
        programme=office.programme,
        programme_folder=office.programme_folder,
        programmes=office.home.programmes,
        tranche=plan.tranche.following(),
        user=maker,
        at=at,
    )
    if cycle.status == Cycle.Status.OPEN and not cycle.lists.exists():
        prepare_if_due(cycle, cycle.phases.order_by("position")[0].code, office, maker, at)
