"""A committee with a list, for tests of what it says and of the pages it is entered on."""

from __future__ import annotations

from collections import Counter
from uuid import UUID, uuid4

from django.contrib.auth.models import User

from kafalat.interfaces.logins import ensure_logins, staff
from kafalat.interfaces.office import Office
from kafalat.policy.model import Programme
from kafalat.registry.selectors import place_tree
from kafalat.targeting.community import Answer, enter, form_committee, open_list
from kafalat.targeting.models import Decision, ListEntry, Member, ValidationList, Verdict
from kafalat.targeting.runs import find_run
from tests.conftest import NOW

TODAY = NOW.date()
LEADER, MEMBERS = "Sughra Bibi", ("Nasreen", "Zainab", "Rukhsana", "Shamim", "Parveen")


def place_with_most() -> str:
    """The district of the newest run with the most eligible households among those that have near-misses."""
    tree, counts = place_tree(), {"eligible": Counter[str](), "near": Counter[str]()}
    of_run = Decision.objects.filter(run=find_run("latest"))
    near = of_run.filter(reasons=["score_above_cutoff"], score__lte=50)
    for kind, decisions in (("eligible", of_run.filter(outcome="eligible")), ("near", near)):
        for place in decisions.values_list("household__place_id", flat=True):
            district = tree.at(place, "district")
            assert district is not None
            counts[kind][district.pcode] += 1
    return max(sorted(counts["near"]), key=counts["eligible"].__getitem__)


def secretary(office: Office) -> User:
    """The demo's secretary of committees."""
    ensure_logins(office.home)
    return staff("secretary")


def by_district(office: Office) -> Programme:
    """The programme with lists for whole districts and wide near-misses: a tehsil has few of the template's 400 households."""
    validation = office.programme.validation.model_copy(update={"level": "district", "near_miss_points": 25})
    return office.programme.model_copy(update={"validation": validation})


def a_list(office: Office, programme: Programme | None = None, place: str | None = None) -> ValidationList:
    """The list of the newest run in a district with a committee of six."""
    programme = programme or by_district(office)
    place = place or place_with_most()
    form_committee(
        programme=programme,
        place=place,
        leader=LEADER,
        members=MEMBERS,
        secretary=secretary(office),
        formed_on=TODAY,
        actor="test",
        at=NOW,
    )
    return open_list(
        programme=programme, run=find_run("latest"), place=place, today=TODAY, actor="test", at=NOW
    )


def leader_of(made: ValidationList) -> Member:
    return made.committee.members.get(leader=True)


def answer(
    entry: ListEntry,
    verdict: str = "confirm",
    *,
    reason: str = "",
    member: Member | None = None,
    replaces: Verdict | None = None,
    client_id: UUID | None = None,
    conflict: Member | None = None,
) -> Answer:
    """What the committee says of an entry; the leader speaks unless told otherwise."""
    return Answer(
        entry_id=entry.pk,
        verdict=verdict,
        reason=reason or ("other" if verdict not in {"confirm", ""} else ""),
        note="",
        member_id=(member or leader_of(entry.validation_list)).pk,
        replaces=replaces.pk if replaces else None,
        client_id=client_id or uuid4(),
        conflict=conflict.pk if conflict else None,
    )


def say(programme: Programme, made: ValidationList, *answers: Answer) -> list[Verdict]:
    return enter(
        programme=programme, validation_list=made, answers=answers, today=TODAY, actor="secretary", at=NOW
    )
