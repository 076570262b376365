"""The console's pages over a real database: who may open what, what stands on them, and that numbers agree with the rows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver

from kafalat.core.identifiers import format_cnic, format_form_number, mask_cnic
from kafalat.core.money import rupees_text
from kafalat.core.quarters import Quarter
from kafalat.core.text import LANGUAGES
from kafalat.enrolment.models import Account, Beneficiary
from kafalat.integrity.models import Alert
from kafalat.interfaces.console.overview import overview
from kafalat.interfaces.jobs.services import start_job
from kafalat.interfaces.logins import ensure_logins
from kafalat.interfaces.models import Job
from kafalat.interfaces.office import Office
from kafalat.payments import selectors as payments
from kafalat.payments.models import BankFile, Cycle, Payment, Transfer, Verification, Withdrawal
from kafalat.registry.models import Household, Interview, Person, Place
from kafalat.registry.places import import_boundaries
from kafalat.targeting.models import Decision, Run, ValidationList
from tests.conftest import NOW
from tests.interfaces.people import USERNAMES, browser, browser_of, html, logged_in, somebody
from tests.payments.steps import opened, prepared

ROLES = tuple(sorted(USERNAMES))
PAYMENT_ROLES = {"payment_authoriser", "payment_checker", "payment_maker", "payment_releaser"}
HOUSEHOLD_ROLES = {"account_officer", "auditor", "desk_clerk"} | PAYMENT_ROLES
CYCLE_ROLES = {"analyst", "auditor", "reconciler", "treasury_officer"} | PAYMENT_ROLES
# Who may open which page. A page that is missing here fails the test below, so none can be forgotten.
ALLOWED = {
    "overview": set(ROLES),
    "households": HOUSEHOLD_ROLES,
    "household": HOUSEHOLD_ROLES,
    "what_if": HOUSEHOLD_ROLES,
    "runs": set(ROLES),
    "run": set(ROLES),
    "cycles": CYCLE_ROLES,
    "cycle": CYCLE_ROLES,
    "came_back": CYCLE_ROLES,
    "held_back": CYCLE_ROLES,
    "prepare": {"payment_maker"},
    "decide": {"payment_checker"},
    "cycle_open": {"payment_maker"},
    "cycle_close": {"payment_maker"},
    "cycle_returns": {"reconciler"},
    "files": {"account_officer", "reconciler", "treasury_officer"},
    "calendar": CYCLE_ROLES,
    "payments": CYCLE_ROLES,
    "payment": CYCLE_ROLES,
    "ledger": CYCLE_ROLES,
    "ledger_rows": CYCLE_ROLES,
    "recalls": CYCLE_ROLES,
    "recall_ask": {"payment_releaser", "reconciler"},
    "idle": CYCLE_ROLES,
    "idle_payments": CYCLE_ROLES,
    "outbox": CYCLE_ROLES,
    "reconciliation": {"auditor", "reconciler", "treasury_officer"},
    "reconciliation_lines": {"auditor", "reconciler", "treasury_officer"},
    "banks": CYCLE_ROLES,
    "jobs": CYCLE_ROLES | {"account_officer"},
    "job": CYCLE_ROLES,
    "counter": {"counter_operator"},
    "verification": {"counter_operator"},
    "receipt": {"auditor", "counter_operator", "counter_supervisor"},
    "counter_approvals": {"counter_supervisor"},
    "alerts": {"auditor", "integrity_officer"},
    "alert": {"auditor", "integrity_officer"},
    "accounts": {"account_officer", "auditor"},
    "beneficiary": {"account_officer", "auditor"},
    "account_title": {"account_officer", "auditor"},
    "life_queue": {"account_officer", "auditor"},
    "standing": {"account_officer"},
    "committee_lists": {"auditor", "committee_secretary"},
    "committee_list": {"auditor", "committee_secretary"},
    "committee_statistics": set(ROLES),
    "committee_resurvey": HOUSEHOLD_ROLES,
    "simulation": set(ROLES),
}
# What is no page: a printed list, what a tablet sends and what it is served by (test_community.py); the slip
# (test_slips.py); a list's cover (test_cover_sheet.py); what stops work (test_browser_payments.py). What needs a saved simulation, and exports, are tried by role in test_simulation.py.
NO_PAGES = {
    *(
        "counter_begin",  # test_counter_pages.py
        "counter_pay",
        "receipt_paper",
        "committee_paper",
        "committee_verdicts",
        "committee_worker",
        "slip",
        "cover",
        "job_cancel",
        "check_books",  # below
        "cycle_send",  # test_cycle_steps.py
        "reconciliation_line",  # test_workbench.py
        *("change_ask", "account_change"),  # test_account_pages.py
        "recall",  # test_money_pages.py
        "wallet_callback",
    ),
    *("simulation_save", "simulation_saved", "simulation_compare", "simulation_csv", "simulation_json"),
}
OPEN_TO_ALL = {"login", "logout", "status", "guide"}


def a_job() -> Job:
    """A check of the ledger that waits."""
    waiting = Job.objects.first()
    return waiting or start_job(kind="ledger", arguments={}, user=None, at=NOW)


def addresses() -> dict[str, str]:
    """One address per page of the console, of objects that exist."""
    cycle, run = Cycle.objects.latest(), Run.objects.latest()
    household = f"households/{Decision.objects.values_list('household_id', flat=True)[0]}/"
    return {
        "overview": "",
        "households": "households/?outcome=eligible",
        "household": household,
        "what_if": f"{household}what-if/",
        "runs": "runs/",
        "run": f"runs/{run.pk}/",
        "cycles": "cycles/",
        "cycle": f"cycles/{cycle.pk}/",
        "came_back": f"cycles/{cycle.pk}/back/",
        "held_back": f"cycles/{cycle.pk}/held-back/",
        "prepare": f"cycles/{cycle.pk}/prepare/phase_1/",
        "cycle_open": "cycles/open/2026Q2/",
        "cycle_close": f"cycles/{cycle.pk}/close/",
        "cycle_returns": f"cycles/{cycle.pk}/returns/",
        "files": "files/",
        "calendar": "calendar/",
        "payments": f"payments/?cycle={cycle.pk}",
        "payment": f"payments/{Payment.objects.values_list('identity', flat=True)[0]}/",
        "recalls": "recalls/",
        "recall_ask": f"payments/{Payment.objects.values_list('identity', flat=True)[0]}/recall/",
        "idle": "idle/",
        "idle_payments": "idle/payments/",
        "outbox": "outbox/",
        "ledger": f"ledger/?cycle={cycle.pk}",
        "ledger_rows": "ledger/rows/?account=obligation",
        "reconciliation": "reconciliation/",
        "reconciliation_lines": "reconciliation/lines/",
        "banks": "banks/",
        "jobs": "jobs/",
        "job": f"jobs/{a_job().pk}/",
        "decide": f"lists/{payments.lists_of(cycle)[0].payment_list.pk}/approve/",
        "counter": "counter/",
        "verification": f"counter/verifications/{Verification.objects.latest('id').pk}/",
        "receipt": f"counter/receipts/{Withdrawal.objects.filter(authorisation__isnull=False).latest('id').pk}/",
        "counter_approvals": "counter/approvals/",
        "alerts": "alerts/",
        "alert": f"alerts/{Alert.objects.latest('id').pk}/",
        "accounts": "accounts/",
        "beneficiary": f"accounts/of/{Beneficiary.objects.values_list('pk', flat=True)[0]}/",
        "account_title": f"accounts/titles/{Account.objects.filter(title_status='doubtful')[0].pk}/",
        "life_queue": "accounts/life/",
        "standing": f"accounts/of/{Beneficiary.objects.values_list('pk', flat=True)[0]}/standing/suspend/",
        "committee_lists": "committees/",
        "committee_list": f"committees/{ValidationList.objects.latest('id').pk}/",
        "committee_statistics": "committees/statistics/",
        "committee_resurvey": "committees/interviews/",
        "simulation": "simulation/",
    }


def numbers_in(page: str) -> str:
    """The words of a page without tags, so that numbers can be looked for."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_every_page_has_its_rule() -> None:
    patterns = [p for entry in get_resolver().url_patterns for p in getattr(entry, "url_patterns", [entry])]
    names = {str(pattern.name) for pattern in patterns if isinstance(pattern, URLPattern)}
    assert names == ALLOWED.keys() | OPEN_TO_ALL | NO_PAGES


