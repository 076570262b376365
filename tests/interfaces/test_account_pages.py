"""The pages of accounts: what waits comes first, a change takes two people, and no number stands on a page in full."""

from __future__ import annotations

import pytest
from django.db import transaction

from kafalat.config.sealing import sealer
from kafalat.core.text import LANGUAGES
from kafalat.enrolment.enrol import IBAN_PURPOSE
from kafalat.enrolment.models import Account, Beneficiary, Change, LifeVisit
from kafalat.enrolment.standing import suspend
from kafalat.interfaces import programmes
from kafalat.registry.selectors import CNIC_PURPOSE
from tests.conftest import NOW
from tests.enrolment.steps import TODAY, officer, paid_into, second_officer
from tests.interfaces.people import USERNAMES, browser_of, html, logged_in

IBAN = "PK36SCBL0000001123456702"


def form_of(account: Account) -> dict[str, str]:
    """What an officer types to move a payee to another account of the same bank."""
    iban = sealer().unseal(bytes(account.iban_sealed), IBAN_PURPOSE)
    body = f"{9 * 10**15 + 5:016d}"
    check = 98 - int("".join(str(int(c, 36)) for c in iban[4:8] + body + "PK00")) % 97
    return {
        "bank": account.bank,
        "iban": f"PK{check:02d}{iban[4:8]}{body}",
        "mobile": "0333-9000001",
        "reason": "her phone was lost",
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_two_officers_change_an_account_and_no_page_shows_a_number_in_full(
    enrolled: str, language: str
) -> None:
    account = paid_into("account")
    typed = form_of(account)
    first, second = browser_of(officer()), browser_of(second_officer())
    page = f"/{language}/accounts/of/{account.beneficiary_id}/"
    assert first.get(f"{page}account/").status_code == 200
    answer = first.post(f"{page}account/", typed)
    change = Change.objects.get()
    assert answer["Location"] == f"/{language}/accounts/changes/{change.pk}/"
    own = html(first.get(answer["Location"]))
    assert 'value="approve"' not in own
    shown = html(second.get(answer["Location"]))
    assert 'value="approve"' in shown
    assert account.iban_last4 in shown
    assert typed["iban"][-4:] in shown
    assert first.post(answer["Location"], {"act": "approve"}).status_code == 403
    assert second.post(answer["Location"], {"act": "approve"})["Location"] == page
    numbers = [typed["iban"], sealer().unseal(bytes(account.iban_sealed), IBAN_PURPOSE)]
    numbers.append(sealer().unseal(bytes(account.payee.cnic_sealed or b""), CNIC_PURPOSE))
    for address in (page, f"/{language}/accounts/", answer["Location"], f"{page}cnic/", f"{page}payee/"):
        text = html(second.get(address)).replace(" ", "").replace("-", "")
        assert not [number for number in numbers if number[-12:] in text]
    assert "•••• " + typed["iban"][-4:] in html(second.get(page))


def test_what_is_typed_wrongly_is_said_on_the_form_and_not_sent_back(enrolled: str) -> None:
    account = paid_into("account")
    answer = browser_of(officer()).post(
        f"/ur/accounts/of/{account.beneficiary_id}/account/", {**form_of(account), "iban": IBAN}
    )
    assert answer.status_code == 400
    assert "IBAN" in html(answer)
    assert IBAN not in html(answer)
    assert not Change.objects.exists()


def test_a_payee_reported_dead_is_found_alive_by_two(enrolled: str) -> None:
    found = Beneficiary.objects.filter(status="active")[0]
    with transaction.atomic():
        suspend(
            beneficiaries=[found.pk],
            reason="reported_dead",
            programme=programmes.in_force(),
            today=TODAY,
            user=officer(),
            at=NOW,
        )
    first, second = browser_of(officer()), browser_of(second_officer())
    visit = {"beneficiary": found.pk, "outcome": "alive", "visited_on": TODAY.isoformat(), "note": "at home"}
    assert first.post("/en/accounts/life/", visit).status_code == 302
    confirm = {"confirm": LifeVisit.objects.get().pk}
    assert first.post("/en/accounts/life/", confirm).status_code == 403
    assert "at home" in html(second.get("/en/accounts/life/"))
    assert second.post("/en/accounts/life/", confirm).status_code == 302
    found.refresh_from_db()
    assert found.status == "active"


def test_the_overview_names_what_waits_before_any_total(enrolled: str) -> None:
    page = html(logged_in("account_officer").get("/en/accounts/"))
    assert page.index("Needs attention") < page.index("Titles to compare") < page.index("From request")
    for account in Account.objects.filter(title_status="doubtful"):
        assert f"/en/accounts/titles/{account.pk}/" in page


def test_others_neither_ask_nor_decide(enrolled: str) -> None:
    account = paid_into("account")
    browser_of(officer()).post(f"/en/accounts/of/{account.beneficiary_id}/account/", form_of(account))
    change = f"/en/accounts/changes/{Change.objects.get().pk}/"
    for role in sorted(USERNAMES.keys() - {"account_officer"}):
        client = logged_in(role)
        asking = client.get(f"/en/accounts/of/{account.beneficiary_id}/account/")
        assert asking.status_code == 403, role
        assert client.get(change).status_code == (200 if role == "auditor" else 403), role
        assert client.post(change, {"act": "approve"}).status_code == 403, role
    assert Change.objects.get().status == "asked"
