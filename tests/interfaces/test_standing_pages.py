"""Where one family stands, moved from its own page: with a reason, by whose work it is, and a death only by two officers."""

from __future__ import annotations

import pytest

from kafalat.core.text import LANGUAGES
from kafalat.enrolment.models import Beneficiary, LifeVisit
from tests.enrolment.steps import officer, second_officer
from tests.interfaces.people import USERNAMES, browser_of, html, logged_in


def family() -> Beneficiary:
    """An active family."""
    return Beneficiary.objects.filter(status="active").earliest("pk")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_family_is_suspended_taken_back_and_leaves_for_good(enrolled: str, language: str) -> None:
    found, clerk = family(), browser_of(officer())
    home = f"/{language}/accounts/of/{found.pk}/"
    assert f'href="{home}standing/suspend/"' in html(clerk.get(home))
    assert f'href="{home}standing/reinstate/"' not in html(clerk.get(home))
    steps = (
        ("suspend", "under_inquiry", "suspended", "reinstate"),
        ("reinstate", "nothing was found", "active", "suspend"),
        ("exit", "own_wish", "exited", ""),
    )
    for act, reason, after, offered in steps:
        form = f"{home}standing/{act}/"
        assert html(clerk.get(form)).count("<li>") >= 2, "the page says what will change"
        assert clerk.post(form, {"reason": ""}).status_code == 400
        assert clerk.post(form, {"reason": reason})["Location"] == home
        found.refresh_from_db()
        assert (found.status, found.standing_reason) == (after, reason)
        assert ("standing/" in html(clerk.get(home))) == bool(offered)
        assert f"standing/{offered}/" in html(clerk.get(home)) or not offered
    late = clerk.post(f"{home}standing/suspend/", {"reason": "under_inquiry"})
    assert late.status_code == 409
    found.refresh_from_db()
    assert found.status == "exited"


def test_a_reported_death_needs_a_visit_and_another_officer_all_from_the_family_s_page(enrolled: str) -> None:
    found, first, second = family(), browser_of(officer()), browser_of(second_officer())
    home = f"/en/accounts/of/{found.pk}/"
    report = f"{home}standing/suspend/?reason=reported_dead"
    assert f'href="{report}"' in html(first.get(home))
    assert 'value="reported_dead" required checked' in html(first.get(report))
    first.post(f"{home}standing/suspend/", {"reason": "reported_dead"})
    assert "standing/reinstate/" not in html(first.get(home)), "nobody is taken back by a click"
    alone = first.post(f"{home}standing/reinstate/", {"reason": "I know her"})
    assert alone.status_code == 409
    assert "record the visit first" in html(alone)
    visit = {
        "family": found.pk,
        "beneficiary": found.pk,
        "outcome": "alive",
        "visited_on": "2026-02-01",
        "note": "at home",
    }
    assert first.post("/en/accounts/life/", visit)["Location"] == home
    confirm = {"family": found.pk, "confirm": LifeVisit.objects.get().pk}
    assert 'name="confirm"' not in html(first.get(home))
    assert first.post("/en/accounts/life/", confirm).status_code == 403
    found.refresh_from_db()
    assert found.status == "suspended"
    assert 'name="confirm"' in html(second.get(home))
    assert second.post("/en/accounts/life/", confirm)["Location"] == home
    found.refresh_from_db()
    assert found.status == "active"


def test_only_account_officers_move_a_family(enrolled: str) -> None:
    found = family()
    for role in sorted(USERNAMES.keys() - {"account_officer"}):
        client = logged_in(role)
        for act, reason in (("suspend", "under_inquiry"), ("exit", "own_wish"), ("reinstate", "x")):
            form = f"/en/accounts/of/{found.pk}/standing/{act}/"
            assert client.get(form).status_code == 403, role
            assert client.post(form, {"reason": reason}).status_code == 403, role
    assert "standing/" not in html(logged_in("auditor").get(f"/en/accounts/of/{found.pk}/"))
    found.refresh_from_db()
    assert found.status == "active"