def test_every_role_opens_what_its_work_needs_and_nothing_else(paid: str) -> None:
    pages = addresses()
    browsers = {role: logged_in(role) for role in ROLES}
    opened = {
        name: {
            role for role, browser in browsers.items() if browser.get(f"/en/{pages[name]}").status_code == 200
        }
        for name in ALLOWED
    }
    assert opened == ALLOWED
    refused = browsers["analyst"].get(f"/ur/{pages['household']}")
    assert refused.status_code == 403
    assert "آڈیٹر" in html(refused)


def test_a_person_without_a_role_opens_nothing_even_as_superuser(paid: str) -> None:
    superuser = User.objects.create_superuser("root", password="a long enough word")
    gone = User.objects.get(username="auditor")
    browser, late = browser_of(superuser), browser_of(gone)
    gone.is_active = False
    gone.save()
    for address in addresses().values():
        assert browser.get(f"/en/{address}").status_code == 403
        assert late.get(f"/en/{address}").status_code == 302


def test_nobody_reads_the_console_without_logging_in(paid: str) -> None:
    for address in addresses().values():
        response = browser().get(f"/ur/{address}")
        assert response.status_code == 302
        assert response["Location"].startswith("/ur/login/?next=")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_speaks_its_language_and_leads_to_itself_in_the_other(paid: str, language: str) -> None:
    other = "en" if language == "ur" else "ur"
    direction = "rtl" if language == "ur" else "ltr"
    sheet = "bootstrap.rtl.min.css" if language == "ur" else "bootstrap.min.css"
    auditor = logged_in("auditor")
    own = {
        "decide": "payment_checker",
        "prepare": "payment_maker",
        "cycle_open": "payment_maker",
        "cycle_close": "payment_maker",
        "cycle_returns": "reconciler",
        "files": "reconciler",
        "counter": "counter_operator",
        "verification": "counter_operator",
        "counter_approvals": "counter_supervisor",
        "recall_ask": "reconciler",
        "standing": "account_officer",
    }
    for name, address in addresses().items():
        reader = logged_in(own[name]) if name in own else auditor
        page = html(reader.get(f"/{language}/{address}"))
        assert f'<html lang="{language}" dir="{direction}">' in page
        assert sheet in page
        assert f'href="/{other}/{address}"' in page
        assert "<script" not in page.replace('<script src="/static/vendor/htmx.min.js" defer></script>', "")


