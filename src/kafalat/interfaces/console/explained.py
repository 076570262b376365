"""Why a household was decided about as it was: what its page shows, what its slip says, and what other answers would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from kafalat.core.problems import Problem, problem
from kafalat.core.text import Bilingual
from kafalat.engine.deciding import categories_in_force, exclusions_in_force
from kafalat.engine.derive import names_used
from kafalat.engine.explanation import Explanation
from kafalat.engine.scoring import lines
from kafalat.engine.single import Judge, Judgement
from kafalat.interfaces import paper, programmes
from kafalat.interfaces.explaining import Told, tell
from kafalat.interfaces.paper.printing import Press
from kafalat.interfaces.paper.slips import SLIP_LANGUAGES, SlipLanguage
from kafalat.policy.model import Fact, Programme
from kafalat.registry.access import access_households
from kafalat.registry.models import Household
from kafalat.targeting.explain import explain, judged, value_text
from kafalat.targeting.models import Decision, Run
from kafalat.targeting.selectors import decisions_of, payees_of
from kafalat.targeting.slips import held, record_printed, slip_of

CHANGES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One line of the score. `share_pct` is its bar's length, the longest bar being 100."""

    label: Bilingual
    value: Bilingual | None
    points: int | None
    share_pct: int


@dataclass(frozen=True, slots=True)
class Why:
    """A decision as the household's page explains it, with the ends of the scale."""

    explained: Explanation
    told: Told
    rows: list[ScoreRow]
    minimum: int
    maximum: int

    @property
    def first_changes(self) -> tuple[Bilingual, ...]:
        """Return the answers closest to turning the result."""
        return self.told.changes[:CHANGES_SHOWN]

    @property
    def further_changes(self) -> tuple[Bilingual, ...]:
        """Return the other answers that would turn it."""
        return self.told.changes[CHANGES_SHOWN:]

    @property
    def score_pct(self) -> str:
        """Return where the score lies on the scale, for a style sheet."""
        score = self.told.scale.score
        return "" if score is None else f"{self.told.scale.share_pct(score)}"

    @property
    def cutoff_pct(self) -> str:
        """Return where the cut-off that decided lies on the scale, for a style sheet."""
        cutoff = self.told.scale.cutoff
        return "" if cutoff is None else f"{self.told.scale.share_pct(cutoff)}"


def why(decision: Decision, household: Household, programme: Programme) -> Why | None:
    """Return the decision explained, or None where the run's result files are not on this machine."""
    run = decision.run
    try:
        explained = explain(
            run=run, household=household, programme=programme, results=programmes.results_of(run)
        )
    except Problem as missing:
        if missing.code != "input.not_found":
            raise
        return None
    payees = list(payees_of(household.pk, run).values())
    told = tell(
        explained,
        programme,
        decided_on=timezone.localdate(run.started_at),
        held=held(programme, [payee.reason for payee in payees if payee.person_id is None]),
        payable=not payees or any(payee.person_id is not None for payee in payees),
    )
    card = programme.scorecard
    return Why(explained, told, _score_rows(explained), card.minimum, card.maximum)


def _score_rows(explained: Explanation) -> list[ScoreRow]:
    longest = max((abs(term.points) for term in explained.terms if term.points), default=1)
    return [
        ScoreRow(term.label, term.value, term.points, round(100 * abs(term.points or 0) / longest))
        for term in explained.terms
    ]


def _decided(household_id: int) -> tuple[Household, Run, Programme]:
    """Return a household, the run that decided about it last, and that run's programme. Raises the problem `console.not_found`."""
    newest = next(iter(decisions_of(household_id)), None)
    if newest is None:
        raise problem(
            "console.not_found", what_en=f"household {household_id}", what_ur=f"گھرانہ {household_id}"
        )
    return newest.household, newest.run, programmes.stamped(newest.run.programme_sha256)


@never_cache
@require_safe
def slip(request: HttpRequest, household_id: int) -> HttpResponse:
    """Send the slip of a household as PDF; that it was printed, and by whom, goes on record."""
    user = cast(User, request.user)
    access_households(user)
    household, run, programme = _decided(household_id)
    asked = request.GET.get("lang", "")
    language: SlipLanguage = next((known for known in SLIP_LANGUAGES if known == asked), "both")
    press = Press(
        run=run,
        programme=programme,
        results=programmes.results_of(run),
        work=programmes.folders().work,
        language=language,
        decided_on=timezone.localdate(run.started_at),
    )
    made = slip_of(run=run, programme=programme, results=press.results, household=household, work=press.work)
    pages = paper.render("slip", press.data([made]))
    record_printed(
        run=run, about=household.form_number, number=1, actor=user.get_username(), at=timezone.now()
    )
    return HttpResponse(
        pages,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="slip-{household.form_number}.pdf"'},
    )


