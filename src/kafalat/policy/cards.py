"""A scorecard, or a survey's own facts, read from one file outside a programme folder and checked as strictly as inside one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, Field

from kafalat.core.problems import Problem, problem
from kafalat.core.text import Bilingual
from kafalat.policy import rulecheck, scorecheck
from kafalat.policy.documents import Items, Mapping, read_yaml
from kafalat.policy.findings import Finding
from kafalat.policy.model import Fact, Place, Programme, Scorecard, Strict
from kafalat.policy.parts import FactsFile, Part, read_part
from kafalat.policy.places import Places
from kafalat.policy.sheaf import Sheaf

M = TypeVar("M", bound=BaseModel)


class SurveyFacts(Strict):
    """What `<profile>.facts.yaml` says: the country of a survey that is not the programme's, and the facts it asked for."""

    country: str = Field(pattern=r"\A[A-Z]{2}\z")
    label: Bilingual
    currency: str = Field(pattern=r"\A[A-Z]{3}\z")
    source: str = Field(min_length=3)
    facts: tuple[Fact, ...] = Field(min_length=1)

    def applied_to(self, programme: Programme) -> Programme:
        """Return the programme with these facts and this country's one place instead of its own, to fit and judge with."""
        place = Place(
            pcode=self.country, level="country", parent=None, name=self.label, valid_from=date(1900, 1, 1)
        )
        return programme.model_copy(
            update={
                "country": self.country,
                "currency": self.currency,
                "facts": self.facts,
                "places": (place,),
                "relation": None,
            }
        )


def load_scorecard(file: Path, programme: Programme) -> Scorecard:
    """Return the scorecard of `file`, checked against the programme's facts.

    Raises the problem `input.not_found`, or `scorecard.invalid` with the first finding: file, line, what is wrong.
    """
    part = _typed(file, Scorecard)
    declared = _declared(programme.facts)
    findings = list(scorecheck.scorecard(_only(facts=declared, scorecard=part)))
    if part.value is None or findings:
        raise _invalid(file, findings)
    return part.value


def load_survey_facts(file: Path) -> SurveyFacts:
    """Return the facts a survey declares for itself. Raises `input.not_found` or `scorecard.invalid`, as above."""
    part = _typed(file, SurveyFacts)
    if part.value is None:
        raise _invalid(file, [])
    facts = FactsFile.model_construct(facts=part.value.facts)
    shaped = Part(part.file, part.written, part.tree, facts, part.whole)
    findings = list(rulecheck.facts(_only(facts=shaped)))
    if findings:
        raise _invalid(file, findings)
    return part.value


def _declared(facts: tuple[Fact, ...]) -> Part[FactsFile]:
    """Return facts that were checked before as the part `facts.yaml`."""
    written, names = Mapping(1), Items(1)
    for fact in facts:
        entry = Mapping(1)
        entry["name"], entry.lines["name"] = fact.name, 1
        names.append(entry)
        names.lines.append(1)
    written["facts"], written.lines["facts"] = names, 1
    return Part("facts.yaml", written, written, FactsFile.model_construct(facts=facts), whole=True)


def _only(**parts: Any) -> Sheaf:
    """Return a sheaf of these parts alone, every other file absent."""
    absent: dict[str, Any] = {field.name: Part.absent(f"{field.name}.yaml") for field in fields(Sheaf)}
    return Sheaf(**{**absent, "places": Places(), **parts})


def _typed(file: Path, model: type[M]) -> Part[M]:
    if not file.is_file():
        raise problem("input.not_found", path=file)
    tree, findings = read_yaml(file.name, file.read_bytes())
    if tree is None:
        raise _invalid(file, findings)
    part, shaped = read_part(file.name, model, tree)
    findings += shaped
    if findings:
        raise _invalid(file, findings)
    return part


def _invalid(file: Path, findings: Sequence[Finding]) -> Problem:
    ordered = sorted(findings, key=lambda finding: finding.line)
    first, more = ordered[0], len(ordered) - 1
    return problem(
        "scorecard.invalid",
        file=file,
        line=first.line,
        first_en=first.text("en"),
        first_ur=first.text("ur"),
        more_en=f" There are {more} more." if more else "",
        more_ur=f" مزید {more} غلطیاں ہیں۔" if more else "",
    )
