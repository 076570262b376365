"""Explains one household's decision from the run's own result files and programme: the calculation itself, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb

from kafalat.core.identifiers import parse_form_number
from kafalat.core.problems import problem
from kafalat.core.text import Bilingual
from kafalat.engine import running
from kafalat.engine.deciding import categories_in_force
from kafalat.engine.explanation import Change, Explanation, FilterLine, Reason, TermLine
from kafalat.engine.scoring import Line, base_points, lines
from kafalat.engine.single import Judge, Judgement
from kafalat.policy.model import Fact, Programme
from kafalat.registry.models import Household, Place
from kafalat.targeting.models import Run

YES = Bilingual(en="yes", ur="ہاں")
NO = Bilingual(en="no", ur="نہیں")
# About whom a list speaks.
SUBJECTS = {
    "self": Bilingual(en="the payee", ur="وصول کنندہ"),
    "spouse": Bilingual(en="her spouse", ur="ان کا شریکِ حیات"),
    "household": Bilingual(en="a member of the household", ur="گھرانے کا فرد"),
}

Row = dict[str, Any]


def find_household(name: str) -> Household:
    """Return the household of a form number or of the survey's own id. Raises the problem `registry.household_unknown`."""
    households = Household.objects.select_related("place", "source")
    found = households.filter(source_key=name.strip()).order_by("-id").first()
    if found is None:
        try:
            digits = parse_form_number(name)
        except ValueError:
            raise problem("registry.household_unknown", household=name) from None
        found = households.filter(form_number=digits).first()
    if found is None:
        raise problem("registry.household_unknown", household=name)
    return found


def explain(*, run: Run, household: Household, programme: Programme, results: Path) -> Explanation:
    """Return everything the run says about a household. `results` is the run's result folder.

    Raises the problem `registry.household_unknown` when the run did not see the household, `input.not_found` when
    the result files are gone.
    """
    decided, families = _rows(household, results)
    return Explainer(programme, run.policy_day).explanation(household.form_number, decided, families)


def judged(*, run: Run, household: Household, programme: Programme, results: Path) -> Judgement:
    """Return a run's decision as `engine.single` works with it, to ask what other answers would do. Raises as `explain` does."""
    decided, _families = _rows(household, results)
    return Explainer(programme, run.policy_day).judged(decided)


def _rows(household: Household, results: Path) -> tuple[Row, list[Row]]:
    """Return a household's row of decisions and its rows of payees."""
    place = household.place
    district = place.parent_id if place.level == Place.Level.TEHSIL else place.pk
    with _engine().cursor() as engine:
        queries = running.results_sql(results, district)
        decided = _rows_about(engine, queries[running.DECISIONS], household)
        if not decided:  # a household that has moved since the run is looked for everywhere
            queries = running.results_sql(results)
            decided = _rows_about(engine, queries[running.DECISIONS], household)
        families = _rows_about(engine, queries[running.PAYEES], household)
    if not decided:
        raise problem("registry.household_unknown", household=household.form_number)
    return decided[0], families


def _rows_about(engine: duckdb.DuckDBPyConnection, query: str, household: Household) -> list[Row]:
    return rows_of(engine, f"SELECT * FROM ({query}) WHERE household_id = $1", [household.pk])


@lru_cache(maxsize=1)
def _engine() -> duckdb.DuckDBPyConnection:
    """Return this process's engine for single rows: opening one takes longer than all the rest of an explanation."""
    engine = duckdb.connect(config={"threads": 1})
    engine.execute("SET parquet_metadata_cache = true")  # a run's files never change
    return engine


def rows_of(engine: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[Any]) -> list[Row]:
    """Return the rows of a small query of the engine by column name."""
    found = engine.execute(query, parameters)
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


