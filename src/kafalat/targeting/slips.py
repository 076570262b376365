"""Whom to hand slips to, and what each slip says: place by place, one query over a run's result files per place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from kafalat.audit import services as audit
from kafalat.core.problems import problem
from kafalat.core.text import Bilingual
from kafalat.engine import running
from kafalat.engine.explanation import Explanation
from kafalat.policy.model import Programme
from kafalat.registry import bulk
from kafalat.registry.models import Household
from kafalat.registry.selectors import place_tree
from kafalat.targeting.explain import Explainer
from kafalat.targeting.models import Run

# The head of a household is named on its slip; where none is recorded, the first member.
_ASKED = """
    SELECT h.id, h.form_number, h.place_id, h.interviewed_on, head.name_en, head.name_ur, head.identity_synthetic
    FROM registry_household AS h
    JOIN targeting_decision AS d ON d.household_id = h.id AND d.run_id = {run}
    LEFT JOIN LATERAL (
        SELECT name_en, name_ur, identity_synthetic FROM registry_person AS p WHERE p.household_id = h.id
        ORDER BY (relationship = 'head') DESC, line_no LIMIT 1
    ) AS head ON true
    WHERE {where}
"""
_ASKED_COLUMNS = {
    "household_id": "BIGINT",
    "form_number": "VARCHAR",
    "place_pcode": "VARCHAR",
    "interviewed_on": "DATE",
    "name_en": "VARCHAR",
    "name_ur": "VARCHAR",
    "synthetic": "BOOLEAN",
}
# `families` holds the rows of a household's payees, as many as it has families.
_EXPLAINED = """
    SELECT asked.form_number AS asked_form_number, asked.place_pcode, asked.interviewed_on AS asked_interviewed_on,
        asked.name_en, asked.name_ur, asked.synthetic, paid.families, d.*
    FROM asked
    JOIN decisions AS d ON d.household_id = asked.household_id
    LEFT JOIN (
        SELECT household_id,
            list({'family_id': family_id, 'person_id': person_id, 'reason': reason, 'filters': filters} ORDER BY family_id)
                AS families
        FROM payees SEMI JOIN asked USING (household_id) GROUP BY household_id
    ) AS paid ON paid.household_id = asked.household_id
    ORDER BY asked.form_number
"""


@dataclass(frozen=True, slots=True)
class SlipOf:
    """What a household's slip is made of. `held` says why families cannot be paid yet; `payable`: some family can.

    `name_en` and `name_ur` are the head's, as written; `pcode` is the finest place known.
    """

    explained: Explanation
    name_en: str
    name_ur: str
    pcode: str
    interviewed_on: date
    synthetic: bool
    held: tuple[Bilingual, ...]
    payable: bool


def places_of(run: Run, pcode: str) -> list[tuple[str, int]]:
    """Return the finest places in `pcode` (itself included) that have decisions of the run, with their households.

    Raises the problem `console.not_found`.
    """
    within = place_tree().within(pcode)
    if not within:
        raise problem("console.not_found", what_en=f"place {pcode}", what_ur=f"مقام {pcode}")
    return [
        (place, count)
        for place, count in bulk.rows(
            "SELECT h.place_id, count(*) FROM targeting_decision AS d JOIN registry_household AS h ON h.id = d.household_id "
            "WHERE d.run_id = %s AND h.place_id = ANY(%s) GROUP BY h.place_id ORDER BY h.place_id",
            [run.pk, within],
        )
    ]


def slips_in(
    *, run: Run, programme: Programme, results: Path, pcode: str, size: int, work: Path
) -> Iterator[list[SlipOf]]:
    """Yield the slips of all households whose finest place is `pcode`, `size` at a time, by form number.

    `pcode` comes from `places_of`. Raises the problem `input.not_found` when the result files are gone.
    """
    yield from _slips(
        run=run,
        programme=programme,
        results=results,
        where=f"h.place_id = '{pcode}'",
        size=size,
        work=work,
    )


def slip_of(*, run: Run, programme: Programme, results: Path, household: Household, work: Path) -> SlipOf:
    """Return one household's slip. Raises the problems `registry.household_unknown` (the run did not see it) and `input.not_found`."""
    batches = _slips(
        run=run, programme=programme, results=results, where=f"h.id = {household.pk}", size=1, work=work
    )
    for batch in batches:
        return batch[0]
    raise problem("registry.household_unknown", household=household.form_number)


def _slips(
    *, run: Run, programme: Programme, results: Path, where: str, size: int, work: Path
) -> Iterator[list[SlipOf]]:
    explainer = Explainer(programme, run.policy_day)
    with running.open_results(results, work) as engine:
        # Names pass from the database to the engine's memory and no further: the spooled file is removed at once.
        bulk.copy_out(_ASKED.format(run=run.pk, where=where), engine, "asked", _ASKED_COLUMNS, work=work)
        found = engine.execute(_EXPLAINED)
        names = [column[0] for column in found.description or []]
        while rows := found.fetchmany(size):
            yield [_slip(programme, explainer, dict(zip(names, row, strict=True))) for row in rows]


def _slip(programme: Programme, explainer: Explainer, row: dict[str, Any]) -> SlipOf:
    families = row["families"] or []
    return SlipOf(
        explained=explainer.explanation(row["asked_form_number"], row, families),
        name_en=row["name_en"] or "",
        name_ur=row["name_ur"] or "",
        pcode=row["place_pcode"],
        interviewed_on=row["asked_interviewed_on"],
        synthetic=bool(row["synthetic"]),
        held=held(programme, [family["reason"] for family in families if family["person_id"] is None]),
        payable=not families or any(family["person_id"] is not None for family in families),
    )


def held(programme: Programme, codes: Sequence[str]) -> tuple[Bilingual, ...]:
    """Return in words why families cannot be paid yet: each completes "The family cannot be paid yet: ..."."""
    words = programme.unpaid_reasons
    words |= {entry.code: entry.text for entry in programme.filters}
    return tuple(words.get(code, Bilingual(en=code, ur=code)) for code in codes)


def record_printed(*, run: Run, about: str, number: int, actor: str, at: datetime) -> None:
    """Put on record that slips, and so names, were handed out: whose (a form number or a P-code), and how many."""
    with transaction.atomic():
        audit.record(
            at=at,
            actor=actor,
            action="slips_printed",
            object_kind="run",
            object_id=run.pk,
            detail={"about": about, "slips": number},
        )