def test_pages_stay_light(paid: str) -> None:
    """Compressed page and style sheets together stay under 150 kB, fonts apart."""
    sheets = Path(__file__).parents[2] / "src" / "kafalat" / "interfaces" / "static"
    fixed = (
        (sheets / "kafalat.css").stat().st_size + 31_000 + 17_000 + 1_000
    )  # Bootstrap, htmx, font faces: compressed
    for name, address in addresses().items():
        reader = logged_in("payment_checker") if name == "decide" else logged_in("auditor")
        response = reader.get(f"/ur/{address}", headers={"accept-encoding": "gzip"})
        assert response["Content-Encoding"] == "gzip"
        assert len(response.content) + fixed < 150_000


def test_the_overview_s_figures_are_those_of_the_rows(paid: str) -> None:
    run, cycle = Run.objects.latest(), Cycle.objects.latest()
    paid_paisa = sum(Payment.objects.filter(status="paid").values_list("amount_paisa", flat=True))
    page = numbers_in(html(logged_in("analyst").get("/en/")))
    assert f"Households surveyed {Household.objects.count():,} {Person.objects.count():,} people" in page
    assert f"Eligible {run.eligible:,} run {run.pk}" in page
    assert f"Paid in {cycle.tranche} {rupees_text(paid_paisa)}" in page
    assert f"{run.incomplete} households have no decision because answers are missing" in page
    assert "Synthetic population" in page