class Explainer:
    """A programme on one day, ready to explain household after household."""

    def __init__(self, programme: Programme, day: date) -> None:
        self._programme = programme
        self._lines = lines(programme.scorecard)
        self._facts = {fact.name: fact for fact in programme.facts}
        self._judge = Judge(programme, day)
        self._cutoffs = {entry.code: entry.cutoff for entry in categories_in_force(programme, day)}
        self._categories = {entry.code: entry.label for entry in programme.eligibility.categories}

    def explanation(self, form_number: str, row: Row, families: Sequence[Row]) -> Explanation:
        """Return the explanation of one row of a run's decisions and the rows of its payees, by column name."""
        programme, card = self._programme, self._programme.scorecard
        code = None if card.stratum is None else row[card.stratum]
        cutoff = self._cutoffs.get(row["category"])
        reasons = programme.eligibility.reasons
        return Explanation(
            household_id=row["household_id"],
            form_number=form_number,
            outcome=row["outcome"],
            score=row["score"],
            base_points=base_points(card, code) or 0,
            terms=tuple(
                self._term(line, row) for line in self._lines if line.stratum is None or code in line.stratum
            ),
            category=row["category"],
            category_label=self._categories.get(row["category"]),
            cutoff=cutoff,
            distance=None if cutoff is None or row["score"] is None else row["score"] - cutoff,
            reasons=tuple(Reason(code, reasons[code]) for code in row["reasons"]),
            missing=tuple(Reason(name, self._facts[name].label) for name in row["missing_facts"]),
            changes=self._changes(row),
            filters=_filters(programme, families),
            appeal_days=programme.calendar.appeal_days,
        )

    def judged(self, row: Row) -> Judgement:
        """Return what a run said of a household, from its row of decisions, as `engine.single` works with it."""
        return Judgement(
            facts={name: row[name] for name, fact in self._facts.items() if fact.level == "household"},
            points={line.column: row[line.column] for line in self._lines},
            score=row["score"],
            outcome=row["outcome"],
            category=row["category"],
            reasons=tuple(row["reasons"]),
            missing=tuple(row["missing_facts"]),
        )

    def _changes(self, row: Row) -> tuple[Change, ...]:
        """Return what would have to be wrong for the result to differ: one answer at a time, the closest first."""
        decided = self.judged(row)
        found = []
        for other in self._judge.alternatives(decided):
            fact = self._facts[other.fact]
            value, instead = value_text(fact, decided.facts[fact.name]), value_text(fact, other.other)
            if value is not None and instead is not None:
                found.append(Change(fact.name, fact.label, value, instead, other.score, other.outcome))
        return tuple(sorted(found, key=lambda change: abs(change.score - row["score"])))

    def _term(self, line: Line, row: Row) -> TermLine:
        facts = [self._facts[name] for name in line.facts]
        values = [value_text(fact, row[fact.name]) for fact in facts]
        known = [value for value in values if value is not None]
        return TermLine(
            fact=" × ".join(line.facts),
            label=_joined([fact.label for fact in facts]),
            value=_joined(known) if len(known) == len(values) else None,
            points=row[line.column],
            facts=line.facts,
            points_max=line.points_max,
        )


def _filters(programme: Programme, families: Sequence[Row]) -> tuple[FilterLine, ...]:
    """Return every list that speaks of a family, from the texts "code:subject:date" kept with its payee."""
    known = {entry.code: entry for entry in programme.filters}
    found = []
    for family in sorted(families, key=itemgetter("family_id")):
        for match in family["filters"]:
            code, subject, day = match.split(":")
            entry = known[code]
            found.append(
                FilterLine(
                    code=code,
                    kind=entry.kind,
                    label=entry.label,
                    subject=subject,
                    subject_label=SUBJECTS[subject],
                    family_id=family["family_id"],
                    list_date=date.fromisoformat(day),
                    text=entry.text,
                )
            )
    return tuple(found)


def _joined(texts: Sequence[Bilingual]) -> Bilingual:
    """Return texts of a pair side by side."""
    return Bilingual(en=" × ".join(text.en for text in texts), ur=" × ".join(text.ur for text in texts))


def value_text(fact: Fact, value: bool | float | str | None) -> Bilingual | None:
    """Return a fact's value in words: a category's label, yes or no, or the number with its unit."""
    if value is None:
        return None
    if isinstance(value, bool):
        return YES if value else NO
    if fact.type == "category" and str(value) in fact.categories:
        return fact.categories[str(value)]
    number = f"{value:g}" if isinstance(value, float) else str(value)
    return Bilingual(en=number, ur=number)
