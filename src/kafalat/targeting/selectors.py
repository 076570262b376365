"""Reads of runs and decisions: counts, histogram, reasons, missing facts, figures by place, and the search for households."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery

from kafalat.core.identifiers import parse_cnic, parse_form_number
from kafalat.core.problems import problem
from kafalat.core.sealing import Sealer
from kafalat.registry.models import Family, Household, Person
from kafalat.registry.selectors import CNIC_PURPOSE, place_tree
from kafalat.targeting.models import Decision, FamilyPayee, Run

COUNT_LIMIT = 10_000  # beyond this a result says "more than", so that counting never costs more than showing
NAME_LENGTH_MIN = 3


def latest_run() -> Run | None:
    """Return the newest run, or None before the first."""
    return Run.objects.select_related("snapshot").order_by("-id").first()


def runs() -> QuerySet[Run]:
    """Return all runs, newest first."""
    return Run.objects.select_related("snapshot").order_by("-id")


def run_by_id(run_id: int) -> Run:
    """Return one run. Raises the problem `targeting.run_unknown`."""
    run = Run.objects.select_related("snapshot").filter(pk=run_id).first()
    if run is None:
        raise problem("targeting.run_unknown", run=run_id)
    return run


@dataclass(frozen=True, slots=True)
class ScoreCount:
    """Households with one score (0 to 100), by outcome."""

    score: int
    eligible: int
    ineligible: int


def score_counts(run: Run) -> list[ScoreCount]:
    """Return how many households have each score that occurs, lowest first; households without a score are left out."""
    rows = (
        Decision.objects.filter(run=run, score__isnull=False)
        .values("score")
        .annotate(
            eligible=Count("household_id", filter=Q(outcome="eligible")),
            ineligible=Count("household_id", filter=Q(outcome="ineligible")),
        )
        .order_by("score")
    )
    return [
        ScoreCount(row["score"], row["eligible"], row["ineligible"])
        for row in rows
        if row["score"] is not None
    ]


@dataclass(frozen=True, slots=True)
class CodeCount:
    """How often one code occurs: a reason, or the name of a missing fact."""

    code: str
    count: int


def _unnested(run: Run, column: str, outcome: str) -> list[CodeCount]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT code, count(*) FROM targeting_decision, unnest({column}) AS code "
            "WHERE run_id = %s AND outcome = %s GROUP BY code ORDER BY count(*) DESC, code",
            [run.pk, outcome],
        )
        return [CodeCount(code, count) for code, count in cursor.fetchall()]


def reason_counts(run: Run, outcome: str) -> list[CodeCount]:
    """Return how many households of `outcome` carry each reason code, most frequent first."""
    return _unnested(run, "reasons", outcome)


def missing_fact_counts(run: Run) -> list[CodeCount]:
    """Return how many incomplete households lack each fact, most frequent first."""
    return _unnested(run, "missing_facts", "incomplete")


def no_payee_counts(run: Run) -> list[CodeCount]:
    """Return how many families of eligible households have nobody who may be paid, by reason."""
    rows = FamilyPayee.objects.filter(run=run, person__isnull=True).values_list("reason")
    return [
        CodeCount(code, count) for code, count in rows.annotate(n=Count("family_id")).order_by("-n", "reason")
    ]


def outcomes_by_place(run: Run) -> dict[str, dict[str, int]]:
    """Return households per outcome in each place, by the finest place the survey knows."""
    rows = Decision.objects.filter(run=run).values_list("household__place_id", "outcome")
    found: dict[str, dict[str, int]] = {}
    for pcode, outcome, count in rows.annotate(n=Count("household_id")).order_by():
        found.setdefault(pcode, {})[outcome] = count
    return found


def decisions_of(household_id: int) -> list[Decision]:
    """Return the decisions about one household, newest first, each with its run."""
    found = Decision.objects.filter(household_id=household_id).select_related("run", "run__snapshot")
    return list(found.order_by("-run_id"))


def payees_of(household_id: int, run: Run) -> dict[int, FamilyPayee]:
    """Return who may be paid, or why nobody, for each family of the household, by family id."""
    found = FamilyPayee.objects.filter(run=run, family__household_id=household_id).select_related("person")
    return {payee.family_id: payee for payee in found}


# ---- search ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Search:
    """What a clerk asks for: part of a name, narrowed down by the rest. Numbers of people are no part of it: see
    `household_by_number`.

    `outcome`, `reason`, `missing` and `no_payee` speak of the run `run_id` (the newest where it is None).
    """

    name: str = ""
    place: str = ""
    outcome: str = ""
    reason: str = ""
    missing: str = ""
    no_payee: str = ""
    run_id: int | None = None

    @property
    def empty(self) -> bool:
        """Say whether nothing was asked."""
        return not any((self.name, self.place, self.outcome, self.reason, self.missing, self.no_payee))


@dataclass(frozen=True, slots=True)
class Found:
    """One household of a result; `match_…` is the first member the text named, where she is not the head."""

    household_id: int
    form_number: str
    pcode: str
    head_en: str
    head_ur: str
    match_en: str
    match_ur: str
    synthetic: bool
    members: int
    interviewed_on: date
    outcome: str | None
    score: int | None


@dataclass(frozen=True, slots=True)
class Results:
    """A page of a result. `count` stops at `COUNT_LIMIT`."""

    rows: Sequence[Found]
    count: int
    page: int
    pages: int

    @property
    def more_than_counted(self) -> bool:
        """Say whether there are more households than were counted."""
        return self.count >= COUNT_LIMIT


def is_number(text: str) -> bool:
    """Say whether a clerk typed a CNIC or a form number, and not a name."""
    return _cnic(text) is not None or _form_number(text) is not None


def household_by_number(text: str, *, sealer: Sealer) -> int | None:
    """Return the id of the household with this form number, or in which a member has this CNIC; None for neither.

    Both numbers have 13 digits. Most CNICs fail a form number's check digit; where a text fits both, the CNIC wins.
    """
    cnic, form_number = _cnic(text), _form_number(text)
    if cnic is not None:
        holder = Person.objects.filter(cnic_sealed=sealer.seal(cnic, CNIC_PURPOSE)).values_list(
            "household_id", flat=True
        )
        if (found := holder.first()) is not None:
            return found
    if form_number is None:
        return None
    return Household.objects.filter(form_number=form_number).values_list("pk", flat=True).first()


def _cnic(text: str) -> str | None:
    try:
        return parse_cnic(text)
    except ValueError:
        return None


def _form_number(text: str) -> str | None:
    try:
        return parse_form_number(text)
    except ValueError:
        return None


def search_households(search: Search, *, page: int, page_size: int) -> Results:
    """Return the page `page` (from 1) of the households asked for, by form number. A blank search finds nothing."""
    run = run_by_id(search.run_id) if search.run_id else latest_run()
    people = _named(search.name.strip())
    households = Household.objects.all()
    if search.name.strip():
        households = households.filter(Exists(people.filter(household_id=OuterRef("pk"))))
    households = _narrowed(households, search, run)
    count = 0 if search.empty else households.order_by().values("pk")[:COUNT_LIMIT].count()
    pages = max(1, -(-count // page_size))
    page = min(max(1, page), pages)
    part = slice((page - 1) * page_size, page * page_size)
    rows = [] if count == 0 else _rows(households, people, run, part)
    return Results(rows=rows, count=count, page=page, pages=pages)


def _named(name: str) -> QuerySet[Person]:
    """Return the people whose name, in either script, holds `name`; nobody for fewer letters than tell people apart."""
    if len(name) < NAME_LENGTH_MIN:
        return Person.objects.none()
    return Person.objects.filter(Q(name_en__icontains=name) | Q(name_ur__contains=name))


def _narrowed(households: QuerySet[Household], search: Search, run: Run | None) -> QuerySet[Household]:
    if search.place:
        households = households.filter(place_id__in=place_tree().within(search.place))
    asks = Q()
    if search.outcome:
        asks &= Q(outcome=search.outcome)
    if search.reason:
        asks &= Q(reasons__contains=[search.reason])
    if search.missing:
        asks &= Q(missing_facts__contains=[search.missing])
    if asks:
        decided = Decision.objects.filter(asks, run=run).values("household_id")
        households = households.filter(pk__in=decided)
    if search.no_payee:
        unpaid = FamilyPayee.objects.filter(run=run, person__isnull=True, reason=search.no_payee)
        families = Family.objects.filter(pk__in=unpaid.values("family_id"))
        households = households.filter(pk__in=families.values("household_id"))
    return households


def _rows(
    households: QuerySet[Household], people: QuerySet[Person], run: Run | None, part: slice
) -> list[Found]:
    named = people.filter(household_id=OuterRef("pk")).order_by("line_no")
    head = Person.objects.filter(household_id=OuterRef("pk"), relationship="head").order_by("line_no")
    decision = Decision.objects.filter(household_id=OuterRef("pk"), run=run)
    rows = households.order_by("form_number").annotate(
        head_en=Subquery(head.values("name_en")[:1]),
        head_ur=Subquery(head.values("name_ur")[:1]),
        match_en=Subquery(named.values("name_en")[:1]),
        match_ur=Subquery(named.values("name_ur")[:1]),
        head_synthetic=Subquery(head.values("identity_synthetic")[:1]),
        run_outcome=Subquery(decision.values("outcome")[:1]),
        run_score=Subquery(decision.values("score")[:1]),
        pcode=F("place_id"),
    )[part]
    return [
        Found(
            household_id=row.pk,
            form_number=row.form_number,
            pcode=row.pcode,
            head_en=row.head_en or "",
            head_ur=row.head_ur or "",
            match_en=(row.match_en or "") if row.match_en != row.head_en else "",
            match_ur=(row.match_ur or "") if row.match_en != row.head_en else "",
            synthetic=bool(row.head_synthetic),
            members=row.members,
            interviewed_on=row.interviewed_on,
            outcome=row.run_outcome,
            score=row.run_score,
        )
        for row in rows
    ]