def test_what_waits_for_a_person_is_told_for_every_cycle(paid: str, office: Office) -> None:
    parked = Payment.objects.filter(resolution__action="park").count()
    prepared(office, opened(office, Quarter(2026, 2)))
    page = numbers_in(html(logged_in("reconciler").get("/en/")))
    assert parked > 0
    assert f"{parked} payments of 2026Q1 came back and are parked until a person decides" in page
    assert "payments in list 1 of 2026Q2" in page
    assert "waits to be checked" in page


def test_tiles_lead_to_the_households_of_a_district_only_for_those_who_may_read_them(paid: str) -> None:
    address = "/en/households/?place=PK"
    assert address in html(logged_in("auditor").get("/en/?map=paid"))
    assert address not in html(logged_in("analyst").get("/en/?map=paid"))


def test_boundaries_take_the_place_of_tiles(paid: str, tmp_path: Path) -> None:
    square = {"type": "Polygon", "coordinates": [[[70, 30], [71, 30], [71, 31], [70, 31], [70, 30]]]}
    file = tmp_path / "districts.geojson"
    feature = {"type": "Feature", "properties": {"adm2_pcode": "PK617"}, "geometry": square}
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    before = html(logged_in("auditor").get("/en/"))
    import_boundaries(path=file, actor="test", at=NOW)
    after = html(logged_in("auditor").get("/en/"))
    assert "One tile per district" in before
    assert "One tile per district" not in after
    assert after.count("<svg") == before.count("<svg")


def test_a_survey_that_knows_provinces_only_is_shown_by_province_and_says_so(paid: str) -> None:
    tehsils = {place.pcode: place for place in Place.objects.select_related("parent__parent")}
    for household in Household.objects.all():
        place = tehsils[household.place_id]
        while place.level != "province":
            place = tehsils[place.parent_id or ""]
        household.place = place
        household.save(update_fields=["place"])
    page = html(logged_in("auditor").get("/en/"))
    assert "By province" in page
    assert "names only the province" in page


def test_an_empty_installation_has_pages_that_say_so(database: str, office: Office) -> None:
    ensure_logins(office.home)
    for address, words in (
        ("", "no run yet"),
        ("runs/", "There is no run yet"),
        ("cycles/", "No cycle"),
        ("households/?q=Bibi", "No household"),
    ):
        assert words in html(logged_in("auditor").get(f"/en/{address}"))


# ---- households ------------------------------------------------------------------------------------------------


def find(text: str, **more: str) -> str:
    """What a clerk reads after she typed `text` and searched."""
    response = logged_in("desk_clerk").post("/en/households/", {"q": text, **more}, follow=True)
    assert response.status_code == 200
    return html(response)


def urdu_digits(text: str) -> str:
    return text.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))


def test_a_household_is_found_by_cnic_form_number_and_name_in_either_script(paid: str) -> None:
    known = somebody("eligible")
    shown = format_form_number(known.form_number)
    person = known.person
    asked = (
        known.cnic,
        format_cnic(known.cnic),
        urdu_digits(known.cnic),
        known.form_number,
        shown,
        urdu_digits(shown),
    )
    for text in asked:
        assert shown in find(text), text
    for name in (person.name_en, person.name_ur, person.name_en.lower()):
        assert shown in find(name, place=person.household.place_id), name


