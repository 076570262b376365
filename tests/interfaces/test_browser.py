"""The pages in a real browser: both languages and directions, small screens, keyboard, no scripts, and what axe finds.

Goal: what a person meets is right, not only what the server sent. Method: a server on a free port over a database
of the test's own, driven by Chromium; a picture of each page lies in `build/screenshots` afterwards.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.wsgi import get_wsgi_application
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from kafalat.core.quarters import Quarter
from kafalat.core.text import LANGUAGES
from kafalat.interfaces.logins import ensure_logins
from kafalat.interfaces.office import Office
from kafalat.payments.models import Approval, Cycle, Payment, PaymentList
from kafalat.targeting.models import Run
from tests.interfaces.people import logged_in, somebody
from tests.payments.steps import checked, opened

pytestmark = pytest.mark.browser

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
DESKTOP, PHONE = 1280, 360
SERIOUS = {"serious", "critical"}

Start = Callable[..., Page]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""


@pytest.fixture
def waiting(office: Office, paid: str) -> PaymentList:
    """A list of the next tranche that waits for its two approvals, beside a cycle that was paid and closed."""
    ensure_logins(office.home)
    return checked(office, opened(office, Quarter(2026, 2)))


@pytest.fixture
def site(waiting: PaymentList, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server over this test's database."""
    # Playwright keeps an event loop in this thread; Django would refuse the database here for that alone.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    server = make_server("127.0.0.1", 0, get_wsgi_application(), server_class=_Server, handler_class=_Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def start(site: str) -> Iterator[Start]:
    """Opens a page: who is logged in (a role, or nobody), how wide the screen is, and whether scripts run."""
    if CHROMIUM is None:
        pytest.skip("left out: needs Chromium")
    with ExitStack() as stack:
        playwright = stack.enter_context(sync_playwright())
        browser: Browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        stack.callback(browser.close)

        def opened_page(role: str = "", *, width: int = DESKTOP, scripts: bool = True) -> Page:
            context: BrowserContext = browser.new_context(
                viewport={"width": width, "height": 800},
                java_script_enabled=scripts,
                base_url=site,
                locale="en",
            )
            if role:
                session = logged_in(role).cookies["sessionid"].value
                context.add_cookies([{"name": "sessionid", "value": session, "url": site}])
            return context.new_page()

        # Connections opened beside a running event loop are kept apart from the others, so they are closed beside it.
        stack.callback(connections.close_all)
        yield opened_page


def console_pages(waiting: PaymentList) -> dict[str, str]:
    """Every page of the console by the name of its picture."""
    closed = Cycle.objects.order_by("id").first()
    assert closed is not None
    return {
        "overview": "",
        "overview-paid": "?map=paid",
        "households": f"households/?place={somebody('eligible').person.household.place_id}",
        "household": f"households/{somebody('eligible').household_id}/",
        "household-ineligible": f"households/{somebody('ineligible').household_id}/",
        "what-if": f"households/{somebody('ineligible').household_id}/what-if/?rooms=1&household_size=12",
        "household-incomplete": f"households/{somebody('incomplete').household_id}/",
        "runs": "runs/",
        "run": f"runs/{Run.objects.latest().pk}/",
        "cycles": "cycles/",
        "cycle-waiting": f"cycles/{waiting.cycle_id}/",
        "cycle-closed": f"cycles/{closed.pk}/",
        "came-back": f"cycles/{closed.pk}/back/",
        "calendar": "calendar/",
        "ledger": "ledger/",
        "ledger-rows": "ledger/rows/?account=obligation",
        "banks": "banks/",
        "payments": f"payments/?cycle={closed.pk}",
        "payment": f"payments/{Payment.objects.filter(status='returned').values_list('identity', flat=True)[0]}/",
        "held-back": f"cycles/{closed.pk}/held-back/",
        "jobs": "jobs/",
        "approve": f"lists/{waiting.pk}/approve/",
        "reject": f"lists/{waiting.pk}/reject/",
        "problem": "runs/999999/",
        "lost": "nowhere/",
    }


PUBLIC_PAGES = {"status": "status/", "guide": "guide/", "login": "login/"}


def faults(page: Page, name: str, language: str, width: int, *, axe: bool = True) -> list[str]:
    """Take a page's picture and return what is wrong with it; `axe` may be left out where it looked already."""
    picture = SCREENSHOTS / f"{name}-{language}-{width}.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=picture, full_page=True)
    where = f"{name} ({language}, {width} px)"
    found = []
    root = page.locator("html")
    wanted = "rtl" if language == "ur" else "ltr"
    if (root.get_attribute("dir"), root.get_attribute("lang")) != (wanted, language):
        found.append(f"{where}: direction or language is wrong")
    beyond = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if beyond > 0:
        found.append(f"{where}: {beyond} px stand out sideways")
    violations = Axe().run(page).response["violations"] if axe else []
    found += [
        f"{where}: axe {v['id']} at {v['nodes'][0]['target']}" for v in violations if v["impact"] in SERIOUS
    ]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_fits_its_screen_and_axe_finds_nothing_serious(
    start: Start, waiting: PaymentList, language: str, width: int
) -> None:
    found = []
    for role, pages in (("payment_checker", console_pages(waiting)), ("", PUBLIC_PAGES)):
        page = start(role, width=width)
        for name, address in pages.items():
            page.goto(f"/{language}/{address}")
            # What axe looks at hardly changes with the width: it sees each page once in each language, and at each width.
            found += faults(page, name, language, width, axe=(width == DESKTOP) == (language == "en"))
    assert found == []


