"""Community validation: committees, the lists they are asked about, and what they say.

A committee never decides. A verdict asks for a new interview, or shifts a household's rank in the next selection by
quota or budget within the bound the programme gives; which of the two, and how far, the programme says.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import duckdb
from django.contrib.auth.models import User
from django.db import transaction

from kafalat.audit import services as audit
from kafalat.core.problems import problem
from kafalat.core.text import Bilingual
from kafalat.engine.deciding import SCORE_ABOVE_CUTOFF, categories_in_force
from kafalat.engine.selecting import VERDICT_COLUMNS
from kafalat.engine.sql import literal
from kafalat.policy.model import Programme
from kafalat.registry import bulk
from kafalat.registry.selectors import place_tree
from kafalat.targeting.models import Committee, Conflict, ListEntry, Member, Run, ValidationList, Verdict

LEVELS = {
    "district": Bilingual(en="district", ur="ضلع"),
    "tehsil": Bilingual(en="tehsil", ur="تحصیل"),
}
_LOCK = 0x4B07  # with the list's number: two numbers of four bytes
# The verdicts that nothing has replaced, by a member who has declared no interest in the household.
IN_FORCE = """
    SELECT v.*, e.household_id, e.validation_list_id, e.proposed FROM targeting_verdict AS v
    JOIN targeting_listentry AS e ON e.id = v.entry_id
    WHERE NOT EXISTS (SELECT FROM targeting_verdict AS later WHERE later.replaces_id = v.id)
        AND NOT EXISTS (SELECT FROM targeting_conflict AS c
            WHERE c.member_id = v.member_id AND c.household_id = e.household_id)
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of one household of a list. `replaces` is the verdict that was seen when it was entered, if any.

    `conflict` is a member who declares an interest in the household; without a `verdict` that is all there is to record.
    """

    entry_id: int
    verdict: str
    reason: str
    note: str
    member_id: int | None
    replaces: int | None
    client_id: UUID
    conflict: int | None = None


def form_committee(
    *,
    programme: Programme,
    place: str,
    leader: str,
    members: Sequence[str],
    secretary: User | None,
    formed_on: date,
    actor: str,
    at: datetime,
) -> Committee:
    """Record the committee of a place, or return the one on record. Only the names members are called by are kept.

    Raises the problems `community.place_level` and `community.committee_small`.
    """
    _right_level(programme, place)
    known = Committee.objects.filter(place_id=place).first()
    if known is not None:
        return known
    least = programme.validation.members_min
    if 1 + len(members) < least:
        raise problem("community.committee_small", members=1 + len(members), least=least)
    with transaction.atomic():
        committee = Committee.objects.create(place_id=place, formed_on=formed_on, secretary=secretary)
        Member.objects.create(committee=committee, name=leader, leader=True)
        Member.objects.bulk_create(Member(committee=committee, name=name) for name in members)
        audit.record(
            at=at, actor=actor, action="committee_formed", object_kind="committee", object_id=committee.pk,
            detail={"place": place, "members": 1 + len(members)},
        )  # fmt: skip
    return committee


def _right_level(programme: Programme, place: str) -> None:
    level = programme.validation.level
    node = place_tree().nodes.get(place)
    if node is None or node.level != level:
        raise problem(
            "community.place_level", place=place, level_en=LEVELS[level].en, level_ur=LEVELS[level].ur
        )


def open_list(
    *, programme: Programme, run: Run, place: str, today: date, actor: str, at: datetime
) -> ValidationList:
    """Make the list of a place after a run, or return the one there is.

    It has the selected households and the near-misses, mixed by a hash that reveals neither score nor reason; where
    there are more than the programme allows, those whose hash is lowest. `programme` is the run's.
    Raises the problems `community.place_level`, `community.no_committee` and `community.nothing_to_list`.
    """
    _right_level(programme, place)
    committee = Committee.objects.filter(place_id=place).first()
    if committee is None:
        raise problem("community.no_committee", place=place)
    with transaction.atomic():
        made, new = ValidationList.objects.get_or_create(
            run=run,
            committee=committee,
            defaults={
                "deadline": today + timedelta(days=programme.validation.answer_days),
                "opened_at": at,
                "opened_by": actor,
            },
        )
        if not new:
            return made
        count = _fill(made, programme, run, place_tree().within(place))
        if count == 0:
            raise problem("community.nothing_to_list", place=place, run=run.pk)
        audit.record(
            at=at, actor=actor, action="validation_list_opened", object_kind="validation_list", object_id=made.pk,
            detail={"place": place, "run": run.pk, "households": count},
        )  # fmt: skip
    return made


def _fill(made: ValidationList, programme: Programme, run: Run, places: Sequence[str]) -> int:
    """Write the entries of a list and return how many there are."""
    cutoffs = {c.code: str(c.cutoff) for c in categories_in_force(programme, run.policy_day)}
    rules = programme.validation
    return bulk.execute(
        """
        WITH last AS (
            SELECT share_place_id, max(score) AS score FROM targeting_decision
            WHERE run_id = %(run)s AND standing = 'selected' GROUP BY share_place_id
        ), candidate AS (
            SELECT d.household_id, coalesce(d.standing, 'selected') = 'selected' AND d.outcome = 'eligible' AS proposed,
                sha256(convert_to(%(digest)s || '|' || h.form_number, 'UTF8')) AS drawn
            FROM targeting_decision AS d JOIN registry_household AS h ON h.id = d.household_id
            LEFT JOIN last ON last.share_place_id = d.share_place_id
            LEFT JOIN jsonb_each_text(%(cutoffs)s::jsonb) AS cut (category, value) ON cut.category = d.category
            WHERE d.run_id = %(run)s AND h.place_id = ANY(%(places)s) AND CASE
                WHEN d.standing = 'selected' THEN TRUE
                WHEN d.standing = 'waiting' THEN d.score <= last.score + %(near)s
                WHEN d.outcome = 'eligible' THEN TRUE
                -- Where places are limited, those who wait are the near-misses.
                WHEN %(limited)s THEN FALSE
                ELSE d.reasons = %(above)s::varchar[] AND d.score <= cut.value::numeric + %(near)s END
        )
        INSERT INTO targeting_listentry (validation_list_id, household_id, number, proposed)
        SELECT %(list)s, household_id, row_number() OVER (ORDER BY drawn), proposed FROM candidate
        ORDER BY drawn LIMIT %(most)s
        """,
        {
            "run": run.pk,
            "digest": run.digest,
            "cutoffs": json.dumps(cutoffs),
            "places": list(places),
            "near": rules.near_miss_points,
            "limited": run.selected is not None,
            "above": [SCORE_ABOVE_CUTOFF],
            "list": made.pk,
            "most": rules.list_households_max,
        },
    )


def enter(
    *,
    programme: Programme,
    validation_list: ValidationList,
    answers: Sequence[Answer],
    today: date,
    actor: str,
    at: datetime,
) -> list[Verdict]:
    """Record what a committee says, all of it or nothing; return the verdicts that now hold, old ones sent again included.

    `programme` is that of the list's run. Raises the problems `community.list_closed`, `.entry_unknown`, `.verdict_unfit`,
    `.reason_missing`, `.member_unknown`, `.conflict`, `.meanwhile` and `.sent_before`.
    """
    with transaction.atomic():
        # One at a time for a list: what holds is read before it is replaced.
        bulk.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, validation_list.pk])
        entries = {e.pk: e for e in validation_list.entries.filter(pk__in=[a.entry_id for a in answers])}
        given = [
            _entered(programme, validation_list, entries, answer, today, actor, at) for answer in answers
        ]
        new = sum(verdict is not None and verdict.entered_at == at for verdict in given)
        if new:
            audit.record(
                at=at, actor=actor, action="verdicts_entered", object_kind="validation_list",
                object_id=validation_list.pk, detail={"verdicts": new},
            )  # fmt: skip
    return [verdict for verdict in given if verdict is not None]


def _entered(
    programme: Programme,
    validation_list: ValidationList,
    entries: dict[int, ListEntry],
    answer: Answer,
    today: date,
    actor: str,
    at: datetime,
) -> Verdict | None:
    """Record one answer; None where it declares an interest and says nothing else."""
    entry = entries.get(answer.entry_id)
    if entry is None:
        raise problem("community.entry_unknown", number="?")
    known = Verdict.objects.filter(client_id=answer.client_id).first()
    if known is not None:
        if _content(known) != (answer.entry_id, answer.verdict, answer.reason, answer.note, answer.member_id):
            raise problem("community.sent_before", number=entry.number)
        return known
    if today > validation_list.deadline:
        raise problem("community.list_closed", deadline=validation_list.deadline)
    if answer.conflict is not None:
        member = _member(validation_list, entry, answer.conflict)
        Conflict.objects.get_or_create(
            member=member,
            household_id=entry.household_id,
            defaults={"declared_at": at, "declared_by": actor},
        )
    return _verdict(programme, validation_list, entry, answer, actor, at) if answer.verdict else None


def _content(verdict: Verdict) -> tuple[object, ...]:
    return (verdict.entry_id, verdict.verdict, verdict.reason, verdict.note, verdict.member_id)


def _member(validation_list: ValidationList, entry: ListEntry, member_id: int | None) -> Member:
    found = Member.objects.filter(
        pk=member_id or 0, committee_id=validation_list.committee_id, left_on__isnull=True
    ).first()
    if found is None:
        raise problem("community.member_unknown", number=entry.number)
    return found


def _verdict(
    programme: Programme,
    validation_list: ValidationList,
    entry: ListEntry,
    answer: Answer,
    actor: str,
    at: datetime,
) -> Verdict:
    holds = Verdict.objects.filter(entry=entry, replaced_by__isnull=True).first()
    if (holds.pk if holds else None) != answer.replaces:
        raise problem("community.meanwhile", number=entry.number)
    unfit = "wrongly_out" if entry.proposed else "wrongly_in"
    if answer.verdict not in Verdict.Choice.values or answer.verdict == unfit:
        raise problem("community.verdict_unfit", number=entry.number)
    if answer.verdict != Verdict.Choice.CONFIRM and answer.reason not in programme.validation.reasons:
        raise problem("community.reason_missing", number=entry.number)
    member = _member(validation_list, entry, answer.member_id)
    if Conflict.objects.filter(member=member, household_id=entry.household_id).exists():
        raise problem("community.conflict", number=entry.number)
    effect = dict(programme.validation.effects)[answer.verdict]
    return Verdict.objects.create(
        entry=entry,
        member=member,
        verdict=answer.verdict,
        reason=answer.reason,
        note=answer.note,
        effect=effect.does,
        shift_points=effect.points or 0,
        replaces=holds,
        client_id=answer.client_id,
        entered_at=at,
        entered_by=actor,
    )


def write_verdicts(*, folder: Path, work: Path) -> Path | None:
    """Write what committees say now as a file for the next run, and return it; None where nobody has said anything.

    One row per household (household_id, shift_points, resurvey): of its newest list on which a verdict is in force.
    """
    target = folder / "verdicts.parquet"
    with duckdb.connect() as engine:
        bulk.copy_out(
            f"""
            SELECT DISTINCT ON (household_id) household_id, shift_points, effect = 'resurvey'
            FROM ({IN_FORCE}) AS said ORDER BY household_id, validation_list_id DESC
            """,
            engine,
            "verdicts",
            dict(VERDICT_COLUMNS),
            work=work,
        )
        if not engine.execute("SELECT 1 FROM verdicts LIMIT 1").fetchall():
            return None
        engine.execute(
            f"COPY (SELECT * FROM verdicts ORDER BY household_id) TO {literal(str(target))} (FORMAT parquet)"
        )
    return target