def test_lists_and_pages_show_identifiers_masked_and_say_they_are_synthetic(paid: str) -> None:
    known = somebody("eligible")
    page = html(logged_in("desk_clerk").get(f"/en/households/{known.household_id}/"))
    for view in (page, find(known.cnic), find(known.person.name_en)):
        assert known.cnic not in view
        assert format_cnic(known.cnic) not in view
        assert "synthetic" in view
    assert mask_cnic(known.cnic) in page


def test_a_number_of_a_person_never_stands_in_an_address(paid: str) -> None:
    known, clerk = somebody("eligible"), logged_in("desk_clerk")
    for text in (known.cnic, known.form_number, "7999999999998"):
        response = clerk.post("/en/households/", {"q": text})
        assert text not in response.get("Location", "")
        assert text not in html(response)
        assert "0 household" not in html(clerk.get("/en/households/", {"q": text})), (
            "an address is read as a name alone"
        )
    assert "No household has this number" in find("7999999999998")


def test_a_search_can_be_narrowed_to_a_place_and_a_decision(paid: str) -> None:
    run = Run.objects.latest()
    page = find("", outcome="incomplete")
    assert re.search(rf"\b{run.incomplete} household", page)
    decision = Decision.objects.filter(run=run, outcome="incomplete").first()
    assert decision is not None
    same = Decision.objects.filter(run=run, missing_facts__contains=[decision.missing_facts[0]]).count()
    assert re.search(rf"\b{same} household", find("", missing=decision.missing_facts[0]))
    here = (
        Household.objects.filter(place__parent_id="PK617").count()
        + Household.objects.filter(place_id="PK617").count()
    )
    assert re.search(rf"\b{here} household", find("", place="PK617"))
    assert "No household was found" in find("", place="PKnowhere")
    assert "at least three letters" in find("ab")


def test_a_page_of_results_leads_to_the_next_with_its_filters(paid: str) -> None:
    clerk = logged_in("desk_clerk")
    assert "?outcome=ineligible&amp;page=2" in find("", outcome="ineligible")
    for page, shown in (("2", "2"), ("nonsense", "1"), ("999999", "")):
        assert f"Page {shown}" in html(clerk.get(f"/en/households/?outcome=ineligible&page={page}"))


def test_a_household_s_page_adds_up_to_its_score(paid: str) -> None:
    for outcome in ("eligible", "ineligible"):
        known = somebody(outcome)
        page = numbers_in(html(logged_in("desk_clerk").get(f"/en/households/{known.household_id}/")))
        table = page[page.index("Every household starts with") : page.index("held between 0 and 100")]
        # Answers stand in the same cells as numbers without a sign; points carry one, or are a lone 0.
        points = [int(text.replace("−", "-")) for text in re.findall(r"(?<![\w,])[+−]\d+", table)]
        score = Decision.objects.get(household_id=known.household_id).score
        assert score == max(0, min(100, sum(points)))


def test_a_household_s_page_shows_what_is_missing_and_who_cannot_be_paid(paid: str) -> None:
    known = somebody("incomplete")
    page = html(logged_in("auditor").get(f"/ur/households/{known.household_id}/"))
    assert "نامکمل" in page
    assert "جو جوابات موجود نہیں" in page


def test_the_timeline_holds_interview_decision_enrolment_and_every_payment(paid: str) -> None:
    payment = Payment.objects.filter(status="paid").select_related("entitlement__beneficiary__family").first()
    assert payment is not None
    household_id = payment.entitlement.beneficiary.family.household_id
    page = html(logged_in("auditor").get(f"/en/households/{household_id}/"))
    assert Interview.objects.filter(household_id=household_id).exists()
    for kind in ("interview", "decision", "enrolment", "payment"):
        assert f"event-{kind}" in page
    assert payment.identity in page


def test_a_household_that_does_not_exist_gets_a_clear_page(paid: str) -> None:
    for language, words in (("en", "There is no household 999999"), ("ur", "گھرانہ 999999 موجود نہیں")):
        response = logged_in("auditor").get(f"/{language}/households/999999/")
        assert response.status_code == 404
        assert words in html(response)


# ---- runs and cycles -------------------------------------------------------------------------------------------