def test_urdu_is_set_in_nastaliq_with_room_for_it(start: Start, waiting: PaymentList) -> None:
    page = start("payment_checker")
    for address in ("", f"cycles/{waiting.cycle_id}/", "status/"):
        page.goto(f"/ur/{address}")
        page.evaluate("document.fonts.ready")
        assert page.evaluate(
            """[...document.fonts].some(f => f.family.includes('Nastaliq') && f.status == 'loaded')"""
        )
        tight = page.evaluate(
            """() => [...document.querySelectorAll('main *, header *')].filter(e =>
                [...e.childNodes].some(n => n.nodeType == 3 && /[\u0600-\u06ff]{2}/.test(n.textContent))
                && !e.closest('svg') && e.checkVisibility()
                && parseFloat(getComputedStyle(e).lineHeight) < 1.95 * parseFloat(getComputedStyle(e).fontSize)
            ).map(e => e.tagName + '.' + e.className + ': ' + e.textContent.trim().slice(0, 30))"""
        )
        assert tight == []


def test_the_language_switch_keeps_the_page_and_its_state(start: Start, waiting: PaymentList) -> None:
    page = start("auditor")
    page.goto("/en/households/?outcome=ineligible&page=2")
    page.click("a.language")
    assert page.url.endswith("/ur/households/?outcome=ineligible&page=2")
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert page.locator("select#outcome").input_value() == "ineligible"
    page.click("a.language")
    assert page.url.endswith("/en/households/?outcome=ineligible&page=2")


def test_the_map_s_measure_changes_without_loading_the_page_anew(start: Start, waiting: PaymentList) -> None:
    page = start("auditor")
    page.goto("/en/")
    page.evaluate("window.same_page = true")
    page.click("text=Money paid")
    page.wait_for_selector("#places >> text=Rupees paid in the newest cycle")
    assert page.evaluate("window.same_page") is True
    assert "map=paid" in page.url


def test_a_tile_leads_to_the_households_of_its_district(start: Start, waiting: PaymentList) -> None:
    page = start("auditor")
    page.goto("/en/")
    page.locator(".map-box a[href$='place=PK617']").click()
    assert page.url.endswith("/en/households/?place=PK617")
    assert page.locator("select#place").input_value() == "PK617"


def test_everything_works_without_scripts(start: Start, office: Office, waiting: PaymentList) -> None:
    login = next(login for login in ensure_logins(office.home) if login.role == "payment_checker")
    known = somebody("eligible")
    page = start(scripts=False)
    page.goto("/ur/")
    assert "/ur/login/" in page.url
    page.fill("#id_username", login.username)
    page.fill("#id_password", login.password)
    page.click("main button")
    assert page.url.endswith("/ur/")
    assert page.locator("svg.chart").count() == 3
    page.goto("/ur/households/")
    page.fill("#q", known.cnic)
    page.click("form[role=search] button")
    assert page.url.endswith(f"/ur/households/{known.household_id}/")
    page.goto(f"/ur/lists/{waiting.pk}/approve/")
    page.click("main form button")
    assert Approval.objects.filter(payment_list=waiting, seat=1).count() == 1
    page.locator(".account summary").click()
    page.click(".account button")
    assert page.url.endswith("/en/login/") or page.url.endswith("/ur/login/")


def focused(page: Page) -> str:
    """The words of what has the keyboard's attention."""
    return str(page.evaluate("document.activeElement.innerText || ''")).strip()


def reach(page: Page, words: str, presses: int = 60) -> None:
    """Press Tab until something with these words has the attention."""
    for _ in range(presses):
        page.keyboard.press("Tab")
        if focused(page) == words:
            return
    pytest.fail(f"the keyboard does not reach “{words}”")


def test_the_keyboard_alone_approves_a_list(start: Start, waiting: PaymentList) -> None:
    page = start("payment_checker")
    page.goto(f"/en/cycles/{waiting.cycle_id}/")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    page.keyboard.press("Enter")
    reach(page, "Approve…")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none", "one sees where one is"
    page.keyboard.press("Enter")
    page.wait_for_url("**/approve/")
    reach(page, "Approve this list")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cycles/*/")
    assert Approval.objects.filter(payment_list=waiting, approver__username="checker").count() == 1


def test_the_maker_sees_no_button(start: Start, waiting: PaymentList) -> None:
    maker, checker = start("payment_maker"), start("payment_checker")
    for page in (maker, checker):
        page.goto(f"/en/cycles/{waiting.cycle_id}/")
    acts = "a[href$='/approve/'], a[href$='/reject/']"
    assert maker.locator(acts).count() == 0
    assert checker.locator(acts).count() == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_citizen_gets_her_answer_on_a_small_phone_without_scripts(
    start: Start, waiting: PaymentList, language: str
) -> None:
    known = somebody("ineligible")
    page = start(width=PHONE, scripts=False)
    page.goto(f"/{language}/status/")
    page.fill("#cnic", known.cnic.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")))
    page.fill("#form_number", known.form_number)
    page.click("main form button")
    words = "The household is not eligible" if language == "en" else "گھرانہ اہل نہیں"
    assert words in page.locator(".answer-text").inner_text()
    size = page.locator(".answer-text").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert size >= 20, "large type"
    assert known.cnic not in page.content()
    page.screenshot(path=SCREENSHOTS / f"answer-{language}-{PHONE}.png", full_page=True)


def test_control_axe_and_the_ruler_see_what_is_wrong(start: Start, waiting: PaymentList) -> None:
    page = start()
    page.goto("/en/status/")
    page.evaluate(
        """() => { const wide = document.createElement('div'); wide.style.width = '3000px'; wide.textContent = 'x';
        document.querySelector('main').append(wide);
        document.querySelector('label').remove(); }"""
    )
    found = faults(page, "control", "ur", DESKTOP)
    assert any("direction" in fault for fault in found)
    assert any("sideways" in fault for fault in found)
    assert any("axe" in fault for fault in found)