# ---- what if an answer were different ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Question:
    """One answer of the form. `options` are (value, words) of a choice, none for a number; `value` is what stands there."""

    fact: Fact
    kind: Literal["choice", "number"]
    value: str
    now: Bilingual | None
    options: tuple[tuple[str, Bilingual], ...]
    changed: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """A line of the score that other answers would move."""

    label: Bilingual
    before: int | None
    after: int | None


_YES_NO: tuple[tuple[str, Bilingual], ...] = (
    ("yes", Bilingual(en="yes", ur="ہاں")),
    ("no", Bilingual(en="no", ur="نہیں")),
)


@never_cache
@require_safe
def what_if(request: HttpRequest, household_id: int) -> HttpResponse:
    """Show what the decision would be if some answers were others. Nothing is kept: the answers stand in the address alone."""
    access_households(cast(User, request.user))
    household, run, programme = _decided(household_id)
    before = judged(run=run, household=household, programme=programme, results=programmes.results_of(run))
    facts = _asked_facts(programme, run)
    changes = _changes(facts, before, request.GET)
    after = None
    if changes:
        judge = Judge(programme, run.policy_day)
        after = judge.judge(judge.changed(before.facts, changes))
    context = {
        "household": household,
        "run": run,
        "before": before,
        "after": after,
        "moved": _moved(programme, before, after) if after else [],
        "missing": [programme.fact(name).label for name in after.missing] if after else [],
        "questions": [_question(fact, before, changes) for fact in facts],
    }
    return render(request, "console/what_if.html", context)


def _asked_facts(programme: Programme, run: Run) -> list[Fact]:
    """Return the answers that score or criteria follow from, those of the household and totals over its people."""
    day = run.policy_day
    facts = {fact.name: fact for fact in programme.facts if fact.level == "household"}
    waiting = [name for line in lines(programme.scorecard) for name in line.facts]
    waiting += [programme.scorecard.stratum] if programme.scorecard.stratum else []
    criteria = [entry.criterion for entry in categories_in_force(programme, day)]
    criteria += [entry.criterion for entry in exclusions_in_force(programme, day)]
    waiting += [name for criterion in criteria if criterion for name in names_used(criterion)]
    found: set[str] = set()
    while waiting:
        fact = facts[waiting.pop()]
        if fact.kind == "collected" or fact.over == "people":
            found.add(fact.name)
        else:
            waiting += names_used(fact.sql or "")
    return [fact for name, fact in facts.items() if name in found]


def _changes(
    facts: list[Fact], before: Judgement, asked: QueryDict
) -> dict[str, bool | int | float | str | None]:
    """Return the answers of the form that differ from what the household said."""
    found = {}
    for fact in facts:
        if fact.name in asked:
            value = _typed(fact, asked.get(fact.name, "").strip())
            if value != before.facts[fact.name]:
                found[fact.name] = value
    return found


def _typed(fact: Fact, text: str) -> bool | int | float | str | None:
    """Return what was typed as the fact has it; what is no such value stays text, and is refused by the judge."""
    if not text:
        return None
    if fact.type == "boolean":
        return {"yes": True, "no": False}.get(text, text)
    if fact.type == "category":
        return text
    try:
        return int(text) if fact.type == "integer" else float(text)
    except ValueError:
        return text


def _question(
    fact: Fact, before: Judgement, changes: Mapping[str, bool | int | float | str | None]
) -> Question:
    said = before.facts[fact.name]
    value = changes.get(fact.name, said)
    if fact.type == "boolean":
        options = _YES_NO
        shown = "" if value is None else "yes" if value else "no"
    else:
        options = tuple(fact.categories.items())
        shown = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    kind: Literal["choice", "number"] = "choice" if options else "number"
    return Question(fact, kind, shown, value_text(fact, said), options, fact.name in changes)


def _moved(programme: Programme, before: Judgement, after: Judgement) -> list[Moved]:
    found = []
    for line in lines(programme.scorecard):
        was, now = before.points[line.column], after.points[line.column]
        if was != now:
            labels = [programme.fact(name).label for name in line.facts]
            label = Bilingual(
                en=" × ".join(each.en for each in labels), ur=" × ".join(each.ur for each in labels)
            )
            found.append(Moved(label, was, now))
    return found
