"""Committees: who stands in a list and in what order, what is refused, that nothing said is lost, and that no word decides."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import duckdb
import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from kafalat.core.problems import Problem
from kafalat.interfaces.office import Office
from kafalat.policy.model import Alarms
from kafalat.registry.models import Household
from kafalat.registry.selectors import place_tree
from kafalat.targeting import committee_selectors as reads
from kafalat.targeting.community import Answer, enter, form_committee, open_list, write_verdicts
from kafalat.targeting.models import Conflict, Decision, ListEntry, Member, Run, ValidationList, Verdict
from kafalat.targeting.runs import find_run, start_run
from tests.conftest import NOW
from tests.payments.steps import connection_of_owner
from tests.targeting.committees import (
    LEADER,
    MEMBERS,
    TODAY,
    a_list,
    answer,
    by_district,
    leader_of,
    place_with_most,
    say,
    secretary,
)

RULES = Alarms(other_verdicts_pct=10, chance_pct=1, unknown_pct=30, verdicts_min=20)


@pytest.fixture
def made(office: Office, enrolled: str) -> ValidationList:
    """A list with enough households to talk about."""
    return a_list(office)


def proposed(made: ValidationList) -> ListEntry:
    return made.entries.filter(proposed=True).order_by("number")[0]


def refused(call: str, office: Office, made: ValidationList, *answers: Answer) -> None:
    before = (Verdict.objects.count(), Conflict.objects.count())
    with pytest.raises(Problem) as refusal:
        say(office.programme, made, *answers)
    assert refusal.value.code == f"community.{call}"
    assert (Verdict.objects.count(), Conflict.objects.count()) == before


# ---- the list --------------------------------------------------------------------------------------------------


def test_a_list_has_the_selected_and_the_near_misses_and_its_order_tells_nothing(
    office: Office, made: ValidationList
) -> None:
    near, day = by_district(office).validation.near_miss_points, made.run.policy_day
    decisions = {d.household_id: d for d in Decision.objects.filter(run=made.run)}
    entries = list(made.entries.order_by("number"))
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    for entry in entries:
        decision = decisions[entry.household_id]
        assert entry.proposed == (decision.outcome == "eligible")
        if not entry.proposed:
            assert decision.category is not None
            cutoff = office.programme.cutoff(decision.category, day)
            assert decision.score is not None
            assert cutoff is not None
            assert cutoff < decision.score <= cutoff + near
            assert decision.reasons == ["score_above_cutoff"]
    within = place_tree().within(made.committee.place_id)
    here = set(Household.objects.filter(place_id__in=within).values_list("pk", flat=True))
    eligible = {pk for pk, d in decisions.items() if pk in here and d.outcome == "eligible"}
    assert eligible == {entry.household_id for entry in entries if entry.proposed}
    assert {entry.proposed for entry in entries} == {True, False}
    # The order follows from a hash that nobody knew before the run, and from nothing else.
    drawn = {
        h.pk: sha256(f"{made.run.digest}|{h.form_number}".encode()).hexdigest()
        for h in Household.objects.filter(pk__in=[entry.household_id for entry in entries])
    }
    assert [entry.household_id for entry in entries] == sorted(drawn, key=drawn.__getitem__)


def test_a_list_is_made_once_and_what_it_needs_is_said(office: Office, made: ValidationList) -> None:
    again = open_list(
        programme=by_district(office),
        run=made.run,
        place=made.committee.place_id,
        today=TODAY,
        actor="test",
        at=NOW,
    )
    assert again == made
    for place, code in (("PK6", "place_level"), ("PK60201", "no_committee")):
        with pytest.raises(Problem) as refusal:
            open_list(
                programme=office.programme, run=made.run, place=place, today=TODAY, actor="test", at=NOW
            )
        assert refusal.value.code == f"community.{code}", place
    with pytest.raises(Problem) as refusal:
        form_committee(
            programme=office.programme, place="PK60201", leader=LEADER, members=MEMBERS[:2], secretary=None,
            formed_on=TODAY, actor="test", at=NOW,
        )  # fmt: skip
    assert refusal.value.code == "community.committee_small"


def test_a_long_list_is_cut_by_the_hash_alone(office: Office, made: ValidationList) -> None:
    order = list(made.entries.order_by("number").values_list("household_id", flat=True))
    with connection_of_owner() as cursor:
        cursor.execute("DELETE FROM targeting_listentry; DELETE FROM targeting_validationlist")
    short = office.programme.model_copy(
        update={"validation": by_district(office).validation.model_copy(update={"list_households_max": 3})}
    )
    shorter = a_list(office, short, made.committee.place_id)
    assert list(shorter.entries.order_by("number").values_list("household_id", flat=True)) == order[:3]


# ---- verdicts --------------------------------------------------------------------------------------------------


def test_an_answer_sent_twice_is_one_and_a_correction_is_added(office: Office, made: ValidationList) -> None:
    entry, programme = proposed(made), office.programme
    first = answer(entry)
    (given_first,) = say(programme, made, first)
    assert say(programme, made, first) == [given_first]
    assert Verdict.objects.count() == 1

    refused("meanwhile", office, made, answer(entry, "wrongly_in"))
    refused("sent_before", office, made, answer(entry, "wrongly_in", client_id=first.client_id))
    (corrected,) = say(programme, made, answer(entry, "wrongly_in", replaces=given_first))
    assert list(Verdict.objects.order_by("id")) == [given_first, corrected]
    (row,) = [row for row in reads.rows_of(made) if row.entry_id == entry.pk]
    assert row.verdict == corrected
    # The one that was replaced cannot be replaced once more.
    refused("meanwhile", office, made, answer(entry, "confirm", replaces=given_first))


def test_what_cannot_be_said_is_refused_and_nothing_is_kept(office: Office, made: ValidationList) -> None:
    entry, programme = proposed(made), office.programme
    near_miss = made.entries.filter(proposed=False)[0]
    stranger = Member.objects.create(committee=made.committee, name="left", left_on=TODAY)
    refused("verdict_unfit", office, made, answer(entry, "wrongly_out"))
    refused("verdict_unfit", office, made, answer(entry, "hang_them"))
    refused("verdict_unfit", office, made, answer(near_miss, "wrongly_in"))
    refused("reason_missing", office, made, answer(entry, "wrongly_in", reason="because"))
    refused("member_unknown", office, made, answer(entry, member=stranger))
    # A good answer in front of a bad one is not kept either.
    other = made.entries.exclude(pk=entry.pk)[0]
    refused("verdict_unfit", office, made, answer(other), answer(entry, "wrongly_out"))

    late = made.deadline + timedelta(days=1)
    with pytest.raises(Problem) as refusal:
        enter(
            programme=programme, validation_list=made, answers=[answer(entry)], today=late, actor="x", at=NOW
        )
    assert refusal.value.code == "community.list_closed"
    # Sent in time and once more after: the same answer, not a refusal.
    kept = answer(entry)
    (held,) = say(programme, made, kept)
    assert enter(
        programme=programme, validation_list=made, answers=[kept], today=late, actor="x", at=NOW
    ) == [held]


def test_a_member_with_an_interest_does_not_speak_of_that_household(
    office: Office, made: ValidationList
) -> None:
    entry, programme, leader = proposed(made), office.programme, leader_of(made)
    (before,) = say(programme, made, answer(entry, "wrongly_in"))
    assert [found.household_id for found in reads.resurvey_queue()] == [entry.household_id]
    say(programme, made, answer(entry, "", conflict=leader))
    # What she said before she declared it no longer counts, and she cannot say it again.
    assert reads.resurvey_queue() == []
    refused("conflict", office, made, answer(entry, "wrongly_in", replaces=before))
    refused("conflict", office, made, answer(made.entries.exclude(pk=entry.pk)[0], conflict=leader))
    other = made.committee.members.filter(leader=False)[0]
    say(programme, made, answer(entry, "wrongly_in", replaces=before, member=other))
    assert [found.household_id for found in reads.resurvey_queue()] == [entry.household_id]
    # Of other households she may speak.
    elsewhere = made.entries.exclude(pk=entry.pk)[1]
    assert say(programme, made, answer(elsewhere))


def test_the_database_refuses_what_code_would_have_to(office: Office, made: ValidationList) -> None:
    entry, leader = proposed(made), leader_of(made)
    (held,) = say(office.programme, made, answer(entry))
    row = {
        "entry": entry, "member": leader, "verdict": "confirm", "effect": "none", "client_id": uuid4(),
        "entered_at": NOW, "entered_by": "raw",
    }  # fmt: skip
    stranger = Member.objects.create(committee=made.committee, name="left", left_on=TODAY)
    Conflict.objects.create(
        member=leader, household_id=entry.household_id, declared_at=NOW, declared_by="raw"
    )
    other = made.entries.exclude(pk=entry.pk)[0]
    for changes in (
        {"replaces": held},  # she has declared an interest meanwhile
        {"entry": other, "member": stranger},
        {"entry": other, "verdict": "wrongly_out" if other.proposed else "wrongly_in", "reason": "other"},
        {"entry": other, "replaces": held},
        {"entry": other, "verdict": "unknown_household"},  # without a reason
        {"entry": other, "effect": "shift", "shift_points": 21},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Verdict.objects.create(**{**row, "client_id": uuid4(), **changes})
    second = made.committee.members.filter(leader=False)[0]
    with pytest.raises(IntegrityError), transaction.atomic():  # a second first verdict
        Verdict.objects.create(**{**row, "client_id": uuid4(), "member": second})
    for table in ("verdict", "conflict", "listentry", "validationlist"):
        with connection.cursor() as cursor:
            cursor.execute("SELECT has_table_privilege(%s, 'UPDATE') OR has_table_privilege(%s, 'DELETE')",
                           [f"targeting_{table}"] * 2)  # fmt: skip
            assert cursor.fetchone() == (False,), table
    # The control: without what was wrong, the same row goes in.
    Verdict.objects.create(**{**row, "client_id": uuid4(), "entry": other})


# ---- the effect ------------------------------------------------------------------------------------------------


def test_by_cutoff_no_combination_of_verdicts_changes_who_is_eligible(
    office: Office, made: ValidationList, tmp_path: Path
) -> None:
    outcomes = dict(Decision.objects.filter(run=made.run).values_list("household_id", "outcome"))
    kinds = ("wrongly", "unknown_household", "wrongly", "confirm")
    for number, entry in enumerate(made.entries.order_by("number")):
        kind = kinds[number % len(kinds)]
        verdict = kind if kind != "wrongly" else "wrongly_in" if entry.proposed else "wrongly_out"
        say(office.programme, made, answer(entry, verdict))
    verdicts = write_verdicts(folder=tmp_path, work=tmp_path)
    assert verdicts is not None
    again = start_run(
        programme=office.programme,
        programme_folder=office.programme_folder,
        snapshot=made.run.snapshot,
        policy_day=made.run.policy_day,
        folders=office.folders,
        actor="test",
        at=NOW,
        verdicts=verdicts,
    )
    assert again == made.run
    assert Run.objects.count() == 1
    assert dict(Decision.objects.filter(run=again).values_list("household_id", "outcome")) == outcomes


def test_what_is_handed_to_the_next_run_is_what_holds(
    office: Office, made: ValidationList, tmp_path: Path
) -> None:
    assert write_verdicts(folder=tmp_path, work=tmp_path) is None
    shifting = office.programme.validation.model_copy(
        update={
            "effects": office.programme.validation.effects.model_copy(
                update={
                    "wrongly_in": office.programme.validation.effects.wrongly_in.model_copy(
                        update={"does": "shift", "points": 2}
                    )
                }
            )
        }
    )
    programme = office.programme.model_copy(update={"validation": shifting})
    shifted, unknown, corrected = made.entries.filter(proposed=True).order_by("number")[:3]
    say(programme, made, answer(shifted, "wrongly_in"), answer(unknown, "unknown_household"))
    (first,) = say(programme, made, answer(corrected, "wrongly_in"))
    say(programme, made, answer(corrected, "confirm", replaces=first))
    file = write_verdicts(folder=tmp_path, work=tmp_path)
    with duckdb.connect() as engine:
        rows = engine.execute(f"SELECT * FROM read_parquet('{file}')").fetchall()
    assert sorted(rows) == sorted(
        [
            (shifted.household_id, 2, False),
            (unknown.household_id, 0, True),
            (corrected.household_id, 0, False),
        ]
    )


def test_a_household_leaves_the_queue_when_it_was_interviewed_since(
    office: Office, made: ValidationList
) -> None:
    entry = proposed(made)
    say(office.programme, made, answer(entry, "wrongly_in"))
    assert [found.household_id for found in reads.resurvey_queue()] == [entry.household_id]
    with connection_of_owner() as cursor:
        cursor.execute(
            "UPDATE registry_household SET interviewed_on = %s WHERE id = %s",
            [TODAY + timedelta(days=3), entry.household_id],
        )
    assert reads.resurvey_queue() == []


# ---- statistics ------------------------------------------------------------------------------------------------


def test_agreement_with_the_score_is_counted_pair_by_pair(office: Office, made: ValidationList) -> None:
    entries = list(made.entries.order_by("number"))
    poor: list[int] = []
    others: list[int] = []
    for number, entry in enumerate(entries):
        score = Decision.objects.get(run=made.run, household_id=entry.household_id).score
        assert score is not None
        against = number % 3 == 0
        verdict = ("wrongly_in" if entry.proposed else "wrongly_out") if against else "confirm"
        say(office.programme, made, answer(entry, verdict))
        (poor if entry.proposed != against else others).append(score)
    pairs = [(p < o) + 0.5 * (p == o) for p in poor for o in others]
    (found,) = [each for each in reads.statistics(RULES) if each.committee_id == made.committee_id]
    assert found.rank_agreement == pytest.approx(sum(pairs) / len(pairs))
    assert (found.households, found.verdicts) == (len(entries), len(entries))
    assert found.confirm + found.wrongly_in + found.wrongly_out == len(entries)


@given(same=st.integers(0, 120), others=st.integers(0, 40))
def test_an_alarm_follows_from_the_binomial_chance(same: int, others: int) -> None:
    counts = {"confirm": same, "wrongly_in": others, "wrongly_out": 0, "unknown_household": 0}
    n, k = same + others, min(same, others)
    chance = reads.chance_of_so_few(k, n, 0.1)
    assert 0 <= chance <= 1 + 1e-9
    assert (reads.ALWAYS_THE_SAME in reads.alarms_of(counts, RULES)) == (n > 0 and chance < 0.01)


def test_forty_four_equal_verdicts_raise_the_alarm_and_forty_three_do_not() -> None:
    def alarms(confirm: int, unknown: int = 0) -> tuple[str, ...]:
        counts = {"confirm": confirm, "wrongly_in": 0, "wrongly_out": 0, "unknown_household": unknown}
        return reads.alarms_of(counts, RULES)

    assert alarms(43) == ()
    assert alarms(44) == (reads.ALWAYS_THE_SAME,)
    assert alarms(0) == ()
    assert alarms(14, 6) == (reads.MANY_UNKNOWN,)
    assert alarms(13, 6) == ()  # too few to say


def test_a_secretary_and_places_are_as_the_helpers_say(office: Office, made: ValidationList) -> None:
    assert made.committee.place_id == place_with_most()
    assert made.committee.secretary == secretary(office)
    assert find_run("latest") == made.run
