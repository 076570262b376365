"""Answers as they are typed for one household: what cannot be an answer is named and refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kafalat.core.problems import problem
from kafalat.core.text import Bilingual
from kafalat.engine.evaluating import Row, Value
from kafalat.policy.findings import nearest
from kafalat.policy.model import Fact
from kafalat.policy.vocabulary import PERSON_CORE

AGE_YEARS_MAX = 130


def check_answers(answers: Row, facts: Mapping[str, Fact], *, core: bool = False) -> None:
    """Refuse a name that is no fact and a value the fact cannot have. `core`: the columns every person has are facts too.

    Raises the problems `targeting.answer_unknown` and `targeting.answer_invalid`.
    """
    for name, value in answers.items():
        if core and name in PERSON_CORE:
            kind = PERSON_CORE[name]
            maximum = AGE_YEARS_MAX if name == "age_years" else None
            expected = _expected(value, kind.type, sorted(kind.categories), 0, maximum)
            label = Bilingual(en=name, ur=name)
        elif name in facts:
            fact = facts[name]
            expected = _expected(value, fact.type, list(fact.categories), fact.minimum, fact.maximum)
            label = fact.label
        else:
            known = [*facts, *(PERSON_CORE if core else ())]
            raise problem("targeting.answer_unknown", name=name, nearest=nearest(name, known) or "-")
        if expected is not None:
            raise problem(
                "targeting.answer_invalid",
                fact_en=label.en,
                fact_ur=label.ur,
                value=value,
                expected_en=expected.en,
                expected_ur=expected.ur,
            )


def _expected(
    value: Value, kind: str, categories: Sequence[str], minimum: int | None, maximum: int | None
) -> Bilingual | None:
    """Return what a value should have been, or None where it fits; a missing one fits everywhere."""
    if value is None:
        return None
    if kind == "boolean":
        return None if isinstance(value, bool) else Bilingual(en="true or false", ur="true یا false")
    if kind == "category":
        if value in categories:
            return None
        hint = nearest(value, categories)
        close = ("", "") if hint is None else (f" (nearest: {hint})", f" (قریب ترین: {hint})")
        return Bilingual(
            en=f"one of {', '.join(categories)}{close[0]}",
            ur=f"ان میں سے ایک: {'، '.join(categories)}{close[1]}",
        )
    whole = kind == "integer"
    if (
        isinstance(value, int if whole else (int, float))
        and not isinstance(value, bool)
        and (minimum is None or value >= minimum)
        and (maximum is None or value <= maximum)
    ):
        return None
    what = ("a whole number", "پورا عدد") if whole else ("a number", "عدد")
    bounds = ("", "")
    if minimum is not None or maximum is not None:
        first, last = "…" if minimum is None else minimum, "…" if maximum is None else maximum
        bounds = (f" from {first} to {last}", f"، {first} سے {last} تک")
    return Bilingual(en=what[0] + bounds[0], ur=what[1] + bounds[1])
