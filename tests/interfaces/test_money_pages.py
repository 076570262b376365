"""Pages of money on its way: recalls and idle money take two people, quarantine a reason, and a payment tells its whole story."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.answers import make_sent
from django.db.models import Count

from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.models import (
    Claim,
    Cycle,
    Notice,
    Outbox,
    Payment,
    Recall,
    RecallAgreement,
    TakeBack,
    TakeBackApproval,
    Withdrawal,
)
from kafalat.payments.reconciliation.answers import receive_answer
from kafalat.payments.reconciliation.staging import Receiver
from tests.adapters.recalls import resolution
from tests.conftest import NOW
from tests.interfaces.money import Clock, few_sent
from tests.interfaces.people import html, logged_in
from tests.payments.steps import opened
from tests.payments.test_reconciliation import honest_rows, take_in
from tests.payments.wallets import Channel


def test_a_payment_is_asked_back_by_one_person_agreed_by_another_and_the_bank_s_word_shown(
    office: Office, enrolled: str, tmp_path: Path
) -> None:
    payments, _ = few_sent(office, tmp_path / "out")
    payment = payments[0]
    reconciler, releaser = logged_in("reconciler"), logged_in("payment_releaser")
    page, form = f"/en/payments/{payment.identity}/", f"/en/payments/{payment.identity}/recall/"
    assert f'href="{form}"' in html(reconciler.get(page))
    assert f'href="{form}"' not in html(logged_in("auditor").get(page))
    wrong = reconciler.post(form, {"code": "DUPL", "reason": " "})
    assert (wrong.status_code, Recall.objects.count()) == (400, 0)
    asked = reconciler.post(form, {"code": "DUPL", "reason": "sent under two lists"})["Location"]
    recall = Recall.objects.get()
    assert asked == f"/en/recalls/{recall.message_id}/"
    assert f'href="{asked}"' in html(reconciler.get(page))
    assert form not in html(reconciler.get(page)), "a payment is asked back once"
    seen = {"act": "agree", "seen": recall.sha256}
    assert 'value="agree"' not in html(reconciler.get(asked))
    own = reconciler.post(asked, seen)
    assert own.status_code == 403
    assert "another person has to agree" in html(own)
    assert logged_in("auditor").post(asked, seen).status_code == 403
    assert releaser.post(asked, {**seen, "seen": "0" * 64}).status_code == 409
    assert not RecallAgreement.objects.exists()
    assert "Waits for a second person" in html(releaser.get("/en/recalls/"))
    assert 'value="agree"' in html(releaser.get(asked))
    assert releaser.post(asked, seen).status_code == 302
    sent = office.outgoing / payment.bank / f"{recall.message_id}.xml"
    answer = resolution(sent.read_bytes(), {})
    receiver = Receiver(programme=office.programme, sealer=office.sealer, work=office.home.work)
    receive_answer(content=answer, name="r.xml", user=staff("reconciler"), at=NOW, receiver=receiver)
    assert "Money came back" in html(releaser.get("/en/recalls/"))
    assert 'value="reissue"' not in html(releaser.get(asked)), "reconcilers decide about what came back"
    assert reconciler.post(asked, {"act": "reissue"}).status_code == 302
    told = html(reconciler.get(asked))
    assert "Answered" in told
    assert "Sent again" in told
    story = html(reconciler.get(page))
    for words in ("Asked back", "Asking it back was agreed", "The recall left", "Recalled"):
        assert words in story


def test_what_is_kept_in_quarantine_says_why_and_is_lifted_by_a_releaser_with_a_reason(
    office: Office, enrolled: str, tmp_path: Path
) -> None:
    _, kept = few_sent(office, tmp_path / "out")
    row = Outbox.objects.get(bank_file=kept)
    assert row.quarantined_at is not None
    for language, words in (("en", "could not be written"), ("ur", "نہیں لکھی جا سکی")):
        page = html(logged_in("auditor").get(f"/{language}/outbox/"))
        assert kept.message_id in page
        assert words in page
        assert "<button" not in page.partition("<main")[2]
    lift = {"file": kept.pk, "reason": "The folder is back in its place."}
    assert logged_in("reconciler").post("/en/outbox/", lift).status_code == 403
    releaser = logged_in("payment_releaser")
    silent = releaser.post("/en/outbox/", {**lift, "reason": " "})
    assert silent.status_code == 400
    assert f'href="#reason-{kept.pk}"' in html(silent)
    row.refresh_from_db()
    assert row.quarantined_at is not None
    assert releaser.post("/en/outbox/", lift).status_code == 302
    assert Outbox.objects.filter(bank_file=kept, quarantined_at__isnull=True, attempts=0).exists()
    again = releaser.post("/en/outbox/", lift)
    assert again.status_code == 409
    assert "is not in quarantine" in html(again)


@pytest.fixture
def uncollected(office: Office, enrolled: str) -> tuple[Cycle, list[str]]:
    """Twelve payments of one bank, paid and not collected, with their identities."""
    cycle = opened(office)
    file = make_sent(enrolled, cycle, 12, at=NOW)
    assert file is not None
    rows = honest_rows(office, file)
    take_in(office, rows, "paid.csv")
    return cycle, [row.reference for row in rows]


def test_idle_money_is_warned_about_ordered_back_by_one_approved_by_another_and_claimed(
    office: Office, uncollected: tuple[Cycle, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    reconciler, releaser = logged_in("reconciler"), logged_in("payment_releaser")
    clock.months(4)
    page = html(reconciler.get("/en/idle/"))
    assert "Queue 12 messages" in page
    assert "Rs 174,000" in page
    assert 'value="order"' not in page
    assert releaser.post("/en/idle/", {"act": "warn"}).status_code == 403
    clock.months(9)
    assert reconciler.post("/en/idle/", {"act": "warn"}).status_code == 302
    assert Notice.objects.count() == 36
    bank = {"act": "order", "bank": Payment.objects.get(identity=uncollected[1][0]).bank}
    early = reconciler.post("/en/idle/", bank)
    assert early.status_code == 400
    assert "every warning given before" in html(early)
    clock.months(11)
    assert 'value="order"' in html(reconciler.get("/en/idle/"))
    assert reconciler.post("/en/idle/", bank).status_code == 302
    order = TakeBack.objects.get()
    approve = {"act": "approve", "order": order.pk, "seen": order.sha256}
    assert 'value="approve"' not in html(reconciler.get("/en/idle/"))
    assert reconciler.post("/en/idle/", approve).status_code == 403
    assert releaser.post("/en/idle/", {"act": "put", "order": order.pk}).status_code == 409
    assert not TakeBackApproval.objects.exists()
    assert 'value="approve"' in html(releaser.get("/en/idle/"))
    assert releaser.post("/en/idle/", approve).status_code == 302
    told = office.outgoing / order.bank / f"{order.message_id}.csv"
    assert told.read_text().count(order.message_id) == 12
    assert releaser.post("/en/idle/", approve).status_code == 409


def test_a_claim_is_taken_by_one_and_granted_by_another(
    office: Office, uncollected: tuple[Cycle, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    reconciler, releaser = logged_in("reconciler"), logged_in("payment_releaser")
    clock.months(9)
    reconciler.post("/en/idle/", {"act": "warn"})
    clock.months(11)
    identity = uncollected[1][0]
    bank = Payment.objects.get(identity=identity).bank
    claim = {"act": "claim", "payment": identity, "reason": "She was in hospital."}
    early = reconciler.post("/en/idle/", claim)
    assert early.status_code == 400
    assert "She was in hospital." in html(early), "what was typed is not lost"
    reconciler.post("/en/idle/", {"act": "order", "bank": bank})
    order = TakeBack.objects.get()
    releaser.post("/en/idle/", {"act": "approve", "order": order.pk, "seen": order.sha256})
    file = Payment.objects.get(identity=identity).payment_list.files.get(bank=bank)
    take_in(office, [replace(row, status="REVERSED") for row in honest_rows(office, file)], "back.csv")
    assert f"/en/idle/?payment={identity}#claims" in html(reconciler.get(f"/en/payments/{identity}/"))
    assert f'value="{identity}"' in html(reconciler.get(f"/en/idle/?payment={identity}"))
    assert reconciler.post("/en/idle/", claim).status_code == 302
    grant = {"act": "grant", "payment": identity}
    assert 'value="grant"' not in html(reconciler.get("/en/idle/"))
    assert reconciler.post("/en/idle/", grant).status_code == 403
    assert Claim.objects.get().granted_at is None
    assert 'value="grant"' in html(releaser.get("/en/idle/"))
    assert releaser.post("/en/idle/", grant).status_code == 302
    assert Claim.objects.get().granted_by == staff("releaser")
    story = html(reconciler.get(f"/ur/payments/{identity}/"))
    for words in (
        "اسے بتایا گیا کہ رقم منتظر ہے",
        "واپس لینا منظور ہوا",
        "اس نے مطالبہ کیا",
        "اس کا مطالبہ منظور ہوا",
    ):
        assert words in story


def test_idle_sums_lead_to_the_payments_behind_them(
    uncollected: tuple[Cycle, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch).months(4)
    auditor = logged_in("auditor")
    link = re.search(r'href="(/en/idle/payments/\?bank=[^"]+)"', html(auditor.get("/en/idle/")))
    assert link is not None
    behind = html(auditor.get(link[1].replace("&amp;", "&")))
    assert all(identity in behind for identity in uncollected[1])
    elsewhere = html(auditor.get("/en/idle/payments/?bank=nowhere"))
    assert not any(identity in elsewhere for identity in uncollected[1])
    file = auditor.get(f"{link[1].replace('&amp;', '&')}&form=csv")
    text = b"".join(file.streaming_content).decode()  # type: ignore[attr-defined]  # a streamed answer
    assert sum(text.count(identity) for identity in uncollected[1]) == 12


def test_a_payment_tells_where_its_cash_was_taken_out_and_hides_the_device(paid: str) -> None:
    made = (
        Withdrawal.objects.filter(reversal__isnull=True)
        .select_related("device__place", "payment")
        .earliest("id")
    )
    for language, place in (("en", made.device.place.name_en), ("ur", made.device.place.name_ur)):
        page = html(logged_in("auditor").get(f"/{language}/payments/{made.payment.identity}/"))
        assert place in page
        assert f"•••• {made.device.serial[-4:]}" in page
        assert made.device.serial not in page
        assert made.reference in page


def test_a_payment_tells_every_call_about_it_and_how_it_ended(office: Office, enrolled: str) -> None:
    channel = Channel(office)
    channel.send()
    called = Payment.objects.annotate(n=Count("deliveries")).filter(n=2).earliest("id")
    page = html(logged_in("auditor").get(f"/en/payments/{called.identity}/"))
    assert "Calls to the wallet provider" in page
    assert page.count("The provider was called") == 1
    other = Payment.objects.filter(deliveries__isnull=True).earliest("id")
    assert "Calls to the wallet provider" not in html(
        logged_in("auditor").get(f"/en/payments/{other.identity}/")
    )
