"""Gives the demo's secretary a committee and its list, so that there is one to look at. Its members' names are made up."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.targeting.committee_selectors import first_committee, place_with_most_eligible
from kafalat.targeting.community import form_committee, open_list
from kafalat.targeting.models import Run, ValidationList

LEADER = "صغریٰ بی بی"
MEMBERS = ("نسرین اختر", "زینب بی بی", "رخسانہ کوثر", "شمیم اختر", "پروین بی بی")


def ask_committee(office: Office, run: Run, *, actor: str, at: datetime) -> ValidationList | None:
    """Open the list of the first committee, formed where most households are eligible; None where no such place is known."""
    programme = office.programme_of(run.programme_sha256)
    today = timezone.localtime(at).date()
    committee = first_committee()
    if committee is None:
        place = place_with_most_eligible(run, programme.validation.level)
        if place is None:
            return None
        committee = form_committee(
            programme=programme,
            place=place,
            leader=LEADER,
            members=MEMBERS,
            secretary=staff("secretary"),
            formed_on=today,
            actor=actor,
            at=at,
        )
    return open_list(programme=programme, run=run, place=committee.place_id, today=today, actor=actor, at=at)