def test_a_run_s_page_counts_what_was_decided(paid: str) -> None:
    run = Run.objects.latest()
    page = html(logged_in("analyst").get(f"/en/runs/{run.pk}/"))
    for digest in (run.digest, run.programme_sha256, run.snapshot.sha256):
        assert digest in page
    with_score = Decision.objects.filter(run=run, score__isnull=False)
    bands = re.findall(
        r'<td class="num">([\d,]+)</td>', page[page.index("The same as a table") : page.index("What proves")]
    )
    assert (
        sum(int(number.replace(",", "")) for number in bands)
        == with_score.exclude(outcome="incomplete").count()
    )


def test_a_cycle_s_page_agrees_with_files_and_ledger(paid: str) -> None:
    cycle = Cycle.objects.latest()
    page = html(logged_in("reconciler").get(f"/en/cycles/{cycle.pk}/"))
    for file in BankFile.objects.all():
        assert file.message_id in page
        assert rupees_text(file.control_sum_paisa) in page
    balances = payments.balances(cycle)
    assert sum(balance.balance_paisa for balance in balances) == 0
    assert sum(balance.debit_paisa for balance in balances) == sum(
        Transfer.objects.values_list("amount_paisa", flat=True)
    )
    stages = {stage.code: stage.count for stage in payments.stages(cycle)}
    assert stages["paid"] == Payment.objects.filter(status="paid").count()
    assert stages["due"] >= stages["sent"] >= stages["accepted"] >= stages["paid"]


def test_what_came_back_is_counted_as_the_rows_say(paid: str) -> None:
    cycle = Cycle.objects.latest()
    back = payments.came_back(cycle)
    assert (
        sum(row.count for row in back) == Payment.objects.filter(status__in=["rejected", "returned"]).count()
    )
    for row in back:
        query = {"status": row.status, "reason": row.reason_code}
        page = html(logged_in("reconciler").get(f"/en/cycles/{cycle.pk}/back/", query))
        assert page.count("<tr>") - 1 == row.count


def test_the_number_of_questions_to_the_database_does_not_grow_with_the_rows(paid: str) -> None:
    for address, most in (("", 45), ("households/?outcome=ineligible", 20), ("runs/", 12)):
        reader = logged_in("auditor")
        with CaptureQueriesContext(connection) as asked:
            assert reader.get(f"/en/{address}").status_code == 200
        assert len(asked) <= most, address


def test_a_check_of_the_books_is_started_by_those_whose_work_it_is(paid: str) -> None:
    for role in sorted(set(ROLES) - {"auditor", "reconciler"}):
        assert logged_in(role).post("/en/ledger/check/").status_code == 403, role
    assert not Job.objects.filter(kind="ledger").exists()
    started = logged_in("auditor").post("/en/ledger/check/")
    assert started["Location"] == f"/en/jobs/{Job.objects.get(kind='ledger').pk}/"


# ---- problems and lost pages -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "words"), [("en", "There is no such page"), ("ur", "ایسا کوئی صفحہ نہیں")]
)
def test_a_lost_page_answers_in_its_language(database: str, language: str, words: str) -> None:
    response = browser().get(f"/{language}/nowhere/")
    assert response.status_code == 404
    assert words in html(response)


def test_a_form_without_its_token_is_refused_clearly(database: str) -> None:
    response = browser(enforce_csrf_checks=True).post("/ur/status/", {"cnic": "1", "form_number": "2"})
    assert response.status_code == 403
    assert "کچھ تبدیل نہیں ہوا" in html(response)


def test_a_fault_of_ours_gets_a_page_that_asks_the_database_nothing(
    paid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("kafalat.interfaces.console.overview.registry_figures", broken)
    browser = logged_in("auditor")
    browser.raise_request_exception = False
    response = browser.get("/ur/")
    assert response.status_code == 500
    assert "ہماری طرف سے کوئی خرابی ہوئی" in html(response)
    assert overview.__name__ not in html(response)
